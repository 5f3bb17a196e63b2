"""A home to be backed up, and what a restored one says."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import psycopg

from domain.kernel import SYSTEM
from domain.members import AddMember, members
from infra.backup.shelves import shelf_at
from infra.database import Tenant
from infra.embedded.postgres import EmbeddedPostgres
from infra.log_roots import log_roots
from infra.migrations import create_tenant, migrate
from infra.opening import opened
from infra.settings import Settings

ACME = Tenant("acme")


class Town:
    """A home with a server, one tenant, and a shelf; the last position at each noted instant."""

    def __init__(self, folder):
        self.settings = Settings(home=folder / "a home")
        self.postgres = EmbeddedPostgres(self.settings.home / "postgres")
        self.server = self.postgres.start()
        migrate(self.server.migrator_url())
        create_tenant(self.server.migrator_url(), "acme")
        self.shelf = shelf_at(str(folder / "a shelf"))
        self.keys = folder / "keys"

    @property
    def reached(self):
        return replace(self.settings, database_url=self.server.application_url(), migrator_url=self.server.migrator_url())

    def write(self, *names):
        return asyncio.run(self._write(names))

    async def _write(self, names):
        async with opened(self.reached) as process:
            ids = [uuid4() for _ in names]
            for id, name in zip(ids, names, strict=True):
                await process.store.execute(ACME, members, id, AddMember(name=name), by=SYSTEM)
        return ids

    def note(self):
        """This instant, and the log as it is."""
        with psycopg.connect(self.server.migrator_url(), autocommit=True) as connection:
            (end,) = log_roots(connection, ACME)
            return connection.execute("SELECT clock_timestamp()").fetchone()[0], end


def names_in(settings):
    """What a restored home says of its members; the server ends again."""
    embedded = EmbeddedPostgres(settings.home / "postgres")
    server = embedded.start()

    async def read():
        async with opened(replace(settings, database_url=server.application_url())) as process:
            return [recorded.event.name for recorded in await process.store.read(ACME, 0, 100)]

    try:
        return asyncio.run(read())
    finally:
        embedded.stop()
