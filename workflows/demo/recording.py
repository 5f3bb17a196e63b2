"""Carrying out the simulation's commands through the store, at simulated instants; what an earlier run did is taken from the log.

The log of a killed run is a beginning of the whole history, because commands are appended in their order. A later run asks
for the same commands with the same ids; as long as they are known, their events are read instead of decided.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, Self
from uuid import UUID, uuid5

from psycopg import sql

from domain.kernel import Actor, Command, Decider, Event, Refused
from infra.codec import Codec
from infra.database import Database, Tenant
from infra.event_store import Step, Store
from infra.event_store.envelope import event_id
from infra.event_store.wakes import Wakes
from workflows.demo.plan import DemoDiffers

_TOGETHER = 2000
_PAGE = 5000
_CONNECTIONS = 2
_new_ids: ContextVar[Iterator[UUID]] = ContextVar("_new_ids")


class DemoRefused(Refused):
    """A rule refused what the simulation asked for: a fault of the generator. `counts` by rule."""


@dataclass(frozen=True, slots=True)
class Do:
    """One command of the history. `new`: the stream begins with it; `id`: of a workflow's step, else made from the seed."""

    decider: Decider[Any]
    stream: UUID
    command: Command
    by: Actor
    new: bool = False
    id: UUID | None = None
    correlation: UUID | None = None
    causation: UUID | None = None
    effective_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a command did: its events, and the version of its stream after it."""

    command: UUID
    stream: UUID
    version: int
    events: tuple[Event, ...]

    def id_of(self, index: int) -> UUID:
        """The id of the event at `index` of the command's own stream, counted as a list does."""
        return event_id(self.stream, self.version + 1 + index - (len(self.events) if index >= 0 else 0))


class _Quiet(Wakes):
    """Wakes nobody: read models look at the log by themselves now and then, and fold more of it at a time."""

    def committed(self, slug: str) -> None:
        """Nobody is told."""


class _Relaxed(Database):
    """Does not wait for the disk. What a crash of the server loses is the log's end, which a later run tells again."""

    async def relax(self) -> Self:
        connections = [await self.pool.getconn() for _ in range(_CONNECTIONS)]
        for connection in connections:
            await connection.execute("SET synchronous_commit = off")
            await self.pool.putconn(connection)
        return self


@asynccontextmanager
async def simulated_store(url: str, codec: Codec) -> AsyncIterator[Store]:
    """A store whose decisions get their new ids from the command that they decide."""
    database = await (await _Relaxed.open(url, min_size=_CONNECTIONS, max_size=_CONNECTIONS)).relax()
    store = Store(database, codec, new_id=lambda: next(_new_ids.get()))
    store.wakes = _Quiet(database)
    try:
        yield store
    finally:
        await store.close()
        await database.close()


class Recorder:
    """Carries out what it is asked for; counts commands and events."""

    def __init__(self, store: Store, tenant: Tenant, known: dict[UUID, Told]) -> None:
        self._store = store
        self._tenant = tenant
        self._known = known
        self._met: dict[UUID, Decider[Any]] = {}
        self._recalled = 0
        self.commands = 0
        self.events = 0

    async def carry_out(self, asks: Sequence[tuple[UUID, Do]], at: datetime) -> list[Told]:
        """Carry out commands that do not depend on each other, all at one instant. Raises DemoRefused, DemoDiffers."""
        told = [self._recall(id, do) for id, do in asks]
        missing = [n for n, found in enumerate(told) if found is None]
        if missing:
            if self._met or self._known:
                await self._go_on()
            outcomes = await asyncio.gather(*(self._execute(*asks[n], at) for n in missing), return_exceptions=True)
            self._check(outcomes)
            for n, outcome in zip(missing, outcomes, strict=True):
                assert isinstance(outcome, Told)
                told[n] = outcome
        self.commands += len(told)
        found = [t for t in told if t is not None]
        self.events += sum(len(t.events) for t in found)
        return found

    async def check(self) -> None:
        """Refuse a log that holds more, or less, than what was asked for. Raises DemoDiffers."""
        if self._known or await self._store.head(self._tenant) != self.events:
            raise _disturbed()

    def _recall(self, id: UUID, do: Do) -> Told | None:
        found = self._known.pop(id, None)
        if found is None:
            return None
        if found.events and found.stream != do.stream:
            raise _disturbed()
        self._recalled += 1
        self._met[do.stream] = do.decider
        return Told(id, do.stream, found.version, found.events)

    async def _go_on(self) -> None:
        """From what is known to what is new: nobody else may have written, and the states are brought to memory."""
        if self._known:
            raise _disturbed()
        streams, self._met = list(self._met.items()), {}
        for start in range(0, len(streams), _TOGETHER):
            part = streams[start : start + _TOGETHER]
            await asyncio.gather(*(self._store.load(self._tenant, decider, stream) for stream, decider in part))

    async def _execute(self, id: UUID, do: Do, at: datetime) -> Told:
        _new_ids.set(uuid5(id, f"new:{n}") for n in count(1))
        done = await self._store.execute_steps(
            self._tenant,
            (Step(do.decider, do.stream, do.command, do.effective_at),),
            by=do.by,
            command_id=id,
            correlation_id=do.correlation,
            causation_id=do.causation,
            expected_version=0 if do.new else None,
            recorded_at=at,
        )
        return Told(id, do.stream, done.version, done.events)

    @staticmethod
    def _check(outcomes: Sequence[Told | BaseException]) -> None:
        refused = [o for o in outcomes if isinstance(o, Refused)]
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, Refused):
                raise outcome
        if refused:
            counts = Counter(r.rule for r in refused)
            listed = ", ".join(f"{rule} {number} times" for rule, number in sorted(counts.items()))
            raise DemoRefused(f"The demo's history contradicts a rule ({listed}): {refused[0].detail}", counts=dict(counts))


async def recall(database: Database, store: Store, tenant: Tenant) -> dict[UUID, Told]:
    """Every command that the tenant's log knows, by id, with its events."""
    query = sql.SQL("SELECT id FROM {}.commands WHERE first IS NULL").format(sql.Identifier(tenant.schema))
    async with database.connection() as connection:
        quiet = await (await connection.execute(query)).fetchall()
    nothing = UUID(int=0)
    known = {id: Told(id, nothing, 0, ()) for (id,) in quiet}
    events: dict[UUID, list[Event]] = defaultdict(list)
    own: dict[UUID, tuple[UUID, int]] = {}
    position = 0
    while page := await store.read(tenant, position, _PAGE):
        position = page[-1].position
        for recorded in page:
            stream, _ = own.setdefault(recorded.command_id, (recorded.originator_id, 0))
            events[recorded.command_id].append(recorded.event)
            if recorded.originator_id == stream:
                own[recorded.command_id] = (stream, recorded.originator_version)
    return known | {id: Told(id, *own[id], tuple(found)) for id, found in events.items()}


def _disturbed() -> DemoDiffers:
    return DemoDiffers(
        "Somebody else has written to this tenant while its history was being told; start over in another tenant, with --tenant."
    )
