"""Reading what has no read model of its own because it is small: states folded from the log itself, so never behind it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from psycopg import sql
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.callers import Caller, Roles
from api.conventions import etag, reply
from api.execution import absent, sees
from api.moments import PROBLEMS, AheadOfLog, Moment, resolve, told
from api.nouns import IdParameter, Noun
from api.problems import documented
from api.seen_by import SeenBy, check_might, eyes_of, unseen
from domain.kernel import DECIDERS, Decider, NotFound, Recorded
from infra.access import Action, Standing, allowed
from infra.event_store import event_id
from projections.as_of import AsOf, Basis
from projections.stream_states import upto

Show = Callable[[Caller, UUID, Any, AsOf], Awaitable[Any]]
"""How a state is shown: the caller, the stream, the state, and the moment it is of."""
V = TypeVar("V", bound=BaseModel)
LARGEST_PAGE = 200


class Answer(BaseModel, Generic[V]):
    """One thing, and the moment the answer is about."""

    item: V
    version: int = Field(description="Its version, for If-Match.")
    as_of: int | None = Field(description="The position the answer is about; null: now.")
    basis: Basis


class Listed(BaseModel, Generic[V]):
    """One thing in a list."""

    id: UUID
    version: int
    item: V


class Listing(BaseModel, Generic[V]):
    """One page. `next` goes into `cursor`; null: that was all."""

    items: list[Listed[V]]
    next: str | None
    position: int
    as_of: int | None
    basis: Basis


class Entry(BaseModel):
    """One event of a history, as it stands in the log."""

    id: UUID
    position: int
    version: int
    topic: str
    recorded_at: str
    effective_at: str
    actor: UUID
    on_behalf_of: UUID | None
    correlation_id: UUID
    causation_id: UUID | None
    data: dict[str, Any]


class Eyed(Moment, SeenBy):
    """A moment, and through whose eyes."""


AtEyed = Annotated[Eyed, Query()]


class Paged(Eyed):
    """A moment, through whose eyes, and a place in the list."""

    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 50
    cursor: Annotated[UUID | None, Field(description="`next` of the page before.")] = None


def entry(recorded: Recorded) -> dict[str, Any]:
    """An event as the API shows it."""
    return {
        "id": event_id(recorded.originator_id, recorded.originator_version),
        "stream": recorded.originator_id,
        "position": recorded.position,
        "version": recorded.originator_version,
        "topic": recorded.event.topic,
        "recorded_at": recorded.recorded_at,
        "effective_at": recorded.effective_at,
        "actor": recorded.actor,
        "on_behalf_of": recorded.on_behalf_of,
        "correlation_id": recorded.correlation_id,
        "causation_id": recorded.causation_id,
        "data": recorded.event.model_dump(mode="json"),
    }


async def state_at(caller: Caller, decider: Decider[Any], stream: UUID, as_of: AsOf) -> tuple[Any, int]:
    """A stream's state and version at a moment."""
    store = caller.doors.store
    if as_of.now:
        loaded = await store.load(caller.tenant, decider, stream)
        return loaded.state, loaded.version
    known = as_of.basis is Basis.KNOWN
    history = await store.history(caller.tenant, stream, upto=as_of.position if known else None)
    if not known and as_of.instant is not None:
        history = sorted((r for r in history if r.effective_at <= as_of.instant), key=lambda r: (r.effective_at, r.position))
    return decider.fold(r.event for r in history), len(history)


async def saw(caller: Caller, eyes: Standing, noun: Noun, action: Action, state: Any, as_of: AsOf) -> bool:
    """Whether rights of a moment reached a state of that moment, with what it was linked to then."""
    if state is None or getattr(state, "withdrawn", False):
        return False
    facts: dict[UUID, Any] = {}
    while wanted := [read for read in noun.sight.links(state, facts) if read.id not in facts]:
        for read in wanted:
            facts[read.id] = (await state_at(caller, DECIDERS[read.decider], read.id, as_of))[0]
    return allowed(eyes, action, noun.sight.thing(state, facts))


async def check_eyes(caller: Caller, asked: SeenBy, noun: Noun, action: Action, id: UUID, as_of: AsOf) -> None:
    """Raises NotFound where another member's eyes are asked for that did not see the thing then; RoleMissing for who may not ask."""
    eyes = await eyes_of(caller, asked, as_of)
    if eyes is not None and not await saw(caller, eyes, noun, action, (await state_at(caller, noun.decider, id, as_of))[0], as_of):
        raise unseen()


async def check_reached(caller: Caller, moment: Moment) -> int:
    """The log's head. Raises AheadOfLog where `at_least` is beyond it."""
    head = await caller.doors.store.head(caller.tenant)
    if moment.at_least is not None and moment.at_least > head:
        raise AheadOfLog("at_least names a position that the log has not reached; use one that a write answered with.", position=head)
    return head


def add_reads(noun: Noun, view: type[BaseModel], action: Action, *, topics: str, show: Callable[[Any], Any] | None = None) -> None:
    """`GET <plural>`, `GET <plural>/{id}` and its history. `topics`: the prefix of the noun's topics, as `team.`."""
    may = Depends(Roles(action))
    shown = show or (lambda state: view.model_validate(state, from_attributes=True))

    async def many(caller: Annotated[Caller, may], page: Annotated[Paged, Query()]) -> Response:
        """All within the caller's reach, in a stable order, page by page."""
        head = await check_reached(caller, page)
        as_of = await resolve(caller, page)
        eyes = await eyes_of(caller, page, as_of)
        items: list[dict[str, Any]] = []
        after, more = page.cursor or UUID(int=0), True
        while more and len(items) <= page.limit:
            streams = await _streams(caller, topics, after, page.limit + 1)
            more = len(streams) > page.limit
            for stream in streams:
                after = stream
                current, _ = await state_at(caller, noun.decider, stream, AsOf())
                if await sees(caller, action, noun.sight, current):
                    state, version = await state_at(caller, noun.decider, stream, as_of)
                    there = state is not None and not getattr(state, "withdrawn", False)
                    if there and (eyes is None or await saw(caller, eyes, noun, action, state, as_of)):
                        items.append({"id": stream, "version": version, "item": shown(state)})
                if len(items) > page.limit:
                    break
        rest = len(items) > page.limit
        items = items[: page.limit]
        following = str(items[-1]["id"]) if rest else None
        return reply({"items": items, "next": following, "position": head, **told(as_of)}, headers={"Concord-Position": str(head)})

    plural = noun.prefix.rpartition("/")[2]
    add = noun.router.add_api_route
    responses = documented(NotFound, *PROBLEMS)
    add(
        "",
        many,
        methods=["GET"],
        operation_id=f"list_{plural}",
        summary=f"List {plural}",
        response_model=_of(Listing, view),
        responses=responses,
    )
    add_one(noun, view, action, _plainly(shown))
    add_history(noun, action)


def _plainly(show: Callable[[Any], Any]) -> Show:
    async def shown(_caller: Caller, _id: UUID, state: Any, _as_of: AsOf) -> Any:
        return show(state)

    return shown


@dataclass(frozen=True, slots=True)
class Stood:
    """A thing as it stood at a moment. `head`: the log position that the answer stands on."""

    state: Any
    version: int
    as_of: AsOf
    head: int


async def stood_at(caller: Caller, noun: Noun, id: UUID, action: Action, moment: Eyed) -> Stood:
    """A thing within the caller's reach, as it stood. Raises NotFound, AheadOfLog, RequestMalformed, RoleMissing."""
    head = await check_reached(caller, moment)
    as_of = await resolve(caller, moment)
    current, _ = await state_at(caller, noun.decider, id, AsOf())
    # today's rights decide, whatever the moment
    if not await sees(caller, action, noun.sight, current):
        raise absent()
    state, version = await state_at(caller, noun.decider, id, as_of)
    if state is None or getattr(state, "withdrawn", False):
        raise NotFound("It was not there then; choose a later moment.")
    eyes = await eyes_of(caller, moment, as_of)
    if eyes is not None and not await saw(caller, eyes, noun, action, state, as_of):
        raise unseen()
    return Stood(state, version, as_of, head)


async def register_at(caller: Caller, noun: Noun, id: UUID, action: Action, moment: Eyed) -> Stood:
    """What everybody sees who may see it at all, as it stood. Raises AheadOfLog, RequestMalformed, RoleMissing, NotFound."""
    head = await check_reached(caller, moment)
    as_of = await resolve(caller, moment)
    await check_might(caller, moment, action, as_of)
    return Stood(*await state_at(caller, noun.decider, id, as_of), as_of, head)


def answered(item: Any, stood: Stood) -> Response:
    """The answer to reading one thing."""
    headers = {"Concord-Position": str(stood.head)} | ({"ETag": etag(stood.version)} if stood.as_of.now else {})
    return reply({"item": item, "version": stood.version, **told(stood.as_of)}, headers=headers)


def add_one(noun: Noun, view: type[BaseModel], action: Action, show: Show) -> None:
    """`GET <plural>/{id}`: the state folded from the log itself, so that it is never behind a write."""
    may = Depends(Roles(action))

    async def one(id: IdParameter, caller: Annotated[Caller, may], moment: Annotated[Eyed, Query()]) -> Response:
        """As it is, or as it was."""
        stood = await stood_at(caller, noun, id, action, moment)
        return answered(await show(caller, id, stood.state, stood.as_of), stood)

    noun.router.add_api_route(
        "/{id}",
        one,
        methods=["GET"],
        operation_id=f"read_{noun.name}",
        summary=f"Read one {noun.name}",
        response_model=_of(Answer, view),
        responses=documented(NotFound, *PROBLEMS),
    )


def add_history(noun: Noun, action: Action) -> None:
    """`GET <plural>/{id}/history`."""
    may = Depends(Roles(action))

    async def history(id: IdParameter, caller: Annotated[Caller, may], moment: Annotated[Eyed, Query()]) -> Response:
        """Every event up to the moment, oldest first; by what happened, in the order in which things were so."""
        head = await check_reached(caller, moment)
        as_of = await resolve(caller, moment)
        current, _ = await state_at(caller, noun.decider, id, AsOf())
        # today's rights decide, whatever the moment
        if not await sees(caller, action, noun.sight, current):
            raise absent()
        await check_eyes(caller, moment, noun, action, id, as_of)
        events = upto(await caller.doors.store.history(caller.tenant, id), as_of)
        return reply([entry(recorded) for recorded in events], headers={"Concord-Position": str(head)})

    noun.router.add_api_route(
        "/{id}/history",
        history,
        methods=["GET"],
        operation_id=f"read_{noun.name}_history",
        summary=f"Read the history of one {noun.name}",
        response_model=list[Entry],
        responses=documented(NotFound, *PROBLEMS),
    )


def _of(generic: Any, view: type[BaseModel]) -> Any:
    return generic[view]


async def _streams(caller: Caller, topics: str, after: UUID, limit: int) -> list[UUID]:
    query = sql.SQL("SELECT DISTINCT stream FROM {}.events WHERE topic LIKE {} AND stream > %s ORDER BY stream LIMIT %s").format(
        sql.Identifier(caller.tenant.schema), sql.Literal(f"{topics}%")
    )
    text = query.as_string().replace(f"'{topics}%'", f"'{topics}%%'")
    async with caller.doors.database.connection() as connection:
        rows = await (await connection.execute(text, (after, limit))).fetchall()
    return [row[0] for row in rows]
