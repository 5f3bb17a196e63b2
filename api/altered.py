"""What a caller is told when a stored event cannot be read: whether it was altered after it was signed, where it stands, what to do."""

from __future__ import annotations

import asyncio

from psycopg import sql

from api.doors import Doors
from api.problems import EventAltered, EventUnreadable
from domain.kernel import Refused
from infra.database import Tenant
from infra.event_store.loader import Row
from infra.event_store.unreadable import Unreadable
from infra.proofs import merkle
from infra.proofs.checkpoints import Checkpoint
from infra.proofs.leaves import leaf_of
from infra.proofs.published import Published
from infra.proofs.tiles import TilesDamaged


async def judged(doors: Doors, error: Unreadable) -> Refused:
    """EventAltered where the published tree holds another event at that position; EventUnreadable where that cannot be told."""
    tenant = Tenant(error.tenant)
    position = error.position or await _position(doors, tenant, error)
    rows: list[Row] = await doors.store.between(tenant, position, position)
    published = Published(doors.proofs_folder / tenant.slug)
    what_to_do = (
        f"`concord audit verify-log` names all that differs from what was signed; `concord audit bundle --positions {position} "
        "--out FILE` takes the evidence away."
    )
    if bool(rows) and await asyncio.to_thread(_differs, published, rows[0]):
        what = f"The event at position {position:,} is not the one that was signed: it was altered since, and cannot be read."
        return EventAltered(f"{what} {what_to_do}", position=position)
    what = f"The event at position {position:,} cannot be read: it was altered, or a newer Concord wrote it."
    return EventUnreadable(f"{what} {what_to_do}", position=position)


async def _position(doors: Doors, tenant: Tenant, error: Unreadable) -> int:
    query = sql.SQL("SELECT min(position) FROM {}.events WHERE stream = %s AND version = %s").format(sql.Identifier(tenant.schema))
    async with doors.database.connection() as connection:
        (found,) = await (await connection.execute(query, (error.stream, error.version))).fetchone() or (None,)
    return int(found or 0)


def _differs(published: Published, row: Row) -> bool:
    """Whether another event than this one was signed at its position, as far as the published tree leads to its checkpoint."""
    note, index = published.checkpoint(), row[0] - 1
    if note is None:
        return False
    try:
        checkpoint = Checkpoint.parse(note.rpartition("\n\n")[0] + "\n")
        if index >= checkpoint.size:
            return False
        signed = published.tree.nodes(checkpoint.size)(0, index)
        proof = published.tree.inclusion(index, checkpoint.size)
    except (TilesDamaged, ValueError):
        return False
    return signed != leaf_of(row) and merkle.verify_inclusion(index, checkpoint.size, signed, proof, checkpoint.root)
