"""The event store's bars: appends beside the library's recorder and UmaDB, in bulk, from two processes, and as the log grows."""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from eventsourcing.persistence import StoredEvent
from psycopg_pool import ConnectionPool

from bench import log_growth, peers, stock
from bench.appender import in_processes
from bench.ours import FINGERPRINT, META, STATE, TOPIC, Log, appending, fresh_log, runner, store_on
from bench.rounds import SECONDS, Rate, by_tasks, by_threads, interleaved, median_rate
from bench.server import Server
from bench.table import Reading
from infra.event_store.recorders import ConcordApplicationRecorder
from infra.ids import uuid7

WRITERS = (1, 8, 64)


def measure(server: Server) -> Iterator[Reading]:
    """All readings of the group, in the order they are found."""
    with fresh_log(server) as log, runner() as loop:
        yield from _appends(server, log, loop)
        yield from _processes(log)
        yield from log_growth.measure(log, loop)


def _appends(server: Server, log: Log, loop: asyncio.Runner) -> Iterator[Reading]:
    with ExitStack() as stack:
        append = appending(stack.enter_context(store_on(loop, log)), log.tenant)
        stock_append = stack.enter_context(stock.appending(server))
        blocking_append = stack.enter_context(_blocking(log))
        arms: dict[str, Callable[[], Rate]] = {}
        for writers in WRITERS:
            arms[f"ours.{writers}"] = partial(_by_tasks, loop, append, writers)
            arms[f"stock.{writers}"] = partial(by_threads, stock_append, writers)
            arms[f"blocking.{writers}"] = partial(by_threads, blocking_append, writers)
        if peers.installed():
            url = stack.enter_context(peers.umadb())
            arms |= {f"uma.{writers}": partial(umadb_appends, url, writers) for writers in WRITERS}
        gc.collect()
        gc.freeze()  # what was loaded until here is nobody's garbage
        found = interleaved(arms)
    rate = {name: median_rate(rates) for name, rates in found.items()}
    for writers in WRITERS:
        p99 = statistics.median(r.p99 for r in found[f"ours.{writers}"]) * 1e3
        note = f"p99 {p99:.2g} ms; blocking recorder, as many threads: {rate[f'blocking.{writers}']:,.0f}/s"
        yield Reading(f"append.{writers}", rate[f"ours.{writers}"], rate[f"stock.{writers}"], note)
    for writers in WRITERS:
        yield Reading(f"append.{writers}.umadb", rate[f"ours.{writers}"], rate.get(f"uma.{writers}"))


def _by_tasks(loop: asyncio.Runner, append: Callable[[], object], writers: int) -> Rate:
    return loop.run(by_tasks(append, writers))  # type: ignore[arg-type]


@contextmanager
def _blocking(log: Log) -> Iterator[Callable[[], object]]:
    with ConnectionPool(log.url, min_size=1, max_size=4, open=True, kwargs={"autocommit": True}) as pool:
        recorder = ConcordApplicationRecorder(log.url, pool, log.tenant)
        try:
            yield lambda: recorder.insert_events([StoredEvent(uuid7(), 1, TOPIC, STATE)], fingerprint=FINGERPRINT, meta=META)
        finally:
            recorder.close()


def umadb_appends(url: str, writers: int, seconds: float = SECONDS) -> Rate:
    """The same appends against UmaDB, from a process of the peers' environment."""
    command = [str(peers.PYTHON), str(peers.INSIDE / "umadb_appends.py"), url, str(writers), str(seconds), str(len(STATE))]
    answer = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=seconds + 60).stdout)
    return Rate.of(answer["durations"], answer["elapsed"])


def _processes(log: Log) -> Iterator[Reading]:
    found = interleaved({"one": partial(in_processes, log, 1, 64, SECONDS), "two": partial(in_processes, log, 2, 64, SECONDS)})
    one, two = (statistics.median(found[name]) for name in ("one", "two"))
    log_growth.check(log)
    yield Reading("two", two / one, note=f"{two:,.0f}/s in two, {one:,.0f}/s in one; positions gapless, time rising")
