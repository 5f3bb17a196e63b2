"""The shared pool: whoever is told to stop while waiting for a connection does stop."""

from __future__ import annotations

import asyncio

import pytest

from infra.database import Database


@pytest.mark.parametrize("turns", range(8))
async def test_a_task_that_is_cancelled_as_its_connection_arrives_is_cancelled(login_url: str, turns: int):
    database = await Database.open(login_url, min_size=1, max_size=1)

    async def work() -> None:
        async with database.connection() as connection:
            await connection.execute("SELECT 1")
        await asyncio.Event().wait()

    async with database.connection():
        working = asyncio.create_task(work())
        while not database.pool.get_stats()["requests_waiting"]:
            await asyncio.sleep(0)
    # the connection is on its way: the cancellation comes before it, together with it, or after it
    for _ in range(turns):
        await asyncio.sleep(0)
    working.cancel()
    await asyncio.wait([working], timeout=120)
    assert working.cancelled()
    async with database.connection() as connection:  # and the connection is there for the next
        await connection.execute("SELECT 1")
    await database.close()
