"""Backups that are made by themselves: the log archived all the time, a base backup when one is due, old ones removed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg

from domain.kernel import Refused
from infra.backup.archive import after, kept_in
from infra.backup.archiver import Archiver, SlotLost
from infra.backup.base import back_up
from infra.backup.care import prune
from infra.backup.manifest import Manifest, backups
from infra.backup.refusals import ArchiveIncomplete
from infra.backup.shelves import Shelf
from infra.backup.state import BackupState
from infra.embedded.postgres import EmbeddedPostgres, PostgresServer
from infra.embedded.process import ServerDown
from infra.keys import KeysUnavailable
from infra.opening import open_keys
from infra.settings import Settings

PAUSE = 5.0
"""Seconds between looks at what the server has written: about as much is lost with the machine."""
AGAIN = 30.0
"""Seconds after which what failed is tried again."""


def keep(settings: Settings, shelf: Shelf, say: Callable[[str], None], told: Callable[[], bool] = lambda: False) -> None:
    """Go on until `told` to stop. What fails is noted for the doctor, said, and tried again; nothing of the log is lost meanwhile."""
    state = BackupState(shelf.place)
    while not told():
        try:
            _follow(settings, shelf, say, told)
        except (Refused, ServerDown, KeysUnavailable, psycopg.Error, OSError) as error:
            lines = str(error).strip().splitlines()
            state = replace(
                BackupState.read(settings.home) or state, place=shelf.place, problem=lines[-1] if lines else type(error).__name__
            )
            state.write(settings.home)
            say(f"ERROR {state.problem}")
            _sleep(PAUSE if isinstance(error, SlotLost) else AGAIN, told)


def server_of(settings: Settings) -> PostgresServer:
    """The embedded server that runs below the home. Raises ServerDown."""
    server = EmbeddedPostgres(settings.home / "postgres").running()
    if server is None:
        raise ServerDown(f"Nothing runs below {settings.home}: start it with `concord up`, or set CONCORD_HOME to where it runs.")
    return server


def make_one(settings: Settings, shelf: Shelf, report: Callable[[int], None] = lambda _: None) -> Manifest:
    """A base backup now, and what is too old removed after it. Raises ServerDown, KeysUnavailable and what `back_up` raises."""
    with closing(open_keys(settings)) as keys:
        manifest = back_up(server_of(settings), shelf, keys, documents_in_bucket=settings.documents_url is not None, report=report)
    prune(shelf, keep=timedelta(days=settings.backup_keep), now=datetime.now(UTC))
    state = replace(BackupState.read(settings.home) or BackupState(shelf.place), place=shelf.place, base=manifest.finished_at)
    state.write(settings.home)
    return manifest


def _follow(settings: Settings, shelf: Shelf, say: Callable[[str], None], told: Callable[[], bool]) -> None:
    with Archiver(server_of(settings), shelf, settings.home / "wal", settings.logs / "wal.log") as archiver:
        archiver.once()
        newest, wrote = _continued(shelf), -AGAIN
        while not told():
            if newest is None or newest.finished_at < datetime.now(UTC) - timedelta(hours=settings.backup_every):
                say("Making a base backup")
                newest, wrote = make_one(settings, shelf), -AGAIN
                say(f"Base backup {newest.id} holds {newest.size:,} bytes")
            archived = archiver.once().until
            if time.monotonic() - wrote > AGAIN:
                BackupState(shelf.place, newest.finished_at, archived).write(settings.home)
                wrote = time.monotonic()
            _sleep(PAUSE, told)


def _continued(shelf: Shelf) -> Manifest | None:
    """The newest backup, if the archive goes on from it."""
    found = backups(shelf)
    try:
        return found[-1] if found and after(found[-1], kept_in(shelf)) is not None else None
    except ArchiveIncomplete:
        return None


def _sleep(seconds: float, told: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while not told() and time.monotonic() < until:
        time.sleep(0.1)
