"""Takes contracts up when they ask for a review or come into force; has their workflow look again when days that count have moved."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from uuid import UUID

from temporalio.service import RPCError

from domain.contracts import Contract, contracts
from domain.contracts import amendment_events as a
from domain.contracts import events as e
from domain.contracts import obligation_events as o
from domain.contracts.consent import approval_of, awaited
from infra.database import Database, Tenant
from infra.event_store import Store
from workflows.starting import Starter
from workflows.tails import Fact, Tail, together
from workflows.take_up import Pace

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

_log = logging.getLogger("concord.workflows")


class ContractTrigger:
    """A contract stays in the log until Temporal has taken it. Many at once, as from an import, leave room for users."""

    def __init__(self, database: Database, store: Store, starter: Starter, quiet_for: Callable[[], float]) -> None:
        self._store = store
        self._starter = starter
        self._pace = Pace(quiet_for, lambda: store.wakes.rung)
        self._limit = asyncio.Semaphore(_AT_ONCE)
        self.tail = Tail(NAME, TOPICS, self._handle, database, store.wakes, batch=_BATCH)

    async def _handle(self, tenant: Tenant, facts: Sequence[Fact]) -> None:
        latest: dict[UUID, Fact] = {fact.stream: fact for fact in facts}
        watched = await watched_contracts(self._store, tenant, list(latest))
        # a breach is claimed after the end of the contract too: its workflow looks once more
        claimed = {fact.stream for fact in facts if fact.topic == o.ObligationDisputed.topic}
        # who was asked before anybody followed the contract is reminded, too
        held = [approval for contract in watched.values() for one in awaited(contract) if (approval := approval_of(contract, one))]
        await together(self._starter.ask_approval(tenant, approval, approval) for approval in held)
        await together(self._wake(tenant, fact, over=fact.stream not in watched and fact.stream not in claimed) for fact in latest.values())

    async def _wake(self, tenant: Tenant, fact: Fact, *, over: bool) -> None:
        async with self._limit:
            await self._pace()
            try:
                if over:
                    await self._starter.wake_contract(tenant, fact.stream, fact.id)
                else:
                    await self._starter.ask_contract(tenant, fact.stream, fact.id)
            except RPCError as error:
                # one contract's trouble must not hold up the others; `concord workflows reconcile` asks again
                _log.error("the workflow of contract %s of tenant %s could not be woken: %s", fact.stream, tenant.slug, error)


async def watched_contracts(store: Store, tenant: Tenant, ids: Sequence[UUID]) -> dict[UUID, Contract]:
    """Those of the contracts of which a clock still runs, or that wait for consent, by id."""
    found = await asyncio.gather(*(store.load(tenant, contracts, id) for id in ids))
    states: dict[UUID, Contract | None] = {id: loaded.state for id, loaded in zip(ids, found, strict=True)}
    return {id: contract for id, contract in states.items() if contract is not None and (contract.watched or awaited(contract))}
