"""Keys of persons, in a store of their own: never in the events' PostgreSQL cluster, whose base backups would copy them.

Three levels: the root key (`infra/root_key.py`) wraps one key for each tenant, which wraps the keys of that tenant's persons and
its secrets. Each is 32 random bytes, wrapped with AES-256-GCM. Forgetting a person's key makes every ciphertext under it
unreadable, in every backup of the events too. A key is durable before the event that uses it is sent.

What was forgotten is listed in the store and in a file beside it (`infra/erased_list.py`), so that a store restored from an
older copy forgets it again as soon as it is opened.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra import key_rotations
from infra.erased_list import Erased, ErasedList
from infra.key_layout import bound, bound_secret, lay_out, new_tenant_key, rewrapped, tenant_key, unwrapped, wrapped
from infra.key_rotations import Rotation
from infra.masks import Masked, Span
from infra.root_key import KeysUnavailable, RootKey, id_of

__all__ = ["Keys", "KeysUnavailable"]

LOOK = 0.25
"""Seconds for which a process may go on with a key that another has forgotten."""
_PATIENCE = 30.0
"""Seconds to wait for another process that writes: a rotation re-wraps every key of a tenant."""


class Keys:
    """A file database of wrapped keys. Safe for threads and for several processes on one machine."""

    def __init__(self, path: Path, root_file: Path) -> None:
        self._root = RootKey(root_file)
        self._list = ErasedList(path.with_name("erased.list"))
        self._known: dict[tuple[str, UUID], bytes] = {}
        self._origins: dict[str, str] = {}
        self._bare: dict[str, bool] = {}
        self._tenants: dict[tuple[str, int], AESGCM] = {}
        self._writing, self._reading = threading.Lock(), threading.Lock()
        self._writer, self._reader = _connected(path), _connected(path)
        self._listeners: list[Callable[[], None]] = []
        self._looked, self._version, self._heard, self._masks_heard = 0.0, -1, 0, 0
        self.masks: dict[str, dict[tuple[UUID, int], list[Masked]]] = {}
        """Masked words, by tenant and by stored event, in the order in which they were cut out."""
        with self._transaction() as writer:
            lay_out(writer, self._root)
        self._forget_again()
        self.refresh(at_once=True)
        self._heard = self._reader.execute("SELECT coalesce(max(seq), 0) FROM forgotten").fetchone()[0]

    @classmethod
    def open(cls, path: Path, root_file: Path) -> Keys:
        """Open the store at `path`, creating it and the root key file (32 bytes, mode 0600) when both are missing.

        A store of an older layout is brought to this one, whole or not at all. Raises KeysUnavailable when keys exist but their
        root does not.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        if not root_file.exists():
            if path.exists():
                raise KeysUnavailable(f"{path} holds keys but their root {root_file} is missing; restore it from where you keep it safe")
            RootKey(root_file).make()
        RootKey(root_file).read()
        # only its owner may look, from the first byte
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        return cls(path, root_file)

    def cached(self, tenant: str, subject: UUID) -> bytes | None:
        """The key if this process has met it and it was not forgotten, without reading it from the disk."""
        self.refresh()
        return self._known.get((tenant, subject))

    def obtain(self, tenant: str, subjects: Iterable[UUID]) -> None:
        """Make sure each subject has a key, durably; afterwards `cached` answers for each that is not forgotten."""
        self.refresh()
        missing = [s for s in dict.fromkeys(subjects) if (tenant, s) not in self._known]
        if not missing:
            return
        made: dict[tuple[str, UUID], bytes] = {}
        with self._transaction() as writer:
            version, seal = tenant_key(writer, self._root, tenant)
            for subject in missing:
                row = writer.execute("SELECT wrapped FROM keys WHERE tenant = ? AND subject = ?", (tenant, subject.bytes)).fetchone()
                if row is None:
                    key = AESGCM.generate_key(256)
                    values = (tenant, subject.bytes, wrapped(seal, key, bound(tenant, subject)))
                    writer.execute("INSERT INTO keys (tenant, subject, wrapped) VALUES (?, ?, ?)", values)
                    made[tenant, subject] = key
                elif row[0] is not None:
                    made[tenant, subject] = unwrapped(seal, row[0], bound(tenant, subject))
            # before the commit: nobody can have forgotten them yet, so that none is taken up after it was let go of
            self._known.update(made)
            self._tenants[tenant, version] = seal

    def get(self, tenant: str, subject: UUID) -> bytes | None:
        """The key, or None if there is none or it was forgotten."""
        known = self.cached(tenant, subject)
        if known is not None:
            return known
        with self._reading:
            row = self._reader.execute(
                "SELECT k.wrapped, t.version, t.wrapped, r.id FROM keys AS k JOIN tenant_keys AS t ON t.tenant = k.tenant, root AS r "
                "WHERE k.tenant = ? AND k.subject = ?",
                (tenant, subject.bytes),
            ).fetchone()
            if row is None or row[0] is None:
                return None
            key = unwrapped(self._tenant(tenant, *row[1:]), row[0], bound(tenant, subject))
            self._known[tenant, subject] = key
        return key

    def secret(self, tenant: str, name: str, make: Callable[[], bytes]) -> bytes:
        """What is kept under this name, such as a private key; made and durably kept when it is asked for first."""
        with self._transaction() as writer:
            _, seal = tenant_key(writer, self._root, tenant)
            row = writer.execute("SELECT wrapped FROM secrets WHERE tenant = ? AND name = ?", (tenant, name)).fetchone()
            if row is None:
                row = (wrapped(seal, make(), bound_secret(tenant, name)),)
                writer.execute("INSERT INTO secrets (tenant, name, wrapped) VALUES (?, ?, ?)", (tenant, name, row[0]))
        return unwrapped(seal, row[0], bound_secret(tenant, name))

    def replace_secret(self, tenant: str, name: str, value: bytes) -> None:
        """Keep another value under this name from now on, durably; what was there stays beside it, under the time of the change."""
        with self._transaction() as writer:
            _, seal = tenant_key(writer, self._root, tenant)
            row = writer.execute("SELECT wrapped FROM secrets WHERE tenant = ? AND name = ?", (tenant, name)).fetchone()
            kept = [(name, value)]
            if row is not None:
                kept.append((f"{name} until {datetime.now(UTC).isoformat()}", unwrapped(seal, row[0], bound_secret(tenant, name))))
            for called, secret in kept:
                writer.execute(
                    "INSERT OR REPLACE INTO secrets (tenant, name, wrapped) VALUES (?, ?, ?)",
                    (tenant, called, wrapped(seal, secret, bound_secret(tenant, called))),
                )

    def origin(self, tenant: str) -> str:
        """The name under which the tenant's data was and is sealed: its own, unless its log was brought here under another one."""
        if tenant not in self._origins:
            with self._reading:
                row = self._reader.execute("SELECT origin FROM origins WHERE tenant = ?", (tenant,)).fetchone()
            self._origins[tenant] = row[0] if row else tenant
        return self._origins[tenant]

    def bare(self, tenant: str) -> bool:
        """Whether the tenant's log was brought here without the keys under which it is sealed: what no key here opens is as erased."""
        if tenant not in self._bare:
            with self._reading:
                self._bare[tenant] = self._reader.execute("SELECT 1 FROM bare WHERE tenant = ?", (tenant,)).fetchone() is not None
        return self._bare[tenant]

    def forget(self, tenant: str, subjects: Iterable[UUID], case: str) -> int:
        """Destroy these keys for good; how many were there still. Other processes stop using them within `LOOK` seconds."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        gone = self._forget([Erased(tenant, subject, at, case) for subject in dict.fromkeys(subjects)])
        self.refresh(at_once=True)
        return gone

    def mask(self, entries: Iterable[Masked]) -> int:
        """Show these words to nobody any more; of how many events there were none yet. Other processes follow within `LOOK` seconds."""
        entries, new = list(entries), 0
        with self._transaction() as writer:
            self._list.append(entries)
            for tenant, person, stream, version, digest, spans, at, case in entries:
                values = (tenant, person.bytes, stream.bytes, version, digest, json.dumps(spans), at, case)
                new += writer.execute(
                    "INSERT OR IGNORE INTO masks (tenant, person, stream, version, digest, spans, masked_at, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    values,
                ).rowcount
        self.refresh(at_once=True)
        return new

    def forgotten(self, tenant: str | None = None) -> Iterator[Erased]:
        """The erased list, oldest first."""
        with self._reading:
            rows = self._reader.execute("SELECT tenant, subject, forgotten_at, reason FROM forgotten ORDER BY seq").fetchall()
        return (Erased(slug, UUID(bytes=id), at, case) for slug, id, at, case in rows if tenant in {None, slug})

    def on_forgotten(self, heard: Callable[[], None]) -> None:
        """Have `heard` called whenever keys were forgotten, by whichever process, so that what they opened is let go of."""
        self._listeners.append(heard)

    def refresh(self, *, at_once: bool = False) -> None:
        """Let go of what was forgotten meanwhile; looks at most every `LOOK` seconds, unless `at_once`."""
        now = monotonic()
        if not at_once and now - self._looked < LOOK:
            return
        with self._reading:
            self._looked = now
            version = self._reader.execute("PRAGMA data_version").fetchone()[0]
            if version == self._version:
                return
            self._version = version
            # a log may have been brought in meanwhile
            self._origins.clear()
            self._bare.clear()
            rows = self._reader.execute("SELECT seq, tenant, subject FROM forgotten WHERE seq > ? ORDER BY seq", (self._heard,)).fetchall()
            for seq, slug, subject in rows:
                self._known.pop((slug, UUID(bytes=subject)), None)
                self._heard = seq
            if masked := self._read_masks():
                rows = rows or masked
        if rows:
            for heard in self._listeners:
                heard()

    def _read_masks(self) -> list[Masked]:
        found = []
        query = "SELECT seq, tenant, person, stream, version, digest, spans, masked_at, reason FROM masks WHERE seq > ? ORDER BY seq"
        for seq, tenant, person, stream, version, digest, spans, at, case in self._reader.execute(query, (self._masks_heard,)).fetchall():
            words = tuple(Span(*span) for span in json.loads(spans))
            entry = Masked(tenant, UUID(bytes=person), UUID(bytes=stream), version, digest, words, at, case)
            self.masks.setdefault(tenant, {}).setdefault((entry.stream, version), []).append(entry)
            found.append(entry)
            self._masks_heard = seq
        return found

    def tenants(self) -> list[str]:
        """Who has keys here."""
        with self._reading:
            return [row[0] for row in self._reader.execute("SELECT tenant FROM tenant_keys ORDER BY tenant")]

    def rotate_tenant(self, tenant: str) -> int:
        """Give the tenant a new key and re-wrap all that is under the old one, in one transaction; how many keys and secrets."""
        with self._transaction() as writer:
            _, old = tenant_key(writer, self._root, tenant)
            new = new_tenant_key(writer, self._root, tenant)
            count = rewrapped(writer, tenant, old, new)
            key_rotations.note(writer, "tenant", str(tenant_key(writer, self._root, tenant)[0]), [tenant])
        self._checkpoint()
        return count

    def rotate_root(self) -> int:
        """Make a new root key and re-wrap every tenant's key, in one transaction; how many. Cut off anywhere, all stays readable."""
        with self._transaction() as writer:
            self._root.settle(writer.execute("SELECT id FROM root").fetchone()[0])
            root = self._root.prepare()
            tenants = [tenant for (tenant,) in writer.execute("SELECT tenant FROM tenant_keys").fetchall()]
            seals = {tenant: tenant_key(writer, self._root, tenant, raw=True) for tenant in tenants}
            writer.execute("UPDATE root SET id = ?", (id_of(root),))
            for tenant, (version, key) in seals.items():
                made = wrapped(AESGCM(root), key, f"{tenant}\0{version}".encode())
                writer.execute("UPDATE tenant_keys SET wrapped = ? WHERE tenant = ?", (made, tenant))
            key_rotations.note(writer, "root", id_of(root), tenants)
        with self._transaction() as writer:  # as whoever opens the store next would
            self._root.settle(writer.execute("SELECT id FROM root").fetchone()[0])
        self._checkpoint()
        return len(tenants)

    def untold(self, tenant: str) -> list[Rotation]:
        """Rotations of which the tenant's log does not say yet, oldest first."""
        with self._reading:
            return key_rotations.untold(self._reader, tenant)

    def told(self, rotation: Rotation) -> None:
        """The log says so, durably."""
        with self._transaction() as writer:
            key_rotations.told(writer, rotation)

    def close(self) -> None:
        self._reader.close()
        self._writer.close()

    def _tenant(self, tenant: str, version: int, raw: bytes, root: str) -> AESGCM:
        known = self._tenants.get((tenant, version))
        if known is None:
            key = unwrapped(AESGCM(self._root.of(root)), raw, f"{tenant}\0{version}".encode())
            known = self._tenants[tenant, version] = AESGCM(key)
        return known

    def _forget(self, entries: list[Erased]) -> int:
        gone = 0
        with self._transaction() as writer:
            self._list.append(entries)
            for entry in entries:
                place = (entry.tenant, entry.subject.bytes)
                writer.execute("INSERT OR IGNORE INTO keys (tenant, subject) VALUES (?, ?)", place)
                gone += writer.execute(
                    "UPDATE keys SET wrapped = NULL, forgotten_at = ? WHERE tenant = ? AND subject = ? AND wrapped IS NOT NULL",
                    (entry.at, *place),
                ).rowcount
                known = writer.execute("SELECT 1 FROM forgotten WHERE tenant = ? AND subject = ?", place).fetchone()
                if known is None:
                    writer.execute(
                        "INSERT INTO forgotten (tenant, subject, forgotten_at, reason) VALUES (?, ?, ?, ?)", (*place, entry.at, entry.case)
                    )
        self._checkpoint()
        return gone

    def _forget_again(self) -> None:
        """Whatever the file lists and the store does not: it comes from an older copy."""
        known = {(entry.tenant, entry.subject) for entry in self.forgotten()}
        if again := [entry for entry in self._list.read() if (entry.tenant, entry.subject) not in known]:
            self._forget(again)
        if listed := self._list.masks():
            self.mask(listed)

    def _checkpoint(self) -> None:
        """Leave no wrapped key of before in the write-ahead file; what readers hold up is done by the next one."""
        with self._writing:
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException as error:
                self._writer.execute("ROLLBACK")
                self._known.clear()  # what was made in it never was
                self._tenants.clear()
                if isinstance(error, InvalidTag):
                    raise KeysUnavailable("keys were written under another root key; restore the root key that belongs to them") from error
                raise


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=_PATIENCE)
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("PRAGMA synchronous = full")
    connection.execute("PRAGMA secure_delete = on")  # what is overwritten is overwritten with zeros
    return connection
