"""Takes disputes up when they are raised, and has their workflow look again when something happened in the case."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from uuid import UUID

from temporalio.service import RPCError

from domain.disputes import Dispute, disputes
from domain.disputes import clock_events as t
from domain.disputes import corrective_events as x
from domain.disputes import events as e
from domain.disputes.timing import attended
from infra.database import Database, Tenant
from infra.event_store import Store
from workflows.starting import Starter
from workflows.tails import Fact, Tail, together
from workflows.take_up import Pace

NAME = "dispute_trigger"
BEGINNINGS = (e.DisputeDrafted.topic, e.DisputeSplitOff.topic)
"""The topics by which a case begins."""
TOPICS = tuple(
    event.topic
    for event in (
        t.DisputeClocksSet,
        t.DisputeEscalated,
        e.DisputeCommented,
        e.DisputeEvidenceAttached,
        e.DisputeProposed,
        e.DisputeCountered,
        e.DisputeAccepted,
        e.DisputeDocumentRecorded,
        x.CorrectiveActionDemanded,
        x.CorrectiveActionClosed,
        x.CorrectiveActionCancelled,
    )
)
"""What may start a clock, move it or stop the last one, and what the owner is told of."""
_BATCH = 50
_AT_ONCE = 4

_log = logging.getLogger("concord.workflows")


class DisputeTrigger:
    """A case stays in the log until Temporal has taken it. Many at once, as from an import, leave room for users."""

    def __init__(self, database: Database, store: Store, starter: Starter, quiet_for: Callable[[], float]) -> None:
        self._store = store
        self._starter = starter
        self._pace = Pace(quiet_for, lambda: store.wakes.rung)
        self._limit = asyncio.Semaphore(_AT_ONCE)
        self.tail = Tail(NAME, TOPICS, self._handle, database, store.wakes, batch=_BATCH)

    async def _handle(self, tenant: Tenant, facts: Sequence[Fact]) -> None:
        latest: dict[UUID, Fact] = {fact.stream: fact for fact in facts}
        watched = await attended_disputes(self._store, tenant, list(latest))
        await together(self._wake(tenant, fact, over=fact.stream not in watched) for fact in latest.values())

    async def _wake(self, tenant: Tenant, fact: Fact, *, over: bool) -> None:
        async with self._limit:
            await self._pace()
            try:
                if over:
                    await self._starter.wake_dispute(tenant, fact.stream, fact.id)
                else:
                    await self._starter.ask_dispute(tenant, fact.stream, fact.id)
            except RPCError as error:
                # one case's trouble must not hold up the others; `concord workflows reconcile` asks again
                _log.error("the workflow of dispute %s of tenant %s could not be woken: %s", fact.stream, tenant.slug, error)


async def attended_disputes(store: Store, tenant: Tenant, ids: Sequence[UUID]) -> dict[UUID, Dispute]:
    """Those of the cases to which time may still bring something, by id."""
    found = await asyncio.gather(*(store.load(tenant, disputes, id) for id in ids))
    states: dict[UUID, Dispute | None] = {id: loaded.state for id, loaded in zip(ids, found, strict=True)}
    return {id: case for id, case in states.items() if case is not None and attended(case)}
