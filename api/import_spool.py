"""Where uploaded imports lie until they are done: one folder each, below the tenant's, and one process at a time on each."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from api.import_job import write_whole
from domain.kernel import NotFound, Refused
from infra.database import Tenant
from infra.ids import uuid7
from infra.settings import Settings
from workflows.imports.settling import named_by

_NAME = re.compile(r"[^A-Za-z0-9._ -]")
READABLE = (".csv", ".tsv", ".txt", ".xlsx")


class ImportUnderWay(Refused):
    """The import is being worked on; wait until it is done."""


class TooManyImports(Refused):
    """The tenant has too many imports under way; wait until one is done."""


def no_import() -> NotFound:
    """One that is not there and one that is none of the caller's business look alike."""
    return NotFound("There is no such import; list them to find it.")


@dataclass(slots=True)
class Spool:
    """One per process. `settings` go to the importing process through its environment."""

    settings: Settings
    _running: dict[Path, asyncio.Task[None]] = field(default_factory=dict)

    def folder(self, tenant: Tenant, id: UUID) -> Path:
        """The folder of an import of this tenant. Raises NotFound."""
        folder = self._below(tenant) / str(id)
        if not (folder / "job.json").is_file():
            raise no_import()
        return folder

    def begun_by(self, folder: Path) -> str:
        """The id of the member who asked for it last."""
        return str(json.loads((folder / "job.json").read_bytes())["by"])

    def begin(
        self, tenant: Tenant, files: list[tuple[str, bytes]], mapping: bytes | None, job: dict[str, Any], named: str | None = None
    ) -> tuple[UUID, Path]:
        """Keep uploaded files in a new folder, in one that is `named` as theirs was: an import takes the source's name from it."""
        id = uuid7()
        folder = self._below(tenant) / str(id)
        kept = folder / "files" / (named_by(named) if named else "")
        kept.mkdir(parents=True, mode=0o700)
        for number, (name, content) in enumerate(files):
            stem = _NAME.sub("_", Path(name.replace("\\", "/")).name).lstrip(".")[-100:] or f"file{number}.csv"
            (kept / stem).write_bytes(content)
        if mapping is not None:
            (folder / "mapping.toml").write_bytes(mapping)
        write_whole(folder / "job.json", to_json({"tenant": tenant.slug, "simulated": tenant.simulated, **job}, fallback=str))
        return id, folder

    def amend(self, folder: Path, changes: dict[str, Any]) -> None:
        """Add to what was asked."""
        job = json.loads((folder / "job.json").read_bytes())
        answers = {**job.get("answers", {}), **changes.pop("answers", {})}
        write_whole(folder / "job.json", to_json({**job, **changes, "answers": answers}, fallback=str))

    def start(self, tenant: Tenant, folder: Path, action: str) -> asyncio.Task[None]:
        """Carry out an action in a process of its own. Raises ImportUnderWay, TooManyImports."""
        if self.running(folder):
            raise ImportUnderWay("This import is being worked on; wait until it is done.")
        if sum(1 for path, task in self._running.items() if path.parent == self._below(tenant) and not task.done()) >= 2:
            raise TooManyImports("Two imports are under way; wait until one is done.")
        for stale in ("problem.json", "progress.json", f"{action}.json"):
            (folder / stale).unlink(missing_ok=True)
        task = asyncio.create_task(self._carry_out(folder, action))
        self._running[folder] = task
        return task

    def running(self, folder: Path) -> bool:
        """Whether a process of ours works on it."""
        task = self._running.get(folder)
        return task is not None and not task.done()

    def told(self, folder: Path) -> dict[str, Any]:
        """All that the folder says: how far it is, and every answer there is."""
        found = {
            name: json.loads(path.read_bytes())
            for name in (*_ANSWERS, "progress", "problem")
            if (path := folder / f"{name}.json").is_file()
        }
        state = (
            "working"
            if self.running(folder)
            else "refused"
            if "problem" in found
            else next((s for n, s in _STATES if n in found), "waiting")
        )
        for answer in found.values():
            if isinstance(answer, dict) and answer.get("rejected_file"):
                answer["rejected_file"] = "rejected.csv"
        return {"id": folder.name, "state": state, **{name: found.get(name) for name in (*_ANSWERS, "progress", "problem")}}

    def all(self, tenant: Tenant) -> list[Path]:
        """The tenant's imports, newest first."""
        below = self._below(tenant)
        return sorted((p for p in below.iterdir() if (p / "job.json").is_file()), reverse=True) if below.is_dir() else []

    def check_idle(self, tenant: Tenant) -> None:
        """Raises ImportUnderWay where an import of the tenant is being worked on."""
        if any(self.running(folder) for folder in self.all(tenant)):
            raise ImportUnderWay("An import is being worked on; wait until it is done.")

    def clear(self, tenant: Tenant) -> None:
        """Remove every upload that nobody works on: what came in by it is in the log."""
        for folder in self.all(tenant):
            if not self.running(folder):
                shutil.rmtree(folder, ignore_errors=True)

    async def close(self) -> None:
        """Stop what runs; the same import carries on when it is asked for again."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _below(self, tenant: Tenant) -> Path:
        return self.settings.home / "imports" / tenant.slug

    async def _carry_out(self, folder: Path, action: str) -> None:
        environment = {**os.environ, **self.settings.environment()}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "api.import_job", str(folder), action, env=environment, stdin=asyncio.subprocess.DEVNULL
        )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise
        if code != 0 and not (folder / "problem.json").exists():
            problem = {
                "action": action,
                "rule": "Fault",
                "detail": "The import stopped unexpectedly. Ask for it again: it carries on.",
                "status": 500,
            }
            write_whole(folder / "problem.json", to_json({**problem, "data": {}}))


_ANSWERS = ("inspect", "plan", "run", "undo")
_STATES = (("undo", "undone"), ("run", "done"), ("plan", "planned"), ("inspect", "inspected"))
