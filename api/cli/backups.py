"""`concord backup` and `concord restore`: the whole database, kept elsewhere and brought back to an instant."""

from __future__ import annotations

import signal
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.formats import count, plain, table
from api.cli.here import of_this_machine
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, err, out, say_json, told
from api.cli.progress import bars
from api.cli.tree import add, group
from api.instants import utc

if TYPE_CHECKING:
    from infra.backup.shelves import Shelf
    from infra.settings import Settings

To = Annotated[str | None, typer.Option("--to", metavar="PLACE", help="A folder, or s3://KEY:SECRET@host/bucket (default: CONCORD_BACKUP_TO).")]  # fmt: skip
From = Annotated[str | None, typer.Option("--from", metavar="PLACE", help="Where the backups are (default: CONCORD_BACKUP_TO).")]


def _opened(place: str | None) -> tuple[Settings, Shelf]:
    from infra.backup.refusals import NotOurServer
    from infra.backup.shelves import shelf_at
    from infra.settings import Settings

    settings = Settings.from_environment()
    if settings.database_url and not _is_ours(settings):
        raise NotOurServer(
            "DATABASE_URL names a server of your own: back it up with its own tools. `concord tenant export` works with every server."
        )
    if not (place := place or settings.backup_to):
        raise Ended("Say where backups are: --to PLACE, --from PLACE, or CONCORD_BACKUP_TO.", Exit.USAGE)
    return settings, shelf_at(place)


def _is_ours(settings: Settings) -> bool:
    """Whether DATABASE_URL is the embedded server's, as `concord up` hands it to its children."""
    from infra.embedded.postgres import EmbeddedPostgres

    server = EmbeddedPostgres(settings.home / "postgres").running()
    return server is not None and server.application_url() == settings.database_url


@told
@of_this_machine
def create(to: To = None, as_json: Json = False) -> None:
    """Make a base backup of the whole database while it goes on working. Personal keys are not in it: `concord backup keys`.

    Examples:
      concord backup create --to /mnt/elsewhere/concord
      CONCORD_BACKUP_TO=s3://KEY:SECRET@s3.example/backups concord backup create
    """
    from infra.backup.keeping import make_one

    settings, shelf = _opened(to)
    with bars(transient=True) as bar:
        made = make_one(settings, shelf, bar("bytes stored"))
    if as_json:
        say_json(made.model_dump(mode="json"))
        return
    out.print(f"Backup {made.id} in {shelf.place}: {count(len(made.tenants), 'tenant')}, {made.size:,} bytes.", markup=False)
    for log in made.tenants:
        out.print(f"  {log.slug}: {log.head:,} events, Merkle root {log.root}", markup=False, soft_wrap=True)
    out.print("Personal keys are not in it: keep them elsewhere with `concord backup keys --to DIR`.", style="dim")
    if made.documents_in_bucket:
        out.print("Documents lie in the bucket of DOCUMENTS_URL and are not in it either.", style="dim")


@told
@of_this_machine
def show(from_: From = None, as_json: Json = False) -> None:
    """Every backup, oldest first, and from when to when each can be restored.

    Example:
      concord backup list --from /mnt/elsewhere/concord
    """
    from infra.backup.care import restorable_to
    from infra.backup.manifest import backups

    _, shelf = _opened(from_)
    found = [(manifest, restorable_to(shelf, manifest)) for manifest in backups(shelf)]
    if as_json:
        say_json([{**manifest.model_dump(mode="json", exclude={"parts", "keys"}), "restorable_to": to} for manifest, to in found])
        return
    shown = table("backup", "restorable from", "to", "events", "bytes", right=("events", "bytes"))
    for manifest, to in found:
        events = sum(log.head for log in manifest.tenants)
        shown.add_row(manifest.id, *between(manifest.finished_at, to), f"{events:,}", f"{manifest.size:,}")
    out.print(shown)


@told
@of_this_machine
def verify(
    backup: Annotated[str | None, typer.Argument(metavar="BACKUP", help="Which (default: the newest).")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every backup.")] = False,
    from_: From = None,
    as_json: Json = False,
) -> None:
    """Read every byte of a backup and of the archive behind it, and name the first file that is not what was stored.

    Examples:
      concord backup verify
      concord backup verify --all --from /mnt/elsewhere/concord
    """
    from infra.backup.care import verify as verify_one
    from infra.backup.manifest import backup_named, backups

    _, shelf = _opened(from_)
    with bars(transient=True) as bar:
        chosen = backups(shelf) if everything else [backup_named(shelf, backup)]
        found = [verify_one(shelf, manifest, bar(manifest.id, total=manifest.size)) for manifest in chosen]
    if as_json:
        say_json([one._asdict() for one in found])
        return
    for one in found:
        out.print(
            f"Backup {one.backup} is whole: {count(one.files, 'file')}, {count(one.segments, 'file')} of the archive; it can be restored up "
            f"to {utc(one.restorable_to)}."
        )
    if not found:
        out.print("There is no backup yet.")


@told
@of_this_machine
def prune(
    keep: Annotated[int | None, typer.Option("--keep", min=1, metavar="DAYS", help="Days (default: CONCORD_BACKUP_KEEP, 35).")] = None,
    from_: From = None,
    as_json: Json = False,
) -> None:
    """Remove backups that are older than they are kept, and the archive that only they need; never the last good one.

    Example:
      concord backup prune --keep 14
    """
    from infra.backup.care import prune as prune_all

    settings, shelf = _opened(from_)
    gone = prune_all(shelf, keep=timedelta(days=keep or settings.backup_keep), now=datetime.now(UTC))
    if as_json:
        say_json(gone._asdict())
        return
    named = f" ({', '.join(gone.backups)})" if gone.backups else ""
    out.print(f"Removed: {count(len(gone.backups), 'backup')}{named}, {count(gone.segments, 'file')} of the archive.")


@told
@of_this_machine
def keys(
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="A folder for its owner alone, apart from the backups.")],
    as_json: Json = False,
) -> None:
    """Copy the personal keys with their root key and the erased list; whoever has these and a backup reads all personal data.

    Example:
      concord backup keys --to /media/safe/concord-keys
    """
    from infra.backup.keys_copy import copy_keys
    from infra.settings import Settings

    settings = Settings.from_environment()
    folder = to.expanduser().absolute()
    if settings.backup_to and folder.is_relative_to(settings.backup_to):
        raise ValueError(f"{folder} lies among the backups: keys belong elsewhere, or erasing a person would not reach the backups.")
    files = copy_keys(settings, folder)
    if as_json:
        say_json([str(file) for file in files])
        return
    out.print(f"Copied to {folder}: {', '.join(file.name for file in files)}. Renew it after each erasure.", markup=False)


@partial(told, trace=True)
@of_this_machine
def run(to: To = None) -> None:
    """Archive the log all the time, and make a base backup whenever one is due; `concord up` does it where CONCORD_BACKUP_TO is set.

    Example:
      CONCORD_BACKUP_TO=/mnt/elsewhere/concord concord backup run
    """
    from infra.backup.keeping import keep

    settings, shelf = _opened(to)
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda given, _: asked.append(given))
    keep(settings, shelf, lambda words: print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {words}", flush=True), lambda: bool(asked))


@told
@of_this_machine
def restore(
    from_: From = None,
    to: Annotated[str | None, typer.Option("--to", metavar="INSTANT", help="To this instant, like 2026-03-31T09:00:00Z (default: all there is).")] = None,
    position: Annotated[int | None, typer.Option("--position", min=1, help="To this position of the tenant's log.")] = None,
    tenant: TenantName = None,
    backup: Annotated[str | None, typer.Option("--backup", help="Begin with this backup (default: the newest by then).")] = None,
    keys: Annotated[Path | None, typer.Option("--keys", metavar="DIR", help="Keys copied by `concord backup keys`, for a home without any.")] = None,
    without_keys: Annotated[bool, typer.Option("--without-keys", help="Personal data without its key reads as erased.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="In place of what is in CONCORD_HOME, which is kept beside it.")] = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Restore CONCORD_HOME from a backup and the archive, to an instant; the Merkle root of every log is compared before it opens.

    Examples:
      concord restore --from /mnt/elsewhere/concord
      concord restore --to 2026-03-31T09:00:00Z --replace
      concord restore --position 12000 --tenant acme --keys /media/safe/concord-keys
    """
    from api.restoring import make_ready
    from infra.backup.restore import restore as restore_home

    settings, shelf = _opened(from_)
    if to is not None and position is not None:
        raise Ended("Say --to or --position, not both.", Exit.USAGE)

    def step(words: str) -> None:
        if not as_json:
            err.print(f"{words} ...", markup=False, style="dim")

    done = restore_home(
        settings,
        shelf,
        backup=backup,
        to=_instant(to),
        position=(tenant or settings.tenant, position) if position else None,
        keys=keys,
        without_keys=without_keys,
        replacing=replace,
        make_ready=lambda reached: make_ready(reached, step),
        step=step,
    )
    if as_json:
        say_json(asdict(done))
        return
    until = f" to {utc(done.to)}" if done.to else ""
    out.print(f"Restored from backup {done.backup}{until}. `concord up` opens it, and starts open work anew.", markup=False)
    for log in done.logs:
        last = f"the last of {log.recorded_at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC" if log.recorded_at else "none yet"
        agreed = f", as stated at {', '.join(f'{size:,}' for size in log.witnesses[-3:])}" if log.witnesses else ""
        out.print(f"  {plain(log.slug)}: {log.events:,} events, {last}; Merkle root {log.root}{agreed}.", soft_wrap=True)
        if log.published_beyond:
            out.print(beyond(log.slug, log.published_beyond, log.events), markup=False, style="yellow", soft_wrap=True)
    if done.erased:
        out.print(f"{count(done.erased, 'key')} of erased people stay destroyed.")
    if done.kept:
        out.print(f"What was there before is kept in {', '.join(done.kept)}.", markup=False, soft_wrap=True)


def between(first: datetime, last: datetime) -> tuple[str, str]:
    """From when to when a backup can be restored, as `--to` takes it: to the second where both then still lie between."""
    early = first.astimezone(UTC) + timedelta(microseconds=-first.microsecond % 1_000_000)
    late = last.astimezone(UTC).replace(microsecond=0)
    if early > late:
        early, late = first.astimezone(UTC), last.astimezone(UTC)
    return utc(early), utc(late)


def beyond(slug: str, published: int, events: int) -> str:
    """What became of checkpoints up to `published` once only `events` are left, and the command that signs again."""
    return (
        f"  Checkpoints of {plain(slug)} were published up to position {published:,}, and what followed {events:,} is no more: tell those "
        "who hold them. Nothing more is signed until you begin again under another name, once `concord up` has opened it: "
        f"concord proofs restart --tenant {plain(slug)}"
    )


def _instant(written: str | None) -> datetime | None:
    if written is None:
        return None
    try:
        instant = datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(f"--to {written!r} is no instant: write it like 2026-03-31T09:00:00Z.") from None
    if instant.tzinfo is None:
        raise ValueError(f"--to {written!r} does not say its zone: write {written}Z for UTC, or {written}+01:00.")
    return instant


def add_to(app: typer.Typer) -> None:
    words = "Backups of the whole database: make, list, check and let go of them; copy the keys"
    commands = ("create", create), ("list", show), ("verify", verify), ("prune", prune), ("keys", keys), ("run", run)
    group(app, "backup", words, *commands)
    add(app, restore)
