"""From decisions about files to facts in the log: in small chunks, so that others' commands pass between them; again and again, with
the same outcome; carried on after a crash.

A run is named by what it imports: the same files, read the same way, carry on the same unfinished run. Each row is one unit of work,
stored whole or not at all, in streams named by the source's own ids.
"""

from __future__ import annotations

import gc
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from domain.default_pipeline import imported_pipeline, imported_pipeline_id
from domain.import_runs import FinishImport, ImportedFile, ImportRun, StartImport, import_runs
from domain.kernel import SYSTEM, Actor, Read, Refused, natural_id
from domain.pipelines import Pipeline, ReinstatePipeline, pipelines
from infra.database import Tenant
from infra.event_store import Step, Store
from workflows.imports.absent import Absent, groups
from workflows.imports.appending import Appending
from workflows.imports.beside import Beside, read_beside
from workflows.imports.cells import Share
from workflows.imports.commands import Commands, ImportedPipeline
from workflows.imports.conversion import Seen, Skipped
from workflows.imports.deciding import Deciding, Work
from workflows.imports.fields import Kind
from workflows.imports.mapping import ATTRIBUTE, LEFT_OUT
from workflows.imports.passes import CHUNK_EVENTS, Pass
from workflows.imports.processes import Advance, in_copies
from workflows.imports.records import Record
from workflows.imports.report import Outcome
from workflows.imports.sequence import after_deals, before_deals, beginning_of, deals_of
from workflows.imports.settled import Settled
from workflows.imports.sharing import SharedOut, another_store, shares_of
from workflows.imports.tally import Tally

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
    processes: int | None = None
    """How many share the deals; None: as many as help."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    events: int = 0
    first: int | None = None
    last: int | None = None
    _done: int = 0

    async def go(self) -> None:
        """Decide, and unless it is a dry run store, every record of every table, in the order in which they refer to each other."""
        settled = self.settled
        commands = Commands(
            settled.source, self.run, settled.zone.key, beginning_of(settled), settled.teams, supply=settled.overrides.supply
        )
        deciding, appending = self._deciding(self.store), Appending(self.store, self.tenant, self.by, self.run)
        await self._define_pipelines(deciding, commands, appending)
        over = Pass(commands, deciding, appending if self.store_it else None, self.tally, self._advance, self.before)
        seen = Seen()
        with _rare_collections():
            await over.over(before_deals(settled, seen))
            beside = read_beside(settled)
            shares = shares_of(settled, self.processes) if self.store_it else []
            if shares:
                tasks = [partial(self._share, share, over, beside, seen) for share in shares]
                for done in await in_copies(tasks, self._advance):
                    done.into(over, appending, beside)
                self.tally.arrange()
            else:
                await over.over(deals_of(settled, beside, seen, self.now))
            await over.over(after_deals(beside))
            await self._settle_absent(over)
        self.events, self.first, self.last = over.planned + appending.events, appending.first, appending.last
        self._advance(0, whole=True)

    def _deciding(self, store: Store) -> Deciding:
        return Deciding(store, self.tenant, self.by, self.now, conflicts=self.settled.overrides.conflicts)

    def _advance(self, rows: int, *, whole: bool = False) -> None:
        total = sum(t.profile.rows for t in self.settled.tables if t.kind is not Kind.IGNORED)
        self._done = total if whole else min(self._done + rows, total)
        self.told(self._done, total)

    async def _share(self, share: Share, over: Pass, beside: Beside, seen: Seen, advance: Advance) -> SharedOut:
        """In a process of its own: a share of the deals, through a store of its own."""
        async with another_store(self.store) as store:
            deciding, appending = self._deciding(store), Appending(store, self.tenant, self.by, self.run)
            deciding.first_of_source = over.deciding.first_of_source
            own = Pass(over.commands, deciding, appending, Tally(self.settled, whole=False), advance, self.before)
            spoken_of, told = set(beside.rows), len(beside.faults)
            await own.over(deals_of(self.settled, beside, seen, self.now, share))
        return SharedOut(
            own.tally,
            own.absent,
            appending.events,
            appending.first,
            appending.last,
            spoken_of - beside.rows.keys(),
            beside.left_out,
            beside.faults[told:],
        )

    async def _settle_absent(self, over: Pass) -> None:
        """What is deleted at the source, and what is told of deals that are in none of the files."""
        over.deciding.first_of_source = False
        absent = Absent(self.settled, over.commands, over.deciding)
        for group in groups(over.absent, CHUNK_EVENTS // 2):
            works: list[Work] = []
            for answer in await absent.answers(group):
                if isinstance(answer, Work):
                    works.append(answer)
                elif isinstance(answer, Skipped):
                    self.tally.skipped(answer)
                else:
                    self.tally.fault(answer)
            await over.settle(works)

    async def _define_pipelines(self, deciding: Deciding, commands: Commands, appending: Appending) -> None:
        """The source's stages as pipelines of that source; stages that an earlier import brought keep their keys."""
        if self.settled.onto is not None:
            await self._take_pipeline(self.settled.onto, deciding, commands)
            return
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

    async def _take_pipeline(self, id_: UUID, deciding: Deciding, commands: Commands) -> None:
        """The pipeline that a person said, for all stages of the source."""
        known: Pipeline | None = await deciding.state(Read("pipeline", id_))
        if known is None or known.retired:
            raise Refused("The pipeline that the mapping names is retired; name another, or bring it back first.")
        pipeline = ImportedPipeline.of(id_, known.latest)
        commands.pipelines.update(dict.fromkeys(["", *self.settled.pipelines], pipeline))


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Rows make no cycles; looking for them after each 700 objects costs a third of the time."""
    thresholds = gc.get_threshold()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


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
