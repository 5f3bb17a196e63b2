"""Who is told what about an approval, and when it is looked at again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from domain.approvals import Approval, ApprovalEscalated, ApprovalGranted, ApprovalStepAsked, ApprovalStepRejected, StepState
from domain.approvals.state import Step
from domain.kernel import Recorded
from domain.notifications import Notify
from domain.stages import Chain
from infra.event_store.envelope import event_id
from workflows.titles import titled

"""Characters that a notification's title may have."""
ASKED, REMINDED, ESCALATED, GRANTED, REJECTED = (
    *("approval_asked", "approval_reminder", "approval_escalated", "approval_granted", "approval_rejected"),
)


def reminder_at(step: Step) -> datetime | None:
    """Half-way to the deadline (default)."""
    if step.asked_at is None or step.due_at is None or len(step.asked) > 1:
        return None
    return step.asked_at + (step.due_at - step.asked_at) / 2


def next_due(approval: Approval, now: datetime) -> datetime | None:
    """When the approval has to be looked at again: for a reminder, or because a deadline passes."""
    coming = [at for _, _, step in approval.pending for at in (reminder_at(step), step.due_at) if at is not None and at > now]
    return min(coming, default=None)


def notices(approval: Approval, id: UUID, history: Sequence[Recorded], now: datetime) -> Iterator[tuple[UUID, Notify]]:
    """What members are told of the present round, with whom it is for: a stand-in hears what the one asked hears."""
    steps = {(chain, n): step for chain, run in approval.chains.items() for n, step in enumerate(run.steps)}
    round_ = [r for r in history if getattr(r.event, "round", None) == approval.round]
    for recorded in round_:
        cause = event_id(recorded.originator_id, recorded.originator_version)
        match recorded.event:
            case ApprovalStepAsked(chain=chain, step=n, approver=approver):
                step = steps.get((chain, n))
                if not approval.open or step is None or step.state is not StepState.ASKED:
                    continue
                yield approver, _notice(approval, id, ASKED, cause, approver, f" needs your {chain} approval", _why(approval, chain, step))
                reminder = reminder_at(step)
                if reminder is not None and now >= reminder:
                    body = f"Nobody decides in your place, but from {_when(step.due_at)} on your manager is asked too."
                    yield approver, _notice(approval, id, REMINDED, cause, approver, f" waits for your {chain} approval", body)
            case ApprovalEscalated(chain=chain, step=n, to=UUID() as to):
                step = steps.get((chain, n))
                if approval.open and step is not None and step.state is StepState.ASKED:
                    body = f"Who was asked before you has not answered in time. {_why(approval, chain, step)}"
                    yield to, _notice(approval, id, ESCALATED, cause, to, f" needs your {chain} approval, after silence", body)
            case ApprovalGranted() if steps:
                follows = "the move goes on by itself" if approval.noun == "deal" else "it may be signed now"
                body = f"Everybody who was asked has agreed to these terms; {follows}."
                for member in _askers(approval):
                    yield member, _notice(approval, id, GRANTED, cause, member, " is approved", body)
            case ApprovalStepRejected(chain=chain, comment=comment):
                body = f"The {chain} approver says: {comment}"
                for member in _askers(approval):
                    yield member, _notice(approval, id, REJECTED, cause, member, " was not approved", body)


def _askers(approval: Approval) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys((approval.requested_by, *sorted(approval.parties))))


def _why(approval: Approval, chain: Chain, step: Step) -> str:
    plan = approval.chains[chain].plan
    return f"The terms: {plan.why}. Please decide by {_when(step.due_at)}: approve, or reject with a comment."


def _when(at: datetime | None) -> str:
    return "then" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def _notice(approval: Approval, id: UUID, kind: str, cause: UUID, member: UUID, says: str, body: str) -> Notify:
    return Notify(member=member, kind=kind, noun="approval", about=id, cause=cause, title=titled(approval.title, says), body=body)
