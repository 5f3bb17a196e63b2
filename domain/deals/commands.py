"""What can be asked of a deal."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from domain.approvals.terms import PaymentDays
from domain.attributes import AttributeChanges, Attributes
from domain.deals.terms import DealPerson, Evidence, Line, Source
from domain.kernel import Command
from domain.pipelines import DEFAULT_PIPELINE
from domain.stages import Category, Unmet
from domain.values import Key, Money, Name, Payable, Prose, Zone

Lines = Annotated[tuple[Line, ...], Field(max_length=500)]
People = Annotated[tuple[DealPerson, ...], Field(max_length=100)]
Reported = Annotated[AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(9000, 1, 1, tzinfo=UTC))]
"""An instant that a source tells."""
Percent = Annotated[int, Field(ge=0, le=100)]


class OpenDeal(Command):
    """Open a deal in the first stage of a pipeline's latest version, with lines or with an amount."""

    title: Name
    account: UUID
    pipeline: UUID = DEFAULT_PIPELINE
    lines: Lines = ()
    amount: Payable | None = None
    annual: Payable | None = None
    close_date: date
    zone: Zone = "UTC"
    owner: UUID
    team: UUID | None = None
    source: Source = Source.DIRECT
    source_reference: Name | None = None
    people: People = ()
    next_step: Prose | None = None
    next_step_on: date | None = None
    attributes: Attributes = Field(default_factory=dict)


class AdvanceDeal(Command):
    """Ask for a move to another stage, with evidence for the gate.

    Back: `reason` is one of the `back_reasons` in the tenant's deal rules. Lost: one of the `lost_reasons`, with a note for "other".
    Won: a completed signature (`paper`, one of ours that all have signed; else `signed_on`, and `signature`, the reference of the
    signed paper) or an `order_reference` with its date (`ordered_on`; if none is given, today).
    """

    to: Key
    evidence: Annotated[tuple[Evidence, ...], Field(max_length=100)] = ()
    reason: Key | None = None
    note: Prose | None = None
    competitor: Name | None = None
    signed_on: date | None = None
    signature: Name | None = None
    paper: UUID | None = None
    order_reference: Name | None = None
    ordered_on: date | None = None


class EnterStage(Command):
    """Carry out the pending move that the event `request` asked for; quiet when that move is pending no more.

    `approval`: the stream of the deal's approvals, for a move out of a stage that asks for any.
    """

    to: Key
    request: UUID
    approval: UUID | None = None


class RefuseMove(Command):
    """Turn down the pending move that the event `request` asked for, naming the rule; quiet when it is pending no more."""

    request: UUID
    rule: Name
    detail: Prose
    unmet: tuple[Unmet, ...] = ()


class WithdrawMove(Command):
    """Take back the pending move; quiet when none is pending."""

    note: Prose | None = None


class ReopenDeal(Command):
    """Open a lost deal again, in the stage it left. A close date that has passed has to be replaced."""

    reason: Prose
    close_date: date | None = None


class ReverseWin(Command):
    """Take a win back; needs the finance role. A close date that has passed has to be replaced."""

    reason: Prose
    close_date: date | None = None


class MigratePipeline(Command):
    """Take an open deal into another pipeline or version (the latest if none is named).

    It stays in the stage of the same key; `to` names the open stage where there is none of that key.
    """

    pipeline: UUID
    version: int | None = None
    to: Key | None = None


class RecordEvidence(Command):
    """Record what proves an exit criterion."""

    evidence: Evidence


class RetractEvidence(Command):
    """Take back the proof of an exit criterion."""

    criterion: Key
    reason: Prose


class ChangeAmount(Command):
    """Set the worth of a deal without lines. `annual` is its recurring value per twelve months, if known."""

    amount: Payable
    annual: Payable | None = None
    reason: Prose | None = None


class ChangeLines(Command):
    """Replace the lines; their sum becomes the amount. All prices are in one currency; no lines: zero."""

    lines: Lines
    reason: Prose | None = None


class MoveCloseDate(Command):
    """Expect the deal to close on another day, not in the past of the deal's zone."""

    close_date: date
    reason: Prose | None = None


class AssignOwner(Command):
    """Make another active member responsible. Without `team`, the member's own team."""

    owner: UUID
    team: UUID | None = None


class SetAccount(Command):
    """Say which account the deal is with."""

    account: UUID


class SetNextStep(Command):
    """Say what comes next and when; None empties it."""

    next_step: Prose | None = None
    next_step_on: date | None = None


class SetPeople(Command):
    """Say who at the buyer matters, replacing what was said before."""

    people: People


class SetPaymentTerms(Command):
    """Say within how many days the buyer pays; None: the usual 30."""

    payment_days: PaymentDays | None


class HoldForApproval(Command):
    """Record that the pending move waits for approvers; quiet where nobody is asked. Not for users. `approval`: their stream."""

    approval: UUID


class RenameDeal(Command):
    """Call the deal something else."""

    title: Name


class SetDealAttributes(Command):
    """Fill the tenant's own fields; the ones not named stay, None empties one."""

    attributes: AttributeChanges


class OverrideProbability(Command):
    """Fix the probability, in percent, through all stages until it is cleared or the deal closes."""

    probability: Percent
    reason: Prose | None = None


class ClearProbability(Command):
    """Let the stage's probability count again."""


class SetCategory(Command):
    """Call the deal's forecast category; it is remembered through all stages until it is cleared or the deal closes."""

    category: Literal[Category.OMITTED, Category.PIPELINE, Category.BEST_CASE, Category.COMMIT]


class ClearCategory(Command):
    """Let the stage's category count again."""


class RecordStalled(Command):
    """Record that the deal is in its stage for too long; quiet when it is not, or when that is recorded already."""


class RecordCloseDateLapsed(Command):
    """Record that the close date passed; quiet when it has not, and when it was recorded for that date."""


class RecordCommitLost(Command):
    """Record that a committed deal no longer fulfils what commit asks for; quiet when it does."""


class ImportDeal(Command):
    """Take over a deal as `source` tells it: never gated. Told again, only what is new in it changes.

    `stage` is the earliest stage that the source tells (later ones follow as `ImportStage` and `CloseImported`);
    `stage_since` defaults to the instant the command is dated back to. Where the source tells only that it was won or lost,
    `stage` is that one, with `won_on` or `reason`. `run` is the import run, for undoing it. `team` is the owner's: it stays while the owner does.
    """

    run: UUID
    source: Name
    source_id: Name
    title: Name
    pipeline: UUID
    pipeline_version: int | None = None
    stage: Key
    stage_since: Reported | None = None
    account: UUID | None = None
    owner: UUID | None = None
    team: UUID | None = None
    lines: Lines = ()
    amount: Money | None = None
    annual: Money | None = None
    close_date: date | None = None
    zone: Zone = "UTC"
    next_step: Prose | None = None
    next_step_on: date | None = None
    attributes: Attributes = Field(default_factory=dict)
    won_on: date | None = None
    reason: Name | None = None
    note: Prose | None = None
    competitor: Name | None = None


class ImportStage(Command):
    """Take over that the deal was in `stage` since then, as the source tells it."""

    run: UUID
    stage: Key
    since: Reported | None = None


class CloseImported(Command):
    """Take over that the deal was won or lost, as the source tells it. `won_on` defaults to the date of `since`, if any is told."""

    run: UUID
    stage: Key
    since: Reported | None = None
    won_on: date | None = None
    reason: Name | None = None
    note: Prose | None = None
    competitor: Name | None = None
