"""What happens to a deal. Each event is complete in itself: who folds it into a table needs nothing else."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from domain.attributes import Attributes
from domain.deals.terms import DealPerson, Direction, Line, Source
from domain.kernel import Event
from domain.stages import Category, EvidenceKind, StageKind, Unmet
from domain.values import Money


class StageFacts(Event):
    """Base of the events that put a deal into a stage.

    `probability` and `category` are the effective ones from now on (an override counts, caps are applied);
    `stage_probability` and `default_category` are the stage's own. `since` is when the deal came there.
    `rules`, here and below: the version of the tenant's deal rules that bore on the decision, 0 where none did or those that
    every tenant begins with.
    """

    pipeline: UUID
    pipeline_version: int
    stage: str
    stage_name: str
    kind: StageKind
    probability: int
    stage_probability: int
    category: Category
    default_category: Category
    max_days: int | None = None
    since: datetime
    rules: int = 0


class DealOpened(StageFacts, topic="deal.opened"):
    """A deal began, in the first stage of its pipeline. `annual` is the recurring value per twelve months, if known."""

    title: str
    account: UUID
    amount: Money
    annual: Money | None = None
    lines: tuple[Line, ...] = ()
    close_date: date
    zone: str
    owner: UUID
    team: UUID | None = None
    source: Source
    source_reference: str | None = None
    people: tuple[DealPerson, ...] = ()
    next_step: str | None = None
    next_step_on: date | None = None
    attributes: Attributes = Field(default_factory=dict)
    definitions: int = 0


class DealStageRequested(Event, topic="deal.stage_requested"):
    """Someone asked to move the deal; its gate held, and the move is now pending."""

    from_stage: str
    to: str
    to_name: str
    kind: StageKind
    direction: Direction
    requested_at: datetime
    reason: str | None = None
    note: str | None = None
    competitor: str | None = None
    won_on: date | None = None
    signature: str | None = None
    order_reference: str | None = None
    rules: int = 0


class DealStageEntered(StageFacts, topic="deal.stage_entered"):
    """The pending move was carried out. A won deal has `won_on`, the day it books on; a lost one its reason."""

    previous: str
    direction: Direction
    request: UUID
    reason: str | None = None
    note: str | None = None
    competitor: str | None = None
    won_on: date | None = None
    signature: str | None = None
    order_reference: str | None = None


class DealMoveRefused(Event, topic="deal.move_refused"):
    """The pending move was not carried out: `rule` says no, `unmet` is what is missing."""

    request: UUID
    to: str
    rule: str
    detail: str
    unmet: tuple[Unmet, ...] = ()


class DealMoveWithdrawn(Event, topic="deal.move_withdrawn"):
    """The pending move was taken back before it was carried out."""

    request: UUID
    to: str
    note: str | None = None


class DealReopened(StageFacts, topic="deal.reopened"):
    """A lost deal is open again, in the stage it left."""

    previous: str
    reason: str


class DealWinReversed(StageFacts, topic="deal.win_reversed"):
    """Finance took a win back; the deal is open again, in the stage it left. `won_on` is the day it had booked on."""

    previous: str
    reason: str
    won_on: date | None = None


class DealPipelineMigrated(StageFacts, topic="deal.pipeline_migrated"):
    """The deal goes on in another pipeline or version. `dropped` are criteria whose evidence has no place there."""

    previous: str
    previous_pipeline: UUID
    previous_version: int
    dropped: tuple[str, ...] = ()


class DealEvidenceRecorded(Event, topic="deal.evidence_recorded"):
    """The buyer did what an exit criterion of `stage` asks for, and this proves it."""

    criterion: str
    label: str
    stage: str
    kind: EvidenceKind
    note: str | None = None
    on: date | None = None
    document: str | None = None
    sha256: str | None = None
    contact: UUID | None = None
    amount: Money | None = None


class DealEvidenceRetracted(Event, topic="deal.evidence_retracted"):
    """The proof of an exit criterion was wrong; the criterion is unmet again."""

    criterion: str
    reason: str


class DealAmountChanged(Event, topic="deal.amount_changed"):
    """The deal, which has no lines, is worth another amount; None: its source no longer tells one."""

    amount: Money | None
    annual: Money | None = None
    previous: Money | None = None
    reason: str | None = None


class DealLinesChanged(Event, topic="deal.lines_changed"):
    """The deal has other lines; `amount` is their sum, `annual` their recurring value per twelve months."""

    lines: tuple[Line, ...]
    amount: Money
    annual: Money | None = None
    previous: Money | None = None
    reason: str | None = None


class DealCloseDateMoved(Event, topic="deal.close_date_moved"):
    """The deal is expected to close on another day. `pushed`: into a later month; `pushes`: how often by now."""

    close_date: date | None
    previous: date | None
    pushed: bool
    pushes: int
    reason: str | None = None
    rules: int = 0


class DealCloseDateLapsed(Event, topic="deal.close_date_lapsed"):
    """The expected day passed and the deal is still open."""

    close_date: date
    owner: UUID | None = None


class DealStalled(Event, topic="deal.stalled"):
    """The deal has been in its stage for longer than the stage allows."""

    stage: str
    since: datetime
    days: int
    max_days: int
    owner: UUID | None = None


class DealCommitLost(Event, topic="deal.commit_lost"):
    """Time passed, and the deal no longer fulfils what commit asks for: `unmet`."""

    unmet: tuple[Unmet, ...]
    owner: UUID | None = None
    rules: int = 0


class DealForecastCategoryChanged(Event, topic="deal.forecast_category_changed"):
    """The effective forecast category is another one, for whatever cause; `capped_by` says what holds it down."""

    category: Category
    previous: Category
    capped_by: tuple[str, ...] = ()
    rules: int = 0


class DealCategorySet(Event, topic="deal.category_set"):
    """The owner calls the deal this category, whatever its stage says."""

    called: Category
    rules: int = 0


class DealCategoryCleared(Event, topic="deal.category_cleared"):
    """The stage's category counts again."""

    default_category: Category


class DealProbabilityOverridden(Event, topic="deal.probability_overridden"):
    """The probability is this, in percent, until it is cleared or the deal closes."""

    probability: int
    stage_probability: int
    reason: str | None = None


class DealProbabilityCleared(Event, topic="deal.probability_cleared"):
    """The stage's probability counts again."""

    probability: int


class DealOwnerAssigned(Event, topic="deal.owner_assigned"):
    """Another member is responsible for the deal; None: its source no longer names one."""

    owner: UUID | None
    team: UUID | None = None
    previous: UUID | None = None
    previous_team: UUID | None = None


class DealAccountSet(Event, topic="deal.account_set"):
    """The deal is with this account; None: its source no longer names one."""

    account: UUID | None
    previous: UUID | None = None


class DealNextStepSet(Event, topic="deal.next_step_set"):
    """What comes next, and when; None: nothing is planned."""

    next_step: str | None = None
    next_step_on: date | None = None


class DealPeopleSet(Event, topic="deal.people_set"):
    """These people of the buyer matter, in these roles."""

    people: tuple[DealPerson, ...]


class DealPaymentTermsSet(Event, topic="deal.payment_terms_set"):
    """The buyer pays within so many days; None: the usual ones."""

    payment_days: int | None
    previous: int | None = None


class DealApprovalRequested(Event, topic="deal.approval_requested"):
    """The pending move waits until `chains` have agreed; meanwhile the terms stay as they are. `approval`: the stream that has it."""

    approval: UUID
    round: int
    chains: tuple[str, ...]
    request: UUID


class DealRenamed(Event, topic="deal.renamed"):
    """The deal is called something else."""

    title: str
    previous: str


class DealAttributesSet(Event, topic="deal.attributes_set"):
    """The tenant's own fields, all of them, by version `definitions` of what the tenant defined."""

    attributes: Attributes
    definitions: int = 0
