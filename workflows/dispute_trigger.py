"""Takes disputes up when they are raised, and has their workflow look again when something happened in the case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from domain.disputes import Dispute, disputes
from domain.disputes import clock_events as t
from domain.disputes import corrective_events as x
from domain.disputes import events as e
from domain.disputes.timing import attended
from infra.database import Database, Tenant
from infra.event_store import Store
from workflows.messages import DISPUTE_WORKFLOW
from workflows.opened import states_of
from workflows.pace import Pace
from workflows.starting import Starter
from workflows.tails import Fact, Tail
from workflows.waking import Waking, latest

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


class DisputeTrigger:
    """A case stays in the log until Temporal has taken it. Many at once, as from an import, leave room for users."""

    def __init__(self, database: Database, store: Store, starter: Starter, quiet_for: Callable[[], float]) -> None:
        self._store = store
        self._starter = starter
        self._waking = Waking(DISPUTE_WORKFLOW, _AT_ONCE, Pace(quiet_for, lambda: store.wakes.rung))
        self.tail = Tail(NAME, TOPICS, self._handle, database, store.wakes, batch=_BATCH)

    async def _handle(self, tenant: Tenant, facts: Sequence[Fact]) -> None:
        changed = latest(facts)
        watched = await attended_disputes(self._store, tenant, list(changed))

        async def look(tenant: Tenant, fact: Fact) -> None:
            call = self._starter.ask if fact.stream in watched else self._starter.wake
            await call(tenant, DISPUTE_WORKFLOW, fact.stream, fact.id)

        await self._waking.each(tenant, changed.values(), look)


async def attended_disputes(store: Store, tenant: Tenant, ids: Sequence[UUID]) -> dict[UUID, Dispute]:
    """Those of the cases to which time may still bring something, by id."""
    found = await states_of(store, tenant, disputes, ids)
    return {id: case for id, case in found.items() if attended(case)}
