"""Where texts of other things name a person: listed before an erasure, counted by it, and decided about."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

from domain.contacts import AddContact, contacts
from domain.deals import OpenDeal, SetNextStep, deals
from domain.kernel import SYSTEM, Role
from domain.values import Money
from infra.ids import uuid7
from infra.keys import Keys
from projections.catalogue import read_models
from projections.rebuild import rebuild
from tests.api.conftest import NEXT_YEAR, World, anyway, ok, refused
from workflows.erasures import Erasures, replay_erased

CASE = {"case": "DSR-2027-5"}
TITLE = "Presses for Jo Weber's line"


async def _named(world: World) -> tuple[UUID, UUID]:
    """(a contact, a deal whose texts name them and a namesake of whom nothing is asked)."""
    person, deal, place = uuid7(), uuid7(), world.acme
    store, tenant = world.doors.store, place.tenant
    added = AddContact(name="Jo Weber", email="jo@acme.example", phone="+49 30 1234567", account=place.account)
    await store.execute(tenant, contacts, person, added, by=SYSTEM)
    await store.execute(tenant, contacts, uuid7(), AddContact(name="Jo Weber", account=place.account), by=SYSTEM)
    opened = OpenDeal(
        title=TITLE,
        account=place.account,
        owner=place.members[Role.ACCOUNT_MANAGER],
        close_date=NEXT_YEAR,
        amount=Money(amount=1000, currency="EUR"),
        next_step="Nobody is named here.",
    )
    await store.execute(tenant, deals, deal, opened, by=SYSTEM)
    await store.execute(tenant, deals, deal, SetNextStep(next_step="It waits. Call WEBER, JO on 030/123 45 67! Soon."), by=SYSTEM)
    return person, deal


async def _do(world: World, what: str, person: UUID, body: dict[str, Any], role: Role = Role.ADMIN) -> Any:
    async with world.client(role) as client:
        return await client.post(f"/v1/privacy/{person}/{what}", json=CASE | body, headers=anyway())


async def test_texts_that_name_a_person_are_listed_with_their_thing_field_position_and_sentence(reading: World):
    world = reading
    person, deal = await _named(world)
    head = await world.events()
    async with world.client(Role.LEGAL) as client:
        ok(await client.get("/v1/contacts", params={"at_least": head}))
        found = ok(await client.get(f"/v1/privacy/{person}/mentions"))
        more = ok(await client.get(f"/v1/privacy/{person}/mentions", params={"also": ["Presses", "line"]}))
    assert {one["name"] for one in found["items"]} <= {TITLE}
    assert found["count"] == len(found["items"]) == 3
    assert {(one["noun"], one["id"]) for one in found["items"]} == {("deal", str(deal))}
    assert [(one["field"].split(".")[-1], one["words"], one["position"]) for one in found["items"]] == [
        ("title", "Jo Weber", head - 1),
        ("next_step", "WEBER, JO", head),
        ("next_step", "030/123 45 67", head),
    ]
    assert [one["sentence"] for one in found["items"]] == [TITLE, *["Call WEBER, JO on 030/123 45 67!"] * 2]
    # as they are asked, words begin with a capital
    assert more["count"] == 4
    copy = ok(await _do(world, "export", person, {}, Role.LEGAL))
    assert copy["mentions"] == found["items"]


async def test_nobody_is_erased_before_it_is_decided_about_the_texts_that_name_them(reading: World):
    world = reading
    person, _ = await _named(world)
    before = await world.events()
    said = refused(await _do(world, "erase", person, {}), "MentionsUndecided", 409)
    assert said["mentioned"] == 3
    assert await world.events() == before
    ok(await _do(world, "erase", person, {"mentions": "keep"}))
    async with world.client(Role.AUDITOR) as client:
        [record] = ok(await client.get("/v1/privacy"))["items"]
        assert (record["mentions"], record["mentioned"]) == ("keep", 3)
        kept = ok(await client.get("/v1/audit/events", params={"text": "weber", "at_least": await world.events()}))
        assert {item["noun"] for item in kept["items"]} == {"deal"}


async def test_who_is_named_nowhere_is_erased_without_a_word_about_it(world: World):
    person, place = uuid7(), world.acme
    await world.doors.store.execute(place.tenant, contacts, person, AddContact(name="Kim Lee", account=place.account), by=SYSTEM)
    async with world.client(Role.LEGAL) as client:
        assert ok(await client.get(f"/v1/privacy/{person}/mentions")) == {"person": str(person), "count": 0, "items": []}
    ok(await _do(world, "erase", person, {}))
    async with world.client(Role.LEGAL) as client:
        refused(await client.get(f"/v1/privacy/{person}/mentions"), "PersonIsErased", 409)


async def test_auditors_and_others_read_no_mentions(world: World):
    person, _ = await _named(world)
    for role in (Role.AUDITOR, Role.SALES_CHIEF):
        async with world.client(role) as client:
            refused(await client.get(f"/v1/privacy/{person}/mentions"), "RoleMissing", 403)


READ = (
    "/v1/deals/{deal}",
    "/v1/deals/{deal}?as_of={before}",
    "/v1/deals/{deal}/history",
    "/v1/deals?text=presses&sort=-since",
    "/v1/audit/deal/{deal}/states/1",
    "/v1/events?limit=1000&topic=deal",
)
"""Where a deal's texts are read; with each of these the words were to be seen before."""


async def _everything(world: World, deal: UUID, before: int) -> dict[str, str]:
    async with world.client(Role.ADMIN) as client:
        answers = {path: await client.get(path.format(deal=deal, before=before)) for path in READ}
    for path, answer in answers.items():
        assert answer.status_code == 200, (path, answer.text)
    return {path: answer.text.lower() for path, answer in answers.items()}


async def _searched(world: World, text: str) -> list[str]:
    async with world.client(Role.AUDITOR) as client:
        found = ok(await client.get("/v1/audit/events", params={"text": text, "at_least": await world.events()}))
    return [item["topic"] for item in found["items"]]


async def _held(world: World, word: str) -> list[str]:
    """The tenant's tables but the log's own in which a live row has the word."""
    schema, found = world.acme.tenant.schema, []
    async with await psycopg.AsyncConnection.connect(str(world.settings.migrator_url)) as connection:
        listed = await connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,))
        for (name,) in await listed.fetchall():
            query = f'SELECT 1 FROM "{schema}"."{name}" AS t WHERE t::text ILIKE %s LIMIT 1'
            if name != "events" and await (await connection.execute(query.encode(), (f"%{word}%",))).fetchall():
                found.append(name)
    return found


async def test_words_that_name_an_erased_person_are_read_nowhere_any_more_and_all_else_stays(reading: World):
    world = reading
    person, deal = await _named(world)
    store, tenant, before = world.doors.store, world.acme.tenant, await world.events()
    async with world.client(Role.ADMIN) as client:
        ok(await client.get("/v1/contacts", params={"at_least": before}))
    assert all("weber" in text for text in (await _everything(world, deal, before)).values())
    assert len(await _searched(world, "weber")) == 2
    assert set(await _held(world, "weber")) >= {"deals", "log_index"}
    rows = await store.rows(tenant, 0, before)
    ok(await _do(world, "erase", person, {"mentions": "erase"}))
    # at once: whatever is told by the log
    async with world.client(Role.ADMIN) as client:
        said = (await client.get(f"/v1/deals/{deal}/history")).text + (await client.get("/v1/events?limit=1000&topic=deal")).text
    assert "Presses for [erased]'s line" in said
    assert "It waits. Call [erased] on [erased]! Soon." in said
    assert "weber" not in said.lower()
    # and within seconds whatever was made of it
    assert await Erasures(world.doors.database, store, world.doors.keys, world.settings).step(tenant) == 1
    for path, text in (await _everything(world, deal, before)).items():
        assert "presses for [erased]" in text, path
        assert "weber" not in text, path
    assert await _searched(world, "weber") == []
    assert await _searched(world, "deal opened") == ["deal.opened"] * 2
    namesake = {"contacts"}
    assert set(await _held(world, "weber")) == namesake
    assert await store.rows(tenant, 0, before) == rows
    # what is made anew does not tell it either
    for model in read_models():
        if model.name in {"log_index", "deals"}:
            await rebuild(str(world.settings.migrator_url), store, tenant, [model])
    assert set(await _held(world, "weber")) == namesake


async def test_words_are_masked_in_every_process_and_after_a_restore_of_the_database_and_of_the_keys(reading: World):
    world = reading
    person, deal = await _named(world)
    before, tenant, keys = await world.events(), world.acme.tenant, world.settings.home
    async with world.client(Role.ADMIN) as client:
        ok(await client.get("/v1/contacts", params={"at_least": before}))
    older = {file: (keys / file).read_bytes() for file in ("keys.db", "root.key")}
    ok(await _do(world, "erase", person, {"mentions": "erase"}))
    masked = world.doors.keys.masks[tenant.slug]
    assert {stream for stream, _ in masked} == {deal}
    # an older copy of the key store beside the newer list
    copy = keys / "copy"
    copy.mkdir()
    for file, content in older.items():
        (copy / file).write_bytes(content)
    (copy / "erased.list").write_bytes((keys / "erased.list").read_bytes())
    again = Keys.open(copy / "keys.db", copy / "root.key")
    assert again.masks[tenant.slug] == masked
    again.close()
    # read models as an older backup of the database brings them
    assert "deals" in await _held(world, "weber")
    await replay_erased(world.settings)
    assert set(await _held(world, "weber")) == {"contacts"}
    assert all("weber" not in text for text in (await _everything(world, deal, before)).values())
