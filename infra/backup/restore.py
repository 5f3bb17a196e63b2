"""Restoring a home: chosen, unpacked and recovered beside it, judged by its Merkle roots, made ready, and only then put in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psycopg import Connection, sql

from infra.backup.archive import after, kept_in
from infra.backup.care import restorable_to
from infra.backup.keys_copy import check_keys
from infra.backup.manifest import Manifest, backup_named, backups
from infra.backup.place import RestorePlace, remove
from infra.backup.recovery import fresh_cluster, give_passwords, recovered, unpack
from infra.backup.refusals import ArchiveIncomplete, HomeInUse, NoBackup, NotOurServer, RestoredDiffers
from infra.backup.shelves import Shelf
from infra.backup.witnesses import Witness, folder_of, published
from infra.database import Tenant
from infra.embedded.postgres import EmbeddedPostgres
from infra.log_roots import log_roots
from infra.proofs.follower import memory_of
from infra.proofs.published import Published
from infra.proofs.signer import remember
from infra.settings import Settings

Step = Callable[[str], None]
"""Told, in words for a person, what is being done now."""


@dataclass(frozen=True, slots=True)
class RestoredLog:
    """A tenant's log as it is now. `root`: hexadecimal digits; `witnesses`: the positions at which its root is as stated elsewhere."""

    slug: str
    events: int
    recorded_at: datetime | None
    root: str
    witnesses: tuple[int, ...]
    published_beyond: int | None
    """The largest checkpoint that was published for positions that are no more."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and where what was there before is kept. `to`: None where all that was archived was replayed."""

    backup: str
    to: datetime | None
    logs: tuple[RestoredLog, ...]
    kept: tuple[str, ...]
    erased: int
    """How many keys the erased list names; what they sealed reads as erased."""


def restore(
    settings: Settings,
    shelf: Shelf,
    *,
    backup: str | None = None,
    to: datetime | None = None,
    position: tuple[str, int] | None = None,
    keys: Path | None = None,
    without_keys: bool = False,
    replacing: bool = False,
    make_ready: Callable[[Settings], None] = lambda _: None,
    step: Step = lambda _: None,
) -> Restored:
    """Restore everything below `settings.home` to an instant, to a tenant's position, or to the end of the archive.

    `keys`: a copy made by `concord backup keys`, for a home that has none. `make_ready` is given the settings that reach the
    restored database before anybody else does. Cut off anywhere, the home is as it was or as it will be, and the same call goes on.
    Raises the refusals of infra/backup/refusals.py; each names what is wrong and what to do.
    """
    if settings.database_url:
        raise NotOurServer("DATABASE_URL names a server of your own: restore it with its own tools, or unset DATABASE_URL.")
    if to is not None and to > datetime.now(UTC):
        raise NoBackup(f"{_shown(to)} lies ahead: nothing can be restored from there.")
    place = RestorePlace(settings.home)
    with place.claimed(replacing=replacing):
        manifest = _chosen(shelf, backup, to)
        files = after(manifest, kept_in(shelf))
        erased = check_keys(settings, manifest.keys, keys, without_keys=without_keys)
        data, programs = place.prepare()
        cluster = fresh_cluster(data)
        step(f"Fetching backup {manifest.id} of {_shown(manifest.finished_at)}")
        unpack(shelf, manifest, files, data.parent, programs.account)
        if position is not None:
            step(f"Looking up when position {position[1]} of {position[0]} was written")
            with recovered(data.parent, cluster, programs, None) as connection:
                to = _instant_after(connection, *position)
            data, programs = place.prepare()
            unpack(shelf, manifest, files, data.parent, programs.account)
        step("Replaying PostgreSQL's log" + (f" up to {_shown(to)}" if to else ""))
        with recovered(data.parent, cluster, programs, to) as connection:
            step("Comparing the Merkle roots")
            logs = _judged(connection, manifest, settings)
            give_passwords(connection, cluster)
        remove(data.with_name("wal"), programs.account)
        place.write(cluster)
        _make_ready(settings, place, make_ready, step)
        # a tree that goes on beyond the log cannot be grown any more; whoever holds one of its checkpoints can tell
        outlived = [folder_of(settings, log.slug) for log in logs if log.published_beyond]
        for folder in outlived:
            # so that nothing is signed under the same name in another home either, before somebody says so
            if note := Published(folder).checkpoint():
                remember(memory_of(settings, folder.name), note)
        kept = place.swap(cluster, *outlived)
        return Restored(manifest.id, to, tuple(logs), tuple(map(str, kept)), erased)


def _chosen(shelf: Shelf, named: str | None, to: datetime | None) -> Manifest:
    """The backup to begin with: the one named, else the newest that ended by then. Raises NoBackup, ArchiveIncomplete."""
    if named is not None or to is None:
        manifest = backup_named(shelf, named)
    else:
        found = backups(shelf)
        before = [one for one in found if one.finished_at <= to]
        if not before:
            oldest = f"the oldest ended at {_shown(found[0].finished_at)}" if found else f"there is none in {shelf.place}"
            raise NoBackup(f"No backup ended by {_shown(to)}: {oldest}.")
        manifest = before[-1]
    if to is not None and to < manifest.finished_at:
        raise NoBackup(f"Backup {manifest.id} ended at {_shown(manifest.finished_at)}, after {_shown(to)}: choose an older one.")
    if to is not None and to > (end := restorable_to(shelf, manifest)):
        raise ArchiveIncomplete(
            f"The archive ends at {_shown(end)}, before {_shown(to)}: restore to {end.isoformat()} at the latest.", until=end.isoformat()
        )
    return manifest


def _instant_after(connection: Connection[Any], slug: str, position: int) -> datetime | None:
    """An instant after this position was committed and before the next was; None where it is the last. Raises NoBackup."""
    row = connection.execute("SELECT simulated FROM concord.tenants WHERE slug = %s", (slug,)).fetchone()
    if row is None or row[0]:
        raise NoBackup(f"Tenant {slug} {'has a simulated clock' if row else 'is not in this backup'}: restore to an instant instead.")
    events = sql.SQL("SELECT position, recorded_at FROM {}.events WHERE position >= %s ORDER BY position LIMIT 2")
    found = connection.execute(events.format(sql.Identifier(Tenant(slug).schema)), (position,)).fetchall()
    if not found or found[0][0] != position:
        raise NoBackup(f"The log of {slug} does not reach position {position} in what was backed up.")
    if len(found) == 1:
        return None
    # the next appender reads its clock after this one's commit; what was appended together has one time
    if found[0][1] == found[1][1]:
        raise NoBackup(f"Position {position} of {slug} was committed together with {position + 1}: choose the last one of them.")
    return found[1][1]  # type: ignore[no-any-return]


def _judged(connection: Connection[Any], manifest: Manifest, settings: Settings) -> list[RestoredLog]:
    """Each tenant's log beside what the manifest and the published checkpoints state. Raises RestoredDiffers, naming the tenant."""
    stated = {log.slug: log for log in manifest.tenants}
    logs = []
    present = [Tenant(*row) for row in connection.execute("SELECT slug, simulated FROM concord.tenants ORDER BY slug").fetchall()]
    if missing := set(stated) - {tenant.slug for tenant in present}:
        raise RestoredDiffers(f"Tenant {', '.join(sorted(missing))} is not in what was restored.", tenants=sorted(missing))
    for tenant in present:
        witnesses = published(settings, tenant)
        if log := stated.get(tenant.slug):
            witnesses.append(Witness(log.head, log.root, f"backup {manifest.id}"))
        witnesses.sort()
        *found, end = log_roots(connection, tenant, *(witness.size for witness in witnesses))
        for witness, root in zip(witnesses, found, strict=True):
            beyond = witness.size > end.head
            if (beyond and log and witness.size == log.head) or (not beyond and root.root.hex() != witness.root):
                raise RestoredDiffers(
                    f"The log of {tenant.slug} is not the one that {witness.source} states at position {witness.size}: "
                    "the backup, or the database before it, was altered.",
                    tenant=tenant.slug,
                    position=witness.size,
                )
        sizes = [witness.size for witness in witnesses]
        agreed = tuple(sorted({size for size in sizes if size <= end.head}))
        beyond_end = max((size for size in sizes if size > end.head), default=None)
        logs.append(RestoredLog(tenant.slug, end.head, end.recorded_at, end.root.hex(), agreed, beyond_end))
    return logs


def _make_ready(settings: Settings, place: RestorePlace, make_ready: Callable[[Settings], None], step: Step) -> None:
    postgres = EmbeddedPostgres(place.staging, step)
    server = postgres.start()
    try:
        make_ready(replace(settings, database_url=server.application_url(), migrator_url=server.migrator_url()))
    finally:
        if not postgres.stop():
            raise HomeInUse(f"PostgreSQL below {place.staging} does not end: stop process {server.process.pid}, and restore again.")


def _shown(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
