"""A person's data: holds, a copy to hand out, erasure. A person is a contact or a member, named by its id."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api.callers import Caller, PersonEraser, PrivacyKeeper, PrivacyReader, source_of
from api.conventions import Changing, Write, Written, body, etag, reply, written
from api.execution import absent
from api.import_spool import ImportUnderWay
from api.mentions import MentionList, MentionsAsked, views
from api.nouns import IdParameter
from api.privacy_views import Case, CaseRecords, Copy, Erasing, Handing, Hold, PasswordNeeded, PersonView, Proven, RecordsAsked
from api.problems import documented
from domain.kernel import Invalid, NotFound, Recorded
from domain.privacy import (
    ErasureCarriedOut,
    ExportPerson,
    HoldPerson,
    Mentions,
    MentionsErased,
    MentionsUndecided,
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
from infra.masks import masked_by
from infra.privacy.mentions import cuts_of, mentions_of
from infra.privacy.persons import Kept, kept_of, kind_of
from workflows.erasures import erasing

router = APIRouter(prefix="/v1/privacy", tags=["privacy"])
_EVENTS = {event.topic: event for event in (PersonHeld, PersonReleased, PersonExported, PersonErased, ErasureCarriedOut)}


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
        "mentions": getattr(event, "mentions", None),
        "mentioned": getattr(event, "mentioned", None),
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
    request: Request, id: IdParameter, caller: PrivacyKeeper, write: Changing, asked: Annotated[Any, body(Handing)]
) -> Response:
    """Hand out a copy of all that is kept under a person's key, with where texts of other things name them; and record that it was."""
    kind = await _kind(caller, id)
    await _prove(request, caller, asked)
    kept = await kept_of(caller.doors.store, caller.tenant, id, kind)
    named = await views(caller, await mentions_of(caller.doors.store, caller.tenant, kept, asked.also))
    done = await _do(caller, write, (_step(ExportPerson(person=id, case=asked.case)),))
    return reply(_copy(kept, asked.case, done) | {"mentions": named})


@router.get("/{id}/mentions", response_model=MentionList, operation_id="list_mentions", responses=documented(PersonIsErased, NotFound))
async def list_mentions(id: IdParameter, caller: PrivacyKeeper, asked: Annotated[MentionsAsked, Query()]) -> Response:
    """Where texts of other things name a person, oldest first: by name, mail address or telephone number, now or formerly theirs.

    After an erasure nobody knows any more what to look for. Words within files are not looked through.
    """
    kind, store = await _kind(caller, id), caller.doors.store
    state: Privacy = (await store.load(caller.tenant, privacy, privacy_id(id))).state or Privacy()
    state.check_left()
    kept = await kept_of(store, caller.tenant, id, kind)
    found = await mentions_of(store, caller.tenant, kept, asked.also)
    return reply({"person": id, "count": len(found), "items": await views(caller, found)})


@router.post(
    "/{id}/erase",
    response_model=Written,
    operation_id="erase_person",
    responses=documented(OnHold, PapersUnderWay, MentionsUndecided, OwnErasure, ImportUnderWay, NotFound, PasswordNeeded, SignInFailed),
    openapi_extra={"x-example": {"case": "DSR-2027-14"}},
)
async def erase_person(
    request: Request, id: IdParameter, caller: PersonEraser, write: Changing, asked: Annotated[Any, body(Erasing)]
) -> Response:
    """Forget who a person was, for ever, on every past day too. Refused while their data is on hold.

    Their keys are destroyed when this answers; `carried_out` says when read models, letters and sign-ins have followed.
    """
    kind = await _kind(caller, id)
    await _prove(request, caller, asked)
    doors, tenant = caller.doors, caller.tenant
    doors.spool.check_idle(tenant)
    kept = await kept_of(doors.store, tenant, id, kind)
    found = await mentions_of(doors.store, tenant, kept, asked.also)
    cuts = cuts_of(found) if asked.mentions is Mentions.ERASE else ()
    command = kept.erasure(asked.case).model_copy(update={"mentions": asked.mentions, "mentioned": len(found), "cuts": cuts})
    done = await _do(caller, write, erasing(command))
    at = datetime.now(UTC).isoformat(timespec="seconds")
    masked = [entry for event in done.events if isinstance(event, MentionsErased) for entry in masked_by(tenant.slug, event, at)]
    await asyncio.to_thread(doors.keys.mask, masked)
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
