"""Keeping the workflows off a tenant whose history is still being told: they would carry out its past at today's time.

The positions of the worker's tails stand beyond any log until then, durably, so that a generation that was killed is safe too.
Read models are folded meanwhile: they know no clock.
"""

from __future__ import annotations

from psycopg import sql

from infra.database import Database, Tenant
from workflows import approval_trigger, contract_trigger, dispute_trigger, outbox, take_up, trigger

_BEYOND = 2**62
_TAILS = (trigger.NAME, approval_trigger.NAME, contract_trigger.NAME, dispute_trigger.NAME, take_up.NAME, outbox.NAME)


async def hold(database: Database, tenant: Tenant) -> None:
    """Let no workflow see to the tenant; before its first event."""
    async with database.tenant(tenant) as cursor:
        await cursor.execute(
            "INSERT INTO tracking (name, position) SELECT name, %s FROM unnest(%b::text[]) AS name "
            "ON CONFLICT (name) DO UPDATE SET position = excluded.position",
            (_BEYOND, list(_TAILS)),
        )


async def release(database: Database, tenant: Tenant, head: int) -> None:
    """Let the tails begin: the past is settled, so that only what comes is triggered and sent; the open deals are taken up. Repeatable."""
    begins = {
        trigger.NAME: head,
        approval_trigger.NAME: head,
        contract_trigger.NAME: 0,
        dispute_trigger.NAME: 0,
        take_up.NAME: 0,
        outbox.NAME: head,
    }
    async with database.tenant(tenant) as cursor:
        await cursor.execute(
            "UPDATE tracking AS t SET position = b.position FROM unnest(%b::text[], %b::bigint[]) AS b (name, position) "
            "WHERE t.name = b.name AND t.position = %s",
            (list(begins), list(begins.values()), _BEYOND),
        )


async def held(database: Database, tenant: Tenant) -> bool:
    """Whether the tenant's history is still being told, so that nothing falls due in it yet."""
    query = sql.SQL("SELECT FROM {}.tracking WHERE name = %s AND position = %s").format(sql.Identifier(tenant.schema))
    async with database.connection() as connection:
        return (await connection.execute(query, (trigger.NAME, _BEYOND))).rowcount > 0
