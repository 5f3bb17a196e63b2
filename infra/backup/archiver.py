"""Continuous archiving: pg_receivewal follows the server by a replication slot, and what it received is shipped to the shelf.

The slot makes the server keep what was not received yet, up to `max_slot_wal_keep_size`; so a pause loses nothing. The segment
that is being written is shipped too, every few seconds, so that little is lost with the machine.
"""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import Connection

from infra.backup.archive import Archived, Kept, kept_in, say_until, ship
from infra.backup.base import environment_of
from infra.backup.manifest import refuse_other
from infra.backup.refusals import BackupFailed
from infra.backup.shelves import Shelf
from infra.embedded.cluster import wheel
from infra.embedded.postgres import PostgresServer
from infra.embedded.process import make_directory, open_log

SLOT = "concord_archive"
PATIENCE = 30.0
"""Seconds within which what the server has written must have been received."""
SAYING = 30.0
"""Seconds after which the archive says anew up to when it is complete, where nothing was written meanwhile."""


class SlotLost(BackupFailed):
    """The server no longer keeps what was not archived: a new base backup has to begin a new stretch."""


class Archiver:
    """Follows one server and ships to one shelf. As a context manager: it receives while it is open. One at a time for a server."""

    def __init__(self, server: PostgresServer, shelf: Shelf, spool: Path, log: Path) -> None:
        """`spool`: a folder of its own for what was received and not shipped yet."""
        self._server, self._shelf, self._spool, self._log = server, shelf, spool, log
        self._receiver: subprocess.Popen[bytes] | None = None
        self._known: dict[str, Kept] = {}
        self._shipped = (0.0, 0)
        self._said = (0.0, "")
        self._system = ""

    def __enter__(self) -> Self:
        """Raises SlotLost where a pause was too long; the slot is then dropped, and the next begins anew."""
        make_directory(self._spool, 0o700)
        with self._connected() as connection:
            row = connection.execute("SELECT active_pid, wal_status FROM pg_replication_slots WHERE slot_name = %s", (SLOT,)).fetchone()
            if row and row[0]:
                # a receiver whose archiver was killed
                connection.execute("SELECT pg_terminate_backend(%s, 5000)", (row[0],))
            if row and row[1] == "lost":
                self._begin_anew(connection)
                raise SlotLost("Archiving paused for so long that PostgreSQL has let go of its log: it begins anew with a base backup.")
            if row is None:
                self._forget_spool()
                connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", (SLOT,))
            found = connection.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
            assert found is not None
            self._system = found[0]
        refuse_other(self._shelf, self._system)
        for kept in kept_in(self._shelf):
            older = self._known.get(kept.wal)
            if older and kept.wal.endswith(".partial"):
                # cut off between the new one and the removal of the old
                older, kept = sorted((older, kept), key=lambda one: one.size)  # noqa: PLW2901
                self._shelf.remove(older.name)
            self._known[kept.wal] = kept
        command = [
            *(str(wheel() / "bin" / "pg_receivewal"), "--directory", str(self._spool), "--slot", SLOT),
            *("--no-loop", "--no-password", "--status-interval", "1"),
        ]
        with open_log(self._log) as output:
            self._receiver = subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment_of(self._server), cwd="/"
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._receiver:
            self._receiver.terminate()
            try:
                self._receiver.wait(10)
            except subprocess.TimeoutExpired:
                self._receiver.kill()
                self._receiver.wait()

    def once(self) -> Archived:
        """Ship whatever the server has written by now; returns up to where the archive is complete.

        Raises BackupFailed where it is not received, BackupPlaceUnusable, psycopg.OperationalError.
        """
        with self._connected() as connection:
            at, lsn = connection.execute("SELECT clock_timestamp(), pg_current_wal_lsn()::text").fetchone() or (None, "")
            assert at is not None
            self._await(connection, lsn)
        archived = Archived(at.astimezone(UTC), lsn, self._system)
        for file in sorted(self._spool.iterdir()):
            self._ship(file)
        # while nothing is written, the instant alone moves on: to say so costs a request each time
        if lsn != self._said[1] or time.monotonic() - self._said[0] > SAYING:
            say_until(self._shelf, archived)
            self._said = (time.monotonic(), lsn)
        return archived

    def _await(self, connection: Connection[Any], lsn: str) -> None:
        deadline = time.monotonic() + PATIENCE
        received = (
            "SELECT 1 FROM pg_stat_replication AS r JOIN pg_replication_slots AS s ON s.active_pid = r.pid "
            "WHERE s.slot_name = %s AND r.write_lsn >= %s::pg_lsn"
        )
        while connection.execute(received, (SLOT, lsn)).fetchone() is None:
            if self._receiver is None or self._receiver.poll() is not None:
                raise BackupFailed(f"PostgreSQL's log is not received any more: see {self._log}.")
            if time.monotonic() > deadline:
                raise BackupFailed(f"PostgreSQL's log was not received within {PATIENCE:g} s: see {self._log}.")
            time.sleep(0.1)

    def _ship(self, file: Path) -> None:
        try:
            stat, content = file.stat(), file.read_bytes()
        except FileNotFoundError:
            return  # a partial segment that has just become whole comes with the next look
        partial = file.name.endswith(".partial")
        seen = (stat.st_mtime, len(content))
        if partial and seen == self._shipped:
            return
        self._known[file.name] = ship(self._shelf, file.name, content, known=self._related(file.name))
        if partial:
            self._shipped = seen
        else:
            self._known.pop(f"{file.name}.partial", None)
            file.unlink()

    def _related(self, wal: str) -> list[Kept]:
        there = kept_in(self._shelf, wal) if not wal.endswith(".partial") else []
        return [*there, *(kept for name in (wal, f"{wal}.partial") if (kept := self._known.get(name)) and kept not in there)]

    def _begin_anew(self, connection: Connection[Any]) -> None:
        connection.execute("SELECT pg_drop_replication_slot(%s)", (SLOT,))
        self._forget_spool()

    def _forget_spool(self) -> None:
        for file in self._spool.iterdir():
            file.unlink()

    def _connected(self) -> Connection[Any]:
        return psycopg.connect(self._server.superuser_url(), autocommit=True, connect_timeout=5)


def stop_archiving(server: PostgresServer) -> None:
    """Let the server forget the archiver, so that it keeps no log for nobody. Quiet where there is none or one is at work."""
    with psycopg.connect(server.superuser_url(), autocommit=True) as connection, suppress(psycopg.errors.ObjectInUse):
        connection.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", (SLOT,))
