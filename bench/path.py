"""The whole path of a command (load, decide, encode, append) beside the library's stock path."""

from __future__ import annotations

import asyncio
import gc
import itertools
import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application

from bench import stock
from bench.deal import CHANGE, OPEN, StockDeal, deals, decide, open_stock_deal
from bench.ours import FINGERPRINT, META, Log, fresh_log, runner, store_on
from bench.rounds import Rate, by_tasks, by_threads, interleaved, median_rate
from bench.server import Server
from bench.table import Reading
from domain.kernel import SYSTEM, Context
from infra.database import Tenant
from infra.event_store import Store
from infra.event_store.requests import Append, StoredRow
from infra.event_store.states import States
from infra.ids import uuid7

IN_FLIGHT = 64
KNOWN = 2_000
"""Deals that commands on known states go round; many more than are in flight, so that none is changed twice at a time."""
ONCE = {"group": 160_000, "application": 30_000, "stock": 12_000}
"""Deals of the arms that load what they change: more than an arm changes in all its rounds, so that every load, ours and
the peer's, reads the one event that opened the deal."""

NOTES = {
    "open": "new deals, nothing to load",
    "change": "states from the store's own cache; the peer, without one, loads one event",
    "application": "both load one event",
    "group": "cache of states off: both load one event, ours in groups",
}
"""What each arm reads, beside its figure."""


def measure(server: Server) -> Iterator[Reading]:
    """The four readings; each arm has its own deals."""
    with ExitStack() as stack:
        log = stack.enter_context(fresh_log(server))
        loop = stack.enter_context(runner())
        store, groups = (stack.enter_context(store_on(loop, log)) for _ in range(2))
        groups._states = States(capacity=0)  # noqa: SLF001  every command of this arm has to load its deal
        known = loop.run(_open_deals(store, log.tenant))
        once = loop.run(_store_deals(store, log.tenant))
        stock_app = _application(stack, stock.environment(stack.enter_context(server.database())))
        on_ours = _application(stack, _environment(log))
        arms: dict[str, Callable[[], Rate]] = {
            "open": partial(_tasks, loop, _opening(store, log.tenant)),
            "change": partial(_tasks, loop, _changing(store, log.tenant, known)),
            "group": partial(_tasks, loop, _changing(groups, log.tenant, once)),
            "stock.open": partial(by_threads, lambda: stock_app.save(open_stock_deal()), IN_FLIGHT),
            "stock.change": partial(by_threads, _changing_stock(stock_app, ONCE["stock"]), IN_FLIGHT),
            "application": partial(by_threads, _changing_stock(on_ours, ONCE["application"]), IN_FLIGHT),
        }
        gc.collect()
        gc.freeze()  # what was loaded until here is nobody's garbage
        found = interleaved(arms)
    rate = {name: median_rate(rates) for name, rates in found.items()}
    for ours, peer in (("open", "stock.open"), ("change", "stock.change"), ("application", "stock.change"), ("group", "stock.change")):
        p99 = statistics.median(r.p99 for r in found[ours]) * 1e3
        yield Reading(f"path.{ours}", rate[ours], rate[peer], f"p99 {p99:.2g} ms; {NOTES[ours]}")


def _tasks(loop: asyncio.Runner, operation: Callable[[], Any]) -> Rate:
    return loop.run(by_tasks(operation, IN_FLIGHT))


def _opening(store: Store, tenant: Tenant) -> Callable[[], Any]:
    def execute() -> Any:
        # as a door does it: a random command id, a fingerprint, a stream that is known to be new
        return store.execute(tenant, deals, uuid7(), OPEN, by=SYSTEM, command_id=uuid4(), fingerprint=FINGERPRINT, expected_version=0)

    return execute


def _changing(store: Store, tenant: Tenant, existing: list[UUID]) -> Callable[[], Any]:
    turn = itertools.cycle(existing)

    def execute() -> Any:
        return store.execute(tenant, deals, next(turn), CHANGE, by=SYSTEM, command_id=uuid4(), fingerprint=FINGERPRINT)

    return execute


async def _open_deals(store: Store, tenant: Tenant) -> list[UUID]:
    opened = await asyncio.gather(*(_opening(store, tenant)() for _ in range(KNOWN)))
    return [executed.stream for executed in opened]


async def _store_deals(store: Store, tenant: Tenant) -> list[UUID]:
    opened = decide(None, OPEN, Context(datetime.now(UTC)))[0]
    streams = [uuid7() for _ in range(ONCE["group"])]
    for start in range(0, len(streams), 2_000):
        several = streams[start : start + 2_000]
        rows = [StoredRow(stream, 1, opened.topic, META, store.codec.encode(tenant.slug, stream, 1, opened)) for stream in several]
        await store.append(tenant, Append(uuid7(), rows))
    return streams


def _application(stack: ExitStack, environment: dict[str, str]) -> Application[UUID]:
    application: Application[UUID] = Application(env=environment)
    stack.callback(application.close)
    return application


def _environment(log: Log) -> dict[str, str]:
    return {"PERSISTENCE_MODULE": "infra.event_store.library", "DATABASE_URL": log.url, "CONCORD_TENANT": log.tenant.slug}


def _changing_stock(application: Application[UUID], count: int) -> Callable[[], object]:
    existing = []
    for _ in range(0, count, 500):
        several = [open_stock_deal() for _ in range(500)]
        application.save(*several)
        existing += [deal.id for deal in several]
    turn = itertools.cycle(existing)

    def change() -> None:
        deal: StockDeal = application.repository.get(next(turn))
        deal.change_amount(CHANGE.amount.amount, CHANGE.amount.currency, CHANGE.reason)
        application.save(deal)

    return change
