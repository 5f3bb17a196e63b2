"""The log as a feed, live changes as server-sent events, and how far read models have come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from time import monotonic
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.callers import Caller, LogReader, Operator, StreamReader
from api.conventions import reply
from api.execution import Sight, sees
from api.moments import AheadOfLog
from api.problems import RequestMalformed, documented
from api.registers import Entry, entry
from domain.kernel import DECIDERS, NotFound, Recorded
from infra.access import Action
from infra.event_store.unreadable import Unreadable
from projections.catalogue import read_models
from projections.tracking import health, retry

router = APIRouter(prefix="/v1", tags=["log"])
HEARTBEAT_SECONDS = 15.0
CHECK_SECONDS = 0.8
"""How often an open stream looks at its caller's rights again (S18)."""
BATCH = 200
_DEADLINE = 3600.0
"""Seconds after which a stream ends, so that its client signs in anew."""


class FeedAsked(BaseModel):
    """Which events: those after a position, up to `limit`, waiting for the first one if there is none yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    after: Annotated[int, Field(ge=0, le=10**18)] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = BATCH
    wait: Annotated[int, Field(ge=0, le=30, description="Seconds to wait for a first event.")] = 0
    stream: Annotated[UUID | None, Field(description="One thing's events only.")] = None
    topic: Annotated[str | None, Field(pattern=r"^[a-z_]+(\.[a-z_]+)?$", description="A topic, or a noun: `deal`.")] = None


class LogEntry(Entry):
    """An event and the stream it belongs to."""

    stream: UUID


class Feed(BaseModel):
    """Events in order. `after`: what to ask with next."""

    events: list[LogEntry]
    after: int
    head: int


class ReadModel(BaseModel):
    """A read model's state. `lag_seconds`: the age of the oldest event it has not folded."""

    name: str
    position: int
    lag_events: int
    lag_seconds: float = Field(json_schema_extra={"type": "number"})
    parked_at: int | None
    cause: str | None
    attempts: int


def _wanted(recorded: Recorded, asked: FeedAsked) -> bool:
    topic = recorded.event.topic
    if asked.stream is not None and recorded.originator_id != asked.stream:
        return False
    return asked.topic is None or topic == asked.topic or topic.startswith(asked.topic + ".")


@router.get("/events", response_model=Feed, operation_id="read_events", responses=documented(AheadOfLog))
async def read_events(caller: LogReader, asked: Annotated[FeedAsked, Query()]) -> Response:
    """Every event of the tenant, in order, without gaps: for auditors and for programs that follow along.

    With a filter the page may be empty while `after` moves on.
    """
    store, tenant = caller.doors.store, caller.tenant
    deadline = monotonic() + asked.wait
    while True:
        mark = store.wakes.mark(tenant.slug)
        found = await store.read(tenant, asked.after, asked.limit)
        left = deadline - monotonic()
        if found or left <= 0:
            break
        await store.wakes.wait(tenant.slug, min(left, 1.0), since=mark)
    head = await store.head(tenant)
    if asked.after > head:
        raise AheadOfLog("`after` names a position that the log has not reached; use one that it answered with.", position=head)
    after = found[-1].position if found else asked.after
    events = [entry(recorded) for recorded in found if _wanted(recorded, asked)]
    return reply({"events": events, "after": after, "head": head}, headers={"Concord-Position": str(head)})


_OF = {"follow_up": "interaction", "corrective_action": "dispute"}
"""Topics of a noun's stream under another name."""


def _sights() -> dict[str, tuple[Action, Sight]]:
    from api import accounts, approvals, contacts, deals, disputes, interactions, notifications, suppliers

    return {
        "deal": (Action.DEAL_READ, deals.SIGHT),
        "approval": (Action.APPROVAL_READ, approvals.SIGHT),
        "dispute": (Action.DISPUTE_READ, disputes.SIGHT),
        "corrective_action": (Action.DISPUTE_READ, disputes.SIGHT),
        "supplier": (Action.SUPPLIER_READ, suppliers.noun.sight),
        "account": (Action.ACCOUNT_READ, accounts.SIGHT),
        "contact": (Action.CONTACT_READ, contacts.SIGHT),
        "interaction": (Action.INTERACTION_READ, interactions.SIGHT),
        "follow_up": (Action.INTERACTION_READ, interactions.SIGHT),
        "notification": (Action.NOTIFICATION_OWN, notifications.noun.sight),
    }


async def _may_hear(caller: Caller, recorded: Recorded, sights: dict[str, tuple[Action, Sight]]) -> bool:
    noun = recorded.event.topic.partition(".")[0]
    if noun not in sights:
        return caller.may(Action.LOG_READ)
    action, sight = sights[noun]
    decider = DECIDERS[_OF.get(noun, noun)]
    state = (await caller.doors.store.load(caller.tenant, decider, recorded.originator_id)).state
    return await sees(caller, action, sight, state)


@router.get(
    "/stream",
    operation_id="stream_events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Server-sent events"}},
)
async def stream_events(request: Request, caller: StreamReader) -> Response:
    """Changes to what the caller may see, as they happen: who, when, what kind, and which thing; never the content.

    Server-sent events; `Last-Event-ID` continues after that position. The stream ends when the caller's rights do.
    """
    last = request.headers.get("last-event-id", "")
    if last and not (last.isdigit() and len(last) < 19):
        raise RequestMalformed("Last-Event-ID: send the id of the last event you got.", errors=[])
    after = int(last) if last else await caller.doors.store.head(caller.tenant)
    headers = {"X-Accel-Buffering": "no", "Content-Type": "text/event-stream; charset=utf-8"}
    return StreamingResponse(_stream(caller, after), headers=headers, media_type="text/event-stream")


async def _stream(caller: Caller, after: int) -> AsyncIterator[bytes]:
    store, tenant, sights = caller.doors.store, caller.tenant, _sights()
    until, heartbeat = monotonic() + _DEADLINE, monotonic()
    yield b"retry: 2000\n: open\n\n"
    while monotonic() < until:
        mark = store.wakes.mark(tenant.slug)
        fresh = await _still(caller)
        if fresh is None:
            yield b"event: end\ndata: {}\n\n"
            return
        found = await store.rows(tenant, after, BATCH)
        for row in found:
            after = row[0]
            # what cannot be read is told where it is asked for: here it would end the stream of everybody, each time they return
            with contextlib.suppress(Unreadable):
                recorded = store.decode(tenant, row)
                if await _may_hear(fresh, recorded, sights):
                    yield _told(recorded)
                    heartbeat = monotonic()
        if monotonic() - heartbeat > HEARTBEAT_SECONDS:
            heartbeat = monotonic()
            yield b": alive\n\n"
        if not found:
            await store.wakes.wait(tenant.slug, CHECK_SECONDS, since=mark)
            await asyncio.sleep(0.02)


async def _still(caller: Caller) -> Caller | None:
    """The caller with today's rights; None: the credential or the membership is gone."""
    doors, credential = caller.doors, caller.credential
    if not await doors.identity.holds(credential):
        return None
    standing = await doors.directory.standing(caller.tenant, caller.standing.member)
    if not standing.active:
        return None
    fresh = Caller(doors, caller.tenant, credential, standing)
    return fresh if fresh.may(Action.STREAM_READ) else None


def _told(recorded: Recorded) -> bytes:
    noun = recorded.event.topic.partition(".")[0]
    data: dict[str, Any] = {
        "noun": noun,
        "id": recorded.originator_id,
        "topic": recorded.event.topic,
        "version": recorded.originator_version,
        "position": recorded.position,
        "at": recorded.recorded_at,
        "actor": recorded.actor,
    }
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (recorded.position, recorded.event.topic.encode(), to_json(data))


@router.get("/projections", response_model=list[ReadModel], operation_id="read_projections", tags=["operation"])
async def read_projections(caller: Operator) -> Response:
    """How far each read model has come, and what it is parked at."""
    names = [model.name for model in read_models()]
    async with caller.doors.database.tenant(caller.tenant, read_only=True) as cursor:
        return reply([dict(zip(ReadModel.model_fields, _values(found), strict=True)) for found in await health(cursor, names)])


def _values(found: Any) -> list[Any]:
    return [getattr(found, name) for name in ReadModel.model_fields]


@router.post(
    "/projections/{name}/retry",
    response_model=list[str],
    operation_id="retry_projection",
    tags=["operation"],
    responses=documented(NotFound),
)
async def retry_projection(name: Annotated[str, Path(pattern=r"^[a-z_]{1,60}$", examples=["deals"])], caller: Operator) -> Response:
    """Let a parked read model try again, now. Answers with those that were parked; quiet where it was not."""
    if name not in {model.name for model in read_models()}:
        raise NotFound("There is no such read model; list them to find its name.")
    async with caller.doors.database.tenant(caller.tenant) as cursor:
        return reply(await retry(cursor, caller.tenant.slug, [name]))
