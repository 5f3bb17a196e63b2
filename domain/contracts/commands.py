"""What can be asked of a contract. Commands named `Record...` are the clock's: quiet until it is time, and when it was done."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.contract_dates import NoticeRule, Renewal
from domain.contracts.terms import EndCause, RenewalOutcome, Sha256, Side, SignedPaper, TermChanges, Terms, ValuePer
from domain.kernel import Command
from domain.settings import CalendarKey
from domain.values import Money, Name, Prose, Zone

PaymentDays = Annotated[int, Field(ge=0, le=720)]


class DraftContract(Command):
    """Begin a contract with an account. One contract per deal; `renews` names the contract that this one is to follow.

    Without `calendar`, days are counted by our own; see the tenant's settings.
    """

    title: Name
    number: Name | None = None
    side: Side
    party: UUID
    deal: UUID | None = None
    renews: UUID | None = None
    owner: UUID
    team: UUID | None = None
    terms: Terms
    zone: Zone = "UTC"
    calendar: CalendarKey | None = None
    scorecard: UUID | None = None
    signatory: UUID | None = None


class OpenContractFromDeal(Command):
    """Begin the contract of a won deal in one step: account, owner, title and value are the deal's, unless named here.

    Repeated on the same stream it is quiet. The value is the deal's annual value per year where all of it recurs, else its amount for the term.
    """

    deal: UUID
    start: date
    end: date | None = None
    renewal: Renewal
    notice: NoticeRule | None = None
    payment_days: PaymentDays | None = None
    title: Name | None = None
    number: Name | None = None
    value: Money | None = None
    value_per: ValuePer | None = None
    owner: UUID | None = None
    renews: UUID | None = None
    zone: Zone | None = None
    calendar: CalendarKey | None = None
    signatory: UUID | None = None


class RegisterContract(DraftContract):
    """Take over a contract that was signed before: it is in force at once. `terms` is the term that runs now."""

    signed_on: date
    paper: SignedPaper


class ReviseContract(Command):
    """Replace what the draft says; fields left away stay. Only a draft can be revised: return a contract in review first."""

    title: Name | None = None
    number: Name | None = None
    terms: Terms | None = None
    zone: Zone | None = None
    calendar: CalendarKey | None = None
    signatory: UUID | None = None


class DiscardContract(Command):
    """Give up a contract that nobody has signed; its deal may then have another."""

    reason: Prose


class SubmitContract(Command):
    """Ask for a review. From now on the content stays as it is."""


class ReturnContract(Command):
    """Send it back to draft, from review, after approval, or because it was declined or voided when out for signature."""

    reason: Prose


class ApproveContract(Command):
    """Allow it to be signed; not by who submitted or owns it. `content` is the hash of what was reviewed.

    A reviewer speaks for legal alone; with `approval`, it is Concord that says what all who were asked have agreed to.
    """

    content: Sha256
    approval: UUID | None = None
    note: Prose | None = None


class SendForSignature(Command):
    """Give the paper to those who sign."""

    paper: SignedPaper


class ActivateContract(Command):
    """It was signed by all. Without `paper`, the one that was sent; its hash differs from that where signatures are in the file."""

    signed_on: date
    paper: SignedPaper | None = None


class ProposeAmendment(Command):
    """Propose to change what is in force from a day on. That day is not later than the end of the contract."""

    title: Name
    effective_on: date
    changes: TermChanges
    reason: Prose | None = None


class ApproveAmendment(Command):
    """Allow an amendment to be signed; not by who proposed it or owns the contract."""

    amendment: UUID
    approval: UUID | None = None
    note: Prose | None = None


class DropAmendment(Command):
    """Give up an amendment that is not signed."""

    amendment: UUID
    reason: Prose


class SignAmendment(Command):
    """The amendment was signed by both."""

    amendment: UUID
    signed_on: date
    paper: SignedPaper


class GiveNotice(Command):
    """Record our notice that the contract is to end. `received_on`: when they got it, if that is known."""

    sent_on: date
    received_on: date | None = None
    how: Name | None = None
    document: Name | None = None
    sha256: Sha256 | None = None
    note: Prose | None = None


class ReceiveNotice(Command):
    """Record the other party's notice. `received_on`: when we got it; `sent_on`: the date of their letter."""

    received_on: date
    sent_on: date | None = None
    how: Name | None = None
    document: Name | None = None
    sha256: Sha256 | None = None
    note: Prose | None = None


class ConfirmNoticeDelivery(Command):
    """Our notice was received on that day."""

    received_on: date


class WithdrawNotice(Command):
    """The notice no longer holds, as both agreed."""

    reason: Prose


class TerminateContract(Command):
    """End the contract on a day otherwise than by notice; a day that is over ends it at once."""

    on: date
    cause: EndCause
    note: Prose | None = None


class RevokeTermination(Command):
    """It goes on after all, also where the termination has ended it already: the day, or the whole of it, was a mistake."""

    reason: Prose


class RenewContract(Command):
    """Both agreed on a further term, to `end`, from the day after the one that runs. `value` is that of the new term, if it changes."""

    end: date
    value: Money | None = None
    signed_on: date
    paper: SignedPaper


class ConcludeRenewalReview(Command):
    """Say what we want at the end of the term. To end it, notice is still to be given."""

    outcome: RenewalOutcome
    note: Prose | None = None


class AssignContractOwner(Command):
    """Make another active member responsible. Without `team`, the member's own team."""

    owner: UUID
    team: UUID | None = None


class SetContractCalendar(Command):
    """Count days in another zone or by another calendar; what was signed stays."""

    zone: Zone
    calendar: CalendarKey | None = None


class LinkScorecard(Command):
    """Name the supplier's scorecard that the talk about prices at renewal refers to; None: none."""

    scorecard: UUID | None


class RecordConsentAsked(Command):
    """Record who is asked whether the contract, or an amendment, may be signed; quiet where nobody is."""

    amendment: UUID | None = None
    approval: UUID


class RecordDates(Command):
    """Compute anew the days that count; quiet when they are the same."""


class RecordAlert(Command):
    """Record the alert whose day has come: of several, the latest one only."""


class RecordRenewalStarted(Command):
    """Record that the renewal is being prepared, by the deal that was opened for it, or by a review; `note`: why no deal could be opened."""

    deal: UUID | None = None
    note: Prose | None = None


class RecordPriceTalk(Command):
    """Record what happened in the term whose renewal is prepared, here and in `deal`, the one that was opened for it.

    Quiet when nothing was breached, when no renewal is prepared, and when it was told.
    """

    deal: UUID | None = None


class RecordNoticeWindow(Command):
    """Record that the last day to give notice has passed without one."""


class RecordTermEnd(Command):
    """Record what the end of a term leads to: a further term by silence, expiry, termination, or the successor's turn."""
