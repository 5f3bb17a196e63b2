"""How keys lie in their store: its tables, what each wrapped key is bound to, and the older layout brought to this one."""

from __future__ import annotations

import os
import sqlite3
from typing import Any, Literal, overload
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.key_rotations import TABLE as ROTATIONS
from infra.root_key import KeysUnavailable, RootKey, id_of

_NONCE = 12
_LAYOUT = 1
"""PRAGMA user_version. 0: persons' keys and secrets were wrapped by the root itself."""
_TABLES = (
    """CREATE TABLE IF NOT EXISTS keys (
        tenant TEXT NOT NULL, subject BLOB NOT NULL, wrapped BLOB, forgotten_at TEXT, PRIMARY KEY (tenant, subject)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS secrets (
        tenant TEXT NOT NULL, name TEXT NOT NULL, wrapped BLOB NOT NULL, PRIMARY KEY (tenant, name)) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS root (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS tenant_keys (tenant TEXT PRIMARY KEY, version INTEGER NOT NULL, wrapped BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS origins (tenant TEXT PRIMARY KEY, origin TEXT NOT NULL) WITHOUT ROWID",
    ROTATIONS,
    # whose log came without the keys of the people in it
    "CREATE TABLE IF NOT EXISTS bare (tenant TEXT PRIMARY KEY) WITHOUT ROWID",
    """CREATE TABLE IF NOT EXISTS forgotten (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, subject BLOB NOT NULL,
        forgotten_at TEXT NOT NULL, reason TEXT NOT NULL, UNIQUE (tenant, subject))""",
    """CREATE TABLE IF NOT EXISTS masks (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, person BLOB NOT NULL, stream BLOB NOT NULL, version INTEGER NOT NULL,
        digest TEXT NOT NULL, spans TEXT NOT NULL, masked_at TEXT NOT NULL, reason TEXT NOT NULL,
        UNIQUE (tenant, person, stream, version, digest))""",
)


def lay_out(writer: sqlite3.Connection, root: RootKey) -> None:
    """Make what is missing, inside the caller's transaction, and finish a rotation of the root that was cut off.

    Raises KeysUnavailable, InvalidTag where the store was written under another root.
    """
    for table in _TABLES:
        writer.execute(table)
    known = writer.execute("SELECT id FROM root").fetchone()
    if known is None:
        writer.execute("INSERT INTO root (one, id) VALUES (1, ?)", (id_of(root.read()),))
    else:
        root.settle(known[0])
    if writer.execute("PRAGMA user_version").fetchone()[0] < _LAYOUT:
        old = AESGCM(root.read())
        for (tenant,) in writer.execute("SELECT DISTINCT tenant FROM keys UNION SELECT tenant FROM secrets").fetchall():
            rewrapped(writer, tenant, old, new_tenant_key(writer, root, tenant))
        writer.execute(
            "INSERT OR IGNORE INTO forgotten (tenant, subject, forgotten_at, reason) "
            "SELECT tenant, subject, coalesce(forgotten_at, ''), '' FROM keys WHERE wrapped IS NULL"
        )
        writer.execute(f"PRAGMA user_version = {_LAYOUT}")


@overload
def tenant_key(writer: sqlite3.Connection, root: RootKey, tenant: str, *, raw: Literal[True]) -> tuple[int, bytes]: ...
@overload
def tenant_key(writer: sqlite3.Connection, root: RootKey, tenant: str) -> tuple[int, AESGCM]: ...
def tenant_key(writer: sqlite3.Connection, root: RootKey, tenant: str, *, raw: bool = False) -> tuple[int, Any]:
    """(its version, the tenant's key), made where the tenant has none. Raises KeysUnavailable, InvalidTag."""
    row = writer.execute("SELECT t.version, t.wrapped, r.id FROM tenant_keys AS t, root AS r WHERE t.tenant = ?", (tenant,)).fetchone()
    if row is None:
        new_tenant_key(writer, root, tenant)
        return tenant_key(writer, root, tenant, raw=True) if raw else tenant_key(writer, root, tenant)
    version, kept, id = row
    key = _opened(AESGCM(root.of(id)), kept, f"{tenant}\0{version}".encode())
    return version, key if raw else AESGCM(key)


def new_tenant_key(writer: sqlite3.Connection, root: RootKey, tenant: str) -> AESGCM:
    """Put a new key in the place of the tenant's, which is wrapped by the root that the store names."""
    row = writer.execute("SELECT version FROM tenant_keys WHERE tenant = ?", (tenant,)).fetchone()
    version, key = (row[0] if row else 0) + 1, AESGCM.generate_key(256)
    id = writer.execute("SELECT id FROM root").fetchone()[0]
    made = wrapped(AESGCM(root.of(id)), key, f"{tenant}\0{version}".encode())
    writer.execute("INSERT OR REPLACE INTO tenant_keys (tenant, version, wrapped) VALUES (?, ?, ?)", (tenant, version, made))
    return AESGCM(key)


def rewrapped(writer: sqlite3.Connection, tenant: str, old: AESGCM, new: AESGCM) -> int:
    """Wrap all that is the tenant's by `new` instead of `old`; how many keys and secrets."""
    keys = writer.execute("SELECT subject, wrapped FROM keys WHERE tenant = ? AND wrapped IS NOT NULL", (tenant,)).fetchall()
    secrets = writer.execute("SELECT name, wrapped FROM secrets WHERE tenant = ?", (tenant,)).fetchall()
    for table, column, rows in (("keys", "subject", keys), ("secrets", "name", secrets)):
        values = []
        for name, kept in rows:
            to = bound(tenant, UUID(bytes=name)) if table == "keys" else bound_secret(tenant, name)
            values.append((wrapped(new, _opened(old, kept, to), to), tenant, name))
        writer.executemany(f"UPDATE {table} SET wrapped = ? WHERE tenant = ? AND {column} = ?", values)
    return len(keys) + len(secrets)


def wrapped(seal: AESGCM, key: bytes, to: bytes) -> bytes:
    """Nonce ‖ AES-256-GCM of the key, bound to its place."""
    nonce = os.urandom(_NONCE)
    return nonce + seal.encrypt(nonce, key, to)


def unwrapped(seal: AESGCM, kept: bytes, to: bytes) -> bytes:
    """The key. Raises KeysUnavailable."""
    try:
        return _opened(seal, kept, to)
    except InvalidTag as error:
        raise KeysUnavailable("keys were written under another root key; restore the root key that belongs to them") from error


def _opened(seal: AESGCM, kept: bytes, to: bytes) -> bytes:
    return seal.decrypt(kept[:_NONCE], kept[_NONCE:], to)


def bound(tenant: str, subject: UUID) -> bytes:
    """What a person's key is bound to."""
    return tenant.encode() + b"\0" + subject.bytes


def bound_secret(tenant: str, name: str) -> bytes:
    """What a secret is bound to."""
    return f"{tenant}\0{name}".encode()
