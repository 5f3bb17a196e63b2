"""What happens to papers. Names, addresses and reasons of the people who sign are personal; links and their tokens are no events."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from domain.documents import DocumentRef
from domain.kernel import Event, Instant, Personal
from domain.papers.content import PaperKind
from domain.papers.terms import ClauseUsed, PaperSubject, SigningChannel
from domain.values import Money


class PaperDrafted(Event, topic="paper.drafted"):
    """Prepared, or prepared anew while nobody had it: `revision` counts from 1.

    `content`: of a contract, an amendment or a deal, the hash of what is agreed as this paper shows it. `data_sha256`: hash of the canonical JSON that was printed; it is kept as a document, too. `as_of`: the log's position when
    the data were read. `document`: the PDF. `by`: who prepared it.
    """

    kind: PaperKind
    about: PaperSubject
    account: UUID | None
    title: str
    number: str
    revision: int
    template: str
    template_version: int
    clauses: tuple[ClauseUsed, ...]
    review: bool
    total: Money | None
    data_sha256: str
    document: DocumentRef
    as_of: int
    by: UUID
    content: str | None = None


class PaperReviewRequested(Event, topic="paper.review_requested"):
    """Somebody else is to look at it before it is sent."""

    by: UUID


class PaperReviewed(Event, topic="paper.reviewed"):
    """May it be sent? With False it is back in drafting, and `note` says why."""

    allowed: bool
    note: str | None
    document: str
    by: UUID


class PaperSignatoryNamed(Event, topic="paper.signatory_named"):
    """Somebody is asked to sign for a party. `contact`: whom of our contacts it is."""

    signatory: UUID
    party: str
    contact: UUID | None
    name: Personal[str]
    email: Personal[str]


class PaperSent(Event, topic="paper.sent"):
    """It is with those who sign, until `expires_at`. `document`: SHA-256 of what they get to see."""

    signatories: tuple[UUID, ...]
    channel: SigningChannel
    expires_at: Instant
    document: str
    by: UUID


class PaperLinkIssued(Event, topic="paper.link_issued"):
    """A signatory was given a link, by mail or by hand. The link itself is nowhere but with the signatory."""

    signatory: UUID
    mailed: bool


class PaperViewed(Event, topic="paper.viewed"):
    """A signatory opened it for the first time."""

    signatory: UUID


class PaperSigned(Event, topic="paper.signed"):
    """A signatory agreed to `document`, in the words of `consent`, and entered a name. `source`: the network address it came from."""

    signatory: UUID
    document: str
    consent: str
    typed_name: Personal[str]
    source: Personal[str]


class PaperDeclined(Event, topic="paper.declined"):
    """A signatory will not sign; nobody else can any more."""

    signatory: UUID
    reason: Personal[str]


class PaperCompleted(Event, topic="paper.completed"):
    """All have signed, and the file is sealed. `fingerprint`: SHA-256 of the certificate; `holder`: whose it is.

    `signed_on`: the UTC day of the last signature.
    """

    document: DocumentRef
    holder: str
    fingerprint: str
    signed_on: date | None = None


class PaperVoided(Event, topic="paper.voided"):
    """We took it back."""

    reason: str
    by: UUID


class PaperExpired(Event, topic="paper.expired"):
    """Not everybody signed in time."""
