"""How appends fare in bulk, while another connection holds a snapshot open, and as the log grows to five million events."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from uuid import uuid4

import psycopg
from psycopg import sql

from bench.ours import FINGERPRINT, META, STATE, TOPIC, Log, appending, store_on
from bench.rounds import ROUNDS, by_tasks
from bench.table import Reading
from infra.event_store import Store
from infra.event_store.requests import Append, Outcome, StoredRow
from infra.ids import uuid7

SMALL, LARGE = 10_000, 5_000_000
BULK_EVENTS, BULK_COMMAND = 60_000, 2_000
SNAPSHOT_SECONDS = 60.0
WRITERS = 64

# what five million appends leave behind, written by the server itself: streams as UUIDv7, command ids random as doors make them
_FILL = """
INSERT INTO {schema}.events (position, stream, version, topic, meta, state, recorded_at, effective_at)
    SELECT %(base)s + n, uuidv7(), 1, %(topic)s, %(meta)s, %(state)s, at, at
    FROM generate_series(1, %(count)s) AS n,
        LATERAL (SELECT greatest(%(after)s, clock_timestamp()) + n * interval '1 microsecond' AS at) AS t
"""
_FILL_COMMANDS = """
INSERT INTO {schema}.commands (id, fingerprint, first, last)
    SELECT gen_random_uuid(), %(fingerprint)s, %(base)s + n, %(base)s + n FROM generate_series(1, %(count)s) AS n
"""


def measure(log: Log, loop: asyncio.Runner) -> Iterator[Reading]:
    """The growing ones last: they leave five million events in the log."""
    with store_on(loop, log) as store:
        append = appending(store, log.tenant)
        yield _bulk(store, log, loop)
        yield _snapshot(log, loop, append)
    empty(log)
    yield _flat(log, loop)
    check(log)


def _bulk(store: Store, log: Log, loop: asyncio.Runner) -> Reading:
    rates = []
    for _ in range(ROUNDS):
        commands = [
            Append(uuid4(), [StoredRow(uuid7(), 1, TOPIC, META, STATE) for _ in range(BULK_COMMAND)], FINGERPRINT)
            for _ in range(BULK_EVENTS // BULK_COMMAND)
        ]
        start = time.perf_counter()
        loop.run(_together(store, log, commands))
        rates.append(BULK_EVENTS / (time.perf_counter() - start))
    return Reading("bulk", statistics.median(rates), note=f"{BULK_EVENTS:,} events of 400 bytes in commands of {BULK_COMMAND:,}")


async def _together(store: Store, log: Log, commands: list[Append]) -> None:
    done = await asyncio.gather(*(store.append(log.tenant, command) for command in commands))
    assert all(append.outcome is Outcome.STORED for append in done)


def _snapshot(log: Log, loop: asyncio.Runner, append: Callable[[], Awaitable[None]]) -> Reading:
    before = _rate(loop, append)
    during = []
    with psycopg.connect(log.owner_url) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT 1")
        opened_at = time.perf_counter()
        while time.perf_counter() < opened_at + SNAPSHOT_SECONDS:
            during.append(loop.run(by_tasks(append, WRITERS)).per_second)
    last = statistics.median(during[-ROUNDS:])
    return Reading(
        "snapshot", last / before, note=f"{before:,.0f}/s before, {last:,.0f}/s after {SNAPSHOT_SECONDS:.0f} s of appends, 64 writers"
    )


def _flat(log: Log, loop: asyncio.Runner) -> Reading:
    rates = []
    for size in (SMALL, LARGE):
        fill(log, size)
        with store_on(loop, log) as store:
            rates.append(_rate(loop, appending(store, log.tenant)))
    return Reading("flat", rates[1] / rates[0], note=f"{rates[0]:,.0f}/s at {SMALL:,}, {rates[1]:,.0f}/s at {LARGE:,}, 64 writers")


def _rate(loop: asyncio.Runner, append: Callable[[], Awaitable[None]]) -> float:
    return statistics.median(loop.run(by_tasks(append, WRITERS)).per_second for _ in range(ROUNDS))


def empty(log: Log) -> None:
    """Begin the tenant's log anew."""
    with psycopg.connect(log.owner_url, autocommit=True) as connection:
        connection.execute(_in(log, "TRUNCATE {schema}.events, {schema}.commands"))


def fill(log: Log, size: int) -> None:
    """Let the log grow to `size` events; statistics, visibility map and dirty pages are then as in a log that grew slowly."""
    with psycopg.connect(log.owner_url, autocommit=True) as connection:
        row = connection.execute(_in(log, "SELECT count(*), max(recorded_at) FROM {schema}.events")).fetchone()
        assert row is not None
        values = {"base": row[0], "after": row[1], "count": size - row[0]}
        values |= {"topic": TOPIC, "meta": META, "state": STATE, "fingerprint": FINGERPRINT}
        connection.execute(_in(log, _FILL), values)
        connection.execute(_in(log, _FILL_COMMANDS), values)
        connection.execute(_in(log, "VACUUM (ANALYZE) {schema}.events"))
        connection.execute(_in(log, "VACUUM (ANALYZE) {schema}.commands"))
        connection.execute("CHECKPOINT")


def check(log: Log) -> None:
    """Raises AssertionError unless positions are gapless from 1 and time rises with them: a fast wrong log has no rate."""
    with psycopg.connect(log.owner_url) as connection:
        query = (
            "SELECT count(*), min(position), max(position), count(*) FILTER (WHERE recorded_at < before) FROM "
            "(SELECT position, recorded_at, lag(recorded_at) OVER (ORDER BY position) AS before FROM {schema}.events) AS e"
        )
        row = connection.execute(_in(log, query)).fetchone()
        assert row is not None
        count, first, last, reversals = row
    assert (first, last) == (1, count), f"{count} events at positions {first} to {last}"
    assert reversals == 0, f"time runs backwards {reversals} times"


def _in(log: Log, query: str) -> bytes:
    return query.replace("{schema}", sql.Identifier(log.tenant.schema).as_string()).encode()
