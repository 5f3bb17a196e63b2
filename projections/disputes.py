"""Disputes as queues, lists and figures see them: cases, their lines, documents and settlements, as they stood at any time.

Amounts are folded from movements, not taken from the ledgers that events state: movements add up the same in whatever order they
come, so a fact that came late is counted from when it was so. Status and clocks are what was said last, whenever it was so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from domain.disputes import clock_events as k
from domain.disputes import corrective_events as x
from domain.disputes import events as e
from domain.disputes.entries import CaseLine, Movement
from domain.disputes.terms import ClockKind, DisputedDocument, EightD, Party, Reading, SettlementKind, Status
from domain.kernel import Event
from domain.values import in_full
from projections.batch import Entry
from projections.dispute_tables import AMOUNTS, DISPUTES, DOCUMENTS, LINES, SETTLEMENTS
from projections.projection import Projection
from projections.rows import Row, Rows
from projections.tables import searchable

_NONE = Decimal(0)


def _facts(event: e.CaseFacts) -> Row:
    return {
        **{name: getattr(event, name) for name in ("account", "owner", "team", "contract", "obligation", "title", "commodity", "region")},
        **{name: getattr(event, name).value for name in ("side", "reason", "severity")},
        "words": searchable(event.title, *dict.fromkeys(line.reference.document for line in event.lines)),
        "currency": event.ledger.currency,
        "escalation": 0,
        **dict.fromkeys((*AMOUNTS, "conceded"), in_full(_NONE, event.ledger.currency)),
    }


def _details(event: e.DisputeDetailsChanged) -> Row:
    plain = {name: getattr(event, name) for name in ("title", "commodity", "region")}
    return {**plain, "reason": event.reason.value, "severity": event.severity.value}


def _clocks(readings: Sequence[Reading]) -> Row:
    """What a queue asks of the clocks: which of those that run is the first to run out, and when."""
    running = [r for r in readings if r.stopped_at is None and r.paused_at is None and r.due_at is not None]
    first = min(running, key=lambda r: (r.due_at, r.kind.value), default=None)
    resolve = next((r for r in readings if r.kind is ClockKind.RESOLVE), None)
    paused = resolve is not None and resolve.stopped_at is None and resolve.paused_at is not None
    theirs = [r.due_at for r in running if r.party is Party.THEM and r.due_at is not None]
    return {
        "due_at": first.due_at if first else None,
        "due_clock": first.kind.value if first else None,
        "due_party": first.party.value if first else None,
        "resolve_due_at": resolve.due_at if resolve and resolve.stopped_at is None and not paused else None,
        "paused_at": resolve.paused_at if resolve and paused else None,
        "resolve_left": resolve.limit - resolve.spent if resolve and paused else None,
        "answer_due_at": min(theirs, default=None),
        "late": sorted({r.kind.value for r in readings if r.stopped_at is not None and r.due_at is not None}) or None,
    }


_DATED = {EightD.D3, EightD.D4, EightD.D5}
_NO_STEPS: Row = {"d3_due": None, "d4_due": None, "d5_due": None}
_STATUSES: dict[type[Event], Status] = {
    e.DisputeOpened: Status.OPENED,
    e.DisputeAcknowledged: Status.ACKNOWLEDGED,
    e.DisputeInvestigationStarted: Status.INVESTIGATING,
    e.DisputeSupplierAwaited: Status.AWAITING_SUPPLIER,
    e.DisputeProposed: Status.PROPOSED,
    e.DisputeCountered: Status.COUNTERED,
    e.DisputeAccepted: Status.ACCEPTED,
    e.DisputeSettlementStarted: Status.SETTLING,
    e.DisputeSettled: Status.SETTLED,
    e.DisputeWrittenOff: Status.WRITTEN_OFF,
    e.DisputeWithdrawn: Status.WITHDRAWN,
    e.DisputeVoided: Status.VOIDED,
    e.DisputeClosed: Status.CLOSED,
    e.DisputeReopened: Status.REOPENED,
}
_CHANGES: dict[type[Event], Callable[[Row, Any], Row]] = {
    e.DisputeOpened: lambda _, v: {"opened_at": v.at, "repeats": list(v.repeats) or None},
    e.DisputeDetailsChanged: lambda _, v: _details(v),
    e.DisputeOwnerAssigned: lambda _, v: {"owner": v.owner, "team": v.team},
    e.DisputeAcknowledged: lambda _, v: {"acknowledged_at": v.at},
    e.DisputeSettled: lambda _, v: {"settled_at": v.at},
    e.DisputeWrittenOff: lambda _, v: {"settled_at": v.at},
    e.DisputeWithdrawn: lambda _, v: {"settled_at": v.at},
    e.DisputeRootCauseFound: lambda _, v: {"root_cause": v.root_cause},
    e.DisputeClosed: lambda _, v: {"closed_at": v.at, "reopen_until": v.reopen_until, "root_cause": v.root_cause},
    e.DisputeReopened: lambda _, __: {"settled_at": None, "closed_at": None, "reopen_until": None, "root_cause": None, "escalation": 0},
    k.DisputeEscalated: lambda _, v: {"escalation": v.level, "escalated_at": v.at},
    k.DisputeEscalationLifted: lambda row, v: {"escalation": v.level, "escalated_at": row["escalated_at"] if v.level else None},
    x.CorrectiveActionDemanded: lambda _, v: {"action": "open", "d3_due": v.d3_due, "d4_due": v.d4_due, "d5_due": v.d5_due},
    x.CorrectiveStepDone: lambda _, v: {f"{v.step.value}_due": None} if v.step in _DATED else {},
    x.CorrectiveActionClosed: lambda _, __: {"action": "closed", **_NO_STEPS},
    x.CorrectiveActionCancelled: lambda _, __: {"action": "cancelled", **_NO_STEPS},
}
_SILENT = (
    e.DisputeEvidenceAttached,
    e.DisputeEvidenceRetracted,
    e.DisputeCommented,
    k.DisputeClockWarned,
    k.DisputeSettlementOverdue,
    x.CorrectiveStepMissed,
    x.CorrectiveActionChecked,
)
"""They change nothing here but the version."""
_OTHERS = (
    e.DisputePaymentTermsSet,
    e.DisputeLinesAdded,
    e.DisputeLineReversed,
    e.DisputeSplit,
    e.DisputeDocumentRecorded,
    e.DisputeDocumentReversed,
    k.DisputeClocksSet,
)


class Disputes(Projection):
    """Cases as they stood at any time."""

    name = "disputes"
    tables = (DISPUTES, LINES, DOCUMENTS, SETTLEMENTS)
    events = (e.DisputeDrafted, e.DisputeSplitOff, *{**_STATUSES, **_CHANGES}, *_OTHERS, *_SILENT)

    def handle(self, rows: Rows, entry: Entry) -> None:
        event: Any = entry.event
        if isinstance(event, e.CaseFacts):
            _begin(rows, entry, event)
            return
        row = rows.get(DISPUTES)
        if row is None:
            return
        kind, version = type(event), entry.version
        changes: Row = {"version": max(version, row["version"])}
        if (change := _CHANGES.get(kind)) is not None:
            changes |= change(row, event)
        if (status := _STATUSES.get(kind)) is not None and version > row["status_set"]:
            changes |= {"status": status.value, "since": getattr(event, "at", entry.effective_at), "status_set": version}
        if kind is k.DisputeClocksSet and version > row["clocks_set"]:
            changes |= {**_clocks(event.readings), "clocks_set": version}
        if kind is e.DisputePaymentTermsSet:
            changes |= _put_documents(rows, event.documents)
        if kind is e.DisputeLinesAdded:
            _put_lines(rows, event.lines, row["currency"])
            words = dict.fromkeys(line.reference.document for line in event.lines)
            changes |= {**_summed(rows, row["currency"]), "words": searchable(row["words"], *words)}
        elif movements := _movements(event):
            _move(rows, movements, back=kind is e.DisputeDocumentReversed)
            _settle(rows, event)
            changes |= _summed(rows, row["currency"])
        rows.update(DISPUTES, changes)


def _begin(rows: Rows, entry: Entry, event: e.CaseFacts) -> None:
    at, version = entry.effective_at, entry.version
    row: Row = {**_facts(event), "version": version, "status_set": version, "clocks_set": 0, "began_at": at, "since": at, "status": "draft"}
    if isinstance(event, e.DisputeSplitOff):
        row |= {"status": event.status.value, "opened_at": event.opened_at, "parent": event.parent}
    rows.put(DISPUTES, **row)
    _put_lines(rows, event.lines, row["currency"])
    rows.update(DISPUTES, {**_put_documents(rows, event.documents), **_summed(rows, row["currency"])})


def _put_lines(rows: Rows, lines: Iterable[CaseLine], currency: str) -> None:
    nothing = in_full(_NONE, currency)
    for place, line in enumerate(lines, len(rows.all(LINES)) + 1):
        reference = line.reference
        gross, tax = in_full(line.gross, currency), in_full(line.tax, currency)
        rows.put(
            LINES,
            **dict.fromkeys((f"{name}{part}" for name in AMOUNTS for part in ("", "_tax")), nothing)
            | {"original": gross, "original_tax": tax, "open": gross, "open_tax": tax},
            line=line.id,
            document_id=reference.id,
            place=place,
            quantity=line.quantity,
            kind=reference.kind.value,
            document=reference.document,
            number=reference.line,
            label=line.label,
        )


def _put_documents(rows: Rows, documents: Sequence[DisputedDocument]) -> Row:
    """All documents of the case from now on, and what follows for the case: the earliest days."""
    kept = {(d.kind.value, d.number) for d in documents}
    for held in rows.all(DOCUMENTS):
        if (held["kind"], held["number"]) not in kept:
            rows.close(DOCUMENTS, held["kind"], held["number"])
    for d in documents:
        money = d.total or d.discount
        rows.put(
            DOCUMENTS,
            kind=d.kind.value,
            number=d.number,
            due_on=d.due_on,
            statutory_due_on=d.statutory_due_on,
            discount_on=d.discount_on,
            total=d.total.amount if d.total else None,
            discount=d.discount.amount if d.discount else None,
            currency=money.currency if money else None,
        )
    days = [day for d in documents for day in (d.due_on, d.statutory_due_on) if day is not None]
    return {"pay_by": min(days, default=None), "discount_on": min((d.discount_on for d in documents if d.discount_on), default=None)}


def _movements(event: Any) -> tuple[Movement, ...]:
    return (event.movement,) if isinstance(event, e.DisputeLineReversed) else getattr(event, "movements", ())


def _move(rows: Rows, movements: Iterable[Movement], *, back: bool) -> None:
    for m in movements:
        held = rows.get(LINES, m.line)
        if held is None:
            continue
        source, target = (m.target, m.source) if back and m.target else (m.source, m.target)
        changes: Row = {}
        for part, amount in (("", m.gross), ("_tax", m.tax)):
            name = f"{source.value}{part}"
            changes[name] = held[name] - amount
            name = f"{target.value}{part}" if target else f"original{part}"
            before = changes[name] if name in changes else held[name]
            changes[name] = before + amount if target else before - amount
        rows.update(LINES, changes, m.line)


def _settle(rows: Rows, event: Any) -> None:
    if isinstance(event, e.DisputeDocumentRecorded):
        rows.put(
            SETTLEMENTS,
            document=event.document,
            on_day=event.on,
            amount=event.amount.amount,
            tax=event.tax.amount,
            currency=event.amount.currency,
            kind=event.kind.value,
            party=event.party.value,
            number=event.number,
            reversed=False,
        )
    elif isinstance(event, e.DisputeDocumentReversed):
        rows.change(SETTLEMENTS, event.document, reversed=True)


def _summed(rows: Rows, currency: str) -> Row:
    """The case's amounts: the sums of its lines, and of what was paid as far as that was conceded."""
    lines, settled, nothing = rows.all(LINES), rows.all(SETTLEMENTS), in_full(_NONE, currency)
    sums: Row = {name: sum((line[name] for line in lines), nothing) for name in AMOUNTS}
    conceded = (s["amount"] for s in settled if s["kind"] == SettlementKind.CONCESSION and not s["reversed"])
    # what was conceded and is open again after a reopening is paid no more
    return {**sums, "conceded": min(sum(conceded, nothing), sums["paid"])}
