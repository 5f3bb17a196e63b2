"""The Merkle root of a tenant's log at a position, computed from the stored rows alone in one pass: what a restored log is judged by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection, sql

from infra.database import Tenant
from infra.event_store.envelope import canonical
from infra.event_store.loader import COLUMNS, Row
from infra.proofs.merkle import EMPTY, leaf_hash, parent

_BATCH = 2_000


class GrowingRoot:
    """The root of a tree to which leaves are added one after the other; it keeps one hash for each bit of its size (RFC 9162 section 2.1)."""

    def __init__(self) -> None:
        self.size = 0
        self._whole: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Add a leaf's hash."""
        size, found = self.size, leaf
        while size & 1:
            found, size = parent(self._whole.pop(), found), size >> 1
        self._whole.append(found)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self._whole:
            return EMPTY
        *rest, found = self._whole
        for left in reversed(rest):
            found = parent(left, found)
        return found


class LogRoot(NamedTuple):
    """A log up to a position: how many events it has, when the last was recorded, and the root over them."""

    head: int
    recorded_at: datetime | None
    root: bytes


def leaf_of(row: Row) -> bytes:
    """The leaf hash of a stored row with the columns `COLUMNS`."""
    position, stream, version, topic, meta, state, recorded_at, effective_at = row
    return leaf_hash(canonical(position, recorded_at, effective_at, stream, version, topic, bytes(meta), bytes(state)))


def log_roots(connection: Connection[Any], tenant: Tenant, *positions: int) -> Iterator[LogRoot]:
    """The log at each of the rising `positions`, then at its end; within one snapshot and one pass.

    A position past the end is given as the end. Raises ValueError where a position is missing in between.
    """
    growing, at, wanted = GrowingRoot(), None, list(positions)
    with connection.transaction(), connection.cursor(f"roots_{tenant.schema}", binary=True) as cursor:
        cursor.itersize = _BATCH
        cursor.execute(sql.SQL(f"SELECT {COLUMNS} FROM {{}}.events ORDER BY position").format(sql.Identifier(tenant.schema)))
        while wanted and not wanted[0]:
            yield LogRoot(wanted.pop(0), None, EMPTY)
        for row in cursor:
            growing.add(leaf_of(row))
            at = row[6]
            if row[0] != growing.size:
                raise ValueError(f"position {growing.size} of {tenant.slug} is missing in its log")
            while wanted and wanted[0] == growing.size:
                yield LogRoot(wanted.pop(0), at, growing.root)
    for _ in (*wanted, None):
        yield LogRoot(growing.size, at, growing.root)
