"""Places without processes, a tenant to be taken out of one, and its export; for the tests that bring it in elsewhere."""

import asyncio
from contextlib import ExitStack, closing
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from api.operators import found_tenant, operator_key
from api.provisioning import make_tenant
from domain.kernel import SYSTEM
from domain.members import AddMember, members
from infra.database import Tenant
from infra.identity import Identity
from infra.opening import open_keys, opened
from infra.proofs.follower import Follower, published_of
from infra.proofs.keeping import PrivateKeys
from infra.transfer.exporting import export
from projections.catalogue import read_models
from projections.rebuild import rebuild
from tests.api.databases import settings_of
from tests.conftest import fresh_database

ACME, COPY = Tenant("acme"), Tenant("copy")
PASSPHRASE = "correct horse battery"
PAPER = b"%PDF-1.7 the terms"


@pytest.fixture(scope="module")
def place(server, migrated, tmp_path_factory):
    """Makes a Concord without processes: a migrated database, and keys of its own."""
    with ExitStack() as made:
        yield lambda: settings_of(made.enter_context(fresh_database(server, migrated)), tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def origin(server, migrated, tmp_path_factory):
    """A tenant with people, of whom one was erased, a document, and commands; its read models are up to date. Nobody changes it."""

    async def fill():
        async with opened(settings) as process:
            await found_tenant(process.store, ACME, "Acme")
            await operator_key(process.store, Identity(process.database), ACME)
            gone = uuid4()
            for id, name in ((uuid4(), "Ana Souza"), (gone, "Ben Okafor")):
                await process.store.execute(ACME, members, id, AddMember(name=name, email=f"{id}@acme.example"), by=SYSTEM)
            document = await process.documents.put(ACME, PAPER)
            process.keys.forget("acme", [gone], "C-7")
            await rebuild(settings.migrator_url, process.store, ACME, read_models())
            return document

    with fresh_database(server, migrated) as url:
        settings = settings_of(url, tmp_path_factory.mktemp("origin"))
        make_tenant(settings, "acme")
        yield settings, asyncio.run(fill())


@pytest.fixture(scope="session")
def exported(origin, tmp_path_factory):
    settings, _ = origin
    folder = tmp_path_factory.mktemp("exported") / "acme"
    with closing(open_keys(settings)) as keys:
        return folder, export(settings, ACME, keys, folder, passphrase=PASSPHRASE)


def rows_of(settings, tenant, table="events", order="position"):
    with psycopg.connect(settings.migrator_url) as connection:
        names = sql.Identifier(tenant.schema), sql.Identifier(table), sql.Identifier(order)
        return connection.execute(sql.SQL("SELECT * FROM {}.{} ORDER BY {}").format(*names)).fetchall()


async def names_of(settings, tenant):
    async with opened(settings) as process:
        events = await process.store.read(tenant, 0, 1000)
        return [e.event.name for e in events if type(e.event).topic == "member.joined"]


async def sign(settings, tenant=ACME):
    """What is published of the log, after everything in it is signed."""
    async with opened(settings) as process:
        private = PrivateKeys(process.keys, settings.proofs_keys)
        await Follower(process.database, process.store, private, settings).step(tenant)
    return published_of(settings, tenant)
