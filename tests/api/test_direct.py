"""Plain routes are reached without a search: the same ones as with it, and what is no plain route's goes to the router."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from api.app import ROUTERS
from api.direct import Direct, Shortcut, _Whole
from domain.accounts import AssignAccountOwner, accounts
from domain.kernel import SYSTEM, Role
from infra.event_store import Store
from tests.api.conftest import World, anyway, key, ok, opening, refused

ROUTES = [route for router in ROUTERS for route in router.routes]


def asked(method: str, path: str) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "root_path": "", "headers": [], "path_params": {}}


def found(scope: dict[str, Any]) -> Direct | None:
    async def never(*_: Any) -> None:
        raise AssertionError

    return Shortcut(never, ROUTES).route(scope)


def test_every_plain_route_is_found_as_the_router_finds_it():
    plain = [route for route in ROUTES if isinstance(route, Direct) and route.plain]
    assert len(plain) > 50
    for route in plain:
        for method in route.methods or ():
            id = str(uuid4())
            path = route.path_format.replace("{id}", id)
            first = next(other for other in ROUTES if other.matches(asked(method, path))[0] is Match.FULL)
            scope = asked(method, path)
            assert found(scope) is first is route
            assert scope["path_params"] == ({"id": id} if "{id}" in route.path_format else {})
            assert scope["route"] is route


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/deals"),
        ("POST", "/v1/deals/"),
        ("POST", "/v1/deals/{id}/advance"),
        ("POST", "/v1/deals/none/advance"),
        ("POST", f"/v1/deals/{UUID(int=7)}/nothing"),
        ("DELETE", f"/v1/deals/{UUID(int=7)}/advance"),
        ("POST", "/"),
        ("POST", ""),
    ],
)
def test_what_is_no_plain_routes_is_left_to_the_router(method: str, path: str):
    scope = asked(method, path)
    assert found(scope) is None
    assert "route" not in scope


async def test_below_another_root_the_router_decides(world: World):
    assert found({**asked("POST", "/v1/deals"), "root_path": "/concord"}) is None
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        refused(await client.delete("/v1/deals"), "NoSuchPlace", 405)
        refused(await client.post("/v1/deals/{id}/advance", json={}, headers=anyway()), "RequestMalformed", 422)


async def test_a_body_in_parts_is_one_and_a_caller_that_leaves_is_noticed():
    parts = [{"type": "http.request", "body": b"ab", "more_body": True}, {"type": "http.request", "body": b"cd"}]

    async def receive() -> Any:
        return parts.pop(0) if parts else {"type": "http.disconnect"}

    request = _Whole({"type": "http"}, receive)
    assert await request.body() == b"abcd"
    assert await request.body() == b"abcd"
    with pytest.raises(ClientDisconnect):
        await _Whole({"type": "http"}, receive).body()


async def test_an_account_that_was_given_away_elsewhere_is_out_of_reach_at_once(world: World):
    """The door's own cache still holds the account as it was: the append's guard makes it look again."""
    place = world.acme
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        ok(await client.post("/v1/deals", json=opening(place), headers=key()), 201)
        elsewhere = Store(world.doors.database, world.doors.store.codec)
        await elsewhere.execute(place.tenant, accounts, place.account, AssignAccountOwner(owner=place.members[Role.SALES_CHIEF]), by=SYSTEM)
        await elsewhere.close()
        before = await world.events()
        refused(await client.post("/v1/deals", json=opening(place), headers=key()), "NotFound", 404)
        assert await world.events() == before
        refused(await client.post("/v1/deals", json=opening(place, account=str(uuid4())), headers=key()), "NotFound", 404)
        assert await world.events() == before
