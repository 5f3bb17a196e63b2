"""What an auditor checks besides the log itself: separation of duties, and who read, was refused or took away what."""

from __future__ import annotations

import base64
import binascii
import fnmatch
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from api.audit_access import removals_told
from api.audit_search import MODELS, WrittenMoment, day_before
from api.callers import Caller, LogReader
from api.conventions import reply
from api.moments import PROBLEMS, Moment, resolve
from api.problems import documented
from api.reading import reading, stood
from api.seen_by import SeenBy, check_might
from domain.kernel import Invalid, NotFound
from infra.access import Action
from infra.access_log import Kind
from infra.access_search import AccessAsked, AccessFound, operations_of, search_access
from projections.as_of import Basis
from projections.duties import Duty, Finding, findings
from projections.telling import resolve as names_of

router = APIRouter(prefix="/v1/audit", tags=["audit"])


class FindingsAsked(Moment, SeenBy):
    """Which findings: of all kinds, or of some."""

    duty: Annotated[list[Duty] | None, Field(max_length=5, description="Only of these kinds.")] = None
    days: Annotated[int, Field(ge=1, le=36_500, description="Back-dated facts count from so many days on.")] = 7
    limit: Annotated[int, Field(ge=1, le=1000, description="At most so many of each kind.")] = 200


class Findings(BaseModel):
    """What to look at. `looked_for`: the kinds, also those without a finding."""

    looked_for: list[Duty]
    items: list[Finding]


class FindingsThen(Findings):
    """The findings, and the moment they are about."""

    as_of: int | None
    basis: Basis


@router.get("/findings", response_model=FindingsThen, operation_id="read_findings", responses=documented(Invalid, NotFound, *PROBLEMS))
async def read_findings(caller: LogReader, asked: Annotated[FindingsAsked, Query()]) -> Response:
    """Where duties were not kept apart: own requests, own delegates, own vendors, overrides, back-dated facts; each with its events."""
    duties = list(dict.fromkeys(asked.duty or Duty))
    async with reading(caller, asked, *MODELS) as opened:
        await check_might(caller, asked, Action.LOG_READ, opened.as_of)
        found = await findings(opened, duties=duties, days=asked.days, limit=asked.limit)
        return stood(Findings(looked_for=duties, items=found), opened.as_of, opened.position)


OTHERWISE = {"?", "paper_by_link"}
"""What entries name that is no operation of the API's document: an address without one, and a paper opened by its link."""


class AccessQuery(BaseModel):
    """What is looked for in the access log."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    member: Annotated[UUID | None, Field(description="Whose doing.")] = None
    kind: Annotated[Kind | None, Field(examples=["read"])] = None
    operation: Annotated[
        str | None,
        Field(pattern="^[a-z_?*]{1,80}$", examples=["read_deal"], description="An operation; * and ? stand for letters, as in list_*."),
    ] = None
    target: Annotated[str | None, Field(pattern=r"^[!-~]{1,200}$", description="The id of what was asked for.")] = None
    denied: Annotated[bool | None, Field(description="Only what was refused, or only what was not.")] = None
    since: WrittenMoment = None
    until: WrittenMoment = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str | None, Field(max_length=200, pattern=r"^[A-Za-z0-9_-]+$", description="`next` of the page before.")] = None


class AccessEntry(BaseModel):
    """One entry; `times`: so many alike came within a second."""

    at: datetime
    kind: str
    operation: str
    member: UUID | None
    member_name: str | None
    key: UUID | None
    source: str
    target: str | None
    status: int
    correlation_id: UUID | None
    times: int


class AccessPage(BaseModel):
    """One page, newest first; `next` goes into `cursor`. `removed`: what of the span was removed by retention, in sentences."""

    items: list[AccessEntry]
    next: str | None
    removed: list[str]
    order: Literal["newest first"] = "newest first"


@router.get("/access", response_model=AccessPage, operation_id="search_access", responses=documented(Invalid, *PROBLEMS))
async def search_access_log(request: Request, caller: LogReader, asked: Annotated[AccessQuery, Query()]) -> Response:
    """Who read, was refused, signed in or took away what, and when. An entry is here within a second or two of what it tells."""
    wanted = AccessAsked(
        **{name: getattr(asked, name) for name in ("member", "kind", "target", "denied")},
        operations=None if asked.operation is None else await _operations(request, caller, asked.operation),
        since=await _instant(caller, asked.since, "since"),
        until=await _instant(caller, asked.until, "until"),
    )
    found = await search_access(caller.doors.database, caller.tenant, wanted, limit=asked.limit + 1, after=_opened(asked.cursor))
    shown = found[: asked.limit]
    async with caller.doors.reader.read(caller.tenant, *MODELS) as opened:
        names = await names_of(opened, {entry.member for entry in shown if entry.member is not None})
    items = [
        AccessEntry(
            **{name: getattr(entry, name) for name in AccessEntry.model_fields if name != "member_name"},
            member_name=names.of(entry.member) if entry.member is not None else None,
        )
        for entry in shown
    ]
    removed = await removals_told(caller, wanted.since, wanted.until)
    return reply(AccessPage(items=items, next=_closed(shown[-1]) if len(found) > asked.limit else None, removed=removed))


async def _operations(request: Request, caller: Caller, written: str) -> list[str]:
    """The operations that are meant: those of today and those that the log has of earlier versions. Raises Invalid where none is."""
    today = {route.operation_id for route in request.app.routes if isinstance(route, APIRoute) and route.operation_id}
    known = sorted(today | OTHERWISE)
    if found := fnmatch.filter(known, written):
        return found
    if found := fnmatch.filter(await operations_of(caller.doors.database, caller.tenant), written):
        return found
    alike = get_close_matches(written, known, 5, 0.5)
    said = f"perhaps one of these is meant: {', '.join(alike)}" if alike else "list_* finds those that begin so"
    raise Invalid(f"operation: there is no {written}; {said}.", operations=known)


async def _instant(caller: Caller, written: str | None, called: Literal["since", "until"]) -> datetime | None:
    """The instant of a moment: of a day its beginning (`since`) or its end; of a log position, when it was recorded."""
    if written is None:
        return None
    found = await resolve(caller, Moment(as_of=written), called)
    if called == "since" and (before := day_before(written)) is not None:
        found = await resolve(caller, Moment(as_of=before), called)
    return (found.instant or datetime.now(UTC)) if not found.now else (None if called == "until" else datetime.now(UTC))


def _closed(entry: AccessFound) -> str:
    at, tie = entry.place
    return base64.urlsafe_b64encode(f"{at.isoformat()} {tie}".encode()).decode().rstrip("=")


def _opened(cursor: str | None) -> tuple[datetime, int] | None:
    if cursor is None:
        return None
    try:
        at, tie = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().rsplit(" ", 1)
        return datetime.fromisoformat(at).astimezone(UTC), int(tie)
    except (ValueError, binascii.Error, OverflowError):
        raise Invalid("This cursor is not one that a page answered with; begin again without it.") from None
