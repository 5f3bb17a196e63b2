"""One shared pool per process, and the second wall between tenants: each tenant's tables under its own role."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from infra.safety import UnsafeSettings, refuse_unsafe_settings_async

OLDEST_SERVER = 180000
"""The oldest PostgreSQL that is tested, as server_version_num."""

_SLUG = re.compile(r"^[a-z][a-z0-9_]{0,39}$")


class StoreUnavailable(Exception):  # noqa: N818  names the state, as the doors answer it (503)
    """The database could not be reached, or not in time; nothing is known to have been stored. Try again."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A business that uses Concord. `slug`: lower-case letters, digits and underscores, at most 40 characters."""

    slug: str
    simulated: bool = False

    def __post_init__(self) -> None:
        if not _SLUG.match(self.slug):
            raise ValueError(f"{self.slug!r} cannot name a tenant: use a to z, 0 to 9 and _, starting with a letter, at most 40 characters")

    @property
    def schema(self) -> str:
        return f"t_{self.slug}"

    @property
    def role(self) -> str:
        """The database role that owns nothing and may use this tenant's schema only."""
        return f"concord_t_{self.slug}"


class Database:
    """The process's pool. Connections are in autocommit; a tenant's work runs in short transactions under its role."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]], url: str) -> None:
        self.pool = pool
        self.url = url

    @classmethod
    async def open(cls, url: str, *, min_size: int = 2, max_size: int = 12, patience: float = 10.0) -> Self:
        """Connect, and refuse a server that is too old or could lose what it acknowledged.

        Raises StoreUnavailable when none answers within `patience` seconds, UnsafeSettings naming what is off.
        """
        pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
            url,
            min_size=min_size,
            max_size=max_size,
            timeout=patience,
            open=False,
            configure=_configure,
            kwargs={"autocommit": True, "application_name": "concord"},
        )
        await pool.open()
        try:
            await pool.wait(patience)
        except PoolTimeout as error:
            await pool.close()
            raise StoreUnavailable(f"no PostgreSQL answered within {patience:g} s; check DATABASE_URL and that the server runs") from error
        database = cls(pool, url)
        async with pool.connection() as connection:
            if connection.info.server_version < OLDEST_SERVER:
                version = connection.info.server_version
                await pool.close()
                raise StoreUnavailable(f"PostgreSQL {version // 10000} is too old; Concord needs {OLDEST_SERVER // 10000} or newer")
            try:
                await refuse_unsafe_settings_async(connection)
            except UnsafeSettings:
                await pool.close()
                raise
        return database

    async def close(self) -> None:
        await self.pool.close()

    async def forget_dead(self) -> None:
        """After a lost connection: let go of others that were lost with it, so that the next try does not meet them one by one."""
        with contextlib.suppress(psycopg.Error, PoolTimeout):
            await self.pool.check()

    @property
    def spare(self) -> bool:
        """Whether nobody waits for a connection and a few are left, so that one may be kept for a moment."""
        stats = self.pool.get_stats()
        return stats.get("requests_waiting", 0) == 0 and self.pool.max_size - stats.get("pool_size", 0) + stats.get("pool_available", 0) > 2

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A raw autocommit connection as the login role."""
        task = asyncio.current_task()
        before = task.cancelling() if task else 0
        try:
            async with self.pool.connection() as connection:
                # Python 3.11's wait_for, with which the pool waits, drops a cancellation that comes together with the connection
                if task and task.cancelling() > before:
                    raise asyncio.CancelledError
                yield connection
        except PoolTimeout as error:
            raise StoreUnavailable("every database connection is in use; try again in a moment") from error

    @asynccontextmanager
    async def tenant(self, tenant: Tenant, *, read_only: bool = False) -> AsyncIterator[AsyncCursor[Any]]:
        """One transaction under the tenant's role with its schema as search_path, so that SQL names tables plainly."""
        async with self.connection() as connection, connection.transaction():
            cursor = connection.cursor(binary=True)
            await cursor.execute(
                "SELECT set_config('role', %s, true), set_config('search_path', %s, true), set_config('transaction_read_only', %s, true)",
                (tenant.role, tenant.schema, "on" if read_only else "off"),
            )
            yield cursor


async def _configure(connection: AsyncConnection[Any]) -> None:
    # a lost head-row holder must not hang every writer; jit never pays for our short queries
    await connection.execute("SET lock_timeout = '10s'; SET jit = off; SET timezone = 'UTC'")
