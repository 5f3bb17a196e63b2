"""The days of the access log: sealed ones with their roots, those that retention removed, and a copy of one to take away."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import islice
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.callers import Caller, LogReader
from api.conventions import reply
from api.problems import documented
from domain.access_days import ACCESS_DAYS, AccessDayRemoved, AccessDays, AccessDaySealed, Removal, access_days
from domain.kernel import NotFound, Refused
from infra.access_copies import rows_of
from infra.access_days import COLUMNS

MOST = 500_000
"""Rows of the largest day that is handed out at once."""

router = APIRouter(prefix="/v1/audit/access", tags=["audit"])


class DayTooLarge(Refused):
    """So many rows are not handed out at once; `rows` says how many there are, `limit` how many may be."""


class RemovedDay(BaseModel):
    """That a day is gone. `position`: of the event that says so; `keep_days`: the retention under which it went."""

    position: int
    on: date
    keep_days: int


class SealedDay(BaseModel):
    """A day (UTC) as it was sealed. `position`: of the event that sealed it; `root`: SHA-256 over its rows, in hex."""

    day: date
    rows: int
    root: str
    position: int
    removed: RemovedDay | None


class SealedDays(BaseModel):
    """One page, newest first; `next` goes into `cursor`."""

    items: list[SealedDay]
    next: date | None
    order: Literal["newest first"] = "newest first"


class DaysAsked(BaseModel):
    """Which: those before a day, at most so many."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    cursor: Annotated[date | None, Field(description="Days before this one, such as `next` of the page before.")] = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 200


class AccessRow(BaseModel):
    """One row as it is stored; all of its values are in the root."""

    at: datetime
    kind: str
    operation: str
    principal: UUID | None
    member: UUID | None
    key: UUID | None
    source: str
    target: str | None
    status: int
    correlation_id: UUID | None
    times: int


class AccessDayCopy(SealedDay):
    """A sealed day with the rows that it holds now; none, where it was removed."""

    entries: list[AccessRow]


@router.get("/days", response_model=SealedDays, operation_id="list_access_days", responses=documented())
async def list_access_days(caller: LogReader, asked: Annotated[DaysAsked, Query()]) -> Response:
    """The sealed days of the access log, with what each held, and which were removed when, under which retention."""
    days = await _days(caller)
    wanted = (days[day] for day in sorted(days, reverse=True) if asked.cursor is None or day < asked.cursor)
    shown = list(islice(wanted, asked.limit + 1))
    more = len(shown) > asked.limit
    return reply(SealedDays(items=shown[: asked.limit], next=shown[asked.limit - 1].day if more else None))


@router.get(
    "/days/{day}",
    response_model=AccessDayCopy,
    operation_id="export_access_day",
    responses=documented(NotFound, DayTooLarge),
)
async def export_access_day(
    caller: LogReader, day: Annotated[date, Path(description="A sealed day (UTC).", examples=["2026-03-31"])]
) -> Response:
    """Take a sealed day away, row by row as it is stored, so that the copy proves itself against the sealed root, later and elsewhere."""
    if (sealed := (await _days(caller)).get(day)) is None:
        raise NotFound(f"There is no sealed day {day}: a day is sealed some minutes after it is over (UTC), from the first entry on.")
    if sealed.rows > MOST:
        raise DayTooLarge(f"{day} has {sealed.rows:,} rows; at most {MOST:,} are handed out at once.", rows=sealed.rows, limit=MOST)
    async with caller.doors.exports:
        rows = await rows_of(caller.doors.database, caller.tenant, day)
        entries = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        return reply({**sealed.model_dump(), "entries": entries})


async def _days(caller: Caller) -> dict[date, SealedDay]:
    found: dict[date, SealedDay] = {}
    for recorded in await caller.doors.store.history(caller.tenant, ACCESS_DAYS):
        match recorded.event:
            case AccessDaySealed(day=day, rows=rows, root=root):
                found[day] = SealedDay(day=day, rows=rows, root=root, position=recorded.position, removed=None)
            case AccessDayRemoved(day=day, on=on, keep_days=keep_days):
                found[day].removed = RemovedDay(position=recorded.position, on=on, keep_days=keep_days)
    return found


async def removals_told(caller: Caller, since: datetime | None, until: datetime | None) -> list[str]:
    """What of the span is no longer in the access log, in sentences; none where all of it is."""
    days: AccessDays | None = (await caller.doors.store.load(caller.tenant, access_days, ACCESS_DAYS)).state
    if days is None:
        return []
    first = date.min if since is None else since.astimezone(UTC).date()
    last = date.max if until is None else until.astimezone(UTC).date()
    return [_told(one, days) for one in days.removals if one.last >= first and one.first <= last]


def _told(removal: Removal, days: AccessDays) -> str:
    first, last, on, keep_days = removal
    if first == days.since:
        which = f"before {date.fromordinal(last.toordinal() + 1)}"
    elif first == last:
        which = f"of {first}"
    else:
        which = f"from {first} to {last}"
    return f"Entries {which} were removed under the retention of {keep_days} days, the latest of them on {on}."
