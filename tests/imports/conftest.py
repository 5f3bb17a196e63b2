"""A migrated database with one tenant, and the store over it, with keys for persons."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from domain.nouns import register_all
from infra.codec import Codec
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.keys import Keys
from infra.migrations import create_tenant, migrate


@pytest.fixture
def tenant(database_url: str) -> Tenant:
    register_all()
    migrate(database_url)
    return create_tenant(database_url, "acme")


@pytest.fixture
def login_url(database_url: str, tenant: Tenant) -> str:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE concord_app PASSWORD 'test'")
    return make_conninfo(database_url, user="concord_app", password="test")


@pytest.fixture
def keys_path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "keys.db"


@pytest.fixture
async def store(login_url: str, keys_path: Path) -> AsyncIterator[Store]:
    database = await Database.open(login_url)
    keys = Keys.open(keys_path, keys_path.with_name("root.key"))
    store = Store(database, Codec(keys))
    yield store
    await store.close()
    keys.close()
    await database.close()
