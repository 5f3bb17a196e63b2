"""What a base backup is: its files with their hashes, and each tenant's log with its Merkle root at that moment.

base/<ID>/data-000001 …      the base backup, a gzipped tar in parts
base/<ID>/manifest.json      written last: a backup without it was cut off and does not count
wal/…                        the archive of the write-ahead log (infra/backup/archive.py)
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from infra.backup.refusals import BackupDamaged, BackupPlaceUnusable, NoBackup
from infra.backup.shelves import Shelf

BASE = "base/"


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Shape):
    """One file of a backup. `size` in bytes, `sha256` in hexadecimal digits."""

    name: str
    size: int
    sha256: str


class TenantLog(_Shape):
    """A tenant's log when the backup began; whatever is restored from it holds at least this. `root`: hexadecimal digits."""

    slug: str
    simulated: bool
    head: int
    recorded_at: AwareDatetime | None
    root: str
    documents: int
    """How many documents its events name and the database keeps; those in a bucket (DOCUMENTS_URL) are counted by nobody here."""


class KeySample(_Shape):
    """Tells whether keys belong to a backup without telling them: HMAC-SHA-256 under a person's key of who it is."""

    tenant: str
    subject: str
    check: str


class Manifest(_Shape):
    """A base backup. Log sequence numbers as PostgreSQL writes them."""

    format: int = 1
    id: str
    concord: str
    postgres: str
    system: str
    """PostgreSQL's identifier of the cluster; archives of different ones never mix."""
    started_at: AwareDatetime
    finished_at: AwareDatetime
    timeline: int
    start_lsn: str
    end_lsn: str
    parts: tuple[Part, ...]
    tenants: tuple[TenantLog, ...]
    documents_in_bucket: bool
    keys: tuple[KeySample, ...]
    """Keys themselves are never in a backup: `concord backup keys` copies them to another place."""

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts)


def id_of(started_at: datetime) -> str:
    """A backup's name: when it began, to the millisecond, in UTC."""
    return started_at.strftime("%Y%m%dT%H%M%S") + f"{started_at.microsecond // 1000:03d}Z"


def name_of(backup: str) -> str:
    """The manifest's file name."""
    return f"{BASE}{backup}/manifest.json"


def backups(shelf: Shelf) -> list[Manifest]:
    """Every finished backup, oldest first. Raises BackupDamaged, naming the manifest that cannot be read."""
    return [_read(shelf, name) for name in shelf.sizes(BASE) if name.endswith("/manifest.json")]


def backup_named(shelf: Shelf, id: str | None) -> Manifest:
    """The backup of that name, else the newest. Raises NoBackup."""
    found = {manifest.id: manifest for manifest in backups(shelf)}
    if id is None and found:
        return found[max(found)]
    if id is None or id not in found:
        known = ", ".join(found) or "none"
        raise NoBackup(f"There is no backup {id or ''} in {shelf.place}; there are: {known}.".replace("backup  in", "backup in"))
    return found[id]


def refuse_other(shelf: Shelf, system: str) -> None:
    """Raises BackupPlaceUnusable where the place holds backups of another cluster."""
    if any(manifest.system != system for manifest in backups(shelf)[-1:]):
        raise BackupPlaceUnusable(f"{shelf.place} holds backups of another database: give each a folder or bucket of its own.")


def _read(shelf: Shelf, name: str) -> Manifest:
    try:
        return Manifest.model_validate_json(shelf.get(name))
    except ValidationError:
        raise BackupDamaged(f"{shelf.place}/{name} cannot be read: it is damaged, or of a newer Concord.", file=name) from None


def verified(shelf: Shelf, part: Part) -> bytes:
    """A part's bytes. Raises BackupDamaged, naming it, where they are not what was stored."""
    content = shelf.get(part.name)
    if len(content) != part.size or hashlib.sha256(content).hexdigest() != part.sha256:
        raise BackupDamaged(f"{shelf.place}/{part.name} is damaged: its SHA-256 is not the manifest's.", file=part.name)
    return content
