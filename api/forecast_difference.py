"""What changed in the forecast between two moments: both sums, what lies between by cause, and the deals, each with who, when and why."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.audit_search import WrittenMoment
from api.audit_things import Values, earlier_of
from api.callers import ForecastReader
from api.deal_reads import MODELS
from api.moments import PROBLEMS
from api.problems import documented
from api.reading import Slice, reading, rows_of, stood
from api.row_changes import RowChange
from api.seen_by import SeenBy
from domain.kernel import Invalid, NotFound
from infra.access import Action
from projections.as_of import Basis
from projections.deals import DEALS
from projections.forecast_difference import DealDifference, Step, balanced, forecast_difference, steps
from projections.log_search import Hit, hits
from projections.reading import Reading
from projections.stream_states import reason_of

router = APIRouter(prefix="/v1/forecast", tags=["forecast"])
Cause = Literal[
    "created", "withdrawn", "won", "lost", "won_reversed", "reopened", "un_omitted", "omitted", "currency",
    "amount_up", "amount_down", "category", "period", "probability", "owner",
]  # fmt: skip


class DifferenceAsked(Slice, SeenBy):
    """Two moments, from `since` up to `as_of`, which is now where it is left away; and a page of the deals that differ."""

    since: Annotated[WrittenMoment, Field(description="The earlier moment; left away: before everything.")] = None
    cause: Annotated[Cause | None, Field(description="List only deals with this net cause.")] = None
    cursor: Annotated[str | None, Field(pattern="^[0-9]{1,9}$", description="`next` of the page before.")] = None


class CategoryAmount(BaseModel):
    """What a category came to."""

    currency: str
    category: str
    deals: int
    amount: Decimal


class CauseAmount(BaseModel):
    """What all deals with one net cause change of the sum."""

    currency: str
    cause: Cause
    deals: int
    amount: Decimal


class StepTold(RowChange):
    """One event that changed what the forecast reads of a deal, and each column before and after."""

    columns: dict[str, tuple[str | int | None, str | int | None]]


class DealDiffers(BaseModel):
    """A deal that differs. `amount`: what it changes of the sum; `steps`: how it came to that (told where `basis` is known)."""

    id: UUID
    title: str
    cause: Cause
    currency: str | None
    amount: Decimal
    before: dict[str, Values] | None
    after: dict[str, Values] | None
    steps: list[StepTold]


class ForecastDifference(BaseModel):
    """`start` + `causes` = `end` in each currency, which `balanced` says again; `items`: the deals, those that change most first."""

    since: int | None
    start: list[CategoryAmount]
    end: list[CategoryAmount]
    causes: list[CauseAmount]
    balanced: bool
    items: list[DealDiffers]
    next: str | None


class ForecastDifferenceThen(ForecastDifference):
    """The difference, and its later moment."""

    as_of: int | None
    basis: Basis


@router.get(
    "/difference",
    response_model=ForecastDifferenceThen,
    operation_id="compare_forecast",
    responses=documented(Invalid, NotFound, *PROBLEMS),
)
async def compare_forecast(caller: ForecastReader, asked: Annotated[DifferenceAsked, Query()]) -> Response:
    """What changed in the forecast between two moments, and why: it balances to the cent, per currency, over the caller's deals."""
    async with reading(caller, asked, *MODELS) as opened:
        earlier = await earlier_of(caller, asked.since, asked.basis, opened.as_of)
        # today's rights decide about both moments; another's rights are those of the later one
        moment = earlier if asked.as_seen_by is None else opened.as_of
        scope = await rows_of(caller, Action.FORECAST_READ, DEALS.name, moment, asked)
        offset = int(asked.cursor or 0)
        sums, deals = await forecast_difference(opened, earlier, scope=scope, limit=asked.limit + 1, offset=offset, cause=asked.cause)
        told = await _told(opened, earlier.basis, await steps(opened, earlier, [deal.id for deal in deals[: asked.limit]]))
        found = ForecastDifference(
            since=earlier.position,
            start=[CategoryAmount.model_validate(one, from_attributes=True) for one in sums.start],
            end=[CategoryAmount.model_validate(one, from_attributes=True) for one in sums.end],
            causes=[CauseAmount.model_validate(one, from_attributes=True) for one in sums.causes],
            balanced=balanced(sums),
            items=[_deal(deal, told.get(deal.id, [])) for deal in deals[: asked.limit]],
            next=str(offset + asked.limit) if len(deals) > asked.limit else None,
        )
        return stood(found, opened.as_of, opened.position)


def _deal(deal: DealDifference, told: list[StepTold]) -> DealDiffers:
    plain: dict[str, Any] = {name: getattr(deal, name) for name in ("id", "title", "cause", "currency", "amount", "before", "after")}
    return DealDiffers(**plain, steps=told)


async def _told(opened: Reading, basis: Basis, taken: list[Step]) -> dict[UUID, list[StepTold]]:
    if basis is not Basis.KNOWN:
        return {}
    events = await opened.events([step.position for step in taken])
    found: dict[UUID, list[StepTold]] = {}
    said: list[Hit] = await hits(opened, events)
    for step, event, hit in zip(taken, events, said, strict=True):
        who: dict[str, Any] = {name: getattr(hit, name) for name in ("position", "recorded_at", "actor", "actor_name", "topic", "sentence")}
        columns = {name: (_plain(was), _plain(now)) for name, (was, now) in step.columns.items()}
        found.setdefault(step.deal, []).append(StepTold(**who, why=reason_of(event), columns=columns))
    return found


def _plain(value: Any) -> str | int | None:
    return value if value is None or isinstance(value, int) else str(value)
