"""Readers are woken by appends of their own process at once, and by other processes' through one notification."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from infra.codec import Codec
from infra.database import Database
from infra.event_store import Store
from infra.event_store.requests import Append, StoredRow
from infra.ids import uuid7


def one_event() -> Append:
    return Append(uuid4(), [StoredRow(uuid7(), 1, "t", b"{}", b"x")])


async def test_an_append_wakes_another_process(store, tenant, login_url):
    elsewhere = await Database.open(login_url)
    other = Store(elsewhere, Codec())
    other.wakes.listen()
    waiting = asyncio.create_task(other.wakes.wait(tenant.slug, 30))
    while not waiting.done():  # whoever does not listen yet hears the next one
        await store.append(tenant, one_event())
        await asyncio.wait([waiting], timeout=0.1)
    assert await waiting
    await other.close()
    await elsewhere.close()


async def test_an_append_is_not_slept_through_between_reading_and_waiting(store, tenant):
    mark = store.wakes.mark(tenant.slug)
    await store.append(tenant, one_event())
    assert await store.wakes.wait(tenant.slug, 30, mark)


async def test_a_quiet_log_wakes_nobody(store, tenant):
    await store.append(tenant, one_event())
    assert not await store.wakes.wait("another", 0.05)


async def test_a_notification_does_not_wait_for_the_disk_and_appends_still_do(store, database, tenant):
    await store.append(tenant, one_event())
    await store.wakes._sender
    async with asyncio.TaskGroup() as tasks:  # every connection of the pool that may have sent it
        held = [tasks.create_task(_synchronous(database)) for _ in range(2)]
    assert {task.result() for task in held} == {"on"}


async def _synchronous(database: Database) -> str:
    async with database.connection() as connection:
        row = await (await connection.execute("SELECT current_setting('synchronous_commit'), pg_sleep(0.05)")).fetchone()
        return row[0]
