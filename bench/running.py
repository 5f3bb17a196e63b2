"""Concord whole, as `concord up` starts it, with its database on the run's server; and how to speak to it over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql

from bench.server import HOME, Server
from infra.embedded.process import RunningProcess
from infra.embedded.run_state import RunState

ROOT = Path(__file__).resolve().parent.parent
TENANT = "bench"
HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Running:
    """A running Concord. `ready_after`: seconds that the start took, with everything set up before."""

    home: Path
    port: int
    key: str
    ready_after: float
    environment: Mapping[str, str]
    tenant: str

    def raw(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> bytes:
        """A whole request as bytes, authorised; a write gets an Idempotency-Key of its own."""
        content = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Content-Length: {len(content)}"]
        return "\r\n".join((*lines, *(f"{k}: {v}" for k, v in self._headers(method, headers).items()), "", "")).encode() + content

    def call(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """The answer's JSON. Raises RuntimeError with the problem's own words."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), self._headers(method, headers))
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500].decode(errors='replace')}")
        return json.loads(text)

    def concord(self, *arguments: str, seconds: float = 600) -> subprocess.CompletedProcess[str]:
        """Run one `concord` command against it. Raises RuntimeError with what it said if it fails."""
        return _concord(self.environment, *arguments, seconds=seconds)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Hold API, worker and projector still, so that what they have yet to catch up on costs a peer nothing."""
        processes = [pid for pid in self.processes() if RunningProcess.of(pid)]
        try:
            for pid in processes:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in processes:
                os.kill(pid, signal.SIGCONT)

    def processes(self) -> list[int]:
        """The pids of API, worker and projector now."""
        state = RunState.read(self.home / "state.json")
        return [process.pid for process in state.children.values()] if state else []

    def _headers(self, method: str, more: Mapping[str, str] | None) -> dict[str, str]:
        headers = {**HEADERS, "Authorization": f"Bearer {self.key}", **(more or {})}
        return headers if method == "GET" else {"Idempotency-Key": str(uuid4()), **headers}


@contextmanager
def concord(server: Server, *, embedded: bool = False) -> Iterator[Running]:
    """Start all of Concord twice (the second start is the one of a user's day), and stop it afterwards.

    `embedded`: with its own PostgreSQL below its own home, to measure what `concord up` costs by itself.
    """
    suffix = secrets.token_hex(4)
    HOME.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME, prefix="home-") as folder, server.database() as owner_url:
        login, password = f"bench_up_{suffix}", secrets.token_urlsafe(16)
        tenant = f"{TENANT}_{suffix}"
        environment = {**os.environ, "CONCORD_HOME": folder, "CONCORD_TENANT": tenant}
        if not embedded:
            url = psycopg.conninfo.conninfo_to_dict(owner_url)
            address = f"{url['host']}:{url.get('port', 5432)}/{url['dbname']}"
            environment |= {"DATABASE_URL": f"postgresql://{login}:{password}@{address}", "MIGRATOR_URL": owner_url}
        with _login(server, login, password, f"concord_t_{tenant}"):
            try:
                _concord(environment, "up", "--detach")
                _concord(environment, "down", seconds=180)
                start = time.perf_counter()
                _concord(environment, "up", "--detach")
                ready_after = time.perf_counter() - start
                operator = json.loads((Path(folder) / "operator.json").read_text())
                port = int(operator["address"].rpartition(":")[2])
                yield Running(Path(folder), port, operator["keys"][tenant], ready_after, environment, tenant)
            finally:
                _concord(environment, "down", seconds=180)
                _drop_connections(server, owner_url)


def _concord(environment: Mapping[str, str], *arguments: str, seconds: float = 600) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "api.cli", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=dict(environment), capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode:
        raise RuntimeError(f"concord {' '.join(arguments)} ended with {done.returncode}: {(done.stderr or done.stdout)[-1500:]}")
    return done


def _drop_connections(server: Server, owner_url: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(owner_url)["dbname"]
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(str(name))))


@contextmanager
def _login(server: Server, login: str, password: str, tenant_roles: str) -> Iterator[None]:
    """`tenant_roles`: what the names of the roles begin with that Concord makes for its tenants."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(login), password))
        try:
            yield
        finally:
            made = connection.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", (tenant_roles,)).fetchall()
            for role in (*(name for (name,) in made), login):
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))
