"""Build a read model anew beside the live one, and put it in its place in one short transaction; readers never see less.

The whole log is folded in memory and only ever COPYed out; indexes come last. What was recorded meanwhile is folded onto the
side tables before the swap, the last of it under the lease that keeps live folding out. Runs as the migrator.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import AsyncConnection, errors

from infra.database import Tenant
from infra.event_store.log import Log
from projections.batch import Batch, Stretch, read
from projections.fold import fold
from projections.projection import Projection
from projections.rebuild_share import APART_FROM, PROCESSES, Amendments, Progress, Share, connected, fold_apart, fold_share
from projections.rows import Rows
from projections.schema import sealing
from projections.writing import Cursor, amend, load, write

SUFFIX = "__new"
BATCH = 5000
CLOSE = 200
"""Events behind the log at which the swap is tried."""
SWAP_PATIENCE = "2s"
"""How long the swap may wait for a reader before it lets everyone pass and tries again."""


class Rebuild:
    """One read model of one tenant. It needs memory for all its current rows."""

    def __init__(self, migrator_url: str, log: Log, tenant: Tenant, projection: Projection) -> None:
        self._url, self._codec, self._tenant, self._projection = migrator_url, log.codec, tenant, projection
        self._position = 0

    async def run(self, progress: Progress = lambda _: None) -> int:
        """Rebuild and swap; returns the position that the new tables hold. `progress` hears each position that was reached.

        Raises what a handler raises, leaving the live tables as they were.
        """
        async with connected(self._url, self._tenant) as writer:
            # one rebuild at a time per read model: a second one waits here
            await writer.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (f"{self._tenant.schema}.{self._projection.name}",))
            await self._drop(writer.connection)
            async with writer.connection.transaction():
                for table in self._projection.tables:
                    for statement in table.create(SUFFIX):
                        await writer.execute(statement)
            await self._index(writer, await self._fold_all(writer, progress))
            while (batch := await self._read(writer)).size > CLOSE:
                await self._catch_up(writer, batch)
                progress(self._position)
            while not await self._swap(writer):  # noqa: ASYNC110  what it waits for is in the database
                await asyncio.sleep(0.2)
            progress(self._position)
            return self._position

    async def _fold_all(self, writer: Cursor, progress: Progress) -> list[Amendments]:
        """Fold what the log holds by now."""
        topics = list(self._projection.topics)
        await writer.execute("SELECT coalesce(max(position), 0), count(*) FILTER (WHERE topic = ANY (%s)) FROM events", (topics,))
        row = await writer.fetchone()
        assert row is not None
        self._position, events = int(row[0]), int(row[1])
        if self._projection.derived:
            return await self._derive_all(writer)
        personal = any(event.personal for event in self._projection.events)
        count = 1 if personal or events < APART_FROM or self._codec.masks(self._tenant.slug) else PROCESSES
        stretches = [Stretch(BATCH, self._position, (n, count) if count > 1 else None, sparse=True) for n in range(count)]
        shares = [Share(self._url, self._tenant, self._projection, SUFFIX, stretch) for stretch in stretches]
        return await fold_apart(shares, progress) if count > 1 else [await fold_share(shares[0], self._codec, progress)]

    async def _derive_all(self, writer: Cursor) -> list[Amendments]:
        middle = self._position // 2
        async with connected(self._url, self._tenant) as second, asyncio.TaskGroup() as group:
            group.create_task(self._projection.derive(writer, 0, middle, SUFFIX))
            group.create_task(self._projection.derive(second, middle, self._position, SUFFIX))
        return []

    async def _index(self, writer: Cursor, amendments: Sequence[Amendments]) -> None:
        tables = self._projection.tables
        async with connected(self._url, self._tenant) as second:
            lanes = (writer, second)
            for lane in lanes:
                await lane.execute("SET maintenance_work_mem = '256MB'")
            await _in_lanes(lanes, [statement for table in tables for statement in table.create_indexes(SUFFIX)])
            for table in tables:
                for right in sealing(self._tenant, table, SUFFIX):
                    await writer.execute(right)
            rows = Rows(() if self._projection.derived else tables)
            for name, buffer in rows.buffers.items():
                for cuts, erased in (share[name] for share in amendments):
                    buffer.cuts += cuts
                    buffer.erased += erased
                await amend(writer, buffer, SUFFIX)
            # fresh statistics for the planner, and a visibility map for index-only scans
            await _in_lanes(lanes, [f"VACUUM (ANALYZE) {name}{SUFFIX}" for table in tables for name in (table.past, table.name)])

    async def _read(self, cursor: Cursor) -> Batch:
        return await read(cursor, self._codec, self._tenant, self._position, Stretch(BATCH), self._projection.topics)

    async def _catch_up(self, writer: Cursor, batch: Batch) -> None:
        async with writer.connection.transaction():
            if self._projection.derived:
                await self._projection.derive(writer, self._position, batch.last, SUFFIX)
                self._position = batch.last
                return
            rows = Rows(self._projection.tables)
            await load(writer, rows, batch.streams(self._projection.topics), SUFFIX)
            fold(self._projection, rows, batch)
            await write(writer, rows, SUFFIX)
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


async def _in_lanes(lanes: Sequence[Cursor], statements: Iterable[str]) -> None:
    """Run statements that need nothing of each other, each on the next cursor that is free."""
    left = iter(statements)

    async def run(cursor: Cursor) -> None:
        for statement in left:
            await cursor.execute(statement)

    try:
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(run(lane))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


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
