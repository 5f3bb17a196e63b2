"""Starting deals' workflows, and asking them to look at their deal. One workflow per deal, whoever starts it and how often."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from infra.database import Tenant
from infra.temporal import RPC_TIMEOUT, TASK_QUEUE, TemporalUnavailable, passing
from workflows.messages import (
    APPROVAL_WORKFLOW,
    CONTRACT_WORKFLOW,
    DEAL_WORKFLOW,
    DISPUTE_WORKFLOW,
    PAPER_WORKFLOW,
    ApprovalRun,
    ContractRun,
    DealRun,
    DisputeRun,
    Message,
    PaperRun,
    approval_workflow_id,
    contract_workflow_id,
    deal_workflow_id,
    dispute_workflow_id,
    paper_workflow_id,
)

_TASK_TIMEOUT = timedelta(seconds=5)
"""After a worker died with a task in hand, another one gets it this much later."""

_T = TypeVar("_T")


class Starter:
    """Calls that raise TemporalUnavailable when they should be made again, and RPCError when the server says no."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def start(self, tenant: Tenant, deal: UUID) -> None:
        """Start the deal's workflow; quiet where it runs."""
        await self._begin(tenant, deal)

    async def ask(self, tenant: Tenant, deal: UUID, event: UUID) -> None:
        """Tell the deal's workflow that an event asks for something, starting it if it does not run."""
        await self._begin(tenant, deal, start_signal="requested", start_signal_args=[event])

    async def wake(self, tenant: Tenant, deal: UUID, event: UUID) -> None:
        """Have the deal's workflow look at its deal, which may be over; quiet where none runs, and none is started."""
        await self._signal(deal_workflow_id(tenant.slug, deal), event)

    async def ask_approval(self, tenant: Tenant, approval: UUID, event: UUID) -> None:
        """Tell the approval's workflow that an event changed something, starting it if it does not run."""
        run, id = ApprovalRun(tenant=tenant.slug, approval=approval), approval_workflow_id(tenant.slug, approval)
        await self._start(APPROVAL_WORKFLOW, run, id, start_signal="requested", start_signal_args=[event])

    async def ask_contract(self, tenant: Tenant, contract: UUID, event: UUID | None = None) -> None:
        """Start the contract's workflow where it does not run, and tell it that an event, if there is one, changed something."""
        run, id = ContractRun(tenant=tenant.slug, contract=contract), contract_workflow_id(tenant.slug, contract)
        signal = {"start_signal": "requested", "start_signal_args": [event]} if event is not None else {}
        await self._start(CONTRACT_WORKFLOW, run, id, **signal)

    async def wake_contract(self, tenant: Tenant, contract: UUID, event: UUID) -> None:
        """Have the contract's workflow look at its contract, which may be over; quiet where none runs, and none is started."""
        await self._signal(contract_workflow_id(tenant.slug, contract), event)

    async def ask_dispute(self, tenant: Tenant, dispute: UUID, event: UUID | None = None) -> None:
        """Start the dispute's workflow where it does not run, and tell it that an event, if there is one, changed something."""
        run, id = DisputeRun(tenant=tenant.slug, dispute=dispute), dispute_workflow_id(tenant.slug, dispute)
        signal = {"start_signal": "requested", "start_signal_args": [event]} if event is not None else {}
        await self._start(DISPUTE_WORKFLOW, run, id, **signal)

    async def wake_dispute(self, tenant: Tenant, dispute: UUID, event: UUID) -> None:
        """Have the dispute's workflow look at its case, which may be over; quiet where none runs, and none is started."""
        await self._signal(dispute_workflow_id(tenant.slug, dispute), event)

    async def _signal(self, workflow_id: str, event: UUID) -> None:
        handle = self._client.get_workflow_handle(workflow_id)
        try:
            await reaching(handle.signal("requested", event, rpc_timeout=RPC_TIMEOUT))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def ask_paper(self, tenant: Tenant, paper: UUID, event: UUID) -> None:
        """Tell the paper's workflow that an event changed something, starting it if it does not run."""
        run, id = PaperRun(tenant=tenant.slug, paper=paper), paper_workflow_id(tenant.slug, paper)
        await self._start(PAPER_WORKFLOW, run, id, start_signal="requested", start_signal_args=[event])

    async def _begin(self, tenant: Tenant, deal: UUID, **signal: Any) -> None:
        await self._start(DEAL_WORKFLOW, DealRun(tenant=tenant.slug, deal=deal), deal_workflow_id(tenant.slug, deal), **signal)

    async def _start(self, workflow: str, run: Message, id: str, **signal: Any) -> None:
        await reaching(
            self._client.start_workflow(
                workflow,
                run,
                id=id,
                task_queue=TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                task_timeout=_TASK_TIMEOUT,
                rpc_timeout=RPC_TIMEOUT,
                **signal,
            )
        )


async def reaching(call: Awaitable[_T]) -> _T:
    """The answer of a call. Raises TemporalUnavailable where the server is away, starting or overloaded."""
    try:
        return await call
    except Exception as error:
        if passing(error):
            raise TemporalUnavailable(str(error) or type(error).__name__) from error
        raise
