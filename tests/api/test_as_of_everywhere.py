"""Every GET takes `as_of`, `basis` and `as_seen_by` and honours them, or says why it has no past; nothing else is taken anywhere."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from api.openapi import routes_of
from api.queries import NO_PAST
from domain.kernel import Role
from infra.access import Action, roles_for
from tests.api.conftest import World, ok, refused
from tests.api.everything import Read, Things, address, content, every_read, furnish_all, roles_of

MOMENT = {"as_of", "basis", "as_seen_by", "at_least"}
AUDITOR, ADMIN = Role.AUDITOR, Role.ADMIN
SAME_THEN = {
    "list_not_counted": "everything counts in the forecast",
    "list_proof_keys": "nothing is signed here",
    "read_findings": "everybody kept to the rules",
    "read_supplier_scorecard": "scores are made of months that are over",
}
"""Reads of which nothing was made here that the past did not have, and why."""


@pytest.fixture
async def told(reading: World) -> tuple[World, Things, list[Read]]:
    """The world with one of each thing, and every read of it."""
    things = await furnish_all(reading)
    return reading, things, every_read(reading, things.ids)


def test_every_read_takes_a_moment_or_says_why_it_has_no_past(world_document: Any):
    reads = [(route, document) for route, method, document in world_document if method == "GET"]
    assert len(reads) > 80
    for _, document in reads:
        name = document["operationId"]
        taken = MOMENT & {parameter["name"] for parameter in document.get("parameters", ()) if parameter["in"] == "query"}
        if "x-concord-no-past" in document:
            assert taken <= {"at_least"}, name
        else:
            assert taken == MOMENT, f"{name} has to take {', '.join(sorted(MOMENT - taken))}, or to stand in NO_PAST with its reason"


async def test_every_read_of_a_moment_shows_it_and_says_its_position(told: tuple[World, Things, list[Read]]):
    world, things, reads = told
    now, alike = await world.events(), set()
    for read in filter(lambda read: read.past, reads):
        async with world.client(read.who(ADMIN)) as client:
            today = await read.get(client, at_least=now)
            for basis in ("known", "happened"):
                response = await read.get(client, as_of=now, basis=basis, at_least=now)
                assert response.status_code == 200, (read.name, response.text)
                assert int(response.headers["Concord-Position"]) >= now, read.name
                if isinstance(body := response.json(), dict):
                    assert (body["as_of"], body["basis"]) == (now, basis), read.name
                if basis == "known":
                    assert content(response) == content(today), read.name
            then = await read.get(client, as_of=things.before, at_least=now)
            if then.status_code != 404 and content(then) == content(today):
                alike.add(read.name)
            beyond = refused(await read.get(client, as_of=10**9), "AheadOfLog", 422)
            assert beyond["as_of"] == 10**9, read.name
            refused(await read.get(client, basis="guessed"), "RequestMalformed", 422)
    assert alike == SAME_THEN.keys(), "these show of the past what is there now, or no longer do"


async def test_what_has_no_past_refuses_a_moment_and_says_why(world: World):
    for read in (read for read in every_read(world, {}) if not read.past):
        for name in ("as_of", "basis", "as_seen_by", "asof"):
            async with world.client(read.who(AUDITOR)) as client:
                detail = refused(await read.get(client, **{name: "1"}), "RequestMalformed", 422)["detail"]
            assert detail == f"{name}: this takes no moment, because {NO_PAST[read.name]}; leave it away.", read.name


async def test_no_operation_ignores_a_parameter_that_it_does_not_take(world: World):
    for route, method, document in routes_of(world.app):
        name, roles = document["operationId"], roles_of(route)
        if not roles or name == "upload_import":
            continue
        url = address(route, str(world.acme.deal))
        example = document.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example", {})
        async with world.client(ADMIN if ADMIN in roles else min(roles)) as client:
            response = await client.request(method, url, params={"surely_not": "1"}, json=example if method != "GET" else None)
        body = refused(response, "RequestMalformed", 422)
        assert {"at": "query.surely_not", "message": "there is no such parameter here; leave it away", "kind": "extra_forbidden"} in body[
            "errors"
        ]
    async with world.client() as client:
        for path in ("/health", "/openapi.json", "/problems/NotFound", "/"):
            ok(await client.get(path)) if path != "/" else (await client.get(path)).raise_for_status()
            refused(await client.get(path, params={"surely_not": "1"}), "RequestMalformed", 422)


async def test_a_misspelt_parameter_is_answered_with_the_one_that_is_meant_and_one_given_twice_is_no_choice(world: World):
    async with world.client(AUDITOR) as client:
        for written, meant in (("asof", "as_of"), ("as-of", "as_of"), ("As_Of", "as_of"), ("as_seen", "as_seen_by"), ("limmit", "limit")):
            body = refused(await client.get("/v1/deals", params={written: "2026-03-31"}), "RequestMalformed", 422)
            assert body["detail"] == f"{written}: there is no such parameter here; perhaps {meant} is meant."
        twice = refused(await client.get("/v1/settings", params=[("as_of", "1"), ("as_of", "2")]), "RequestMalformed", 422)
        assert twice["detail"] == "as_of: it is given more than once; give it once."
        hidden = refused(await client.get("/v1/keys", params={"<b>\n": "1"}), "RequestMalformed", 422)
        assert hidden["detail"].startswith("a parameter: ")


async def test_every_read_of_a_moment_is_narrowed_to_a_member_for_auditors_alone(told: tuple[World, Things, list[Read]]):
    world, things, reads = told
    now = await world.events()
    eyes = {role: str(world.acme.members[role]) for role in (ADMIN, Role.ACCOUNT_MANAGER, Role.SUPPLIER)}
    for read in (read for read in reads if read.past):
        async with world.client(AUDITOR) as client:
            all_seeing = await read.get(client, at_least=now, as_seen_by=eyes[ADMIN])
            if read.name != "read_today":
                assert content(all_seeing) == content(await read.get(client, at_least=now)), read.name
            # who is from outside sees nothing of this door
            nothing = await read.get(client, as_of=now, as_seen_by=eyes[Role.SUPPLIER])
            assert nothing.status_code == 404 or _is_empty(nothing.json()), (read.name, nothing.text)
            refused(await read.get(client, as_seen_by=str(uuid4())), "NotFound", 404)
        for role in sorted(read.roles - roles_for(Action.LOG_READ))[:1]:
            async with world.client(role) as client:
                for moment in ({}, {"as_of": things.before}):
                    response = await read.get(client, as_seen_by=eyes[ADMIN], **moment)
                    assert response.status_code == 404 or refused(response, "RoleMissing", 403)["roles"] == ["admin", "auditor"], read.name


def _is_empty(body: Any) -> bool:
    """Whether an answer tells of nothing: no row, no sum."""
    if isinstance(body, list):
        return not body
    lists = [value for value in body.values() if isinstance(value, list)]
    return not any(value for value in lists if value and not _is_plain(value))


def _is_plain(values: list[Any]) -> bool:
    return all(not isinstance(value, dict) or not any(isinstance(part, list) and part for part in value.values()) for value in values)


def test_no_reason_is_given_for_what_is_not_there(world_document: Any):
    assert NO_PAST.keys() <= {document["operationId"] for _, method, document in world_document if method == "GET"}
