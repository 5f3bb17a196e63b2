"""The door for people outside who sign: a link for one person and one paper, no sign-in, no script (`signing_page.py`).

These are pages, not operations of the API: they answer HTML to whatever comes, and a link that does not hold looks like one that
was never given.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.callers import source_of
from api.documents import download_headers
from api.doors import Doors
from api.problems import correlation_of
from api.signing_page import CSP, message, signing_page
from domain.kernel import Actor, Command, Refused, natural_id
from domain.papers import DeclinePaper, Paper, Signatory, SignPaper, ViewPaper, papers
from domain.papers.content import PaperContent
from domain.papers.refusals import NotPrintable
from domain.papers.terms import OUT
from infra.access_log import Access
from infra.papers.printable import check_printable
from infra.signing_links import SigningLink

router = APIRouter(prefix="/sign", include_in_schema=False)
_HEADERS = {"Content-Security-Policy": CSP, "X-Robots-Tag": "noindex"}


@dataclass(frozen=True, slots=True)
class _Visit:
    """A link that holds, and the paper behind it."""

    doors: Doors
    token: str
    link: SigningLink
    paper: Paper
    who: Signatory

    @property
    def over(self) -> bool:
        """Whether the time for signing has passed."""
        return self.paper.expires_at is None or datetime.now(UTC) >= self.paper.expires_at

    async def execute(self, command: Command) -> None:
        """Do it as the signatory; the same thing twice is done once. Raises Refused."""
        step = natural_id("signing", self.token, type(command).__name__)
        actor = Actor(id=self.link.signatory)
        await self.doors.store.execute(self.link.tenant, papers, self.link.paper, command, by=actor, command_id=step)


def _answer(status: int, title: str, words: str) -> Response:
    return HTMLResponse(message(title, words), status, _HEADERS)


def _unknown() -> Response:
    words = "The link is not valid, or not any more. Please ask the sender of the paper for a new one."
    return _answer(404, "This link does not open anything", words)


def _refused(refused: Refused) -> Response:
    return _answer(refused.status, "That is not possible", refused.detail)


async def _visit(request: Request, token: str) -> _Visit | None:
    doors: Doors = request.app.state.doors
    doors.buckets.take(("address", source_of(request)), doors.rates.address)
    link = await doors.signing_links.find(token)
    paper: Paper | None = None if link is None else (await doors.store.load(link.tenant, papers, link.paper)).state
    known = link is not None and paper is not None and link.signatory in paper.signatories
    status = 200 if known else 404
    access = Access(
        kind="read" if known else "denied",
        operation="paper_by_link",
        source=source_of(request),
        status=status,
        target=str(link.paper) if link else None,
    )
    doors.access_log.note(link.tenant if link else None, access, correlation_of(request))
    if link is None or paper is None or not known:
        return None
    return _Visit(doors, token, link, paper, paper.signatories[link.signatory])


@router.get("/{token}")
async def show_paper(request: Request, token: str) -> Response:
    """The paper, as its signatory sees it. The first look is noted."""
    visit = await _visit(request, token)
    if visit is None:
        return _unknown()
    if visit.paper.status in OUT and not visit.who.viewed:
        await visit.execute(ViewPaper(signatory=visit.link.signatory))
    data = await visit.doors.documents.get(visit.link.tenant, visit.paper.data_sha256)
    if data is None:
        return _unknown()
    content = PaperContent.model_validate_json(data)
    return HTMLResponse(signing_page(token, visit.paper, content, visit.who, over=visit.over), headers=_HEADERS)


@router.get("/{token}/paper.pdf")
async def show_pdf(request: Request, token: str) -> Response:
    """The file that is signed; once it is complete, the sealed one."""
    visit = await _visit(request, token)
    if visit is None:
        return _unknown()
    ref = visit.paper.sealed or visit.paper.document
    content = await visit.doors.documents.get(visit.link.tenant, ref.sha256)
    if content is None:
        return _unknown()
    headers = download_headers(ref)
    # ours, and a PDF: it may be looked at in the browser
    headers["Content-Disposition"] = headers["Content-Disposition"].replace("attachment", "inline", 1)
    return Response(content, headers=headers)


@router.post("/{token}/sign")
async def sign(request: Request, token: str) -> Response:
    """Sign, by name and consent."""
    visit = await _visit(request, token)
    if visit is None:
        return _unknown()
    form = await request.form()
    if form.get("consent") != "yes":
        return _answer(422, "Your consent is missing", "Please go back, tick the box that says that you agree, and sign again.")
    try:
        command = SignPaper(
            signatory=visit.link.signatory,
            document=str(form.get("document", "")),
            typed_name=str(form.get("typed_name", "")),
            consent=True,
            source=source_of(request),
        )
    except ValidationError as error:
        if any(place["loc"] == ("document",) for place in error.errors()):
            again = "It is not said which paper you have read. Please open your link again, read the paper, and sign it on that page."
            return _answer(422, "The paper is missing", again)
        return _answer(422, "Your name is missing", "Please go back, enter your name as your signature, and sign again.")
    try:
        # it is printed on the page that the signed paper ends with
        await asyncio.to_thread(check_printable, {"your name": command.typed_name})
    except NotPrintable as refused:
        return _refused(refused)
    return await _done(visit, command)


@router.post("/{token}/decline")
async def decline(request: Request, token: str) -> Response:
    """Decline, with a reason."""
    visit = await _visit(request, token)
    if visit is None:
        return _unknown()
    form = await request.form()
    try:
        command = DeclinePaper(signatory=visit.link.signatory, reason=str(form.get("reason", ""))[:2000])
    except ValidationError:
        return _answer(422, "Your reason is missing", "Please go back and say in a few words why you do not sign.")
    return await _done(visit, command)


async def _done(visit: _Visit, command: Command) -> Response:
    try:
        await visit.execute(command)
    except Refused as refused:
        return _refused(refused)
    return RedirectResponse(f"/sign/{visit.token}", 303, _HEADERS)
