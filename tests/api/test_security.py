"""The doors' own security promises: S5, S6, S12, S13, S16, S17, S18, S21 to S23, S25."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from httpx2 import AsyncClient

from api.callers import COOKIE
from api.conventions import Body
from api.limits import Rate
from api.middleware import HEADERS
from api.openapi import routes_of, stated
from domain.authority import SetRoles
from domain.kernel import SYSTEM, Role
from domain.members import AddMember, members
from infra.access import Standing
from infra.database import StoreUnavailable
from infra.identity_throttle import BY_SOURCE
from tests.api.conftest import World, anyway, key, ok, opening, refused

PASSWORD = "correct horse battery"
SERVER_OWNED = (
    "id version position recorded_at effective_at actor on_behalf_of tenant stage stage_name kind stage_probability since pushes lapsed"
    " stalled won_on provenance withdrawn pending approvals run system member principal roles_ _internal __class__ schema"
).split()


async def person(world: World, name: str, *roles: Role) -> None:
    """Somebody who signs in with a password, as a member of acme."""
    doors, tenant = world.doors, world.acme.tenant
    member = uuid4()
    await doors.store.execute(tenant, members, member, AddMember(name=name, roles=roles or (Role.ACCOUNT_MANAGER,)), by=SYSTEM)
    principal = await doors.identity.add_person(name, PASSWORD)
    await doors.identity.join(principal, tenant, member)


@asynccontextmanager
async def signed_in(world: World, name: str = "ana", *roles: Role) -> AsyncIterator[AsyncClient]:
    await person(world, name, *roles)
    async with world.client() as client:
        ok(await client.post("/v1/sessions", json={"name": name, "password": PASSWORD}), 201)
        yield client


async def test_no_write_takes_a_field_that_the_server_owns(world: World):
    before = await world.events()
    async with world.client(Role.ADMIN) as client:
        for route, method, operation in routes_of(world.app):
            for statement in stated(route):
                if not isinstance(statement, Body):
                    continue
                body = operation["requestBody"]["content"]["application/json"]["example"]
                for name in SERVER_OWNED:
                    if name in statement.model.model_fields:
                        continue
                    answer = await client.request(
                        method, route.path_format.replace("{id}", str(world.acme.deal)), json={**body, name: "x"}, headers=anyway()
                    )
                    assert answer.status_code in {403, 422}, (operation["operationId"], name, answer.text)
    assert await world.events() == before


async def test_every_answer_carries_the_security_headers(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        answers = [
            await client.get("/"),
            await client.get("/health"),
            await client.get("/openapi.json"),
            await client.get("/problems/GateNotMet"),
            await client.get("/nowhere"),
            await client.delete("/v1/deals"),
            await client.get("/v1/sessions/current"),
            await client.post("/v1/deals", json=opening(world.acme), headers=key()),
            await client.post("/v1/deals", content=b"{", headers=key()),
            await client.post("/v1/deals", content=b"x" * (1 << 21), headers=key()),
        ]
        answers.append(await world.client().get("/v1/sessions/current"))
    for answer in answers:
        for name, value in HEADERS.items():
            assert name in answer.headers, (answer.url, name)
            if name != "Content-Security-Policy":
                assert answer.headers[name] == value
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Concord-Correlation"]
        assert "server" not in answer.headers


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(world: World):
    async with signed_in(world) as client:
        response = await client.get("/v1/sessions/current")
        assert ok(response)["roles"] == ["account_manager"]
        again = await client.post("/v1/sessions", json={"name": "ana", "password": PASSWORD})
        cookie = again.headers["set-cookie"]
        assert cookie.startswith(f"{COOKIE}=cs_")
        for part in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
            assert part in cookie
        assert "Domain" not in cookie
        assert "cs_" not in again.text


async def test_a_browsers_write_from_another_site_is_refused(world: World):
    async with signed_in(world) as client:
        me = ok(await client.get("/v1/sessions/current"))["member"]
        body = {"legal_name": "New", "roles": ["prospect"], "owner": me}
        for headers in (
            {},
            {"Origin": "https://evil.test"},
            {"Origin": "null"},
            {"Origin": ""},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            refused(await client.post("/v1/accounts", json=body, headers=key(**headers)), "CrossSite", 403)
        refused(
            await client.post("/v1/sessions", json={"name": "ana", "password": PASSWORD}, headers={"Origin": "https://evil.test"}),
            "CrossSite",
            403,
        )
        ok(await client.post("/v1/accounts", json=body, headers=key(Origin="https://concord.test")), 201)
        ok(await client.post("/v1/accounts", json=body, headers=key(**{"Sec-Fetch-Site": "same-origin"})), 201)


async def test_signing_in_tells_nothing_and_is_throttled(world: World):
    await person(world, "ana")
    client = world.client()
    answers: dict[str, list[Any]] = {}
    begin = time.monotonic()
    for name in ("ana", "nobody"):
        for _ in range(14):
            response = await client.post("/v1/sessions", json={"name": name, "password": "not this one"})
            body = {k: v for k, v in response.json().items() if k != "instance"}
            answers.setdefault(name, []).append((response.status_code, json.dumps(body)))
    # by address the second name meets a fuller bucket: what each name alone was told is the same sentence
    assert set(answers["nobody"]) <= set(answers["ana"])
    assert {status for status, _ in answers["ana"]} == {401, 429}
    assert world.doors.identity.passwords.evaluated <= 20 + (time.monotonic() - begin) / BY_SOURCE.seconds
    limited = await client.post("/v1/sessions", json={"name": "ana", "password": PASSWORD})
    assert int(limited.headers["Retry-After"]) >= 1


async def test_a_key_is_shown_once_reads_only_if_it_says_so_and_stops_when_revoked(world: World):
    origin = {"Origin": "https://concord.test"}
    async with signed_in(world) as client, signed_in(world, "bo") as other:
        made = ok(await client.post("/v1/keys", json={"label": "loader", "read_only": True}, headers=origin), 201)
        listed = ok(await client.get("/v1/keys"))
        assert [k["id"] for k in listed] == [made["id"]]
        assert "key" not in listed[0]
        assert made["key"] not in json.dumps(listed)
        async with world.client(made["key"]) as program:
            ok(await program.get("/v1/sessions/current"))
            refused(await program.post("/v1/deals", json=opening(world.acme), headers=key()), "ReadOnlyKey", 403)
            refused(await program.delete(f"/v1/keys/{made['id']}"), "ReadOnlyKey", 403)
            assert (await client.delete(f"/v1/keys/{made['id']}", headers=origin)).status_code == 204
            refused(await program.get("/v1/sessions/current"), "NotSignedIn", 401)
        refused(await other.delete(f"/v1/keys/{made['id']}", headers=origin), "NotFound", 404)
        refused(await world.client(Role.ADMIN).post("/v1/keys", json={"label": "x"}), "SessionNeeded", 403)


async def test_a_role_that_is_taken_away_stops_within_a_second(world: World):
    async with world.client(Role.SALES_CHIEF) as client:
        ok(await client.post("/v1/deals", json=opening(world.acme), headers=key()), 201)
        chief = world.acme.members[Role.SALES_CHIEF]
        await world.doors.store.execute(world.acme.tenant, members, chief, SetRoles(roles=(Role.AUDITOR,)), by=SYSTEM)
        await asyncio.sleep(0.95)
        refused(await client.post("/v1/deals", json=opening(world.acme), headers=key()), "RoleMissing", 403)


async def test_with_the_applications_check_off_there_is_still_no_foreign_row(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.callers.allowed", lambda *_args: True)
    monkeypatch.setattr("api.execution.sees", _always)
    monkeypatch.setattr(Standing, "reaches", lambda *_args: frozenset())
    async with world.client(Role.ADMIN) as client:
        for path in (f"/v1/deals/{world.other.deal}/title", f"/v1/accounts/{world.other.account}/close"):
            response = await client.post(path, json={"title": "x"} if "title" in path else {}, headers=anyway())
            assert response.status_code == 404, response.text
    # and the database itself refuses a tenant's role the other schema
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with world.doors.database.tenant(world.acme.tenant) as cursor:
            await cursor.execute("SELECT count(*) FROM t_other.events")


async def _always(*_args: Any) -> bool:
    return True


async def test_ten_thousand_pooled_requests_leave_no_tenant_behind(world: World):
    async def probe(number: int) -> None:
        tenant = (world.acme if number % 2 else world.other).tenant
        async with world.doors.database.tenant(tenant, read_only=True) as cursor:
            await cursor.execute("SELECT current_user, current_schema()")
            assert await cursor.fetchone() == (tenant.role, tenant.schema)
        if number % 5 == 0:
            async with world.doors.database.connection() as connection:
                row = await (await connection.execute("SELECT current_user, current_setting('search_path')")).fetchone()
                assert row == ("concord_app", '"$user", public')

    for start in range(0, 10_000, 500):
        await asyncio.gather(*(probe(n) for n in range(start, start + 500)))


@pytest.mark.parametrize("role", ["login", "tenant"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {events} SET topic = 'x'",
        "DELETE FROM {events}",
        "TRUNCATE {events}",
        "DROP TABLE {events}",
        "ALTER TABLE {events} DISABLE TRIGGER ALL",
        "INSERT INTO {events} SELECT 999999, gen_random_uuid(), 1, 'x', '', '', now(), now()",
        "DELETE FROM {schema}.commands",
        "UPDATE {schema}.head SET simulated = true",
    ],
)
async def test_events_are_append_only_for_the_applications_roles(world: World, role: str, statement: str):
    schema = world.acme.tenant.schema
    text = statement.format(events=f"{schema}.events", schema=schema)
    opened = world.doors.database.connection() if role == "login" else world.doors.database.tenant(world.acme.tenant)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with opened as executor:
            await executor.execute(text)


async def test_a_flood_is_answered_429_and_others_are_unaffected(world: World):
    world.doors.rates = type(world.doors.rates)(key=Rate(per_second=1, burst=20), tenant=Rate(1_000, 1_000))
    flooder, other = world.client(Role.ACCOUNT_MANAGER), world.client(Role.SALES_CHIEF)
    async with flooder, other:
        answers = [await flooder.get("/v1/sessions/current") for _ in range(40)]
        assert [a.status_code for a in answers].count(429) >= 18
        body = refused(answers[-1], "TooManyRequests", 429)
        assert int(answers[-1].headers["Retry-After"]) == body["retry_after"] >= 1
        ok(await other.get("/v1/sessions/current"))


INJECTIONS = [
    "'",
    "' OR 1=1 --",
    '"; DROP TABLE events; --',
    "%",
    "\\",
    "\x00",
    "${7*7}",
    "{{7*7}}",
    "../../etc/passwd",
    "a" * 5000,
    "\ud800".encode("utf-8", "replace").decode(),
]


async def test_hostile_parameters_are_refused_or_inert(world: World):
    async with world.client(Role.ADMIN) as client:
        before = await world.events()
        for route, method, operation in routes_of(world.app):
            if method != "GET" or operation["operationId"] == "stream_events":
                continue
            names = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"] or ["x"]
            for payload in INJECTIONS:
                for name in names:
                    path = route.path_format.replace("{id}", str(world.acme.deal)).replace("{noun_name}", "deal")
                    answer = await client.get(path, params={name: payload})
                    assert answer.status_code < 500, (path, name, payload, answer.text)
                    assert "SQL" not in answer.text
                    assert "Traceback" not in answer.text
        assert await world.events() == before


@pytest.mark.parametrize(
    "fault", [RuntimeError("SELECT secret FROM /srv/concord at 18.6"), psycopg.OperationalError("host=10.0.0.1"), StoreUnavailable("pool")]
)
@pytest.mark.parametrize("layer", ["store", "identity", "directory"])
async def test_a_fault_tells_nothing_but_a_correlation_id(world: World, monkeypatch: pytest.MonkeyPatch, layer: str, fault: Exception):
    async def fail(*_args: Any, **_kwargs: Any) -> None:
        raise fault

    target, name = {"store": ("store", "execute_steps"), "identity": ("identity", "key"), "directory": ("directory", "standing")}[layer]
    monkeypatch.setattr(type(getattr(world.doors, target)), name, fail)
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        response = await client.post("/v1/deals", json=opening(world.acme), headers=key())
    assert response.status_code == (500 if isinstance(fault, RuntimeError) else 503)
    for leak in ("secret", "SELECT", "/work", "18.6", "10.0.0.1", "Traceback", "psycopg", "pool"):
        assert leak not in response.text
    assert response.json()["instance"] == f"urn:uuid:{response.headers['Concord-Correlation']}"
    if response.status_code == 503:
        assert response.headers["Retry-After"] == "1"


async def test_a_malformed_request_is_told_where_and_never_what(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        body = refused(
            await client.post("/v1/deals", json=opening(world.acme, close_date="hunter2"), headers=key()), "RequestMalformed", 422
        )
        assert body["errors"][0]["at"] == "body.close_date"
        assert "hunter2" not in json.dumps(body)
        refused(await client.post("/v1/deals", content=b"{}", headers=key() | {"Content-Type": "text/plain"}), "MediaTypeUnsupported", 415)
        refused(
            await client.post("/v1/deals", content=b"[" * 100_000, headers=key() | {"Content-Type": "application/json"}),
            "RequestMalformed",
            422,
        )
        refused(await client.get("/v1/teams", params={"unknown": "1"}), "RequestMalformed", 422)


async def _noted(world: World) -> set[tuple[str, str, int]]:
    async with world.doors.database.tenant(world.acme.tenant) as cursor:
        await cursor.execute("SELECT kind, operation, status FROM access_log")
        return set(await cursor.fetchall())


async def test_denials_reads_and_sign_ins_are_in_the_access_log(world: World):
    async with signed_in(world) as client:
        await client.get("/v1/teams")
        await client.post("/v1/teams", json={"name": "x"}, headers=key(Origin="https://concord.test"))
    await world.client().post("/v1/sessions", json={"name": "ana", "password": "wrong password"})
    async with asyncio.timeout(120):
        while not await _noted(world) >= {("sign_in", "sign_in", 201), ("read", "list_teams", 200), ("denied", "form_team", 403)}:
            await asyncio.sleep(0.05)
    async with world.doors.database.connection() as connection, asyncio.timeout(120):
        # what belongs to no tenant is written down apart, a moment later perhaps
        while ("denied", "sign_in", 401) not in await (
            await connection.execute("SELECT kind, operation, status FROM identity.access_log")
        ).fetchall():
            await asyncio.sleep(0.05)
