"""What a supplier may deliver, and how it scored month by month, with the events behind each number."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from domain.suppliers import events as s
from domain.suppliers.terms import Measure
from infra.event_store.loader import COLUMNS
from projections.reading import Reading
from projections.suppliers import QUALIFICATIONS, SCORES
from projections.telling import Told, tell


class QualifiedFor(BaseModel):
    """What a supplier may deliver, of one commodity in one region."""

    commodity: str
    region: str
    status: str
    until: date | None
    conditions: str | None
    reason: str | None


async def qualifications(reading: Reading, account: UUID) -> list[QualifiedFor]:
    """Everything that is known of what the supplier may deliver."""
    columns = ", ".join(QualifiedFor.model_fields)
    found = await reading.rows(
        f"SELECT {columns} FROM {reading.as_of.of(QUALIFICATIONS)} AS q WHERE account = %(account)s ORDER BY commodity, region",
        {"account": account},
    )
    return [QualifiedFor(**dict(zip(QualifiedFor.model_fields, row, strict=True))) for row in found]


class FigureBehind(BaseModel):
    """One measure of a score, and the events that it was drawn from, newest first. `events_in_all`: how many there are."""

    measure: Measure
    of: Decimal
    value: Decimal
    points: Decimal
    percent: int
    events_in_all: int
    events: list[Told]


class Scorecard(BaseModel):
    """A month's score, over the months from `since_month` on. `score` null: there was no activity, so there is no score."""

    month: str
    since_month: str
    score: Decimal | None
    previous: Decimal | None
    band: str | None
    band_name: str | None
    blocks_orders: bool
    scorecard: int = Field(description="The version of weights and bands.")
    scored_at: datetime
    figures: list[FigureBehind]


_BEHIND: dict[Measure, tuple[type[Any], ...]] = {
    Measure.ON_TIME: (s.SupplierDelivered,),
    Measure.QUALITY: (s.SupplierDelivered,),
    Measure.PRICE_VARIANCE: (s.SupplierInvoiced,),
    Measure.DISPUTES: (s.SupplierDisputeCounted, s.SupplierDisputeDiscounted, s.SupplierOrdered),
    Measure.ANSWERS: (s.SupplierAnswered,),
}


async def scorecards(reading: Reading, account: UUID, *, months: int = 12, events: int = 20) -> list[Scorecard]:
    """The scores of the last months, latest first; `events`: how many are told of each measure of the latest."""
    names = [name for name in Scorecard.model_fields if name != "figures"]
    found = await reading.rows(
        f"SELECT {', '.join(names)}, figures, said_at FROM {reading.as_of.of(SCORES)} AS c WHERE account = %(account)s "
        "ORDER BY month DESC LIMIT %(months)s",
        {"account": account, "months": months},
    )
    shown = []
    for number, row in enumerate(found):
        facts = dict(zip(names, row, strict=False))
        behind = await _behind(reading, account, facts, row[-1]) if row[-2] and number == 0 else {}
        figures = []
        for figure in row[-2]:
            told = behind.get(Measure(figure["measure"]), [])
            sentences = await tell(reading, told[:events])
            figures.append(FigureBehind(**figure, events_in_all=len(told), events=sentences))
        shown.append(Scorecard(**facts, figures=figures))
    return shown


async def _behind(reading: Reading, account: UUID, facts: dict[str, Any], said_at: int) -> dict[Measure, list[Any]]:
    """The events that the score of a month was drawn from, newest first: those of its months that the log held when it was scored."""
    rows = await reading.rows(
        f"SELECT {COLUMNS} FROM events WHERE stream = %(stream)s AND position < %(said_at)s ORDER BY position DESC",
        {"stream": s.supplier_id(account), "said_at": said_at},
    )
    recorded = [reading.log.decode(reading.tenant, row) for row in rows]
    within = [
        r
        for r in recorded
        if facts["since_month"] <= getattr(r.event, "month", "") <= facts["month"] and not isinstance(r.event, s.SupplierScored)
    ]
    return {measure: [r for r in within if isinstance(r.event, kinds)] for measure, kinds in _BEHIND.items()}
