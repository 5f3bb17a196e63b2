"""Keys of persons, in a store of their own: never in the events' PostgreSQL cluster, whose base backups would copy them.

A person's key is 32 random bytes, wrapped (AES-256-GCM) by the root key, which lives in a file or the environment beside
neither store. Forgetting a key makes every ciphertext under it unreadable, in every backup of the events too.
A key is durable before the event that uses it is sent.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class KeysUnavailable(Exception):  # noqa: N818  names the state and the way out
    """The key store or its root key cannot be used; the message says which and what to do."""


class Keys:
    """A file database of wrapped keys. Safe for threads and for several processes on one machine."""

    def __init__(self, path: Path, root: bytes) -> None:
        self._path = path
        self._root = AESGCM(root)
        self._lock = threading.Lock()
        self._known: dict[tuple[str, UUID], bytes | None] = {}
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._connection.execute("PRAGMA journal_mode = wal")
        self._connection.execute("PRAGMA synchronous = full")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS keys (tenant TEXT NOT NULL, subject BLOB NOT NULL, wrapped BLOB, forgotten_at TEXT, "
            "PRIMARY KEY (tenant, subject)) WITHOUT ROWID"
        )
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS secrets (tenant TEXT NOT NULL, name TEXT NOT NULL, wrapped BLOB NOT NULL, "
            "PRIMARY KEY (tenant, name)) WITHOUT ROWID"
        )

    @classmethod
    def open(cls, path: Path, root_file: Path) -> Keys:
        """Open the store at `path`, creating it and the root key file (32 bytes, mode 0600) when both are missing.

        Raises KeysUnavailable when keys exist but their root does not.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        if not root_file.exists():
            if path.exists():
                raise KeysUnavailable(f"{path} holds keys but their root {root_file} is missing; restore it from where you keep it safe")
            _make_root(root_file)
        root = root_file.read_bytes()
        if len(root) != 32:
            raise KeysUnavailable(f"{root_file} is not a root key: it must hold exactly 32 bytes")
        # only its owner may look, from the first byte
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        return cls(path, root)

    def cached(self, tenant: str, subject: UUID) -> bytes | None:
        """The key if this process has met it, without touching the disk."""
        return self._known.get((tenant, subject))

    def obtain(self, tenant: str, subjects: Iterable[UUID]) -> None:
        """Make sure each subject has a key, durably; afterwards `cached` answers for each that is not forgotten."""
        missing = [s for s in dict.fromkeys(subjects) if (tenant, s) not in self._known]
        if not missing:
            return
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for subject in missing:
                    if self._fetch(tenant, subject):
                        continue
                    key = AESGCM.generate_key(256)
                    nonce = os.urandom(_NONCE)
                    wrapped = nonce + self._root.encrypt(nonce, key, self._bound(tenant, subject))
                    self._connection.execute(
                        "INSERT INTO keys (tenant, subject, wrapped) VALUES (?, ?, ?)", (tenant, subject.bytes, wrapped)
                    )
                    self._known[tenant, subject] = key
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                for subject in missing:
                    self._known.pop((tenant, subject), None)
                raise

    def get(self, tenant: str, subject: UUID) -> bytes | None:
        """The key, or None if there is none or it was forgotten."""
        known = self._known.get((tenant, subject))
        if known is not None:
            return known
        with self._lock:
            self._fetch(tenant, subject)
        return self._known.get((tenant, subject))

    def secret(self, tenant: str, name: str, make: Callable[[], bytes]) -> bytes:
        """What is kept under this name, such as a private key; made and durably kept when it is asked for first."""
        bound = f"{tenant}\0{name}".encode()
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                row = self._connection.execute("SELECT wrapped FROM secrets WHERE tenant = ? AND name = ?", (tenant, name)).fetchone()
                if row is None:
                    nonce, made = os.urandom(_NONCE), make()
                    row = (nonce + self._root.encrypt(nonce, made, bound),)
                    self._connection.execute("INSERT INTO secrets (tenant, name, wrapped) VALUES (?, ?, ?)", (tenant, name, row[0]))
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
        try:
            return self._root.decrypt(row[0][:_NONCE], row[0][_NONCE:], bound)
        except InvalidTag as error:
            raise KeysUnavailable(f"{self._path} was written under another root key; restore the root key that belongs to it") from error

    def replace_secret(self, tenant: str, name: str, value: bytes) -> None:
        """Keep another value under this name from now on, durably; what was there stays beside it, under the time of the change."""
        bound = f"{tenant}\0{name}".encode()
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                row = self._connection.execute("SELECT wrapped FROM secrets WHERE tenant = ? AND name = ?", (tenant, name)).fetchone()
                if row is not None:
                    before = self._root.decrypt(row[0][:_NONCE], row[0][_NONCE:], bound)
                    self._keep(tenant, f"{name} until {datetime.now(UTC).isoformat()}", before)
                    self._connection.execute("DELETE FROM secrets WHERE tenant = ? AND name = ?", (tenant, name))
                self._keep(tenant, name, value)
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def _keep(self, tenant: str, name: str, value: bytes) -> None:
        nonce = os.urandom(_NONCE)
        wrapped = nonce + self._root.encrypt(nonce, value, f"{tenant}\0{name}".encode())
        self._connection.execute("INSERT INTO secrets (tenant, name, wrapped) VALUES (?, ?, ?)", (tenant, name, wrapped))

    def _fetch(self, tenant: str, subject: UUID) -> bool:
        row = self._connection.execute("SELECT wrapped FROM keys WHERE tenant = ? AND subject = ?", (tenant, subject.bytes)).fetchone()
        if row is None:
            return False
        if row[0] is None:
            self._known[tenant, subject] = None
            return True
        try:
            self._known[tenant, subject] = self._root.decrypt(row[0][:_NONCE], row[0][_NONCE:], self._bound(tenant, subject))
        except InvalidTag as error:
            raise KeysUnavailable(f"{self._path} was written under another root key; restore the root key that belongs to it") from error
        return True

    @staticmethod
    def _bound(tenant: str, subject: UUID) -> bytes:
        return tenant.encode() + b"\0" + subject.bytes

    def close(self) -> None:
        self._connection.close()


def _make_root(file: Path) -> None:
    """Make a root key in one step: of several processes that start at once, one wins, and none reads half a key."""
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=".root-")
    try:
        with os.fdopen(handle, "wb") as written:
            written.write(AESGCM.generate_key(256))
            written.flush()
            os.fsync(written.fileno())
        with contextlib.suppress(FileExistsError):
            Path(file).hardlink_to(draft)
    finally:
        Path(draft).unlink()
