"""Concord's own side: a migrated database with one tenant, the store over it, and rows of the size that the bars name."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from uuid import uuid4

import psycopg
import uvloop
from psycopg import sql
from psycopg.conninfo import make_conninfo

from bench.server import Server
from infra.codec import Codec
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.event_store.envelope import Meta
from infra.event_store.requests import Append, Outcome, StoredRow
from infra.ids import uuid7
from infra.migrations import create_tenant, migrate

TOPIC = "bench.deal_opened"
STATE = b"x" * 400
FINGERPRINT = b"f" * 32
META = Meta(uuid4(), uuid4(), uuid4()).encode()


@dataclass(frozen=True, slots=True)
class Log:
    """A tenant's log for one run. `url` signs in as the processes do, `owner_url` as the migrator."""

    url: str
    owner_url: str
    tenant: Tenant


@contextmanager
def fresh_log(server: Server) -> Iterator[Log]:
    """A database of its own with one tenant; database and roles are gone afterwards."""
    suffix, password = secrets.token_hex(4), secrets.token_urlsafe(16)
    tenant, login = Tenant(f"bench_{suffix}"), f"bench_login_{suffix}"
    with _roles(server, login, password, tenant), server.database() as owner_url:
        migrate(owner_url, login)
        create_tenant(owner_url, tenant.slug, login=login)
        yield Log(make_conninfo(owner_url, user=login, password=password), owner_url, tenant)


@contextmanager
def _roles(server: Server, login: str, password: str, tenant: Tenant) -> Iterator[None]:
    # roles belong to the whole server, and go only after the database that uses them
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(login), password))
    try:
        yield
    finally:
        with psycopg.connect(server.url, autocommit=True) as connection:
            for role in (tenant.role, login):
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


@asynccontextmanager
async def opened(log: Log) -> AsyncIterator[Store]:
    """The store as a process has it."""
    database = await Database.open(log.url)
    store = Store(database, Codec())
    try:
        yield store
    finally:
        await store.close()
        await database.close()


def one_event() -> Append:
    """A command as a door makes it: one event of 400 bytes for a new stream, a random command id, a fingerprint."""
    return Append(uuid4(), [StoredRow(uuid7(), 1, TOPIC, META, STATE)], FINGERPRINT)


def appending(store: Store, tenant: Tenant) -> Callable[[], Awaitable[None]]:
    """The operation that the append bars repeat. Raises AssertionError if an append was not stored."""

    async def append() -> None:
        done = await store.append(tenant, one_event())
        assert done.outcome is Outcome.STORED

    return append


def runner() -> asyncio.Runner:
    """The kind of event loop that Concord's processes run on; it lives through a group's rounds."""
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


@contextmanager
def store_on(loop: asyncio.Runner, log: Log) -> Iterator[Store]:
    """The store for blocking measuring code, on a loop that it drives by itself."""
    context = opened(log)
    store = loop.run(context.__aenter__())
    try:
        yield store
    finally:
        loop.run(context.__aexit__(None, None, None))
