"""Wakes the workflow of a paper when it is sent, signed, declined or taken back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from temporalio.service import RPCError

from domain.papers import Paper, papers
from domain.papers.events import PaperDeclined, PaperSent, PaperSigned, PaperVoided
from domain.papers.terms import OUT
from infra.database import Database, Tenant
from infra.event_store import Store
from workflows.starting import Starter
from workflows.tails import Fact, Tail, together

NAME = "paper_trigger"
TOPICS = tuple(e.topic for e in (PaperSent, PaperSigned, PaperDeclined, PaperVoided))
_AT_ONCE = 8

_log = logging.getLogger("concord.workflows")


class PaperTrigger:
    """What happens to a paper stays in the log until Temporal has taken it, so that none is lost while that is away."""

    def __init__(self, database: Database, store: Store, starter: Starter) -> None:
        self._store = store
        self._starter = starter
        self._limit = asyncio.Semaphore(_AT_ONCE)
        self.tail = Tail(NAME, TOPICS, self._handle, database, store.wakes)

    async def _handle(self, tenant: Tenant, facts: Sequence[Fact]) -> None:
        latest: dict[UUID, Fact] = {fact.stream: fact for fact in facts}
        await together(self._wake(tenant, fact) for fact in latest.values())

    async def _wake(self, tenant: Tenant, fact: Fact) -> None:
        async with self._limit:
            paper: Paper | None = (await self._store.load(tenant, papers, fact.stream)).state
            if paper is None or (paper.status not in OUT and fact.topic == PaperSent.topic):
                return  # it is over: a long log read anew wakes nobody
            try:
                await self._starter.ask_paper(tenant, fact.stream, fact.id)
            except RPCError as error:
                # one paper's trouble must not hold up the others; `concord workflows reconcile` asks again
                _log.error("the workflow of paper %s of tenant %s could not be woken: %s", fact.stream, tenant.slug, error)


async def open_papers(store: Store, tenant: Tenant, ids: Sequence[UUID]) -> list[UUID]:
    """Those of the papers that are with people who sign."""
    found = await asyncio.gather(*(store.load(tenant, papers, id) for id in ids))
    states: dict[UUID, Paper | None] = {id: loaded.state for id, loaded in zip(ids, found, strict=True)}
    return [id for id, paper in states.items() if paper is not None and paper.status in OUT]
