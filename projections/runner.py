"""The projector: one loop per process folds every tenant's log into its read models. Composition root of `concord projector`.

A batch is read and decoded once for all read models of a tenant that stand at the same position, and is written in one
transaction with that position. The tracking rows are its lease: another process passes over what is locked, and a dead
owner frees them. A read model that fails is folded apart from the others, in ever smaller batches, until the event that it
cannot pass is alone; that one is tried again, then the read model is parked there with the cause, for that tenant only.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from infra.database import Database, StoreUnavailable, Tenant
from infra.event_store.log import Log
from infra.event_store.wakes import Wakes
from projections import tracking
from projections.batch import Stretch, read
from projections.fold import fold
from projections.projection import Projection, by_name
from projections.rows import Rows
from projections.writing import Cursor, load, write

BATCH = 1000
PATIENCE = 3
"""Attempts at one event before parking."""
PAUSE = 0.01
"""Seconds between small batches, in which commits gather."""
POLL_BUSY, POLL_IDLE = 0.25, 0.5
"""Seconds after which the heads are looked at although nobody rang."""
SWEEP = 5.0
"""Seconds between looks for new tenants, and for read models that an operator let try again."""

_log = logging.getLogger("concord.projections")


@dataclass(slots=True)
class Care:
    """How carefully a read model of a tenant is folded after a failure."""

    limit: int
    not_before: float = 0.0


class Runner:
    """Folds live until cancelled. Several may run, in any number of processes."""

    def __init__(
        self,
        database: Database,
        log: Log,
        wakes: Wakes,
        projections: Iterable[Projection],
        *,
        batch: int = BATCH,
        retry_after: float = 0.2,
    ) -> None:
        self._database, self._codec, self._wakes = database, log.codec, wakes
        self._projections = by_name(projections)
        self._batch, self._retry_after = batch, retry_after
        self._care: dict[tuple[str, str], Care] = {}
        self._tenants: dict[str, Tenant] = {}
        self._reached: dict[str, int] = {}
        self._due: set[str] = set()
        self._rung = asyncio.Event()
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._resting: dict[str, float] = {}

    async def run(self) -> None:
        """Keep every tenant's read models up with its log. Survives the database: it tries again, at most every few seconds."""
        self._wakes.listen()
        swept = looked = 0.0
        busy_until = 0.0
        try:
            while True:
                now = time.monotonic()
                try:
                    if now - swept >= SWEEP:
                        await self._find_tenants()
                        self._due.update(self._tenants)
                        swept = looked = now
                    elif now - looked >= (POLL_BUSY if now < busy_until else POLL_IDLE):
                        await self._look_at_heads()
                        looked = now
                except (psycopg.Error, StoreUnavailable) as error:
                    _log.warning("the database does not answer, trying again: %s", error)
                    await asyncio.sleep(1)
                    continue
                folded = await self._round()
                if folded:
                    busy_until = time.monotonic() + 5
                await self._wait(folded)
        finally:
            for watcher in self._watchers.values():
                watcher.cancel()
            await asyncio.gather(*self._watchers.values(), return_exceptions=True)

    async def catch_up(self, tenant: Tenant) -> None:
        """Fold until nothing is left that can be folded now: for tests, imports and the command line."""
        while await self.step(tenant) or any(slug == tenant.slug for slug, _ in self._care):  # noqa: ASYNC110  retries are timed
            await asyncio.sleep(0)

    async def step(self, tenant: Tenant) -> int:
        """One batch for each position at which read models of the tenant stand; returns the events folded.

        Raises psycopg.OperationalError or StoreUnavailable when the database fails; then nothing was folded.
        """
        async with self._database.tenant(tenant) as cursor:
            # what a crash loses here is folded again from the log
            await cursor.execute("SELECT set_config('synchronous_commit', 'off', true)", prepare=True)
            standing = await tracking.lease(cursor, list(self._projections))
            for key in [k for k in self._care if k[0] == tenant.slug and k[1] not in standing]:
                del self._care[key]  # parked, or another process's now
            groups: dict[tuple[int, str], list[Projection]] = {}
            for name, position in standing.items():
                alone = name if (tenant.slug, name) in self._care else ""
                groups.setdefault((position, alone), []).append(self._projections[name])
            folded, reached = 0, []
            for (position, _), group in sorted(groups.items()):
                size = await self._group(cursor, tenant, group, position)
                folded += size
                reached.append(position + size)
            if reached:
                self._reached[tenant.slug] = min(reached)
            return folded

    async def _group(self, cursor: Cursor, tenant: Tenant, group: Sequence[Projection], after: int) -> int:
        care = self._care.get((tenant.slug, group[0].name))
        if care is not None and care.not_before > time.monotonic():
            return 0
        limit = care.limit if care is not None else self._batch
        try:
            async with cursor.connection.transaction():
                size = await self._fold(cursor, tenant, group, after, limit)
        except (psycopg.OperationalError, StoreUnavailable):
            raise
        except Exception as error:  # noqa: BLE001  a read model's own fault stops that read model only
            await self._failed(cursor, tenant, group, after, limit, error)
            return 0
        if care is not None:
            care.limit *= 2
            if care.limit > self._batch or not size:
                del self._care[tenant.slug, group[0].name]
        return size

    async def _fold(self, cursor: Cursor, tenant: Tenant, group: Sequence[Projection], after: int, limit: int) -> int:
        batch = await read(cursor, self._codec, tenant, after, Stretch(limit), frozenset[str]().union(*(p.topics for p in group)))
        if not batch.size:
            return 0
        for projection in group:
            if projection.derived:
                await projection.derive(cursor, after, batch.last)
                continue
            rows = Rows(projection.tables)
            await load(cursor, rows, batch.streams(projection.topics))
            fold(projection, rows, batch)
            await write(cursor, rows)
        await tracking.advance(cursor, [p.name for p in group], batch.last)
        return batch.size

    async def _failed(self, cursor: Cursor, tenant: Tenant, group: Sequence[Projection], after: int, limit: int, error: Exception) -> None:
        if len(group) > 1:
            for projection in group:
                self._care[tenant.slug, projection.name] = Care(self._batch)
            return
        name = group[0].name
        care = self._care.setdefault((tenant.slug, name), Care(limit))
        if limit > 1:
            care.limit = max(1, limit // 8)
            return
        attempts = await tracking.stumble(cursor, name, after + 1, f"{type(error).__name__}: {error}", PATIENCE)
        if attempts >= PATIENCE:
            del self._care[tenant.slug, name]
            _log.error("%s of tenant %s is parked at position %d", name, tenant.slug, after + 1, exc_info=error)
        else:
            care.not_before = time.monotonic() + self._retry_after * attempts

    async def _round(self) -> int:
        """One step for every tenant that is due, so that none waits for another's backlog."""
        folded = 0
        for slug in sorted(self._due):
            tenant = self._tenants.get(slug)
            if tenant is None or self._resting.get(slug, 0.0) > time.monotonic():
                continue
            self._due.discard(slug)
            try:
                size = await self.step(tenant)
            except (psycopg.Error, StoreUnavailable) as error:
                _log.warning("folding tenant %s is interrupted, trying again: %s", slug, error)
                self._resting[slug] = time.monotonic() + 1
                size = 1
            if size or any(key[0] == slug for key in self._care):
                self._due.add(slug)
            folded += size
        return folded

    async def _wait(self, folded: int) -> None:
        if folded >= self._batch:
            await asyncio.sleep(0)
        elif folded or self._due:
            await asyncio.sleep(PAUSE)
        else:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_BUSY):
                    await self._rung.wait()
        self._rung.clear()

    async def _find_tenants(self) -> None:
        async with self._database.connection() as connection:
            found = await (await connection.execute("SELECT slug, simulated FROM concord.tenants")).fetchall()
        self._tenants = {slug: Tenant(slug, simulated) for slug, simulated in found}
        for slug in self._tenants.keys() - self._watchers.keys():
            self._watchers[slug] = asyncio.create_task(self._watch(slug))

    async def _watch(self, slug: str) -> None:
        while True:
            if await self._wakes.wait(slug, 60):
                self._due.add(slug)
                self._rung.set()

    async def _look_at_heads(self) -> None:
        """One query for all tenants; each head is one step down an index."""
        if not self._tenants:
            return
        heads = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {}, max(position) FROM {}.events").format(sql.Literal(t.slug), sql.Identifier(t.schema))
            for t in self._tenants.values()
        )
        async with self._database.connection() as connection:
            for slug, head in await (await connection.execute(heads)).fetchall():
                if (head or 0) > self._reached.get(slug, 0):
                    self._due.add(slug)
