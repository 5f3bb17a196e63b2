"""An import by the operator of this machine, in this very process: small chunks straight into the log, so that others hardly notice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from api.cli.outcomes import Ended, Exit
from api.cli.progress import Advance, bars
from api.cli.servers import reached
from api.instants import utc
from infra.yielding import process_gives_way

if TYPE_CHECKING:
    from infra.database import Tenant
    from infra.opening import Opened

Said = dict[str, Any]
"""An answer of the import as JSON: an inspection, a plan, a result, an undoing (`workflows/imports/report.py`)."""
READ_MODELS_PATIENCE = 60.0
"""Seconds to wait until what was imported can be read."""


class ImportHere:
    """Inspect, plan, run and undo; every answer is what the API would say. `rejected`: where a person wants the rejected rows."""

    def __init__(self, tenant: str | None, files: Sequence[Path] = (), rejected: Path | None = None) -> None:
        self._tenant, self._files, self._rejected = tenant, list(files), rejected
        # those who click come first
        process_gives_way()

    def inspect(self, overrides: Mapping[str, Any]) -> Said:
        """What the files are, and what has to be asked."""

        async def look(process: Opened, tenant: Tenant) -> Any:
            from api.import_job import directory_of
            from domain.settings import SETTINGS_ID, settings
            from workflows import imports

            known = await directory_of(process, tenant)
            configured = (await process.store.load(tenant, settings, SETTINGS_ID)).state
            said = imports.Overrides.model_validate(dict(overrides))
            with bars(transient=True) as bar:
                read = _Reading(bar("Reading"))
                return imports.inspect(
                    self._files, said, directory=known, currency=configured.currency, zone=configured.zone, progress=read
                )

        found: Said = self._with(look)
        return found

    def plan(self, overrides: Mapping[str, Any]) -> Said:
        """What each row would do."""
        return self._go("plan", overrides, "Comparing", self._rejected)

    def run(self, overrides: Mapping[str, Any]) -> Said:
        """Store it, and wait until it can be read."""
        result = self._go("run", overrides, "Importing", self._rejected or rejected_rows_file())
        if result["last_position"] is not None:
            result["readable"] = self._with(lambda process, tenant: _until_readable(process, tenant, result["last_position"]))
        return result

    def undo(self, run: str) -> Said:
        """Take a run back."""

        async def take_back(process: Opened, tenant: Tenant) -> Any:
            from uuid import UUID

            from workflows import imports

            with bars(transient=True) as bar:
                undone = await imports.undo(process.store, tenant, UUID(run), by=_operator(), told=_told(bar("Taking back", total=0)))
            await _until_readable(process, tenant, await process.store.head(tenant))
            return undone

        found: Said = self._with(take_back)
        return found

    def list(self) -> list[Said]:
        """Every run that the log knows, newest first."""
        found: list[Said] = self._with(_runs)
        return found

    def _go(self, action: str, overrides: Mapping[str, Any], word: str, rejected: Path | None) -> Said:
        async def go(process: Opened, tenant: Tenant) -> Any:
            from api.import_job import directory_of
            from workflows import imports

            step = imports.plan if action == "plan" else imports.run
            said = imports.Overrides.model_validate(dict(overrides))
            known = await directory_of(process, tenant)
            with bars(transient=True) as bar:
                read = _Reading(bar("Reading"))
                advance = bar(word, total=0)
                return await step(
                    process.store,
                    tenant,
                    self._files,
                    said,
                    by=_operator(),
                    directory=known,
                    rejected_to=rejected,
                    progress=read,
                    told=_told(advance),
                )

        found: Said = self._with(go)
        return found

    def _with(self, action: Callable[[Opened, Tenant], Awaitable[Any]]) -> Any:
        import asyncio

        from api.provisioning import tenant_of
        from infra.opening import opened

        async def within() -> Any:
            settings = reached()
            async with opened(settings) as process:
                return await action(process, await tenant_of(process, self._tenant or settings.tenant))

        answer = asyncio.run(within())
        return answer.model_dump(mode="json") if hasattr(answer, "model_dump") else answer


def rejected_rows_file() -> Path:
    """Where a run puts rejected rows when nobody says where: a new file in the working directory."""
    return Path.cwd() / f"rejected-{datetime.now().astimezone():%Y%m%d-%H%M%S}.csv"


class _Reading:
    """Rows read so far, of all files."""

    def __init__(self, advance: Advance) -> None:
        self._advance, self._rows = advance, 0

    def __call__(self, _what: str, rows: int) -> None:
        self._rows += rows
        self._advance(self._rows)


def _told(advance: Advance) -> Callable[[int, int], None]:
    def told(done: int, total: int) -> None:
        advance(done, total)

    return told


def _operator() -> Any:
    from api.operators import OPERATOR_MEMBER
    from domain.kernel import Actor, Role

    return Actor(OPERATOR_MEMBER, frozenset({Role.ADMIN}))


async def _until_readable(process: Opened, tenant: Tenant, last: int) -> bool:
    """Whether every read model has come to `last` in time."""
    import asyncio

    from projections.catalogue import read_models
    from projections.tracking import positions

    names = [model.name for model in read_models()]
    end = monotonic() + READ_MODELS_PATIENCE
    start: int | None = None
    with bars(transient=True) as bar:
        advance = bar("Read models follow", total=0)
        while True:
            async with process.database.tenant(tenant, read_only=True) as cursor:
                reached = min((await positions(cursor, names)).values())
            start = reached if start is None else start
            advance(reached - start, last - start)
            if reached >= last:
                return True
            if monotonic() > end:
                return False
            await asyncio.sleep(0.05)


async def _runs(process: Opened, tenant: Tenant) -> list[Said]:
    async with process.database.tenant(tenant, read_only=True) as cursor:
        await cursor.execute(
            "SELECT position FROM events WHERE topic = ANY (%s) ORDER BY position",
            (["import.started", "import.finished", "import.undone"],),
        )
        places = [row[0] for row in await cursor.fetchall()]
    found: dict[Any, Said] = {}
    for recorded in await process.store.at(tenant, places):
        id = recorded.originator_id
        event: Any = recorded.event
        if event.topic == "import.started":
            files = [file.name for file in event.files if file.kind != "ignored"]
            found[id] = {
                "run": str(id),
                "started_at": utc(recorded.recorded_at),
                "source": event.source,
                "files": files,
                "counts": {},
            }
            found[id]["state"] = "unfinished"
        elif id in found and event.topic == "import.finished":
            found[id] |= {"state": "done", "counts": event.counts}
        elif id in found:
            found[id]["state"] = "undone"
    return list(found.values())[::-1]


def the_run(runs: Sequence[Said], written: str) -> Said:
    """The run that is meant: by its id, the beginning or end of one, or `last`, the newest that changed something and stands. Raises Ended."""
    if written == "last":
        standing = next((run for run in runs if changed(run) and run["state"] != "undone"), None)
        if standing is None:
            raise Ended("There is no import to take back: none that changed something still stands.", Exit.NOT_FOUND)
        return standing
    found = [run for run in runs if run["run"].startswith(written.lower()) or run["run"].endswith(written.lower())]
    if len(found) == 1 and len(written) >= 4:
        return found[0]
    if found:
        raise Ended(f"Several imports answer to {written!r}; write more of the id. `concord import list` shows them.", Exit.NOT_FOUND)
    raise Ended(f"There is no import {written!r}; `concord import list` shows those there are.", Exit.NOT_FOUND)


def changed(run: Said) -> int:
    """How many things a run brought or changed; an unfinished one is taken to have changed something."""
    found = sum(counts.get(name, 0) for counts in run["counts"].values() for name in ("created", "updated", "mentioned"))
    return found or int(run["state"] == "unfinished")
