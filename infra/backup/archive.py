"""The archive of PostgreSQL's write-ahead log: each segment compressed, under a name that carries its SHA-256.

    wal/000000010000000000000003-<sha256>           a whole segment (zlib)
    wal/000000010000000000000004.partial-<sha256>   the one that is being written, as far as it was; replaced by the next
    wal/00000002.history-<sha256>                   where a timeline began: each restore begins a new one
    wal/until.json                                  up to which instant everything is here

So every file says by itself whether it is what was stored, and two servers that write to one archive are noticed.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from infra.backup.manifest import Manifest
from infra.backup.refusals import ArchiveIncomplete, BackupDamaged
from infra.backup.shelves import Shelf

WAL = "wal/"
SEGMENT = 16 << 20
"""Bytes; what initdb makes."""
_UNTIL = f"{WAL}until.json"
_NAME = re.compile(r"wal/([0-9A-F]{24}(?:\.partial)?|[0-9A-F]{8}\.history)-([0-9a-f]{64})")
_IN_A_LOG = (1 << 32) // SEGMENT


class Kept(NamedTuple):
    """One file of the archive. `wal`: PostgreSQL's name for it."""

    wal: str
    name: str
    size: int

    @property
    def segment(self) -> int | None:
        """Its number, counted over all timelines; None for a timeline's history."""
        return None if self.wal.endswith(".history") else number_of(self.wal)


class Archived(NamedTuple):
    """Up to where the archive is complete: whatever was committed by then can be restored."""

    until: datetime
    lsn: str
    system: str


def number_of(wal: str) -> int:
    """The number of a segment by its name, of whichever timeline."""
    return int(wal[8:16], 16) * _IN_A_LOG + int(wal[16:24], 16)


def segment_of(lsn: str) -> int:
    """The number of the segment in which a log sequence number lies."""
    high, _, low = lsn.partition("/")
    return ((int(high, 16) << 32) + int(low, 16)) // SEGMENT


def kept_in(shelf: Shelf, wal: str = "") -> list[Kept]:
    """Every file of the archive whose name begins so, by name."""
    return [Kept(found[1], name, size) for name, size in shelf.sizes(WAL + wal).items() if (found := _NAME.fullmatch(name))]


def ship(shelf: Shelf, wal: str, content: bytes, *, known: Iterable[Kept]) -> Kept:
    """Store one file. Raises BackupDamaged where another content of a whole segment is there: two servers write to one archive."""
    packed = zlib.compress(content, 1)
    kept = Kept(wal, f"{WAL}{wal}-{hashlib.sha256(packed).hexdigest()}", len(packed))
    before = [other for other in known if other.wal in {wal, f"{wal}.partial"} and other.name != kept.name]
    if any(not other.wal.endswith(".partial") for other in before):
        raise BackupDamaged(
            f"{shelf.place} holds another {wal}: a second Concord archives there. Give each a folder or bucket of its own.", file=wal
        )
    shelf.put(kept.name, packed)
    for other in before:
        shelf.remove(other.name)
    return kept


def say_until(shelf: Shelf, archived: Archived) -> None:
    """Note up to where everything is in the archive."""
    shelf.put(_UNTIL, json.dumps({"until": archived.until.isoformat(), "lsn": archived.lsn, "system": archived.system}).encode())


def until(shelf: Shelf) -> Archived | None:
    """Up to where the archive is complete; None where nothing was archived yet. Raises BackupDamaged."""
    if _UNTIL not in shelf.sizes(_UNTIL):
        return None
    try:
        said = json.loads(shelf.get(_UNTIL))
        return Archived(datetime.fromisoformat(said["until"]), str(said["lsn"]), str(said["system"]))
    except (ValueError, KeyError, TypeError):
        raise BackupDamaged(f"{shelf.place}/{_UNTIL} cannot be read.", file=_UNTIL) from None


def unpacked(shelf: Shelf, kept: Kept) -> bytes:
    """The file as PostgreSQL wrote it. Raises BackupDamaged, naming it."""
    packed = shelf.get(kept.name)
    if hashlib.sha256(packed).hexdigest() != kept.name[-64:]:
        raise BackupDamaged(f"{shelf.place}/{kept.name} is damaged: its SHA-256 is not the one in its name.", file=kept.name)
    return zlib.decompress(packed)


def after(manifest: Manifest, kept: Iterable[Kept]) -> list[Kept]:
    """What of the archive follows a base backup, without the partial segments of which the whole is there.

    Raises ArchiveIncomplete, naming the first segment that is missing between the backup's end and the archive's.
    """
    first, covered = segment_of(manifest.start_lsn), segment_of(manifest.end_lsn)
    # of two partial ones, between which an archiver was cut off, the larger is the newer
    largest = {one.wal: one for one in sorted(kept, key=lambda one: one.size)}
    following = [one for _, one in sorted(largest.items()) if one.segment is None or one.segment >= first]
    whole = {one.wal for one in following}
    chosen = [one for one in following if not (one.wal.endswith(".partial") and one.wal.removesuffix(".partial") in whole)]
    numbers = sorted({one.segment for one in chosen if one.segment is not None and one.segment > covered})
    for expected, number in zip(range(covered + 1, covered + 1 + len(numbers)), numbers, strict=True):
        if number != expected:
            missing = f"{manifest.timeline:08X}{expected // _IN_A_LOG:08X}{expected % _IN_A_LOG:08X}"
            raise ArchiveIncomplete(
                f"The archive lacks {missing}: from backup {manifest.id} nothing later can be restored. Make a new backup.", segment=missing
            )
    return chosen


def fetch(shelf: Shelf, files: Iterable[Kept], folder: Path) -> None:
    """Put the files into a folder under PostgreSQL's names; a partial segment counts as the segment. Raises BackupDamaged."""
    for kept in files:
        target = folder / kept.wal.removesuffix(".partial")
        target.write_bytes(unpacked(shelf, kept))
        target.chmod(0o600)
