"""A paper as its decisions see it. Total: an event that makes no sense changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from domain.documents import DocumentRef
from domain.kernel import Event
from domain.papers import events as e
from domain.papers.content import PaperKind
from domain.papers.terms import ClauseUsed, PaperStatus, PaperSubject, SigningChannel
from domain.values import Money


@dataclass(frozen=True, slots=True)
class Signatory:
    """Somebody who is asked to sign."""

    party: str
    name: str
    email: str
    contact: UUID | None = None
    linked: bool = False
    viewed: bool = False
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper. `allowed`: SHA-256 of the document that a reviewer let pass; `sealed`: the signed file."""

    kind: PaperKind
    subject: PaperSubject
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
    """Of a contract, an amendment or a deal: the hash of what is agreed, as the paper shows it."""
    status: PaperStatus = PaperStatus.DRAFTING
    allowed: str | None = None
    signatories: Mapping[UUID, Signatory] = field(default_factory=dict)
    channel: SigningChannel | None = None
    sent_by: UUID | None = None
    expires_at: datetime | None = None
    sealed: DocumentRef | None = None
    signed_on: date | None = None
    """The day of the last signature, once it is complete."""

    @property
    def signed_by_all(self) -> bool:
        """Whether nobody's signature is missing."""
        return bool(self.signatories) and all(signatory.signed for signatory in self.signatories.values())


_DRAFT = tuple(name for name in e.PaperDrafted.model_fields if name != "about")


def _signatory(paper: Paper, id: UUID, **changes: Any) -> Mapping[UUID, Signatory]:
    known = paper.signatories.get(id)
    return paper.signatories if known is None else {**paper.signatories, id: replace(known, **changes)}


def evolve(paper: Paper | None, event: Event) -> Paper | None:
    if isinstance(event, e.PaperDrafted):
        return Paper(subject=event.about, **{name: getattr(event, name) for name in _DRAFT})
    if paper is None:
        return None
    match event:
        case e.PaperReviewRequested():
            return replace(paper, status=PaperStatus.INTERNAL_REVIEW)
        case e.PaperReviewed(allowed=True, document=document):
            return replace(paper, allowed=document)
        case e.PaperReviewed():
            return replace(paper, status=PaperStatus.DRAFTING, allowed=None)
        case e.PaperSignatoryNamed(signatory=id, party=party, name=name, email=email, contact=contact):
            return replace(paper, signatories={**paper.signatories, id: Signatory(party, name, email, contact)})
        case e.PaperSent(channel=channel, expires_at=expires_at, by=by):
            return replace(paper, status=PaperStatus.SENT, channel=channel, expires_at=expires_at, sent_by=by)
        case e.PaperLinkIssued(signatory=id):
            return replace(paper, signatories=_signatory(paper, id, linked=True))
        case e.PaperViewed(signatory=id):
            status = PaperStatus.VIEWED if paper.status is PaperStatus.SENT else paper.status
            return replace(paper, status=status, signatories=_signatory(paper, id, viewed=True))
        case e.PaperSigned(signatory=id):
            return replace(paper, status=PaperStatus.PARTLY_SIGNED, signatories=_signatory(paper, id, viewed=True, signed=True))
        case e.PaperDeclined():
            return replace(paper, status=PaperStatus.DECLINED)
        case e.PaperCompleted(document=document, signed_on=signed_on):
            return replace(paper, status=PaperStatus.COMPLETED, sealed=document, signed_on=signed_on)
        case e.PaperVoided():
            return replace(paper, status=PaperStatus.VOIDED)
        case e.PaperExpired():
            return replace(paper, status=PaperStatus.EXPIRED)
        case _:
            return paper
