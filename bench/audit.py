"""The auditor's bars over a million events: first pages of searches, a state at a version, and what changed in the forecast."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator

import psycopg

from bench import large_log
from bench.ours import Log, fresh_log, runner, store_on
from bench.rounds import quantile
from bench.server import Server
from bench.table import Reading
from domain.deals import deals
from domain.nouns import register_all
from infra.database import Database
from infra.event_store import Store
from projections import reading as readings
from projections.as_of import NOW, AsOf, Basis
from projections.catalogue import read_models
from projections.deals import Deals
from projections.forecast_difference import balanced, forecast_difference, steps
from projections.log_index import LogIndex
from projections.log_search import Search, search
from projections.rebuild import Rebuild
from projections.schema import create_read_models
from projections.stream_states import upto, values

DEALS = 100_000
QUESTIONS = 20


def measure(server: Server) -> Iterator[Reading]:
    """One log, generated once; the index and the deals are made of it, then they are asked."""
    register_all()
    with fresh_log(server) as log, runner() as loop, store_on(loop, log) as store:
        with psycopg.connect(log.owner_url) as connection, connection.cursor() as cursor:
            create_read_models(cursor, log.tenant, read_models())
        events = large_log.write(log, DEALS)
        for model in (LogIndex(), Deals()):
            loop.run(Rebuild(log.owner_url, store, log.tenant, model).run())
        yield from loop.run(_answers(store, log, events))


async def _answers(store: Store, log: Log, events: int) -> list[Reading]:
    database = await Database.open(log.url)
    reader = readings.Reader(database, store)
    chance = random.Random(7)
    try:
        found = [await _page(reader, log, asked, oldest) for asked in await _searches(store, log, events) for oldest in (False, True)]
        states = [await _state(store, log, chance.randrange(1, events)) for _ in range(QUESTIONS)]
        spans = [await _span(store, log, events, chance) for _ in range(QUESTIONS)]
        changed = [await _difference(reader, log, *span) for span in spans]
        return [
            Reading(
                "audit.search",
                quantile(found, 0.95),
                note=f"{len(found)} first pages, p50 {statistics.median(found):.0f} ms; {events:,} events",
            ),
            Reading("audit.state", quantile(states, 0.95), note=f"{len(states)} random things, at a random version"),
            Reading(
                "audit.difference",
                quantile(changed, 0.95),
                note=f"between moments a month apart or less, p50 {statistics.median(changed):.0f} ms",
            ),
        ]
    finally:
        await reader.close()
        await database.close()


async def _searches(store: Store, log: Log, events: int) -> list[Search]:
    (middle,) = await store.at(log.tenant, [events // 2])
    half = {"first": events // 4, "last": events // 2}
    words = ("software", "lost price", "deal 4348", "28934", "no such words")
    return [
        Search(),
        Search(actor=middle.actor),
        Search(noun="deal", **half),
        Search(topic="deal.stage_entered"),
        Search(stream=middle.originator_id),
        Search(correlation=middle.correlation_id),
        Search(late_days=1),
        *(Search(text=text) for text in words),
        Search(text="software", noun="deal", **half),
    ]


async def _page(reader: readings.Reader, log: Log, asked: Search, oldest: bool) -> float:
    start = time.perf_counter()
    async with reader.read(log.tenant, LogIndex) as reading:
        page = await search(reading, asked, oldest_first=oldest)
    page.model_dump_json()
    return (time.perf_counter() - start) * 1e3


async def _state(store: Store, log: Log, position: int) -> float:
    (recorded,) = await store.at(log.tenant, [position])
    start = time.perf_counter()
    history = upto(await store.history(log.tenant, recorded.originator_id), NOW)
    values(deals.fold(r.event for r in history[: recorded.originator_version]))
    return (time.perf_counter() - start) * 1e3


async def _span(store: Store, log: Log, events: int, chance: random.Random) -> tuple[AsOf, AsOf]:
    month = events // 24
    last = chance.randrange(month + 1, events)
    (then,), (now,) = [await store.at(log.tenant, [position]) for position in (last - chance.randrange(1, month), last)]
    return AsOf(Basis.KNOWN, then.position, then.recorded_at), AsOf(Basis.KNOWN, now.position, now.recorded_at)


async def _difference(reader: readings.Reader, log: Log, earlier: AsOf, later: AsOf) -> float:
    start = time.perf_counter()
    async with reader.read(log.tenant, Deals, as_of=later) as reading:
        sums, differing = await forecast_difference(reading, earlier)
        await steps(reading, earlier, [deal.id for deal in differing])
    assert balanced(sums)
    return (time.perf_counter() - start) * 1e3
