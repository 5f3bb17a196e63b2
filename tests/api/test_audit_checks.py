"""Separation of duties, and the access log: what is found, with its events, and what stays quiet."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from domain.deals import OverrideProbability, RenameDeal, deals
from domain.kernel import SYSTEM, Actor, Role
from infra.event_store.envelope import Meta
from infra.event_store.requests import Append, Outcome, StoredRow
from infra.ids import uuid7
from tests.api.conftest import World, ok, refused

SAMPLES = Path(__file__).parent.parent / "golden" / "events"


async def _write(world: World, actor: UUID, stream: UUID, version: int, topic: str, **changes: Any) -> int:
    """An event around every rule, as somebody with the database's rights might put it there; its position."""
    state = {**json.loads((SAMPLES / f"{topic}@1.json").read_text()), **changes}
    meta = Meta(actor, uuid4(), uuid4()).encode()
    row = StoredRow(stream, version, topic, meta, json.dumps(state).encode())
    done = await world.doors.store.append(world.acme.tenant, Append(uuid4(), [row]))
    assert done.outcome is Outcome.STORED
    assert done.last is not None
    return done.last


async def _findings(world: World, **asked: Any) -> list[dict[str, Any]]:
    async with world.client(Role.AUDITOR) as client:
        params = {"at_least": await world.events(), **asked}
        return list(ok(await client.get("/v1/audit/findings", params=params))["items"])


async def test_a_tenant_that_kept_to_the_rules_has_no_findings(reading: World):
    assert await _findings(reading) == []


async def test_each_duty_that_was_not_kept_apart_is_found_with_its_events(reading: World):
    acme, store = reading.acme, reading.doors.store
    seller, boss, buyer = (acme.members[role] for role in (Role.ACCOUNT_MANAGER, Role.SALES_MANAGER, Role.PROCUREMENT))
    before = await reading.events()
    asked = await _write(
        reading, SYSTEM.id, stream := uuid7(), 1, "approval.requested", requested_by=str(seller), owner=None, parties=[], round=1
    )
    given = await _write(reading, seller, stream, 2, "approval.step_approved", by=str(seller), approver=str(boss), round=1)
    named = await _write(reading, boss, boss, 9, "member.delegated", to=str(buyer))
    theirs = await _write(
        reading, SYSTEM.id, other := uuid7(), 1, "approval.requested", requested_by=str(boss), owner=None, parties=[], round=1
    )
    stood_in = await _write(reading, buyer, other, 2, "approval.step_approved", by=str(buyer), approver=str(buyer), round=1)
    account = uuid7()
    vendor = await _write(reading, buyer, account, 1, "account.opened")
    case = uuid7()
    await _write(reading, seller, case, 1, "dispute.drafted", account=str(account))
    closed = await _write(reading, buyer, case, 2, "dispute.closed")
    by_hand = await store.execute(
        acme.tenant, deals, acme.deal, OverrideProbability(probability=90), by=Actor(seller, frozenset({Role.ACCOUNT_MANAGER}))
    )
    long_ago = datetime.now(UTC) - timedelta(days=40)
    late = await store.execute(acme.tenant, deals, acme.deal, RenameDeal(title="As it was called"), by=SYSTEM, effective_at=long_ago)
    found = {finding["duty"]: finding for finding in await _findings(reading)}
    assert set(found) == {"own_request", "own_delegate", "own_vendor", "override", "backdated"}
    assert (found["own_request"]["positions"], found["own_request"]["members"]) == ([asked, given], [str(seller)])
    assert found["own_delegate"]["positions"] == [named, theirs, stood_in]
    assert (found["own_vendor"]["positions"], found["own_vendor"]["members"]) == ([vendor, closed], [str(buyer)])
    assert found["override"]["positions"] == [by_hand.first]
    assert found["backdated"]["positions"] == [late.last]
    assert "40 days" in found["backdated"]["sentence"]
    assert await _findings(reading, days=41, duty="backdated") == []
    assert await _findings(reading, as_of=str(before)) == [], "none of it was known then"


async def test_the_access_log_is_searched_by_who_what_and_whether_it_was_refused(reading: World):
    acme = reading.acme
    seller = str(acme.members[Role.ACCOUNT_MANAGER])
    async with reading.client(Role.ACCOUNT_MANAGER) as client:
        ok(await client.get(f"/v1/deals/{acme.deal}"))
        refused(await client.get("/v1/audit/access"), "RoleMissing", 403)
    async with reading.client(Role.AUDITOR) as client:

        async def seen(**asked: Any) -> list[tuple[str, str, int]]:
            items = ok(await client.get("/v1/audit/access", params=asked))["items"]
            return [(entry["kind"], entry["operation"], entry["status"]) for entry in items]

        async with asyncio.timeout(60):
            while len(await seen(member=seller)) < 2:
                await asyncio.sleep(0.1)
        assert set(await seen(member=seller)) == {("denied", "search_access", 403), ("read", "read_deal", 200)}
        assert await seen(member=seller, denied=True) == [("denied", "search_access", 403)]
        assert await seen(member=seller, target=str(acme.deal)) == [("read", "read_deal", 200)]
        assert await seen(member=seller, since="today") == await seen(member=seller)
        assert await seen(member=seller, until="yesterday") == []
        async with asyncio.timeout(60):
            while not (mine := await seen(operation="search_access", denied=False)):
                await asyncio.sleep(0.1)
        assert mine[0] == ("read", "search_access", 200), "the auditor's own reads are in it, too"
        first = ok(await client.get("/v1/audit/access", params={"member": seller, "limit": 1}))
        rest = ok(await client.get("/v1/audit/access", params={"member": seller, "limit": 1, "cursor": first["next"]}))
        assert [e["operation"] for e in first["items"] + rest["items"]] == [operation for _, operation, _ in await seen(member=seller)]
        refused(await client.get("/v1/audit/access", params={"cursor": "abc"}), "Invalid", 422)
