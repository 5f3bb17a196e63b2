"""Amendments: proposed, allowed by other eyes, signed; from then on part of what is in force, in the order of their effect."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from domain.contracts import amendment_events as a
from domain.contracts import commands as c
from domain.contracts.consent import consented, content_of, let_go
from domain.contracts.days import today
from domain.contracts.in_force import amended, check_sound, coming_end, terms_on
from domain.contracts.refusals import (
    AmendmentNotApproved,
    AmendmentUnknown,
    ContractNotInForce,
    EndTooEarly,
    EndTooLate,
    NoticeStands,
)
from domain.contracts.signing import check_past, check_reviewer, check_sealed
from domain.contracts.state import Amendment, Change, Contract
from domain.contracts.terms import TermChanges
from domain.kernel import Context, Event, Outcome


def check_in_force(contract: Contract) -> None:
    """Refuse what only a contract in force allows."""
    if not contract.in_force:
        state = contract.status.value.replace("_", " ")
        raise ContractNotInForce(f"This contract is {state}; only one that is in force allows this.", status=contract.status.value)


def propose(contract: Contract, command: c.ProposeAmendment, ctx: Context) -> tuple[Event, ...]:
    """Raises ContractNotInForce, EndTooEarly, EndTooLate, NoticeStands, TermsUnsound."""
    check_in_force(contract)
    check_change(contract, command.effective_on, command.changes, ctx)
    return (
        a.ContractAmendmentProposed(
            amendment=ctx.new_id(),
            title=command.title,
            effective_on=command.effective_on,
            changes=command.changes,
            by=ctx.actor.on_behalf_of or ctx.actor.id,
            reason=command.reason,
        ),
    )


def check_change(contract: Contract, effective_on: date, changes: TermChanges, ctx: Context) -> None:
    """Refuse a change that would come before the contract or after its end, or leave terms that make no sense."""
    day = today(contract, ctx)
    end, first = coming_end(contract, day), contract.terms.start
    if effective_on < first:
        raise EndTooEarly(f"The contract begins on {first}; an amendment takes effect on that day or later.", after=first.isoformat())
    if end is not None and effective_on > end + timedelta(days=1):
        raise EndTooLate(f"The contract ends on {end}; let the amendment take effect before.", ends_on=end.isoformat())
    if changes.end is not None or changes.renewal is not None:
        check_no_end(contract)
    if changes.end is not None and changes.end < day:
        raise EndTooEarly(f"{changes.end} is over; end the contract by terminating it.", after=day.isoformat())
    check_sound(amended(terms_on(contract, effective_on), changes))


def check_no_end(contract: Contract) -> None:
    """Refuse to change when a contract ends while a notice or a termination says so."""
    if contract.notice is not None or contract.termination is not None:
        what = "notice was given" if contract.notice is not None else "its termination is agreed"
        raise NoticeStands(f"The contract is to end, because {what}; take that back first.")


def _waiting(contract: Contract, id: UUID) -> Amendment:
    found = contract.amendments.get(id)
    if found is None or found.settled:
        raise AmendmentUnknown("There is no such amendment that waits; propose it first.", amendment=str(id))
    return found


def approve_amendment(contract: Contract, command: c.ApproveAmendment, ctx: Context) -> Outcome:
    """Raises AmendmentUnknown, ReviewNeedsLegal, OwnReview, ConsentMissing."""
    waiting = _waiting(contract, command.amendment)
    if waiting.approved:
        return ()
    check_reviewer(ctx, waiting.by, contract.owner)
    agreed = consented(contract, command, ctx)
    approval = command.approval or (waiting.approval if agreed else None)
    return (a.ContractAmendmentApproved(amendment=command.amendment, approval=approval, note=command.note), *agreed)


def drop(contract: Contract, command: c.DropAmendment, ctx: Context) -> Outcome:
    """Raises AmendmentUnknown."""
    _waiting(contract, command.amendment)
    dropped = a.ContractAmendmentDropped(amendment=command.amendment, reason=command.reason)
    return (dropped, *let_go(contract, command.amendment, command.reason, ctx))


def sign(contract: Contract, command: c.SignAmendment, ctx: Context) -> tuple[Event, ...]:
    """Raises AmendmentUnknown, AmendmentNotApproved, DayInFuture, PaperNotSealed, and what `check_change` raises."""
    check_in_force(contract)
    waiting = _waiting(contract, command.amendment)
    if not waiting.approved:
        raise AmendmentNotApproved(
            "This amendment has not been approved; let legal review it, then sign.", amendment=str(command.amendment)
        )
    check_past(command.signed_on, contract.zone, ctx)
    check_sealed(command.paper, command.amendment, content_of(contract, command.amendment), ctx)
    check_change(contract, waiting.effective_on, waiting.changes, ctx)
    after = Change(waiting.effective_on, waiting.changes)
    return (
        a.ContractAmended(
            amendment=command.amendment,
            title=waiting.title,
            effective_on=waiting.effective_on,
            changes=waiting.changes,
            terms=terms_on(contract.changed(after), waiting.effective_on),
            signed_on=command.signed_on,
            paper=command.paper,
        ),
    )
