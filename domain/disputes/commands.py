"""What can be asked of a dispute.

`by`: who said it, where one of us records what the other side said by letter or telephone; someone from outside always
speaks for their own side. A fact that came late is dated back with the command's `effective_at`. `member`: who acts, where
their own limit for write-offs is to count besides those of their roles.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.dispute_rules import Reason
from domain.disputes.terms import (
    DisputedDocument,
    DisputedLine,
    EightD,
    Evidence,
    LineAmount,
    OfferTerms,
    Party,
    Positive,
    SettlementKind,
    Severity,
    Sha256,
    Side,
    Visibility,
)
from domain.kernel import Command
from domain.settings import CalendarKey
from domain.values import Currency, Key, Name, Prose

Lines = Annotated[tuple[DisputedLine, ...], Field(max_length=500)]
Documents = Annotated[tuple[DisputedDocument, ...], Field(max_length=200)]
EvidenceList = Annotated[tuple[Evidence, ...], Field(max_length=100)]


class DraftDispute(Command):
    """Prepare a claim; nothing is held and nobody told until it is submitted.

    `reason_text` is needed for the reason "other". `contract` and `obligation`: those whose breach is claimed.
    """

    side: Side = Side.BUY
    account: UUID
    title: Name
    reason: Reason
    reason_text: Prose | None = None
    severity: Severity = Severity.NORMAL
    currency: Currency
    lines: Lines = ()
    documents: Documents = ()
    evidence: EvidenceList = ()
    owner: UUID
    team: UUID | None = None
    commodity: Key | None = None
    region: Key | None = None
    our_calendar: CalendarKey | None = None
    their_calendar: CalendarKey | None = None
    contract: UUID | None = None
    obligation: UUID | None = None


class OpenDispute(DraftDispute):
    """Raise a claim at once: its lines are locked, what is disputed is held, the clocks run.

    The evidence that the reason asks for has to be there.
    """


class ImportDispute(OpenDispute):
    """Take over an open claim as `source` tells it: its evidence is not asked for. Told again, it is quiet; a later run may bring
    it anew after it was undone.

    It counts as raised at the instant the command is dated back to. `run`: the import run, for undoing it.
    """

    source: Name
    source_id: Name
    run: UUID


class SubmitDispute(Command):
    """Raise a claim that was drafted."""


class ChangeDispute(Command):
    """Change what a case is called or how it is classed; fields left away stay."""

    title: Name | None = None
    reason: Reason | None = None
    reason_text: Prose | None = None
    severity: Severity | None = None
    commodity: Key | None = None
    region: Key | None = None


class AssignDispute(Command):
    """Make another active member responsible. Without `team`, the member's own team."""

    owner: UUID
    team: UUID | None = None


class SetPaymentTerms(Command):
    """State totals and payment dates of the case's documents, replacing those stated before."""

    documents: Documents


class AddDisputeLines(Command):
    lines: Annotated[tuple[DisputedLine, ...], Field(min_length=1, max_length=500)]


class ReverseDisputeLine(Command):
    """Claim what is open of a line no more."""

    line: UUID
    reason: Prose


class SplitDispute(Command):
    """Let lines, or parts of them, go on in a case of their own, `child`, whose id the caller makes.

    Not everything that is open can go; the case itself would be empty.
    """

    child: UUID
    lines: Annotated[tuple[LineAmount, ...], Field(min_length=1, max_length=500)]
    reason: Prose
    title: Name | None = None


class AttachEvidence(Command):
    evidence: Evidence
    by: Party | None = None


class RetractEvidence(Command):
    evidence: UUID
    reason: Prose


class Comment(Command):
    """Say something about the case. What is `internal` never leaves; the other side cannot say anything internal."""

    text: Prose
    visibility: Visibility = Visibility.PUBLIC
    by: Party | None = None


class AcknowledgeDispute(Command):
    """Confirm, for the side that has to answer, that the claim arrived."""

    by: Party | None = None


class InvestigateDispute(Command):
    """Look into the case: after its acknowledgement, its reopening, or instead of waiting any longer."""


class AwaitSupplier(Command):
    """Ask the other side something, and wait: our clock stands still, theirs runs."""

    question: Prose | None = None


class ProposeSettlement(Command):
    """Offer how to settle all that is open; in answer to a proposal of the other side it is a counter-offer."""

    terms: OfferTerms
    note: Prose | None = None
    by: Party | None = None
    member: UUID | None = None


class AcceptSettlement(Command):
    """Agree to the offer of the other side, `offer`."""

    offer: UUID
    by: Party | None = None
    member: UUID | None = None


class RejectSettlement(Command):
    """Turn the offer of the other side down without another one; the case is investigated further."""

    offer: UUID
    note: Prose | None = None
    by: Party | None = None


class RecordSettlement(Command):
    """Settle a part of what is open, gross: by a credit note, debit memo or return credit with its number, or by a release,
    concession or write-off. Without `lines` it goes over all lines pro rata.
    """

    kind: SettlementKind
    amount: Positive
    number: Name | None = None
    on: date
    sha256: Sha256 | None = None
    note: Prose | None = None
    lines: Annotated[tuple[LineAmount, ...], Field(max_length=500)] = ()
    by: Party | None = None
    member: UUID | None = None


class ReverseSettlement(Command):
    """Take a settling document back; what it settled is open again."""

    document: UUID
    reason: Prose


class WriteOffDispute(Command):
    """Give up all that is open as a loss. Needs authority over the amount."""

    reason: Key
    note: Prose | None = None
    member: UUID | None = None


class WithdrawDispute(Command):
    """Claim nothing any more."""

    reason: Prose
    by: Party | None = None


class VoidDispute(Command):
    """Say that the case should never have been."""

    reason: Prose


class FindRootCause(Command):
    """Name the root cause by its code; "other" needs a note."""

    root_cause: Key
    note: Prose | None = None


class CloseDispute(Command):
    """End a case that is settled or written off. A root cause has to be named, here or before."""

    root_cause: Key | None = None
    note: Prose | None = None


class ReopenDispute(Command):
    """Take a closed case up again, on evidence that was not there before. `lines` say how much of what was paid or written
    off is open again; none: all of it.
    """

    reason: Prose
    evidence: Annotated[tuple[Evidence, ...], Field(min_length=1, max_length=100)]
    lines: Annotated[tuple[LineAmount, ...], Field(max_length=500)] = ()


class EscalateDispute(Command):
    """Raise the case to a level: 1 category lead, 2 head, 3 executive with a contract notice."""

    level: Annotated[int, Field(ge=1, le=3)]
    note: Prose


class LiftEscalation(Command):
    """Take the case back to a lower level; 0: it is not escalated any more."""

    level: Annotated[int, Field(ge=0, le=2)] = 0
    note: Prose


class RecordDue(Command):
    """Record what time has brought: clocks that warn or ran out, claims not acknowledged in time, steps missed. Quiet when
    nothing has fallen due, and when it is recorded already.
    """


class DemandCorrectiveAction(Command):
    """Ask for an 8D report, although the case repeats no other."""

    note: Prose


class RecordCorrectiveStep(Command):
    """Record that a discipline is fulfilled; D4 names the root causes, of which "operator error" alone explains nothing."""

    step: EightD
    text: Prose
    causes: Annotated[tuple[Key, ...], Field(max_length=20)] = ()
    by: Party | None = None


class CheckCorrectiveAction(Command):
    """Say whether the measures had their effect. If they had, it is closed; if not, it begins anew."""

    effective: bool
    note: Prose


class CancelCorrectiveAction(Command):
    reason: Prose
