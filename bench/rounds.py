"""How to measure fairly: arms in turn, several rounds, the median of each."""

from __future__ import annotations

import asyncio
import math
import statistics
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

ROUNDS = 5
SECONDS = 2.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rate:
    """Operations per second, and how long one took (seconds)."""

    per_second: float
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, durations: list[float], elapsed: float) -> Rate:
        """From each operation's duration and the time they took together."""
        if not durations:
            raise ValueError("nothing finished within the round; make it longer")
        return cls(len(durations) / elapsed, *(quantile(durations, q) for q in (0.5, 0.95, 0.99)))


def quantile(values: list[float], q: float) -> float:
    """The smallest value that at least the share `q` of them does not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(q * len(values)) - 1)]


def interleaved(arms: Mapping[str, Callable[[], T]], rounds: int = ROUNDS) -> dict[str, list[T]]:
    """Run every arm once per round, each round starting one arm later, so that drift of the machine meets all alike."""
    found: dict[str, list[T]] = {name: [] for name in arms}
    names = list(arms)
    for turn in range(rounds):
        shift = turn % len(names) if names else 0
        for name in (*names[shift:], *names[:shift]):
            found[name].append(arms[name]())
    return found


def abba(first: Callable[[], float], second: Callable[[], float], least: int, most: int, within: float) -> list[float]:
    """Of each block of rounds (first, second, second, first), the rate of the first in terms of the second's.

    Whatever changes steadily while a block runs (the log that grows, other load) meets both alike. `least` blocks (two or more), and
    further ones until the median is `within` so much of the true one (see `uncertainty`), but no more than `most`.
    """
    found: list[float] = []
    while len(found) < least or (len(found) < most and uncertainty(found) > within):
        rates = [first(), second(), second(), first()]
        found.append((rates[0] + rates[3]) / (rates[1] + rates[2]))
    return found


def uncertainty(values: Sequence[float]) -> float:
    """By how much the median may be off, of at least two values: half its notch, at about 95 % (McGill, Tukey and Larsen, 1978)."""
    low, _, high = statistics.quantiles(values, n=4)
    return 1.57 * (high - low) / math.sqrt(len(values))


def median_rate(rates: Sequence[Rate]) -> float:
    """The median over rounds of operations per second."""
    return statistics.median(rate.per_second for rate in rates)


def by_threads(operation: Callable[[], object], writers: int, seconds: float = SECONDS) -> Rate:
    """Repeat a blocking operation in `writers` threads for `seconds`; the first failure ends the round and is raised."""
    durations: list[list[float]] = [[] for _ in range(writers)]
    failures: list[BaseException] = []
    barrier = threading.Barrier(writers + 1)

    def repeat(mine: list[float]) -> None:
        try:
            operation()  # connections, prepared statements and caches are not what is measured
        except BaseException as failure:  # noqa: BLE001  it is raised again in the measuring thread
            failures.append(failure)
        barrier.wait()
        stop = time.perf_counter() + seconds
        try:
            while not failures and (start := time.perf_counter()) < stop:
                operation()
                mine.append(time.perf_counter() - start)
        except BaseException as failure:  # noqa: BLE001  as above
            failures.append(failure)

    threads = [threading.Thread(target=repeat, args=(mine,)) for mine in durations]
    for thread in threads:
        thread.start()
    barrier.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - start
    if failures:
        raise failures[0]
    return Rate.of([d for mine in durations for d in mine], elapsed)


async def by_tasks(operation: Callable[[], Awaitable[object]], writers: int, seconds: float = SECONDS) -> Rate:
    """Repeat an asynchronous operation in `writers` tasks of this loop for `seconds`."""
    durations: list[float] = []
    await asyncio.gather(*(operation() for _ in range(writers)))
    start = time.perf_counter()
    stop = start + seconds

    async def repeat() -> None:
        while (before := time.perf_counter()) < stop:
            await operation()
            durations.append(time.perf_counter() - before)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(writers):
            tasks.create_task(repeat())
    return Rate.of(durations, time.perf_counter() - start)
