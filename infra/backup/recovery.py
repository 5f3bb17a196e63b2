"""PostgreSQL brought to an instant: a base backup unpacked, its log replayed up to there, judged, and given fresh passwords.

The server that replays answers on one socket in a private folder and to nobody else, because the passwords of the backup's day
are not in the backup.
"""

from __future__ import annotations

import secrets
import shlex
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection, sql

from infra import unpacking
from infra.backup.archive import Kept, fetch
from infra.backup.base import Report
from infra.backup.manifest import Manifest
from infra.backup.parts import PartsReader
from infra.backup.refusals import BackupDamaged, BackupFailed
from infra.backup.shelves import Shelf
from infra.embedded.account import Account
from infra.embedded.cluster import APPLICATION, DATABASE, MIGRATOR, SUPERUSER, Cluster, Programs, configure
from infra.embedded.process import make_directory

PATIENCE = 4 * 3600.0
"""Seconds given to the replay of the archive."""
_NO_COMMIT_AFTER = "recovery ended before configured recovery target was reached"
_TRUST = "local all all trust\n"


class NoCommitAfter(Exception):  # noqa: N818  names what was found
    """Nothing was committed after the instant in all that was archived: all of it is to be replayed."""


def unpack(shelf: Shelf, manifest: Manifest, files: list[Kept], place: Path, account: Account, report: Report = lambda _: None) -> None:
    """Make `place/data` from the base backup and `place/wal` from the archive, owned by the server's account.

    Raises BackupDamaged, naming the file.
    """
    data, wal = place / "data", place / "wal"
    for folder in (data, wal):
        make_directory(folder, 0o700)
    reader = PartsReader(shelf, manifest, report)
    try:
        with tarfile.open(fileobj=reader, mode="r|gz") as tar:
            unpacking.unpack(tar, data)
    except (tarfile.TarError, EOFError) as error:
        raise BackupDamaged(f"Backup {manifest.id} in {shelf.place} cannot be unpacked: {error}.", file=manifest.id) from error
    reader.finish()
    fetch(shelf, files, wal)
    (data / "recovery.signal").touch(0o600)
    for folder in (data, wal):
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_dir():
                path.chmod(0o700)
            account.own(path)
        account.own(folder)


@contextmanager
def recovered(place: Path, cluster: Cluster, programs: Programs, to: datetime | None) -> Iterator[Connection[Any]]:
    """Replay up to the last commit at or before `to` (None: all there is), and open the result to us alone, as the superuser.

    Raises BackupFailed with PostgreSQL's words.
    """
    folder = Path(tempfile.mkdtemp(prefix="cc-"))  # short: a socket's path may have 107 bytes
    try:
        access = folder / "pg_hba.conf"
        access.write_text(_TRUST, encoding="utf-8")
        access.chmod(0o644)
        programs.account.own(folder)
        server = _Recovering(place, folder, cluster, programs)
        try:
            try:
                server.start(to)
            except NoCommitAfter:
                server.start(None)
            with server.connected() as connection:
                yield connection
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def give_passwords(connection: Connection[Any], cluster: Cluster) -> None:
    """Let the roles sign in with the passwords of `cluster`."""
    passwords = (SUPERUSER, cluster.superuser_password), (MIGRATOR, cluster.migrator_password), (APPLICATION, cluster.application_password)
    for role, password in passwords:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).rowcount:
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), password))


def fresh_cluster(data: Path) -> Cluster:
    """A cluster at that place with passwords made now."""
    return Cluster(str(data), *(secrets.token_urlsafe(24) for _ in range(3)))


class _Recovering:
    """One run of the server over restored data."""

    def __init__(self, place: Path, folder: Path, cluster: Cluster, programs: Programs) -> None:
        self._place, self._folder, self._cluster, self._programs = place, folder, cluster, programs
        self._log = place / "recovery.log"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, to: datetime | None) -> None:
        options = [
            *configure(self._place, self._cluster),
            *("-c", f"hba_file={self._folder / 'pg_hba.conf'}", "-c", "listen_addresses=", "-c", "port=5432"),
            *("-c", f"unix_socket_directories={self._folder}", "-c", f"restore_command={_copying(self._place / 'wal')}"),
            *("-c", "recovery_target_action=promote", "-c", "hot_standby=off", "-c", "archive_mode=off"),
        ]
        if to is not None:
            options += ["-c", f"recovery_target_time={to.astimezone(UTC).isoformat(sep=' ')}"]
        begin = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as output:
            command = [str(self._programs.bin / "postgres"), "-D", self._cluster.data, *options]
            self._child = self._programs.account.popen(command, output=output.fileno())
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with self.connected():
                    return
            except psycopg.OperationalError:
                if self._child.poll() is not None or time.monotonic() > deadline:
                    break
            time.sleep(0.05)
        with self._log.open("rb") as log:
            log.seek(begin)
            said = log.read().decode(errors="replace")
        if _NO_COMMIT_AFTER in said:
            raise NoCommitAfter
        fatal = [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line][-1:] or ["it ended without a word"]
        raise BackupFailed(f"PostgreSQL could not be recovered: {fatal[0]} (more in {self._log}).")

    def connected(self) -> Connection[Any]:
        return psycopg.connect(host=str(self._folder), port=5432, user=SUPERUSER, dbname=DATABASE, autocommit=True)

    def stop(self) -> None:
        if self._child is None or self._child.poll() is not None:
            return
        # the child is the postmaster itself: setpriv has become it
        self._signal("INT")
        try:
            self._child.wait(60)
        except subprocess.TimeoutExpired:
            self._signal("QUIT")
            self._child.wait()

    def _signal(self, name: str) -> None:
        assert self._child is not None
        self._child.send_signal({"INT": 2, "QUIT": 3}[name])


def _copying(folder: Path) -> str:
    """PostgreSQL's restore_command: %f is the file it asks for, %p where it wants it."""
    return f'cp {shlex.quote(str(folder)).replace("%", "%%")}/%f "%p"'
