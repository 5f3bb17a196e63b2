"""Starting workflows, and asking them to look at their thing. One for each deal, contract or paper, whoever starts it and how often."""

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
from workflows.messages import RUNS, workflow_id

_TASK_TIMEOUT = timedelta(seconds=5)
"""After a worker died with a task in hand, another one gets it this much later."""

_T = TypeVar("_T")


class Starter:
    """Calls that raise TemporalUnavailable when they should be made again, and RPCError when the server says no."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def ask(self, tenant: Tenant, noun: str, id: UUID, event: UUID | None = None) -> None:
        """Start the workflow of a thing where it does not run, and tell it that an event, if there is one, asks for a look."""
        signal: dict[str, Any] = {} if event is None else {"start_signal": "requested", "start_signal_args": [event]}
        await reaching(
            self._client.start_workflow(
                noun,
                RUNS[noun].model_validate({"tenant": tenant.slug, noun: id}),
                id=workflow_id(tenant.slug, noun, id),
                task_queue=TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                task_timeout=_TASK_TIMEOUT,
                rpc_timeout=RPC_TIMEOUT,
                **signal,
            )
        )

    async def wake(self, tenant: Tenant, noun: str, id: UUID, event: UUID) -> None:
        """Have the workflow of a thing look at it, which may be over; quiet where none runs, and none is started."""
        handle = self._client.get_workflow_handle(workflow_id(tenant.slug, noun, id))
        try:
            await reaching(handle.signal("requested", event, rpc_timeout=RPC_TIMEOUT))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise


async def reaching(call: Awaitable[_T]) -> _T:
    """The answer of a call. Raises TemporalUnavailable where the server is away, starting or overloaded."""
    try:
        return await call
    except Exception as error:
        if passing(error):
            raise TemporalUnavailable(str(error) or type(error).__name__) from error
        raise
