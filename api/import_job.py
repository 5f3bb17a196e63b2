"""One import in a process of its own: `python -m api.import_job <folder> <action>`. Reading files keeps a processor busy.

The folder holds `files/`, `job.json` (what was asked) and, written here, `progress.json` and `<action>.json` or `problem.json`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

from psycopg import AsyncCursor
from pydantic import BaseModel
from pydantic_core import to_json

from domain.import_runs import ImportStarted, ImportUndone
from domain.kernel import Actor, Refused, Role
from domain.pipelines import pipelines
from domain.settings import SETTINGS_ID, settings
from infra.database import Tenant
from infra.opening import Opened, opened
from infra.settings import Settings
from infra.yielding import give_way
from workflows import imports
from workflows.imports import Directory, KnownPipeline, Overrides, read_overrides

ACTIONS = ("inspect", "plan", "run", "undo")
MAPPING = "mapping.toml"


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file as a whole: a reader sees the old one or the new."""
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    staged.write_bytes(content)
    staged.replace(path)


def _progress(folder: Path) -> Callable[[int, int], None]:
    last = 0.0

    def told(done: int, total: int) -> None:
        nonlocal last
        if monotonic() - last > 0.25 or done == total:
            last = monotonic()
            write_whole(folder / "progress.json", to_json({"done": done, "all": total}))

    return told


async def directory_of(process: Opened, tenant: Tenant) -> Directory:
    """What the tenant has, by name, for matching."""
    found: list[tuple[tuple[str, str], ...]] = []
    async with process.database.tenant(tenant, read_only=True) as cursor:
        for table, name in (("accounts", "legal_name"), ("products", "name"), ("members", "name")):
            await cursor.execute(f"SELECT {name}, id FROM {table} WHERE {name} IS NOT NULL ORDER BY {name}, id".encode())
            found.append(tuple((text, f"={id}") for text, id in await cursor.fetchall()))
        await cursor.execute("SELECT id, team FROM members WHERE team IS NOT NULL ORDER BY id")
        teams = tuple(await cursor.fetchall())
        await cursor.execute("SELECT id FROM pipelines WHERE NOT retired ORDER BY name, id")
        ids = [row[0] for row in await cursor.fetchall()]
        imported = await _imported(process, tenant, cursor)
    ways = [(id, (await process.store.load(tenant, pipelines, id)).state) for id in ids]
    accounts, products, users = found
    return Directory(
        accounts,
        products,
        users,
        tuple(KnownPipeline(id, way.name, way.latest.stages) for id, way in ways if way is not None),
        teams,
        imported,
    )


async def _imported(process: Opened, tenant: Tenant, cursor: AsyncCursor[Any]) -> tuple[tuple[str, str], ...]:
    """(source, checksum) of the files of runs that were not undone."""
    await cursor.execute(
        "SELECT position FROM events AS e WHERE topic = %s AND NOT EXISTS "
        "(SELECT FROM events AS u WHERE u.stream = e.stream AND u.topic = %s) ORDER BY position",
        (ImportStarted.topic, ImportUndone.topic),
    )
    started: list[Any] = [r.event for r in await process.store.at(tenant, [row[0] for row in await cursor.fetchall()])]
    return tuple(dict.fromkeys((event.source, file.sha256) for event in started for file in event.files))


async def carry_out(process: Opened, folder: Path, action: str) -> BaseModel:
    """The import's answer. Raises what `workflows.imports` raises."""
    job = json.loads((folder / "job.json").read_bytes())
    tenant = Tenant(job["tenant"], job["simulated"])
    by = Actor(UUID(job["by"]), frozenset(Role(role) for role in job["roles"]))
    told = _progress(folder)
    if action == "undo":
        return await imports.undo(process.store, tenant, UUID(job["run"]), by=by, told=told)
    kept = folder / "files"
    files = [next((below for below in kept.iterdir() if below.is_dir()), kept)]
    overrides = read_overrides(folder / MAPPING) if (folder / MAPPING).exists() else Overrides()
    overrides = overrides.answering(job.get("answers", {}))
    if job.get("supply"):
        overrides = overrides.model_copy(update={"supply": True})
    known = await directory_of(process, tenant)
    if action == "inspect":
        configured = (await process.store.load(tenant, settings, SETTINGS_ID)).state
        return imports.inspect(files, overrides, directory=known, currency=configured.currency, zone=configured.zone)
    step = imports.plan if action == "plan" else imports.run
    return await step(process.store, tenant, files, overrides, by=by, directory=known, rejected_to=folder / "rejected.csv", told=told)


async def main(folder: Path, action: str) -> int:
    """Carry out the action and leave its answer in the folder. Returns the exit code: 0 done, 1 refused."""
    async with opened(Settings.from_environment()) as process:
        try:
            answer = await carry_out(process, folder, action)
        except Refused as refused:
            problem: dict[str, Any] = {"action": action, "rule": refused.rule, "detail": refused.detail, "status": refused.status}
            # paths of this machine are nobody's business
            data = {name: value for name, value in refused.data.items() if name != "file"}
            write_whole(folder / "problem.json", to_json({**problem, "data": data}, fallback=str))
            return 1
    write_whole(folder / f"{action}.json", to_json(answer))
    return 0


if __name__ == "__main__":
    give_way()  # those who click come first
    sys.exit(asyncio.run(main(Path(sys.argv[1]), sys.argv[2])))
