"""The demo: two years of a company's history, told through the real commands while API, worker and projector are at work."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from bench.running import concord
from bench.server import Server
from bench.table import Reading


def measure(server: Server) -> Iterator[Reading]:
    """`concord demo` as a user types it, from the command's start to its end, on a fresh tenant."""
    with concord(server) as running:
        start = time.perf_counter()
        said = running.concord("demo", "--tenant", f"{running.tenant}_demo", "--json")
        elapsed = time.perf_counter() - start
    told = json.loads(said.stdout)
    if not told["fresh"]:
        raise RuntimeError("the tenant held a history before")
    yield Reading("demo", elapsed, note=f"{told['events']:,} events")
