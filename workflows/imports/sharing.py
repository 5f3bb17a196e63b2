"""Deals of a large file shared among processes: reading, deciding and storing them keeps one processor busy, and most machines have more.

A row's share follows from its id, so that rows of one id are dealt with in one process, in their order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from infra.codec import Codec
from infra.database import Database
from infra.event_store import Store
from workflows.imports.appending import Appending
from workflows.imports.beside import Beside
from workflows.imports.cells import Share
from workflows.imports.faults import Fault
from workflows.imports.fields import Kind
from workflows.imports.passes import Pass
from workflows.imports.processes import most_processes
from workflows.imports.records import Record
from workflows.imports.settled import Settled
from workflows.imports.tally import Tally

MOST = 2
"""Processes at most. Appends stand in one line, which two fill; more would only make others wait longer."""
FEWEST_ROWS = 4000
"""Rows of deals below which a second process is not worth its start."""


def shares_of(settled: Settled, wanted: int | None) -> list[Share]:
    """How the deals are divided; empty where one process does them all: they are few, or without ids to tell them apart by."""
    tables = settled.of(Kind.DEALS)
    if any(table.mapping.column_of("id") is None for table in tables):
        return []
    if wanted is None:
        wanted = min(MOST, most_processes()) if sum(table.profile.rows for table in tables) >= FEWEST_ROWS else 1
    return [Share(number, wanted) for number in range(wanted)] if wanted > 1 else []


@dataclass(slots=True)
class SharedOut:
    """What became of a share of the deals."""

    tally: Tally
    absent: list[Record]
    events: int
    first: int | None
    last: int | None
    taken: set[str]
    """Deals that took what other tables say of them."""
    left_out: dict[str, str]
    faults: list[Fault]
    """Rows of other tables that could not be true of their deals."""

    def into(self, over: Pass, appending: Appending, beside: Beside) -> None:
        """As if it had been done here."""
        over.tally.add(self.tally)
        over.absent += self.absent
        appending.note(self.first, self.last, self.events)
        for deal in self.taken:
            beside.rows.pop(deal, None)
        beside.left_out.update(self.left_out)
        beside.faults += self.faults


@asynccontextmanager
async def another_store(store: Store) -> AsyncIterator[Store]:
    """A store on connections of its own, for a copy of this process. It has no keys: deals hold nothing personal."""
    database = await Database.open(store.database.url, min_size=1, max_size=3)
    other = Store(database, Codec())
    try:
        yield other
    finally:
        await other.close()
        await database.close()
