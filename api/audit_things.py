"""One thing at any version, and what differs between two moments: of one thing, field by field, and of a list, row by row."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.audit_search import MODELS, WrittenMoment
from api.callers import Caller, LogReader
from api.conventions import reply
from api.moments import PROBLEMS, Moment, resolve
from api.nouns import SUBJECTS, IdParameter
from api.problems import documented
from api.reading import Slice, reading, stood
from api.registers import Eyed, check_eyes, check_reached, entry
from api.row_changes import MOST, RowChange, changes_told
from api.seen_by import SeenBy, check_might
from domain.kernel import DECIDERS, Decider, Invalid, NotFound
from infra.access import Action
from projections.as_of import AsOf, Basis
from projections.list_difference import LISTS, RowDifference, ids_in, list_difference
from projections.log_search import Hit, hits
from projections.stream_states import difference, reason_of, upto, values
from projections.telling import resolve as named

router = APIRouter(prefix="/v1/audit", tags=["audit"])
ThingNoun = Annotated[str, Path(pattern="^[a-z_]{1,40}$", examples=["deal"], description="What it is: `deal`, `account`, `settings`.")]
ListName = Annotated[
    str, Path(pattern="^[a-z_]{1,40}$", examples=["deals"], description="The list, as its own address names it: `deals`, `accounts`.")
]
Values = dict[str, Any] | list[Any] | str | int | bool | None


class StateAt(BaseModel):
    """A thing right after one of its events. `state`: what decisions read of it then; `event`: what made it so."""

    noun: str
    id: UUID
    version: int
    versions: int = Field(description="How many it has had by the moment that was asked about.")
    state: dict[str, Any]
    event: dict[str, Any]
    sentence: str
    as_of: int | None
    basis: Basis


class FieldDifference(BaseModel):
    """A field with another value, and the last event that changed it: when, by whom, and why where that was said."""

    field: str
    before: Values
    after: Values
    position: int
    recorded_at: datetime
    effective_at: datetime
    actor: UUID
    actor_name: str
    topic: str
    why: str | None
    sentence: str


class Difference(BaseModel):
    """What changed of a thing between two moments. `events`: all that happened to it in between, whatever it changed."""

    noun: str
    id: UUID
    since: int | None
    fields: list[FieldDifference]
    events: list[Hit]
    more: bool = Field(description="More happened than the 200 events that are told.")


class DifferenceThen(Difference):
    """The difference, and its later moment."""

    as_of: int | None
    basis: Basis


class Since(Eyed):
    """Two moments: from `since` up to `as_of`, which is now where it is left away."""

    since: Annotated[WrittenMoment, Field(description="The earlier moment; left away: before everything.")] = None


class RowDiffers(BaseModel):
    """A row that differs, the columns that do (before and after), and the events that made it so."""

    id: UUID
    name: str | None
    what: Literal["added", "removed", "changed"]
    currency: Annotated[str | None, Field(description="Of its amounts, at the later moment; null: it has none.")]
    columns: dict[str, tuple[Values, Values]]
    changes: Annotated[
        list[RowChange], Field(description=f"The latest {MOST} of its own events between the two moments, oldest first: who, when and why.")
    ]
    changes_in_all: Annotated[int, Field(description="How many there are; none: what differs followed from something else.")]


class ListDifference(BaseModel):
    """What differs of a list. `counts`: of all that differ; `next` goes into `cursor`."""

    noun: str
    since: int | None
    counts: dict[str, int]
    names: Annotated[dict[UUID, str], Field(description="What the ids in `columns` are called, as far as they have a name.")]
    items: list[RowDiffers]
    next: str | None


class ListDifferenceThen(ListDifference):
    """The difference, and its later moment."""

    as_of: int | None
    basis: Basis


class ListSince(Slice, SeenBy):
    """Two moments and a page."""

    since: Annotated[WrittenMoment, Field(description="The earlier moment; left away: before everything.")] = None


async def earlier_of(caller: Caller, since: str | None, basis: Basis, later: AsOf) -> AsOf:
    """The earlier moment. Raises Invalid where it is the later one."""
    found = await resolve(caller, Moment(as_of=since or "0", basis=basis), "since")
    if found.now or (not later.now and (found.position or 0) > (later.position or 0)):
        raise Invalid("`since` has to lie before `as_of`; swap them.")
    return found


def _decider(noun: str) -> Decider[Any]:
    found = DECIDERS.get(noun)
    if found is None:
        one = noun.removesuffix("s")
        said = (
            f"A thing is named by one noun: {one}"
            if one in DECIDERS
            else f"There is no such noun; choose one of these: {', '.join(sorted(DECIDERS))}"
        )
        raise NotFound(f"{said}.", nouns=sorted(DECIDERS))
    return found


def _listed(list_name: str) -> str:
    """The noun of a list. Raises NotFound, which names the list that was meant, or all."""
    if (noun := list_name.removesuffix("s")) in LISTS and list_name != noun:
        return noun
    lists = [f"{noun}s" for noun in sorted(LISTS)]
    said = (
        f"A list is named as its own address is: {list_name}s"
        if list_name in LISTS
        else f"There is no such list; choose one of these: {', '.join(lists)}"
    )
    raise NotFound(f"{said}.", lists=lists)


@router.get(
    "/lists/{list_name}/difference",
    response_model=ListDifferenceThen,
    operation_id="compare_list",
    responses=documented(Invalid, NotFound, *PROBLEMS),
)
async def compare_list(list_name: ListName, caller: LogReader, asked: Annotated[ListSince, Query()]) -> Response:
    """Rows of a list that were added, removed or changed between two moments, with the columns that differ, and by whom, when and why."""
    noun_name = _listed(list_name)
    try:
        after = None if asked.cursor is None else UUID(asked.cursor)
    except ValueError:
        raise Invalid("This cursor is not one that a page answered with; begin again without it.") from None
    async with reading(caller, asked, *MODELS) as opened:
        await check_might(caller, asked, Action.LOG_READ, opened.as_of)
        earlier = await earlier_of(caller, asked.since, asked.basis, opened.as_of)
        rows, counts = await list_difference(opened, noun_name, earlier, limit=asked.limit + 1, after=after)
        shown = rows[: asked.limit]
        told = await changes_told(opened, earlier, [row.id for row in shown])
        found = ListDifference(
            noun=noun_name,
            since=earlier.position,
            counts=counts,
            names=dict((await named(opened, ids_in(noun_name, shown))).found),
            items=[_row(row, *told.get(row.id, ([], 0))) for row in shown],
            next=str(rows[asked.limit - 1].id) if len(rows) > asked.limit else None,
        )
        return stood(found, opened.as_of, opened.position)


def _row(row: RowDifference, changes: list[RowChange], many: int) -> RowDiffers:
    plain: dict[str, Any] = {name: getattr(row, name) for name in ("id", "name", "what", "currency", "columns")}
    return RowDiffers(**plain, changes=changes, changes_in_all=many)


@router.get(
    "/{noun_name}/{id}/states/{version}", response_model=StateAt, operation_id="read_state", responses=documented(NotFound, *PROBLEMS)
)
async def read_state(
    noun_name: ThingNoun,
    id: IdParameter,
    version: Annotated[int, Path(ge=1, le=10**12, examples=[1])],
    caller: LogReader,
    asked: Annotated[Eyed, Query()],
) -> Response:
    """A thing right after any of its events: what decisions read of it then, and the event. With `basis` happened, in the order in which things were so."""
    decider = _decider(noun_name)
    head = await check_reached(caller, asked)
    as_of = await resolve(caller, asked)
    await _check_seen(caller, asked, noun_name, id, as_of)
    history = upto(await caller.doors.store.history(caller.tenant, id), as_of)
    if not history or version > len(history) or not _of(decider, history[0].event.topic):
        raise NotFound("There is no such thing, or not yet in that version.")
    state = decider.fold(r.event for r in history[:version])
    recorded = history[version - 1]
    async with caller.doors.reader.read(caller.tenant, *MODELS) as opened:
        [hit] = await hits(opened, [recorded])
    found = StateAt(
        noun=noun_name,
        id=id,
        version=version,
        versions=len(history),
        state=values(state) or {},
        event=entry(recorded),
        sentence=hit.sentence,
        as_of=as_of.position,
        basis=as_of.basis,
    )
    return reply(found, headers={"Concord-Position": str(head)})


@router.get(
    "/{noun_name}/{id}/difference",
    response_model=DifferenceThen,
    operation_id="compare_thing",
    responses=documented(Invalid, NotFound, *PROBLEMS),
)
async def compare_thing(noun_name: ThingNoun, id: IdParameter, caller: LogReader, asked: Annotated[Since, Query()]) -> Response:
    """What changed of one thing between two moments, field by field: from, to, by whom, when, why, and by which event."""
    decider = _decider(noun_name)
    async with reading(caller, asked, *MODELS) as opened:
        await _check_seen(caller, asked, noun_name, id, opened.as_of)
        earlier = await earlier_of(caller, asked.since, asked.basis, opened.as_of)
        history = upto(await caller.doors.store.history(caller.tenant, id), opened.as_of)
        if not history or not _of(decider, history[0].event.topic):
            raise NotFound("There was no such thing by then; choose a later moment.")
        known = len(upto(history, earlier))
        changed = difference(decider, history, known)
        between = history[known:]
        told = {hit.position: hit for hit in await hits(opened, list({c.event.position: c.event for c in changed}.values()))}
        found = Difference(
            noun=noun_name,
            id=id,
            since=earlier.position,
            fields=[
                FieldDifference(
                    field=c.field,
                    before=c.before,
                    after=c.after,
                    why=reason_of(c.event),
                    **{name: getattr(told[c.event.position], name) for name in _TOLD},
                )
                for c in changed
            ],
            events=await hits(opened, between[:200]),
            more=len(between) > 200,
        )
        return stood(found, opened.as_of, opened.position)


async def _check_seen(caller: Caller, asked: Eyed, noun_name: str, id: UUID, as_of: AsOf) -> None:
    """Raises NotFound for what the member whose eyes are asked for could not read then; of other nouns than those that people read
    one by one, whoever could not read the log. RoleMissing for who may not ask.
    """
    if noun_name in SUBJECTS:
        noun, action = SUBJECTS[noun_name]
        await check_eyes(caller, asked, noun, action, id, as_of)
    else:
        await check_might(caller, asked, Action.LOG_READ, as_of)


_TOLD = ("position", "recorded_at", "effective_at", "actor", "actor_name", "topic", "sentence")
DECIDED_BY = {"access_day": "access_days", "attribute": "attributes", "encryption_key": "encryption_keys", "proof_key": "proof_keys"}
"""Nouns of first events whose deciders are called otherwise."""


def _of(decider: Decider[Any], topic: str) -> bool:
    """Whether a stream that began with this kind of event is the decider's."""
    noun = topic.partition(".")[0]
    return DECIDED_BY.get(noun, noun) == decider.name
