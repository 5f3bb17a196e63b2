"""A person's data over HTTP: holds, a copy, erasure; and that a destroyed key works in no process any more."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from api.app import create_app
from domain.contacts import AddContact, ChangeContact, ContactIsErased, ImportContact, contacts
from domain.interactions import CorrectInteraction, InteractionKind, RecordInteraction, interactions
from domain.kernel import ERASED, SYSTEM, Role
from domain.members import AddMember, ChangeMember, members
from domain.privacy import ErasePerson, PersonKind, privacy, privacy_id
from infra.codec import PersonForgotten
from infra.identity_credentials import SignInFailed
from infra.ids import uuid7
from tests.api.conftest import World, anyway, ok, refused
from workflows.erasures import Erasures, replay_erased

CASE = {"case": "DSR-2027-1"}


async def _person(world: World, name: str = "Jo Weber") -> tuple[UUID, UUID]:
    """(a contact, a talk with them)."""
    contact, talk, place = uuid7(), uuid7(), world.acme
    person = AddContact(name=name, email="jo@acme.example", phone="+49301", account=place.account)
    await world.doors.store.execute(place.tenant, contacts, contact, person, by=SYSTEM)
    said = RecordInteraction(
        kind=InteractionKind.CALL,
        happened_at=datetime(2026, 1, 5, 9, tzinfo=UTC),
        by=place.members[Role.ACCOUNT_MANAGER],
        accounts=(place.account,),
        contacts=(contact,),
        subject_line=f"Call with {name}",
        text=f"{name} wants a quote",
    )
    await world.doors.store.execute(place.tenant, interactions, talk, said, by=SYSTEM)
    return contact, talk


async def _do(world: World, what: str, person: UUID, body: dict[str, Any], role: Role = Role.ADMIN) -> Any:
    async with world.client(role) as client:
        return await client.post(f"/v1/privacy/{person}/{what}", json=body, headers=anyway())


async def test_who_is_on_hold_is_not_erased_until_the_hold_ends(world: World):
    person, _ = await _person(world)
    ok(await _do(world, "hold", person, {"case": "LIT-1", "until": None}, Role.LEGAL))
    said = refused(await _do(world, "erase", person, CASE), "OnHold", 409)
    assert said["holds"] == [{"case": "LIT-1", "until": None}]
    async with world.client(Role.AUDITOR) as client:
        assert ok(await client.get(f"/v1/privacy/{person}"))["holds"] == [{"case": "LIT-1", "until": None}]
        assert ok(await client.get(f"/v1/contacts/{person}"))["item"]["name"] == "Jo Weber"
    refused(await _do(world, "release", person, {"case": "LIT-2"}), "NotHeld", 409)
    ok(await _do(world, "release", person, {"case": "LIT-1"}))
    ok(await _do(world, "erase", person, CASE))
    async with world.client(Role.AUDITOR) as client:
        records = ok(await client.get("/v1/privacy"))["items"]
        assert [(r["what"], r["case"]) for r in records] == [("held", "LIT-1"), ("released", "LIT-1"), ("erased", "DSR-2027-1")]
        assert records[-1]["actor"] == str(world.acme.members[Role.ADMIN])
        assert "Jo" not in (await client.get("/v1/privacy")).text


async def test_what_is_erased_reads_as_erased_at_once_and_on_every_past_day(world: World):
    person, talk = await _person(world)
    before = await world.events()
    async with world.client(Role.AUDITOR) as client:
        for path in (f"/v1/contacts/{person}", f"/v1/interactions/{talk}"):
            assert "Jo Weber" in (await client.get(path)).text
        ok(await _do(world, "erase", person, CASE))
        for path in (
            f"/v1/contacts/{person}",
            f"/v1/contacts/{person}?as_of={before}",
            f"/v1/contacts/{person}/history",
            f"/v1/interactions/{talk}",
            f"/v1/interactions/{talk}/history",
            "/v1/events?limit=1000",
        ):
            said = (await client.get(path)).text
            assert "Jo" not in said, path
            assert ERASED in said, path
        # amounts, times and who did what stay
        assert ok(await client.get(f"/v1/interactions/{talk}"))["item"]["contacts"] == [str(person)]
    store = world.doors.store
    for decider, stream, command, rule in (
        (interactions, talk, CorrectInteraction(text="Jo again", reason="It was Jo"), PersonForgotten),
        (contacts, person, ChangeContact(name="Jo again"), ContactIsErased),
    ):
        with pytest.raises(rule):
            await store.execute(world.acme.tenant, decider, stream, command, by=SYSTEM)


async def test_a_key_destroyed_by_one_process_works_in_no_other(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("infra.keys.LOOK", 0)
    person, talk = await _person(world)
    other = create_app(world.settings, freeze=False)
    async with other.router.lifespan_context(other):
        store, tenant = other.state.doors.store, world.acme.tenant
        assert (await store.load(tenant, contacts, person)).state.name == "Jo Weber"
        assert "Jo" in (await store.load(tenant, interactions, talk)).state.text
        ok(await _do(world, "erase", person, CASE))
        # the talk's own stream has not moved: only letting go of cached states tells
        assert (await store.load(tenant, interactions, talk, fresh=False)).state.text == ERASED
        assert (await store.load(tenant, contacts, person, fresh=False)).state.name == ERASED


async def test_a_copy_holds_all_that_is_kept_with_its_days_and_is_recorded(world: World):
    person, talk = await _person(world)
    other, _ = await _person(world, "Kim Lee")
    copy = ok(await _do(world, "export", person, CASE, Role.LEGAL))
    assert copy["kind"] == "contact"
    assert {event["stream"] for event in copy["events"]} == {str(person), str(talk)}
    assert {(event["topic"], event["day"]) for event in copy["events"]} >= {("contact.added", datetime.now(UTC).date().isoformat())}
    assert any(event["data"].get("text") == "Jo Weber wants a quote" for event in copy["events"])
    assert "Kim" not in str(copy)
    assert str(other) not in str(copy)
    [recorded] = await world.doors.store.at(world.acme.tenant, [copy["position"]])
    assert recorded.event.topic == "privacy.exported"
    assert recorded.actor == world.acme.members[Role.LEGAL]


async def test_only_administrators_erase_and_a_case_is_a_number(world: World):
    person, _ = await _person(world)
    refused(await _do(world, "erase", person, CASE, Role.LEGAL), "RoleMissing", 403)
    refused(await _do(world, "erase", person, {"case": "Jo Weber asked"}), "RequestMalformed", 422)
    refused(await _do(world, "erase", world.acme.members[Role.ADMIN], CASE), "OwnErasure", 403)
    refused(await _do(world, "erase", world.other.members[Role.ADMIN], CASE), "NotFound", 404)


async def test_in_a_session_erasing_and_copies_take_the_password_once_more(world: World):
    person, _ = await _person(world)
    identity, tenant = world.doors.identity, world.acme.tenant
    member, name, password = uuid7(), "ada@acme.example", "correct horse battery"
    await world.doors.store.execute(tenant, members, member, AddMember(name="Ada", roles=(Role.ADMIN,)), by=SYSTEM)
    await identity.join(await identity.add_person(name, password), tenant, member)
    async with world.client() as client:
        same = {"Sec-Fetch-Site": "same-origin"}
        signed_in = await client.post("/v1/sessions", json={"name": name, "password": password}, headers=same)
        cookie = {"Cookie": signed_in.headers["set-cookie"].partition(";")[0]} | same
        for what in ("export", "erase"):
            path = f"/v1/privacy/{person}/{what}"
            refused(await client.post(path, json=CASE, headers=anyway() | cookie), "PasswordNeeded", 403)
            wrong = CASE | {"name": name, "password": "wrong"}
            refused(await client.post(path, json=wrong, headers=anyway() | cookie), "SignInFailed", 401)
            right = CASE | {"name": name, "password": password}
            ok(await client.post(path, json=right, headers=anyway() | cookie))


async def test_an_erased_member_signs_in_no_more_and_is_named_nowhere(reading: World):
    world = reading
    identity, store, tenant = world.doors.identity, world.doors.store, world.acme.tenant
    member = uuid7()
    await store.execute(tenant, members, member, AddMember(name="Ada Blum", email="ada@acme.example", roles=(Role.FINANCE,)), by=SYSTEM)
    principal = await identity.add_person("ada@acme.example", "correct horse battery")
    await identity.join(principal, tenant, member)
    token, _ = await identity.issue_key(principal, tenant, "Ada's notebook")
    async with world.client(token) as client:
        ok(await client.get("/v1/forecast", params={"at_least": await world.events()}))
    done = ok(await _do(world, "erase", member, CASE))
    erasures = Erasures(world.doors.database, store, world.doors.keys, world.settings)
    assert await erasures.step(tenant) == 1
    assert await erasures.step(tenant) == 0
    async with world.client(token) as client:
        refused(await client.get("/v1/forecast"), "NotSignedIn", 401)
    async with world.client(Role.ADMIN) as client:
        listed = await client.get("/v1/members", params={"at_least": done["position"]})
        assert "Ada" not in listed.text
        assert ok(await client.get(f"/v1/privacy/{member}")) == {
            "id": str(member), "kind": "member", "holds": [], "erased": "DSR-2027-1", "carried_out": True,
        }  # fmt: skip
    async with world.doors.database.connection() as connection:
        rows = await (await connection.execute("SELECT name FROM identity.sign_in_names")).fetchall()
        labels = await (await connection.execute("SELECT label FROM identity.api_keys")).fetchall()
    assert rows == []
    assert ("Ada's notebook",) not in labels


async def test_after_a_restore_whoever_was_erased_is_forgotten_again(reading: World):
    world = reading
    person, _ = await _person(world)
    async with world.client(Role.AUDITOR) as client:
        found = ok(await client.get("/v1/contacts", params={"text": "Jo Weber", "at_least": await world.events()}))
        assert len(found["items"]) == 1
    known = await world.events()
    # the database is from before the erasure, the list beside the keys is not
    world.doors.keys.forget(world.acme.tenant.slug, [person], "DSR-2027-3")
    assert await replay_erased(world.settings) == 0
    async with world.client(Role.AUDITOR) as client:
        assert ok(await client.get(f"/v1/privacy/{person}"))["erased"] == "DSR-2027-3"
        for then in ({}, {"as_of": str(known)}):
            asked = {"text": "Jo Weber", "at_least": await world.events(), **then}
            assert ok(await client.get("/v1/contacts", params=asked))["items"] == [], then
    before = await world.events()
    await replay_erased(world.settings)
    assert await world.events() == before


async def test_after_a_restore_no_row_names_an_erased_member_now_or_in_the_past(reading: World):
    world = reading
    store, tenant, member = world.doors.store, world.acme.tenant, uuid7()
    await store.execute(tenant, members, member, AddMember(name="Ada Blum", email="ada@acme.example", roles=(Role.FINANCE,)), by=SYSTEM)
    # what was known until here stays in a past row, which the fold of an erased member leaves as it is
    await store.execute(tenant, members, member, ChangeMember(name="Ada Berg"), by=SYSTEM)

    async def named() -> set[str]:
        query = f"SELECT name FROM {tenant.schema}.{{}} WHERE id = %s"
        async with await psycopg.AsyncConnection.connect(str(world.settings.migrator_url)) as connection:
            rows = [await (await connection.execute(query.format(t).encode(), (member,))).fetchall() for t in ("members", "members_past")]
        return {name for found in rows for (name,) in found}

    async with asyncio.timeout(120):
        while await named() != {"Ada Blum", "Ada Berg"}:
            await asyncio.sleep(0.05)
    world.doors.keys.forget(tenant.slug, [member], "DSR-2027-6")
    await replay_erased(world.settings)
    assert await named() == {ERASED}


async def test_after_a_restore_of_older_keys_whoever_the_log_says_was_erased_is_forgotten_again(world: World):
    person, _ = await _person(world)
    keys, slug = world.doors.keys, world.acme.tenant.slug
    said = ErasePerson(person=person, kind=PersonKind.CONTACT, case="DSR-2027-4", subjects=(person,))
    await world.doors.store.execute(world.acme.tenant, privacy, privacy_id(person), said, by=SYSTEM)
    assert keys.get(slug, person) is not None, "keys and list are from before the erasure, the log is not"
    assert await replay_erased(world.settings) == 1
    keys.refresh(at_once=True)
    assert keys.get(slug, person) is None


async def test_after_a_restore_an_erased_member_signs_in_no_more(world: World):
    identity, tenant, member = world.doors.identity, world.acme.tenant, uuid7()
    ada = AddMember(name="Ada Blum", email="ada@acme.example", roles=(Role.FINANCE,))
    await world.doors.store.execute(tenant, members, member, ada, by=SYSTEM)
    principal = await identity.add_person("ada@acme.example", "correct horse battery")
    await identity.join(principal, tenant, member)
    assert (await identity.sign_in("ada@acme.example", "correct horse battery", "here"))[1].member == member
    world.doors.keys.forget(tenant.slug, [member], "DSR-2027-5")
    await replay_erased(world.settings)
    with pytest.raises(SignInFailed):
        await identity.sign_in("ada@acme.example", "correct horse battery", "here")


async def test_the_id_by_which_a_source_knows_a_person_is_sealed(world: World):
    person, place = uuid7(), world.acme
    said = ImportContact(name="Jo Weber", source="Fair", source_id="jo@acme.example", run=uuid7())
    await world.doors.store.execute(place.tenant, contacts, person, said, by=SYSTEM)
    [row] = await world.doors.store.rows(place.tenant, await world.events() - 1, 1)
    assert b"jo@acme" not in row[5]
    assert (await world.doors.store.load(place.tenant, contacts, person)).state.provenance.source_id == "jo@acme.example"
