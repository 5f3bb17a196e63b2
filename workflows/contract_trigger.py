"""Takes contracts up when they ask for a review or come into force; has their workflow look again when days that count have moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from domain.contracts import Contract, contracts
from domain.contracts import amendment_events as a
from domain.contracts import events as e
from domain.contracts import obligation_events as o
from domain.contracts.consent import approval_of, awaited
from infra.database import Database, Tenant
from infra.event_store import Store
from workflows.messages import APPROVAL_WORKFLOW, CONTRACT_WORKFLOW
from workflows.opened import states_of
from workflows.pace import Pace
from workflows.starting import Starter
from workflows.tails import Fact, Tail, together
from workflows.waking import Waking, latest

NAME = "contract_trigger"
TOPICS = tuple(
    event.topic
    for event in (
        e.ContractSubmitted,
        e.ContractReturned,
        e.ContractDiscarded,
        e.ContractApproved,
        e.ContractActivated,
        e.ContractDatesSet,
        a.ContractAmendmentProposed,
        a.ContractAmendmentApproved,
        a.ContractAmendmentDropped,
        a.ContractAmended,
        e.ContractSuccessorSigned,
        e.ContractTerminated,
        e.ContractTerminationRevoked,
        o.ObligationScheduled,
        o.ObligationDropped,
        o.ObligationMet,
        o.ObligationWaived,
        o.ObligationDisputed,
    )
)
"""What may ask for consent, or settle it; what may start a clock, move it, or stop the last one."""
_BATCH = 50
_AT_ONCE = 4


class ContractTrigger:
    """A contract stays in the log until Temporal has taken it. Many at once, as from an import, leave room for users."""

    def __init__(self, database: Database, store: Store, starter: Starter, quiet_for: Callable[[], float]) -> None:
        self._store = store
        self._starter = starter
        self._waking = Waking(CONTRACT_WORKFLOW, _AT_ONCE, Pace(quiet_for, lambda: store.wakes.rung))
        self.tail = Tail(NAME, TOPICS, self._handle, database, store.wakes, batch=_BATCH)

    async def _handle(self, tenant: Tenant, facts: Sequence[Fact]) -> None:
        changed = latest(facts)
        watched = await watched_contracts(self._store, tenant, list(changed))
        # a breach is claimed after the end of the contract too: its workflow looks once more
        looked_after = watched.keys() | {fact.stream for fact in facts if fact.topic == o.ObligationDisputed.topic}
        # who was asked before anybody followed the contract is reminded, too
        held = [approval for contract in watched.values() for one in awaited(contract) if (approval := approval_of(contract, one))]
        await together(self._starter.ask(tenant, APPROVAL_WORKFLOW, approval, approval) for approval in held)

        async def look(tenant: Tenant, fact: Fact) -> None:
            call = self._starter.ask if fact.stream in looked_after else self._starter.wake
            await call(tenant, CONTRACT_WORKFLOW, fact.stream, fact.id)

        await self._waking.each(tenant, changed.values(), look)


async def watched_contracts(store: Store, tenant: Tenant, ids: Sequence[UUID]) -> dict[UUID, Contract]:
    """Those of the contracts of which a clock still runs, or that wait for consent, by id."""
    found = await states_of(store, tenant, contracts, ids)
    return {id: contract for id, contract in found.items() if contract.watched or awaited(contract)}
