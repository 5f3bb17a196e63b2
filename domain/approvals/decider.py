"""The decider of approvals: which rule answers which command, and what it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from domain.approval_policies import policy_read
from domain.approvals import commands as c
from domain.approvals import deciding, requesting
from domain.approvals.state import Approval, approval_id, evolve
from domain.backdating import check_dating
from domain.kernel import SYSTEM, Command, Context, Decider, Event, Forbidden, Invalid, NotFound, Read
from domain.settings import SETTINGS_READ
from domain.standing import member_read

_HANDLERS: dict[type[Command], Callable[[Approval, Any, Context], tuple[Event, ...]]] = {
    c.Approve: deciding.approve,
    c.Reject: deciding.reject,
    c.WithdrawApproval: deciding.withdraw,
    c.Escalate: deciding.escalate,
}


def decide(approval: Approval | None, command: Any, ctx: Context) -> tuple[Event, ...]:
    """The events that follow from a command, possibly none, or a refusal (`domain/approvals/refusals.py`)."""
    check_dating(ctx)
    if isinstance(command, c.RequestApproval | c.Escalate) and ctx.actor.id != SYSTEM.id:
        raise Forbidden("What needs consent asks for it by itself; move it on instead.")
    if isinstance(command, c.RequestApproval):
        if ctx.stream is not None and ctx.stream != approval_id(command.noun, command.part or command.about):
            raise Invalid("The approvals of a subject have their own stream.")
        return requesting.request(approval, command, ctx)
    if approval is None:
        raise NotFound("There is no such approval; nobody was asked.")
    handler = _HANDLERS.get(type(command))
    if handler is None:
        raise TypeError(f"an approval knows no {type(command).__name__}")
    return handler(approval, command, ctx)


def reads(approval: Approval | None, command: Any, facts: Mapping[UUID, Any]) -> Iterator[Read]:
    """The policy, the settings with the calendars, rates where amounts are converted, the subject, and who may be asked."""
    if isinstance(command, c.RequestApproval):
        yield from requesting.measure_reads(command.terms, command.policy, facts)
        if command.part is not None:
            yield requesting.whole_read(command)
        yield from map(member_read, dict.fromkeys(id for held in command.holders for id in held.members))
        return
    if approval is None:
        return
    yield from deciding.subject_reads(approval)
    if isinstance(command, c.WithdrawApproval):
        return
    yield policy_read(approval.policy)
    yield SETTINGS_READ
    steps = (step for run in approval.chains.values() for step in run.steps)
    ids = [id for step in steps for id in (step.approver, *step.asked)]
    yield from map(member_read, dict.fromkeys([*ids, *(command.to if isinstance(command, c.Escalate) else ())]))


approvals: Decider[Approval | None] = Decider("approval", None, decide, evolve, reads, state_version=2)
