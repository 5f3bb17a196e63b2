"""Looking after backups: checking that they are what was stored, and letting go of old ones."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from infra.backup.archive import after, kept_in, segment_of, unpacked, until
from infra.backup.manifest import BASE, Manifest, backups, name_of
from infra.backup.parts import PartsReader
from infra.backup.refusals import BackupDamaged
from infra.backup.shelves import Shelf

CUT_OFF = timedelta(days=1)
"""After which a backup without a manifest counts as cut off."""


class Verified(NamedTuple):
    """What was found whole. `restorable_to`: the last instant that can be restored from this backup."""

    backup: str
    files: int
    segments: int
    restorable_to: datetime


class Pruned(NamedTuple):
    """What was removed: backups by name, and how many files of the archive and of backups that were cut off."""

    backups: tuple[str, ...]
    segments: int
    cut_off: int


def verify(shelf: Shelf, manifest: Manifest, report: Callable[[int], None] = lambda _: None) -> Verified:
    """Read every byte of a backup, and of the archive behind it. Raises BackupDamaged or ArchiveIncomplete, naming the file."""
    reader = PartsReader(shelf, manifest, report)
    try:
        with tarfile.open(fileobj=reader, mode="r|gz") as tar:
            files = sum(1 for member in tar if member.isfile())
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BackupDamaged(f"{shelf.place}/{name_of(manifest.id)} cannot be unpacked: {error}.", file=name_of(manifest.id)) from error
    reader.finish()
    following = after(manifest, kept_in(shelf))
    for kept in following:
        unpacked(shelf, kept)
    return Verified(manifest.id, files, len(following), restorable_to(shelf, manifest))


def restorable_to(shelf: Shelf, manifest: Manifest) -> datetime:
    """The last instant to which this backup can be restored: its own end, or that of the archive of the same cluster."""
    archived = until(shelf)
    if archived is None or archived.system != manifest.system:
        return manifest.finished_at
    return max(manifest.finished_at, archived.until)


def sound(shelf: Shelf, manifest: Manifest) -> bool:
    """Whether every part is there and has its size; its bytes are not read."""
    sizes = shelf.sizes(f"{BASE}{manifest.id}/")
    return all(sizes.get(part.name) == part.size for part in manifest.parts)


def prune(shelf: Shelf, *, keep: timedelta, now: datetime) -> Pruned:
    """Remove the backups that ended longer than `keep` ago, and the archive that only they need; never the last sound one.

    Also what a backup that was cut off has left.
    """
    found = backups(shelf)
    last = next((manifest for manifest in reversed(found) if sound(shelf, manifest)), None)
    gone = [manifest for manifest in found if manifest.finished_at < now - keep and last is not None and manifest.id != last.id]
    for manifest in gone:
        # without its manifest it is no backup any more, whatever happens to us here
        shelf.remove(name_of(manifest.id))
        for part in manifest.parts:
            shelf.remove(part.name)
    left = [manifest for manifest in found if manifest not in gone]
    needed = min((segment_of(manifest.start_lsn) for manifest in left), default=0)
    segments = [kept for kept in kept_in(shelf) if kept.segment is not None and kept.segment < needed]
    for kept in segments:
        shelf.remove(kept.name)
    return Pruned(tuple(manifest.id for manifest in gone), len(segments), _sweep(shelf, found, now))


def _sweep(shelf: Shelf, found: list[Manifest], now: datetime) -> int:
    """Remove parts that no manifest names and that are older than a day; how many."""
    named, removed = {manifest.id for manifest in found}, 0
    for name in shelf.sizes(BASE):
        id = name.removeprefix(BASE).partition("/")[0]
        try:
            begun = datetime.fromisoformat(id[:15] + "+00:00")
        except ValueError:
            continue
        if id not in named and begun < now - CUT_OFF:
            shelf.remove(name)
            removed += 1
    return removed
