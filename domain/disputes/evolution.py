"""How each event changes a dispute. Total: an event that makes no sense changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.disputes import clock_events as t
from domain.disputes import corrective_events as x
from domain.disputes import events as e
from domain.disputes.entries import CaseEvidence, CaseLine, Movement
from domain.disputes.ledger import Account, Bucket, Part
from domain.disputes.state import CorrectiveAction, Dispute, Document, Line, Offer
from domain.disputes.terms import EightD, Evidence, Mark, MarkKind, Party, SettlementKind, Status, Visibility
from domain.kernel import Event


def stated(lines: Iterable[CaseLine]) -> dict[UUID, Line]:
    """Lines as they enter a case: all of them open."""
    return {line.id: Line(line.id, line.reference, Account(open=Part(line.gross, line.tax))) for line in lines}


def _begun(event: e.DisputeDrafted | e.DisputeSplitOff) -> Dispute:
    return Dispute(
        side=event.side,
        account=event.account,
        title=event.title,
        reason=event.reason,
        severity=event.severity,
        currency=event.ledger.currency,
        status=Status.DRAFT,
        owner=event.owner,
        reason_text=event.reason_text,
        team=event.team,
        commodity=event.commodity,
        region=event.region,
        our_calendar=event.our_calendar,
        their_calendar=event.their_calendar,
        contract=event.contract,
        obligation=event.obligation,
        lines=stated(event.lines),
        documents=event.documents,
    )


def _drafted(event: e.DisputeDrafted) -> Dispute:
    source = (event.source, event.source_id) if event.source is not None and event.source_id is not None else None
    return replace(_begun(event), source=source, run=event.run)


def _split_off(event: e.DisputeSplitOff) -> Dispute:
    case = replace(
        _begun(event),
        parent=event.parent,
        root=event.root or event.parent,
        status=event.status,
        opened_at=event.opened_at,
        marks=event.marks,
        version=1,
    )
    for piece in event.evidence:
        case = replace(case, **_attached(case, piece))
    return case


def marked(marks: tuple[Mark, ...], *new: Mark) -> tuple[Mark, ...]:
    """The facts in order of time; sorting is stable, so of the same instant the one learnt first stays first."""
    return tuple(sorted((*marks, *new), key=lambda mark: mark.at))


def _mark(case: Dispute, kind: MarkKind, at: datetime, party: Party | None = None) -> dict[str, Any]:
    return {"marks": marked(case.marks, Mark(kind=kind, at=at, party=party))}


def _answered(case: Dispute, event: Any) -> dict[str, Any]:
    """Whatever a side says in public is an answer of that side."""
    return _mark(case, MarkKind.ANSWERED, event.at, event.party) if case.opened_at else {}


def moved(lines: Mapping[UUID, Line], movements: Iterable[Movement], *, back: bool = False) -> dict[UUID, Line]:
    """The lines after amounts went from bucket to bucket or out of the case; `back`: after that was taken back."""
    after = dict(lines)
    for m in movements:
        line, part = after.get(m.line), Part(m.gross, m.tax)
        if line is None:
            continue
        if m.target is None:
            account = line.account.lowered(part)
        else:
            account = line.account.moved(part, *((m.target, m.source) if back else (m.source, m.target)))
        after[m.line] = replace(line, account=account)
    return after


def _attached(case: Dispute, piece: CaseEvidence) -> dict[str, Any]:
    return {
        "evidence": {**case.evidence, piece.id: piece},
        "known_evidence": case.known_evidence | traces(piece.evidence),
    }


def traces(evidence: Evidence) -> frozenset[str]:
    """By what a piece of evidence is known again: its bytes where they are named, else its reference."""
    return frozenset({evidence.sha256 or f"{evidence.kind}:{(evidence.document or '').casefold()}"})


def _evidence(case: Dispute, event: e.DisputeEvidenceAttached) -> dict[str, Any]:
    public = event.piece.evidence.visibility is Visibility.PUBLIC
    answer = _mark(case, MarkKind.ANSWERED, event.at, event.piece.party) if public and case.opened_at else {}
    return _attached(case, event.piece) | answer


def _commented(case: Dispute, event: e.DisputeCommented) -> dict[str, Any]:
    return _answered(case, event) if event.visibility is Visibility.PUBLIC else {}


def _investigating(case: Dispute, event: e.DisputeInvestigationStarted) -> dict[str, Any]:
    resumed = _mark(case, MarkKind.RESUMED, event.at) if event.previous is Status.AWAITING_SUPPLIER else {}
    rejected = _mark(case, MarkKind.ANSWERED, event.at, event.party) if event.party is not None and event.offer is not None else {}
    return {"status": Status.INVESTIGATING, "offer": None, **resumed, **rejected}


def _offered(case: Dispute, event: e.DisputeProposed | e.DisputeCountered) -> dict[str, Any]:
    status = Status.PROPOSED if isinstance(event, e.DisputeProposed) else Status.COUNTERED
    return {"status": status, "offer": Offer(event.offer, event.party, event.terms), **_answered(case, event)}


def _accepted(case: Dispute, event: e.DisputeAccepted) -> dict[str, Any]:
    maker = case.offer.party if case.offer is not None else event.party.other
    agreed = Offer(event.offer, maker, event.terms)
    return {
        "status": Status.ACCEPTED,
        "offer": None,
        "agreed": agreed,
        "agreed_at": event.at,
        "settled_by_kind": {},
        "settlements": {},
        **_answered(case, event),
    }


def _settling(case: Dispute, movements: Iterable[Movement], sign: int = 1) -> dict[Bucket, Decimal]:
    settled = dict(case.settled_by_kind)
    for m in movements:
        if m.target is not None:
            settled[m.target] = settled.get(m.target, Decimal(0)) + sign * m.gross
    return settled


def _documented(case: Dispute, event: e.DisputeDocumentRecorded) -> dict[str, Any]:
    number = settling_number(event.kind, event.number)
    return {
        "lines": moved(case.lines, event.movements),
        "settlements": {**case.settlements, event.document: Document(number, event.movements)},
        "numbers": case.numbers if number is None else case.numbers | {number},
        "settled_by_kind": _settling(case, event.movements),
        **_answered(case, event),
    }


def settling_number(kind: SettlementKind, number: str | None) -> tuple[str, str] | None:
    """Kind and number, in the form in which two documents are the same."""
    return None if number is None else (kind.value, "".join(number.casefold().split()))


def _undocumented(case: Dispute, event: e.DisputeDocumentReversed) -> dict[str, Any]:
    known = case.settlements.get(event.document)
    return {
        "lines": moved(case.lines, event.movements, back=True),
        "numbers": case.numbers - {known.number} if known is not None and known.number is not None else case.numbers,
        "settlements": {id: d for id, d in case.settlements.items() if id != event.document},
        "settled_by_kind": _settling(case, event.movements, -1),
    }


def _ended(status: Status) -> Callable[[Dispute, Any], dict[str, Any]]:
    def change(case: Dispute, event: Any) -> dict[str, Any]:
        lines = {"lines": moved(case.lines, event.movements)} if hasattr(event, "movements") else {}
        return {"status": status, "offer": None, **lines, **_mark(case, MarkKind.RESOLVED, event.at)}

    return change


def _escalated(case: Dispute, event: t.DisputeEscalated) -> dict[str, Any]:
    if event.clock is None or event.started_at is None or event.percent is None or event.passed_at is None:
        return {"level": event.level, "level_by_hand": event.level}
    return {"level": event.level, "noticed": case.noticed | {(event.clock, event.started_at, event.percent, event.passed_at)}}


def _lifted(_case: Dispute, event: t.DisputeEscalationLifted) -> dict[str, Any]:
    return {"level": event.level} | ({} if event.late_fact else {"level_by_hand": event.level})


def _demanded(_case: Dispute, event: x.CorrectiveActionDemanded) -> dict[str, Any]:
    due = {EightD.D3: event.d3_due, EightD.D4: event.d4_due, EightD.D5: event.d5_due}
    return {"corrective": CorrectiveAction(event.round, event.at, due)}


def _corrected(**changes: Callable[[CorrectiveAction, Any], Any]) -> Callable[[Dispute, Any], dict[str, Any]]:
    def change(case: Dispute, event: Any) -> dict[str, Any]:
        action = case.corrective
        if action is None:
            return {}
        return {"corrective": replace(action, **{name: make(action, event) for name, make in changes.items()})}

    return change


_CHANGES: dict[type[Event], Callable[[Dispute, Any], dict[str, Any]]] = {
    e.DisputeOpened: lambda c, v: {"status": Status.OPENED, "opened_at": v.at, **_mark(c, MarkKind.OPENED, v.at)},
    e.DisputeDetailsChanged: lambda _c, v: {n: getattr(v, n) for n in e.DisputeDetailsChanged.model_fields},
    e.DisputeOwnerAssigned: lambda _c, v: {"owner": v.owner, "team": v.team},
    e.DisputePaymentTermsSet: lambda _c, v: {"documents": v.documents},
    e.DisputeLinesAdded: lambda c, v: {"lines": {**c.lines, **stated(v.lines)}},
    e.DisputeLineReversed: lambda c, v: {"lines": moved(c.lines, (v.movement,))},
    e.DisputeSplit: lambda c, v: {"lines": moved(c.lines, v.movements), "splits": c.splits + 1},
    e.DisputeEvidenceAttached: _evidence,
    e.DisputeEvidenceRetracted: lambda c, v: {"evidence": {k: p for k, p in c.evidence.items() if k != v.evidence}},
    e.DisputeCommented: _commented,
    e.DisputeAcknowledged: lambda c, v: {"status": Status.ACKNOWLEDGED, **_mark(c, MarkKind.ACKNOWLEDGED, v.at, v.party)},
    e.DisputeInvestigationStarted: _investigating,
    e.DisputeSupplierAwaited: lambda c, v: {"status": Status.AWAITING_SUPPLIER, **_mark(c, MarkKind.AWAITING, v.at)},
    e.DisputeProposed: _offered,
    e.DisputeCountered: _offered,
    e.DisputeAccepted: _accepted,
    e.DisputeSettlementStarted: lambda _c, _v: {"status": Status.SETTLING},
    e.DisputeDocumentRecorded: _documented,
    e.DisputeDocumentReversed: _undocumented,
    e.DisputeSettled: _ended(Status.SETTLED),
    e.DisputeWrittenOff: _ended(Status.WRITTEN_OFF),
    e.DisputeWithdrawn: _ended(Status.WITHDRAWN),
    e.DisputeVoided: _ended(Status.VOIDED),
    e.DisputeRootCauseFound: lambda _c, v: {"root_cause": v.root_cause},
    e.DisputeClosed: lambda _c, v: {"status": Status.CLOSED, "closed_at": v.at, "reopen_until": v.reopen_until},
    e.DisputeReopened: lambda c, v: {
        "status": Status.REOPENED,
        "lines": moved(c.lines, v.movements),
        "agreed": None,
        "settlements": {},
        "root_cause": None,
        "closed_at": None,
        "level": 0,
        "level_by_hand": 0,
        **_mark(c, MarkKind.REOPENED, v.at),
    },
    t.DisputeClocksSet: lambda _c, v: {"readings": v.readings},
    t.DisputeClockWarned: lambda c, v: {"noticed": c.noticed | {(v.clock, v.started_at, v.percent, v.passed_at)}},
    t.DisputeSettlementOverdue: lambda _c, v: {"overdue_for": v.agreed_at},
    t.DisputeEscalated: _escalated,
    t.DisputeEscalationLifted: _lifted,
    x.CorrectiveActionDemanded: _demanded,
    x.CorrectiveStepDone: _corrected(done=lambda a, v: a.done | {v.step}),
    x.CorrectiveStepMissed: _corrected(missed=lambda a, v: a.missed | {v.step}),
    x.CorrectiveActionClosed: _corrected(open=lambda _a, _v: False),
    x.CorrectiveActionCancelled: _corrected(open=lambda _a, _v: False),
}


_BY_TIME = (
    e.DisputeOpened,
    t.DisputeClocksSet,
    t.DisputeClockWarned,
    t.DisputeSettlementOverdue,
    x.CorrectiveStepMissed,
)


def _by_somebody(event: Event) -> bool:
    """Whether somebody did it, rather than time or a fact that came late."""
    match event:
        case t.DisputeEscalated():
            return event.clock is None
        case t.DisputeEscalationLifted():
            return not event.late_fact
        case e.DisputeInvestigationStarted():
            return event.why is not e.Investigating.NOT_ACKNOWLEDGED
        case _:
            return not isinstance(event, _BY_TIME)


def evolve(case: Dispute | None, event: Event) -> Dispute | None:
    """The case after `event`; None while it has not begun."""
    if case is None:
        if isinstance(event, e.DisputeSplitOff):
            return _split_off(event)
        return _drafted(event) if isinstance(event, e.DisputeDrafted) else None
    if isinstance(event, e.DisputeDrafted) and case.status is Status.VOIDED:
        return replace(_drafted(event), version=case.version + 1)  # its import was undone, and made again
    change = _CHANGES.get(type(event))
    handled = case.handled or (case.opened_at is not None and _by_somebody(event))
    return replace(case, version=case.version + 1, handled=handled, **(change(case, event) if change is not None else {}))
