"""The whole path of a command (load, decide, encode, append) beside the library's stock path."""

from __future__ import annotations

import asyncio
import gc
import itertools
import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application

from bench import stock
from bench.deal import CHANGE, OPEN, StockDeal, deals, open_stock_deal
from bench.ours import FINGERPRINT, Log, fresh_log, runner, store_on
from bench.rounds import Rate, by_tasks, by_threads, interleaved, median_rate
from bench.server import Server
from bench.table import Reading
from domain.kernel import SYSTEM
from infra.database import Tenant
from infra.event_store import Store
from infra.event_store.states import States
from infra.ids import uuid7

IN_FLIGHT = 64
EXISTING = 2_000
"""Deals that the commands on existing ones go round; many more than are in flight, so that none is changed twice at a time."""


def measure(server: Server) -> Iterator[Reading]:
    """The four readings; each arm has its own deals."""
    with ExitStack() as stack:
        log = stack.enter_context(fresh_log(server))
        loop = stack.enter_context(runner())
        store, groups = (stack.enter_context(store_on(loop, log)) for _ in range(2))
        groups._states = States(capacity=1)  # noqa: SLF001  every command of this arm has to load its deal
        existing = loop.run(_open_deals(store, log.tenant))
        stock_app = _application(stack, stock.environment(stack.enter_context(server.database())))
        on_ours = _application(stack, _environment(log))
        arms: dict[str, Callable[[], Rate]] = {
            "open": partial(_tasks, loop, _opening(store, log.tenant)),
            "change": partial(_tasks, loop, _changing(store, log.tenant, existing)),
            "group": partial(_tasks, loop, _changing(groups, log.tenant, existing)),
            "stock.open": partial(by_threads, lambda: stock_app.save(open_stock_deal()), IN_FLIGHT),
            "stock.change": partial(by_threads, _changing_stock(stock_app), IN_FLIGHT),
            "application": partial(by_threads, _changing_stock(on_ours), IN_FLIGHT),
        }
        gc.collect()
        gc.freeze()  # what was loaded until here is nobody's garbage
        found = interleaved(arms)
    rate = {name: median_rate(rates) for name, rates in found.items()}
    for ours, peer in (("open", "stock.open"), ("change", "stock.change"), ("application", "stock.change"), ("group", "stock.change")):
        p99 = statistics.median(r.p99 for r in found[ours]) * 1e3
        yield Reading(f"path.{ours}", rate[ours], rate[peer], f"p99 {p99:.2g} ms")


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
    opened = await asyncio.gather(*(_opening(store, tenant)() for _ in range(EXISTING)))
    return [executed.stream for executed in opened]


def _application(stack: ExitStack, environment: dict[str, str]) -> Application[UUID]:
    application: Application[UUID] = Application(env=environment)
    stack.callback(application.close)
    return application


def _environment(log: Log) -> dict[str, str]:
    return {"PERSISTENCE_MODULE": "infra.event_store.library", "DATABASE_URL": log.url, "CONCORD_TENANT": log.tenant.slug}


def _changing_stock(application: Application[UUID]) -> Callable[[], object]:
    existing = [deal.id for deal in (open_stock_deal() for _ in range(EXISTING)) if application.save(deal)]
    turn = itertools.cycle(existing)

    def change() -> None:
        deal: StockDeal = application.repository.get(next(turn))
        deal.change_amount(CHANGE.amount.amount, CHANGE.amount.currency, CHANGE.reason)
        application.save(deal)

    return change
