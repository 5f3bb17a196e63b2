"""Imports: a large file in a process of its own, what others notice of it, and the Maven files until they can be read."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import pickle
import random
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import uvloop

from bench.load import Load, send
from bench.ours import Log, fresh_log
from bench.rounds import quantile
from bench.running import ROOT, Running, concord
from bench.server import HOME, Server
from bench.table import Reading
from domain.nouns import register_all
from infra.codec import Codec
from infra.database import Database
from infra.event_store import Store
from infra.keys import Keys
from workflows.imports import Overrides, Result, run

ROWS = 50_000
ROUNDS = 3
ACCOUNTS = 500
PACE = 100.0
"""Commands per second of other users while a file comes in."""
SLICE = 2.0
MAVEN = ROOT.parent / "shared" / "data" / "maven-crm-sales"
SAID = Overrides(currency="EUR", source="bench")


def measure(server: Server) -> Iterator[Reading]:
    """The rate by itself; the others' wait and the Maven files with API, worker and projector at work."""
    HOME.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME, prefix="import-") as folder:
        files = large(Path(folder) / "large")
        found = [_alone(server, files, Path(folder)) for _ in range(ROUNDS)]
        rate, cpu = (statistics.median(values) for values in zip(*found, strict=True))
        note = f"{ROWS:,} deals with their past, {ROUNDS} rounds; {cpu * 1e6:.0f} µs of the processes' CPU per row"
        yield Reading("import.rate", rate, note=note)
        with concord(server) as running:
            yield _meanwhile(running, files)
        if MAVEN.is_dir():
            with concord(server) as running:
                yield _maven(running)


def large(folder: Path, rows: int = ROWS) -> Path:
    """A file of deals as sellers' systems export them: half of them won, a quarter lost, all with a past; the same every time."""
    folder.mkdir(parents=True)
    chance = random.Random(8)
    with (folder / "pipeline.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("opportunity_id", "product", "account", "deal_stage", "engage_date", "close_date", "close_value"))
        for number in range(rows):
            stage = chance.choices(["Won", "Lost", "Engaging"], [48, 28, 24])[0]
            opened = date(2016, 1, 1) + timedelta(days=chance.randint(0, 2500))
            is_open = stage == "Engaging"
            closed = "" if is_open else (opened + timedelta(days=chance.randint(3, 140))).isoformat()
            value = "" if is_open else "0" if stage == "Lost" else str(chance.randint(50, 30_000))
            account = f"Customer {chance.randint(1, ACCOUNTS)} Werke"
            product = f"Product line {chr(65 + chance.randint(0, 6)) * 3}"
            writer.writerow((f"OP{number:07d}", product, account, stage, opened.isoformat(), closed, value))
    return folder


def _alone(server: Server, files: Path, folder: Path) -> tuple[float, float]:
    """(rows per second, CPU seconds per row) of one import into a new tenant, by a process of its own and those that it makes."""
    with fresh_log(server) as log, tempfile.TemporaryDirectory(dir=folder) as keys:
        command = [sys.executable, "-c", "from bench.importing import answer; answer()"]
        asked = pickle.dumps((log, files, Path(keys)))
        done = subprocess.run(command, input=asked, stdout=subprocess.PIPE, cwd=ROOT, check=True, timeout=600)
    result, cpu = pickle.loads(done.stdout)
    rows = sum(count.rows for count in result.counts.values())
    if rows < ROWS or any(count.rejected for count in result.counts.values()):
        raise RuntimeError(f"the file did not come in whole: {result.counts}")
    return rows / result.seconds, cpu / rows


def answer() -> None:
    """The importing process's own side of `_alone`."""
    register_all()
    log, files, keys = pickle.load(sys.stdin.buffer)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        before = sum(os.times()[:4])
        result = loop.run(_import(log, files, keys))
        pickle.dump((result, sum(os.times()[:4]) - before), sys.stdout.buffer)  # with the processes that shared the work


async def _import(log: Log, files: Path, folder: Path) -> Result:
    database = await Database.open(log.url)
    keys = Keys.open(folder / "keys.db", folder / "root.key")
    store = Store(database, Codec(keys))
    try:
        return await run(store, log.tenant, [files], SAID)
    finally:
        await store.close()
        keys.close()
        await database.close()


def _meanwhile(running: Running, files: Path) -> Reading:
    """Others open accounts over HTTP, so many a second, from the import's first moment to its last."""
    each = int(PACE * SLICE)
    send(Load(running.port, _new_accounts(running, 20), 4, SLICE))  # the first requests compile routes and warm caches
    took: list[float] = []
    command = [sys.executable, "-m", "api.cli", "import", str(files), "--currency", "EUR", "--source", "bench", "--yes", "--json"]
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, cwd=ROOT, env=dict(running.environment), stdout=said, stderr=subprocess.STDOUT)
        while process.poll() is None:
            answers = send(Load(running.port, _new_accounts(running, each), 8, SLICE, paced=PACE))
            answers.rate()
            took += answers.durations
        elapsed = time.perf_counter() - start
        if process.returncode:
            said.seek(0)
            raise RuntimeError(f"concord import ended with {process.returncode}: {said.read()[-1500:]}")
    note = f"{len(took):,} commands at {PACE:.0f}/s in the {elapsed:.0f} s of {ROWS:,} rows; p50 {quantile(took, 0.5) * 1e3:.0f} ms"
    return Reading("import.others.p95", quantile(took, 0.95) * 1e3, note=note)


def _new_accounts(running: Running, count: int) -> list[bytes]:
    """Requests that open accounts, of which no two look alike."""
    named = ({"legal_name": f"{secrets.token_hex(10)} SE", "roles": ["customer"]} for _ in range(count))
    return [running.raw("POST", "/v1/accounts", body) for body in named]


def _maven(running: Running) -> Reading:
    """`concord import` as a user types it, until every read model holds what it brought."""
    start = time.perf_counter()
    said = running.concord("import", str(MAVEN), "--currency", "USD", "--yes", "--json")
    elapsed = time.perf_counter() - start
    result: dict[str, Any] = json.loads(said.stdout)
    if not result.get("readable"):
        raise RuntimeError("the read models did not follow within a minute")
    note = f"{result['counts']['deals']['created']:,} deals, {result['events']:,} events, of which {result['seconds']:.1f} s importing"
    return Reading("import.maven", elapsed, note=note)
