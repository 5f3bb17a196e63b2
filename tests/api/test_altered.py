"""An event that was altered in the database is told by name wherever it is read: never a fault, and nobody else is kept out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest

from api.callers import Roles
from api.openapi import routes_of, stated
from domain.kernel import Role
from infra.proofs.follower import Follower
from projections.catalogue import read_models
from projections.runner import Runner
from tests.api.conftest import World, ok, refused

STREAMING = {"stream_events"}
DECODING = {
    "read_events",
    "replay_decision",
    "search_log",
    "read_state",
    "compare_thing",
    "read_deal",
    "read_deal_history",
    "read_deal_timeline",
    "read_account_timeline",
    "prove_inclusion",
}
"""Some of the reads that come upon the deal's first event."""


async def _sign(world: World) -> None:
    await Follower(world.doors.database, world.doors.store, world.doors.proof_keys, world.settings).step(world.acme.tenant)


async def _first(world: World, stream: UUID) -> int:
    return (await world.doors.store.history(world.acme.tenant, stream))[0].position


def _alter(database_url: str, position: int, change: str, schema: str = "t_acme") -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"UPDATE {schema}.events SET {change} WHERE position = %s", (position,))


async def test_every_read_that_comes_upon_an_altered_event_names_it_and_none_fails(world: World, database_url: str):
    await _sign(world)
    doors = world.doors
    await Runner(doors.database, doors.store, doors.store.wakes, read_models()).catch_up(world.acme.tenant)
    position = await _first(world, world.acme.deal)
    _alter(database_url, position, "state = '\\xff'")
    told = set()
    for route, method, operation in routes_of(world.app):
        name = operation["operationId"]
        if method != "GET" or name in STREAMING:
            continue
        noun_id = world.acme.account if "/accounts/" in route.path_format else world.acme.deal
        values = {"{id}": noun_id, "{noun_name}": "deal", "{list_name}": "deals", "{sha256}": "0" * 64, "{position}": position}
        url = route.path_format.replace("{version}", "1")
        for place, value in values.items():
            url = url.replace(place, str(value))
        params: dict[str, Any] = {
            p["name"]: p["schema"].get("examples", ["EUR"])[0]
            for p in operation.get("parameters", ())
            if p["in"] == "query" and p.get("required")
        }
        if name == "prove_inclusion":
            params["position"] = position
        doors_of = [d for d in stated(route) if isinstance(d, Roles)]
        role = next(r for r in (Role.AUDITOR, Role.ADMIN, *Role) if not doors_of or r in doors_of[0].roles)
        async with world.client(role) as client:
            response = await client.get(url, params=params)
        assert response.status_code != 500, (name, url, response.text)
        if response.status_code == 409 and response.json()["rule"] == "EventAltered":
            assert response.json()["position"] == position, name
            told.add(name)
    assert told >= DECODING, DECODING - told


@pytest.mark.parametrize("change", ["state = '[]'", "meta = '\\x01'", "topic = 'deal.unheard'"])
async def test_whatever_was_altered_the_feed_names_the_place_says_what_to_do_and_goes_on_behind_it(
    world: World, database_url: str, change: str
):
    await _sign(world)
    position = await _first(world, world.acme.deal)
    _alter(database_url, position, change)
    async with world.client(Role.AUDITOR) as client:
        body = refused(await client.get("/v1/events", params={"limit": 1000}), "EventAltered", 409)
        assert body["position"] == position
        assert "concord audit verify-log" in body["detail"]
        assert f"concord audit bundle --positions {position} " in body["detail"]
        ok(await client.get("/v1/events", params={"limit": position - 1}))
        ok(await client.get("/v1/events", params={"after": position}))
    async with world.client(Role.AUDITOR, world.other) as client:
        ok(await client.get("/v1/events", params={"limit": 1000}))


async def test_what_was_never_signed_is_said_to_be_unreadable_and_nobody_is_accused(world: World, database_url: str):
    position = await _first(world, world.acme.deal)
    _alter(database_url, position, "state = '{}'")
    async with world.client(Role.AUDITOR) as client:
        for path in ("/v1/events?limit=1000", f"/v1/deals/{world.acme.deal}"):
            assert refused(await client.get(path), "EventUnreadable", 409)["position"] == position


async def test_a_member_whose_event_was_altered_has_no_rights_by_it_and_keeps_nobody_else_out(world: World, database_url: str):
    await _sign(world)
    position = await _first(world, world.acme.members[Role.AP_CLERK])
    _alter(database_url, position, "state = '{}'")
    async with world.client(Role.AP_CLERK) as client:
        assert refused(await client.get("/v1/today"), "EventAltered", 409)["position"] == position
    async with world.client(Role.AUDITOR) as client:
        ok(await client.get("/v1/proofs/checkpoint"))
