"""Carrying out the pending move of a deal: into the stage that was asked for, or into a recorded refusal."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from psycopg import sql

from domain.deals import deals
from domain.deals.commands import EnterStage, RefuseMove
from domain.deals.state import PendingMove
from domain.kernel import SYSTEM, Actor, Command, Refused
from infra.access_members import Directory
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.event_store.envelope import Meta
from infra.event_store.requests import KeyReused, VersionConflict
from workflows.approving import consent


def step_id(asked: UUID, step: str, occurrence: int | str = 1) -> UUID:
    """The command id of a workflow's step: the same after a retry, continue-as-new, reconcile, or the loss of all history."""
    return uuid5(asked, f"{step}:{occurrence}")


async def carry_out(
    database: Database, store: Store, tenant: Tenant, deal: UUID, move: PendingMove, directory: Directory | None = None
) -> None:
    """Enter the stage, or record why not; quiet when the move has settled meanwhile, or waits for approvers.

    The events get the correlation id of the request, by which whoever asked finds how it ended. Raises StoreUnavailable.
    """
    request = move.request(deal)
    asked = await meta_of(database, tenant, deal, move.version)
    actor = Actor(id=SYSTEM.id, on_behalf_of=asked.on_behalf_of or asked.actor)

    envelope: dict[str, Any] = {"by": actor, "correlation_id": asked.correlation_id, "causation_id": request}

    async def execute(step: str, command: Command) -> None:
        await store.execute(tenant, deals, deal, command, command_id=step_id(request, step), **envelope)

    try:
        found = await consent(
            store,
            directory or Directory(database, store),
            tenant,
            deal,
            request,
            asked.on_behalf_of or asked.actor,
            command_id=step_id(request, "consent"),
            **envelope,
        )
        if found.waiting:
            return
        if found.refused is not None:
            rule, detail = found.refused
            await execute("refuse", RefuseMove(request=request, rule=rule, detail=detail))
            return
        await execute("enter", EnterStage(to=move.asked.to, request=request, approval=found.approval))
    except (VersionConflict, KeyReused):
        raise  # says nothing about the move: it is tried again
    except Refused as refusal:
        unmet = refusal.data.get("unmet", ())
        await execute("refuse", RefuseMove(request=request, rule=refusal.rule, detail=refusal.detail, unmet=unmet))


async def meta_of(database: Database, tenant: Tenant, stream: UUID, version: int) -> Meta:
    """Who asked, and under which correlation id."""
    query = sql.SQL("SELECT meta FROM {}.events WHERE stream = %s AND version = %s").format(sql.Identifier(tenant.schema))
    async with database.connection() as connection:
        row = await (await connection.execute(query, (stream, version), binary=True)).fetchone()
    assert row is not None, "what was asked for stands in the log"
    return Meta.decode(row[0])
