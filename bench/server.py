"""The PostgreSQL server that a run measures on: Concord's and the peers' databases share it, so durability is the same."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from infra.embedded.postgres import EmbeddedPostgres

HOME = Path(__file__).resolve().parent.parent / ".peers"
DURABILITY = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server; `url` signs in as a superuser."""

    url: str

    def url_of(self, database: str) -> str:
        """The same server and user, another database."""
        return urlunsplit(urlsplit(self.url)._replace(path="/" + database))

    @contextmanager
    def database(self) -> Iterator[str]:
        """An empty database of its own, dropped afterwards; yields its URL."""
        name = "bench_" + secrets.token_hex(4)
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        try:
            yield self.url_of(name)
        finally:
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def about(self) -> dict[str, object]:
        """Version and durability, for the table's heading. Raises RuntimeError where a commit would not be durable."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            found = {name: _setting(connection, name) for name in ("server_version", "shared_buffers", *DURABILITY)}
        unsafe = [name for name, value in DURABILITY.items() if found[name] != value]
        if unsafe:
            raise RuntimeError(f"{', '.join(unsafe)} must be on: without it the figures promise what a crash would take back")
        return dict(found)


def _setting(connection: psycopg.Connection[tuple[object, ...]], name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
    assert row is not None
    return str(row[0])


@contextmanager
def postgres() -> Iterator[Server]:
    """The server named by BENCH_DATABASE_URL (a superuser's), else Concord's embedded one, kept below `.peers/` for Tryton's database.

    The embedded one runs with the settings that Concord ships.
    """
    given = os.environ.get("BENCH_DATABASE_URL")
    if given:
        yield Server(given)
        return
    HOME.mkdir(exist_ok=True)
    embedded = EmbeddedPostgres(HOME / "postgres")
    server = embedded.start()
    try:
        yield Server(server.superuser_url())
    finally:
        embedded.stop()
