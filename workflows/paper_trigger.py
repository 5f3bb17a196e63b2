"""Wakes the workflow of a paper when it is sent, signed, declined or taken back."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from domain.papers import Paper, papers
from domain.papers.events import PaperDeclined, PaperSent, PaperSigned, PaperVoided
from domain.papers.terms import OUT
from infra.database import Database, Tenant
from infra.event_store import Store
from workflows.messages import PAPER_WORKFLOW
from workflows.opened import states_of
from workflows.starting import Starter
from workflows.tails import Fact, Tail
from workflows.waking import Waking, latest

NAME = "paper_trigger"
TOPICS = tuple(e.topic for e in (PaperSent, PaperSigned, PaperDeclined, PaperVoided))
_AT_ONCE = 8


class PaperTrigger:
    """What happens to a paper stays in the log until Temporal has taken it, so that none is lost while that is away."""

    def __init__(self, database: Database, store: Store, starter: Starter) -> None:
        self._store = store
        self._starter = starter
        self._waking = Waking(PAPER_WORKFLOW, _AT_ONCE)
        self.tail = Tail(NAME, TOPICS, self._handle, database, store.wakes)

    async def _handle(self, tenant: Tenant, facts: Sequence[Fact]) -> None:
        await self._waking.each(tenant, latest(facts).values(), self._wake)

    async def _wake(self, tenant: Tenant, fact: Fact) -> None:
        paper: Paper | None = (await self._store.load(tenant, papers, fact.stream)).state
        if paper is None or (paper.status not in OUT and fact.topic == PaperSent.topic):
            return  # it is over: a long log read anew wakes nobody
        await self._starter.ask(tenant, PAPER_WORKFLOW, fact.stream, fact.id)


async def open_papers(store: Store, tenant: Tenant, ids: Sequence[UUID]) -> list[UUID]:
    """Those of the papers that are with people who sign."""
    found = await states_of(store, tenant, papers, ids)
    return [id for id, paper in found.items() if paper.status in OUT]
