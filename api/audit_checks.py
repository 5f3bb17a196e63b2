"""What an auditor checks besides the log itself: separation of duties, and who read, was refused or took away what."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.audit_access import removals_told
from api.audit_search import MODELS, WrittenMoment, day_before
from api.callers import Caller, LogReader
from api.conventions import reply
from api.moments import PROBLEMS, Moment, resolve
from api.problems import documented
from api.reading import reading, stood
from domain.kernel import Invalid
from infra.access_search import AccessAsked, AccessFound, search_access
from projections.as_of import Basis
from projections.duties import Duty, Finding, findings
from projections.telling import resolve as names_of

router = APIRouter(prefix="/v1/audit", tags=["audit"])


class FindingsAsked(Moment):
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


@router.get("/findings", response_model=FindingsThen, operation_id="read_findings", responses=documented(Invalid, *PROBLEMS))
async def read_findings(caller: LogReader, asked: Annotated[FindingsAsked, Query()]) -> Response:
    """Where duties were not kept apart: own requests, own delegates, own vendors, overrides, back-dated facts; each with its events."""
    duties = list(dict.fromkeys(asked.duty or Duty))
    async with reading(caller, asked, *MODELS) as opened:
        found = await findings(opened, duties=duties, days=asked.days, limit=asked.limit)
        return stood(Findings(looked_for=duties, items=found), opened.as_of, opened.position)


class AccessQuery(BaseModel):
    """What is looked for in the access log."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    member: Annotated[UUID | None, Field(description="Whose doing.")] = None
    kind: Annotated[str | None, Field(pattern="^[a-z_]{1,40}$", examples=["read"], description="read, denied, export, sign_in, ...")] = None
    operation: Annotated[str | None, Field(pattern="^[a-z_?*]{1,80}$", examples=["read_deal"])] = None
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
async def search_access_log(caller: LogReader, asked: Annotated[AccessQuery, Query()]) -> Response:
    """Who read, was refused, signed in or took away what, and when. An entry is here within a second or two of what it tells."""
    wanted = AccessAsked(
        **{name: getattr(asked, name) for name in ("member", "kind", "operation", "target", "denied")},
        since=await _instant(caller, asked.since, first=True),
        until=await _instant(caller, asked.until, first=False),
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


async def _instant(caller: Caller, written: str | None, *, first: bool) -> datetime | None:
    """The instant of a moment: of a day its beginning (`first`) or its end; of a log position, when it was recorded."""
    if written is None:
        return None
    before = day_before(written) if first else None
    found = await resolve(caller, Moment(as_of=before or written))
    return (found.instant or datetime.now(UTC)) if not found.now else (None if not first else datetime.now(UTC))


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
