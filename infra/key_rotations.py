"""Which keys were replaced, noted in the key store by the very transaction that replaces them, until each tenant's log says so."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

TABLE = """CREATE TABLE IF NOT EXISTS rotations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
    at TEXT NOT NULL, told INTEGER NOT NULL DEFAULT 0)"""


class Rotation(NamedTuple):
    """`kind`: tenant or root; `key`: what the new one is known by (a tenant's number, a root's id), which tells nothing of it."""

    seq: int
    tenant: str
    kind: str
    key: str
    at: datetime


def note(writer: sqlite3.Connection, kind: str, key: str, tenants: Iterable[str]) -> None:
    """Note, inside the caller's transaction, that these tenants have a new key of this kind."""
    at = datetime.now(UTC).isoformat()
    writer.executemany("INSERT INTO rotations (tenant, kind, key, at) VALUES (?, ?, ?, ?)", [(slug, kind, key, at) for slug in tenants])


def untold(reader: sqlite3.Connection, tenant: str) -> list[Rotation]:
    """What the tenant's log does not say yet, oldest first."""
    query = "SELECT seq, tenant, kind, key, at FROM rotations WHERE tenant = ? AND NOT told ORDER BY seq"
    return [Rotation(seq, slug, kind, key, datetime.fromisoformat(at)) for seq, slug, kind, key, at in reader.execute(query, (tenant,))]


def told(writer: sqlite3.Connection, rotation: Rotation) -> None:
    """The log says so now."""
    writer.execute("UPDATE rotations SET told = 1 WHERE seq = ?", (rotation.seq,))
