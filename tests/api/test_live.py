"""The feed, live changes, today, and imports, through the doors."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import uvicorn
from httpx2 import AsyncClient

from domain.authority import SetRoles
from domain.kernel import SYSTEM, Role
from domain.members import members
from tests.api.conftest import World, key, ok, opening, refused


@pytest.fixture
async def served(world: World) -> AsyncIterator[str]:
    """The application behind a real server: streams need one."""
    server = uvicorn.Server(
        uvicorn.Config(world.app, host="127.0.0.1", port=0, lifespan="off", log_level="error", timeout_graceful_shutdown=1)
    )
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


async def test_the_feed_is_every_event_in_order_without_gaps(world: World):
    async with world.client(Role.AUDITOR) as client:
        positions: list[int] = []
        after = 0
        while True:
            body = ok(await client.get("/v1/events", params={"after": after, "limit": 7}))
            if not body["events"]:
                break
            positions += [event["position"] for event in body["events"]]
            after = body["after"]
        assert positions == list(range(1, await world.events() + 1))
        only = ok(await client.get("/v1/events", params={"topic": "deal", "limit": 1000}))["events"]
        assert [event["topic"] for event in only] == ["deal.opened"]
        one = ok(await client.get("/v1/events", params={"stream": str(world.acme.account), "limit": 1000}))["events"]
        assert {event["stream"] for event in one} == {str(world.acme.account)}
        refused(await client.get("/v1/events", params={"after": 10**9}), "AheadOfLog", 422)


async def test_who_waits_for_the_feed_hears_the_next_event_at_once(world: World):
    head = await world.events()
    async with world.client(Role.AUDITOR) as auditor, world.client(Role.ACCOUNT_MANAGER) as manager:
        waiting = asyncio.create_task(auditor.get("/v1/events", params={"after": head, "wait": 30}))
        await asyncio.sleep(0.1)
        ok(await manager.post("/v1/deals", json=opening(world.acme), headers=key()), 201)
        async with asyncio.timeout(20):  # not at the end of its patience
            assert ok(await waiting)["events"][0]["topic"] == "deal.opened"


async def _hear(client: AsyncClient, address: str, token: str, heard: list[dict[str, Any]], last: str | None = None) -> None:
    headers = {"Authorization": f"Bearer {token}"} | ({"Last-Event-ID": last} if last else {})
    async with client.stream("GET", f"{address}/v1/stream", headers=headers, timeout=120) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        async for line in response.aiter_lines():
            if line.startswith(":"):
                heard.append({"open": True})
            elif line.startswith("event: end"):
                heard.append({"end": True})
                return
            elif line.startswith("data: ") and len(line) > 8:
                heard.append(json.loads(line[6:]))


async def _until(heard: list[dict[str, Any]], size: int) -> None:
    async with asyncio.timeout(60):
        while len(heard) < size:
            await asyncio.sleep(0.01)


async def test_changes_arrive_live_and_only_those_that_the_caller_may_see(world: World, served: str):
    mine: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    async with AsyncClient() as one, AsyncClient() as two, world.client(Role.ACCOUNT_MANAGER) as manager:
        tasks = [
            asyncio.create_task(_hear(one, served, world.acme.keys[Role.ACCOUNT_MANAGER], mine)),
            asyncio.create_task(_hear(two, served, world.acme.keys[Role.AP_CLERK], theirs)),
        ]
        await _until(mine, 1)
        await _until(theirs, 1)
        made = ok(await manager.post("/v1/deals", json=opening(world.acme), headers=key()), 201)
        await _until(mine, 2)
        assert (mine[1]["id"], mine[1]["topic"], mine[1]["position"]) == (made["id"], "deal.opened", made["position"])
        assert "title" not in json.dumps(mine[1])
        await asyncio.sleep(0.3)
        assert theirs == [{"open": True}]
        for task in tasks:
            task.cancel()
        # who comes back goes on where they were
        again: list[dict[str, Any]] = []
        task = asyncio.create_task(_hear(one, served, world.acme.keys[Role.ACCOUNT_MANAGER], again, str(made["position"] - 1)))
        await _until(again, 2)
        assert again[1]["id"] == made["id"]
        task.cancel()
        await asyncio.gather(*tasks, task, return_exceptions=True)


async def test_an_event_that_was_altered_does_not_end_the_stream_of_those_who_hear_of_others(world: World, served: str, database_url: str):
    head = await world.events()
    async with world.client(Role.ACCOUNT_MANAGER) as manager:
        lost, heard_of = [ok(await manager.post("/v1/deals", json=opening(world.acme), headers=key()), 201) for _ in range(2)]
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE t_acme.events SET state = '[]' WHERE position = %s", (lost["position"],))
    heard: list[dict[str, Any]] = []
    async with AsyncClient() as client:
        task = asyncio.create_task(_hear(client, served, world.acme.keys[Role.ACCOUNT_MANAGER], heard, str(head)))
        async with asyncio.timeout(60):
            while not any(one.get("id") == heard_of["id"] for one in heard):
                assert not task.done(), "the stream ended"
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert lost["id"] not in {one.get("id") for one in heard}


@pytest.mark.parametrize("how", ["roles", "key"])
async def test_an_open_stream_ends_within_a_second_when_the_rights_do(world: World, served: str, how: str):
    heard: list[dict[str, Any]] = []
    tenant, member = world.acme.tenant, world.acme.members[Role.SALES_CHIEF]
    async with AsyncClient() as client:
        task = asyncio.create_task(_hear(client, served, world.acme.keys[Role.SALES_CHIEF], heard))
        await _until(heard, 1)
        if how == "roles":
            await world.doors.store.execute(tenant, members, member, SetRoles(roles=(Role.PARTNER,)), by=SYSTEM)
        else:
            principal = await world.doors.identity.principal_of(tenant, member)
            assert principal is not None
            [known] = await world.doors.identity.keys(principal, tenant)
            await world.doors.identity.revoke_key(principal, known.id)
        async with asyncio.timeout(60):  # a second on a machine of its own; without an end it would go on for ever
            await task
        assert heard[-1] == {"end": True}


async def test_today_shows_what_awaits_the_caller(reading: World):
    async with reading.client(Role.ACCOUNT_MANAGER) as client:
        me = str(reading.acme.members[Role.ACCOUNT_MANAGER])
        call = {
            "kind": "call",
            "happened_at": "2026-01-02T09:00:00Z",
            "accounts": [str(reading.acme.account)],
            "text": "Budget approved.",
            "follow_ups": [{"text": "Send the quote", "owner": me, "due": "2030-03-05"}],
        }
        made = ok(await client.post("/v1/interactions", json=call, headers=key()), 201)
        body = ok(await client.get("/v1/today", params={"at_least": made["position"]}))
        assert [promise["text"] for promise in body["follow_ups"]] == ["Send the quote"]
        one = body["follow_ups"][0]
        done = {"follow_up": one["follow_up"], "outcome": "Sent"}
        path = f"/v1/interactions/{one['interaction']}"
        finished = ok(
            await client.post(f"{path}/follow-ups/complete", json=done, headers=key(**{"If-Match": f'"{one["interaction_version"]}"'}))
        )
        assert ok(await client.get("/v1/today", params={"at_least": finished["position"]}))["follow_ups"] == []
        assert ok(await client.get(path))["item"]["text"] == "Budget approved."
    async with reading.client(Role.AP_CLERK) as stranger:
        refused(await stranger.get(path), "NotFound", 404)


async def test_contacts_follow_the_accounts_they_belong_to(reading: World):
    async with reading.client(Role.ACCOUNT_MANAGER) as client:
        person = {"name": "Jo Weber", "email": "jo@acme.example", "account": str(reading.acme.account), "roles": ["Buyer"]}
        made = ok(await client.post("/v1/contacts", json=person, headers=key()), 201)
        refused(await client.post("/v1/contacts", json={"name": "Nobody's"}, headers=key()), "OutOfReach", 403)
        listed = ok(await client.get("/v1/contacts", params={"at_least": made["position"]}))
        assert [card["name"] for card in listed["items"]] == ["Jo Weber"]
        path = f"/v1/contacts/{made['id']}"
        assert ok(await client.get(path))["item"]["positions"] == {str(reading.acme.account): ["Buyer"]}
        refused(await client.get("/v1/contacts", params={"account": str(uuid4())}), "NotFound", 404)
    async with reading.client(Role.AP_CLERK) as stranger:
        refused(await stranger.get(path), "NotFound", 404)
        assert ok(await stranger.get("/v1/contacts", params={"at_least": made["position"]}))["items"] == []


async def test_read_models_tell_how_far_they_are_and_a_parked_one_can_be_retried(reading: World):
    async with reading.client(Role.ADMIN) as client:
        models = ok(await client.get("/v1/projections"))
        assert {model["name"] for model in models} >= {"deals", "accounts", "members"}
        assert ok(await client.post("/v1/projections/deals/retry")) == []
        refused(await client.post("/v1/projections/nothing/retry"), "NotFound", 404)


ACCOUNTS = b"account,sector,office_location\nAcme Corporation,technology,Germany\nBluth Company,retail,United States\n"


async def test_an_uploaded_import_has_the_source_that_its_folder_names_unless_a_mapping_does(reading: World):
    files = {"files": ("accounts.csv", ACCOUNTS, "text/csv")}
    async with reading.client(Role.ADMIN) as client:
        named = ok(await client.post("/v1/imports", files=files, data={"folder": "../Maven CRM Sales"}), 201)
        assert named["inspect"]["source"] == "maven-crm-sales"
        mapped = {**files, "mapping": ("m.toml", b'source = "maven"', "text/plain")}
        said = ok(await client.post("/v1/imports", files=mapped, data={"folder": "whatever"}), 201)
        assert said["inspect"]["source"] == "maven"


async def test_procurement_imports_what_is_of_suppliers_and_knows_of_no_other_import(reading: World):
    disputed = b"invoice,supplier,disputed amount,currency\nRE-1,Kolbe KG,77.90,EUR\n"
    pipeline = b"deal name,amount,close date,deal stage\nBig one,5.00,2030-03-31,Open\n"
    async with reading.client(Role.ADMIN) as client:
        others = ok(await client.post("/v1/imports", files={"files": ("accounts.csv", ACCOUNTS, "text/csv")}), 201)
    for role in (Role.PROCUREMENT, Role.PROCUREMENT_HEAD):
        async with reading.client(role) as client:
            refused(await client.get(f"/v1/imports/{others['id']}"), "NotFound", 404)
            refused(await client.post(f"/v1/imports/{others['id']}/run", json={"answers": {}}), "NotFound", 404)
            job = ok(await client.post("/v1/imports", files={"files": ("disputes.csv", disputed, "text/csv")}), 201)
            assert job["inspect"]["tables"][0]["kind"] == "disputes", job
            planned = ok(await client.post(f"/v1/imports/{job['id']}/plan", json={"answers": {}}))
            assert planned["plan"]["counts"]["disputes"]["created"] == 1, planned
            assert [j["id"] for j in ok(await client.get("/v1/imports"))] == [job["id"]]
            deals = ok(await client.post("/v1/imports", files={"files": ("deals.csv", pipeline, "text/csv")}), 201)
            assert (deals["state"], deals["problem"]["rule"], deals["problem"]["status"]) == ("refused", "NotOfSuppliers", 403), deals
    async with reading.client(Role.AP_CLERK) as client:
        refused(await client.get("/v1/imports"), "RoleMissing", 403)


async def test_an_import_is_looked_at_planned_run_repeated_and_taken_back(reading: World):
    async with reading.client(Role.ADMIN) as client:
        before = await reading.events()
        uploaded = await client.post("/v1/imports", files={"files": ("../../accounts.csv", ACCOUNTS, "text/csv")})
        job = ok(uploaded, 201)
        assert job["inspect"]["tables"][0]["rows"] == 2, job
        assert await reading.events() == before
        path = f"/v1/imports/{job['id']}"
        planned = ok(await client.post(f"{path}/plan", json={"answers": {}}))
        assert planned["plan"]["counts"]["accounts"]["created"] == 2, planned
        assert await reading.events() == before
        ran = ok(await client.post(f"{path}/run", json={"answers": {}}))
        assert (ran["state"], ran["run"]["counts"]["accounts"]["created"]) == ("done", 2)
        again = ok(await client.post(f"{path}/run", json={"answers": {}}))
        assert again["run"]["counts"]["accounts"]["unchanged"] == 2
        assert [j["id"] for j in ok(await client.get("/v1/imports"))] == [job["id"]]
    async with reading.client(Role.ADMIN, reading.other) as stranger:
        refused(await stranger.get(path), "NotFound", 404)
    async with reading.client(Role.ADMIN) as client:
        for name in ("evil.exe", ""):
            assert (await client.post("/v1/imports", files={"files": (name, b"x", "text/csv")})).status_code == 422
        unreadable = ok(await client.post("/v1/imports", files={"files": ("a.csv", b"\x00\x01\x02", "text/csv")}), 201)
        assert unreadable["state"] == "refused"
        assert "/" not in unreadable["problem"]["detail"]
