"""How contracts end otherwise than by running out: notice given or received, and termination."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from domain.contract_dates import RenewalKind, counted_on, notice_deadline
from domain.contracts import commands as c
from domain.contracts import events as e
from domain.contracts.amending import check_in_force
from domain.contracts.days import calendar_of, known_end, today
from domain.contracts.in_force import coming_end, ends_of, terms_on
from domain.contracts.refusals import EndTooEarly, EndTooLate, NoNotice, NoticeStands
from domain.contracts.signing import check_past
from domain.contracts.state import Contract
from domain.contracts.terms import ContractStatus, Party
from domain.kernel import Context, Event


def give_notice(contract: Contract, command: c.GiveNotice, ctx: Context) -> tuple[Event, ...]:
    """Raises ContractNotInForce, DayInFuture, NoticeStands, EndTooEarly."""
    return _noticed(contract, command, Party.US, command.sent_on, command.received_on, ctx)


def receive_notice(contract: Contract, command: c.ReceiveNotice, ctx: Context) -> tuple[Event, ...]:
    """Raises ContractNotInForce, DayInFuture, NoticeStands, EndTooEarly."""
    return _noticed(contract, command, Party.THEM, command.sent_on or command.received_on, command.received_on, ctx)


def _noticed(
    contract: Contract, command: c.GiveNotice | c.ReceiveNotice, by: Party, sent: date, received: date | None, ctx: Context
) -> tuple[Event, ...]:
    check_in_force(contract)
    standing = contract.notice
    if standing is not None:
        if (standing.by, standing.sent_on, standing.received_on) == (by, sent, received):
            return ()
        raise NoticeStands("Notice was given already; withdraw that one first.", ends_on=standing.ends_on.isoformat())
    check_past(max(sent, received or sent), contract.zone, ctx)
    if received is not None and received < sent:
        raise EndTooEarly("It was received before it was sent; swap the days.", after=sent.isoformat())
    _check_agreed(contract, sent)
    effect = _effect(contract, sent, received, ctx)
    kind = e.ContractNoticeGiven if by is Party.US else e.ContractNoticeReceived
    return (
        kind(
            notice=ctx.new_id(),
            sent_on=sent,
            received_on=received,
            counted_on=effect.counted_on,
            deadline=effect.deadline,
            in_time=effect.in_time,
            ends_on=effect.ends_on,
            how=command.how,
            document=command.document,
            sha256=command.sha256,
            note=command.note,
        ),
    )


def _check_agreed(contract: Contract, sent: date) -> None:
    """Refuse a notice from before there was anything to end; of a contract that was taken over, also the day it began says when."""
    agreed = contract.signed_on
    if agreed is not None and sent < (min(agreed, contract.terms.start) if contract.registered else agreed):
        raise EndTooEarly(f"The contract was signed on {agreed}; a notice of {sent} cannot end it.", after=agreed.isoformat())


class _Effect:
    """What a notice brings about, by the terms in force on the day on which it counts, even if a term has begun since."""

    def __init__(self, contract: Contract, counted: date, ctx: Context) -> None:
        calendar = calendar_of(contract, ctx)
        rule, end = terms_on(contract, counted).notice, coming_end(contract, counted)
        self.counted_on = counted
        self.deadline = notice_deadline(rule, end, calendar) if rule is not None and end is not None else None
        self.in_time = self.deadline is None or counted <= self.deadline
        self.ends_on = ends_of(contract, counted).earliest(counted, calendar)


def _effect(contract: Contract, sent: date, received: date | None, ctx: Context) -> _Effect:
    rule, calendar = terms_on(contract, sent).notice, calendar_of(contract, ctx)
    return _Effect(contract, max(counted_on(rule, sent, received, calendar), contract.terms.start), ctx)


def confirm_delivery(contract: Contract, command: c.ConfirmNoticeDelivery, ctx: Context) -> tuple[Event, ...]:
    """Raises NoNotice, DayInFuture, EndTooEarly."""
    notice = contract.notice
    if notice is None or notice.by is not Party.US:
        raise NoNotice("There is no notice of ours that could have been received; give notice first.")
    if notice.received_on == command.received_on:
        return ()
    check_in_force(contract)
    check_past(command.received_on, contract.zone, ctx)
    if command.received_on < notice.sent_on:
        raise EndTooEarly(f"It was sent on {notice.sent_on}; it cannot have been received before.", after=notice.sent_on.isoformat())
    effect = _effect(contract, notice.sent_on, command.received_on, ctx)
    return (
        e.ContractNoticeDelivered(
            notice=notice.id,
            received_on=command.received_on,
            counted_on=effect.counted_on,
            in_time=effect.in_time,
            ends_on=effect.ends_on,
        ),
    )


def withdraw_notice(contract: Contract, command: c.WithdrawNotice, _ctx: Context) -> tuple[Event, ...]:
    """Raises ContractNotInForce."""
    if contract.notice is None:
        return ()
    check_in_force(contract)
    return (e.ContractNoticeWithdrawn(notice=contract.notice.id, by=contract.notice.by, reason=command.reason),)


def terminate(contract: Contract, command: c.TerminateContract, ctx: Context) -> tuple[Event, ...]:
    """Raises ContractNotInForce, EndTooEarly, EndTooLate."""
    if contract.termination is not None and (contract.termination.on, contract.termination.cause) == (command.on, command.cause):
        return ()
    check_in_force(contract)
    day, first = today(contract, ctx), contract.terms.start
    if command.on < first:
        raise EndTooEarly(f"The contract begins on {first}; give that day or a later one.", after=first.isoformat())
    end = coming_end(contract, day)
    known = known_end(replace(contract, termination=None), end)
    last = known.on if known is not None else end if terms_on(contract, day).renewal.kind is RenewalKind.FIXED else None
    if last is not None and command.on > last:
        raise EndTooLate(f"The contract ends on {last} already; give an earlier day.", ends_on=last.isoformat())
    if command.on < day:
        return (e.ContractTerminated(on=command.on, cause=command.cause, note=command.note),)
    return (e.ContractTerminationAgreed(on=command.on, cause=command.cause, note=command.note),)


def revoke(contract: Contract, command: c.RevokeTermination, _ctx: Context) -> tuple[Event, ...]:
    """Raises ContractNotInForce."""
    if _terminated(contract):
        assert contract.ended_on is not None
        return (e.ContractTerminationRevoked(on=contract.ended_on, reason=command.reason),)
    if contract.termination is None and contract.in_force:
        return ()
    check_in_force(contract)
    assert contract.termination is not None
    return (e.ContractTerminationRevoked(on=contract.termination.on, reason=command.reason),)


def _terminated(contract: Contract) -> bool:
    """Whether it has ended by a termination; one that a notice ended stays ended."""
    return contract.status is ContractStatus.TERMINATED and (contract.notice is None or contract.notice.ends_on != contract.ended_on)
