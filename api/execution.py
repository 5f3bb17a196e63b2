"""Carrying out commands for a caller: the access check sits inside the decision, on exactly the state that the append guards.

So a right that was moved meanwhile cannot be used by a stale read, and the hot path loads each stream once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.callers import Caller
from api.conventions import Write
from domain.kernel import DECIDERS, Command, Context, Decider, NotFound, Outcome, Read, Refused
from infra.access import Action, Object, reading_of, roles_for, who_may
from infra.event_store import Executed, Loaded, StaleVersion

Facts = Mapping[UUID, Any]


def _no_links(_state: Any, _facts: Facts) -> Iterable[Read]:
    return ()


@dataclass(frozen=True, slots=True)
class Sight:
    """What an access decision sees of a state: `thing(state, facts)`, with the facts of the streams that `links` names.

    A contact is seen by who sees one of its accounts: those are its links. `links` is asked until it names nothing new.
    """

    thing: Callable[[Any, Facts], Object]
    links: Callable[[Any, Facts], Iterable[Read]] = _no_links


class OutOfReach(Refused):
    """The caller's roles allow this, but not for somebody else's."""

    status = 403


@dataclass(frozen=True, slots=True)
class Guarded(Decider[Any]):
    """A decider behind an access check; under the same name, because it is the same aggregate."""

    def __post_init__(self) -> None:
        """It is registered already."""


def absent() -> NotFound:
    """The one answer for what is not there and for what the caller may not know of (S3)."""
    return NotFound("There is no such thing, or you may not know of it.")


def _there(state: Any) -> bool:
    return state is not None and not getattr(state, "withdrawn", False)


def _check(caller: Caller, action: Action, thing: Object | None) -> None:
    """Raises NotFound for what the caller may not know of (None: it is not there), OutOfReach for what may be read only (S3)."""
    if thing is not None and caller.may(action, thing):
        return
    read = reading_of(action)
    if thing is None or read is None or not caller.may(read, thing):
        raise absent()
    raise OutOfReach(f"You may read this, but not change it so. Who may: {who_may(action)}.", roles=sorted(roles_for(action)))


def guarded(inner: Decider[Any], caller: Caller, action: Action, sight: Sight) -> Guarded:
    """The decider as this caller may use it: what the caller may not even read is answered as absent, whatever the command."""

    def decide(state: Any, command: Any, ctx: Context) -> Outcome:
        _check(caller, action, sight.thing(state, ctx.facts) if _there(state) else None)
        return inner.decide(state, command, ctx)

    def reads(state: Any, command: Any, facts: Facts) -> Iterator[Read]:
        yield from inner.reads(state, command, facts)
        if _there(state):
            yield from sight.links(state, facts)

    return Guarded(inner.name, inner.initial, decide, inner.evolve, reads, inner.state_version, inner.personal, inner.chain)


Look = Callable[[Caller, Any, Facts], None]
"""Raises what keeps a caller from a command, by what it names; `facts` are the states that the decision reads."""


def looked_at(inner: Decider[Any], caller: Caller, look: Look) -> Guarded:
    """The decider, with what its command names looked at on exactly the states that the decision reads and the append guards."""

    def decide(state: Any, command: Any, ctx: Context) -> Outcome:
        look(caller, command, ctx.facts)
        return inner.decide(state, command, ctx)

    return Guarded(inner.name, inner.initial, decide, inner.evolve, inner.reads, inner.state_version, inner.personal, inner.chain)


async def create(
    caller: Caller, write: Write, decider: Decider[Any], stream: UUID, command: Command, *, new: bool, look: Look | None = None
) -> Executed:
    """Begin a stream, with an id made just now (`new`) or a natural one. What may be begun is checked before, from the command."""
    return await caller.doors.store.execute(
        caller.tenant,
        decider if look is None else looked_at(decider, caller, look),
        stream,
        command,
        by=caller.actor,
        expected_version=0 if new else None,
        effective_at=write.effective_at,
        command_id=write.command_id,
        fingerprint=write.fingerprint,
    )


async def change(
    caller: Caller, write: Write, decider: Decider[Any], stream: UUID, command: Command, action: Action, sight: Sight
) -> Executed:
    """Change what is there and within the caller's reach. Raises OutOfReach for what the caller may read only, NotFound for the rest."""
    try:
        return await caller.doors.store.execute(
            caller.tenant,
            guarded(decider, caller, action, sight),
            stream,
            command,
            by=caller.actor,
            expected_version=write.expected_version,
            effective_at=write.effective_at,
            command_id=write.command_id,
            fingerprint=write.fingerprint,
        )
    except StaleVersion:
        # a wrong ETag must not tell that something is there
        loaded = await caller.doors.store.load(caller.tenant, decider, stream)
        _check(caller, action, await _thing(caller, sight, loaded.state))
        raise
    except NotFound:
        if write.expected_version != 0:
            raise
        # version 0 spares the store the reading, so that what is there was taken for absent
        loaded = await caller.doors.store.load(caller.tenant, decider, stream)
        _check(caller, action, await _thing(caller, sight, loaded.state))
        if not loaded.version:
            raise
        raise StaleVersion(
            "this was changed since you read it; read it again and decide anew", expected=0, current=loaded.version
        ) from None


async def _thing(caller: Caller, sight: Sight, state: Any) -> Object | None:
    """What an access decision sees of a state; None: it is not there."""
    if not _there(state):
        return None
    facts: dict[UUID, Any] = {}
    while wanted := [read for read in sight.links(state, facts) if read.id not in facts]:
        for read in wanted:
            facts[read.id] = (await caller.doors.store.load(caller.tenant, DECIDERS[read.decider], read.id)).state
    return sight.thing(state, facts)


async def sees(caller: Caller, action: Action, sight: Sight, state: Any) -> bool:
    """Whether the state is there and within the caller's reach."""
    thing = await _thing(caller, sight, state)
    return thing is not None and caller.may(action, thing)


async def seen(caller: Caller, decider: Decider[Any], stream: UUID, action: Action, sight: Sight) -> Loaded:
    """The state with its version, if it is there and within the caller's reach. Raises NotFound."""
    loaded = await caller.doors.store.load(caller.tenant, decider, stream)
    if not await sees(caller, action, sight, loaded.state):
        raise absent()
    return loaded
