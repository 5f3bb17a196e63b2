"""What happens to a dispute. Each event is complete in itself: who folds it into a table needs nothing else.

`at`: when it was so, which is earlier than the recording where a fact came late. `ledger`: the whole case after the event.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from domain.dispute_rules import Reason
from domain.disputes.entries import Authority, CaseEvidence, CaseLine, Movement
from domain.disputes.ledger import Ledger
from domain.disputes.terms import (
    DisputedDocument,
    Mark,
    OfferTerms,
    Party,
    SettlementKind,
    Severity,
    Side,
    Status,
    Visibility,
)
from domain.kernel import Event, Personal
from domain.values import Money


class CaseFacts(Event):
    """Base of the events by which a case begins. `account`: the other side. `commodity` and `region` choose its category lead.

    `our_calendar`, `their_calendar`: names of working calendars in the settings; None: our own.
    `rules`, here and below: the version of the tenant's rules for disputes that was decided by, 0 those every tenant begins with.
    """

    side: Side
    account: UUID
    title: str
    reason: Reason
    reason_text: str | None
    severity: Severity
    lines: tuple[CaseLine, ...]
    documents: tuple[DisputedDocument, ...]
    ledger: Ledger
    owner: UUID
    team: UUID | None
    commodity: str | None
    region: str | None
    our_calendar: str | None
    their_calendar: str | None
    contract: UUID | None
    obligation: UUID | None


class DisputeDrafted(CaseFacts, topic="dispute.drafted"):
    """A claim is being prepared; nothing is held and nobody is told yet. `source`: the system that told of it, if one did."""

    source: str | None = None
    source_id: str | None = None
    run: UUID | None = None


class DisputeSplitOff(CaseFacts, topic="dispute.split_off"):
    """A case began as a part of `parent`, with its evidence and as far as that had come: `marks` are its clocks' facts.

    `root`: the case that was not split off from any, from which `parent` came; None: `parent` itself.
    """

    parent: UUID
    status: Status
    opened_at: datetime
    marks: tuple[Mark, ...]
    evidence: tuple[CaseEvidence, ...]
    rules: int = 0
    root: UUID | None = None


class DisputeOpened(Event, topic="dispute.opened"):
    """The claim was raised: its lines are locked, what is disputed is held, and the clocks run.

    `repeats`: earlier cases with the same supplier for the same reason, within the days that ask for a corrective action.
    """

    at: datetime
    ledger: Ledger
    repeats: tuple[UUID, ...] = ()
    rules: int = 0


class DisputeDetailsChanged(Event, topic="dispute.details_changed"):
    """What the case is called and how it is classed, all of it."""

    title: str
    reason: Reason
    reason_text: str | None
    severity: Severity
    commodity: str | None
    region: str | None


class DisputeOwnerAssigned(Event, topic="dispute.owner_assigned"):
    owner: UUID
    team: UUID | None
    previous: UUID
    previous_team: UUID | None = None


class DisputePaymentTermsSet(Event, topic="dispute.payment_terms_set"):
    """All documents of the case with their totals and payment dates."""

    documents: tuple[DisputedDocument, ...]


class DisputeLinesAdded(Event, topic="dispute.lines_added"):
    lines: tuple[CaseLine, ...]
    ledger: Ledger


class DisputeLineReversed(Event, topic="dispute.line_reversed"):
    """What is open of the line is claimed no more; original and open are lower by it."""

    line: UUID
    reason: str
    movement: Movement
    ledger: Ledger


class DisputeSplit(Event, topic="dispute.split"):
    """A part of what is open goes on in the case `child`; original and open are lower by it."""

    child: UUID
    reason: str
    movements: tuple[Movement, ...]
    ledger: Ledger


class DisputeEvidenceAttached(Event, topic="dispute.evidence_attached"):
    piece: CaseEvidence
    at: datetime


class DisputeEvidenceRetracted(Event, topic="dispute.evidence_retracted"):
    evidence: UUID
    reason: str


class DisputeCommented(Event, topic="dispute.commented"):
    """Something was said; what is `internal` never leaves."""

    comment: UUID
    party: Party
    visibility: Visibility
    text: Personal[str]
    at: datetime


class DisputeAcknowledged(Event, topic="dispute.acknowledged"):
    """Who has to answer confirmed that the claim arrived."""

    party: Party
    at: datetime


class Investigating(StrEnum):
    """Why a case is being looked into."""

    TAKEN_UP = "taken_up"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    ANSWERED = "answered"
    RESUMED = "resumed"
    REJECTED = "rejected"
    REOPENED = "reopened"


class DisputeInvestigationStarted(Event, topic="dispute.investigation_started"):
    """The case is being looked into. `offer`: the one that was rejected, if that is why; `note` says what the rejecting side said."""

    why: Investigating
    previous: Status
    at: datetime
    party: Party | None = None
    offer: UUID | None = None
    note: Personal[str | None] = None


class DisputeSupplierAwaited(Event, topic="dispute.supplier_awaited"):
    """The other side was asked something; our clock stands still and theirs runs."""

    at: datetime
    question: Personal[str | None] = None


class DisputeProposed(Event, topic="dispute.proposed"):
    """`party` offered to settle all that is open in this way."""

    offer: UUID
    party: Party
    terms: OfferTerms
    currency: str
    at: datetime
    note: Personal[str | None] = None


class DisputeCountered(Event, topic="dispute.countered"):
    """`party` answered the offer `answers` with another one."""

    offer: UUID
    answers: UUID
    party: Party
    terms: OfferTerms
    currency: str
    at: datetime
    note: Personal[str | None] = None


class DisputeAccepted(Event, topic="dispute.accepted"):
    """Both sides agree to the offer; `authority` where it writes something off."""

    offer: UUID
    party: Party
    terms: OfferTerms
    currency: str
    at: datetime
    authority: Authority | None = None


class DisputeSettlementStarted(Event, topic="dispute.settlement_started"):
    """What was agreed is being carried out."""

    at: datetime


class DisputeDocumentRecorded(Event, topic="dispute.document_recorded"):
    """A part of what was open is settled: by a document of that number, or by a release, concession or write-off of ours."""

    document: UUID
    kind: SettlementKind
    party: Party
    amount: Money
    tax: Money
    on: date
    number: str | None
    sha256: str | None
    note: str | None
    movements: tuple[Movement, ...]
    ledger: Ledger
    at: datetime
    authority: Authority | None = None


class DisputeDocumentReversed(Event, topic="dispute.document_reversed"):
    """A settling document was wrong or taken back; what it settled is open again."""

    document: UUID
    reason: str
    movements: tuple[Movement, ...]
    ledger: Ledger


class DisputeSettled(Event, topic="dispute.settled"):
    """Nothing is open any more."""

    at: datetime
    ledger: Ledger


class DisputeWrittenOff(Event, topic="dispute.written_off"):
    """All that was open was given up as a loss."""

    reason: str
    note: str | None
    movements: tuple[Movement, ...]
    ledger: Ledger
    authority: Authority
    at: datetime


class DisputeWithdrawn(Event, topic="dispute.withdrawn"):
    """Who claimed no longer does; what was open is payable. Its lines are free."""

    party: Party
    reason: str
    movements: tuple[Movement, ...]
    ledger: Ledger
    at: datetime


class DisputeVoided(Event, topic="dispute.voided"):
    """The case should never have been; its lines are reversed and free."""

    reason: str
    movements: tuple[Movement, ...]
    ledger: Ledger
    at: datetime


class DisputeRootCauseFound(Event, topic="dispute.root_cause_found"):
    root_cause: str
    note: str | None
    rules: int = 0


class DisputeClosed(Event, topic="dispute.closed"):
    """The case is over, and may be reopened until `reopen_until` on new evidence. Its lines are free."""

    root_cause: str
    at: datetime
    reopen_until: datetime
    rules: int = 0


class DisputeReopened(Event, topic="dispute.reopened"):
    """New evidence came; what `movements` says is open again, and the lines are locked again."""

    reason: str
    movements: tuple[Movement, ...]
    ledger: Ledger
    at: datetime
    rules: int = 0
