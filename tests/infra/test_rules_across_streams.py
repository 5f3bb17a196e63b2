"""Rules that span several streams hold on the real store, also when two ask at the same moment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from domain.accounts import AccountRole, MergeAccount, OpenAccount, Registration, SetAccountParent, UndoMerge, accounts
from domain.contacts import AddContact, ChangeContact, EraseContact, contacts
from domain.hierarchy import HierarchyCycle
from domain.kernel import ERASED, SYSTEM, Refused, natural_id
from domain.nouns import register_all
from domain.reservations import Taken, reservations
from infra.codec import Codec
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.keys import Keys

HRB = Registration(country="DE", registry="HRB Berlin", number="12345")
A, B, EVE = (natural_id("test", n) for n in ("a", "b", "eve"))
register_all()


def opening(name: str, registration: Registration | None = None) -> OpenAccount:
    return OpenAccount(legal_name=name, roles=(AccountRole.CUSTOMER,), registration=registration)


async def holder(store: Store, tenant: Tenant) -> UUID | None:
    return (await store.load(tenant, reservations, HRB.claim.read.id)).state.holder


async def test_of_twenty_that_want_one_registration_at_once_one_gets_it(store: Store, tenant: Tenant):
    ids = [natural_id("test", "account", str(n)) for n in range(20)]
    outcomes = await asyncio.gather(
        *(store.execute(tenant, accounts, id, opening(f"Company {n}", HRB), by=SYSTEM) for n, id in enumerate(ids)), return_exceptions=True
    )
    opened = [id for id, outcome in zip(ids, outcomes, strict=True) if not isinstance(outcome, BaseException)]
    refused = [o for o in outcomes if isinstance(o, Taken)]
    assert len(opened) == 1
    assert len(refused) == 19
    assert {r.data["holder"] for r in refused} == {str(opened[0])}
    assert await holder(store, tenant) == opened[0]
    assert await store.head(tenant) == 2


async def test_two_that_put_each_other_on_top_at_once_make_no_cycle(store: Store, tenant: Tenant):
    for turn in range(5):
        one, other = (natural_id("test", side, str(turn)) for side in ("one", "other"))
        for id in (one, other):
            await store.execute(tenant, accounts, id, opening("Company"), by=SYSTEM)
        outcomes = await asyncio.gather(
            store.execute(tenant, accounts, one, SetAccountParent(parent=other), by=SYSTEM),
            store.execute(tenant, accounts, other, SetAccountParent(parent=one), by=SYSTEM),
            return_exceptions=True,
        )
        assert sum(isinstance(o, HierarchyCycle) for o in outcomes) == 1


async def test_a_merge_is_one_unit_of_work_over_three_streams_and_can_be_undone(store: Store, tenant: Tenant):
    await store.execute(tenant, accounts, A, opening("Acme", HRB), by=SYSTEM)
    await store.execute(tenant, accounts, B, opening("Globex"), by=SYSTEM)
    merged = await store.execute(tenant, accounts, A, MergeAccount(into=B), by=SYSTEM)
    assert [e.topic for e in merged.events] == ["account.merged", "account.absorbed", "reservation.taken"]
    assert await holder(store, tenant) == B
    await store.execute(tenant, accounts, A, UndoMerge(), by=SYSTEM)
    assert await holder(store, tenant) == A
    topics = [r.event.topic for r in await store.history(tenant, A)]
    assert topics == ["account.opened", "account.merged", "account.merge_undone"]


async def test_who_a_person_is_stands_nowhere_in_the_log_in_the_clear_and_reads_as_erased_without_the_key(
    database: Database, tenant: Tenant, tmp_path: Path
):
    store = Store(database, Codec(Keys.open(tmp_path / "keys", tmp_path / "root")))
    await store.execute(tenant, contacts, EVE, AddContact(name="Eve Planted", email="eve@planted.example"), by=SYSTEM)
    await store.execute(tenant, contacts, EVE, ChangeContact(title="Planted Buyer"), by=SYSTEM)
    await store.execute(tenant, contacts, EVE, EraseContact(reason="asked"), by=SYSTEM)
    with pytest.raises(Refused):
        await store.execute(tenant, contacts, EVE, ChangeContact(title="Back again"), by=SYSTEM)
    async with database.connection() as connection:
        cursor = await connection.execute(f"SELECT convert_from(state, 'UTF8') FROM {tenant.schema}.events")
        stored = [row[0] for row in await cursor.fetchall()]
    assert len(stored) == 3
    assert not [text for text in stored if "planted" in text.lower()]
    keyless = Store(database, Codec())
    history = [r.event for r in await keyless.history(tenant, EVE)]
    assert [getattr(e, "name", None) for e in history] == [ERASED, ERASED, None]
    assert (await keyless.load(tenant, contacts, EVE)).state.erased
    await keyless.close()
    await store.close()
