"""Deals as boards, lists and forecasts see them: one row per deal, one per line of a deal, as they stood at any time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.deals import events as e
from domain.deals.amounts import line_annual, line_total
from domain.deals.imported import DealImported, DealImportUndone, DealReimported, DealStageReported
from domain.deals.state import ASKED_FOR
from domain.deals.terms import Line
from domain.kernel import Event
from domain.price_talk import DealPriceTalkPrepared
from domain.stages import StageKind
from domain.values import Money
from projections.batch import Entry
from projections.projection import Projection
from projections.rows import Row, Rows
from projections.tables import Table, searchable

CLOSES, AMOUNT = "coalesce(close_date, '9999-12-31'::date)", "coalesce(amount, -1)"
"""Sort keys: deals without a date come last, those without an amount before all others."""
OMITTED = "category = 'omitted' AND kind = 'open'"
"""Open deals that were called out of the forecast; what is lost is no matter of it."""
UNCOUNTED = f"(category <> 'omitted' AND (currency IS NULL OR books_in IS NULL)) OR ({OMITTED})"
"""Deals that a forecast would count, were it not for what they lack or were called; few, and found through indexes of their own."""
_COUNTED = (
    "(category, currency, books_in, probability) INCLUDE (amount, annual, owner, team, account, pipeline, id) "
    "WHERE category <> 'omitted' AND currency IS NOT NULL"
)
"""The forecast of today reads nothing else, however it is split."""
DEALS = Table(
    "deals",
    ("id",),
    {
        "id": "uuid NOT NULL",
        "version": "int8 NOT NULL",  # of the deal's stream, for If-Match
        "account": "uuid",
        "owner": "uuid",
        "team": "uuid",
        "pipeline": "uuid NOT NULL",
        "pipeline_version": "int8 NOT NULL",
        "opened_at": "timestamptz NOT NULL",
        "since": "timestamptz NOT NULL",  # in its stage
        "probability": "int4 NOT NULL",
        "pushes": "int4 NOT NULL",
        "max_days": "int4",
        "close_date": "date",
        "books_on": "date",  # the day it counts for: when won, the day it booked on, else the close date
        "books_in": "date",  # the first day of its month
        "next_step_on": "date",
        "stalled": "bool NOT NULL",  # recorded by the sweep, never computed from the clock
        "lapsed": "bool NOT NULL",
        "commit_lost": "bool NOT NULL",
        "amount": "numeric",
        "annual": "numeric",
        "currency": "text",
        "stage": "text NOT NULL",
        "stage_name": "text NOT NULL",
        "kind": "text NOT NULL",
        "category": "text NOT NULL",
        "capped_by": "text[]",
        "source": "text NOT NULL",
        "title": "text NOT NULL",
        "words": 'text COLLATE "C" NOT NULL',  # the title as it is searched
        "next_step": "text",
        "payment_days": "int4",
        "pending_to": "text",  # the stage of a requested move that has not settled
        "pending_since": "timestamptz",
        "approval": "uuid",  # the approvals that the move waits for
        "reason": "text",  # why it is lost
        "competitor": "text",
        "needs_attention": "text[]",
    },
    (
        "(pipeline, stage) WHERE kind = 'open'",
        _COUNTED,
        f"(({CLOSES}), id) WHERE kind = 'open'",
        "(account)",
        "(owner, close_date)",
        f"(({CLOSES}), id)",
        f"(({AMOUNT}), id)",
        "(title, id)",
        "(since, id)",
        "(opened_at, id)",
        f"(id) WHERE {UNCOUNTED}",
    ),
    (f"(known_node, known_to) WHERE {UNCOUNTED}", f"(true_node, true_to) WHERE {UNCOUNTED}"),
)
LINES = Table(
    "deal_lines",
    ("deal", "number"),
    {
        "deal": "uuid NOT NULL",
        "number": "int4 NOT NULL",
        "product": "uuid",
        "label": "text",
        "quantity": "numeric NOT NULL",
        "unit_price": "numeric NOT NULL",
        "discount": "numeric NOT NULL",
        "period": "text",
        "months": "int4",
        "total": "numeric NOT NULL",
        "annual": "numeric NOT NULL",
        "currency": "text NOT NULL",
        "again": "bool NOT NULL",  # a line before it has the same product
    },
    ("(product)",),
)

_OPEN, _WON = StageKind.OPEN, StageKind.WON  # looking them up in their class costs more than comparing


def _placed(event: e.StageFacts) -> Row:
    return {
        "pipeline": event.pipeline,
        "pipeline_version": event.pipeline_version,
        "stage": event.stage,
        "stage_name": event.stage_name,
        "kind": event.kind,
        "probability": event.probability,
        "category": event.category,
        "capped_by": None,
        "max_days": event.max_days,
        "since": event.since,
        "stalled": False,
        "commit_lost": False,
    }


def _worth(amount: Money | None, annual: Money | None) -> Row:
    return {
        "amount": amount.amount if amount else None,
        "annual": annual.amount if annual else None,
        "currency": amount.currency if amount else None,
    }


def _opened(event: e.DealOpened | DealImported) -> Row:
    told: Row = _as_told(event) if type(event) is DealImported else {"source": event.source}
    return {
        **_placed(event),
        **_worth(event.amount, event.annual),
        **_books(event.close_date),
        "title": event.title,
        "words": searchable(event.title),
        "account": event.account,
        "owner": event.owner,
        "team": event.team,
        "close_date": event.close_date,
        "next_step": event.next_step,
        "next_step_on": event.next_step_on,
        "pushes": 0,
        "lapsed": False,
        **told,
    }


def _as_told(event: DealImported) -> Row:
    booked = _books(event.won_on) if event.kind is _WON else {}
    return {"source": event.source, "reason": event.reason, "competitor": event.competitor, **booked}


def _entered(row: Row, event: e.DealStageEntered | DealStageReported) -> Row:
    closed = event.kind is not _OPEN
    return {
        **_placed(event),
        **_SETTLED,
        **_books(_won_on(row, event) if event.kind is _WON else row["close_date"]),
        "reason": event.reason if closed else None,
        "competitor": event.competitor if closed else None,
        "lapsed": row["lapsed"] and not closed,
    }


def _won_on(row: Row, event: e.DealStageEntered | DealStageReported) -> date | None:
    # won without a day, it may be told of again with one; what the source never dated books nowhere
    told: date | None = row["books_on"] if row["kind"] == _WON else None
    return event.won_on or told


def _reported(row: Row, event: DealStageReported) -> Row:
    # a stage that lies before the present one belongs to the past only, even where it is told of a time before the deal began
    return _entered(row, event) if event.current or event.since >= row["since"] else {}


def _back_open(row: Row, event: e.DealReopened | e.DealWinReversed) -> Row:
    return {**_placed(event), **_SETTLED, **_books(row["close_date"]), "reason": None, "competitor": None}


def _moved(row: Row, close_date: date | None, pushes: int) -> Row:
    books_on = row["books_on"] if row["kind"] == _WON else close_date
    return {"close_date": close_date, **_books(books_on), "pushes": pushes, "lapsed": False}


def _books(day: date | None) -> Row:
    return {"books_on": day, "books_in": day and day.replace(day=1)}


_SETTLED: Row = {"pending_to": None, "pending_since": None, "approval": None}
_CHANGES: dict[type[Event], Callable[[Row, Any], Row]] = {
    e.DealStageRequested: lambda _, v: {"pending_to": v.to, "pending_since": v.requested_at},
    e.DealStageEntered: _entered,
    DealStageReported: _reported,
    e.DealMoveRefused: lambda _, __: _SETTLED,
    e.DealMoveWithdrawn: lambda _, __: _SETTLED,
    e.DealReopened: _back_open,
    e.DealWinReversed: _back_open,
    e.DealPipelineMigrated: lambda _, v: _placed(v),
    e.DealEvidenceRecorded: lambda _, __: {},
    e.DealEvidenceRetracted: lambda _, __: {},
    e.DealAmountChanged: lambda _, v: _worth(v.amount, v.annual),
    e.DealLinesChanged: lambda _, v: _worth(v.amount, v.annual),
    e.DealCloseDateMoved: lambda row, v: _moved(row, v.close_date, v.pushes),
    e.DealCloseDateLapsed: lambda row, v: {"lapsed": row["lapsed"] or v.close_date == row["close_date"]},
    e.DealStalled: lambda row, v: {"stalled": row["stalled"] or v.stage == row["stage"]},
    e.DealCommitLost: lambda _, __: {"commit_lost": True},
    e.DealForecastCategoryChanged: lambda _, v: {
        "category": v.category,
        "capped_by": list(v.capped_by) or None,
        "commit_lost": False,
    },
    e.DealCategorySet: lambda _, __: {},
    e.DealCategoryCleared: lambda _, __: {},
    e.DealProbabilityOverridden: lambda _, v: {"probability": v.probability},
    e.DealProbabilityCleared: lambda _, v: {"probability": v.probability},
    e.DealOwnerAssigned: lambda _, v: {"owner": v.owner, "team": v.team},
    e.DealAccountSet: lambda _, v: {"account": v.account},
    e.DealNextStepSet: lambda _, v: {"next_step": v.next_step, "next_step_on": v.next_step_on},
    e.DealPeopleSet: lambda _, __: {},
    e.DealPaymentTermsSet: lambda _, v: {"payment_days": v.payment_days},
    e.DealApprovalRequested: lambda _, v: {"approval": v.approval},
    e.DealRenamed: lambda _, v: {"title": v.title, "words": searchable(v.title)},
    e.DealAttributesSet: lambda _, __: {},
    DealReimported: lambda _, __: {},
    DealPriceTalkPrepared: lambda _, __: {},
}


_BEGUN = {e.DealOpened, DealImported}
_WORTH = {e.DealAmountChanged, e.DealLinesChanged}
_ATTENDED = _WORTH | {e.DealCloseDateMoved, e.DealOwnerAssigned, e.DealAccountSet}
"""What may fill, or empty, a field that a deal cannot do without."""


class Deals(Projection):
    """Deals and their lines as they stood at any time."""

    name = "deals"
    tables = (DEALS, LINES)
    events = (e.DealOpened, DealImported, DealImportUndone, *_CHANGES)

    def handle(self, rows: Rows, entry: Entry) -> None:
        event: Any = entry.event
        version, kind = entry.version, type(event)
        change = _CHANGES.get(kind)
        if change is not None:
            row = rows.get(DEALS)
            if row is not None:
                changes = change(row, event)
                # a late fact is folded where it was so, but counts for the version all the same
                changes = {**changes, "version": max(version, row["version"])}
                rows.update(DEALS, _attended(row, changes) if kind in _ATTENDED else changes)
                if kind in _WORTH:
                    _put_lines(rows, getattr(event, "lines", ()))
        elif kind in _BEGUN:
            row = {**_opened(event), "opened_at": entry.effective_at, "version": version}
            rows.put(DEALS, **_attended(dict.fromkeys(ASKED_FOR), row))
            _put_lines(rows, event.lines)
        elif isinstance(event, DealImportUndone):
            if event.withdrawn:
                rows.close(DEALS)
                _put_lines(rows, ())
            else:
                rows.change(DEALS, version=version)


def _attended(row: Row, changes: Row) -> Row:
    """With the fields that the deal lacks."""
    lacking = [name for name in ASKED_FOR if changes.get(name, row[name]) is None]
    return {**changes, "needs_attention": lacking or None}


def _put_lines(rows: Rows, lines: Sequence[Line]) -> None:
    products: set[int | None] = set()  # by number: a UUID's own hash is a Python call
    for number, line in enumerate(lines, 1):
        product = line.product.int if line.product else None
        rows.put(LINES, number=number, again=product in products, **_line(line))
        products.add(product)
    for held in rows.all(LINES):
        if held["number"] > len(lines):
            rows.close(LINES, held["number"])


def _line(line: Line) -> dict[str, UUID | str | int | Decimal | None]:
    return {
        "product": line.product,
        "label": line.label,
        "quantity": line.quantity,
        "unit_price": line.unit_price.amount,
        "discount": line.discount,
        "period": line.period.value if line.period else None,
        "months": line.months,
        "total": line_total(line),
        "annual": line_annual(line),
        "currency": line.unit_price.currency,
    }
