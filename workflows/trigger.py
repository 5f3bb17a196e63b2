"""The trigger: tails the log and wakes the workflow of each deal that something was asked of. The way that users wait on."""

from __future__ import annotations

import time
from collections.abc import Sequence

from domain.deals import DealReopened, DealStageRequested, DealWinReversed
from infra.database import Database, Tenant
from infra.event_store import Store
from workflows.messages import DEAL_WORKFLOW
from workflows.opened import open_deals
from workflows.starting import Starter
from workflows.tails import Fact, Tail
from workflows.waking import Waking, latest

NAME = "trigger"
TOPICS = (DealStageRequested.topic, DealReopened.topic, DealWinReversed.topic)
_AT_ONCE = 16
"""Calls under way at the same time."""


class Trigger:
    """Wakes workflows. A request stays in the log until Temporal has taken it, so that none is lost while that is away."""

    def __init__(self, database: Database, store: Store, starter: Starter) -> None:
        self._store = store
        self._starter = starter
        self._waking = Waking(DEAL_WORKFLOW, _AT_ONCE)
        self._last = -1e9
        self._in_hand = 0
        self.tail = Tail(NAME, TOPICS, self._handle, database, store.wakes)

    @property
    def quiet_for(self) -> float:
        """Seconds since a user last waited for a workflow to be woken; 0 while one does."""
        return 0.0 if self._in_hand else time.monotonic() - self._last

    async def _handle(self, tenant: Tenant, facts: Sequence[Fact]) -> None:
        self._in_hand += 1
        try:
            await self._wake(tenant, facts)
        finally:
            self._in_hand -= 1
            self._last = time.monotonic()

    async def _wake(self, tenant: Tenant, facts: Sequence[Fact]) -> None:
        asked = latest(facts)
        # a long log read anew holds thousands of requests that have settled: they wake nobody
        waiting = await open_deals(self._store, tenant, list(asked))
        wanted = [f for f in asked.values() if f.stream in waiting and (f.topic != TOPICS[0] or waiting[f.stream].pending is not None)]
        await self._waking.each(tenant, wanted, self._ask)

    async def _ask(self, tenant: Tenant, fact: Fact) -> None:
        await self._starter.ask(tenant, DEAL_WORKFLOW, fact.stream, fact.id)
