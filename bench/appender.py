"""One process that appends to a tenant's log, for the bars about several: `python -m bench.appender URL SLUG WRITERS SECONDS`.

Says "ready" on standard output, waits for a line on standard input, and answers with one line of JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from bench.ours import Log, appending, opened, runner
from bench.rounds import Rate, by_tasks
from infra.database import Tenant

ROOT = Path(__file__).resolve().parent.parent


def in_processes(log: Log, processes: int, writers: int, seconds: float) -> float:
    """Appends per second of `processes` processes together, each with its share of the writers, all starting at once."""
    share = str(writers // processes)
    command = [sys.executable, "-m", "bench.appender", log.url, log.tenant.slug, share, str(seconds)]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) for _ in range(processes)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
    total = 0.0
    for process in running:
        answer, _ = process.communicate(timeout=seconds + 60)
        total += Rate(**json.loads(answer)).per_second
    return total


async def _measure(log: Log, writers: int, seconds: float) -> Rate:
    async with opened(log) as store:
        append = appending(store, log.tenant)
        await append()
        print("ready", flush=True)
        sys.stdin.readline()
        return await by_tasks(append, writers, seconds)


if __name__ == "__main__":
    url, slug, writers, seconds = sys.argv[1:]
    with runner() as loop:
        print(json.dumps(asdict(loop.run(_measure(Log(url, "", Tenant(slug)), int(writers), float(seconds))))))
