"""What one group does to its members: each command has its own outcome, and none may harm another.

Mutations that must turn this red: without the head row's lock; with one conflict failing its whole group.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import psycopg

from infra.codec import Codec
from infra.event_store import Store
from infra.event_store.requests import Append, Outcome, StoredRow, take_group
from infra.ids import uuid7


def append(*rows, id=None, guards=(), fingerprint=None):
    return Append(id or uuid4(), [StoredRow(s, v, "t", b"{}", b"x") for s, v in rows], fingerprint, guards)


@asynccontextmanager
async def held(database_url):
    """Holds the head row, so that everything sent meanwhile ends in one group."""
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute("SELECT FROM t_acme.head FOR UPDATE")
        yield
        await connection.rollback()


async def in_one_group(store, tenant, database_url, *appends):
    async with held(database_url):
        first = asyncio.create_task(store.append(tenant, append((uuid7(), 1))))  # occupies the committer
        await asyncio.sleep(0.05)
        tasks = [asyncio.create_task(store.append(tenant, a)) for a in appends]
        await asyncio.sleep(0.05)
    await first
    return await asyncio.gather(*tasks, return_exceptions=True)


def whole(database_url):
    """No gap, no reversal of time, versions 1..n."""
    with psycopg.connect(database_url) as c:
        count, low, high = c.execute(
            "SELECT count(*), coalesce(min(position), 1), coalesce(max(position), 0) FROM t_acme.events"
        ).fetchone()
        assert (low, high) == (1, count)
        assert c.execute(
            "SELECT count(*) FROM (SELECT recorded_at < lag(recorded_at) OVER (ORDER BY position) AS b FROM t_acme.events) AS x WHERE b"
        ).fetchone() == (0,)
        assert c.execute(
            "SELECT count(*) FROM (SELECT stream FROM t_acme.events GROUP BY stream HAVING max(version) <> count(*) OR min(version) <> 1) AS x"
        ).fetchone() == (0,)
    return count


async def test_a_conflict_fails_alone(store, tenant, database_url):
    taken = uuid7()
    await store.append(tenant, append((taken, 1)))
    new = [uuid7() for _ in range(10)]
    outcomes = await in_one_group(
        store, tenant, database_url, *(append((s, 1), (s, 2)) for s in new[:5]), append((taken, 1)), *(append((s, 1)) for s in new[5:])
    )
    assert [a.outcome for a in outcomes] == [Outcome.STORED] * 5 + [Outcome.CONFLICT] + [Outcome.STORED] * 5
    assert whole(database_url) == 2 + 15


async def test_a_conflicting_command_frees_what_it_would_have_taken(store, tenant, database_url):
    taken, free = uuid7(), uuid7()
    await store.append(tenant, append((taken, 1)))
    refused, stored = await in_one_group(store, tenant, database_url, append((free, 1), (taken, 1)), append((free, 1)))
    assert (refused.outcome, stored.outcome) == (Outcome.CONFLICT, Outcome.STORED)
    whole(database_url)


async def test_a_command_that_cannot_be_stored_fails_alone(store, tenant, database_url):
    bad = append((uuid7(), 1))
    bad.rows[0].topic = "nul\0"
    outcomes = await in_one_group(store, tenant, database_url, *(append((uuid7(), 1)) for _ in range(3)), bad, append((uuid7(), 1)))
    assert isinstance(outcomes[3], Exception)
    assert [a.outcome for i, a in enumerate(outcomes) if i != 3] == [Outcome.STORED] * 4
    whole(database_url)


async def test_one_id_sent_five_times_at_once_is_stored_once(store, tenant, database_url):
    key, stream = uuid4(), uuid7()
    outcomes = await in_one_group(store, tenant, database_url, *(append((stream, 1), id=key) for _ in range(5)))
    assert sorted(a.outcome for a in outcomes) == [Outcome.STORED] + [Outcome.REPEATED] * 4
    assert len({(a.first, a.last) for a in outcomes}) == 1
    assert whole(database_url) == 2


async def test_a_refused_command_leaves_no_id_behind(store, tenant, database_url):
    key, stream = uuid4(), uuid7()
    await store.append(tenant, append((stream, 1)))
    assert (await store.append(tenant, append((stream, 1), id=key))).outcome is Outcome.CONFLICT
    assert (await store.append(tenant, append((stream, 2), id=key))).outcome is Outcome.STORED
    whole(database_url)


async def test_a_known_id_with_another_fingerprint_is_told_apart(store, tenant):
    key = uuid4()
    await store.append(tenant, append((uuid7(), 1), id=key, fingerprint=b"a"))
    assert (await store.append(tenant, append((uuid7(), 1), id=key, fingerprint=b"b"))).outcome is Outcome.REUSED


async def test_a_guard_that_moved_is_a_conflict_and_one_that_stands_is_not(store, tenant, database_url):
    guarded = uuid7()
    await store.append(tenant, append((guarded, 1)))
    moved, stands, absent = await in_one_group(
        store,
        tenant,
        database_url,
        append((uuid7(), 1), guards=[(guarded, 0)]),
        append((uuid7(), 1), guards=[(guarded, 1)]),
        append((uuid7(), 1), guards=[(uuid7(), 0)]),
    )
    assert [a.outcome for a in (moved, stands, absent)] == [Outcome.CONFLICT, Outcome.STORED, Outcome.STORED]


async def test_a_guard_moved_by_a_neighbour_of_the_same_moment_is_a_conflict(store, tenant, database_url):
    guarded = uuid7()
    mover, guard = await in_one_group(store, tenant, database_url, append((guarded, 1)), append((uuid7(), 1), guards=[(guarded, 0)]))
    assert (mover.outcome, guard.outcome) == (Outcome.STORED, Outcome.CONFLICT)


async def test_a_lost_connection_loses_and_doubles_nothing(store, tenant, database_url):
    acknowledged, stop = [], asyncio.Event()

    async def write():
        while not stop.is_set():
            stream = uuid7()
            done = await store.append(tenant, append((stream, 1), (stream, 2)))
            assert done.outcome in {Outcome.STORED, Outcome.REPEATED}
            acknowledged.append(done)

    writers = [asyncio.create_task(write()) for _ in range(8)]
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for _ in range(10):
            await asyncio.sleep(0.1)
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
    stop.set()
    await asyncio.gather(*writers)
    assert whole(database_url) == 2 * len(acknowledged)
    assert len({(a.first, a.last) for a in acknowledged}) == len(acknowledged)


async def test_callers_that_come_again_at_once_each_hear_of_their_own_appends(store, tenant, database_url):
    async def write():
        stream = uuid7()
        done = [await store.append(tenant, append((stream, version))) for version in range(1, 6)]
        assert [a.outcome for a in done] == [Outcome.STORED] * 5
        return [a.first for a in done]

    positions = await asyncio.gather(*(write() for _ in range(64)))
    assert all(mine == sorted(mine) for mine in positions)
    assert sorted(p for mine in positions for p in mine) == list(range(1, 321))
    assert whole(database_url) == 320


async def test_callers_that_went_away_keep_nobody_else_waiting(store, tenant, database_url):
    async with held(database_url):
        first = asyncio.create_task(store.append(tenant, append((uuid7(), 1))))
        await asyncio.sleep(0.05)
        tasks = [asyncio.create_task(store.append(tenant, append((uuid7(), 1)))) for _ in range(40)]
        await asyncio.sleep(0.05)
        for task in tasks[::2]:
            task.cancel()
    await first
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in done[::2])
    assert [one.outcome for one in done[1::2]] == [Outcome.STORED] * 20
    assert whole(database_url) == 41


async def test_two_appenders_race_without_a_gap_and_a_tail_reader_misses_nothing(store, database, tenant, database_url):
    """P3: two processes' appenders with batches of many sizes, one reader that follows the end, a transaction held open elsewhere."""
    seen: list[int] = []
    stores = (store, Store(database, Codec()))

    async def write(n):
        sizes = ((2000, 1, 1, 1), (2, 1, 1, 3))[n % 2]
        for i in range(60):
            stream = uuid7()
            done = await stores[n % 2].append(tenant, append(*((stream, v + 1) for v in range(sizes[i % 4] if i < 8 else 1))))
            assert done.outcome is Outcome.STORED

    async def tail():
        while True:
            seen.extend(row[0] for row in await store.rows(tenant, seen[-1] if seen else 0, 500))
            await asyncio.sleep(0)

    reader = asyncio.create_task(tail())
    try:
        async with await psycopg.AsyncConnection.connect(database_url) as held_open:
            await held_open.execute("CREATE TABLE elsewhere ()")
            await asyncio.gather(*(write(n) for n in range(4)))
        await stores[1].close()
        count = whole(database_url)
        async with asyncio.timeout(120):
            while len(seen) < count:
                await asyncio.sleep(0.01)
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
    assert seen == list(range(1, count + 1))


def test_a_group_never_holds_two_commands_for_one_stream_and_keeps_their_order():
    from collections import deque

    one, two = uuid4(), uuid4()
    first, second, other, third = append((one, 1)), append((one, 2)), append((two, 1)), append((one, 3))
    waiting = deque([first, second, other, third])
    assert take_group(waiting) == [first, other]
    assert take_group(waiting) == [second]
    assert take_group(waiting) == [third]
    assert not waiting


def test_a_group_has_one_recorded_at_and_times_keep_their_order():
    from collections import deque

    morning, noon = (datetime(2024, 3, 1, hour, tzinfo=UTC) for hour in (8, 12))
    dated = [append((uuid4(), 1)) for _ in range(4)]
    for one, at in zip(dated, (morning, morning, noon, None), strict=True):
        one.recorded_at = at
    waiting = deque(dated)
    assert take_group(waiting) == dated[:2]
    assert take_group(waiting) == dated[2:3]
    assert take_group(waiting) == dated[3:]


def test_what_a_dated_group_defers_is_taken_before_what_was_recorded_later():
    from collections import deque

    morning, noon = (datetime(2024, 3, 1, hour, tzinfo=UTC) for hour in (8, 12))
    stream = uuid4()
    dated = [append((stream, 1)), append((stream, 2)), append((uuid4(), 1)), append((uuid4(), 1))]
    for one, at in zip(dated, (morning, morning, morning, noon), strict=True):
        one.recorded_at = at
    waiting = deque(dated)
    assert take_group(waiting) == [dated[0], dated[2]]
    assert take_group(waiting) == [dated[1]]
    assert take_group(waiting) == [dated[3]]


async def test_the_login_role_cannot_write_or_change_the_log_but_through_append(store, tenant, login_url):
    """S22."""
    await store.append(tenant, append((uuid7(), 1)))
    async with await psycopg.AsyncConnection.connect(login_url, autocommit=True) as connection:
        for role in (None, tenant.role):
            if role:
                await connection.execute(f"SET ROLE {role}")
            for statement in (
                "UPDATE t_acme.events SET topic = 'x'",
                "DELETE FROM t_acme.events",
                "TRUNCATE t_acme.events",
                "DROP TABLE t_acme.events",
                "INSERT INTO t_acme.events SELECT * FROM t_acme.events",
                "SELECT FROM t_acme.head FOR UPDATE",
                "UPDATE t_acme.commands SET first = 1",
            ):
                try:
                    await connection.execute(statement)
                except psycopg.errors.InsufficientPrivilege:
                    continue
                raise AssertionError(f"{role}: {statement} was allowed")
