"""A database for demos, and what a told history looks like from outside."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg.conninfo import make_conninfo

from domain.deals import Deal, deals
from domain.kernel import Recorded
from domain.nouns import register_all
from domain.tenants import TenantCreated
from infra.codec import Codec
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.keys import Keys
from infra.migrations import create_tenant, migrate
from workflows.demo import Plan

END = date(2026, 5, 13)
TINY = Plan(seed=7, end=END, days=150, size=10)


@dataclass
class Site:
    """A process's parts over a database of demos."""

    url: str
    admin_url: str
    keys_file: Path
    database: Database
    store: Store

    def tenant(self, slug: str, *, simulated: bool = True) -> Tenant:
        return create_tenant(self.admin_url, slug, simulated=simulated)

    async def log(self, tenant: Tenant) -> list[Recorded]:
        return await self.store.read(tenant, 0, 1_000_000)

    async def tracking(self, tenant: Tenant) -> dict[str, int]:
        async with self.database.tenant(tenant) as cursor:
            await cursor.execute("SELECT name, position FROM tracking")
            return dict(await cursor.fetchall())


@asynccontextmanager
async def site(database_url: str, folder: Path) -> AsyncIterator[Site]:
    register_all()
    migrate(database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE concord_app PASSWORD 'test'")
    url = make_conninfo(database_url, user="concord_app", password="test")
    keys_file = folder / "keys.db"
    database, keys = await Database.open(url, max_size=4), Keys.open(keys_file, folder / "root.key")
    store = Store(database, Codec(keys))
    try:
        yield Site(url, database_url, keys_file, database, store)
    finally:
        await store.close()
        keys.close()
        await database.close()


def fingerprint(log: list[Recorded]) -> str:
    """A hash over everything that the log says, the tenant's own name excepted."""
    digest = hashlib.sha256()
    for r in log:
        said = r.event.model_dump(mode="json")
        if isinstance(r.event, TenantCreated):
            said["slug"] = ""
        told = (r.position, r.originator_id, r.originator_version, r.event.topic, said, r.recorded_at, r.effective_at)
        caused = (r.actor, r.on_behalf_of, r.command_id, r.correlation_id, r.causation_id)
        digest.update(json.dumps((told, caused), default=str).encode())
    return digest.hexdigest()


def folded(log: list[Recorded]) -> dict[UUID, Deal]:
    """Every deal as it stands at the end of the log."""
    histories: dict[UUID, list] = defaultdict(list)
    for r in log:
        if r.event.topic.startswith("deal."):
            histories[r.originator_id].append(r.event)
    return {id: deals.fold(events) for id, events in histories.items()}
