"""The bars of disputes: pages of the queue and of lists over 50,000 cases, and figures of all of them."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from bench.ours import Log, fresh_log, runner, store_on
from bench.rounds import quantile
from bench.server import Server
from bench.table import Reading
from domain.nouns import register_all
from infra.database import Database, Tenant
from infra.event_store import Store
from projections import reading as readings
from projections.accounts import Accounts
from projections.as_of import NOW, AsOf, Basis
from projections.dispute_figures import Split, dispute_figures
from projections.dispute_list import SORTS, dispute_list
from projections.disputes import Disputes
from projections.members import Members
from projections.rebuild import Rebuild
from projections.schema import create_read_models
from tests.projections import claims, companies

ROOT = Path(__file__).resolve().parent.parent
CASES = 50_000
MODELS = (Disputes, Accounts, Members)
_PAGES = 4
"""The first ones, and those behind them."""


def measure(server: Server) -> Iterator[Reading]:
    """One log, folded once, then asked."""
    register_all()
    with fresh_log(server) as log, runner() as loop, store_on(loop, log) as store:
        with psycopg.connect(log.owner_url) as connection, connection.cursor() as cursor:
            create_read_models(cursor, log.tenant, [model() for model in MODELS])
        command = [sys.executable, "-m", "bench.disputes", log.owner_url, log.tenant.slug, str(CASES)]
        events = int(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
        for model in MODELS:
            loop.run(Rebuild(log.owner_url, store, log.tenant, model()).run())
        with psycopg.connect(log.owner_url, autocommit=True) as connection:
            connection.execute("ANALYZE")
        yield from loop.run(_answers(store, log, events))


async def _answers(store: Store, log: Log, events: int) -> list[Reading]:
    database = await Database.open(log.url)
    reader = readings.Reader(database, store)
    try:
        (middle,) = await store.at(log.tenant, [events // 2])
        past = AsOf(Basis.KNOWN, middle.position, middle.recorded_at)
        member, account = companies.MEMBERS[7], companies.identity(4, 11)
        narrowed: tuple[dict[str, Any], ...] = (
            {},
            {"owner": member},
            {"account": account},
            {"reason": "quality"},
            {"text": "castings"},
            {"escalation_from": 1},
        )
        queue = [t for filters in narrowed for t in await _pages(reader, log, NOW, live=True, **filters)]
        orders = [
            t for sort in SORTS for descending in (False, True) for t in await _pages(reader, log, NOW, sort=sort, descending=descending)
        ]
        then = [t for filters in narrowed for t in await _pages(reader, log, past, live=True, **filters)]
        by = [await _figures(reader, log, split) for split in Split]
        note = f"{CASES:,} cases, {events:,} events"
        return [
            Reading(
                "disputes.queue.p95", quantile(queue, 0.95), note=f"{len(queue)} pages of 50, p50 {statistics.median(queue):.0f} ms; {note}"
            ),
            Reading("disputes.list.p95", quantile(orders, 0.95), note=f"{len(orders)} pages in every order, slowest {max(orders):.0f} ms"),
            Reading("disputes.past.p95", quantile(then, 0.95), note=f"the queue as of a year ago, p50 {statistics.median(then):.0f} ms"),
            Reading("disputes.figures", statistics.median(by), note=f"of all cases, slowest split {max(by):.0f} ms"),
        ]
    finally:
        await reader.close()
        await database.close()


async def _pages(reader: readings.Reader, log: Log, as_of: AsOf, **asked: Any) -> list[float]:
    took: list[float] = []
    cursor: str | None = None
    for _ in range(_PAGES):
        start = time.perf_counter()
        async with reader.read(log.tenant, *MODELS, as_of=as_of) as reading:
            page = await dispute_list(reading, cursor=cursor, **asked)
        page.model_dump_json()
        took.append((time.perf_counter() - start) * 1e3)
        cursor = page.next
        if cursor is None:
            break
    return took


async def _figures(reader: readings.Reader, log: Log, split: Split) -> float:
    start = time.perf_counter()
    async with reader.read(log.tenant, *MODELS) as reading:
        await dispute_figures(reading, by=[split])
    return (time.perf_counter() - start) * 1e3


if __name__ == "__main__":
    url, slug, cases = sys.argv[1:]
    print(companies.write(url, Tenant(slug), claims.claims(int(cases))))
