"""Rows decided and stored in small chunks, so that others' commands pass between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from workflows.imports.appending import Appending
from workflows.imports.commands import Commands
from workflows.imports.conversion import Converted, Skipped
from workflows.imports.deciding import Deciding, Work
from workflows.imports.faults import Fault
from workflows.imports.fields import Kind
from workflows.imports.records import GoneRecord, PastRecord, Record
from workflows.imports.report import Outcome
from workflows.imports.tally import Tally

CHUNK_EVENTS = 200
"""Events sent to the log at once. At 200 others' commands stay at 14 ms (p95), at 5,000 they wait 81 ms."""


@dataclass(slots=True)
class Pass:
    """One way through rows: each is decided and, unless `appending` is None (a dry run), stored."""

    commands: Commands
    deciding: Deciding
    appending: Appending | None
    tally: Tally
    advance: Callable[[int], None]
    """Told how many rows more are done."""
    before: Mapping[UUID, Outcome]
    """What this run had stored when it was interrupted: stored whole, so passed over."""
    absent: list[Record] = field(default_factory=list)
    """Things that are gone at the source, or in none of the files: settled after everything else."""
    planned: int = 0
    """Events that a dry run decided."""

    async def over(self, rows: Iterable[Converted]) -> None:
        """Decide and store all of them. One chunk is stored while the next is decided: more would only make others wait longer."""
        flying = _Flying()
        try:
            async for chunk, count in _chunks(self._works(rows)):
                await self.deciding.decide([w for w in chunk if not self._stored_before(w)])
                await flying.landed()
                flying.add(self._keep(chunk))
                self.advance(count)
            await flying.landed()
        finally:
            await flying.abandon()

    async def settle(self, works: Sequence[Work]) -> None:
        """Decide and store a few."""
        await self.deciding.decide([w for w in works if not self._stored_before(w)])
        await self._keep(works)

    async def _keep(self, works: Sequence[Work]) -> None:
        if self.appending is not None:
            await self.appending.append(works)
        else:
            self.planned += sum(len(work.decided) for work in works)
        for work in works:
            self.tally.work(work)

    def _stored_before(self, work: Work) -> bool:
        known = self.before.get(work.steps[0].stream) if self.before else None
        if known is None:
            return False
        work.outcome = known
        return True

    def _works(self, rows: Iterable[Converted]) -> Iterator[Work | None]:
        """Each record with its steps; None for each row that has none."""
        for converted in rows:
            work: Work | None = None
            if isinstance(converted, Fault):
                self.tally.fault(converted)
            elif isinstance(converted, Skipped):
                self.tally.skipped(converted)
            elif isinstance(converted, (GoneRecord, PastRecord)):
                self.absent.append(converted)
            else:
                try:
                    work = Work(converted, self.commands.of(converted))
                except ValueError as cause:  # pydantic's ValidationError is one
                    self.tally.fault(Fault(converted.table, converted.row, None, converted.id, _why(cause)))
            yield work


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
