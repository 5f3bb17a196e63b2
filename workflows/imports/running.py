"""From decisions about files to facts in the log: in small chunks, so that others' commands pass between them; again and again, with
the same outcome; carried on after a crash.

A run is named by what it imports: the same files, read the same way, carry on the same unfinished run. Each row is one unit of work,
stored whole or not at all, in streams named by the source's own ids.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.default_pipeline import imported_pipeline, imported_pipeline_id
from domain.import_runs import FinishImport, ImportedFile, ImportRun, StartImport, import_runs
from domain.kernel import SYSTEM, Actor, Read, Refused, natural_id
from domain.pipelines import Pipeline, ReinstatePipeline, pipelines
from infra.database import Tenant
from infra.event_store import Step, Store
from workflows.imports.absent import Absent, groups
from workflows.imports.appending import Appending
from workflows.imports.commands import Commands, ImportedPipeline
from workflows.imports.conversion import Skipped
from workflows.imports.deciding import Deciding, Work
from workflows.imports.faults import Fault
from workflows.imports.fields import Kind
from workflows.imports.mapping import ATTRIBUTE, LEFT_OUT
from workflows.imports.records import GoneRecord, PastRecord, Record
from workflows.imports.report import Outcome
from workflows.imports.sequence import beginning_of, converted_rows
from workflows.imports.settled import Settled
from workflows.imports.tally import Tally

CHUNK_EVENTS = 200
"""Events sent to the log at once. At 200 others' commands stay at 14 ms (p95), at 5,000 they wait 81 ms."""
Told = Callable[[int, int], None]
"""Progress: rows done, rows in all."""


@dataclass(slots=True)
class Running:
    """One pass over the files: a dry run where `store_it` is False."""

    store: Store
    tenant: Tenant
    settled: Settled
    by: Actor
    run: UUID
    store_it: bool
    told: Told
    tally: Tally
    before: Mapping[UUID, Outcome] = field(default_factory=dict)
    """What this run had stored when it was interrupted: stored whole, so passed over."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    events: int = 0
    first: int | None = None
    last: int | None = None
    _absent: list[Record] = field(default_factory=list)

    async def go(self) -> None:
        """Decide, and unless it is a dry run store, every record of every table, in the order in which they refer to each other."""
        deciding = Deciding(self.store, self.tenant, self.by, self.now, conflicts=self.settled.overrides.conflicts)
        commands = Commands(self.settled.source, self.run, self.settled.zone.key, beginning_of(self.settled))
        appending = Appending(self.store, self.tenant, self.by, self.run)
        await self._define_pipelines(deciding, commands, appending)
        total = sum(t.profile.rows for t in self.settled.tables if t.kind is not Kind.IGNORED)
        done = 0
        flying = _Flying()
        thresholds = gc.get_threshold()
        gc.set_threshold(50_000, 20, 50)  # rows make no cycles; looking for them after each 700 objects costs a third of the time
        try:
            async for chunk, rows in _chunks(self._works(commands)):
                await deciding.decide([w for w in chunk if not self._stored_before(w)])
                done += rows
                if self.store_it:
                    # one chunk is stored while the next is decided: more at once would only make others wait longer
                    await flying.landed()
                    flying.add(self._append(appending, chunk))
                else:
                    self._count(chunk)
                self.told(min(done, total), total)
            await flying.landed()
            await self._settle_absent(Absent(self.settled, commands, deciding), deciding, appending)
        finally:
            gc.set_threshold(*thresholds)
            await flying.abandon()
        self.events, self.first, self.last = self.events + appending.events, appending.first, appending.last
        self.told(total, total)

    async def _settle_absent(self, absent: Absent, deciding: Deciding, appending: Appending) -> None:
        """What is deleted at the source, and what is told of deals that are in none of the files."""
        deciding.first_of_source = False
        for group in groups(self._absent, CHUNK_EVENTS // 2):
            works: list[Work] = []
            for answer in await absent.answers(group):
                if isinstance(answer, Work):
                    works.append(answer)
                elif isinstance(answer, Skipped):
                    self.tally.skipped(answer)
                else:
                    self.tally.fault(answer)
            await deciding.decide([w for w in works if not self._stored_before(w)])
            if self.store_it:
                await self._append(appending, works)
            else:
                self._count(works)

    def _stored_before(self, work: Work) -> bool:
        known = self.before.get(work.steps[0].stream)
        if known is None:
            return False
        work.outcome = known
        return True

    def _works(self, commands: Commands) -> Iterator[Work | None]:
        """Each record with its steps; None for each row that has none."""
        for converted in converted_rows(self.settled, self.now):
            if isinstance(converted, Fault):
                self.tally.fault(converted)
                yield None
            elif isinstance(converted, Skipped):
                self.tally.skipped(converted)
                yield None
            elif isinstance(converted, (GoneRecord, PastRecord)):
                self._absent.append(converted)
                yield None
            else:
                try:
                    yield Work(converted, commands.of(converted))
                except ValueError as cause:  # pydantic's ValidationError is one
                    self.tally.fault(Fault(converted.table, converted.row, None, converted.id, _why(cause)))
                    yield None

    def _count(self, chunk: list[Work]) -> None:
        for work in chunk:
            self.tally.work(work)
            if not self.store_it:
                self.events += len(work.decided)

    async def _append(self, appending: Appending, chunk: list[Work]) -> None:
        await appending.append(chunk)
        self._count(chunk)

    async def _define_pipelines(self, deciding: Deciding, commands: Commands, appending: Appending) -> None:
        """The source's stages as pipelines of that source; stages that an earlier import brought keep their keys."""
        deciding.first_of_source = True
        for value, found in self.settled.pipelines.items():
            id_ = imported_pipeline_id(self.settled.source, value)
            known: Pipeline | None = await deciding.state(Read("pipeline", id_))
            # deals are stored after the pipeline of their source, so where that is new they are
            deciding.first_of_source = deciding.first_of_source and known is None
            define = imported_pipeline(self.settled.source, found.told(), known, value[:40])
            steps = [Step(pipelines, id_, define)]
            if known is not None and known.retired:
                steps.insert(0, Step(pipelines, id_, ReinstatePipeline()))
            work = Work(Record(Kind.STAGES, value or self.settled.source, found.value, "", 0), steps)
            await deciding.decide([work])
            if work.outcome == "rejected":
                raise Refused(
                    f"the stages of {self.settled.source} make no pipeline here ({work.reason}); say in the mapping file what they are"
                )
            if self.store_it:
                await appending.append([work])
            defined: Pipeline = await deciding.state(Read("pipeline", id_))
            pipeline = ImportedPipeline.of(id_, defined.latest)
            commands.pipelines[value] = pipeline
        commands.pipelines.setdefault(
            "", next(iter(commands.pipelines.values()), ImportedPipeline(natural_id("pipeline"), {}, frozenset()))
        )


class _Flying:
    """The append that is under way, if one is."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def add(self, append: Coroutine[Any, Any, None]) -> None:
        """Start one; the one before has landed."""
        self._task = asyncio.create_task(append)

    async def landed(self) -> None:
        """Wait for it. Raises what it raised."""
        if self._task is not None:
            await self._task
            self._task = None

    async def abandon(self) -> None:
        """Give it up, after a failure."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


async def _chunks(works: Iterator[Work | None]) -> AsyncIterator[tuple[list[Work], int]]:
    """(works of at most `CHUNK_EVENTS` events or so, rows that were read for them)."""
    chunk: list[Work] = []
    rows = size = 0
    kind: Kind | None = None
    for work in works:
        if work is not None and (size >= CHUNK_EVENTS or (kind is not None and work.record.kind is not kind)):
            yield chunk, rows
            await asyncio.sleep(0)
            chunk, rows, size = [], 0, 0
        rows += 1
        if work is not None:
            kind = work.record.kind
            chunk.append(work)
            size += len(work.steps)
    yield chunk, rows


def _why(cause: ValueError) -> str:
    """The first complaint of a validation, as a sentence."""
    errors = getattr(cause, "errors", None)
    if errors is None:
        return str(cause)
    first = errors()[0]
    return f"{'.'.join(str(p) for p in first['loc'])}: {first['msg']}"


def described_files(settled: Settled) -> tuple[ImportedFile, ...]:
    """What was read, for the run's first event."""
    return tuple(
        ImportedFile(
            name=t.name,
            sha256=t.mapping.table.sha256,
            kind=str(t.kind),
            rows=t.profile.rows,
            columns={c.column: c.target for c in t.mapping.columns if c.target not in (ATTRIBUTE, LEFT_OUT)},
        )
        for t in settled.tables
    )


async def begin(store: Store, tenant: Tenant, settled: Settled, by: Actor) -> tuple[UUID, bool]:
    """(the run, whether it is carried on): the unfinished run of the same files read the same way, else a new one."""
    files = described_files(settled)
    answers = {q.key: q.answer or q.default or "" for q in settled.questions.all}
    read_so = (settled.source, files, sorted(answers.items()), settled.overrides.model_dump_json(), settled.zone.key, settled.currency)
    digest = hashlib.sha256(repr(read_so).encode()).hexdigest()
    number = 1
    while True:
        run = natural_id("import", settled.source, digest, str(number))
        known: ImportRun | None = (await store.load(tenant, import_runs, run)).state
        if known is None or not (known.finished or known.undone):
            break
        number += 1
    await store.execute(
        tenant, import_runs, run, StartImport(source=settled.source, files=files, answers=answers), by=by, correlation_id=run
    )
    return run, known is not None


async def finish(store: Store, tenant: Tenant, run: UUID, tally: Tally, by: Actor) -> None:
    """Record that every row was dealt with."""
    counts = {str(kind): {n: v for n, v in count.model_dump().items() if v} for kind, count in tally.counts().items()}
    await store.execute(tenant, import_runs, run, FinishImport(counts=counts), by=by, correlation_id=run)


def importer(by: Actor) -> Actor:
    """Imports may date back, which a member may not: Concord acts, on behalf of the member."""
    return Actor(id=SYSTEM.id, on_behalf_of=None if by.id == SYSTEM.id else by.id)


def clock() -> float:
    """Seconds, for durations."""
    return time.perf_counter()
