"""Starting every open obligation from the log anew, after Temporal lost some or all of its state. Nothing is done twice:
the workflows that run are left alone, and what the others do again carries the command ids of the first time. Those that
run although their deal is over are woken, and end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from temporalio.client import Client

from domain.approvals import ApprovalRequested
from domain.contracts.events import ContractDrafted
from domain.deals.state import Deal
from domain.papers.events import PaperDrafted
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.temporal import RPC_TIMEOUT
from workflows.approval_trigger import open_approvals
from workflows.contract_trigger import watched_contracts
from workflows.dispute_trigger import BEGINNINGS, attended_disputes
from workflows.holding import held
from workflows.messages import APPROVAL_WORKFLOW, CONTRACT_WORKFLOW, DEAL_WORKFLOW, DISPUTE_WORKFLOW, PAPER_WORKFLOW, workflow_id
from workflows.opened import open_deals, opened
from workflows.paper_trigger import open_papers
from workflows.starting import Starter, reaching
from workflows.status import running_query
from workflows.sweep import schedule_sweep

_LOADED_TOGETHER = 200
_AT_ONCE = 8
"""Starts under way at the same time."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """`deals`: open deals whose workflow runs now; `moves`: those of them with a move that waits to be carried out;
    `over`: workflows that ran although their deal is closed or gone, and were told to look. `approvals`:
    those that ask somebody; `contracts`, `disputes`: those whose clocks run; `papers`: those that are with people who sign.
    """

    deals: int
    moves: int
    over: int = 0
    approvals: int = 0
    contracts: int = 0
    disputes: int = 0
    papers: int = 0


def _quietly(_done: int, _of: int) -> None:
    return


async def reconcile(
    database: Database, store: Store, client: Client, tenant: Tenant, progress: Callable[[int, int], None] = _quietly
) -> Reconciled:
    """Start the workflow of each open deal, approval and dispute and each contract in force that has none; deals with a pending move
    first. Repeatable at any time.

    `progress` is told how many deals are done, of how many. Raises TemporalUnavailable, StoreUnavailable; then run it again.
    """
    await schedule_sweep(client, tenant)
    if await held(database, tenant):
        return Reconciled(0, 0)
    starter = Starter(client)
    moving: list[tuple[UUID, UUID]] = []
    resting: list[UUID] = []
    after: int | None = 0
    while after is not None:
        window = await opened(database, tenant, after)
        for start in range(0, len(window.deals), _LOADED_TOGETHER):
            found = await open_deals(store, tenant, window.deals[start : start + _LOADED_TOGETHER])
            for id, deal in found.items():
                request = _request(id, deal)
                if request is None:
                    resting.append(id)
                else:
                    moving.append((id, request))
        after = window.upto
    total, done, limit = len(moving) + len(resting), 0, asyncio.Semaphore(_AT_ONCE)

    async def begin(id: UUID, request: UUID | None) -> None:
        nonlocal done
        async with limit:
            await starter.ask(tenant, DEAL_WORKFLOW, id, request)
        done += 1
        progress(done, total)

    async with asyncio.TaskGroup() as group:
        for id, request in moving:
            group.create_task(begin(id, request))
    for start in range(0, len(resting), _LOADED_TOGETHER):
        async with asyncio.TaskGroup() as group:
            for id in resting[start : start + _LOADED_TOGETHER]:
                group.create_task(begin(id, None))
    over = await _wake_idle(store, client, tenant, starter)
    ask, restart = partial(starter.ask, tenant), partial(_restart, database, store, tenant)
    approvals = await restart((ApprovalRequested.topic,), open_approvals, lambda id: ask(APPROVAL_WORKFLOW, id, id))
    contracts = await restart((ContractDrafted.topic,), watched_contracts, partial(ask, CONTRACT_WORKFLOW))
    disputes = await restart(BEGINNINGS, attended_disputes, partial(ask, DISPUTE_WORKFLOW))
    papers = await restart((PaperDrafted.topic,), open_papers, lambda id: ask(PAPER_WORKFLOW, id, id))
    return Reconciled(total, len(moving), over, approvals, contracts, disputes, papers)


async def _restart(
    database: Database,
    store: Store,
    tenant: Tenant,
    topics: Sequence[str],
    watched: Callable[[Store, Tenant, Sequence[UUID]], Awaitable[Iterable[UUID]]],
    ask: Callable[[UUID], Awaitable[None]],
) -> int:
    """Start the workflow of each thing, begun by one of `topics`, to which time may still bring something; returns how many there are."""
    found, limit = 0, asyncio.Semaphore(_AT_ONCE)

    async def begin(id: UUID) -> None:
        async with limit:
            await ask(id)

    upto: int | None = 0
    while upto is not None:
        window = await opened(database, tenant, upto, topics)
        for start in range(0, len(window.deals), _LOADED_TOGETHER):
            ids = list(await watched(store, tenant, window.deals[start : start + _LOADED_TOGETHER]))
            await asyncio.gather(*(begin(id) for id in ids))
            found += len(ids)
        upto = window.upto
    return found


async def _wake_idle(store: Store, client: Client, tenant: Tenant, starter: Starter) -> int:
    """Wake the running workflows whose deal is not open; returns how many."""
    prefix = workflow_id(tenant.slug, DEAL_WORKFLOW, "")

    async def listed() -> list[UUID]:
        return [UUID(run.id.removeprefix(prefix)) async for run in client.list_workflows(running_query(tenant), rpc_timeout=RPC_TIMEOUT)]

    running, woken = await reaching(listed()), 0
    for start in range(0, len(running), _LOADED_TOGETHER):
        part = running[start : start + _LOADED_TOGETHER]
        found = await open_deals(store, tenant, part)
        over = [id for id in part if id not in found]
        # any id will do: it is for Temporal's history alone
        await asyncio.gather(*(starter.wake(tenant, DEAL_WORKFLOW, id, id) for id in over))
        woken += len(over)
    return woken


def _request(id: UUID, deal: Deal) -> UUID | None:
    return deal.pending.request(id) if deal.pending is not None else None
