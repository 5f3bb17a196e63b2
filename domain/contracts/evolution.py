"""How each event changes a contract. Total: an event that makes no sense changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from domain.contracts import amendment_events as a
from domain.contracts import events as e
from domain.contracts import obligation_events as o
from domain.contracts.state import Amendment, Change, Contract, Notice, Obligation, Occurrence
from domain.contracts.terms import ContractStatus, OccurrenceStatus, Party, RenewedBy, TermChanges
from domain.kernel import Event
from domain.price_talk import ContractPriceTalkPrepared

Changes = dict[str, Any]


def _drafted(event: e.ContractDrafted) -> Contract:
    return Contract(
        title=event.title,
        number=event.number,
        side=event.side,
        party=event.party,
        deal=event.deal,
        renews=event.renews,
        owner=event.owner,
        team=event.team,
        terms=event.terms,
        zone=event.zone,
        calendar=event.calendar,
        scorecard=event.scorecard,
        signatory=event.signatory,
    )


def _revised(_: Contract, event: e.ContractRevised) -> Changes:
    return {name: getattr(event, name) for name in ("title", "number", "terms", "zone", "calendar", "signatory")}


def _submitted(contract: Contract, event: e.ContractSubmitted) -> Changes:
    return {
        "status": ContractStatus.IN_REVIEW,
        "returned": None,
        "content": event.content,
        "submitted_by": event.by,
        "submission": contract.version + 1,
    }


def _asked(contract: Contract, event: e.ContractConsentAsked) -> Changes:
    asked: Changes = {"asked": (*(one for one in contract.asked if one.amendment != event.amendment), event)}
    if event.amendment is None:
        return asked | {"approval": event.approval}
    return asked | {"amendments": _amendment(contract, event.amendment, approval=event.approval)}


def _activated(_: Contract, event: e.ContractActivated) -> Changes:
    return {
        "status": ContractStatus.ACTIVE,
        "terms": event.terms,
        "content": event.content,
        "paper": event.paper,
        "signed_on": event.signed_on,
        "registered": event.registered,
    }


def _noticed(by: Party) -> Callable[[Contract, e.NoticeFacts], Changes]:
    return lambda _, event: {
        "notice": Notice(
            id=event.notice, by=by, sent_on=event.sent_on, received_on=event.received_on, counted_on=event.counted_on, ends_on=event.ends_on
        )
    }


def _delivered(contract: Contract, event: e.ContractNoticeDelivered) -> Changes:
    if contract.notice is None or contract.notice.id != event.notice:
        return {}
    notice = replace(contract.notice, received_on=event.received_on, counted_on=event.counted_on, ends_on=event.ends_on)
    return {"notice": notice}


def _renewed(contract: Contract, event: e.ContractRenewed) -> Changes:
    if event.by is RenewedBy.SUCCESSOR:
        return {"status": ContractStatus.RENEWED, "ended_on": event.previous_end}
    if event.term_end is None:
        return {"status": ContractStatus.ACTIVE}
    changes = TermChanges(end=event.term_end, value=event.value)
    further = Change(event.term_start, changes, start=event.term_start, silent=event.by is RenewedBy.SILENCE)
    return {"status": ContractStatus.ACTIVE, "changes": (*contract.changes, further)}


def _ended(status: ContractStatus) -> Callable[[Contract, Any], Changes]:
    return lambda _, event: {"status": status, "ended_on": event.on}


def _proposed(contract: Contract, event: a.ContractAmendmentProposed) -> Changes:
    proposed = Amendment(event.title, event.effective_on, event.changes, event.by, contract.version + 1)
    return {"amendments": {**contract.amendments, event.amendment: proposed}}


def _amendment(contract: Contract, id: UUID, **changes: Any) -> Mapping[UUID, Amendment]:
    known = contract.amendments.get(id)
    return contract.amendments if known is None else {**contract.amendments, id: replace(known, **changes)}


def _amended(contract: Contract, event: a.ContractAmended) -> Changes:
    settled = _amendment(contract, event.amendment, settled=True)
    return {"amendments": settled, "changes": (*contract.changes, Change(event.effective_on, event.changes))}


def _added(contract: Contract, event: o.ObligationAdded) -> Changes:
    added = Obligation(
        title=event.title,
        by=event.by,
        owner=event.owner,
        due=event.due,
        recurrence=event.recurrence,
        lead_days=event.lead_days,
        grace_days=event.grace_days,
        proof=event.proof,
        since=event.since,
        clause=event.clause,
        penalty=event.penalty,
    )
    return {"obligations": {**contract.obligations, event.obligation: added}}


def _obligation(contract: Contract, id: UUID, **changes: Any) -> Mapping[UUID, Obligation]:
    known = contract.obligations.get(id)
    return contract.obligations if known is None else {**contract.obligations, id: replace(known, **changes)}


def _scheduled(contract: Contract, event: o.ObligationScheduled) -> Changes:
    key = (event.obligation, event.occurrence)
    held = contract.occurrences.get(key)
    status = held.status if held is not None and held.open else OccurrenceStatus.PENDING
    occurrence = Occurrence(status, event.due_on, event.due_from, event.breached_after)
    return {"occurrences": {**contract.occurrences, key: occurrence}}


def _came(status: OccurrenceStatus) -> Callable[[Contract, o.OccurrenceFacts], Changes]:
    """The occurrence is in this state now, and pending no more: the next one of its obligation is to be scheduled."""

    def change(contract: Contract, event: o.OccurrenceFacts) -> Changes:
        key = (event.obligation, event.occurrence)
        held = contract.occurrences.get(key)
        if held is None:
            return {}
        changed: Changes = {"occurrences": {**contract.occurrences, key: replace(held, status=status, proof=getattr(event, "proof", None))}}
        if status is OccurrenceStatus.DROPPED:
            if held.status is not OccurrenceStatus.PENDING:
                changed["obligations"] = _obligation(contract, event.obligation, last=_latest(contract, key))
        else:
            last: date | None = getattr(contract.obligations.get(event.obligation), "last", None)
            latest = event.occurrence if last is None else max(last, event.occurrence)
            changed["obligations"] = _obligation(contract, event.obligation, last=latest)
        return changed

    return change


def _latest(contract: Contract, without: tuple[UUID, date]) -> date | None:
    """The latest nominal day of an obligation that has come, one of them left out: should the contract go on, that one is to come again."""
    waiting = {OccurrenceStatus.PENDING, OccurrenceStatus.DROPPED}
    came = (key[1] for key, held in contract.occurrences.items() if key[0] == without[0] and key != without and held.status not in waiting)
    return max(came, default=None)


def _revoked(contract: Contract, _event: e.ContractTerminationRevoked) -> Changes:
    """What had ended by it goes on."""
    again: Changes = {"status": ContractStatus.ACTIVE, "ended_on": None} if contract.status is ContractStatus.TERMINATED else {}
    return again | {"termination": None}


def _disputed(contract: Contract, event: o.ObligationDisputed) -> Changes:
    key = (event.obligation, event.occurrence)
    held = contract.occurrences.get(key)
    return {} if held is None else {"occurrences": {**contract.occurrences, key: replace(held, dispute=event.dispute, claim=event.claim)}}


_CHANGES: dict[type[Event], Callable[[Contract, Any], Changes]] = {
    e.ContractRevised: _revised,
    e.ContractDiscarded: lambda _c, _v: {"status": ContractStatus.DISCARDED},
    e.ContractSubmitted: _submitted,
    e.ContractConsentAsked: _asked,
    e.ContractReturned: lambda _c, v: {"status": ContractStatus.DRAFT, "content": None, "paper": None, "returned": v.reason},
    e.ContractApproved: lambda _c, _v: {"status": ContractStatus.APPROVED},
    e.ContractSentForSignature: lambda _c, v: {"status": ContractStatus.OUT_FOR_SIGNATURE, "paper": v.paper},
    e.ContractRecalled: lambda _c, _v: {"status": ContractStatus.APPROVED, "paper": None},
    e.ContractActivated: _activated,
    e.ContractDatesSet: lambda _c, v: {"dates": v},
    e.ContractExpiring: lambda _c, _v: {"status": ContractStatus.EXPIRING},
    e.ContractResumed: lambda _c, _v: {"status": ContractStatus.ACTIVE},
    e.ContractAlertRaised: lambda c, v: {"alerted": c.alerted | {(v.send_by, v.days)}},
    e.ContractNoticeGiven: _noticed(Party.US),
    e.ContractNoticeReceived: _noticed(Party.THEM),
    e.ContractNoticeDelivered: _delivered,
    e.ContractNoticeWithdrawn: lambda _c, _v: {"notice": None},
    e.NoticeWindowMissed: lambda c, v: {"missed": c.missed | {v.deadline}},
    e.ContractRenewalStarted: lambda c, v: {"renewals_started": c.renewals_started | {v.term_end}},
    e.ContractRenewalReviewed: lambda c, v: {"reviewed": {**c.reviewed, v.term_end: v}},
    ContractPriceTalkPrepared: lambda _c, v: {"price_talk": v.talk},
    e.ContractSuccessorSigned: lambda _c, v: {"successor": v},
    e.ContractRenewed: _renewed,
    e.ContractExpired: _ended(ContractStatus.EXPIRED),
    e.ContractTerminationAgreed: lambda _c, v: {"termination": v},
    e.ContractTerminationRevoked: _revoked,
    e.ContractTerminated: _ended(ContractStatus.TERMINATED),
    e.ContractSuperseded: _ended(ContractStatus.SUPERSEDED),
    a.ContractAmendmentProposed: _proposed,
    a.ContractAmendmentApproved: lambda c, v: {"amendments": _amendment(c, v.amendment, approved=True)},
    a.ContractAmendmentDropped: lambda c, v: {"amendments": _amendment(c, v.amendment, settled=True)},
    a.ContractAmended: _amended,
    e.ContractOwnerAssigned: lambda _c, v: {"owner": v.owner, "team": v.team},
    e.ContractCalendarSet: lambda _c, v: {"zone": v.zone, "calendar": v.calendar},
    e.ContractScorecardLinked: lambda _c, v: {"scorecard": v.scorecard},
    o.ObligationAdded: _added,
    o.ObligationEnded: lambda c, v: {"obligations": _obligation(c, v.obligation, ended=True)},
    o.ObligationReassigned: lambda c, v: {"obligations": _obligation(c, v.obligation, owner=v.owner)},
    o.ObligationScheduled: _scheduled,
    o.ObligationFellDue: _came(OccurrenceStatus.DUE),
    o.ObligationMet: _came(OccurrenceStatus.MET),
    o.ObligationWaived: _came(OccurrenceStatus.WAIVED),
    o.ObligationBreached: _came(OccurrenceStatus.BREACHED),
    o.ObligationDropped: _came(OccurrenceStatus.DROPPED),
    o.ObligationDisputed: _disputed,
}


def evolve(contract: Contract | None, event: Event) -> Contract | None:
    """The contract after `event`; None while it has not begun."""
    if contract is None:
        return _drafted(event) if isinstance(event, e.ContractDrafted) else None
    return evolved(contract, event)


def evolved(contract: Contract, event: Event) -> Contract:
    """The contract after `event`."""
    change = _CHANGES.get(type(event))
    changes = change(contract, event) if change is not None else {}
    return replace(contract, **changes, version=contract.version + 1)
