"""What happens to a contract on its way to signing, and at its ends. Each event is complete in itself.

Days are local to the contract's `zone`. `ContractDatesSet` follows in the same breath whenever the days that count have changed.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from domain.contracts.terms import (
    ContractStatus,
    EndCause,
    Party,
    RenewalOutcome,
    RenewalWay,
    RenewedBy,
    Side,
    SignedPaper,
    Terms,
)
from domain.kernel import Event
from domain.values import Money


class ContractDrafted(Event, topic="contract.drafted"):
    """A contract began, as a draft. `deal`: the one that it comes from; `renews`: the contract that it is to follow.

    `party`: the account it is made with. `zone` and `calendar` are the party's: days are counted by them. `scorecard`: of the
    supplier, for the talk about its renewal. `signatory` is who signs for the party, a contact.
    """

    title: str
    number: str | None = None
    side: Side
    party: UUID
    deal: UUID | None = None
    renews: UUID | None = None
    owner: UUID
    team: UUID | None = None
    terms: Terms
    zone: str
    calendar: str | None = None
    scorecard: UUID | None = None
    signatory: UUID | None = None


class ContractRevised(Event, topic="contract.revised"):
    """The draft says this from now on."""

    title: str
    number: str | None = None
    terms: Terms
    zone: str
    calendar: str | None = None
    signatory: UUID | None = None


class ContractDiscarded(Event, topic="contract.discarded"):
    """Nobody will sign it."""

    reason: str


class ContractSubmitted(Event, topic="contract.submitted"):
    """The draft is to be reviewed. `content`: SHA-256 over all that is to be agreed, which stays as it is from now on."""

    content: str
    by: UUID


class ContractReturned(Event, topic="contract.returned"):
    """Back to draft: from review, after approval, or because it was not signed. `previous`: the state it left."""

    previous: ContractStatus
    reason: str


class ContractApproved(Event, topic="contract.approved"):
    """The content with this hash may be signed. `approval`: the one that said so, if any."""

    content: str
    approval: UUID | None = None
    note: str | None = None


class ContractConsentAsked(Event, topic="contract.consent_asked"):
    """Those whom the policy names are asked whether it may be signed: the contract, or an amendment.

    `approval`: the stream with the answers; `chains`: who is asked; `content`: the hash of what would be signed.
    """

    amendment: UUID | None = None
    approval: UUID
    round: int
    chains: tuple[str, ...]
    content: str


class ContractSentForSignature(Event, topic="contract.sent_for_signature"):
    """The paper is with those who sign."""

    paper: SignedPaper


class ContractRecalled(Event, topic="contract.recalled"):
    """Not signed, for its paper was `declined`, `voided` or `expired`. It stays approved, and may be sent again."""

    paper: UUID
    reference: str
    why: str


class ContractActivated(Event, topic="contract.activated"):
    """Signed by all: in force from `terms.start`. The terms never change again except by amendments and renewals.

    `registered`: it had been signed before Concord knew it.
    """

    terms: Terms
    content: str
    signed_on: date
    paper: SignedPaper
    deal: UUID | None = None
    renews: UUID | None = None
    registered: bool = False


class ContractDatesSet(Event, topic="contract.dates_set"):
    """The days that count for the coming end; computed anew whenever terms, notices or the calendar change them.

    `term_start`, `term_end`: the term that runs, amendments that come into force before its end included. `deadline`: the last day
    on which notice counts; `send_by`: the last working day on which to send it. `ends_on`: the last day in force, once that is known.
    `renewal_on`: when the renewal begins to be prepared; `periods`: whether it can also end before the term does, or has no term, so
    that the earliest end follows from the day of the notice. `calendar`: the one that counted, None for Monday to Friday.
    `alert_days`: how many days before `send_by` there are alerts, by the yearly value of the contract, `annual`, in the reporting
    currency; `rate` of `rate_day` is what it was converted by. `rules`: the version of the rules for contracts.
    """

    term_start: date
    term_end: date | None = None
    deadline: date | None = None
    send_by: date | None = None
    ends_on: date | None = None
    renewal_on: date | None = None
    periods: bool = False
    calendar: str | None = None
    alert_days: tuple[int, ...] = ()
    annual: Money | None = None
    rate: Decimal | None = None
    rate_day: date | None = None
    rules: int = 0


class ContractExpiring(Event, topic="contract.expiring"):
    """Its end comes near: the first alert's day has come, or it is known on which day it ends."""

    term_end: date | None = None
    send_by: date | None = None
    ends_on: date | None = None


class ContractResumed(Event, topic="contract.resumed"):
    """Its end is not near any more: it was put off, or a notice was taken back."""

    term_end: date | None = None


class ContractAlertRaised(Event, topic="contract.alert_raised"):
    """So many `days`, or fewer, are left until `send_by`. `rules`: the version of the rules for contracts that says when."""

    days: int
    left: int
    send_by: date
    deadline: date | None = None
    term_end: date | None = None
    owner: UUID | None = None
    rules: int = 0


class NoticeFacts(Event):
    """Base of notices. `counted_on`: the day on which it counts as given; `deadline`: the last one for the end of the term.

    `in_time`: whether it meets that deadline; `ends_on`: the last day of the contract that follows from it.
    """

    notice: UUID
    sent_on: date
    received_on: date | None = None
    counted_on: date
    deadline: date | None = None
    in_time: bool
    ends_on: date
    how: str | None = None
    document: str | None = None
    sha256: str | None = None
    note: str | None = None


class ContractNoticeGiven(NoticeFacts, topic="contract.notice_given"):
    """We gave notice that the contract is to end."""


class ContractNoticeReceived(NoticeFacts, topic="contract.notice_received"):
    """The other party gave notice."""


class ContractNoticeDelivered(Event, topic="contract.notice_delivered"):
    """The notice that we gave was received on that day; where it counts when received, this decides."""

    notice: UUID
    received_on: date
    counted_on: date
    in_time: bool
    ends_on: date


class ContractNoticeWithdrawn(Event, topic="contract.notice_withdrawn"):
    """The notice no longer holds, as both agreed."""

    notice: UUID
    by: Party
    reason: str


class NoticeWindowMissed(Event, topic="contract.notice_window_missed"):
    """The last day to give notice passed without one. `renews_until`: the end of the term that follows by silence."""

    deadline: date
    term_end: date
    renews_until: date | None = None
    owner: UUID | None = None


class ContractRenewalStarted(Event, topic="contract.renewal_started"):
    """The coming end is prepared: by a renewal deal (side sell), or a review (side buy, or where no deal could be opened: `note`)."""

    way: RenewalWay
    term_end: date
    deadline: date | None = None
    deal: UUID | None = None
    scorecard: UUID | None = None
    owner: UUID | None = None
    note: str | None = None
    rules: int = 0


class ContractRenewalReviewed(Event, topic="contract.renewal_reviewed"):
    """What we want at the end of the term, after a review."""

    term_end: date
    outcome: RenewalOutcome
    note: str | None = None
    scorecard: UUID | None = None


class ContractSuccessorSigned(Event, topic="contract.successor_signed"):
    """Another contract was signed that takes over on that day."""

    successor: UUID
    takes_over_on: date


class ContractRenewed(Event, topic="contract.renewed"):
    """A further term: by silence, nobody having given notice; by agreement; or in the successor, which ends this one."""

    by: RenewedBy
    previous_end: date
    term_start: date
    term_end: date | None = None
    value: Money | None = None
    successor: UUID | None = None
    signed_on: date | None = None
    paper: SignedPaper | None = None
    owner: UUID | None = None


class ContractExpired(Event, topic="contract.expired"):
    """Its term ran out; `on` was its last day. `notice`: the one that kept it from being renewed."""

    on: date
    notice: UUID | None = None


class ContractTerminationAgreed(Event, topic="contract.termination_agreed"):
    """It will end on a day, for this cause, before its term or without one."""

    on: date
    cause: EndCause
    note: str | None = None


class ContractTerminationRevoked(Event, topic="contract.termination_revoked"):
    """It goes on after all."""

    on: date
    reason: str


class ContractTerminated(Event, topic="contract.terminated"):
    """Ended by notice or for a cause; `on` was its last day."""

    on: date
    cause: EndCause | None = None
    notice: UUID | None = None
    note: str | None = None


class ContractSuperseded(Event, topic="contract.superseded"):
    """Another contract took its place before its term was over."""

    on: date
    successor: UUID


class ContractOwnerAssigned(Event, topic="contract.owner_assigned"):
    owner: UUID
    team: UUID | None = None
    previous: UUID | None = None
    previous_team: UUID | None = None


class ContractCalendarSet(Event, topic="contract.calendar_set"):
    """Days are counted in this zone and by this calendar from now on."""

    zone: str
    calendar: str | None = None


class ContractScorecardLinked(Event, topic="contract.scorecard_linked"):
    """The supplier's scorecard that the talk about prices at renewal refers to; None: none."""

    scorecard: UUID | None
