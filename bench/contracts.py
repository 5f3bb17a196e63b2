"""Contracts' bars: pages of the calendar and of the list over 20,000 contracts of three and a half years, today and in the past."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import date, timedelta
from typing import Any

import psycopg

from bench.ours import Log, fresh_log, runner, store_on
from bench.rounds import quantile
from bench.running import ROOT
from bench.server import Server
from bench.table import Reading
from domain.nouns import register_all
from infra.database import Database, Tenant
from infra.event_store import Store
from projections import reading as readings
from projections.accounts import Accounts
from projections.as_of import NOW, AsOf, Basis
from projections.contract_calendar import contract_calendar
from projections.contract_list import SORTS, contract_list
from projections.contracts import Contracts
from projections.members import Members
from projections.projection import Projection
from projections.rebuild import Rebuild
from projections.schema import create_read_models
from tests.projections import agreements, companies

CONTRACTS, ACCOUNTS = 20_000, 1_000
PAGES = 4
"""Pages of each question, the first ones of its order."""
PAST = 12
MODELS: tuple[type[Projection], ...] = (Contracts, Accounts, Members)
Page = Callable[..., Awaitable[Any]]


def measure(server: Server) -> Iterator[Reading]:
    """One log, folded once, then asked."""
    register_all()
    with fresh_log(server) as log, runner() as loop, store_on(loop, log) as store:
        with psycopg.connect(log.owner_url) as connection, connection.cursor() as cursor:
            create_read_models(cursor, log.tenant, [model() for model in MODELS])
        command = [sys.executable, "-m", "bench.contracts", log.owner_url, log.tenant.slug]
        events = int(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
        for model in MODELS:
            loop.run(Rebuild(log.owner_url, store, log.tenant, model()).run())
        yield from loop.run(_answers(store, log, events))


async def _answers(store: Store, log: Log, events: int) -> list[Reading]:
    database = await Database.open(log.url)
    reader = readings.Reader(database, store)
    try:
        calendar = [took for asked in _calendars() for took in await _pages(reader, log, contract_calendar, asked)]
        listed = [took for asked in _lists() for took in await _pages(reader, log, contract_list, asked)]
        past: list[float] = []
        for moment in await _moments(store, log, events):
            month = {"first": date(2025, 4, 1), "before": date(2025, 5, 1)}
            past += await _pages(reader, log, contract_calendar, month, moment, pages=2)
            past += await _pages(reader, log, contract_list, {"live": True}, moment, pages=2)
        return [
            Reading("calendar.p95", quantile(calendar, 0.95), note=_note(calendar, f"{CONTRACTS:,} contracts, {events:,} events")),
            Reading("contracts.p95", quantile(listed, 0.95), note=_note(listed, "every order, both ways, narrowed or not")),
            Reading(
                "contracts.past.p95", quantile(past, 0.95), note=_note(past, "a month of the calendar, contracts in force; both bases")
            ),
        ]
    finally:
        await reader.close()
        await database.close()


def _note(took: list[float], about: str) -> str:
    return f"{len(took)} pages of 50, p50 {quantile(took, 0.5):.0f} ms, slowest {max(took):.0f} ms; {about}"


def _calendars() -> Iterator[dict[str, Any]]:
    """Months, quarters and everything open; of all, of an owner, a team, an account, a side, a kind."""
    narrowings: tuple[dict[str, Any], ...] = (
        {},
        {"owner": companies.MEMBERS[3]},
        {"team": companies.TEAMS[3]},
        {"party": companies.identity(4, 17)},
        {"side": "buy"},
        {"kinds": ["send_by", "deadline"]},
    )
    for narrowed in narrowings:
        yield {"only_open": True, **narrowed}
        yield {"only_open": True, "only_obligations": True, **narrowed}
        for begins, length in ((date(2026, 7, 1), 31), (date(2026, 4, 1), 91), (date(2024, 1, 1), 31)):
            yield {"first": begins, "before": begins + timedelta(days=length), **narrowed}


def _lists() -> Iterator[dict[str, Any]]:
    narrowings: tuple[dict[str, Any], ...] = (
        {},
        {"live": True},
        {"owner": companies.MEMBERS[3]},
        {"team": companies.TEAMS[3], "live": True},
        {"side": "buy", "status": "expiring"},
        {"text": "software"},
        {"missed": True, "send_by_before": date(2026, 6, 1)},
    )
    for sort in SORTS:
        for descending in (False, True):
            for narrowed in narrowings:
                yield {"sort": sort, "descending": descending, **narrowed}


async def _pages(reader: readings.Reader, log: Log, ask: Page, asked: dict[str, Any], as_of: AsOf = NOW, pages: int = PAGES) -> list[float]:
    """Milliseconds of each of the first pages."""
    took, cursor = [], None
    for _ in range(pages):
        start = time.perf_counter()
        async with reader.read(log.tenant, *MODELS, as_of=as_of) as reading:
            page = await ask(reading, cursor=cursor, **asked)
        page.model_dump_json()
        took.append((time.perf_counter() - start) * 1e3)
        cursor = page.next
        if cursor is None:
            break
    return took


async def _moments(store: Store, log: Log, events: int) -> list[AsOf]:
    chance = random.Random(7)
    found = await store.at(log.tenant, sorted(chance.sample(range(events // 10, events), PAST)))
    return [AsOf((Basis.KNOWN, Basis.HAPPENED)[n % 2], r.position, r.recorded_at) for n, r in enumerate(found)]


if __name__ == "__main__":
    # a process of its own, because half a million events at once take memory that the measuring process shall not carry along
    url, slug = sys.argv[1:]
    print(companies.write(url, Tenant(slug), agreements.contracts(CONTRACTS, accounts=ACCOUNTS)))
