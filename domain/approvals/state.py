"""An approval as its decisions see it: one stream per subject, in rounds, with what each chain agreed to last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.approvals import events as e
from domain.approvals.terms import ApprovalTerms, Measures, RateUsed
from domain.kernel import Event, Role, natural_id
from domain.stages import Chain


class Status(StrEnum):
    """How a round stands."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class StepState(StrEnum):
    """How a step stands."""

    WAITING = "waiting"
    ASKED = "asked"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Step:
    """`asked`: who may decide, the approver first, then those it was escalated to."""

    posts: tuple[Role, ...]
    approver: UUID
    state: StepState = StepState.WAITING
    asked: tuple[UUID, ...] = ()
    asked_at: datetime | None = None
    due_at: datetime | None = None
    by: UUID | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class ChainRun:
    """A chain in the present round."""

    plan: e.ChainPlan
    steps: tuple[Step, ...] = ()

    @property
    def current(self) -> tuple[int, Step] | None:
        """The step that is asked now, with its number from 0."""
        return next(((n, s) for n, s in enumerate(self.steps) if s.state is StepState.ASKED), None)

    @property
    def done(self) -> bool:
        """Whether it has agreed, or did not have to."""
        return all(step.state is StepState.APPROVED for step in self.steps)


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a chain agreed to last, and by whom."""

    round: int
    measures: Measures
    posts: tuple[Role, ...]
    by: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Approval:
    """What decisions about an approval read, of its latest round."""

    noun: str
    about: UUID
    part: UUID | None
    title: str
    round: int
    cause: UUID
    requested_by: UUID
    parties: frozenset[UUID]
    owner: UUID | None
    team: UUID | None
    terms: ApprovalTerms
    content_hash: str
    measures: Measures
    rate: RateUsed | None
    policy: UUID
    policy_version: int
    requested_at: datetime
    chains: Mapping[Chain, ChainRun] = field(default_factory=dict)
    status: Status = Status.OPEN
    agreed: Mapping[Chain, Agreed] = field(default_factory=dict)
    granted: ApprovalTerms | None = None
    """The terms of the last round that was approved."""
    comment: str | None = None
    """Why the round was rejected or withdrawn."""

    @property
    def open(self) -> bool:
        return self.status is Status.OPEN

    @property
    def pending(self) -> tuple[tuple[Chain, int, Step], ...]:
        """The steps that are asked now."""
        if not self.open:
            return ()
        found = ((chain, run.current) for chain, run in self.chains.items())
        return tuple((chain, *current) for chain, current in found if current is not None)

    @property
    def asked(self) -> tuple[UUID, ...]:
        """Everybody who is asked now."""
        return tuple(dict.fromkeys(id for _, _, step in self.pending for id in step.asked))

    @property
    def involved(self) -> frozenset[UUID]:
        """Whose business the round is: parties, all who are or will be asked, and who decided."""
        steps = (step for run in self.chains.values() for step in run.steps)
        asked = (id for step in steps for id in (step.approver, step.by, *step.asked) if id is not None)
        return self.parties | {self.requested_by} | frozenset(asked)

    def covers(self, content_hash: str, chains: Iterable[Chain]) -> bool:
        """Whether the round is about exactly these terms and at least these chains."""
        return self.content_hash == content_hash and set(chains) <= set(self.chains)

    def grants(self, content_hash: str, chains: Iterable[Chain]) -> bool:
        """Whether these chains have agreed to exactly these terms."""
        return self.status is Status.APPROVED and self.covers(content_hash, chains)


def approval_id(noun: str, subject: UUID) -> UUID:
    """The stream of the approvals of a subject."""
    return natural_id("approval", noun, str(subject))


def _begun(before: Approval | None, event: e.ApprovalRequested) -> Approval:
    chains = {plan.chain: ChainRun(plan, tuple(Step(s.posts, s.approver) for s in plan.steps)) for plan in event.chains}
    return Approval(
        **{name: getattr(event, name) for name in _SAME},
        parties=frozenset(event.parties),
        chains=chains,
        agreed=before.agreed if before else {},
        granted=before.granted if before else None,
    )


_SAME = (
    *("noun", "about", "part", "title", "round", "cause", "requested_by", "owner", "team", "terms", "content_hash"),
    *("measures", "rate", "policy", "policy_version", "requested_at"),
)


def _with_step(approval: Approval, chain: Chain, number: int, **changes: object) -> Approval:
    run = approval.chains.get(chain)
    if run is None or number >= len(run.steps):
        return approval
    steps = tuple(replace(s, **changes) if n == number else s for n, s in enumerate(run.steps))  # type: ignore[arg-type]
    after = replace(approval, chains={**approval.chains, chain: replace(run, steps=steps)})
    if not after.chains[chain].done:
        return after
    by = tuple(s.by for s in steps if s.by is not None)
    return replace(after, agreed={**after.agreed, chain: Agreed(after.round, after.measures, run.plan.posts, by)})


def evolve(approval: Approval | None, event: Event) -> Approval | None:
    """Total: an event that makes no sense here changes nothing."""
    if isinstance(event, e.ApprovalRequested):
        return _begun(approval, event)
    if approval is None or getattr(event, "round", None) != approval.round:
        return approval
    match event:
        case e.ApprovalStepAsked(chain=chain, step=step, approver=approver, asked_at=at, due_at=due):
            return _with_step(approval, chain, step, state=StepState.ASKED, asked=(approver,), asked_at=at, due_at=due)
        case e.ApprovalEscalated(chain=chain, step=step, to=to, due_at=due):
            run = approval.chains.get(chain)
            asked = run.steps[step].asked if run and step < len(run.steps) else ()
            return _with_step(approval, chain, step, asked=asked if to is None else (*asked, to), due_at=due)
        case e.ApprovalStepApproved(chain=chain, step=step, by=by, comment=comment):
            return _with_step(approval, chain, step, state=StepState.APPROVED, by=by, comment=comment)
        case e.ApprovalStepRejected(chain=chain, step=step, by=by, comment=comment):
            after = _with_step(approval, chain, step, state=StepState.REJECTED, by=by, comment=comment)
            return replace(after, status=Status.REJECTED, comment=comment)
        case e.ApprovalGranted():
            return replace(approval, status=Status.APPROVED, granted=approval.terms)
        case e.ApprovalWithdrawn(comment=comment):
            return replace(approval, status=Status.WITHDRAWN, comment=comment)
        case _:
            return approval
