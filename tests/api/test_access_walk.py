"""The access log: every read leaves its entry, and so do exports, denials and what was looked for where there is nothing."""

from __future__ import annotations

from typing import Any

from domain.kernel import Role
from infra.ids import uuid7
from tests.api.conftest import World, anyway, key, ok, refused
from tests.api.everything import every_read

AUDITOR, ADMIN, SELLER = Role.AUDITOR, Role.ADMIN, Role.ACCOUNT_MANAGER
UNTOLD = {"who_am_i": "it is about the session, whose beginning is told"}
"""Reads that leave no entry, and why."""


async def _entries(world: World) -> list[tuple[Any, ...]]:
    """Kind, operation, status, member and target of every entry of the tenant, in order; what waits is written first."""
    await world.doors.access_log.close()
    async with world.doors.database.tenant(world.acme.tenant) as cursor:
        await cursor.execute("SELECT kind, operation, status, member, target FROM access_log ORDER BY at")
        return await cursor.fetchall()


async def test_every_read_leaves_its_entry_and_so_does_every_one_that_was_refused(world: World):
    reads = every_read(world, {})
    assert len(reads) > 80
    for read in reads:
        async with world.client(read.who(AUDITOR)) as client:
            await read.get(client)
        outside = min(set(Role) - read.roles) if read.roles else None
        if outside is not None:
            async with world.client(outside) as client:
                refused(await read.get(client), "RoleMissing", 403)
    told: dict[str, set[str]] = {}
    for kind, operation, status, member, _ in await _entries(world):
        assert member is not None, operation
        assert kind in ("export" if status == 200 else "read", "read", "denied", "not_found"), (kind, operation, status)
        told.setdefault(operation, set()).add("denied" if status == 403 else "asked")
    for read in reads:
        expected = set() if read.name in UNTOLD else {"asked", "denied"} - ({"denied"} if not set(Role) - read.roles else set())
        assert told.get(read.name, set()) == expected, read.name


async def test_what_is_read_found_missing_kept_back_and_taken_away_is_told_apart_and_named(world: World):
    nobodys, deal = uuid7(), world.acme.deal
    async with world.client(AUDITOR) as client:
        ok(await client.get(f"/v1/deals/{deal}/history"))
        ok(await client.get(f"/v1/audit/deal/{deal}/states/1"))
        # nothing is kept from an auditor: what is not there is not there
        refused(await client.get(f"/v1/deals/{nobodys}/history"), "NotFound", 404)
        refused(await client.get("/v1/audit/lists/dealz/difference"), "NotFound", 404)
    async with world.client(SELLER) as client:
        refused(await client.get(f"/v1/deals/{nobodys}/history"), "NotFound", 404)
        refused(await client.get("/v1/deals/board/nowhere"), "NoSuchPlace", 404)
        person = {"name": "Jo Weber", "account": str(world.acme.account)}
        contact = ok(await client.post("/v1/contacts", json=person, headers=key()), 201)["id"]
    async with world.client(ADMIN) as client:
        ok(await client.post(f"/v1/privacy/{contact}/export", json={"case": "DSR-1"}, headers=anyway()))
    found = [(kind, operation, status, target) for kind, operation, status, _, target in await _entries(world)]
    assert found == [
        ("read", "read_deal_history", 200, str(deal)),
        ("read", "read_state", 200, str(deal)),
        ("not_found", "read_deal_history", 404, str(nobodys)),
        ("not_found", "compare_list", 404, "dealz"),
        ("denied", "read_deal_history", 404, str(nobodys)),
        ("export", "export_person", 200, contact),
    ]


async def test_a_search_for_what_no_entry_can_be_is_refused_with_what_there_is(world: World):
    async with world.client(AUDITOR) as client:
        ok(await client.get(f"/v1/deals/{world.acme.deal}/history"))
        ok(await client.get("/v1/teams"))
        await world.doors.access_log.close()
        for kind in ("reads", "Denied"):
            said = refused(await client.get("/v1/audit/access", params={"kind": kind}), "RequestMalformed", 422)["detail"]
            assert said.startswith("kind: use one of read, export, denied, not_found, sign_in")
        said = refused(await client.get("/v1/audit/access", params={"operation": "read_deals_history"}), "Invalid", 422)["detail"]
        assert said.startswith("operation: there is no read_deals_history; perhaps one of these is meant: read_deal_history,")
        refused(await client.get("/v1/audit/access", params={"operation": "xyz_*"}), "Invalid", 422)
        for asked, expected in (("list_*", {"list_teams"}), ("read_deal_*", {"read_deal_history"}), ("read_team", set()), ("?", set())):
            items = ok(await client.get("/v1/audit/access", params={"operation": asked}))["items"]
            assert {item["operation"] for item in items} == expected, asked
        # an operation of an earlier version is found by its name of then
        async with world.doors.database.tenant(world.acme.tenant) as cursor:
            await cursor.execute(
                "INSERT INTO access_log (at, kind, operation, source, status, times) VALUES (now(), 'read', 'view_deal', '', 200, 1)"
            )
        assert len(ok(await client.get("/v1/audit/access", params={"operation": "view_deal"}))["items"]) == 1


async def test_an_error_about_a_moment_names_the_parameter_that_was_sent(world: World):
    beyond, ahead = str(10**9), "2999-12-31"
    cases = [
        *(("/v1/audit/events", name) for name in ("since", "until")),
        *(("/v1/audit/access", name) for name in ("since", "until")),
        *((path, "since") for path in ("/v1/audit/lists/deals/difference", f"/v1/audit/deal/{world.acme.deal}/difference")),
        ("/v1/forecast/difference", "since"),
        ("/v1/audit/decisions/1", "rules_at"),
    ]
    async with world.client(AUDITOR) as client:
        for path, name in cases:
            body = refused(await client.get(path, params={name: beyond}), "AheadOfLog", 422)
            assert body["detail"].startswith(f"{name} names a position that the log has not reached"), path
            assert body[name] == 10**9
            if name != "rules_at":
                body = refused(await client.get(path, params={name: ahead}), "AheadOfLog", 422)
                assert body["detail"] == f"{name}: {ahead} is still to come; ask about today or an earlier day.", path


async def test_things_are_named_by_one_noun_and_lists_by_their_own_address(world: World):
    async with world.client(AUDITOR) as client:
        said = refused(await client.get("/v1/audit/lists/deal/difference"), "NotFound", 404)
        assert said["detail"] == "A list is named as its own address is: deals."
        said = refused(await client.get("/v1/audit/lists/dealz/difference"), "NotFound", 404)
        assert said["detail"].startswith("There is no such list; choose one of these: accounts, approvals, ")
        for path in (f"deals/{world.acme.deal}/difference", f"deals/{world.acme.deal}/states/1"):
            said = refused(await client.get(f"/v1/audit/{path}"), "NotFound", 404)
            assert said["detail"] == "A thing is named by one noun: deal."
