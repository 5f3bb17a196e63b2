"""What is wrong with the proofs of every log: what its signer found, and what differs at this moment where that is quickly told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from psycopg import Connection, sql

from infra.database import Tenant
from infra.proofs.checkpoints import Checkpoint
from infra.proofs.comparing import compare, differ, places
from infra.proofs.notes import NoteRejected
from infra.proofs.published import Published
from infra.proofs.standing import NAME
from infra.proofs.tiles import TilesDamaged

AT_MOST = 100_000
"""Events, of all logs together, that are compared; a larger log is compared by its signer, part by part, and by `concord proofs check`."""


class Trouble(NamedTuple):
    """`altered`: the log is not the one that was signed; else it is tried again."""

    altered: bool
    said: str


def troubles(connection: Connection[Any], tenants: Iterable[Tenant], folder: Path, *, at_most: int = AT_MOST) -> Iterator[Trouble]:
    """One for each tenant with which something is wrong. `connection` is in autocommit; `folder`: where checkpoints are published."""
    left = at_most
    for tenant in tenants:
        query = sql.SQL("SELECT parked_at IS NOT NULL, parked_cause FROM {}.tracking WHERE name = %s AND parked_cause IS NOT NULL")
        told = connection.execute(query.format(sql.Identifier(tenant.schema)), (NAME,)).fetchone()
        found, published = None, Published(folder / tenant.slug)
        size = _size(published)
        if size <= left:
            left -= size
            found = _compared(connection, tenant, published)
        if found is None and told is not None:
            found = Trouble(*told)
        if found is not None:
            yield Trouble(found.altered, f"{tenant.slug}: {found.said}")


def _size(published: Published) -> int:
    note = published.checkpoint()
    try:
        return 0 if note is None else Checkpoint.parse(note.rpartition("\n\n")[0] + "\n").size
    except ValueError:
        return 0


def _compared(connection: Connection[Any], tenant: Tenant, published: Published) -> Trouble | None:
    try:
        with connection.transaction():
            _, found = compare(connection, tenant, published, most=None)
    except LookupError:
        return None
    except (NoteRejected, TilesDamaged) as error:
        return Trouble(altered=False, said=f"what is published cannot be compared, because {error}")
    return Trouble(altered=True, said=f"{differ(places(found))} from what was signed") if found else None
