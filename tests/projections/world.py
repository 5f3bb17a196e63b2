"""A migrated database with tenants whose logs a test writes row by row, so that it chooses both times of every event."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from domain.kernel import TOPICS, Event
from infra.codec import Codec
from infra.database import Database, Tenant
from infra.event_store.store import Store
from infra.migrations import create_tenant, migrate
from projections.batch import Entry, Stretch, read
from projections.projection import Projection
from projections.runner import Runner
from projections.schema import create_read_models
from projections.tables import Table

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Fact:
    """An event to be written: `late` days before it is recorded, one day after the one recorded before it."""

    stream: UUID
    event: Event
    late: int = 0


class World:
    """One database, its tenants, and the processes' parts."""

    def __init__(self, url: str, database: Database, projections: Sequence[Projection]) -> None:
        self.url, self.database, self.projections = url, database, projections
        self.codec = Codec()
        self.store = Store(database, self.codec)
        self.runner = Runner(database, self.store, self.store.wakes, projections, retry_after=0.01)

    def tenant(self, slug: str) -> Tenant:
        tenant = create_tenant(self.url, slug)
        with psycopg.connect(self.url) as connection:
            create_read_models(connection.cursor(), tenant, self.projections)
        return tenant

    def write(self, tenant: Tenant, facts: Iterable[Fact], *, first: int = 1) -> None:
        """Append facts to the log; recorded one day apart."""
        versions: dict[UUID, int] = {}
        with psycopg.connect(self.url) as connection:
            versions.update(connection.execute(f"SELECT stream, max(version) FROM {tenant.schema}.events GROUP BY stream").fetchall())
            with connection.cursor().copy(
                f"COPY {tenant.schema}.events (position, stream, version, topic, meta, state, recorded_at, effective_at) FROM STDIN"
            ) as copy:
                for position, fact in enumerate(facts, first):
                    versions[fact.stream] = versions.get(fact.stream, 0) + 1
                    at = instant(position)
                    state = fact.event.model_dump_json().encode()
                    copy.write_row(
                        (position, fact.stream, versions[fact.stream], fact.event.topic, b"", state, at, at - timedelta(days=fact.late))
                    )

    async def log(self, tenant: Tenant) -> list[Entry]:
        """Every event that can be decoded."""
        async with self.database.tenant(tenant) as cursor:
            return (await read(cursor, self.codec, tenant, 0, Stretch(10**9), TOPICS.keys())).events

    async def rows(self, tenant: Tenant, table: Table, *, past: bool = False) -> list[tuple[Any, ...]]:
        """Every row, with its ends, in the order of its key."""
        async with self.database.tenant(tenant) as cursor:
            await cursor.execute(f"SELECT * FROM {table.past if past else table.name} t ORDER BY t::text")
            return await cursor.fetchall()


def instant(position: int) -> datetime:
    """When a test's event is recorded."""
    return START + timedelta(days=position)


@asynccontextmanager
async def world(url: str, *projections: Projection) -> AsyncIterator[World]:
    migrate(url)
    database = await Database.open(url, min_size=1, max_size=4)
    made = World(url, database, projections)
    try:
        yield made
    finally:
        await made.store.close()
        await database.close()
