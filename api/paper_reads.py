"""Reading papers: the list of those about something, one with all that is said of it, and its history."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.callers import Caller, PaperReader
from api.moments import PROBLEMS
from api.nouns import SUBJECTS
from api.papers import noun
from api.problems import documented
from api.reading import Found, PartOfId, Searched, Slice, page, reading
from api.registers import add_history, add_one, saw, state_at
from api.seen_by import SeenBy, eyes_of
from api.subjects import sees_subject
from domain.documents import DocumentRef, Subject
from domain.kernel import Invalid, NotFound
from domain.papers import Paper, PaperStatus
from domain.papers.content import PaperKind
from domain.papers.events import PaperSigned
from domain.papers.terms import ClauseUsed, PaperSubject, SigningChannel
from domain.values import Key, Money
from infra.access import Action, Standing
from projections.accounts import Accounts
from projections.as_of import AsOf, Basis
from projections.paging import Page
from projections.papers import PaperCard, Papers, paper_list

_LOOKS = 20
"""Parts of the list that are looked through for a page, at most: whoever sees few papers of many names what they are about."""


class PapersAsked(Slice, SeenBy):
    """Which papers. A filter that is left away does not narrow."""

    noun: Annotated[Key | None, Field(description="What they are about, such as deal or contract.")] = None
    subject: Annotated[UUID | None, Field(description="The deal, contract or other thing that they are about.")] = None
    account: UUID | None = None
    kind: PaperKind | None = None
    status: PaperStatus | None = None
    text: Annotated[Searched | None, Field(description="Looked for anywhere in title and number.")] = None
    id_part: PartOfId | None = None


class SignatoryView(BaseModel):
    """Somebody who is asked to sign."""

    id: UUID
    party: str
    name: str
    email: str
    contact: UUID | None
    linked: bool
    viewed: bool
    signed: bool
    typed_name: str | None = Field(description="The name that was entered as the signature.")
    signed_at: datetime | None


class PaperView(BaseModel):
    """A paper. `document`: what was prepared, and is signed; `sealed`: the signed file; `allowed`: SHA-256 of what a reviewer let pass."""

    kind: PaperKind
    subject: PaperSubject
    account: UUID | None
    title: str
    number: str
    status: PaperStatus
    revision: int
    template: str
    template_version: int
    clauses: list[ClauseUsed]
    review: bool
    allowed: str | None
    total: Money | None
    data_sha256: str
    document: DocumentRef
    as_of: int = Field(description="The log position whose data it shows.")
    prepared_by: UUID
    signatories: list[SignatoryView]
    channel: SigningChannel | None
    expires_at: datetime | None
    sealed: DocumentRef | None


async def _signed(caller: Caller, id: UUID, paper: Paper, as_of: AsOf) -> dict[UUID, tuple[str, datetime]]:
    """The name that each signatory entered, and when: the log's own words, as far as the moment reaches."""
    if not any(one.signed for one in paper.signatories.values()):
        return {}
    known = as_of.now or as_of.basis is Basis.KNOWN
    history = await caller.doors.store.history(caller.tenant, id, upto=as_of.position if known and not as_of.now else None)
    return {
        one.event.signatory: (one.event.typed_name, one.effective_at)
        for one in history
        if isinstance(one.event, PaperSigned) and paper.signatories[one.event.signatory].signed
    }


async def _shown(caller: Caller, id: UUID, paper: Paper, as_of: AsOf) -> PaperView:
    own = {name: getattr(paper, name) for name in PaperView.model_fields if name not in {"signatories", "prepared_by", "clauses"}}
    signed = await _signed(caller, id, paper, as_of)
    people = [
        SignatoryView(
            id=who,
            party=s.party,
            name=s.name,
            email=s.email,
            contact=s.contact,
            linked=s.linked,
            viewed=s.viewed,
            signed=s.signed,
            typed_name=signed[who][0] if who in signed else None,
            signed_at=signed[who][1] if who in signed else None,
        )
        for who, s in paper.signatories.items()
    ]
    return PaperView(**own, signatories=people, prepared_by=paper.by, clauses=list(paper.clauses))


@noun.router.get("", response_model=Found[PaperCard], operation_id="list_papers", responses=documented(Invalid, NotFound, *PROBLEMS))
async def list_papers(caller: PaperReader, asked: Annotated[PapersAsked, Query()]) -> Response:
    """The papers whose subject the caller sees, the latest first, page by page. Name a subject or an account to see all of theirs."""
    names = PapersAsked.model_fields.keys() - Slice.model_fields.keys() - SeenBy.model_fields.keys()
    given: dict[str, Any] = {name: getattr(value, "value", value) for name in names if (value := getattr(asked, name)) is not None}
    async with reading(caller, asked, Papers, Accounts) as opened:
        eyes = await eyes_of(caller, asked, opened.as_of)
        items: list[PaperCard] = []
        cursor, known = asked.cursor, dict[Subject, bool]()
        for _ in range(_LOOKS):
            part = await paper_list(opened, limit=asked.limit - len(items), cursor=cursor, **given)
            for card in part.items:
                subject = Subject(card.noun, card.subject)
                if subject not in known:
                    known[subject] = await sees_subject(caller, subject) and (
                        eyes is None or await _seen_then(caller, eyes, subject, opened.as_of)
                    )
                if known[subject]:
                    items.append(card)
            cursor = part.next
            if cursor is None or len(items) >= asked.limit:
                break
        return page(Page(items=items, next=cursor, position=opened.position), opened.as_of)


async def _seen_then(caller: Caller, eyes: Standing, subject: Subject, as_of: AsOf) -> bool:
    about, action = SUBJECTS[subject.noun]
    return await saw(caller, eyes, about, action, (await state_at(caller, about.decider, subject.id, as_of))[0], as_of)


add_one(noun, PaperView, Action.PAPER_READ, _shown)
add_history(noun, Action.PAPER_READ)
router = noun.router
