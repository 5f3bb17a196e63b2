"""Following every tenant's log from a remembered position: one reader at a time per tenant and purpose.

The tracking row is the lease (FOR UPDATE SKIP LOCKED): whoever holds it reads on, and a dead process frees it. The position
is committed after the batch was seen to, so a crash repeats a batch; what is done with it must be safe to repeat.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from infra.database import Database, StoreUnavailable, Tenant
from infra.event_store.envelope import event_id
from infra.event_store.wakes import Wakes
from infra.temporal import TemporalUnavailable

POLL = 5.0
"""Seconds after which the log is looked at although nobody rang."""
TENANTS_POLL = 5.0
"""Seconds between looks for new tenants."""
WINDOW = 5_000
"""Positions that one step passes at most."""
_SLACK = 500
"""Positions without anything of interest that may lie behind the head before the remembered position is brought forward."""
GAP = 0.02
"""Seconds between two steps of a tenant while its log grows without pause; a quiet log is answered at once."""
_AT_ONCE = 3
"""Tenants that one tail serves at the same time; each holds a connection meanwhile."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 1.0
"""Seconds between tries while a server is away; short, because what waited has to start soon after its return."""

_log = logging.getLogger("concord.workflows")


class NotNow(Exception):  # noqa: N818  an answer, not an error
    """What a batch needs cannot be reached at present: hand it out again after a pause."""


_AWAY = (psycopg.OperationalError, StoreUnavailable, TemporalUnavailable, NotNow)


@dataclass(frozen=True, slots=True)
class Fact:
    """An event as a tail sees it: what happened to what, without its contents."""

    position: int
    stream: UUID
    version: int
    topic: str

    @property
    def id(self) -> UUID:
        return event_id(self.stream, self.version)


Handle = Callable[[Tenant, Sequence[Fact]], Awaitable[None]]


class Tail:
    """Hands the events of some topics to `handle`, in order and in batches, for all tenants, until cancelled.

    `gap`: see GAP. `longest_pause`: seconds between tries, at most, while something is away.
    """

    def __init__(
        self,
        name: str,
        topics: Sequence[str],
        handle: Handle,
        database: Database,
        wakes: Wakes,
        *,
        batch: int = 200,
        gap: float = GAP,
        longest_pause: float = _LONGEST_PAUSE,
    ) -> None:
        self.name = name
        self._topics = list(topics)
        self._handle = handle
        self._database = database
        self._wakes = wakes
        self._batch = batch
        self._gap = gap
        self._longest_pause = longest_pause
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._away = False

    async def run(self) -> None:
        """Follow all tenants, new ones too. Survives the database and Temporal: it waits for them, and says so once."""
        following: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                with contextlib.suppress(psycopg.Error, StoreUnavailable):
                    for tenant in await tenants(self._database):
                        if tenant.slug not in following:
                            following[tenant.slug] = asyncio.create_task(self._follow(tenant))
                await asyncio.sleep(TENANTS_POLL)
        finally:
            for task in following.values():
                task.cancel()
            await asyncio.gather(*following.values(), return_exceptions=True)

    async def step(self, tenant: Tenant) -> bool:
        """See to the next batch, if nobody else does; whether it is worth looking again at once. Raises what `handle` raises."""
        async with self._database.tenant(tenant) as cursor:
            # what a crash loses here is seen to again
            await cursor.execute("SELECT set_config('synchronous_commit', 'off', true)", prepare=True)
            await cursor.execute("SELECT position FROM tracking WHERE name = %s FOR UPDATE SKIP LOCKED", (self.name,), prepare=True)
            row = await cursor.fetchone()
            if row is None:
                return False
            position: int = row[0]
            await cursor.execute(
                "SELECT (SELECT coalesce(max(position), 0) FROM events), position, stream, version, topic FROM events "
                "WHERE position > %(after)s AND position <= %(upto)s AND topic = ANY (%(topics)b) ORDER BY position LIMIT %(batch)s",
                {"after": position, "upto": position + WINDOW, "topics": self._topics, "batch": self._batch},
                prepare=True,
            )
            rows = await cursor.fetchall()
            head = rows[0][0] if rows else await _head(cursor)
            facts = [Fact(*row[1:]) for row in rows]
            if facts:
                await self._handle(tenant, facts)
            reached = facts[-1].position if len(facts) == self._batch else min(position + WINDOW, head)
            if reached > position:
                await cursor.execute(
                    "UPDATE tracking SET position = %s, updated_at = clock_timestamp() WHERE name = %s", (reached, self.name), prepare=True
                )
            return reached < head

    async def _follow(self, tenant: Tenant) -> None:
        await self._begin(tenant)
        pause = _FIRST_PAUSE
        while True:
            mark = self._wakes.mark(tenant.slug)
            try:
                async with self._free:
                    again = await self._worthwhile(tenant) and await self.step(tenant)
                pause = _FIRST_PAUSE
                self._came_back()
            except _AWAY as error:
                self._went_away(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, self._longest_pause)
                continue
            except Exception:  # noqa: BLE001  a fault of ours must not end the tail of this tenant, nor of others
                _log.exception("%s of tenant %s failed and tries again in %g s", self.name, tenant.slug, _LONGEST_PAUSE)
                await asyncio.sleep(_LONGEST_PAUSE)
                continue
            await asyncio.sleep(self._gap)
            if not again:
                await self._wakes.wait(tenant.slug, POLL, mark)

    async def _begin(self, tenant: Tenant) -> None:
        """Make the tracking row, so that there is something to hold."""
        while True:
            try:
                async with self._database.tenant(tenant) as cursor:
                    await cursor.execute("INSERT INTO tracking (name) VALUES (%s) ON CONFLICT DO NOTHING", (self.name,))
            except (psycopg.OperationalError, StoreUnavailable):
                await asyncio.sleep(_LONGEST_PAUSE)
            else:
                return

    async def _worthwhile(self, tenant: Tenant) -> bool:
        """Whether there is something of interest, or the position lags far behind; one short query, no lease."""
        query = sql.SQL(
            "SELECT h.head - t.position, EXISTS (SELECT FROM {0}.events AS e WHERE e.position > t.position "
            "AND e.position <= t.position + %(slack)s AND e.topic = ANY (%(topics)s)) "
            "FROM {0}.tracking AS t, (SELECT coalesce(max(position), 0) AS head FROM {0}.events) AS h WHERE t.name = %(name)s"
        ).format(sql.Identifier(tenant.schema))
        async with self._database.connection() as connection:
            values = {"slack": _SLACK, "topics": self._topics, "name": self.name}
            row = await (await connection.execute(query, values, prepare=True)).fetchone()
        return row is not None and (row[1] or row[0] > _SLACK)

    def _went_away(self, error: Exception) -> None:
        if not self._away:
            self._away = True
            server = {TemporalUnavailable: "Temporal", NotNow: "mail"}.get(type(error), "the database")
            _log.warning("%s waits for %s and goes on when it is back: %s", self.name, server, _first_line(error))

    def _came_back(self) -> None:
        if self._away:
            self._away = False
            _log.warning("%s goes on", self.name)


async def together(calls: Iterable[Awaitable[None]]) -> None:
    """Await all of them to their end, then raise the first error: nothing of a batch goes on after its lease is given up."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def tenants(database: Database) -> list[Tenant]:
    """Every tenant, by slug."""
    async with database.connection() as connection:
        rows = await (await connection.execute("SELECT slug, simulated FROM concord.tenants ORDER BY slug")).fetchall()
    return [Tenant(slug, simulated) for slug, simulated in rows]


async def _head(cursor: psycopg.AsyncCursor[Any]) -> int:
    await cursor.execute("SELECT coalesce(max(position), 0) FROM events", prepare=True)
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
