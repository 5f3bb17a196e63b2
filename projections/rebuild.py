"""Build a read model anew beside the live one, and put it in its place in one short transaction; readers never see less.

The whole log is folded in memory and only ever COPYed out; indexes come last. What was recorded meanwhile is folded onto the
side tables before the swap, the last of it under the lease that keeps live folding out. Runs as the migrator.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection, errors

from infra.database import Tenant
from infra.event_store.log import Log
from projections.batch import Batch, read
from projections.fold import fold
from projections.projection import Projection
from projections.rows import Rows
from projections.schema import sealing
from projections.writing import Cursor, amend, write, write_current, write_past

SUFFIX = "__new"
BATCH = 5000
CLOSE = 200
"""Events behind the log at which the swap is tried."""
SWAP_PATIENCE = "2s"
"""How long the swap may wait for a reader before it lets everyone pass and tries again."""

Progress = Callable[[int], None]


class Rebuild:
    """One read model of one tenant. The process needs memory for all its current rows."""

    def __init__(self, migrator_url: str, log: Log, tenant: Tenant, projection: Projection) -> None:
        self._url, self._codec, self._tenant, self._projection = migrator_url, log.codec, tenant, projection
        self._rows = Rows(projection.tables)
        self._position = 0

    async def run(self, progress: Progress = lambda _: None) -> int:
        """Rebuild and swap; returns the position that the new tables hold. `progress` hears each position that was reached.

        Raises what a handler raises, leaving the live tables as they were.
        """
        async with self._connected() as writer, self._connected() as reader:
            # one rebuild at a time per read model: a second one waits here
            await writer.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (f"{self._tenant.schema}.{self._projection.name}",))
            await self._drop(writer.connection)
            async with writer.connection.transaction():
                for table in self._projection.tables:
                    for statement in table.create(SUFFIX):
                        await writer.execute(statement)
            await self._fold_all(writer, reader, progress)
            await self._index(writer)
            while (batch := await self._read(writer)).size > CLOSE:
                await self._catch_up(writer, batch)
                progress(self._position)
            while not await self._swap(writer):  # noqa: ASYNC110  what it waits for is in the database
                await asyncio.sleep(0.2)
            progress(self._position)
            return self._position

    async def _fold_all(self, writer: Cursor, reader: Cursor, progress: Progress) -> None:
        """Read ahead on one connection while the other COPYs what is superseded."""
        # what is folded stays, and forms no cycles: collecting it over and over would take most of the time
        gc.disable()
        try:
            await self._fold_stretches(writer, reader, progress)
        finally:
            gc.enable()
        async with writer.connection.transaction():
            for buffer in self._rows.buffers.values():
                await write_current(writer, buffer, SUFFIX)

    async def _fold_stretches(self, writer: Cursor, reader: Cursor, progress: Progress) -> None:
        ahead = asyncio.create_task(self._read(reader))
        while (batch := await ahead).size:
            self._position = batch.last
            ahead = asyncio.create_task(self._read(reader))
            fold(self._projection, self._rows, batch)
            async with writer.connection.transaction():
                for buffer in self._rows.buffers.values():
                    await write_past(writer, buffer, SUFFIX)
            progress(self._position)

    async def _index(self, writer: Cursor) -> None:
        await writer.execute("SET maintenance_work_mem = '256MB'")
        for table in self._projection.tables:
            for statement in table.create_indexes(SUFFIX):
                await writer.execute(statement)
            for right in sealing(self._tenant, table, SUFFIX):
                await writer.execute(right)
            await amend(writer, self._rows.buffers[table.name], SUFFIX)
            # fresh statistics for the planner, and a visibility map for index-only scans
            for name in (table.name, table.past):
                await writer.execute(f"VACUUM (ANALYZE) {name}{SUFFIX}")

    async def _read(self, cursor: Cursor) -> Batch:
        return await read(cursor, self._codec, self._tenant, self._position, BATCH, self._projection.topics)

    async def _catch_up(self, writer: Cursor, batch: Batch) -> None:
        fold(self._projection, self._rows, batch)
        async with writer.connection.transaction():
            await write(writer, self._rows, SUFFIX)
        self._position = batch.last

    async def _swap(self, writer: Cursor) -> bool:
        """Under the lease: fold the last events, rename, and take over the position. False where a reader was in the way."""
        try:
            async with writer.connection.transaction():
                await writer.execute(f"SET LOCAL lock_timeout = '{SWAP_PATIENCE}'")
                await writer.execute("SELECT 1 FROM tracking WHERE name = %s FOR UPDATE", (self._projection.name,))
                for table in self._projection.tables:
                    await writer.execute(f"LOCK TABLE {table.name}, {table.past} IN ACCESS EXCLUSIVE MODE")
                while (batch := await self._read(writer)).size:
                    await self._catch_up(writer, batch)
                for table in self._projection.tables:
                    for statement in table.swap(SUFFIX):
                        await writer.execute(statement)
                await writer.execute(
                    "INSERT INTO tracking (name, position) VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET position = excluded.position, "
                    "parked_at = NULL, parked_cause = NULL, attempts = 0, updated_at = clock_timestamp()",
                    (self._projection.name, self._position),
                )
        except (errors.LockNotAvailable, errors.DeadlockDetected):
            return False
        return True

    async def _drop(self, connection: AsyncConnection[Any]) -> None:
        for table in self._projection.tables:
            for name in (table.name, table.past):
                await connection.execute(f"DROP TABLE IF EXISTS {name}{SUFFIX}")

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Cursor]:
        async with await AsyncConnection.connect(self._url, autocommit=True, application_name="concord rebuild") as connection:
            cursor = connection.cursor(binary=True)
            await cursor.execute("SELECT set_config('search_path', %s, false)", (self._tenant.schema,))
            await cursor.execute(
                "SET synchronous_commit = off; SET client_min_messages = warning; SET jit = off; SET timezone = 'UTC'", binary=False
            )
            yield cursor


async def rebuild(
    migrator_url: str, log: Log, tenant: Tenant, projections: Sequence[Projection], progress: Progress = lambda _: None
) -> int:
    """Rebuild read models one after another; returns the lowest position that they hold."""
    return min([await Rebuild(migrator_url, log, tenant, projection).run(progress) for projection in projections], default=0)


async def digest(cursor: Cursor, projection: Projection) -> dict[str, tuple[int, int]]:
    """For each table the count of its rows and the sum of their hashes, the same however the rows lie."""
    found = {}
    for table in projection.tables:
        for name in (table.name, table.past):
            await cursor.execute(f"SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::numeric FROM {name} AS t")
            row = await cursor.fetchone()
            assert row is not None
            found[name] = (int(row[0]), int(row[1]))
    return found
