"""What every address of the API keeps to: methods, HEAD, 304, and refusals that say what to write instead."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from api.app import create_app
from api.instants import MOMENT
from api.malformed import FORMS
from api.wire import Protocol
from domain.kernel import Role
from infra.settings import Settings
from tests.api.conftest import World, anyway, key, ok, opening, refused

RAW = re.compile(r"String should|Input should|Value error|pattern '|\^\[|valid UUID|pydantic", re.IGNORECASE)


async def test_head_answers_as_get_does_without_the_content(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        path = f"/v1/deals/{world.acme.deal}"
        got, head = await client.get(path), await client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("etag", "content-type", "content-length", "concord-position", "x-content-type-options"):
            assert head.headers[name] == got.headers[name], name
        assert (await client.head("/health")).content == b""
        missing = await client.head(f"/v1/deals/{world.other.deal}")
        assert (missing.status_code, missing.content) == (404, b"")
    async with world.client() as nobody:
        assert (await nobody.head(path)).status_code == 401


async def test_who_has_the_current_version_is_not_sent_it_again(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        path = f"/v1/deals/{world.acme.deal}"
        tag = (await client.get(path)).headers["etag"]
        for known in (tag, f"W/{tag}", f'"0", {tag}', "*"):
            same = await client.get(path, headers={"If-None-Match": known})
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag), known
            assert "content-type" not in same.headers
        assert (await client.head(path, headers={"If-None-Match": tag})).status_code == 304
        ok(await client.post(f"{path}/title", json={"title": "Renamed"}, headers=anyway()))
        assert ok(await client.get(path, headers={"If-None-Match": tag}))["item"]["title"] == "Renamed"
        assert (await client.get("/v1/nowhere", headers={"If-None-Match": "*"})).status_code == 404


async def test_a_method_that_an_address_does_not_take_is_refused_with_those_it_takes(world: World):
    async with world.client(Role.ADMIN) as client:
        for method in ("PATCH", "PROPFIND", "OPTIONS", "DELETE", "BREW"):
            answer = await client.request(method, "/v1/deals")
            refused(answer, "NoSuchPlace", 405)
            assert answer.headers["allow"] == "GET, HEAD, POST"
        refused(await client.get("/nowhere"), "NoSuchPlace", 404)
        refused(await client.post("/nowhere"), "NoSuchPlace", 404)


@pytest.mark.parametrize(("line", "status"), [(b"BREW /v1/deals HTTP/1.1", 405), (b"GET /v1/deals HTTP/4.2", 400)])
async def test_what_is_not_even_http_is_answered_in_the_same_shape(world: World, line: bytes, status: int):
    server = uvicorn.Server(uvicorn.Config(world.app, port=0, http=Protocol, lifespan="off", log_level="critical"))
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(line + b"\r\nHost: x\r\n\r\n")
        head, _, content = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    finally:
        server.should_exit = True
        await serving
    assert int(head.split()[1]) == status
    assert b"application/problem+json" in head
    assert (b"allow: DELETE, GET, HEAD, POST, PUT" in head) == (status == 405)
    assert json.loads(content)["status"] == status


async def test_a_day_is_its_end_in_the_tenants_zone_and_what_is_to_come_is_refused(world: World):
    async with world.client(Role.ADMIN) as client:
        ok(await client.post("/v1/settings", json={"zone": "Pacific/Auckland"}, headers=anyway()))
        head = await world.events()
        path = f"/v1/deals/{world.acme.deal}"
        for now in ("today", "now", None):
            assert ok(await client.get(path, params={"as_of": now} if now else {}))["as_of"] is None
        for past in ("yesterday", "1d", "2020-03-31", "2020-03-31T09:00", "2020-03-31T09:00:00Z"):
            refused(await client.get(path, params={"as_of": past}), "NotFound", 404)
        soon = datetime.now(UTC) + timedelta(days=3)
        for to_come in (f"{soon:%Y-%m-%d}", f"{soon:%Y-%m-%dT%H:%M}", f"{soon:%Y-%m-%dT%H:%M:%SZ}", str(head + 1)):
            refused(await client.get(path, params={"as_of": to_come}), "AheadOfLog", 422)
        told = refused(await client.get(path, params={"as_of": "last week"}), "RequestMalformed", 422)
        assert told["detail"].startswith("as_of: use 2026-03-31")
        told = refused(await client.get(path, params={"as_of": "2026-02-30"}), "RequestMalformed", 422)
        assert "not in the calendar" in told["detail"]


async def test_every_wrong_field_is_told_in_words(world: World):
    wrong: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("/v1/members", {"name": "A", "email": "not-an-email", "roles": ["finance"]}, "email: write a mail address, like ana@example.com."),
        ("/v1/members", {"name": "A", "email": "a@b.example", "roles": ["king"]}, "roles.0: use one of"),
        ("/v1/members", {"name": "", "email": "a@b.example", "roles": ["finance"]}, "name: write some text."),
        ("/v1/deals", opening(world.acme, close_date="soon"), "close_date: write a day, like 2026-03-31."),
        ("/v1/deals", opening(world.acme, close_date=1893456000), "close_date: write a day, like 2026-03-31."),
        ("/v1/deals", opening(world.acme, close_date="1893456000"), "close_date: write a day, like 2026-03-31."),
        ("/v1/deals", opening(world.acme, close_date="2030-01-01T00:00:00Z"), "close_date: write a day, like 2026-03-31."),
        ("/v1/deals", opening(world.acme, close_date="2030-02-30"), "close_date: write a day, like 2026-03-31."),
        ("/v1/deals", opening(world.acme, next_step="Call", next_step_on=1893456000), "next_step_on: write a day, like 2026-03-31."),
        ("/v1/deals", opening(world.acme, owner="me"), "owner: write an id"),
        ("/v1/deals", opening(world.acme, amount={"amount": 12.5, "currency": "EUR"}), "amount.amount: write a text"),
        ("/v1/deals", opening(world.acme, amount={"amount": "1,5", "currency": "EUR"}), 'amount.amount: write at most 15 digits, perhaps a point and at most 6 more, as a text: "1250.00".'),
        ("/v1/deals", opening(world.acme, amount={"amount": "1", "currency": "euro"}), "amount.currency: write a currency's three letters"),
        ("/v1/deals", opening(world.acme, amount={"amount": "1.005", "currency": "EUR"}), "amount: the finest unit of EUR is 0.01; write at most 2 decimals."),
        ("/v1/deals", opening(world.acme, amount={"amount": "1", "currency": "JPY"}, annual={"amount": "0.5", "currency": "JPY"}), "annual: the finest unit of JPY is 1; write no decimals."),
        ("/v1/deals", opening(world.acme, colour="red"), "colour: there is no such field here."),
        ("/v1/deals", {}, "title: it is needed (and"),
        ("/v1/accounts", {"legal_name": "A", "roles": ["prospect"], "country": "XX"}, "country: 'XX' is not an ISO 3166-1 country code"),
    )  # fmt: skip
    async with world.client(Role.ADMIN) as client:
        for path, body, said in wrong:
            told = refused(await client.post(path, json=body, headers=key()), "RequestMalformed", 422)
            assert told["detail"].startswith(said), (path, body, told["detail"])
            assert not RAW.search(json.dumps(told)), told
        for params, said in (
            ({"limit": "0"}, "limit: write 1 or more."),
            ({"limit": "x"}, "limit: write a whole number."),
            ({"sort": "x"}, "sort: use one of close_date"),
        ):
            told = refused(await client.get("/v1/deals", params=params), "RequestMalformed", 422)
            assert told["detail"].startswith(said), told["detail"]
        refused(await client.get("/v1/deals/me"), "RequestMalformed", 422)


def test_every_pattern_of_the_document_has_words(tmp_path: Path):
    document = create_app(Settings(home=tmp_path, database_url="postgresql://nobody@localhost/nothing"), freeze=False).openapi()
    read_elsewhere = {"^[!-~]+$", '^(\\*|(W/)?"[!#-~]*")$', MOMENT, "^-?[0-9]{1,15}$"}
    assert set(_patterns(document)) - set(FORMS) - read_elsewhere == set()


def _patterns(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("pattern"), str):
            yield part["pattern"]
        for below in part.values():
            yield from _patterns(below)
    elif isinstance(part, list):
        for below in part:
            yield from _patterns(below)
