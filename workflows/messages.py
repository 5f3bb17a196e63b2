"""What travels between a deal's workflow, its activity and those who start it: ids and instants, never a name or an amount.

Temporal keeps these in plain text, so nothing personal may ever be added here. A field that is added needs a default,
because histories written before it are still replayed.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

DEAL_WORKFLOW = "deal"
ATTEND = "attend_deal"
APPROVAL_WORKFLOW = "approval"
ATTEND_APPROVAL = "attend_approval"
CONTRACT_WORKFLOW = "contract"
ATTEND_CONTRACT = "attend_contract"
DISPUTE_WORKFLOW = "dispute"
ATTEND_DISPUTE = "attend_dispute"
PAPER_WORKFLOW = "paper"
ATTEND_PAPER = "attend_paper"
SWEEP_WORKFLOW = "sweep"
SWEEP_PAGE = "sweep_page"

ESCALATE_AFTER = timedelta(days=3)
"""How long the owner has, after the reminder, before the manager is told (default)."""


class Message(BaseModel):
    """Base of all payloads."""

    model_config = ConfigDict(frozen=True)


class Telling(Message):
    """What a look starts from and ends with. `told`: up to which version of the stream members were told what concerns them; only a
    run that has looked, or continues another, knows.
    """

    told: int = 0


class DealRun(Message):
    """What a deal's workflow starts with. `escalations`: when each concern that the owner knows of goes to the manager;
    None once it has. Only a run that continues another has any.
    """

    tenant: str
    deal: UUID
    escalations: dict[UUID, AwareDatetime | None] = Field(default_factory=dict)


class Attend(Message):
    """See to a deal. `known`: the concerns that its owner was told of; `escalate`: those that the manager is to be told of now."""

    tenant: str
    deal: UUID
    known: tuple[UUID, ...] = ()
    escalate: tuple[UUID, ...] = ()


class Standing(Message):
    """How the deal stands after it was seen to. `concerns`: the ids of the events that somebody has to react to, such as
    the deal being stalled; `next_due`: when the next clock of the deal runs out.
    """

    open: bool
    concerns: tuple[UUID, ...] = ()
    next_due: AwareDatetime | None = None


class ApprovalRun(Message):
    """What an approval's workflow starts with, and asks its activity."""

    tenant: str
    approval: UUID


class ContractRun(Telling):
    """What a contract's workflow starts with, and asks its activity."""

    tenant: str
    contract: UUID


class ContractStanding(Telling):
    """How the contract stands after it was seen to. `open`: a clock of it still runs, next at `next_due`."""

    open: bool
    next_due: AwareDatetime | None = None


class DisputeRun(Telling):
    """What a dispute's workflow starts with, and asks its activity."""

    tenant: str
    dispute: UUID


class DisputeStanding(Telling):
    """How the case stands after it was seen to. `open`: time may still bring something to it, next at `next_due`."""

    open: bool
    next_due: AwareDatetime | None = None


class PaperRun(Message):
    """What a paper's workflow starts with, and asks its activity."""

    tenant: str
    paper: UUID


class SweepCounts(Message):
    """What a sweep has done so far."""

    deals: int = 0
    stalled: int = 0
    lapsed: int = 0
    commits_lost: int = 0

    def plus(self, other: SweepCounts) -> SweepCounts:
        return SweepCounts(**{name: getattr(self, name) + getattr(other, name) for name in type(self).model_fields})


class SweepRun(Message):
    """A daily sweep through a tenant's log, from the position `after` on."""

    tenant: str
    after: int = 0
    counts: SweepCounts = SweepCounts()


class SweepPage(Message):
    """The deals opened after one position, up to and including `upto`; None: the log has been gone through."""

    upto: int | None
    counts: SweepCounts


RUNS: dict[str, type[Message]] = {
    DEAL_WORKFLOW: DealRun,
    APPROVAL_WORKFLOW: ApprovalRun,
    CONTRACT_WORKFLOW: ContractRun,
    DISPUTE_WORKFLOW: DisputeRun,
    PAPER_WORKFLOW: PaperRun,
}
"""What the workflow of each noun starts with; the field for the id of its thing bears the noun's name."""


def workflow_id(tenant: str, noun: str, id: UUID | str) -> str:
    """The id of the one workflow of a thing; of an empty string, what all ids of the tenant's of that noun begin with."""
    return f"{tenant}-{noun}-{id}"
