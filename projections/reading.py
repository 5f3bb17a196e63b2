"""Asking read models: one short transaction at one moment, and a statement of how far the answer reaches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from domain.kernel import Recorded
from infra.database import Database, Tenant
from infra.event_store.loader import COLUMNS
from infra.event_store.log import Log
from projections import tracking
from projections.as_of import NOW, AsOf, Basis
from projections.at_least import Positions
from projections.projection import Projection
from projections.tables import Table
from projections.writing import Cursor


class Scope(Protocol):
    """Which rows the caller may see: a condition on columns `owner` and `team`, and its parameters by name."""

    @property
    def sql(self) -> str: ...
    @property
    def params(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class _Everything:
    sql: str = "true"
    params: Mapping[str, Any] = field(default_factory=dict)


EVERYTHING: Scope = _Everything()


@dataclass(frozen=True, slots=True)
class Reading:
    """A question's cursor and moment. `position`: every read model that the question names holds the log at least up to there."""

    cursor: Cursor
    log: Log
    tenant: Tenant
    as_of: AsOf
    position: int

    async def rows(self, query: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run a query whose relations come from `as_of.of`."""
        await self.cursor.execute(query.encode(), {**params, **self.as_of.params})
        return await self.cursor.fetchall()

    def judged(self, table: Table, *, then: bool) -> str:
        """SQL of the rows by which rights are judged: today's, whatever the moment that is asked about, or with `then` that moment's."""
        return self.as_of.of(table) if then else table.name

    async def events(self, positions: Sequence[int]) -> list[Recorded]:
        """The events at these positions, in their order, with what is personal in them as far as it is not erased."""
        if not positions:
            return []
        await self.cursor.execute(f"SELECT {COLUMNS} FROM events WHERE position = ANY (%b)", (list(positions),), prepare=True)
        found = {row[0]: self.log.decode(self.tenant, row) for row in await self.cursor.fetchall()}
        return [found[position] for position in positions]


class Reader:
    """Opens readings; one per process."""

    def __init__(self, database: Database, log: Log) -> None:
        self._database, self._log = database, log
        self.positions = Positions(database)

    @asynccontextmanager
    async def read(
        self, tenant: Tenant, *projections: type[Projection], as_of: AsOf = NOW, at_least: int | None = None, parked_too: bool = False
    ) -> AsyncIterator[Reading]:
        """A reading of these read models. Waits until they hold `at_least`, and the position of a past moment. Raises ProjectionBehind.

        `parked_too`: of those that are parked, which nobody can wait for, what they hold is taken; `Reading.position` tells how far that is.
        """
        names: Sequence[str] = [p.name for p in projections]
        needed = max(at_least or 0, as_of.position or 0 if as_of.basis is Basis.KNOWN else 0)
        if needed:
            await self.positions.at_least(tenant, await self._moving(tenant, names) if parked_too else names, needed)
        async with self._database.tenant(tenant, read_only=True) as cursor:
            # before the rows: what they hold can only be more
            reached = await tracking.positions(cursor, names)
            yield Reading(cursor, self._log, tenant, as_of, min(reached.values(), default=0))

    async def _moving(self, tenant: Tenant, names: Sequence[str]) -> list[str]:
        async with self._database.tenant(tenant, read_only=True) as cursor:
            parked = await tracking.parked(cursor, names)
        return [name for name in names if name not in parked]

    async def close(self) -> None:
        await self.positions.close()
