"""Reading your own writes: wait until read models are at a position, holding neither a thread nor a pooled connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from domain.kernel import Refused
from infra.database import Database, Tenant
from projections import tracking

PATIENCE = 2.0
"""Seconds."""
_LOOK = 0.01


class ProjectionBehind(Refused):
    """A read model has not folded the position that was asked for, in time. Try again after `retry_after` seconds."""

    status = 503


class Positions:
    """Where every tenant's read models are, as one process sees it. One question to the database serves all who wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.patience = PATIENCE
        self._known: dict[tuple[str, str], int] = {}
        self._waiting: dict[str, int] = {}
        self._names: dict[str, set[str]] = {}
        self._looked: dict[str, asyncio.Event] = {}
        self._lookers: dict[str, asyncio.Task[None]] = {}

    async def at_least(self, tenant: Tenant, names: Sequence[str], position: int, patience: float | None = None) -> None:
        """Return as soon as all of the read models are there. Raises ProjectionBehind after `patience` seconds, by default those of all."""
        slug = tenant.slug
        if self._there(slug, names, position):
            return
        self._waiting[slug] = self._waiting.get(slug, 0) + 1
        self._names.setdefault(slug, set()).update(names)
        try:
            async with asyncio.timeout(self.patience if patience is None else patience):
                while not self._there(slug, names, position):
                    if (looker := self._lookers.get(slug)) is None or looker.done():
                        self._lookers[slug] = asyncio.create_task(self._look(tenant))
                    await self._looked.setdefault(slug, asyncio.Event()).wait()
        except TimeoutError:
            reached = min(self._known.get((slug, name), 0) for name in names)
            raise ProjectionBehind(
                "what you ask for has not caught up with that position yet; try again in a moment",
                position=reached,
                at_least=position,
                read_models=sorted(n for n in names if self._known.get((slug, n), 0) < position),
                retry_after=1,
            ) from None
        finally:
            self._waiting[slug] -= 1

    async def close(self) -> None:
        for looker in self._lookers.values():
            looker.cancel()
        await asyncio.gather(*self._lookers.values(), return_exceptions=True)

    def _there(self, slug: str, names: Sequence[str], position: int) -> bool:
        return all(self._known.get((slug, name), 0) >= position for name in names)

    async def _look(self, tenant: Tenant) -> None:
        slug = tenant.slug
        while self._waiting.get(slug):
            with contextlib.suppress(Exception):  # whoever waits runs out of patience and says so
                async with self._database.tenant(tenant, read_only=True) as cursor:
                    found = await tracking.positions(cursor, sorted(self._names[slug]))
                self._known.update({(slug, name): position for name, position in found.items()})
            # whoever waits holds the old event; whoever comes later waits on a new one
            self._looked.pop(slug, asyncio.Event()).set()
            await asyncio.sleep(_LOOK)
