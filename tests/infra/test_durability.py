"""P1 and P4: what was acknowledged is there after every kill, and an unknown commit is answered truthfully."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from uuid import uuid4

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infra.codec import Codec
from infra.database import Database, StoreUnavailable
from infra.embedded.cluster import programs
from infra.embedded.postgres import EmbeddedPostgres
from infra.event_store import Store
from infra.event_store.requests import Append, Outcome, StoredRow
from infra.ids import uuid7
from infra.migrations import create_tenant, migrate
from tests.infra.test_group_commit import whole
from tests.proxy import CuttingProxy

KILLS = int(os.environ.get("CONCORD_KILLS", "20"))
MARK = b"the moment to cut"


async def test_an_acknowledged_command_survives_every_kill_of_the_server(tmp_path):
    """P1: SIGKILLs of all PostgreSQL processes under 8 writers. (The page cache survives: loss of power is not proven here.)"""
    embedded = EmbeddedPostgres(tmp_path / "postgres")
    server = await asyncio.to_thread(embedded.start)
    try:
        migrate(server.migrator_url())
        tenant = create_tenant(server.migrator_url(), "acme")
        acknowledged: list[Append] = []
        stop = asyncio.Event()

        async def write(store: Store) -> None:
            while not stop.is_set():
                stream = uuid7()
                append = Append(uuid4(), [StoredRow(stream, v, "t", b"{}", b"x") for v in (1, 2, 3)])
                try:
                    await store.append(tenant, append)
                except StoreUnavailable:
                    continue
                acknowledged.append(append)

        for _ in range(KILLS):
            database = await Database.open(server.application_url())
            store, before = Store(database, Codec()), len(acknowledged)
            stop.clear()
            writers = [asyncio.create_task(write(store)) for _ in range(8)]
            async with asyncio.timeout(120):
                while len(acknowledged) < before + 20:
                    await asyncio.sleep(0.005)
            postmaster = psutil.Process(server.process.pid)
            for process in [postmaster, *postmaster.children()]:
                with contextlib.suppress(psutil.NoSuchProcess):  # it may have ended by itself, with the one before it
                    process.send_signal(signal.SIGKILL)
            stop.set()
            server, *_ = await asyncio.gather(asyncio.to_thread(embedded.start), *writers)
            await store.close()
            await database.close()

        with psycopg.connect(server.superuser_url("concord")) as connection:
            stored = {(first, last) for first, last in connection.execute("SELECT first, last FROM t_acme.commands").fetchall()}
            batches = connection.execute(
                "SELECT count(*) FROM (SELECT stream FROM t_acme.events GROUP BY stream HAVING count(*) <> 3) AS x"
            ).fetchone()
        assert {(a.first, a.last) for a in acknowledged} <= stored
        assert batches == (0,)
        whole(server.superuser_url("concord"))
        amcheck = programs(embedded.home, server.cluster)[1].bin / "pg_amcheck"
        address = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres", "PGPASSWORD": server.cluster.superuser_password}
        subprocess.run([amcheck, "--install-missing", "concord"], check=True, env={**os.environ, **address})
    finally:
        await asyncio.to_thread(embedded.stop)


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_an_unknown_commit_is_answered_truthfully(login_url, database_url, tenant, cut):
    """P4: the connection dies before the append arrives, or after it was stored and before the answer came."""
    parts = conninfo_to_dict(login_url)
    proxy = CuttingProxy(str(parts["host"]), int(parts["port"]), MARK)
    port = await proxy.start()
    database = await Database.open(make_conninfo(login_url, port=port))
    store = Store(database, Codec())
    for _ in range(100):
        stream = uuid7()
        proxy.armed = cut
        done = await store.append(tenant, Append(uuid4(), [StoredRow(stream, 1, "t", b"{}", MARK)]))
        assert done.outcome is (Outcome.STORED if cut == "before" else Outcome.REPEATED)
    assert proxy.cuts == 100
    await store.close()
    await database.close()
    await proxy.stop()
    assert whole(database_url) == 100
