"""What somebody else could see, now and then: for auditors, on lists, board, forecast, accounts and single reads."""

from typing import Any
from uuid import uuid4

import pytest

from domain.accounts import AssignAccountOwner, accounts
from domain.contacts import AddContact, contacts
from domain.deals import AssignOwner, deals
from domain.interactions import RecordInteraction, interactions
from domain.kernel import SYSTEM, Role
from domain.members import SetRoles, SetTeam, members
from infra.ids import uuid7
from tests.api.conftest import World, ok, refused

SELLER, BOSS, CHIEF, EXECUTIVE = Role.ACCOUNT_MANAGER, Role.SALES_MANAGER, Role.SALES_CHIEF, Role.EXECUTIVE


@pytest.fixture
async def past(reading: World) -> tuple[World, int]:
    """The world, after the seller's deal and account went to the chief; and the position before that."""
    doors, acme = reading.doors, reading.acme
    chief = acme.members[CHIEF]
    plan = {"text": "Call back", "owner": chief, "due": "2030-03-01"}
    talk = {"kind": "call", "happened_at": "2026-03-02T09:30:00Z", "by": chief, "accounts": [acme.account], "deal": acme.deal, "text": "Hm"}
    person = AddContact(name="Jo Weber", account=acme.account)
    await doors.store.execute(acme.tenant, contacts, uuid7(), person, by=SYSTEM)
    said = RecordInteraction.model_validate({**talk, "follow_ups": [plan]})
    await doors.store.execute(acme.tenant, interactions, uuid7(), said, by=SYSTEM)
    before = await reading.events()
    await doors.store.execute(acme.tenant, deals, acme.deal, AssignOwner(owner=chief), by=SYSTEM)
    await doors.store.execute(acme.tenant, accounts, acme.account, AssignAccountOwner(owner=chief), by=SYSTEM)
    return reading, before


async def _seen(world: World, by: Role, as_of: int | None = None, asker: Role = Role.AUDITOR) -> tuple[int, ...]:
    """How many deals the list, the board, the forecast and the single read show to `by`, how many accounts list and single read,
    how many people, interactions and promises; and how many of the timelines tell of the interaction.
    """
    params: dict[str, Any] = {"as_seen_by": str(world.acme.members[by]), "at_least": await world.events()}
    params |= {} if as_of is None else {"as_of": str(as_of)}
    async with world.client(asker) as client:
        listed = ok(await client.get("/v1/deals", params=params))["items"]
        board = ok(await client.get("/v1/deals/board", params=params))["columns"]
        totals = ok(await client.get("/v1/forecast", params=params))["totals"]
        one = (await client.get(f"/v1/deals/{world.acme.deal}", params=params)).status_code
        accounts_ = ok(await client.get("/v1/accounts", params=params))["items"]
        companies = [one for one in accounts_ if one["id"] != str(world.acme.supplier)]
        company = (await client.get(f"/v1/accounts/{world.acme.account}", params=params)).status_code
        lists = [ok(await client.get(f"/v1/{name}", params=params))["items"] for name in ("contacts", "interactions", "follow-ups")]
        paths = (f"/v1/deals/{world.acme.deal}/timeline", f"/v1/accounts/{world.acme.account}/timeline")
        told = [await client.get(path, params=params) for path in paths]
    forecast = sum(cell["deals"] for total in totals for cell in total["categories"].values())
    stories = [any(event["topic"] == "interaction.recorded" for event in r.json()["items"]) for r in told if r.status_code == 200]
    one_by_one = (len(listed), sum(c["count"] for c in board), forecast, int(one == 200), len(companies), int(company == 200))
    return (*one_by_one, *map(len, lists), sum(stories))


ALL, NOTHING = (1,) * 9 + (2,), (0,) * 10


async def test_an_auditor_sees_what_a_member_could_see_then_and_no_longer_can(past: tuple[World, int]):
    world, before = past
    assert await _seen(world, SELLER, before) == ALL
    assert await _seen(world, SELLER) == NOTHING
    assert await _seen(world, BOSS, before) == ALL
    assert await _seen(world, CHIEF, before, asker=Role.ADMIN) == ALL
    assert await _seen(world, CHIEF) == ALL


async def test_the_rights_of_that_moment_decide_not_todays(past: tuple[World, int]):
    world, before = past
    store, tenant = world.doors.store, world.acme.tenant
    at = await world.events()
    await store.execute(tenant, members, world.acme.members[EXECUTIVE], SetRoles(roles=()), by=SYSTEM)
    await store.execute(tenant, members, world.acme.members[SELLER], SetTeam(team=None), by=SYSTEM)
    await store.execute(tenant, members, world.acme.members[CHIEF], SetTeam(team=world.acme.team), by=SYSTEM)
    world.doors.directory.forget(tenant, world.acme.members[EXECUTIVE])
    assert await _seen(world, EXECUTIVE, at) == ALL
    assert await _seen(world, EXECUTIVE) == NOTHING
    # the chief's deals are the team's from now on, and were not before
    assert await _seen(world, BOSS, at) == NOTHING
    assert await _seen(world, BOSS) == ALL
    assert await _seen(world, SELLER, before) == ALL


async def test_who_was_not_there_yet_saw_nothing(past: tuple[World, int]):
    world, _ = past
    assert await _seen(world, CHIEF, 1) == NOTHING


async def test_what_awaited_somebody_then_is_seen_through_their_eyes(past: tuple[World, int]):
    world, before = past
    theirs = {"as_seen_by": str(world.acme.members[CHIEF]), "at_least": await world.events()}
    async with world.client(Role.AUDITOR) as client:
        for moment in ({}, {"as_of": str(before)}):
            today = ok(await client.get("/v1/today", params=theirs | moment))
            assert ([f["text"] for f in today["follow_ups"]], today["member"]) == (["Call back"], theirs["as_seen_by"])
        assert ok(await client.get("/v1/today", params=theirs | {"as_of": str(before - 1)}))["follow_ups"] == []
        assert ok(await client.get("/v1/today", params={"at_least": theirs["at_least"]}))["follow_ups"] == []
        refused(await client.get("/v1/today", params=theirs | {"as_of": "1"}), "NotFound", 404)


async def test_only_auditors_and_administrators_ask_what_others_could_see(past: tuple[World, int]):
    world, before = past
    lists = "deals deals/board forecast accounts contacts interactions follow-ups today".split()
    deal, account = f"deals/{world.acme.deal}", f"accounts/{world.acme.account}"
    for path in (*lists, deal, f"{deal}/timeline", f"{account}/timeline"):
        for moment in ({}, {"as_of": str(before)}):
            params = {"as_seen_by": str(world.acme.members[SELLER]), **moment}
            async with world.client(CHIEF) as client:
                refused(await client.get(f"/v1/{path}", params=params), "RoleMissing", 403)


async def test_a_stranger_is_no_member_and_a_parameter_that_narrows_nothing_is_not_taken(past: tuple[World, int]):
    world, _ = past
    async with world.client(Role.AUDITOR) as client:
        for stranger in (uuid4(), world.other.members[SELLER]):
            refused(await client.get("/v1/deals", params={"as_seen_by": str(stranger)}), "NotFound", 404)
        refused(await client.get("/v1/keys", params={"as_seen_by": str(uuid4())}), "RequestMalformed", 422)


async def test_without_it_an_auditor_sees_all(past: tuple[World, int]):
    world, before = past
    async with world.client(Role.AUDITOR) as client:
        for moment in ({}, {"as_of": str(before)}):
            params = {"at_least": await world.events(), **moment}
            assert len(ok(await client.get("/v1/deals", params=params))["items"]) == 1
            ok(await client.get(f"/v1/deals/{world.acme.deal}", params=params))


async def test_a_suppliers_pages_are_narrowed_to_who_saw_the_supplier(past: tuple[World, int]):
    world, _ = past
    params: dict[str, Any] = {"at_least": await world.events()}
    async with world.client(Role.AUDITOR) as client:
        for path in ("", "/scorecard", "/balance"):
            supplier = f"/v1/suppliers/{world.acme.supplier}{path}"
            ok(await client.get(supplier, params={**params, "as_seen_by": str(world.acme.members[Role.PROCUREMENT])}))
            refused(await client.get(supplier, params={**params, "as_seen_by": str(world.acme.members[SELLER])}), "NotFound", 404)
        assert ok(await client.get("/v1/papers", params={**params, "as_seen_by": str(world.acme.members[SELLER])}))["items"] == []
