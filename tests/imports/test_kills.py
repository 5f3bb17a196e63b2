"""P27: 10,000 rows, the importing process killed at 20 places. Each row comes in once, the error file is exact, undo works."""

from __future__ import annotations

import asyncio
import csv
import multiprocessing
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from domain.imports import imported_id
from tests.imports.importer import OVERRIDES, import_folder
from tests.imports.lookalikes import company, write
from workflows.imports import Result, run, undo
from workflows.imports.fields import Kind

ROWS = 10_000
KILLS = 20
SEED = int(os.environ.get("CONCORD_SEED", "27"))


@pytest.fixture
def start(login_url: str, keys_path: Path, tmp_path: Path) -> Callable[[], Any]:
    """Starts an importing process. A warm server forks them, since Python's own start would take longer than the import."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.imports.importer"])

    def begin() -> Any:
        arguments = (login_url, keys_path, "acme", tmp_path / "in", tmp_path / "rejected.csv", tmp_path / "result.json")
        process = context.Process(target=import_folder, args=arguments)
        process.start()
        return process

    return begin


@pytest.fixture
def faulty(tmp_path: Path) -> tuple[Path, list[str], set[int]]:
    """10,000 deals, of which every 500th has a day that is none; (folder, ids that are sound, rows that are not)."""
    folder = tmp_path / "in"
    made = company(folder, deals=ROWS, seed=SEED)
    bad = {i for i in range(ROWS) if i % 500 == 250}
    for i in bad:
        made.deals[i]["close_date"] = "2017-02-30"
    write(folder / "sales_pipeline.csv", list(made.deals[0]), [list(d.values()) for d in made.deals])
    return folder, [d["opportunity_id"] for i, d in enumerate(made.deals) if i not in bad], {i + 2 for i in bad}


async def test_p27_an_import_killed_at_20_places_brings_each_row_once(store, tenant, start, faulty, tmp_path):
    folder, sound, bad_rows = faulty
    rejected = tmp_path / "rejected.csv"
    chance = random.Random(SEED)
    print(f"seed {SEED}")  # noqa: T201  a red seed becomes a regression test
    kills, reached = 0, []
    while kills < KILLS:
        process = start()
        # places are spread over the whole import: each kill waits until the log has grown by another stretch of what is left at least
        head = await store.head(tenant)
        target = head + chance.randint(1, max((ROWS - head) // (KILLS - kills), 1))
        while process.is_alive() and await store.head(tenant) < target:
            await asyncio.sleep(0.002)
        if not process.is_alive():
            break
        process.kill()
        process.join()
        kills += 1
        reached.append(await store.head(tenant))
    assert kills == KILLS, f"finished after {kills} kills: make the stretches shorter"
    assert len(set(reached)) > KILLS // 2, "the kills were at different places"
    assert reached[0] < reached[-1], "each run carried on where the one before was killed"

    process = start()
    process.join(120)
    assert process.exitcode == 0
    done = Result.model_validate_json((tmp_path / "result.json").read_text())
    assert done.resumed
    assert done.counts[Kind.DEALS].rejected == len(bad_rows)

    log = await whole_log(store, tenant)
    assert done.counts[Kind.DEALS].created == len(sound), "counted over all its parts"
    imported = [r for r in log if r.event.topic == "deal.imported"]
    assert sorted(r.originator_id for r in imported) == sorted(imported_id("deal", "vendor", key) for key in sound)
    assert {r.correlation_id for r in log} == {done.run}, "all of it is one run"
    with rejected.open(encoding="utf-8-sig", newline="") as file:
        assert {int(row["row"]) for row in csv.DictReader(file)} == bad_rows

    again = await run(store, tenant, [folder], OVERRIDES)
    assert again.events == 0
    taken_back = await undo(store, tenant, done.run)
    assert not taken_back.kept
    assert taken_back.withdrawn >= len(sound)


async def whole_log(store, tenant):
    log, after = [], 0
    while page := await store.read(tenant, after, 5000):
        log += page
        after = page[-1].position
    return log
