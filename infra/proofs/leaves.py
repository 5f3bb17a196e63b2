"""Leaf hashes of stored events: PostgreSQL lays out what each leaf hashes, and one SHA-256 over it is computed here.

`ENTRY` says in SQL what `canonical(...)` says in Python (infra/event_store/envelope.py) at a fifth of its price; a test holds them
equal. The server's own SHA-256 takes three times as long as Python's, which has the processor's instructions for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from psycopg import AsyncCursor, sql

from infra.database import Tenant
from infra.event_store.envelope import ENVELOPE_VERSION, canonical
from infra.event_store.loader import Row
from infra.proofs.merkle import HASH, leaf_hash

_MICROSECONDS = "int8send(timestamptz_send({})::bigint + 946684800000000)"
"""PostgreSQL counts from 2000-01-01."""
ENTRY = " || ".join(
    (
        rf"'\x00{ENVELOPE_VERSION:02x}'::bytea",
        "int8send(position)",
        _MICROSECONDS.format("recorded_at"),
        _MICROSECONDS.format("effective_at"),
        "uuid_send(stream)",
        "int8send(version)",
        "int4send(octet_length(topic))",
        "convert_to(topic, 'UTF8')",
        "int4send(octet_length(meta))",
        "meta",
        "int4send(octet_length(state))",
        "state",
    )
)
"""0x00 and the envelope of a row of `events`: what its leaf hashes (RFC 9162, section 2.1.1)."""
_RANGE = f"SELECT {ENTRY} FROM {{}}.events WHERE position BETWEEN %s AND %s ORDER BY position"
_EACH = f"SELECT position, {ENTRY} FROM {{}}.events WHERE position BETWEEN %s AND %s"


class LogBroken(Exception):  # noqa: N818  names what was found
    """Positions are missing in a log; `position` is the first of them."""

    def __init__(self, position: int) -> None:
        super().__init__(f"position {position:,} is missing in the log")
        self.position = position


async def entries(cursor: AsyncCursor[Any], tenant: Tenant, first: int, last: int) -> list[tuple[bytes]]:
    """What the leaves of the events at positions `first` to `last` hash, each in a row. Raises LogBroken if one is missing."""
    schema = sql.Identifier(tenant.schema).as_string()
    await cursor.execute(_RANGE.replace("{}", schema).encode(), (first, last), prepare=True)
    rows: list[tuple[bytes]] = await cursor.fetchall()
    if len(rows) != last - first + 1:
        query = (
            "SELECT min(p) FROM generate_series(%s::bigint, %s::bigint) AS p WHERE NOT EXISTS (SELECT FROM {}.events WHERE position = p)"
        )
        await cursor.execute(query.replace("{}", schema).encode(), (first, last))
        (missing,) = await cursor.fetchone() or (first,)
        raise LogBroken(missing)
    return rows


def hashed(rows: Iterable[tuple[bytes]]) -> bytes:
    """The leaf hashes of `entries`, one after the other."""
    return b"".join([sha256(entry).digest() for (entry,) in rows])


async def leaf_hashes(cursor: AsyncCursor[Any], tenant: Tenant, first: int, last: int) -> bytes:
    """The leaf hashes of the events at positions `first` to `last`, one after the other. Raises LogBroken if one is missing."""
    return await asyncio.to_thread(hashed, await entries(cursor, tenant, first, last))


async def differing(cursor: AsyncCursor[Any], tenant: Tenant, tree: bytes, first: int) -> tuple[list[int], list[int]]:
    """(positions of events that are others than those of `tree`, positions that are missing), counted from `first`, in order.

    `tree`: the leaf hashes that were published, one after the other.
    """
    last = first + len(tree) // HASH - 1
    await cursor.execute(_EACH.replace("{}", sql.Identifier(tenant.schema).as_string()).encode(), (first, last), prepare=True)
    found: dict[int, bytes] = {}
    for position, entry in await cursor.fetchall():
        # two at one position are not the one that was signed, whichever comes first
        found[position] = sha256(entry).digest() if position not in found else b""
    altered = [at for at, leaf in found.items() if leaf != tree[(at - first) * HASH : (at - first + 1) * HASH]]
    return sorted(altered), [at for at in range(first, last + 1) if at not in found]


def envelope_of(row: Row) -> bytes:
    """The canonical bytes of a stored row, as its leaf hashes them."""
    position, stream, version, topic, meta, state, recorded_at, effective_at = row
    return canonical(position, recorded_at, effective_at, stream, version, topic, bytes(meta), bytes(state))


def leaf_of(row: Row) -> bytes:
    """The leaf hash of a stored row."""
    return leaf_hash(envelope_of(row))
