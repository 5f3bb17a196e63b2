"""One attempt at a unit of work: what it has read, at which versions, and the events that it has decided."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.kernel import DECIDERS, Actor, Command, Context, Decider, Event, NotFound, On, Read, in_no_chain, reads_nothing
from infra.event_store.requests import StaleVersion
from infra.event_store.states import Loaded, States

Load = Callable[[Decider[Any], UUID], Awaitable[Loaded]]


class Step(NamedTuple):
    """One command for one stream; a unit of work has one or more, and all of them hold or none."""

    decider: Decider[Any]
    stream: UUID
    command: Command
    effective_at: datetime | None = None


class Decided(NamedTuple):
    """An event that follows, before it is stored."""

    stream: UUID
    version: int
    event: Event
    effective_at: datetime | None
    chain: UUID | None = None


class _Held:
    """A stream as the work sees it: the version it was read at, and the state and version that the work's own events bring."""

    __slots__ = ("decider", "read_at", "state", "stream", "version")

    def __init__(self, decider: Decider[Any], stream: UUID, state: Any, version: int) -> None:
        self.decider, self.stream, self.state, self.version, self.read_at = decider, stream, state, version, version


class Work:
    """Decides steps one after the other, each seeing the events of those before it. Streams are kept by number: see `Append`."""

    def __init__(self, slug: str, states: States, load: Load, by: Actor, now: datetime, new_id: Callable[[], UUID], *, fresh: bool) -> None:
        self._slug, self._states, self._load, self._by, self._now, self._new_id = slug, states, load, by, now, new_id
        self._fresh, self._epoch = fresh, states.epoch
        self._held: dict[int, _Held] = {}
        self.decided: list[Decided] = []
        self.trusted_cache = False

    async def expect(self, step: Step, version: int) -> None:
        """Raises StaleVersion if the step's stream is elsewhere."""
        if version == 0 and not self._fresh:  # taken at the caller's word until the append objects
            self._held[step.stream.int] = _Held(step.decider, step.stream, step.decider.initial, 0)
            return
        found = await self._read(step.decider, step.stream)
        if found.version != version:
            raise StaleVersion("this was changed since you read it; read it again and decide anew", expected=version, current=found.version)

    async def decide(self, step: Step) -> None:
        """Bring what the decision reads, and take down what follows. Raises Refused."""
        decider, stream, command, effective_at = step
        own = self._cached(decider, stream) or await self._fetch(decider, stream)
        facts: dict[UUID, Any] = {}
        if decider.reads is not reads_nothing:
            asked: set[Read] = set()
            while wanted := [read for read in decider.reads(own.state, command, facts) if read not in asked]:
                asked.update(wanted)
                await self._read_together(wanted)
                for read in wanted:
                    facts[read.id] = (await self._read(DECIDERS[read.decider], read.id)).state
        context = Context(self._now, self._by, facts, self._new_id, effective_at, stream)
        for outcome in decider.decide(own.state, command, context):
            if isinstance(outcome, On):
                target = self._held.get(outcome.target.id.int)
                if target is None:
                    raise LookupError(f"{outcome.event.topic} is for a stream that its decision did not read: {outcome.target}")
                self._follow(target, outcome.event, effective_at, own)
            else:
                self._follow(own, outcome, effective_at, own)

    def _follow(self, held: _Held, event: Event, effective_at: datetime | None, own: _Held) -> None:
        held.version += 1
        held.state = held.decider.evolve(held.state, event)
        chain = own.decider.chain
        part_of = None if chain is in_no_chain else chain(own.state, event, own.stream)
        self.decided.append(Decided(held.stream, held.version, event, effective_at, part_of))

    async def _read_together(self, wanted: Iterable[Read]) -> None:
        """Load what is at hand nowhere in one group, so that a decision which reads much waits for one round trip."""
        missing = [(DECIDERS[r.decider], r.id) for r in wanted if self._cached(DECIDERS[r.decider], r.id) is None]
        if len(missing) > 1:
            for (decider, stream), loaded in zip(missing, await asyncio.gather(*(self._load(*one) for one in missing)), strict=True):
                self._held.setdefault(stream.int, _Held(decider, stream, *loaded))

    async def _read(self, decider: Decider[Any], stream: UUID) -> _Held:
        return self._cached(decider, stream) or await self._fetch(decider, stream)

    async def _fetch(self, decider: Decider[Any], stream: UUID) -> _Held:
        held = self._held[stream.int] = _Held(decider, stream, *await self._load(decider, stream))
        return held

    def _cached(self, decider: Decider[Any], stream: UUID) -> _Held | None:
        held = self._held.get(stream.int)
        if held is None:
            known = None if self._fresh else self._states.get(self._slug, decider.name, stream)
            if known is not None:
                self.trusted_cache = True
                held = self._held[stream.int] = _Held(decider, stream, *known)
        elif held.decider.name != decider.name:
            raise NotFound(f"There is no {decider.name} with the id {stream}; it is another thing's.")
        return held

    def version(self, stream: UUID) -> int:
        """The version that a stream of this work is at, its own events included."""
        return self._held[stream.int].version

    def guards(self) -> list[tuple[UUID, int]]:
        """What was read and not written must still be where it was; what was written is checked by its own new version."""
        return [(held.stream, held.read_at) for held in self._held.values() if held.version == held.read_at]

    def keep(self) -> None:
        """Remember the states after the append has held: absence too, for what most tenants never define is asked of each command."""
        for held in self._held.values():
            self._states.put(self._slug, held.decider.name, held.stream, Loaded(held.state, held.version), self._epoch)
