"""The read models' bars: folding live, rebuilding, answering over a million events, and lag under a steady load."""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
from psycopg import sql

from bench import large_log
from bench.ours import Log, fresh_log, runner, store_on
from bench.rounds import quantile
from bench.running import ROOT
from bench.server import HOME, Server
from bench.table import Reading
from domain.deals import deals
from domain.deals.commands import SetNextStep
from domain.kernel import SYSTEM
from domain.nouns import register_all
from domain.pipelines import DEFAULT_PIPELINE
from infra.database import Database
from infra.event_store import Store
from projections import reading as readings
from projections.as_of import NOW, AsOf, Basis
from projections.at_least import Positions
from projections.board import board
from projections.catalogue import read_models
from projections.deal_list import SORTS, deal_list
from projections.forecast import Dimension, forecast
from projections.rebuild import Rebuild
from projections.runner import Runner
from projections.schema import create_read_models

DEALS = 100_000
LIVE = 50_000
"""Events that are folded live, on top of read models that hold the rest."""
QUESTIONS = 30
RATE, LAG_SECONDS = 300, 10.0


def measure(server: Server) -> Iterator[Reading]:
    """One log for all of them: most of it is rebuilt, the rest folded live, then it is asked and added to."""
    register_all()
    with fresh_log(server) as log, runner() as loop, store_on(loop, log) as store:
        with psycopg.connect(log.owner_url) as connection, connection.cursor() as cursor:
            create_read_models(cursor, log.tenant, read_models())
        events = large_log.write(log, DEALS)
        _set_aside(log, events - LIVE)
        yield from _rebuilds(loop, store, log, events - LIVE)
        _give_back(log)
        yield loop.run(_live(store, log))
        yield from loop.run(_answers(store, log, events))
        yield loop.run(_lag(store, log))


def _rebuilds(loop: asyncio.Runner, store: Store, log: Log, events: int) -> Iterator[Reading]:
    took = {}
    for projection in read_models():
        start = time.perf_counter()
        loop.run(Rebuild(log.owner_url, store, log.tenant, projection).run())
        took[projection.name] = time.perf_counter() - start
    slowest = max(took, key=lambda name: took[name])
    each = ", ".join(f"{name} {events / seconds:,.0f}" for name, seconds in took.items())
    yield Reading("rebuild.one", events / took[slowest], note=f"{slowest}; {events:,} events; each: {each}")
    yield Reading("rebuild.all", events / sum(took.values()), note=f"{len(took)} read models")


async def _live(store: Store, log: Log) -> Reading:
    database = await Database.open(log.url)
    try:
        live = Runner(database, store, store.wakes, read_models())
        start = time.perf_counter()
        await live.catch_up(log.tenant)
        return Reading("fold", LIVE / (time.perf_counter() - start), note=f"{LIVE:,} events in batches onto full tables")
    finally:
        await database.close()


async def _answers(store: Store, log: Log, events: int) -> list[Reading]:
    database = await Database.open(log.url)
    reader = readings.Reader(database, store)
    models = tuple(type(model) for model in read_models())

    async def ask(question: Callable[[readings.Reading], Awaitable[Any]], as_of: AsOf = NOW) -> float:
        start = time.perf_counter()
        async with reader.read(log.tenant, *models, as_of=as_of) as reading:
            answer = await question(reading)
        answer.model_dump_json()
        return (time.perf_counter() - start) * 1e3

    try:
        found = [await ask(lambda r: board(r, DEFAULT_PIPELINE)) for _ in range(QUESTIONS)]
        counted = await _count(reader, log, models)
        results = [Reading("board", statistics.median(found), note=f"median, {counted:,} open deals, {events:,} events")]
        results.append(await _pages(reader, log, models))
        today = {by.value: statistics.median([await ask(partial(forecast, by=[by])) for _ in range(9)]) for by in Dimension}
        note = "by period; " + ", ".join(f"{name} {value:.0f}" for name, value in today.items() if name != "period")
        results.append(Reading("forecast.now", today["period"], note=note))
        past = await _past(store, log, events)
        asked = [await ask(forecast, as_of) for as_of in past]
        results.append(Reading("forecast.past", quantile(asked, 0.95), note=f"{len(past)} random moments, half of them as it happened"))
        return results
    finally:
        await reader.close()
        await database.close()


async def _count(reader: readings.Reader, log: Log, models: tuple[Any, ...]) -> int:
    async with reader.read(log.tenant, *models) as reading:
        return sum(column.count for column in (await board(reading, DEFAULT_PIPELINE)).columns)


async def _pages(reader: readings.Reader, log: Log, models: tuple[Any, ...]) -> Reading:
    """Pages in every order, both ways, the first ones and ones deeper in; narrowed and not."""
    took = []
    narrowings: tuple[dict[str, Any], ...] = ({}, {"kind": "open"}, {"stage": "propose"}, {"text": "software"})
    for sort in SORTS:
        for descending in (False, True):
            for narrowed in narrowings:
                cursor = None
                for _ in range(5):
                    start = time.perf_counter()
                    async with reader.read(log.tenant, *models) as reading:
                        page = await deal_list(reading, sort=sort, descending=descending, cursor=cursor, **narrowed)
                    page.model_dump_json()
                    took.append((time.perf_counter() - start) * 1e3)
                    cursor = page.next
    return Reading(
        "list.p95", quantile(took, 0.95), note=f"{len(took)} pages of 50, p50 {quantile(took, 0.5):.0f} ms, slowest {max(took):.0f} ms"
    )


async def _past(store: Store, log: Log, events: int) -> list[AsOf]:
    chance = random.Random(7)
    moments = []
    for number in range(QUESTIONS):
        position = chance.randrange(events // 10, events)
        (recorded,) = await store.at(log.tenant, [position])
        basis = (Basis.KNOWN, Basis.HAPPENED)[number % 2]
        moments.append(AsOf(basis, position, recorded.recorded_at))
    return moments


async def _lag(store: Store, log: Log) -> Reading:
    """Commands at a steady rate; for ten of them a second, how long until every read model holds them. The projector is its own process."""
    names = [model.name for model in read_models()]
    database = await Database.open(log.url)
    positions = Positions(database)
    lags: list[float] = []
    waiting: set[asyncio.Task[None]] = set()

    async def seen(position: int) -> None:
        start = time.perf_counter()
        await positions.at_least(log.tenant, names, position, patience=30)
        lags.append((time.perf_counter() - start) * 1e3)

    async def command(number: int, stream: Any) -> None:
        done = await store.execute(log.tenant, deals, stream, SetNextStep(next_step=f"Call them, {number}"), by=SYSTEM)
        if number % (RATE // 10) == 0 and done.last is not None:
            await seen(done.last)

    async with database.tenant(log.tenant) as cursor:
        await cursor.execute("SELECT id FROM deals WHERE kind = 'open' LIMIT 3000")
        streams = [row[0] for row in await cursor.fetchall()]
    try:
        with _projector(log):
            # its first fold: until then the projector is starting, and what waits for that is no lag
            await command(0, streams[-1])
            lags.clear()
            start = time.perf_counter()
            for number in range(int(RATE * LAG_SECONDS)):
                await asyncio.sleep(max(0.0, start + number / RATE - time.perf_counter()))
                task = asyncio.create_task(command(number, streams[number % len(streams)]))
                waiting.add(task)
                task.add_done_callback(waiting.discard)
            sent = time.perf_counter() - start
            await asyncio.gather(*waiting)
    finally:
        await positions.close()
        await database.close()
    return Reading("lag.p95", quantile(lags, 0.95), note=f"p50 {quantile(lags, 0.5):.0f} ms at {RATE * LAG_SECONDS / sent:.0f} commands/s")


@contextmanager
def _projector(log: Log) -> Iterator[None]:
    with tempfile.TemporaryDirectory(dir=HOME, prefix="projector-") as folder:
        # the address of Temporal has to be known, but a projector never asks it
        environment = {**os.environ, "CONCORD_HOME": folder, "DATABASE_URL": _as_url(log.url), "TEMPORAL_ADDRESS": "127.0.0.1:1"}
        with subprocess.Popen([sys.executable, "-m", "api.cli", "projector"], cwd=ROOT, env=environment) as process:
            try:
                yield
            finally:
                process.terminate()


def _as_url(conninfo: str) -> str:
    at = psycopg.conninfo.conninfo_to_dict(conninfo)
    return f"postgresql://{at['user']}:{at['password']}@{at['host']}:{at.get('port', 5432)}/{at['dbname']}"


def _set_aside(log: Log, keep: int) -> None:
    with psycopg.connect(log.owner_url, autocommit=True) as connection:
        schema = sql.Identifier(log.tenant.schema)
        connection.execute(
            sql.SQL("CREATE TABLE public.later AS SELECT * FROM {}.events WHERE position > {}").format(schema, sql.Literal(keep))
        )
        connection.execute(sql.SQL("DELETE FROM {}.events WHERE position > {}").format(schema, sql.Literal(keep)))
        connection.execute(sql.SQL("VACUUM (ANALYZE) {}.events").format(schema))


def _give_back(log: Log) -> None:
    with psycopg.connect(log.owner_url, autocommit=True) as connection:
        schema = sql.Identifier(log.tenant.schema)
        connection.execute(sql.SQL("INSERT INTO {}.events SELECT * FROM public.later").format(schema))
        connection.execute("DROP TABLE public.later")
