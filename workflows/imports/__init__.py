"""Imports: tables of other systems (CSV, XLSX) become accounts, products, members, teams and deals with their past.

Four calls, in this order:

    inspection = inspect(paths, overrides)                      # what the files are; what has to be asked (no store)
    plan_ = await plan(store, tenant, paths, overrides, by=...) # what would be created, updated, left alone, rejected, and why
    result = await run(store, tenant, paths, overrides, by=...) # the same, stored: resumable, repeatable
    undone = await undo(store, tenant, result.run, by=...)      # compensating events

`overrides` is what a person said (`read_overrides(path)` for a TOML file, `.answering({...})` for answers to questions). All results
are pydantic models (`.model_dump_json()`). Refusals (`Unreadable`, `BadMapping`, `AnswersNeeded`, `NothingToImport`) say what to do.

Reading and converting keep a processor busy: run imports in a process of their own, or at least `inspect` in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import UUID, uuid5

from domain.kernel import NAMESPACE, SYSTEM, Actor
from domain.settings import SETTINGS_ID, settings
from infra.database import Tenant
from infra.event_store import Store
from workflows.imports.faults import AnswersNeeded, BadMapping, Fault, NothingToImport, Unreadable
from workflows.imports.inspecting import Progress, look, quiet, settle_all
from workflows.imports.overrides import Overrides, read_overrides
from workflows.imports.questions import require_answers
from workflows.imports.references import Directory, KnownPipeline
from workflows.imports.rejects import write_rejected
from workflows.imports.report import Inspection, Plan, Question, Result, RowReport, Undone
from workflows.imports.running import Running, begin, clock, finish, importer
from workflows.imports.settled import Settled
from workflows.imports.tally import Tally
from workflows.imports.undoing import undo_run, written_by

Told = Callable[[int, int], None]
"""Progress: rows done, rows in all."""


def _silent(_done: int, _all: int) -> None:
    """No progress is shown."""


def inspect(
    paths: Iterable[Path],
    overrides: Overrides | None = None,
    *,
    directory: Directory | None = None,
    currency: str | None = None,
    zone: str = "UTC",
    progress: Progress = quiet,
) -> Inspection:
    """What the files are and how they would be read; `questions` holds what has to be asked.

    `directory`: what the tenant has already, to match names with. `currency`, `zone`: the tenant's.
    Raises Unreadable, BadMapping or NothingToImport.
    """
    return _inspected(paths, overrides or Overrides(), directory or Directory(), currency, zone, progress)[1]


async def plan(
    store: Store,
    tenant: Tenant,
    paths: Iterable[Path],
    overrides: Overrides | None = None,
    *,
    by: Actor = SYSTEM,
    directory: Directory | None = None,
    rejected_to: Path | None = None,
    progress: Progress = quiet,
    told: Told = _silent,
) -> Plan:
    """The dry run: what each row would do, decided by the same rules on the same states as `run`; nothing is stored.

    Questions with a default count as answered by it. `rejected_to`: where the rejected rows go, if any (CSV).
    Raises AnswersNeeded for questions without a default, Unreadable, BadMapping, NothingToImport.
    """
    settled, inspection = await _settled(store, tenant, paths, overrides, directory, progress)
    settled.importer = importer(by).on_behalf_of
    tally = Tally(settled)
    dry = Running(store, tenant, settled, importer(by), uuid5(NAMESPACE, "import dry run"), store_it=False, told=told, tally=tally)
    await dry.go()
    written = rejected_to is not None and write_rejected(rejected_to, tally.faults) > 0
    return Plan(
        inspection=inspection,
        counts=tally.counts(),
        mentioned=tally.mentioned(),
        reasons=tally.reasons(),
        rows=tuple(tally.rows),
        truncated=tally.truncated,
        rejected_file=str(rejected_to) if written else None,
    )


async def run(
    store: Store,
    tenant: Tenant,
    paths: Iterable[Path],
    overrides: Overrides | None = None,
    *,
    by: Actor = SYSTEM,
    directory: Directory | None = None,
    rejected_to: Path | None = None,
    progress: Progress = quiet,
    told: Told = _silent,
    processes: int | None = None,
) -> Result:
    """Import the files. Killed at any moment, the same call carries on; repeated, it changes nothing.

    `processes`: how many share the deals of large files; None: as many as help.

    Each row is stored whole or not at all; a row that a rule refuses is rejected and the others go on. Facts of the past keep their
    business time. Raises what `plan` raises, and StoreUnavailable.
    """
    began = clock()
    settled, _ = await _settled(store, tenant, paths, overrides, directory, progress)
    settled.importer = importer(by).on_behalf_of
    tally = Tally(settled)
    actor = importer(by)
    run_id, resumed = await begin(store, tenant, settled, actor)
    before = await written_by(store, tenant, run_id) if resumed else {}
    running = Running(store, tenant, settled, actor, run_id, store_it=True, told=told, tally=tally, before=before, processes=processes)
    await running.go()
    written = rejected_to is not None and write_rejected(rejected_to, tally.faults) > 0
    await finish(store, tenant, run_id, tally, actor)
    return Result(
        run=run_id,
        source=settled.source,
        counts=tally.counts(),
        mentioned=tally.mentioned(),
        reasons=tally.reasons(),
        rows=tuple(tally.rows),
        truncated=tally.truncated,
        events=running.events,
        seconds=round(clock() - began, 3),
        first_position=running.first,
        last_position=running.last,
        rejected_file=str(rejected_to) if written else None,
        resumed=resumed,
    )


async def undo(store: Store, tenant: Tenant, run_id: UUID, *, by: Actor = SYSTEM, told: Told = _silent) -> Undone:
    """Take a run back by compensating events. What people worked on since stays and is listed. Raises NotFound."""
    return await undo_run(store, tenant, run_id, importer(by), told)


async def _settled(
    store: Store, tenant: Tenant, paths: Iterable[Path], overrides: Overrides | None, directory: Directory | None, progress: Progress
) -> tuple[Settled, Inspection]:
    configured = (await store.load(tenant, settings, SETTINGS_ID)).state
    currency = configured.currency if configured is not None else None
    zone = configured.zone if configured is not None else "UTC"
    settled, inspection = _inspected(paths, overrides or Overrides(), directory or Directory(), currency, zone, progress)
    require_answers(inspection.questions)
    return settled, inspection


def _inspected(
    paths: Iterable[Path], overrides: Overrides, directory: Directory, currency: str | None, zone: str, progress: Progress
) -> tuple[Settled, Inspection]:
    return settle_all(look(paths, overrides, progress), overrides, directory, currency, zone)


__all__ = [
    "AnswersNeeded",
    "BadMapping",
    "Directory",
    "Fault",
    "Inspection",
    "KnownPipeline",
    "NothingToImport",
    "Overrides",
    "Plan",
    "Question",
    "Result",
    "RowReport",
    "Undone",
    "Unreadable",
    "inspect",
    "plan",
    "read_overrides",
    "run",
    "undo",
]
