"""A person's data: holds, a copy to hand out, erasure. A person is a contact or a member, named by its id."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from api.callers import Caller, PersonEraser, PrivacyKeeper, PrivacyReader, source_of
from api.conventions import Changing, Write, Written, body, etag, reply, written
from api.execution import absent
from api.import_spool import ImportUnderWay
from api.nouns import IdParameter
from api.problems import documented
from domain.kernel import Command, Forbidden, Invalid, NotFound, Recorded
from domain.privacy import (
    CaseNumber,
    ErasureCarriedOut,
    ExportPerson,
    HoldPerson,
    NotHeld,
    OnHold,
    OwnErasure,
    PapersUnderWay,
    PersonErased,
    PersonExported,
    PersonHeld,
    PersonIsErased,
    PersonKind,
    PersonReleased,
    Privacy,
    ReleasePerson,
    privacy,
    privacy_id,
)
from infra.event_store import Executed, Step, event_id
from infra.identity import SignInFailed
from infra.identity_passwords import LONGEST
from infra.privacy.persons import Kept, kept_of, kind_of
from workflows.erasures import erasing

router = APIRouter(prefix="/v1/privacy", tags=["privacy"])
_EVENTS = {event.topic: event for event in (PersonHeld, PersonReleased, PersonExported, PersonErased, ErasureCarriedOut)}


class PasswordNeeded(Forbidden):
    """In a browser session this takes the password once more: send `name` and `password` with it."""


class Case(Command):
    """What it is filed under: a number, never a name, because it stays in the log."""

    case: CaseNumber


class Hold(Case):
    """`until`: the last day; null: until it is released."""

    until: date | None = None


class Proven(Case):
    """In a session `name` and `password` prove who asks; a key needs neither."""

    name: Annotated[str | None, Field(max_length=254)] = None
    password: Annotated[str | None, Field(max_length=LONGEST, json_schema_extra={"format": "password"})] = None


class HoldView(BaseModel):
    """A hold in force today."""

    case: str
    until: date | None


class PersonView(BaseModel):
    """What stands about a person. `erased`: the case; `carried_out`: everything that follows from it is done."""

    id: UUID
    kind: PersonKind
    holds: list[HoldView]
    erased: str | None
    carried_out: bool


class KeptEvent(BaseModel):
    """One event that is kept of the person. `day`: when it was so (UTC)."""

    day: date
    recorded_at: datetime
    position: int
    topic: str
    stream: UUID
    data: dict[str, Any]


class Copy(BaseModel):
    """All that is kept of a person, oldest first. `position`: of the event that says it was handed out."""

    person: UUID
    kind: PersonKind
    case: str
    exported_at: datetime
    position: int | None
    events: list[KeptEvent]


class CaseRecord(BaseModel):
    """Something done about a person's data: never whose by name, always by whom and for which case."""

    id: UUID
    position: int
    recorded_at: datetime
    actor: UUID
    what: str
    person: UUID
    case: str | None


class CaseRecords(BaseModel):
    """A page, oldest first. `next` goes into `after`; null: that was all."""

    items: list[CaseRecord]
    next: int | None


class RecordsAsked(BaseModel):
    """Which: those after a position, of one case or person."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    after: Annotated[int, Field(ge=0, le=10**18)] = 0
    limit: Annotated[int, Field(ge=1, le=200)] = 50


@router.get("", response_model=CaseRecords, operation_id="list_privacy_records")
async def list_privacy_records(caller: PrivacyReader, asked: Annotated[RecordsAsked, Query()]) -> Response:
    """Holds, releases, exports and erasures: who, when, for which case."""
    query = (
        f"SELECT position FROM \"{caller.tenant.schema}\".events WHERE (topic LIKE 'privacy.%%' OR topic = 'contact.erased') "
        "AND topic = ANY (%s) AND position > %s ORDER BY position LIMIT %s"
    )
    async with caller.doors.database.connection() as connection:
        values = (list(_EVENTS), asked.after, asked.limit + 1)
        rows = await (await connection.execute(query.encode(), values)).fetchall()
    positions = [row[0] for row in rows][: asked.limit]
    items = [_record(recorded) for recorded in await caller.doors.store.at(caller.tenant, positions)]
    return reply({"items": items, "next": positions[-1] if len(rows) > asked.limit else None})


def _record(recorded: Recorded) -> dict[str, Any]:
    event: Any = recorded.event
    return {
        "id": event_id(recorded.originator_id, recorded.originator_version),
        "position": recorded.position,
        "recorded_at": recorded.recorded_at,
        "actor": recorded.actor,
        "what": event.topic.partition(".")[2],
        "person": event.person,
        "case": getattr(event, "case", None),
    }


@router.get("/{id}", response_model=PersonView, operation_id="read_person_privacy", responses=documented(NotFound))
async def read_person_privacy(id: IdParameter, caller: PrivacyReader) -> Response:
    """Whether a person's data is on hold, or was erased."""
    kind = await _kind(caller, id)
    loaded = await caller.doors.store.load(caller.tenant, privacy, privacy_id(id))
    state: Privacy = loaded.state or Privacy()
    holds = [{"case": case, "until": until} for case, until in sorted(state.held(datetime.now(UTC).date()).items())]
    view = {"id": id, "kind": kind, "holds": holds, "erased": state.erased, "carried_out": state.carried_out}
    return reply(view, headers={"ETag": etag(loaded.version)})


@router.post(
    "/{id}/hold",
    response_model=Written,
    operation_id="hold_person",
    responses=documented(PersonIsErased, Invalid, NotFound),
    openapi_extra={"x-example": {"case": "LIT-2027-3", "until": "2030-12-31"}},
)
async def hold_person(id: IdParameter, caller: PrivacyKeeper, write: Changing, asked: Annotated[Any, body(Hold)]) -> Response:
    """Keep a person's data for a case: nobody can erase it until the hold ends."""
    await _kind(caller, id)
    return written(await _do(caller, write, (_step(HoldPerson(person=id, case=asked.case, until=asked.until)),)))


@router.post(
    "/{id}/release",
    response_model=Written,
    operation_id="release_person",
    responses=documented(PersonIsErased, NotHeld, NotFound),
    openapi_extra={"x-example": {"case": "LIT-2027-3"}},
)
async def release_person(id: IdParameter, caller: PrivacyKeeper, write: Changing, asked: Annotated[Any, body(Case)]) -> Response:
    """End a hold."""
    await _kind(caller, id)
    return written(await _do(caller, write, (_step(ReleasePerson(person=id, case=asked.case)),)))


@router.post(
    "/{id}/export",
    response_model=Copy,
    operation_id="export_person",
    responses=documented(PersonIsErased, NotFound, PasswordNeeded, SignInFailed),
    openapi_extra={"x-example": {"case": "DSR-2027-14"}},
)
async def export_person(
    request: Request, id: IdParameter, caller: PrivacyKeeper, write: Changing, asked: Annotated[Any, body(Proven)]
) -> Response:
    """Hand out a copy of all that is kept under a person's key, and record that it was."""
    kind = await _kind(caller, id)
    await _prove(request, caller, asked)
    kept = await kept_of(caller.doors.store, caller.tenant, id, kind)
    done = await _do(caller, write, (_step(ExportPerson(person=id, case=asked.case)),))
    return reply(_copy(kept, asked.case, done))


@router.post(
    "/{id}/erase",
    response_model=Written,
    operation_id="erase_person",
    responses=documented(OnHold, PapersUnderWay, OwnErasure, ImportUnderWay, NotFound, PasswordNeeded, SignInFailed),
    openapi_extra={"x-example": {"case": "DSR-2027-14"}},
)
async def erase_person(
    request: Request, id: IdParameter, caller: PersonEraser, write: Changing, asked: Annotated[Any, body(Proven)]
) -> Response:
    """Forget who a person was, for ever, on every past day too. Refused while their data is on hold.

    Their keys are destroyed when this answers; `carried_out` says when read models, letters and sign-ins have followed.
    """
    kind = await _kind(caller, id)
    await _prove(request, caller, asked)
    doors, tenant = caller.doors, caller.tenant
    doors.spool.check_idle(tenant)
    command = (await kept_of(doors.store, tenant, id, kind)).erasure(asked.case)
    done = await _do(caller, write, erasing(command))
    state: Privacy = (await doors.store.load(tenant, privacy, privacy_id(id))).state
    await asyncio.to_thread(doors.keys.forget, tenant.slug, command.subjects, state.erased or asked.case)
    # uploads are working copies of whole files, of which nobody can tell who is in them
    await asyncio.to_thread(doors.spool.clear, tenant)
    return written(done)


async def _kind(caller: Caller, id: UUID) -> PersonKind:
    kind = await kind_of(caller.doors.store, caller.tenant, id)
    if kind is None:
        raise absent()
    return kind


async def _prove(request: Request, caller: Caller, asked: Proven) -> None:
    """A session left open is not enough for what cannot be undone. Raises PasswordNeeded, SignInFailed."""
    if caller.credential.key is not None:
        return
    if asked.name is None or asked.password is None:
        raise PasswordNeeded("Enter your password once more: send `name` and `password`.")
    identity = caller.doors.identity
    _, proven = await identity.sign_in(asked.name, asked.password, source_of(request))
    await identity.sign_out(proven)
    if proven.principal != caller.principal:
        raise SignInFailed("The name or the password is wrong.")


def _step(command: Any) -> Step:
    return Step(privacy, privacy_id(command.person), command)


async def _do(caller: Caller, write: Write, steps: Iterable[Step]) -> Executed:
    return await caller.doors.store.execute_steps(
        caller.tenant,
        tuple(steps),
        by=caller.actor,
        expected_version=write.expected_version,
        command_id=write.command_id,
        fingerprint=write.fingerprint,
    )


def _copy(kept: Kept, case: str, done: Executed) -> dict[str, Any]:
    events = [
        {
            "day": recorded.effective_at.date(),
            "recorded_at": recorded.recorded_at,
            "position": recorded.position,
            "topic": recorded.event.topic,
            "stream": recorded.originator_id,
            "data": recorded.event.model_dump(mode="json", exclude_none=True),
        }
        for recorded in kept.events
    ]
    about = {"person": kept.person, "kind": kept.kind, "case": case, "exported_at": datetime.now(UTC), "position": done.last}
    return {**about, "events": events}
