"""The portal: what a person of a supplier's or customer's own sees and does, in the cases with their account and nowhere else.

Answers are made by `projections/dispute_shared.py`, which names what leaves; commands have fields of their own, so that nobody
outside speaks for us or says anything internal.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from api.callers import Caller, PortalAnswerer, PortalReader
from api.conventions import etag, reply
from api.dispute_reads import history_at
from api.documents import DocumentTooLarge, FileName, HashParameter, Uploaded, given, keep, received
from api.execution import absent, seen
from api.moments import PROBLEMS, AheadOfLog
from api.nouns import IdParameter
from api.portal_commands import SIGHT, noun
from api.problems import documented
from api.reading import Searched, order
from domain.disputes import Dispute, disputes
from domain.disputes.terms import Status
from domain.documents import Document, document_id, documents
from domain.kernel import DECIDERS, Invalid, NotFound
from domain.suppliers.terms import Measure
from infra.access import Action, scope
from infra.documents import DocumentGone
from infra.documents.sniffing import DocumentTypeUnsupported, DocumentUnpacksTooLarge
from projections.accounts import Accounts
from projections.as_of import NOW
from projections.dispute_case import case_of
from projections.dispute_list import dispute_list
from projections.dispute_shared import SharedCase, shared_case, shared_files
from projections.disputes import Disputes
from projections.members import Members
from projections.paging import LARGEST_PAGE
from projections.supplier_scores import scorecards
from projections.suppliers import Suppliers

router = noun.router
files = APIRouter(prefix="/v1/portal", tags=["portal"])
"""What is not about one case."""
PARTY = "CASE WHEN opened_at IS NOT NULL THEN account END"
"""SQL: with whom a case is, once it was raised; a draft is nobody else's."""


class PortalCard(BaseModel):
    """A case with you, in a list. `answer_due_at`: until when you owe an answer. `version`: for If-Match."""

    id: UUID
    version: int
    title: str
    side: str
    status: str
    reason: str
    severity: str
    currency: str
    original: Decimal
    open: Decimal
    credited: Decimal
    paid: Decimal
    written_off: Decimal
    withdrawn: Decimal
    opened_at: datetime
    answer_due_at: datetime | None
    closed_at: datetime | None


class PortalPage(BaseModel):
    """One page. `next` goes into `cursor`; null: that was all."""

    items: list[PortalCard]
    next: str | None
    position: int


class PortalAsked(BaseModel):
    """Which cases, newest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    status: Status | None = None
    live: Annotated[bool | None, Field(description="Not settled, given up or over.")] = None
    text: Searched | None = None
    sort: Literal["-began_at", "began_at", "-open", "open", "title", "-title"] = "-began_at"
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 50
    cursor: Annotated[str | None, Field(max_length=1000, pattern=r"^[A-Za-z0-9_-]+$")] = None
    at_least: Annotated[int | None, Field(ge=0, le=10**18)] = None


class PortalAnswer(BaseModel):
    """One case."""

    item: SharedCase
    version: int = Field(description="Its version, for If-Match.")


class PortalFigure(BaseModel):
    """One measure of your score. `percent`: its weight; `points`: what `value` gives, 0 to 100; `of`: how much it was drawn from."""

    measure: Measure
    value: Decimal
    points: Decimal
    percent: int
    of: Decimal


class PortalScore(BaseModel):
    """A month's score, over the months from `since_month` on. `score` null: there was no activity, so there is no score."""

    month: str
    since_month: str
    score: Decimal | None
    previous: Decimal | None
    band_name: str | None
    scored_at: datetime
    figures: list[PortalFigure]


class PortalScores(BaseModel):
    """How your account scored, latest first."""

    items: list[PortalScore]
    position: int


class ScoresAsked(BaseModel):
    """How many months, counted back from the latest."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    months: Annotated[int, Field(ge=1, le=120)] = 12
    at_least: Annotated[int | None, Field(ge=0, le=10**18)] = None


async def _check_reached(caller: Caller, at_least: int | None) -> None:
    if at_least is not None and at_least > (head := await caller.doors.store.head(caller.tenant)):
        raise AheadOfLog("at_least names a position that the log has not reached; use one that a write answered with.", position=head)


@files.get("/scorecard", response_model=PortalScores, operation_id="read_portal_scorecard", responses=documented(Invalid, *PROBLEMS))
async def read_portal_scorecard(caller: PortalReader, asked: Annotated[ScoresAsked, Query()]) -> Response:
    """How your account scored month by month, and by what: the numbers alone, without who recorded what they were drawn from."""
    await _check_reached(caller, asked.at_least)
    async with caller.doors.reader.read(caller.tenant, Suppliers, at_least=asked.at_least) as opened:
        own = caller.standing.account
        found = await scorecards(opened, own, months=asked.months, events=0) if own is not None else []
    items = [
        {name: getattr(card, name) for name in PortalScore.model_fields if name != "figures"}
        | {"figures": [{name: getattr(one, name) for name in PortalFigure.model_fields} for one in card.figures]}
        for card in found
    ]
    return reply({"items": items, "position": opened.position}, headers={"Concord-Position": str(opened.position)})


@router.get("", response_model=PortalPage, operation_id="list_portal_disputes", responses=documented(Invalid, *PROBLEMS))
async def list_portal_disputes(caller: PortalReader, asked: Annotated[PortalAsked, Query()]) -> Response:
    """The cases with your account, page by page."""
    await _check_reached(caller, asked.at_least)
    own = scope(caller.standing, Action.PORTAL_READ, party=PARTY)
    narrowed: dict[str, Any] = {"status": asked.status.value if asked.status else None, "live": asked.live, "text": asked.text}
    sort, descending = order(asked.sort)
    async with caller.doors.reader.read(caller.tenant, Disputes, Accounts, Members, at_least=asked.at_least) as opened:
        found = await dispute_list(opened, scope=own, limit=asked.limit, cursor=asked.cursor, sort=sort, descending=descending, **narrowed)
    items = [{name: getattr(card, name) for name in PortalCard.model_fields} for card in found.items]
    return reply({"items": items, "next": found.next, "position": found.position}, headers={"Concord-Position": str(found.position)})


async def _shared(caller: Caller, id: UUID) -> tuple[SharedCase, int]:
    loaded = await seen(caller, disputes, id, Action.PORTAL_READ, SIGHT)
    case: Dispute = loaded.state
    history = await history_at(caller, id, NOW)
    shown = shared_case(case, case_of(case, history), history)
    owner = (await caller.doors.store.load(caller.tenant, DECIDERS["member"], case.owner)).state
    return shown.model_copy(update={"contact": owner.name if owner is not None else None}), loaded.version


@router.get("/{id}", response_model=PortalAnswer, operation_id="read_portal_dispute", responses=documented(NotFound))
async def read_portal_dispute(id: IdParameter, caller: PortalReader) -> Response:
    """One case with your account: lines, where each amount stands, offers, evidence, what was said, and until when you owe an answer."""
    shown, version = await _shared(caller, id)
    return reply({"item": shown, "version": version}, headers={"ETag": etag(version)})


@router.get(
    "/{id}/documents/{sha256}",
    operation_id="download_portal_document",
    response_class=Response,
    responses={
        200: {
            "content": {"application/octet-stream": {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}},
            "description": "The file.",
        },
        **documented(NotFound, DocumentGone),
    },
)
async def download_portal_document(id: IdParameter, sha256: HashParameter, caller: PortalReader) -> Response:
    """A file of a case, as a file to save: evidence that both sides see, or a settling document."""
    shown, _ = await _shared(caller, id)
    if sha256 not in shared_files(shown):
        raise absent()
    known: Document | None = (await caller.doors.store.load(caller.tenant, documents, document_id(sha256))).state
    if known is None:
        raise absent()
    return await given(caller, known.ref)


@files.post(
    "/documents",
    status_code=201,
    response_model=Uploaded,
    operation_id="upload_portal_document",
    responses=documented(Invalid, DocumentTooLarge, DocumentTypeUnsupported, DocumentUnpacksTooLarge),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}},
        }
    },
)
async def upload_portal_document(request: Request, caller: PortalAnswerer, name: FileName) -> Response:
    """Upload a file: its bytes are the body. Attach it to a case by its SHA-256; until then only you see it."""
    async with caller.doors.uploads:
        ref, position = await keep(caller, await received(request), name)
    headers = {} if position is None else {"Concord-Position": str(position)}
    return reply({**ref.model_dump(), "position": position}, status=201, headers=headers)


routers = (router, files)
