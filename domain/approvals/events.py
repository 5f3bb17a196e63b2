"""What happens to an approval. Each round is complete in itself: terms, values, rate, policy version, and who is asked."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.approvals.terms import ApprovalTerms, Measures, RateUsed
from domain.kernel import Event, Role
from domain.stages import Chain
from domain.values import Text


class Plan(StrEnum):
    """What a round asks of a chain."""

    ASKED = "asked"
    NOT_NEEDED = "not_needed"
    CARRIED_OVER = "carried_over"


class StepPlan(Text):
    """A step: the `posts` that it stands for (several where vacant ones passed up), and the `approver` who is asked."""

    posts: tuple[Role, ...]
    approver: UUID


class ChainPlan(Text):
    """A chain in a round. `posts`: who has to agree by the policy; `why`: in words; `changed`: what else of the terms granted
    last makes legal look again (party, currency, clauses); `agreed_in`, `agreed_by`: the round that is carried over, and who
    agreed then.
    """

    chain: Chain
    plan: Plan
    posts: tuple[Role, ...] = ()
    why: str
    changed: tuple[str, ...] = ()
    steps: tuple[StepPlan, ...] = ()
    agreed_in: int | None = None
    agreed_by: tuple[UUID, ...] = ()


class ApprovalRequested(Event, topic="approval.requested"):
    """A round began: `about`, a `noun`, needs the consent of `chains` to exactly these terms.

    `part`: the part of it that does, such as an amendment. `cause`: the id of the event or thing that needs it; `parties`: those who may not decide, for it is their own; `amount` in
    `measures` was converted at `rate`; `policy_version` 0 are the rules that every tenant begins with.
    """

    noun: str
    about: UUID
    part: UUID | None = None
    title: str
    round: int
    cause: UUID
    requested_by: UUID
    parties: tuple[UUID, ...]
    owner: UUID | None = None
    team: UUID | None = None
    terms: ApprovalTerms
    content_hash: str
    measures: Measures
    rate: RateUsed | None = None
    policy: UUID
    policy_version: int
    chains: tuple[ChainPlan, ...]
    requested_at: datetime


class ApprovalStepAsked(Event, topic="approval.step_asked"):
    """It is the approver's turn, until `due_at`; after that their manager is asked too."""

    round: int
    chain: Chain
    step: int
    posts: tuple[Role, ...]
    approver: UUID
    asked_at: datetime
    due_at: datetime


class ApprovalEscalated(Event, topic="approval.escalated"):
    """`silent` let the deadline pass; `to` is asked beside them until `due_at`. None: nobody stands above, so they are asked again."""

    round: int
    chain: Chain
    step: int
    silent: UUID
    to: UUID | None
    asked_at: datetime
    due_at: datetime


class ApprovalStepApproved(Event, topic="approval.step_approved"):
    """`by` agreed, for `approver`, who was asked; they differ where one stands in for the other."""

    round: int
    chain: Chain
    step: int
    approver: UUID
    by: UUID
    comment: str | None = None
    content_hash: str


class ApprovalStepRejected(Event, topic="approval.step_rejected"):
    """`by` said no, for `approver`; the round is over."""

    round: int
    chain: Chain
    step: int
    approver: UUID
    by: UUID
    comment: str
    content_hash: str


class ApprovalGranted(Event, topic="approval.granted"):
    """All chains of the round agreed, or did not have to."""

    round: int
    chains: tuple[Chain, ...]
    content_hash: str


class ApprovalWithdrawn(Event, topic="approval.withdrawn"):
    """The round is over without a decision. `superseded`: other terms took its place."""

    round: int
    comment: str | None = None
    superseded: bool = False
