"""The days that count for a contract: put, moved and settled by the facts that set them, and read by calendars without a clock.

The days of a term keep their rows when the next term begins, and say what became of them.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from domain.contracts import obligation_events as o
from domain.contracts.terms import ContractStatus, OccurrenceStatus
from domain.kernel import Event
from projections.contract_tables import DAYS, DEADLINES, OBLIGATIONS, WHOSE, day_id
from projections.rows import Row, Rows

_LIVE = {ContractStatus.ACTIVE.value, ContractStatus.EXPIRING.value}
OWED: tuple[type[Event], ...] = (
    o.ObligationAdded,
    o.ObligationEnded,
    o.ObligationReassigned,
    o.ObligationScheduled,
    o.ObligationFellDue,
    o.ObligationMet,
    o.ObligationWaived,
    o.ObligationBreached,
    o.ObligationDisputed,
    o.ObligationDropped,
)
"""What `owed` folds."""


def close_term(rows: Rows) -> None:
    """The term that runs is the last but one from now on: what nothing became of is over."""
    for held in rows.all(DAYS):
        if held["open"] and held["kind"] in DEADLINES:
            status = "renewed" if held["kind"] in {"term_end", "end"} else "passed"
            rows.change(DAYS, held["id"], status=status, open=False)


def keep_days(rows: Rows, row: Row, contract: UUID) -> None:
    """Put, move and settle the days that lead to the end of the term that runs."""
    if row["term_start"] is None:
        return
    wanted = _term_days(row)
    for kind in DEADLINES:
        id = day_id(contract, kind, row["term"])
        held = rows.get(DAYS, id)
        if kind not in wanted:
            if held is not None:
                rows.close(DAYS, id)
            continue
        day, status = wanted[kind]
        if held is None or (held["day"], held["status"]) != (day, status):
            rows.put(DAYS, id=id, kind=kind, day=day, status=status, open=status == "open", **_whose(row))


def _whose(row: Row) -> Row:
    return {name: row[name] for name in WHOSE}


def _term_days(row: Row) -> dict[str, tuple[date, str]]:
    """Each kind with its day and what became of it: open, missed, done, or passed without anybody's doing.

    Once the end is known there is no notice to send and no renewal to prepare: what was neither done nor missed by then counts no more.
    """
    live = row["status"] in _LIVE
    over = "open" if live else "passed"
    window = "missed" if row["missed"] else "done" if row["notice_by"] else over
    found = {
        "send_by": (row["send_by"], window),
        "deadline": (row["deadline"], window),
        "renewal": (row["renewal_on"], "done" if row["started"] else over),
    }
    if row["ends_on"]:
        found = {kind: (day, status) for kind, (day, status) in found.items() if status != over}
    last = "open" if live else "renewed" if row["status"] == ContractStatus.RENEWED.value else "done"
    found |= {"end": (row["ends_on"], last)} if row["ends_on"] else {"term_end": (row["term_end"], last)}
    return {kind: (day, status) for kind, (day, status) in found.items() if day is not None}


def owed(rows: Rows, row: Row, event: Any, contract: UUID) -> Row:
    """Fold what happens to an obligation; what it changes in the contract's own row."""
    if isinstance(event, o.ObligationAdded):
        rows.put(OBLIGATIONS, **_obligation(event))
    elif isinstance(event, o.ObligationEnded):
        rows.change(OBLIGATIONS, event.obligation, ended=True)
    elif isinstance(event, o.ObligationReassigned):
        rows.change(OBLIGATIONS, event.obligation, responsible=event.owner)
        for held in rows.all(DAYS):
            if held["obligation"] == event.obligation and held["open"]:
                rows.change(DAYS, held["id"], responsible=event.owner)
    else:
        return _occurred(rows, row, event, day_id(contract, "obligation", event.obligation, event.occurrence))
    return {}


def _obligation(event: o.ObligationAdded) -> Row:
    return {
        "penalty": event.penalty.amount if event.penalty else None,
        "currency": event.penalty.currency if event.penalty else None,
        "obligation": event.obligation,
        "responsible": event.owner,
        "lead_days": event.lead_days,
        "grace_days": event.grace_days,
        "title": event.title,
        "by": event.by.value,
        "clause": event.clause,
        "proof": event.proof.value,
        "recurring": event.recurrence is not None,
        "ended": False,
    }


def _occurred(rows: Rows, row: Row, event: Any, id: UUID) -> Row:
    """Fold what happens to one occurrence of an obligation."""
    held = rows.get(DAYS, id)
    match event:
        case o.ObligationScheduled():
            known = rows.get(OBLIGATIONS, event.obligation) or {}
            status = held["status"] if held and held["open"] else OccurrenceStatus.PENDING.value
            rows.put(
                DAYS,
                id=id,
                kind="obligation",
                day=event.due_on,
                status=status,
                open=True,
                obligation=event.obligation,
                occurrence=event.occurrence,
                due_from=event.due_from,
                breached_after=event.breached_after,
                responsible=event.owner,
                penalty=known.get("penalty"),
                currency=known.get("currency"),
                by=event.by.value,
                label=event.title,
                **_whose(row),
            )
        case o.ObligationFellDue():
            rows.change(DAYS, id, status=OccurrenceStatus.DUE.value)
        case o.ObligationMet():
            rows.change(DAYS, id, status=OccurrenceStatus.MET.value, open=False, met_on=event.met_on)
        case o.ObligationWaived():
            rows.change(DAYS, id, status=OccurrenceStatus.WAIVED.value, open=False)
        case o.ObligationBreached():
            rows.change(DAYS, id, status=OccurrenceStatus.BREACHED.value, open=False)
            return {"breaches": row["breaches"] + 1}
        case o.ObligationDisputed():
            rows.change(DAYS, id, dispute=event.dispute)
        case o.ObligationDropped():
            # of a contract that ended before it, what counted as breached was not owed; the change below changes `held` itself
            breached = held is not None and held["status"] == OccurrenceStatus.BREACHED.value
            rows.change(DAYS, id, status=OccurrenceStatus.DROPPED.value, open=False)
            return {"breaches": row["breaches"] - 1} if breached else {}
    if isinstance(event, o.ObligationMet | o.ObligationWaived) and event.previous is OccurrenceStatus.BREACHED:
        return {"breaches": row["breaches"] - 1}
    return {}
