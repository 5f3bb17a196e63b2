"""How the workflows of a tenant stand: what waits in the log, and what Temporal runs. For `concord workflows status`."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio.client import Client
from temporalio.service import RPCError

from domain.deals import DealMoveRefused, DealMoveWithdrawn, DealStageEntered, DealStageRequested
from domain.notifications import NotificationRaised
from infra.database import Database, Tenant
from infra.temporal import RPC_TIMEOUT, TemporalUnavailable
from workflows import approval_trigger, contract_trigger, dispute_trigger, outbox, paper_trigger, take_up, trigger
from workflows.messages import (
    APPROVAL_WORKFLOW,
    CONTRACT_WORKFLOW,
    DEAL_WORKFLOW,
    DISPUTE_WORKFLOW,
    PAPER_WORKFLOW,
    workflow_id,
)
from workflows.starting import reaching


@dataclass(frozen=True, slots=True)
class Waiting:
    """A tail of the log: the position it has come to, and how many events that concern it lie beyond."""

    name: str
    position: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Carried:
    """The workflows of one noun. `waiting`: events that should wake them, and that their trigger has not seen yet; `running`: those
    in Temporal, None if it does not answer.
    """

    noun: str
    waiting: int
    running: int | None


@dataclass(frozen=True, slots=True)
class Status:
    """`head`: the log's last position. `carried`: noun by noun. `take_up`: deals and clocks that the background has not looked at;
    `outbox`: notifications not sent. `unsettled`: moves that were asked for and have neither been carried out, refused nor withdrawn.
    """

    tenant: str
    head: int
    carried: tuple[Carried, ...]
    take_up: Waiting
    outbox: Waiting
    unsettled: int

    def of(self, noun: str) -> Carried:
        """The workflows of that noun."""
        return next(one for one in self.carried if one.noun == noun)


_NOUNS = {
    DEAL_WORKFLOW: trigger,
    APPROVAL_WORKFLOW: approval_trigger,
    CONTRACT_WORKFLOW: contract_trigger,
    DISPUTE_WORKFLOW: dispute_trigger,
    PAPER_WORKFLOW: paper_trigger,
}
_TAILS = {
    **{tail.NAME: tail.TOPICS for tail in _NOUNS.values()},
    take_up.NAME: take_up.TOPICS,
    outbox.NAME: (NotificationRaised.topic,),
}
_SETTLED = (DealStageEntered.topic, DealMoveRefused.topic, DealMoveWithdrawn.topic)


async def status(database: Database, client: Client, tenant: Tenant) -> Status:
    """The numbers of one tenant, now. Raises StoreUnavailable; that Temporal is away is part of the answer."""
    waiting: dict[str, Waiting] = {}
    async with database.tenant(tenant, read_only=True) as cursor:
        await cursor.execute("SELECT coalesce(max(position), 0) FROM events")
        row = await cursor.fetchone()
        assert row is not None
        head: int = row[0]
        for name, topics in _TAILS.items():
            await cursor.execute(
                "SELECT p, (SELECT count(*) FROM events WHERE position > p AND topic = ANY (%s)) "
                "FROM (SELECT coalesce((SELECT position FROM tracking WHERE name = %s), 0) AS p) AS t",
                (list(topics), name),
            )
            row = await cursor.fetchone()
            assert row is not None
            waiting[name] = Waiting(name, *row)
        await cursor.execute(
            "SELECT count(*) FILTER (WHERE topic = %s) - count(*) FILTER (WHERE topic = ANY (%s)) FROM events WHERE topic = ANY (%s)",
            (DealStageRequested.topic, list(_SETTLED), [DealStageRequested.topic, *_SETTLED]),
        )
        row = await cursor.fetchone()
        assert row is not None
    return Status(
        tenant=tenant.slug,
        head=head,
        carried=tuple([Carried(noun, waiting[tail.NAME].waiting, await _running(client, tenant, noun)) for noun, tail in _NOUNS.items()]),
        take_up=waiting[take_up.NAME],
        outbox=waiting[outbox.NAME],
        unsettled=row[0],
    )


def running_query(tenant: Tenant, noun: str = DEAL_WORKFLOW) -> str:
    """Finds the workflows of a noun of a tenant that run, in Temporal's words."""
    return f"WorkflowType = '{noun}' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '{workflow_id(tenant.slug, noun, '')}'"


async def _running(client: Client, tenant: Tenant, noun: str) -> int | None:
    try:
        return (await reaching(client.count_workflows(running_query(tenant, noun), rpc_timeout=RPC_TIMEOUT))).count
    except (TemporalUnavailable, RPCError):
        return None
