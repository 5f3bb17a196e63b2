"""One PostgreSQL for the whole session, one empty database for each test that asks for it. Real servers, no doubles."""

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg.conninfo import conninfo_to_dict

from infra.embedded.postgres import EmbeddedPostgres
from infra.embedded.process import free_port

# the same examples each time, so that one commit has one result, and as many as fit; `make chaos` goes through others
EXPLORING = bool(os.environ.get("CONCORD_EXPLORE"))
settings.register_profile(
    "concord", derandomize=not EXPLORING, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("concord")


MEMORY = Path("/dev/shm")
ENOUGH = 3 * 2**30
"""Bytes that are free in memory for the servers of one more worker (each comes to some hundred megabytes)."""
MODEST = "min_wal_size = 80MB\nmax_wal_size = 256MB\n"


def brief_folder() -> str | None:
    """Where servers are made that end with the tests: in memory if there is room, where fsync stays on and takes no time; else as usual.

    A database is a thousand files: on a disk each test waited for half a second, and each of its drops for up to two.
    """
    return str(MEMORY) if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ENOUGH else None


def own_port() -> int:
    """A free port for a server that is stopped and started again: none that others take meanwhile, as the usual or as any that is free."""
    chosen = (random.randrange(10_000, 30_000) for _ in range(1_000))
    return next(port for port in chosen if free_port(port) == port)


LONGEST = """
    api/test_schemathesis infra/test_durability workflows/test_survival workflows/test_contracts imports/test_kills api/test_up
    workflows/test_bounded infra/test_backup api/test_restore api/test_security api/test_transferring api/test_hidden_words
    domain/test_disputes_histories domain/test_histories domain/test_contracts_histories domain/test_contract_dates
    workflows/test_contracts_survive api/test_up_refused api/test_up_kills api/test_access api/test_live infra/test_embedded_postgres
""".split()
"""What takes longest comes first, or one worker would go on with it while the others have nothing left. Only the order hangs on this."""
LAST = ("workflows", "cli", "journeys")
"""What starts a Temporal or the whole of Concord for as long as the worker runs: those cost processor time while nobody asks them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent

    def place(item: pytest.Item) -> tuple[int, int]:
        path = item.path.relative_to(here) if item.path.is_relative_to(here) else item.path
        if (name := path.with_suffix("").as_posix()) in LONGEST:
            return 0, LONGEST.index(name)
        return 1, LAST.index(path.parts[0]) + 1 if path.parts[0] in LAST else 0

    items.sort(key=place)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A superuser's URL of a PostgreSQL server: CONCORD_TEST_SERVER if set, else one of our own that ends with the session."""
    given = os.environ.get("CONCORD_TEST_SERVER")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="concord-tests-", dir=brief_folder()) as folder:
        home = Path(folder) / "postgres"
        home.mkdir(0o711)
        (home / "local.conf").write_text(MODEST, encoding="utf-8")
        embedded = EmbeddedPostgres(home)
        try:
            yield embedded.start().superuser_url()
        finally:
            embedded.stop()


@pytest.fixture
def database_url(server: str) -> Iterator[str]:
    """A superuser's URL of a fresh, empty database, dropped after the test."""
    with fresh_database(server) as url:
        yield url


@contextmanager
def fresh_database(server: str, template: str = "template1") -> Iterator[str]:
    """A superuser's URL of a database of its own, a copy of the template, which nobody may be connected to."""
    name = f"test_{uuid4().hex[:16]}"
    with psycopg.connect(server, autocommit=True) as connection:
        data = connection.execute("SHOW data_directory").fetchone()
        # copied as files where a checkpoint costs nothing, else through the log, which waits for the disk once
        strategy = "file_copy" if data is not None and str(data[0]).startswith(f"{MEMORY}/") else "wal_log"
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY {strategy}')
        try:
            yield _with_database(server, name)
        finally:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _with_database(url: str, database: str) -> str:
    parts = conninfo_to_dict(url)
    credentials = str(parts.get("user", "postgres")) + (f":{parts['password']}" if parts.get("password") else "")
    return f"postgresql://{credentials}@{parts.get('host', '127.0.0.1')}:{parts.get('port', 5432)}/{database}"
