"""The access log: append-only, off the request's path, bounded under floods, inert."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from infra.access_log import ROWS_PER_CALLER, Access, AccessLog
from infra.database import Database, Tenant


async def _rows(database: Database, tenant: Tenant, columns: str) -> list[tuple]:
    async with database.tenant(tenant) as cursor:
        await cursor.execute(f"SELECT {columns} FROM access_log ORDER BY at")
        return await cursor.fetchall()


async def test_entries_are_written_in_batches_and_alike_ones_become_one_row(database: Database, tenant: Tenant):
    log = AccessLog(database)
    member, first = uuid4(), uuid4()
    for _ in range(40):
        log.note(tenant, Access("read", "list_deals", "10.0.0.1", 200, member=member), first)
    log.note(tenant, Access("denied", "open_deal", "10.0.0.1", 403, member=member), uuid4())
    async with asyncio.timeout(120):
        while not await _rows(database, tenant, "kind"):
            await asyncio.sleep(0.05)
    assert await _rows(database, tenant, "kind, times, correlation_id = '" + str(first) + "'") == [("read", 40, True), ("denied", 1, False)]
    await log.close()


async def test_what_waits_is_written_at_close_and_what_has_no_tenant_has_a_place(database: Database, tenant: Tenant):
    log = AccessLog(database)
    log.note(tenant, Access("sign_in", "sign_in", "10.0.0.1", 201), uuid4())
    log.note(None, Access("denied", "sign_in", "10.0.0.1", 401), uuid4())
    await log.close()
    assert await _rows(database, tenant, "kind") == [("sign_in",)]
    async with database.connection() as connection:
        assert await (await connection.execute("SELECT kind FROM identity.access_log")).fetchall() == [("denied",)]


async def test_a_batch_that_is_being_written_at_close_is_finished(database: Database, tenant: Tenant, database_url: str):
    log = AccessLog(database)
    with psycopg.connect(database_url) as held, psycopg.connect(database_url, autocommit=True) as watching:
        held.execute(f"LOCK TABLE {tenant.schema}.access_log IN ACCESS EXCLUSIVE MODE")
        log.note(tenant, Access("read", "list_deals", "10.0.0.1", 200), uuid4())
        async with asyncio.timeout(60):
            while not watching.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
                await asyncio.sleep(0.05)
        closing = asyncio.create_task(log.close())
        await asyncio.sleep(0)
        held.rollback()
        await closing
    assert await _rows(database, tenant, "operation") == [("list_deals",)]


async def test_a_flood_is_counted_and_leaves_room_for_others(database: Database, tenant: Tenant):
    log = AccessLog(database)
    flooder, other = uuid4(), uuid4()
    for n in range(5000):
        log.note(tenant, Access("read", "read_deal", "10.0.0.1", 200, member=flooder, target=str(n)), uuid4())
    log.note(tenant, Access("read", "read_deal", "10.0.0.2", 200, member=other), uuid4())
    await log.close()
    rows = await _rows(database, tenant, "kind, member, times")
    assert sum(times for *_, times in rows) == 5001
    assert len(rows) <= ROWS_PER_CALLER + 2
    assert ("read", other, 1) in rows


async def test_line_breaks_and_control_characters_are_inert(database: Database, tenant: Tenant):
    log = AccessLog(database)
    log.note(tenant, Access("read", "read_deal", "10.0.0.1", 200, target="a\nb\r\x00\x1b[31m" + "x" * 500), uuid4())
    await log.close()
    [(target,)] = await _rows(database, tenant, "target")
    assert target.startswith("a\\nb\\r\\x00\\x1b[31m")
    assert "\n" not in target
    assert len(target) < 250


@pytest.mark.parametrize(
    "statement", ["UPDATE access_log SET status = 200", "DELETE FROM access_log", "TRUNCATE access_log", "DROP TABLE access_log"]
)
async def test_the_tenants_role_cannot_change_what_is_written(database: Database, tenant: Tenant, statement: str):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with database.tenant(tenant) as cursor:
            await cursor.execute(statement)


async def test_each_month_has_its_partition_and_other_times_are_refused(database: Database, tenant: Tenant):
    now = datetime.now(UTC)
    async with database.tenant(tenant) as cursor:
        for _ in range(2):
            await cursor.execute("SELECT access_log_month(%s)", (now,))
        await cursor.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'access_log'::regclass")
        assert await cursor.fetchone() == (1,)
    with pytest.raises(psycopg.errors.RaiseException):
        async with database.tenant(tenant) as cursor:
            await cursor.execute("SELECT access_log_month(%s)", (now - timedelta(days=400),))
