"""What somebody else could see, now and then: for auditors, on lists, board, forecast, accounts and single reads."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from domain.accounts import AssignAccountOwner, accounts
from domain.deals import AssignOwner, deals
from domain.kernel import SYSTEM, Role
from domain.members import SetRoles, SetTeam, members
from projections.catalogue import read_models
from projections.runner import Runner
from tests.api.conftest import World, ok, refused

SELLER, BOSS, CHIEF, EXECUTIVE = Role.ACCOUNT_MANAGER, Role.SALES_MANAGER, Role.SALES_CHIEF, Role.EXECUTIVE


@pytest.fixture
async def past(world: World) -> AsyncIterator[tuple[World, int]]:
    """The world, after the seller's deal and account went to the chief; and the position before that."""
    doors, acme = world.doors, world.acme
    task = asyncio.create_task(Runner(doors.database, doors.store, doors.store.wakes, read_models()).run())
    before = await world.events()
    chief = acme.members[CHIEF]
    await doors.store.execute(acme.tenant, deals, acme.deal, AssignOwner(owner=chief), by=SYSTEM)
    await doors.store.execute(acme.tenant, accounts, acme.account, AssignAccountOwner(owner=chief), by=SYSTEM)
    yield world, before
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _seen(world: World, by: Role, as_of: int | None = None, asker: Role = Role.AUDITOR) -> tuple[int, ...]:
    """How many deals the list, the board, the forecast and the single read show to `by`, and how many accounts list and single read."""
    params: dict[str, Any] = {"as_seen_by": str(world.acme.members[by]), "at_least": await world.events()}
    params |= {} if as_of is None else {"as_of": str(as_of)}
    async with world.client(asker) as client:
        listed = ok(await client.get("/v1/deals", params=params))["items"]
        board = ok(await client.get("/v1/deals/board", params=params))["columns"]
        totals = ok(await client.get("/v1/forecast", params=params))["totals"]
        one = (await client.get(f"/v1/deals/{world.acme.deal}", params=params)).status_code
        companies = ok(await client.get("/v1/accounts", params=params))["items"]
        company = (await client.get(f"/v1/accounts/{world.acme.account}", params=params)).status_code
    forecast = sum(cell["deals"] for total in totals for cell in total["categories"].values())
    return (len(listed), sum(c["count"] for c in board), forecast, int(one == 200), len(companies), int(company == 200))


ALL, NOTHING = (1,) * 6, (0,) * 6


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


async def test_only_auditors_and_administrators_ask_what_others_could_see(past: tuple[World, int]):
    world, before = past
    for path in ("/v1/deals", "/v1/deals/board", "/v1/forecast", "/v1/accounts", f"/v1/deals/{world.acme.deal}"):
        for moment in ({}, {"as_of": str(before)}):
            params = {"as_seen_by": str(world.acme.members[SELLER]), **moment}
            async with world.client(CHIEF) as client:
                refused(await client.get(path, params=params), "RoleMissing", 403)


async def test_a_stranger_is_no_member_and_a_parameter_that_narrows_nothing_is_not_taken(past: tuple[World, int]):
    world, _ = past
    async with world.client(Role.AUDITOR) as client:
        for stranger in (uuid4(), world.other.members[SELLER]):
            refused(await client.get("/v1/deals", params={"as_seen_by": str(stranger)}), "NotFound", 404)
        refused(await client.get("/v1/products", params={"as_seen_by": str(uuid4())}), "RequestMalformed", 422)


async def test_without_it_an_auditor_sees_all(past: tuple[World, int]):
    world, before = past
    async with world.client(Role.AUDITOR) as client:
        for moment in ({}, {"as_of": str(before)}):
            params = {"at_least": await world.events(), **moment}
            assert len(ok(await client.get("/v1/deals", params=params))["items"]) == 1
            ok(await client.get(f"/v1/deals/{world.acme.deal}", params=params))
