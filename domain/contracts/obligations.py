"""What both parties owe by the contract: added, met with proof, waived, breached, and a breach claimed in a dispute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from domain.contracts import obligation_commands as oc
from domain.contracts import obligation_events as o
from domain.contracts.chain import dispute_after, dispute_of
from domain.contracts.days import today
from domain.contracts.evolution import evolved
from domain.contracts.price_talk import case_read
from domain.contracts.refusals import (
    BreachDisputed,
    ContractNotInForce,
    NeverDue,
    NotBreached,
    NothingClaimed,
    ObligationUnknown,
    PenaltyElsewhere,
    PenaltyNotPositive,
    ProofMissing,
    ProofUsed,
    WhichTime,
)
from domain.contracts.scheduling import first_followed, followed_from, passed, rescheduled
from domain.contracts.signing import check_past
from domain.contracts.state import BEFORE_SIGNING, Contract, Obligation, Occurrence
from domain.contracts.terms import OccurrenceStatus, Proof
from domain.deals.references import check_contacts
from domain.disputes.state import Dispute
from domain.disputes.terms import Status
from domain.documents import attach, document_read
from domain.kernel import Context, Event, On, Outcome, Read
from domain.obligation_dates import DueAnchor
from domain.standing import check_active

_ROUNDS = 200
"""How often one look goes through the occurrences: each time every obligation comes one further. Who looks after years looks again."""


def add(contract: Contract, command: oc.AddObligation, ctx: Context) -> tuple[Event, ...]:
    """Raises ContractNotInForce, PenaltyNotPositive, PenaltyElsewhere, NeverDue, MemberInactive, NotFound."""
    if not contract.in_force and contract.status not in BEFORE_SIGNING:
        raise ContractNotInForce("This contract is over; nothing new is owed by it.", status=contract.status.value)
    owner = command.owner or contract.owner
    if command.owner is not None:
        check_active(ctx, owner, "owner")
    if command.penalty is not None and command.penalty.amount <= 0:
        raise PenaltyNotPositive("A penalty is more than nothing; give an amount above zero, or leave it away.")
    worth = contract.terms.value
    if command.penalty is not None and worth is not None and command.penalty.currency != worth.currency:
        raise PenaltyElsewhere(f"This contract is in {worth.currency}; give the penalty in it, too.", currency=worth.currency)
    facts: dict[str, Any] = {name: getattr(command, name) for name in _SAID}
    added = o.ObligationAdded(**facts, obligation=ctx.new_id(), owner=owner, since=command.since or today(contract, ctx))
    _check_comes(evolved(contract, added), added, ctx)
    return (added,)


def _check_comes(contract: Contract, added: o.ObligationAdded, ctx: Context) -> None:
    """Refuse what would be owed without ever falling due: all its days lie before the one from which it is followed."""
    owed = contract.obligations[added.obligation]
    if owed.due.anchor is not DueAnchor.DATE or first_followed(contract, owed, ctx) is not None:
        return
    since = followed_from(contract, owed)
    why = "say from when, with an earlier `since`" if since == owed.since else "nothing is owed before the contract is signed, or begins"
    raise NeverDue(f"It would have been due before {since}, from when it is followed; {why}.", since=since.isoformat())


_SAID = ("title", "by", "clause", "due", "recurrence", "lead_days", "grace_days", "proof", "penalty", "penalty_text")


def _known(contract: Contract, id: UUID) -> Obligation:
    found = contract.obligations.get(id)
    if found is None:
        raise ObligationUnknown("This contract has no such obligation; add it first.", obligation=str(id))
    return found


def _occurrence(contract: Contract, id: UUID, nominal: date) -> Occurrence:
    found = contract.occurrences.get((id, nominal))
    if found is None or found.status is OccurrenceStatus.DROPPED:
        raise ObligationUnknown(
            f"This obligation does not come on {nominal}; choose a day on which it does.",
            obligation=str(id),
            occurrences=sorted(key[1].isoformat() for key, held in contract.occurrences.items() if key[0] == id and held.open),
        )
    return found


def end(contract: Contract, command: oc.EndObligation, _ctx: Context) -> tuple[Event, ...]:
    """Raises ObligationUnknown."""
    if _known(contract, command.obligation).ended:
        return ()
    return (o.ObligationEnded(obligation=command.obligation, reason=command.reason),)


def reassign(contract: Contract, command: oc.ReassignObligation, ctx: Context) -> tuple[Event, ...]:
    """Raises ObligationUnknown, MemberInactive, NotFound."""
    known = _known(contract, command.obligation)
    if known.owner == command.owner:
        return ()
    check_active(ctx, command.owner, "owner")
    return (o.ObligationReassigned(obligation=command.obligation, owner=command.owner, previous=known.owner),)


def meet(contract: Contract, command: oc.MeetObligation, ctx: Context) -> Outcome:
    """Raises ObligationUnknown, WhichTime, ProofUsed, ProofMissing, DayInFuture, BreachDisputed, ContactUnknown."""
    obligation = _known(contract, command.obligation)
    nominal = command.occurrence or _meant(contract, command)
    held = _occurrence(contract, command.obligation, nominal)
    if held.status is OccurrenceStatus.MET:
        return ()
    if obligation.proof not in command.proof.shows:
        raise ProofMissing(f"This obligation is met by a {obligation.proof.value}; give one.", proof=obligation.proof.value)
    check_past(command.met_on, contract.zone, ctx)
    check_contacts((command.proof.contact,) if command.proof.contact is not None else (), ctx)
    return (
        o.ObligationMet(
            obligation=command.obligation,
            occurrence=nominal,
            due_on=held.due_on,
            met_on=command.met_on,
            late=command.met_on > held.due_on,
            previous=held.status,
            proof=command.proof,
        ),
        *_kept(command.proof, ctx),
    )


def _kept(proof: Proof, ctx: Context) -> tuple[On, ...]:
    """A document that was uploaded belongs to the contract from now on; one that lies elsewhere is known by its hash alone."""
    if proof.sha256 is None or ctx.fact(document_read(proof.sha256)) is None:
        return ()
    return attach(ctx, "contract", (proof.sha256,))[1]


def _meant(contract: Contract, command: oc.MeetObligation) -> date:
    """The nominal day of the time that is met where nobody names it: the earliest that waits to be done, else the next to come."""
    times = {
        key[1]: held for key, held in sorted(contract.occurrences.items(), key=lambda kept: kept[0][1]) if key[0] == command.obligation
    }
    used = next((day for day, held in times.items() if held.proof is not None and held.proof.same_as(command.proof)), None)
    if used is not None:
        raise ProofUsed(
            f"It was met already with this proof, that of {used}; name the time (--of DAY) if another is meant.",
            occurrence=used.isoformat(),
        )
    due = next((day for day, held in times.items() if held.status is OccurrenceStatus.DUE), None)
    ahead = next((day for day, held in times.items() if held.open), None)
    came = [day for day, held in times.items() if not held.open and held.status is not OccurrenceStatus.DROPPED]
    if due is None and came and times[came[-1]].status is OccurrenceStatus.BREACHED and times[came[-1]].dispute is None:
        raise WhichTime(
            f"That of {came[-1]} was breached, and the next is not due yet; name the time (--of DAY) that was met.",
            occurrence=came[-1].isoformat(),
        )
    found = due or ahead
    if found is None:
        raise ObligationUnknown("No occurrence of this obligation is open; name the one that was met.", obligation=str(command.obligation))
    return found


def claim_reads(contract: Contract, obligation: UUID, occurrence: date) -> Iterator[Read]:
    """The case in which a breach is claimed, if it is."""
    held = contract.occurrences.get((obligation, occurrence))
    if held is not None and held.dispute is not None:
        yield case_read(held.dispute)


def _claimed(held: Occurrence, ctx: Context) -> bool:
    """Whether the breach is claimed in a case; one that was voided claims nothing any more."""
    if held.dispute is None:
        return False
    case: Dispute | None = ctx.fact(case_read(held.dispute))
    return case is None or case.status is not Status.VOIDED


def waive(contract: Contract, command: oc.WaiveObligation, ctx: Context) -> tuple[Event, ...]:
    """Raises ObligationUnknown, BreachDisputed."""
    _known(contract, command.obligation)
    held = _occurrence(contract, command.obligation, command.occurrence)
    if held.status in {OccurrenceStatus.WAIVED, OccurrenceStatus.MET}:
        return ()
    if _claimed(held, ctx):
        raise BreachDisputed("This breach is claimed in a dispute; settle or withdraw that.", dispute=str(held.dispute))
    return (
        o.ObligationWaived(
            obligation=command.obligation,
            occurrence=command.occurrence,
            due_on=held.due_on,
            previous=held.status,
            reason=command.reason,
        ),
    )


def dispute(contract: Contract, command: oc.DisputeBreach, ctx: Context) -> Outcome:
    """Raises ObligationUnknown, NotBreached, BreachDisputed, NothingClaimed."""
    obligation = _known(contract, command.obligation)
    held = _occurrence(contract, command.obligation, command.occurrence)
    claim = command.claim or obligation.penalty
    if _claimed(held, ctx):
        if claim == held.claim:
            return ()
        raise BreachDisputed("This breach is claimed already; change or settle that case.", dispute=str(held.dispute))
    if held.status is not OccurrenceStatus.BREACHED:
        raise NotBreached("Only what was not done in time can be claimed.", status=held.status.value, due_on=held.due_on.isoformat())
    if claim is None or claim.rounded().amount <= 0:
        raise NothingClaimed("The contract names no penalty for it; say what is claimed, as an amount above zero (`claim`).")
    first = dispute_of(ctx.own_id, command.obligation, command.occurrence)
    return (
        o.ObligationDisputed(
            obligation=command.obligation,
            occurrence=command.occurrence,
            due_on=held.due_on,
            dispute=first if held.dispute is None else dispute_after(held.dispute),
            by=obligation.by,
            party=contract.party,
            claim=claim,
            note=command.note,
        ),
    )


def record(contract: Contract, _command: oc.RecordObligations, ctx: Context) -> tuple[Event, ...]:
    """Everything up to today, however long nobody looked: each occurrence falls due, is breached, and makes room for the next."""
    events: list[Event] = []
    for _ in range(_ROUNDS):
        found = (*passed(contract, ctx), *rescheduled(contract, ctx))
        if not found:
            break
        for event in found:
            contract = evolved(contract, event)
        events += found
    return tuple(events)
