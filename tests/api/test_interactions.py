"""Interactions and follow-ups through the door: recorded, listed within reach, and promised work seen to."""

from typing import Any
from uuid import UUID, uuid4

from domain.accounts import AssignAccountOwner, OpenAccount, accounts
from domain.contacts import AddContact, TakePosition, contacts
from domain.interactions import RecordInteraction, interactions
from domain.kernel import SYSTEM, Role
from infra.ids import uuid7
from tests.api.conftest import World, anyway, key, ok, refused

SELLER, CHIEF = Role.ACCOUNT_MANAGER, Role.SALES_CHIEF
DUE = "2030-03-01"


def call(world: World, **more: Any) -> dict[str, Any]:
    plan = {"text": "Send the quote", "owner": str(world.acme.members[SELLER]), "due": DUE}
    return {
        "kind": "call",
        "happened_at": "2026-03-02T09:30:00Z",
        "accounts": [str(world.acme.account)],
        "subject_line": "Budget",
        "text": "It is approved.",
        "follow_ups": [plan],
        **more,
    }


async def _list(world: World, what: str, role: Role = SELLER, **params: Any) -> list[dict[str, Any]]:
    async with world.client(role) as client:
        found = ok(await client.get(f"/v1/{what}", params={"at_least": await world.events(), **params}))
    return list(found["items"])


async def test_what_was_recorded_is_listed_with_its_words_and_promises(reading: World):
    async with reading.client(SELLER) as client:
        made = ok(await client.post("/v1/interactions", json=call(reading), headers=key()), 201)
        [told] = await _list(reading, "interactions", account=str(reading.acme.account), kind="call")
        assert (told["id"], told["subject_line"], told["text"]) == (made["id"], "Budget", "It is approved.")
        assert (told["account_names"], told["by_name"]) == (["Customer of acme"], "account_manager")
        [promise] = await _list(reading, "follow-ups", owner=str(reading.acme.members[SELLER]))
        assert (promise["text"], promise["due"], promise["interaction"], promise["state"]) == ("Send the quote", DUE, made["id"], "open")
        done = {"follow_up": promise["id"], "outcome": "Sent"}
        ok(await client.post(f"/v1/interactions/{made['id']}/follow-ups/complete", json=done, headers=anyway()))
    assert await _list(reading, "follow-ups") == []
    assert [f["id"] for f in await _list(reading, "follow-ups", state="done")] == [promise["id"]]
    assert await _list(reading, "follow-ups", due_before=DUE, state="done") == []
    assert await _list(reading, "interactions", kind="visit") == []


async def test_a_past_list_is_as_it_stood(reading: World):
    async with reading.client(SELLER) as client:
        made = ok(await client.post("/v1/interactions", json=call(reading), headers=key()), 201)
        then = await reading.events()
        ok(await client.post(f"/v1/interactions/{made['id']}/correct", json={"reason": "Wrong", "text": "It is not."}, headers=anyway()))
        ok(await client.post(f"/v1/interactions/{made['id']}/retract", json={"reason": "Twice"}, headers=anyway()))
    assert await _list(reading, "interactions") == []
    assert [i["text"] for i in await _list(reading, "interactions", retracted="true")] == ["It is not."]
    assert [i["text"] for i in await _list(reading, "interactions", as_of=str(then))] == ["It is approved."]
    assert len(await _list(reading, "follow-ups", as_of=str(then))) == 1
    assert await _list(reading, "follow-ups") == []


async def test_who_lost_an_account_reads_its_past_talks_and_people_no_more(reading: World):
    store, tenant, account = reading.doors.store, reading.acme.tenant, reading.acme.account
    async with reading.client(CHIEF) as client:
        made = ok(await client.post("/v1/interactions", json=call(reading, follow_ups=[]), headers=key()), 201)
    buyer = uuid4()
    await store.execute(tenant, contacts, buyer, AddContact(name="Jo Weber"), by=SYSTEM)
    await store.execute(tenant, contacts, buyer, TakePosition(account=account), by=SYSTEM)
    then = await reading.events()

    async def past(role: Role) -> list[list[str]]:
        return [[one["id"] for one in await _list(reading, what, role, as_of=then)] for what in ("interactions", "contacts")]

    assert await past(SELLER) == [[made["id"]], [str(buyer)]]
    await store.execute(tenant, accounts, account, AssignAccountOwner(owner=reading.acme.members[CHIEF]), by=SYSTEM)
    assert await past(SELLER) == [[], []]
    assert await past(CHIEF) == [[made["id"]], [str(buyer)]]


async def test_lists_hold_exactly_what_may_be_read_one_by_one(reading: World):
    """S20, over every role: through an account, through who held it, and not at all."""
    world, store, tenant = reading, reading.doors.store, reading.acme.tenant
    members = world.acme.members
    made: list[UUID] = []
    for n, owner in enumerate((SELLER, CHIEF, Role.SALES_MANAGER, Role.PROCUREMENT) * 2):
        account, id = uuid7(), uuid7()
        kind = "supplier" if n >= 4 else "customer"
        await store.execute(tenant, accounts, account, OpenAccount(legal_name=f"A{n}", roles=(kind,), owner=members[owner]), by=SYSTEM)
        holder = members[(CHIEF, SELLER)[n % 2]]
        plan = {"text": f"Do {n}", "owner": members[CHIEF], "due": DUE}
        said = call(world) | {"accounts": [account], "by": holder, "follow_ups": [plan]}
        await store.execute(tenant, interactions, id, RecordInteraction.model_validate(said), by=SYSTEM)
        made.append(id)
    at = await world.events()
    for role in (SELLER, Role.SALES_MANAGER, CHIEF, Role.PROCUREMENT, Role.AUDITOR):
        async with world.client(role) as client:
            readable = {str(id) for id in made if (await client.get(f"/v1/interactions/{id}")).status_code == 200}
        for params in ({}, {"as_of": str(at)}):
            assert {i["id"] for i in await _list(world, "interactions", role, **params)} == readable, (role, params)
            promises = {f["interaction"] for f in await _list(world, "follow-ups", role, **params)}
            assert promises == (set(map(str, made)) if role is CHIEF else readable), (role, params)


async def test_an_account_out_of_reach_is_not_named_beside_one_within(reading: World):
    store, tenant, members = reading.doors.store, reading.acme.tenant, reading.acme.members
    hidden = uuid7()
    opened = OpenAccount(legal_name="Hidden from sellers", roles=("customer",), owner=members[CHIEF])
    await store.execute(tenant, accounts, hidden, opened, by=SYSTEM)
    said = call(reading) | {"accounts": [reading.acme.account, hidden], "by": members[SELLER]}
    await store.execute(tenant, interactions, uuid7(), RecordInteraction.model_validate(said), by=SYSTEM)
    person = uuid7()
    await store.execute(tenant, contacts, person, AddContact(name="Jo Weber", account=reading.acme.account), by=SYSTEM)
    await store.execute(tenant, contacts, person, TakePosition(account=hidden), by=SYSTEM)
    at = await reading.events()
    both = {"Customer of acme", "Hidden from sellers"}
    for role, names in ((SELLER, {"Customer of acme"}), (CHIEF, both)):
        for what in ("interactions", "follow-ups"):
            for params in ({}, {"as_of": str(at)}):
                [card] = await _list(reading, what, role, **params)
                assert set(card["account_names"]) == names, (role, what, params)
        for params in ({}, {"as_of": str(at)}):
            [jo] = await _list(reading, "contacts", role, **params)
            assert {place["account_name"] for place in jo["positions"]} - {None} == names, (role, params)


async def test_pages_follow_one_another(reading: World):
    async with reading.client(SELLER) as client:
        for n in range(7):
            ok(await client.post("/v1/interactions", json=call(reading, text=f"Call {n}"), headers=key()), 201)
        seen, cursor = [], None
        while True:
            params = {"limit": 3, "at_least": await reading.events()} | ({"cursor": cursor} if cursor else {})
            body = ok(await client.get("/v1/interactions", params=params))
            seen += [i["text"] for i in body["items"]]
            if (cursor := body["next"]) is None:
                break
        assert sorted(seen) == [f"Call {n}" for n in range(7)]
        refused(await client.get("/v1/follow-ups", params={"state": "asleep"}), "RequestMalformed", 422)
        assert await _list(reading, "interactions", deal=str(uuid4())) == []
