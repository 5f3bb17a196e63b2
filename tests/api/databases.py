"""Databases of this version's shape, as copies of one that was migrated once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from api.provisioning import migrate_all
from infra.settings import Settings
from tests.conftest import fresh_database


@pytest.fixture(scope="session")
def migrated(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database in this version's shape, without tenants, that nobody connects to any more."""
    with fresh_database(server) as url:
        migrate_all(settings_of(url, tmp_path_factory.mktemp("migrated")))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER ROLE concord_app PASSWORD 'test'")
        yield closed(server, url)


def closed(server: str, url: str) -> str:
    """Let nobody connect to a database any more, so that it can be copied; its name."""
    name = urlsplit(url).path.removeprefix("/")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    return name


def settings_of(url: str, home: Path) -> Settings:
    """A home, with the database at a superuser's URL."""
    parts = urlsplit(url)
    login = f"postgresql://concord_app:test@{parts.hostname}:{parts.port}{parts.path}"
    return Settings(home=home, database_url=login, migrator_url=url)
