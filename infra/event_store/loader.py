"""Group load: the streams that many commands need at once come in one SELECT, because one pooled SELECT each caps the whole path."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.pq.abc import PGresult

from infra.database import Database, StoreUnavailable, Tenant
from infra.event_store import arrays
from infra.event_store.prepared import Prepared
from infra.event_store.snapshots import EVERY

Row = tuple[Any, ...]
"""position, stream, version, topic, meta, state, recorded_at, effective_at"""

Version = tuple[int, str, bytes]
"""version, topic, state: all that a state is folded from"""

COLUMNS = "position, stream, version, topic, meta, state, recorded_at, effective_at"
LIMIT = 256
ATTEMPTS = 4


def every_event(tenant: Tenant, limit: int | None = None) -> Prepared:
    """The events of many streams, at most `limit` of each; `asked` are its arguments, `found` reads its result."""
    most, name = ("", "load_all") if limit is None else (f" LIMIT {limit}", "load")
    return Prepared(
        f"{name}_{tenant.schema}",
        "SELECT w.n, e.version, e.topic, e.state FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS w (stream, after, n) "
        f"CROSS JOIN LATERAL (SELECT * FROM {sql.Identifier(tenant.schema).as_string()}.events "
        f"WHERE stream = w.stream AND version > w.after ORDER BY version{most}) AS e",
        2,
    )


def asked(wanted: Sequence[tuple[UUID, int]]) -> tuple[bytes, bytes]:
    """Streams, each with the version after which its events are wanted."""
    return arrays.uuids([stream for stream, _ in wanted]), arrays.int8s([after for _, after in wanted])


def found(result: PGresult, streams: int) -> list[list[Version]]:
    """Each stream's events, in the order in which the streams were asked for."""
    events: list[list[Version]] = [[] for _ in range(streams)]
    value = result.get_value
    for row in range(result.ntuples):
        number, version = int.from_bytes(value(row, 0) or b"", "big"), int.from_bytes(value(row, 1) or b"", "big")
        events[number - 1].append((version, (value(row, 2) or b"").decode(), value(row, 3) or b""))
    return events


class GroupLoader:
    """Loads events of streams for the tasks of one event loop, at most `limit` of each stream at a time."""

    limit = EVERY

    def __init__(self, database: Database, tenant: Tenant) -> None:
        self._database = database
        self._waiting: deque[tuple[UUID, int, asyncio.Future[list[Version]]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._events = every_event(tenant, self.limit)

    def load(self, stream: UUID, after: int = 0) -> asyncio.Future[list[Version]]:
        """The first events of a stream with a version above `after`, in order. Raises StoreUnavailable when awaited."""
        future: asyncio.Future[list[Version]] = asyncio.get_running_loop().create_future()
        self._waiting.append((stream, after, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return future

    async def _drain(self) -> None:
        await asyncio.sleep(0)
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), LIMIT))]
            try:
                loaded = await self._fetch(group)
            except Exception as error:  # noqa: BLE001  each caller gets it
                for _, _, future in group:
                    if not future.done():
                        future.set_exception(error)
                continue
            # in two halves, so that the first one's appends are under way while the second one decides
            half = len(group) // 2
            for number, ((_, _, future), events) in enumerate(zip(group, loaded, strict=True)):
                if number == half:
                    await asyncio.sleep(0)
                if not future.done():
                    future.set_result(events)

    async def _fetch(self, group: Sequence[tuple[UUID, int, Any]]) -> list[list[Version]]:
        return found(await self._events_of(asked([(stream, after) for stream, after, _ in group])), len(group))

    async def _events_of(self, wanted: tuple[bytes, bytes]) -> PGresult:
        for attempt in range(ATTEMPTS):
            try:
                async with self._database.connection() as connection:
                    return await self._events.call(connection, wanted)
            except (psycopg.OperationalError, StoreUnavailable):
                if attempt == ATTEMPTS - 1:
                    raise StoreUnavailable("the event store could not be reached; try again in a moment") from None
                await asyncio.sleep(0.05 * 2.0**attempt)
                await self._database.forget_dead()
        raise AssertionError
