"""The bars of proofs: making a million leaves' tiles anew, one proof among them, and what the signer costs the appends."""

from __future__ import annotations

import asyncio
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench import log_growth
from bench.ours import Log, appending, fresh_log, opened, runner, store_on
from bench.rounds import abba, by_tasks, quantile, uncertainty
from bench.running import ROOT
from bench.server import Server
from bench.table import Reading
from infra.database import Tenant
from infra.event_store import Store
from infra.keys import Keys
from infra.proofs.checkpoints import Checkpoint
from infra.proofs.follower import POLL, Follower, published_of, signer_of
from infra.proofs.keeping import PrivateKeys
from infra.proofs.leaves import leaf_of
from infra.proofs.merkle import verify_inclusion
from infra.proofs.notes import SigningKey
from infra.proofs.published import Published
from infra.settings import Settings
from infra.yielding import give_way

EVENTS = 1_000_000
PROOFS = 500
WRITERS = 64
BLOCKS, MOST_BLOCKS, WITHIN = 16, 60, 0.04
"""Of four rounds each: so many, and further ones until it is known so well what the signer costs."""


def measure(server: Server) -> Iterator[Reading]:
    """The tree first, of a log that the server wrote by itself; then appends beside a signer in another process."""
    with tempfile.TemporaryDirectory(prefix="concord-bench-") as home:
        with fresh_log(server) as log, runner() as loop, store_on(loop, log) as store:
            log_growth.fill(log, EVENTS)
            yield from loop.run(_tree(store, log, Path(home)))
        with fresh_log(server) as log, runner() as loop, store_on(loop, log) as store:
            yield _appends(store, log, loop, Path(home) / "beside")


async def _tree(store: Store, log: Log, home: Path) -> list[Reading]:
    signer = signer_of(store.database, Settings(home=home), log.tenant)
    key = SigningKey.generate("bench.example/log")
    start = time.perf_counter()
    while (signed := await signer.step([key], [key.verifier])) is None or signed.size < EVENTS:
        pass
    grown = EVENTS / (time.perf_counter() - start)
    rates, used = [], time.process_time()
    for turn in range(3):
        # put aside, because ext4 is slow to make files for seconds after as many were removed
        (signer.published.folder / "tile").rename(home / f"tile-{turn}")
        start = time.perf_counter()
        assert await signer.rebuild([key.verifier]) == EVENTS
        rates.append(EVENTS / (time.perf_counter() - start))
    mine = (time.process_time() - used) / 3 / EVENTS * 1e6
    note = f"{EVENTS:,} events of 400 bytes; {mine:.1f} µs of CPU a leaf beside the server's; signed as it grows: {grown:,.0f}/s"
    took = [await _proof(store, log, signer.published, signed) for _ in range(PROOFS)]
    return [
        Reading("proofs.rebuild", statistics.median(rates), note=note),
        Reading("proofs.inclusion.p95", quantile(took, 0.95), note=f"row, tiles and verification; p50 {statistics.median(took):.2f} ms"),
    ]


async def _proof(store: Store, log: Log, published: Published, signed: Checkpoint) -> float:
    position = random.randrange(EVENTS) + 1
    start = time.perf_counter()
    (row,) = await store.between(log.tenant, position, position)
    proof = published.tree.inclusion(position - 1, signed.size)
    assert verify_inclusion(position - 1, signed.size, leaf_of(row), proof, signed.root)
    return (time.perf_counter() - start) * 1e3


def _appends(store: Store, log: Log, loop: asyncio.Runner, home: Path) -> Reading:
    """Blocks of rounds (alone, beside, beside, alone); the median of their ratios.

    Alone, the signer's process is stopped where it is. Beside, it does its usual work, which is to sign once a second what came in
    the second before: a round is as long as it takes to look once, and begins when what came in while it was stopped is signed.
    """
    append = appending(store, log.tenant)
    published = published_of(Settings(home=home), log.tenant)

    def rate() -> float:
        return loop.run(by_tasks(append, WRITERS, POLL)).per_second

    with _signer(log, home) as pausing:

        def alone() -> float:
            with pausing():
                return rate()

        def beside() -> float:
            head, deadline = loop.run(store.head(log.tenant)), time.monotonic() + 120
            while not (note := published.checkpoint()) or int(note.splitlines()[1]) < head:
                if time.monotonic() > deadline:
                    raise TimeoutError("the signer does not keep up")
                rate()
            return rate()

        rate()
        ratios = abba(alone, beside, BLOCKS, MOST_BLOCKS, WITHIN)
    log_growth.check(log)
    note = f"{WRITERS} writers, {len(ratios)} blocks of four rounds, ±{uncertainty(ratios):.2f}, single blocks {min(ratios):.2f} to {max(ratios):.2f}"
    return Reading("proofs.append", statistics.median(ratios), note=note)


@contextmanager
def _signer(log: Log, home: Path) -> Iterator[Callable[[], object]]:
    """A signer in a process of its own; what is yielded lets it rest for a while."""
    process = subprocess.Popen([sys.executable, "-m", "bench.proofs", log.url, str(home)], cwd=ROOT)

    @contextmanager
    def pausing() -> Iterator[None]:
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    try:
        yield pausing
    finally:
        process.kill()
        process.wait()


async def _follow(url: str, home: Path) -> None:
    keys = Keys.open(home / "keys.db", home / "root.key")
    async with opened(Log(url, url, Tenant("unused"))) as store:
        await Follower(store.database, store, PrivateKeys(keys), Settings(home=home)).run()


if __name__ == "__main__":
    give_way()  # as the projector does, whose task this is
    with suppress(KeyboardInterrupt):
        asyncio.run(_follow(sys.argv[1], Path(sys.argv[2])))
