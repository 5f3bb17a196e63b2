"""The way of a case until an offer is made: acknowledged, looked into, waiting for the other side; and what is said on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from domain.disputes import commands as c
from domain.disputes import events as e
from domain.disputes.clocks import clocks
from domain.disputes.guards import check_status, is_outside, moment, settings_of, speaker
from domain.disputes.opening import attached
from domain.disputes.refusals import ForOthers, RespondentOnly
from domain.disputes.state import Dispute
from domain.disputes.terms import ClockKind, MarkKind, Party, Status, Visibility
from domain.kernel import Context, Event, Outcome

Why = e.Investigating


def acknowledge(case: Dispute, command: c.AcknowledgeDispute, ctx: Context) -> Outcome:
    party = speaker(ctx, command.by, case.respondent)
    if party is not case.respondent:
        raise RespondentOnly("Who raised the claim does not acknowledge it; the other side does.")
    if case.status is Status.ACKNOWLEDGED:
        return ()
    check_status(case, {Status.OPENED}, "acknowledged")
    return (e.DisputeAcknowledged(party=party, at=moment(case, ctx)),)


def investigate(case: Dispute, _command: c.InvestigateDispute, ctx: Context) -> Outcome:
    """From opened only when the time for acknowledging has passed."""
    if case.status is Status.INVESTIGATING:
        return ()
    at = moment(case, ctx)
    if case.status is Status.OPENED and unacknowledged(case, ctx):
        return (e.DisputeInvestigationStarted(why=Why.NOT_ACKNOWLEDGED, previous=case.status, at=at),)
    check_status(case, {Status.ACKNOWLEDGED, Status.AWAITING_SUPPLIER, Status.REOPENED}, "taken up")
    return tuple(lead_in(case, case.respondent, at))


def unacknowledged(case: Dispute, ctx: Context) -> bool:
    """Whether the time for acknowledging has passed without."""
    found = next((clock for clock in clocks(case, settings_of(ctx)) if clock.kind is ClockKind.ACKNOWLEDGE), None)
    due = found.passed_at(100) if found is not None and found.stopped_at is None else None
    return due is not None and due <= ctx.now


def lead_in(case: Dispute, party: Party, at: datetime) -> Iterator[Event]:
    """The events by which a case comes to be looked into, because `party` did something that only then makes sense.

    Nothing where it is already, or where it cannot come there: what the respondent does shows that the claim arrived.
    """
    previous = case.status
    if previous is Status.OPENED and party is case.respondent:
        yield e.DisputeAcknowledged(party=party, at=at)
        previous = Status.ACKNOWLEDGED
    why = {
        Status.ACKNOWLEDGED: Why.TAKEN_UP,
        Status.AWAITING_SUPPLIER: Why.ANSWERED if party is Party.THEM else Why.RESUMED,
        Status.REOPENED: Why.REOPENED,
    }.get(previous)
    if why is not None:
        yield e.DisputeInvestigationStarted(why=why, previous=previous, at=at)


def await_supplier(case: Dispute, command: c.AwaitSupplier, ctx: Context) -> Outcome:
    if case.status is Status.AWAITING_SUPPLIER and command.question is None:
        return ()
    check_status(case, {Status.INVESTIGATING}, "left waiting")
    return (e.DisputeSupplierAwaited(at=moment(case, ctx), question=command.question),)


SPOKEN_OF = frozenset(Status) - {Status.VOIDED}


def comment(case: Dispute, command: c.Comment, ctx: Context) -> Outcome:
    """What the other side says in public is an answer: it acknowledges the claim, and ends the wait for one."""
    check_status(case, SPOKEN_OF, "commented on")
    party = speaker(ctx, command.by)
    if party is Party.THEM and command.visibility is Visibility.INTERNAL:
        raise ForOthers("What the other side says is never internal; leave the visibility away.")
    at = moment(case, ctx)
    said = e.DisputeCommented(comment=ctx.new_id(), party=party, visibility=command.visibility, text=command.text, at=at)
    return (said, *(_heard(case, party, at) if command.visibility is Visibility.PUBLIC else ()))


def _heard(case: Dispute, party: Party, at: datetime) -> Iterator[Event]:
    """What follows from a public word of `party`."""
    if case.status is Status.OPENED and party is case.respondent:
        yield e.DisputeAcknowledged(party=party, at=at)
    elif case.status is Status.AWAITING_SUPPLIER and party is Party.THEM and at >= _asked_at(case):
        yield e.DisputeInvestigationStarted(why=Why.ANSWERED, previous=case.status, at=at)


def _asked_at(case: Dispute) -> datetime:
    """Since when the case waits: an older word is no answer to it."""
    return max(mark.at for mark in case.marks if mark.kind is MarkKind.AWAITING)


def attach(case: Dispute, command: c.AttachEvidence, ctx: Context) -> Outcome:
    check_status(case, SPOKEN_OF - {Status.CLOSED, Status.WITHDRAWN}, "given evidence")
    if any(piece.evidence == command.evidence for piece in case.evidence.values()):
        return ()
    party, at = speaker(ctx, command.by), moment(case, ctx)
    piece = attached(command.evidence, party, ctx)
    return (piece, *(_heard(case, party, at) if command.evidence.visibility is Visibility.PUBLIC else ()))


def retract(case: Dispute, command: c.RetractEvidence, ctx: Context) -> Outcome:
    piece = case.evidence.get(command.evidence)
    if piece is None:
        return ()
    check_status(case, SPOKEN_OF - {Status.CLOSED, Status.WITHDRAWN}, "relieved of evidence")
    if is_outside(ctx.actor) and piece.party is not Party.THEM:
        raise ForOthers("You take back your own evidence only.")
    return (e.DisputeEvidenceRetracted(evidence=command.evidence, reason=command.reason),)
