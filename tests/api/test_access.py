"""S1 to S3, S20: operation by role by {own, foreign tenant, random id}, from the OpenAPI document. A route without a row fails."""

import json
from typing import Any
from uuid import UUID, uuid4

from api.callers import Roles, SignedIn
from api.openapi import routes_of, stated
from domain.kernel import Role
from infra.access import RULES, Action, roles_for
from tests.api.conftest import Place, World, anyway

OPEN = {"sign_in"}
"""What anybody may call: everything else must state a role or a session."""
EXTERNAL = {Role.PARTNER, Role.SUPPLIER, Role.CUSTOMER}
STREAMING = {"stream_events"}
IDS = {"deal": "deal", "account": "account", "member": "member", "team": "team"}


def _operations(world: World) -> list[tuple[str, str, str, Any, dict[str, Any]]]:
    found = []
    for route, method, operation in routes_of(world.app):
        doors = [d for d in stated(route) if isinstance(d, Roles | SignedIn)]
        found.append((operation["operationId"], method, route.path_format, doors[0] if doors else None, operation))
    return found


def test_every_route_states_who_may_call_it(world_document: Any):
    for route, _, operation in world_document:
        doors = [d for d in stated(route) if isinstance(d, Roles | SignedIn)]
        name = operation["operationId"]
        assert len(doors) == (0 if name in OPEN else 1), f"{name} must have exactly one row: who may call it"
        if doors and isinstance(doors[0], Roles):
            assert doors[0].roles == frozenset().union(*(roles_for(a) for a in doors[0].actions))
            # who is from outside comes in through the portal alone, and nobody else does
            assert doors[0].roles <= EXTERNAL if _is_portal(doors[0]) else doors[0].roles.isdisjoint(EXTERNAL), name
            assert route.path_format.startswith("/v1/portal") == _is_portal(doors[0]), name
            assert all(action in RULES for action in doors[0].actions)


def _is_portal(door: Roles) -> bool:
    return all(action.startswith("portal.") for action in door.actions)


async def _call(world: World, role: Role | None, place: Place, operation: tuple, id: UUID | str) -> Any:
    _, method, path, _, document = operation
    url = path.replace("{id}", str(id)).replace("{noun_name}", "deal").replace("{sha256}", "0" * 64)
    url = url.replace("{version}", "1").replace("{position}", "1")
    body = document.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    parameters = {
        p["name"]: p["schema"].get("examples", ["EUR"])[0]
        for p in document.get("parameters", ())
        if p["in"] == "query" and p.get("required")
    }
    async with world.client(role, place) as client:
        headers = anyway() | ({"Content-Type": "application/json"} if body is not None else {})
        return await client.request(method, url, params=parameters, content=json.dumps(body) if body is not None else None, headers=headers)


async def test_every_operation_refuses_every_role_that_has_no_right_to_it(world: World):
    for operation in _operations(world):
        name, *_, door, _ = operation
        if name in OPEN or name in STREAMING:
            continue
        before = await world.events()
        response = await _call(world, None, world.acme, operation, world.acme.deal)
        assert (response.status_code, response.json()["rule"]) == (401, "NotSignedIn"), name
        for role in Role:
            if isinstance(door, Roles) and role not in door.roles:
                response = await _call(world, role, world.acme, operation, world.acme.deal)
                assert (response.status_code, response.json()["rule"]) == (403, "RoleMissing"), (name, role)
                assert set(response.json()["roles"]) == set(door.roles)
        assert await world.events() == before, f"a denied {name} left an event"


async def test_what_belongs_to_another_tenant_looks_like_what_does_not_exist(world: World):
    for operation in _operations(world):
        name, _, path, door, _ = operation
        if "{id}" not in path or not isinstance(door, Roles) or name in STREAMING:
            continue
        noun = path.split("/")[2].removesuffix("s")
        foreign = {"deal": world.other.deal, "account": world.other.account, "team": world.other.team}.get(
            noun, world.other.members[Role.ADMIN]
        )
        before = await world.events(), await world.events(world.other)
        for role in sorted(door.roles):
            theirs = await _call(world, role, world.acme, operation, foreign)
            nobodys = await _call(world, role, world.acme, operation, uuid4())
            assert theirs.status_code == nobodys.status_code == 404, (name, role, theirs.text, nobodys.text)
            shapes = [{k: v for k, v in r.json().items() if k != "instance"} for r in (theirs, nobodys)]
            assert shapes[0] == shapes[1], (name, role)
        assert (await world.events(), await world.events(world.other)) == before, name


async def test_what_a_colleague_elsewhere_owns_looks_like_what_does_not_exist(world: World):
    """Sibling: the same tenant, the right role, somebody else's deal and account."""
    from domain.accounts import OpenAccount, accounts
    from domain.deals import OpenDeal, deals
    from domain.kernel import SYSTEM
    from domain.values import Money

    store, tenant, stranger = world.doors.store, world.acme.tenant, world.acme.members[Role.SALES_CHIEF]
    account, deal = uuid4(), uuid4()
    await store.execute(tenant, accounts, account, OpenAccount(legal_name="Far", roles=("customer",), owner=stranger), by=SYSTEM)
    opened = OpenDeal(title="Far", account=account, owner=stranger, close_date="2030-01-31", amount=Money(amount=1, currency="EUR"))
    await store.execute(tenant, deals, deal, opened, by=SYSTEM)
    for operation in _operations(world):
        name, _, path, door, _ = operation
        noun = path.split("/")[2]
        if "{id}" not in path or noun not in {"deals", "accounts"} or not isinstance(door, Roles) or Role.ACCOUNT_MANAGER not in door.roles:
            continue
        theirs = await _call(world, Role.ACCOUNT_MANAGER, world.acme, operation, deal if noun == "deals" else account)
        nobodys = await _call(world, Role.ACCOUNT_MANAGER, world.acme, operation, uuid4())
        shapes = [{k: v for k, v in r.json().items() if k != "instance"} for r in (theirs, nobodys)]
        assert theirs.status_code == 404, (name, theirs.text)
        assert shapes[0] == shapes[1], name


async def test_what_may_be_read_but_not_changed_is_refused_with_who_may(world: World):
    """The deal of a team mate: an account manager reads it, and hears who may change it, whatever the ETag."""
    from domain.kernel import SYSTEM
    from domain.members import AddMember, members

    mate, place = uuid4(), world.acme
    joined = AddMember(name="Mate", roles=(Role.ACCOUNT_MANAGER,), team=place.team)
    await world.doors.store.execute(place.tenant, members, mate, joined, by=SYSTEM)
    principal = await world.doors.identity.add_machine()
    await world.doors.identity.join(principal, place.tenant, mate)
    token, _ = await world.doors.identity.issue_key(principal, place.tenant, "mate")
    before = await world.events()
    title = {"title": "Mine now"}
    async with world.client(token) as client:
        assert (await client.get(f"/v1/deals/{place.deal}")).status_code == 200
        for if_match in ("*", '"0"', '"1"', '"7"'):
            said = await client.post(f"/v1/deals/{place.deal}/title", json=title, headers=anyway() | {"If-Match": if_match})
            assert (said.status_code, said.json()["rule"]) == (403, "OutOfReach"), (if_match, said.text)
            assert set(said.json()["roles"]) == set(roles_for(Action.DEAL_CHANGE))
            assert "account manager (of what they own), sales manager (of what those they lead own)" in said.json()["detail"]
        absent = await client.post(f"/v1/deals/{world.other.deal}/title", json=title, headers=anyway())
        assert (absent.status_code, absent.json()["rule"]) == (404, "NotFound")
    assert await world.events() == before


async def test_a_version_that_nothing_has_is_a_stale_one(world: World):
    before = await world.events()
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        for if_match in ('"0"', '"00"', '"99"', 'W/"1"'):
            answers = []
            for deal in (world.acme.deal, world.other.deal, uuid4()):
                said = await client.post(f"/v1/deals/{deal}/title", json={"title": "x"}, headers=anyway() | {"If-Match": if_match})
                answers.append((said.status_code, said.json()["rule"]))
            assert answers[0] == (412, "StaleVersion"), if_match
            # what the caller may not know of answers as what is not there
            assert answers[1] == answers[2], if_match
    assert await world.events() == before
