"""Papers: prepared about something, reviewed, sent to those who sign, kept with every signature."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.responses import Response

from api.callers import Caller, PaperPreparer, PaperReader
from api.conventions import Changing, Creating, Written, body, etag, reply, written
from api.documents import given
from api.execution import absent, change, create, seen
from api.nouns import IdParameter, Noun
from api.problems import documented
from api.subjects import THROUGH_SUBJECT, sees_subject
from domain.documents import StoreDocument, Subject, document_id, documents
from domain.kernel import SYSTEM, NotFound, Role
from domain.members import members
from domain.papers import (
    IssueLink,
    Paper,
    PreparePaper,
    RecordLink,
    RequestReview,
    ReviewPaper,
    RevisePaper,
    SendPaper,
    VoidPaper,
    papers,
)
from domain.papers import refusals as r
from domain.rates import NoRate
from domain.templates import ClauseUnknown
from domain.tenants import TENANT_ID, tenants
from infra.access import Action
from infra.documents import DocumentGone
from infra.ids import uuid7
from infra.papers.certificates import pem
from infra.papers.press import Printed
from infra.papers.printable import check_printable

_ID = "01936e4c-0000-7000-8000-00000000000a"
_SHA = "0" * 64
noun = Noun("paper", "papers", papers, sight=THROUGH_SUBJECT, seen_by=Action.PAPER_READ)
router = noun.router
_WORDING = (r.TemplateUnknown, ClauseUnknown, r.NoPaperFor, r.NothingDisputed, r.NotPrintable, r.PartUnknown)


async def _stored(caller: Caller, printed: Printed) -> None:
    for ref in printed.documents:
        command = StoreDocument(document=ref, uploader=None)
        await caller.doors.store.execute(caller.tenant, documents, document_id(ref.sha256), command, by=SYSTEM)


@router.post(
    "",
    status_code=201,
    response_model=Written,
    operation_id="prepare_paper",
    responses=documented(NotFound, *_WORDING),
    openapi_extra={
        "x-example": {"subject": {"noun": "deal", "id": _ID}, "template": "quote", "note": "As agreed in our meeting of 2 March."}
    },
)
async def prepare_paper(caller: PaperPreparer, write: Creating, command: Annotated[PreparePaper, body(PreparePaper)]) -> Response:
    """Prepare a paper from a template and what it is about: printed, kept, and ready to be read before anybody gets it."""
    if not await sees_subject(caller, Subject(command.subject.noun, command.subject.id), Action.PAPER_PREPARE):
        raise absent()
    id = uuid7()
    printed = await caller.doors.press.prepared(caller.tenant, id, command, datetime.now(UTC))
    await _stored(caller, printed)
    executed = await create(caller, write, papers, id, printed.draft, new=True)
    return written(executed, status=201, location=noun.prefix)


@router.post(
    "/{id}/revise",
    response_model=Written,
    operation_id="revise_paper",
    responses=documented(r.PaperIsOut, *_WORDING),
    openapi_extra={"x-example": {"title": "Sensors for the press line"}},
)
async def revise_paper(
    id: IdParameter, caller: PaperPreparer, write: Changing, command: Annotated[RevisePaper, body(RevisePaper)]
) -> Response:
    """Prepare it anew from today's data and wording, while nobody outside has it."""
    paper: Paper = (await seen(caller, papers, id, Action.PAPER_PREPARE, noun.sight)).state
    printed = await caller.doors.press.revised(caller.tenant, id, paper, command, datetime.now(UTC))
    await _stored(caller, printed)
    return written(await change(caller, write, papers, id, printed.draft, Action.PAPER_PREPARE, noun.sight))


async def _check_signatories(caller: Caller, _id: UUID, command: Any) -> None:
    """Contacts that the caller sees, with names that can be printed below the paper. Raises NotFound, NotPrintable."""
    from api.contacts import noun as contact_noun

    named = {f"the name and party of {one.email}": f"{one.name}\n{one.party}\n{one.email}" for one in command.signatories}
    await asyncio.to_thread(check_printable, named)
    for one in command.signatories:
        if one.contact is not None:
            await seen(caller, contact_noun.decider, one.contact, Action.CONTACT_READ, contact_noun.sight)


noun.changes(
    "/request-review",
    RequestReview,
    Action.PAPER_PREPARE,
    operation="request_paper_review",
    summary="Ask somebody else to look at it",
    example={},
    raises=(r.PaperNotInState,),
)
noun.changes(
    "/review",
    ReviewPaper,
    Action.PAPER_REVIEW,
    operation="review_paper",
    summary="Say whether it may be sent",
    example={"allowed": True, "document": _SHA},
    raises=(r.PaperNotInState, r.OwnPaper, r.PaperChanged),
)
noun.changes(
    "/send",
    SendPaper,
    Action.PAPER_PREPARE,
    operation="send_paper",
    summary="Send it to those who are to sign",
    example={
        "signatories": [
            {"name": "Mira Berg", "email": "mira@nordlicht.example", "party": "Nordlicht GmbH"},
            {"name": "Jo Weber", "email": "jo@acme.example", "party": "Acme Werkzeuge GmbH", "contact": _ID},
        ],
        "expires_on": "2030-03-29",
    },
    raises=(
        r.PaperNotInState,
        r.PaperNotReviewed,
        r.NotAgreedYet,
        NoRate,
        r.SignatoryTwice,
        r.SigningDayPast,
        r.SigningDayTooFar,
        r.NotPrintable,
    ),
    before=_check_signatories,
)
noun.changes(
    "/void",
    VoidPaper,
    Action.PAPER_PREPARE,
    operation="void_paper",
    summary="Take it back",
    example={"reason": "The prices have changed"},
    raises=(r.PaperNotInState,),
)


class Link(BaseModel):
    """A signatory's way to the paper. It is shown this once: hand it to nobody else."""

    id: UUID
    version: int
    position: int | None
    url: str
    expires_at: datetime = Field(description="The end of the last day for signing.")


async def _check_hands_over(caller: Caller, paper: Paper) -> None:
    """Raises LinkOfOthers."""
    theirs = dict.fromkeys(id for id in (paper.by, paper.sent_by) if id is not None)
    if Role.ADMIN in caller.standing.roles or not theirs.keys().isdisjoint({caller.actor.id, caller.actor.on_behalf_of}):
        return
    known = [(await caller.doors.store.load(caller.tenant, members, id)).state for id in theirs]
    who = [member.name for member in known if member is not None]
    named = " or ".join([*who, "an administrator"])
    raise r.LinkOfOthers(f"With a link one can sign this paper: ask {named} for it, who may hand it over.", who=who)


@router.post(
    "/{id}/links",
    response_model=Link,
    operation_id="issue_signing_link",
    responses=documented(r.PaperNotInState, r.LinkOfOthers, r.SignatoryUnknown, r.SigningOver),
    openapi_extra={"x-example": {"signatory": _ID}},
)
async def issue_signing_link(
    id: IdParameter, caller: PaperPreparer, write: Changing, command: Annotated[IssueLink, body(IssueLink)]
) -> Response:
    """Get a signatory's link, to hand it over yourself: for who prepared or sent the paper. Theirs from before end with it."""
    await _check_hands_over(caller, (await seen(caller, papers, id, Action.PAPER_PREPARE, noun.sight)).state)
    recorded = RecordLink(signatory=command.signatory, mailed=False)
    executed = await change(caller, write, papers, id, recorded, Action.PAPER_PREPARE, noun.sight)
    paper: Paper = (await caller.doors.store.load(caller.tenant, papers, id)).state
    assert paper.expires_at is not None, "what has links was sent"
    token = await caller.doors.signing_links.issue(caller.tenant, id, command.signatory, paper.expires_at, instead=True)
    url = f"{caller.doors.public_url}/sign/{token}"
    return reply(
        {"id": id, "version": executed.version, "position": executed.last, "url": url, "expires_at": paper.expires_at},
        headers={"ETag": etag(executed.version)},
    )


_FILE = {"content": {"application/pdf": {"schema": {"type": "string", "contentMediaType": "application/pdf"}}}, "description": "The PDF."}


@router.get(
    "/{id}/pdf", operation_id="download_paper", response_class=Response, responses={200: _FILE, **documented(NotFound, DocumentGone)}
)
async def download_paper(id: IdParameter, caller: PaperReader) -> Response:
    """The paper as PDF: with all signatures and sealed once it is complete, before that as it was prepared."""
    paper: Paper = (await seen(caller, papers, id, Action.PAPER_READ, noun.sight)).state
    return await given(caller, paper.sealed or paper.document)


class Authority(BaseModel):
    """Who vouches for the seal on our papers. Give it to those who are to check them: `concord papers verify FILE --trust PEM`."""

    certificate: str = Field(description="The authority's certificate, in PEM.")
    holder: str


@router.get("/authority/certificate", response_model=Authority, operation_id="read_paper_authority", responses=documented(NotFound))
async def read_paper_authority(caller: PaperReader) -> Response:
    """The certificate of the authority that vouches for our seal. It is no secret."""
    found = (await caller.doors.store.load(caller.tenant, tenants, TENANT_ID)).state
    seal = await caller.doors.sealer.seal(caller.tenant, found.name if found else caller.tenant.slug)
    return reply({"certificate": pem(seal.authority), "holder": seal.holder})
