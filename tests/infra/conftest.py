"""A migrated database with one tenant, and the store over it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from urllib.request import Request, urlopen

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool

from infra.codec import Codec
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.migrations import create_tenant, migrate


@pytest.fixture
def tenant(database_url: str) -> Tenant:
    migrate(database_url)
    return create_tenant(database_url, "acme")


@pytest.fixture
def login_url(database_url: str, tenant: Tenant) -> str:
    """The URL that processes sign in with: no INSERT, nothing on head, EXECUTE on append only."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE concord_app PASSWORD 'test'")
    return make_conninfo(database_url, user="concord_app", password="test")


@pytest.fixture
async def database(login_url: str) -> AsyncIterator[Database]:
    database = await Database.open(login_url)
    yield database
    await database.close()


@pytest.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    store = Store(database, Codec())
    yield store
    await store.close()


@pytest.fixture
def pool(login_url: str) -> Iterator[ConnectionPool]:
    with ConnectionPool(login_url, min_size=2, max_size=12, open=True, kwargs={"autocommit": True}) as pool:
        yield pool


@pytest.fixture(scope="module")
def bucket_url() -> Iterator[str]:
    """A bucket of a real S3 server on this machine."""
    told = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert told.stderr is not None
    try:
        port = next(found[1] for line in told.stderr if (found := re.search(r"http://127\.0\.0\.1:(\d+)", line)))
        urlopen(Request(f"http://127.0.0.1:{port}/papers", method="PUT"), timeout=60).close()
        yield f"s3://AKIDEXAMPLE:very%2Fsecret@127.0.0.1:{port}/papers?region=us-east-1&tls=off"
    finally:
        told.terminate()
        told.communicate(timeout=60)
