"""The access log: sign-ins, denials, reads and exports, appended in batches off the request's path.

Alike entries of one batch become one row with a count, and a batch holds a bounded number of rows per caller, so that a
flood costs neither the request nor the disk; what was cut is itself a row.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import psycopg

from infra.database import Database, StoreUnavailable, Tenant

BATCH_SECONDS = 0.5
ROWS_PER_CALLER = 200
"""Rows of one caller in one batch; the rest is counted in one row of the kind `flood`."""
ROWS_IN_ALL = 20_000

Kind = Literal["read", "export", "denied", "not_found", "sign_in", "sign_out", "issue_key", "revoke_key", "change_password", "flood"]
"""What an entry tells. `denied`: refused, or answered as absent to who may not know of all there is; `not_found`: there is no such thing."""

log = logging.getLogger("concord.access")


@dataclass(frozen=True, slots=True)
class Access:
    """One entry. Text comes from callers: it is stored as data and cut to a bounded length, line breaks made visible."""

    kind: Kind
    operation: str
    source: str
    status: int
    principal: UUID | None = None
    member: UUID | None = None
    key: UUID | None = None
    target: str | None = None


_COLUMNS = "at, kind, operation, principal, member, key, source, target, status, correlation_id, times"


@dataclass(slots=True)
class _Times:
    first: datetime
    correlation_id: UUID
    count: int = 1


class AccessLog:
    """Gathers entries and writes them every half second. `close` writes what is left."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[tuple[Tenant | None, Access], _Times] = {}
        self._by_caller: dict[tuple[Tenant | None, UUID | str], int] = {}
        self._months: set[tuple[str, str]] = set()
        self._task: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()

    def note(self, tenant: Tenant | None, access: Access, correlation_id: UUID) -> None:
        """Remember an entry; returns at once. `tenant` None: nobody's yet, kept beside the identities."""
        access = replace(access, target=_inert(access.target), source=_inert(access.source) or "unknown")
        if (times := self._waiting.get((tenant, access))) is not None:
            times.count += 1
            return
        caller = (tenant, access.member or access.principal or access.source)
        rows = self._by_caller.get(caller, 0)
        if rows >= ROWS_PER_CALLER or len(self._waiting) >= ROWS_IN_ALL:
            access = Access("flood", "*", "*", 429, access.principal if rows else None, access.member if rows else None)
            if (times := self._waiting.get((tenant, access))) is not None:
                times.count += 1
                return
        self._by_caller[caller] = rows + 1
        self._waiting[tenant, access] = _Times(datetime.now(UTC), correlation_id)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_soon())

    async def close(self) -> None:
        """Write what waits. A batch that is being written is finished first, not cut short."""
        async with self._writing:
            if self._task is not None:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)
            await self._write()

    async def _write_soon(self) -> None:
        while self._waiting:
            await asyncio.sleep(BATCH_SECONDS)
            async with self._writing:
                await self._write()

    async def _write(self) -> None:
        waiting, self._waiting, self._by_caller = self._waiting, {}, {}
        by_tenant: dict[Tenant | None, list[tuple[Any, ...]]] = {}
        for (tenant, a), t in waiting.items():
            row = (t.first, a.kind, a.operation, a.principal, a.member, a.key, a.source, a.target, a.status, t.correlation_id, t.count)
            by_tenant.setdefault(tenant, []).append(row)
        for tenant, rows in by_tenant.items():
            try:
                await self._append(tenant, rows)
            except (psycopg.Error, StoreUnavailable) as error:
                # the log's own trouble must not fail requests; the process log then is the only witness
                log.exception(
                    "%d access entries of %s could not be stored: %s", len(rows), tenant.slug if tenant else "nobody", type(error).__name__
                )

    async def _append(self, tenant: Tenant | None, rows: Iterable[tuple[Any, ...]]) -> None:
        if tenant is None:
            async with self._database.connection() as connection:
                await _copy(connection.cursor(), "identity.access_log", rows)
            return
        rows = list(rows)
        async with self._database.tenant(tenant) as cursor:
            for month in {row[0].strftime("%Y-%m"): row[0] for row in rows}.items():
                if (tenant.slug, month[0]) not in self._months:
                    await cursor.execute("SELECT access_log_month(%s)", (month[1],))
            await _copy(cursor, "access_log", rows)
        self._months.update((tenant.slug, row[0].strftime("%Y-%m")) for row in rows)


async def _copy(cursor: psycopg.AsyncCursor[Any], table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    async with cursor.copy(f"COPY {table} ({_COLUMNS}) FROM STDIN") as copy:
        for row in rows:
            await copy.write_row(row)


def _inert(text: str | None) -> str | None:
    return None if text is None else text[:200].encode("unicode_escape").decode("ascii")
