"""Decisions about an open round: agreed, rejected, taken back, or escalated because its approver was silent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from domain.approval_policies import ABOVE
from domain.approvals.commands import Approve, Escalate, Reject, WithdrawApproval
from domain.approvals.deadlines import due_at
from domain.approvals.events import (
    ApprovalEscalated,
    ApprovalGranted,
    ApprovalStepApproved,
    ApprovalStepRejected,
    ApprovalWithdrawn,
)
from domain.approvals.refusals import ApprovalClosed, NotAsked, NotYourRequest, OwnRequest, TermsChanged
from domain.approvals.requesting import ask, rules_in
from domain.approvals.state import Approval, Step, evolve
from domain.kernel import DECIDERS, SYSTEM, Context, Event, Read, Role
from domain.members import Member
from domain.settings import SETTINGS_READ, Settings
from domain.stages import Chain
from domain.standing import member_read


def subject_reads(approval: Approval) -> Iterator[Read]:
    """The subject itself, to know whose it is by now."""
    if approval.noun in DECIDERS:
        yield Read(approval.noun, approval.about)


def barred(approval: Approval, facts: Mapping[UUID, Any]) -> frozenset[UUID]:
    """Those who may not decide: whoever asked, whose own it was then, and whose it is now."""
    owner = getattr(facts.get(approval.about), "owner", None)
    return approval.parties | {approval.requested_by, SYSTEM.id} | ({owner} if owner is not None else set())


def approve(approval: Approval, command: Approve, ctx: Context) -> tuple[Event, ...]:
    """Raises OwnRequest, ApprovalClosed, NotAsked, TermsChanged; quiet for who has agreed already."""
    if ctx.actor.id in _agreed(approval, command.chain) and not _turns(approval, command.chain, ctx):
        return ()
    rules = rules_in(ctx.facts, approval.policy, approval.policy_version).rules
    after, events = approval, list[Event]()
    for chain, number, _, whose in _own_turns(approval, command, ctx):
        agreed = ApprovalStepApproved(
            round=approval.round,
            chain=chain,
            step=number,
            approver=whose,
            by=ctx.actor.id,
            comment=command.comment,
            content_hash=approval.content_hash,
        )
        after, events = _after(after, agreed), [*events, agreed]
        steps = after.chains[chain].steps
        if number + 1 < len(steps):
            following = ask(approval.round, chain, number + 1, steps[number + 1], rules, ctx)
            after, events = _after(after, following), [*events, following]
    if all(run.done for run in after.chains.values()):
        events.append(ApprovalGranted(round=approval.round, chains=tuple(after.chains), content_hash=approval.content_hash))
    return tuple(events)


def _after(approval: Approval, event: Event) -> Approval:
    after = evolve(approval, event)
    assert after is not None
    return after


def reject(approval: Approval, command: Reject, ctx: Context) -> tuple[Event, ...]:
    """Raises OwnRequest, ApprovalClosed, NotAsked, TermsChanged."""
    chain, number, _, whose = _own_turns(approval, command, ctx)[0]
    return (
        ApprovalStepRejected(
            round=approval.round,
            chain=chain,
            step=number,
            approver=whose,
            by=ctx.actor.id,
            comment=command.comment,
            content_hash=approval.content_hash,
        ),
    )


Turn = tuple[Chain, int, Step, UUID]


def _own_turns(approval: Approval, command: Approve | Reject, ctx: Context) -> list[Turn]:
    if not {ctx.actor.id, ctx.actor.on_behalf_of}.isdisjoint(barred(approval, ctx.facts)):
        raise OwnRequest("This is your own request; somebody else has to decide about it.")
    if not approval.open:
        raise ApprovalClosed(f"Nothing is asked here: the request was {approval.status}.", status=approval.status)
    if command.content_hash not in {None, approval.content_hash}:
        raise TermsChanged("The terms have changed since you looked at them; look again, then decide.", content_hash=approval.content_hash)
    if turns := _turns(approval, command.chain, ctx):
        return turns
    raise NotAsked(
        "You are not asked at this moment; those who are decide, or whoever stands in for them.",
        asked=[str(id) for id in approval.asked],
    )


def _turns(approval: Approval, chain: Chain | None, ctx: Context) -> list[Turn]:
    """The steps that the actor may decide now, and for whom."""
    found = []
    for of, number, step in approval.pending:
        whose = _whose(step, ctx) if chain in {None, of} else None
        if whose is not None:
            found.append((of, number, step, whose))
    return found


def _whose(step: Step, ctx: Context) -> UUID | None:
    """For whom the actor may decide a step: for themselves, or for who is asked and has the actor stand in today."""
    for id in step.asked:
        member: Member | None = ctx.fact(member_read(id))
        if member is None or not member.active or (id == step.approver and not _still_holds(member, step)):
            continue
        if ctx.actor.id == id or member.stand_in(ctx.now) == ctx.actor.id:
            return id
    return None


def _still_holds(member: Member, step: Step) -> bool:
    """Whether the approver has a role for which the step is asked, or one above it."""
    wanted: set[Role] = set()
    for post in step.posts:
        at: Role | None = post
        while at is not None:
            wanted.add(at)
            at = ABOVE.get(at)
    return not wanted.isdisjoint(member.roles)


def _agreed(approval: Approval, chain: Chain | None) -> set[UUID]:
    """Who has agreed in the round, in a chain or in any."""
    return {step.by for of, run in approval.chains.items() if chain in {None, of} for step in run.steps if step.by is not None}


def withdraw(approval: Approval, command: WithdrawApproval, ctx: Context) -> tuple[Event, ...]:
    """Raises NotYourRequest."""
    if not approval.open:
        return ()
    if ctx.actor.id not in barred(approval, ctx.facts) and not ctx.actor.has(Role.ADMIN):
        raise NotYourRequest("Only those whose request it is take it back; reject it with a comment instead, if you are asked.")
    return (ApprovalWithdrawn(round=approval.round, comment=command.comment),)


def escalate(approval: Approval, command: Escalate, ctx: Context) -> tuple[Event, ...]:
    """Ask the next one up beside who was silent. It never decides by itself, however long the silence."""
    step = next((s for chain, n, s in approval.pending if (chain, n) == (command.chain, command.step)), None)
    if step is None or step.due_at is None or ctx.now < step.due_at:
        return ()
    no = barred(approval, ctx.facts)
    to = next((id for id in command.to if id not in no and id not in step.asked and _active(id, ctx)), None)
    asked: Member | None = ctx.fact(member_read(to or step.asked[-1]))
    known: Settings = ctx.fact(SETTINGS_READ) or Settings()
    rules = rules_in(ctx.facts, approval.policy, approval.policy_version).rules
    return (
        ApprovalEscalated(
            round=approval.round,
            chain=command.chain,
            step=command.step,
            silent=step.asked[-1],
            to=to,
            asked_at=ctx.at,
            due_at=due_at(known, rules, asked.zone if asked else None, ctx.now),
        ),
    )


def _active(id: UUID, ctx: Context) -> bool:
    member: Member | None = ctx.fact(member_read(id))
    return member is not None and member.active
