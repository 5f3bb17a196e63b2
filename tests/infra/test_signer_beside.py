"""An append pays nothing for being signed: the same messages go to the database and back, and no lock of the signer's is in its way."""

from __future__ import annotations

import asyncio
import tempfile
from uuid import uuid4

import pytest
from psycopg.pq import Trace

from infra.codec import Codec
from infra.database import Database
from infra.event_store import Store
from infra.event_store.requests import Append, StoredRow
from infra.keys import Keys
from infra.proofs.leaves import entries
from infra.settings import Settings
from tests.infra.signing import SignedLog


@pytest.fixture
async def log(login_url, tenant, database_url, tmp_path):
    """Signed over connections of its own."""
    keys = Keys.open(tmp_path / "keys.db", tmp_path / "root.key")
    database = await Database.open(login_url)
    store = Store(database, Codec())
    yield SignedLog(store, database, tenant, keys, Settings(home=tmp_path), database_url)
    await store.close()
    await database.close()
    keys.close()


@pytest.fixture
async def alone(login_url):
    """A database whose one connection does nothing but append."""
    database = await Database.open(login_url, min_size=1, max_size=1)
    yield database
    await database.close()


async def said(database, store, tenant, count):
    """(from whom, which message) of `count` appends, with the words of statements that are new."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as heard:
        async with database.connection() as connection:
            pgconn = connection.pgconn
            pgconn.trace(heard.fileno())
            pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS | Trace.REGRESS_MODE)
        for _ in range(count):
            await store.append(tenant, Append(uuid4(), [StoredRow(uuid4(), 1, "test.added", b"", b"{}")]))
        pgconn.untrace()
        heard.seek(0)
        messages = [line.rstrip("\n").split("\t") for line in heard]
    return [(m[0], m[2], m[3] if m[2] in {"Parse", "Query"} else "") for m in messages if m[0] in {"F", "B"}]


async def test_an_append_says_and_hears_the_same_with_the_signer_beside_it(alone, tenant, log):
    store = Store(alone, Codec())
    # by then every statement is prepared
    await said(alone, store, tenant, 20)
    without = await said(alone, store, tenant, 20)
    signed = []

    async def sign():
        while True:
            if (checkpoint := await log.sign()) is not None:
                signed.append(checkpoint.size)
            await asyncio.sleep(0)

    signing = asyncio.create_task(sign())
    try:
        async with asyncio.timeout(120):
            while len(signed) < 3:
                beside = await said(alone, store, tenant, 20)
                assert beside == without
    finally:
        signing.cancel()
        await asyncio.gather(signing, return_exceptions=True)
        await store.close()
    # one statement, one round trip
    there = [("F", what, "") for what in ("Bind", "Describe", "Execute", "Sync")]
    back = [("B", what, "") for what in ("BindComplete", "RowDescription", "DataRow", "CommandComplete", "ReadyForQuery")]
    assert without == (there + back) * 20


async def test_a_signer_that_reads_holds_nothing_that_an_append_waits_for(alone, tenant, log):
    await log.write(3)
    store = Store(alone, Codec())
    async with log.database.tenant(tenant, read_only=True) as cursor:
        await entries(cursor, tenant, 1, 3)
        await cursor.execute("SELECT DISTINCT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation IS NOT NULL")
        assert await cursor.fetchall() == [("AccessShareLock",)]
        await said(alone, store, tenant, 1)
    await store.close()
