"""Suppliers as lists and scorecards see them: what they may deliver, how they scored month by month, and what was counted."""

from __future__ import annotations

from typing import Any

from domain.suppliers import events as s
from domain.suppliers.terms import Qualification
from projections.batch import Entry
from projections.projection import Projection
from projections.rows import Row, Rows
from projections.tables import Table

SUPPLIERS = Table(
    "suppliers",
    ("id",),
    {
        "id": "uuid NOT NULL",
        "version": "int8 NOT NULL",  # of the supplier's stream, for If-Match
        "account": "uuid NOT NULL",
        "since": "timestamptz NOT NULL",  # the first thing that is known of it as a supplier
        "scored_at": "timestamptz",
        "score": "numeric",  # of the last month that was scored; none: there was no activity
        "scored_month": "text",
        "band": "text",
        "band_name": "text",
        "blocks_orders": "bool NOT NULL",
    },
    ("(account)", "(coalesce(score, -1), id)", "(since, id)"),
)
QUALIFICATIONS = Table(
    "supplier_qualifications",
    ("supplier", "commodity", "region"),
    {
        "supplier": "uuid NOT NULL",
        "account": "uuid NOT NULL",
        "until": "date",
        "commodity": "text NOT NULL",
        "region": "text NOT NULL",
        "status": "text NOT NULL",
        "conditions": "text",
        "reason": "text",
    },
    ("(account)", "(commodity, region)"),
)
SCORES = Table(
    "supplier_scores",
    ("supplier", "month"),
    {
        "supplier": "uuid NOT NULL",
        "account": "uuid NOT NULL",
        "scored_at": "timestamptz NOT NULL",
        "said_at": "int8 NOT NULL",  # position of the event
        "score": "numeric",
        "previous": "numeric",
        "scorecard": "int8 NOT NULL",
        "figures": "jsonb NOT NULL",
        "month": "text NOT NULL",
        "since_month": "text NOT NULL",
        "band": "text",
        "band_name": "text",
        "blocks_orders": "bool NOT NULL",
    },
)
COUNTED = (
    s.SupplierOrdered,
    s.SupplierDelivered,
    s.SupplierInvoiced,
    s.SupplierDisputeCounted,
    s.SupplierDisputeDiscounted,
    s.SupplierAnswered,
)
"""What scores are drawn from; the log itself holds it."""


class Suppliers(Projection):
    """Suppliers as they stood at any time."""

    name = "suppliers"
    tables = (SUPPLIERS, QUALIFICATIONS, SCORES)
    events = (s.SupplierQualified, s.SupplierQualificationLapsed, s.SupplierScored, *COUNTED)

    def handle(self, rows: Rows, entry: Entry) -> None:
        event: Any = entry.event
        row = rows.get(SUPPLIERS)
        if row is None:
            rows.put(SUPPLIERS, version=entry.version, account=event.account, since=entry.effective_at, blocks_orders=False)
        else:
            rows.change(SUPPLIERS, version=max(entry.version, row["version"]))
        match event:
            case s.SupplierQualified():
                rows.put(
                    QUALIFICATIONS,
                    **_plain(event, "account", "commodity", "region", "until", "conditions", "reason"),
                    status=event.status.value,
                )
            case s.SupplierQualificationLapsed():
                status = Qualification.CANDIDATE.value
                rows.change(QUALIFICATIONS, event.commodity, event.region, status=status, until=None, conditions=None, reason=None)
            case s.SupplierScored():
                _score(rows, entry, event)


def _score(rows: Rows, entry: Entry, event: s.SupplierScored) -> None:
    shown = _plain(event, "score", "band", "band_name", "blocks_orders")
    rows.put(
        SCORES,
        **shown,
        **_plain(event, "account", "month", "previous", "scorecard"),
        since_month=event.since,
        scored_at=entry.recorded_at,
        said_at=entry.position,
        figures=[figure.model_dump(mode="json") for figure in event.figures],
    )
    row = rows.get(SUPPLIERS)
    # the score that stands is that of the latest month, in whatever order months were scored
    if row is not None and (row["scored_month"] is None or event.month >= row["scored_month"]):
        rows.update(SUPPLIERS, {**shown, "scored_month": event.month, "scored_at": entry.recorded_at})


def _plain(event: Any, *names: str) -> Row:
    return {name: getattr(event, name) for name in names}
