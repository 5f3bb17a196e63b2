"""Approvals over HTTP: asked by a move, decided by whom it asks, and by nobody else however hard they try (S27)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.approvals import ApprovalRequested, ApprovalStepApproved, approval_id
from domain.authority import SetRoles
from domain.deals import deals
from domain.kernel import SYSTEM, Role
from domain.members import SetManager, members
from tests.api.conftest import World, anyway, key, ok, opening, refused
from workflows.moves import carry_out

AM, SM, SD, SC, FC, DESK = (
    Role.ACCOUNT_MANAGER,
    Role.SALES_MANAGER,
    Role.SALES_DIRECTOR,
    Role.SALES_CHIEF,
    Role.FINANCE_CHIEF,
    Role.DEAL_DESK,
)
LINE = {"label": "Saw", "quantity": "1", "unit_price": {"amount": "1000.00", "currency": "EUR"}, "discount": "15"}


async def asked(world: World, *, discount: str = "15", days: int | None = None) -> tuple[str, str]:
    """A deal whose move to the won stage waits for approvers: its id, and that of its approvals."""
    store, tenant = world.doors.store, world.acme.tenant
    await store.execute(tenant, members, world.acme.members[AM], SetManager(manager=world.acme.members[SM]), by=SYSTEM)
    stages = [
        {
            "key": "talk",
            "name": "Talk",
            "order": 1,
            "probability": 10,
            "category": "pipeline",
            "approvals": ["commercial", "finance", "legal"],
        },
        {"key": "paper", "name": "Paper", "order": 2, "probability": 90, "category": "best_case"},
        {"key": "won", "name": "Won", "order": 8, "kind": "won", "probability": 100, "category": "closed"},
        {"key": "lost", "name": "Lost", "order": 9, "kind": "lost", "probability": 0, "category": "omitted"},
    ]
    async with world.client(SC) as client:
        pipeline = ok(await client.post("/v1/pipelines", json={"name": "Gated", "stages": stages}, headers=key()), 201)["id"]
    async with world.client(AM) as client:
        body = opening(world.acme, pipeline=pipeline, lines=[{**LINE, "discount": discount}])
        body.pop("amount")
        deal = ok(await client.post("/v1/deals", json=body, headers=key()), 201)["id"]
        if days is not None:
            ok(await client.post(f"/v1/deals/{deal}/payment-terms", json={"payment_days": days}, headers=anyway()))
        ok(await client.post(f"/v1/deals/{deal}/advance", json={"to": "paper"}, headers=anyway()), 202)
    await settle(world, deal)
    return deal, str(approval_id("deal", UUID(deal)))


async def settle(world: World, deal: str) -> None:
    """As the deal's workflow sees to it."""
    doors, tenant = world.doors, world.acme.tenant
    state = (await doors.store.load(tenant, deals, UUID(deal))).state
    if state.pending is not None:
        await carry_out(doors.database, doors.store, tenant, UUID(deal), state.pending, doors.directory)


async def events_of(world: World, approval: str, kind: type) -> list[Any]:
    return [r.event for r in await world.doors.store.history(world.acme.tenant, UUID(approval)) if isinstance(r.event, kind)]


async def test_the_board_the_deal_and_today_say_who_is_asked_since_when_and_the_answer_moves_the_deal(reading: World):
    deal, approval = await asked(reading)
    head = await reading.events()
    async with reading.client(AM) as client:
        view = ok(await client.get(f"/v1/deals/{deal}"))["item"]
        assert (view["stage"], view["approvals"], view["approval"]) == ("talk", ["commercial"], approval)
        assert (view["asked"][0]["asked_names"], view["asked"][0]["since"] is not None) == (["sales_manager"], True)
        board = ok(await client.get("/v1/deals/board", params={"pipeline": view["pipeline"], "at_least": head}))
        (card,) = board["columns"][0]["cards"]
        assert (card["approval"], card["asked"][0]["asked_names"]) == (approval, ["sales_manager"])
        refused(await client.post(f"/v1/deals/{deal}/lines", json={"lines": [LINE]}, headers=anyway()), "ApprovalPending", 409)
        assert ok(await client.get("/v1/approvals", params={"mine": True}))["items"] == []
    async with reading.client(SM) as client:
        (inbox,) = ok(await client.get("/v1/approvals", params={"mine": True}))["items"]
        assert (inbox["id"], float(inbox["blended"]), inbox["steps"][0]["due_at"] is not None) == (approval, 15, True)
        assert [a["id"] for a in ok(await client.get("/v1/today"))["approvals"]] == [approval]
        ok(await client.post(f"/v1/approvals/{approval}/approve", json={"comment": "Fine"}, headers=anyway()))
    await settle(reading, deal)
    now = await reading.events()
    async with reading.client(AM) as client:
        assert ok(await client.get(f"/v1/deals/{deal}"))["item"]["stage"] == "paper"
        assert ok(await client.get("/v1/approvals", params={"at_least": now, "status": "approved"}))["items"][0]["id"] == approval
        # as the log had it before the answer
        then = ok(await client.get("/v1/approvals", params={"as_of": head}))["items"][0]
        assert (then["status"], then["steps"][0]["state"]) == ("open", "asked")
        assert ok(await client.get(f"/v1/approvals/{approval}", params={"as_of": head}))["item"]["status"] == "open"
        told = [t["sentence"] for t in ok(await client.get(f"/v1/deals/{deal}/timeline", params={"limit": 50}))["items"]]
        assert "sales_manager agreed in the commercial chain: Fine" in told
        assert any("was asked as sales manager in the commercial chain, until" in t for t in told)
        assert all("_" not in t.replace("sales_manager", "").replace("account_manager", "") for t in told)


async def test_nobody_decides_about_their_own_request_in_fifty_parallel_tries_of_every_kind(world: World):
    _, approval = await asked(world)
    store, tenant, mine = world.doors.store, world.acme.tenant, world.acme.members[AM]
    # every way at once: a second key, every role, and the approver's own stand-in
    await store.execute(tenant, members, mine, SetRoles(roles=(AM, SM, SD, SC, FC)), by=SYSTEM)
    ok(await _delegate(world, SM, mine))
    world.doors.directory.forget(tenant, mine)
    principal = (await world.doors.identity.key(world.acme.keys[AM])).principal
    second, _ = await world.doors.identity.issue_key(principal, tenant, "second")
    before = await world.events()

    async def attempt(number: int) -> None:
        async with world.client(second if number % 2 else AM) as client:
            body = {} if number % 3 else {"chain": "commercial"}
            refused(await client.post(f"/v1/approvals/{approval}/approve", json=body, headers=anyway()), "OwnRequest", 403)

    await asyncio.gather(*(attempt(n) for n in range(50)))
    assert await world.events() == before
    assert await events_of(world, approval, ApprovalStepApproved) == []


async def _delegate(world: World, role: Role, to: UUID) -> Any:
    day = datetime.now(UTC).date()
    async with world.client(role) as client:
        body = {"to": str(to), "first_day": str(day), "last_day": str(day + timedelta(days=3))}
        return await client.post("/v1/approvals/delegations", json=body, headers=key())


async def test_fifty_parallel_answers_are_one_decision(world: World):
    _, approval = await asked(world, discount="25")

    async def answer() -> int:
        async with world.client(SM) as client:
            return (await client.post(f"/v1/approvals/{approval}/approve", json={}, headers=anyway())).status_code

    statuses = await asyncio.gather(*(answer() for _ in range(50)))
    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    assert len(await events_of(world, approval, ApprovalStepApproved)) == 1


async def test_fifty_parallel_looks_ask_once(world: World):
    deal, approval = await asked(world)
    state = (await world.doors.store.load(world.acme.tenant, deals, UUID(deal))).state
    assert state.pending is not None
    await asyncio.gather(
        *(
            carry_out(world.doors.database, world.doors.store, world.acme.tenant, UUID(deal), state.pending, world.doors.directory)
            for _ in range(50)
        )
    )
    assert len(await events_of(world, approval, ApprovalRequested)) == 1


async def test_who_stands_in_has_it_in_the_inbox_and_answers(reading: World):
    _, approval = await asked(reading)
    async with reading.client(DESK) as client:
        assert ok(await client.get("/v1/approvals", params={"mine": True, "at_least": await reading.events()}))["items"] == []
    ok(await _delegate(reading, SM, reading.acme.members[DESK]))
    await asyncio.sleep(1)  # rights are read at most 0.8 s late
    async with reading.client(DESK) as client:
        (inbox,) = ok(await client.get("/v1/approvals", params={"mine": True, "at_least": await reading.events()}))["items"]
        assert inbox["id"] == approval
        ok(await client.post(f"/v1/approvals/{approval}/approve", json={}, headers=anyway()))
    (agreed,) = await events_of(reading, approval, ApprovalStepApproved)
    assert (agreed.approver, agreed.by) == (reading.acme.members[SM], reading.acme.members[DESK])


async def test_a_no_needs_its_comment_and_only_who_is_asked_answers(world: World):
    _, approval = await asked(world, days=40)
    async with world.client(SM) as client:
        response = await client.post(f"/v1/approvals/{approval}/reject", json={}, headers=anyway())
        refused(response, "RequestMalformed", 422)
        body = refused(await client.post(f"/v1/approvals/{approval}/approve", json={"chain": "finance"}, headers=anyway()), "NotAsked", 403)
        assert str(world.acme.members[DESK]) in body["asked"]
    async with world.client(SD) as client:
        refused(await client.post(f"/v1/approvals/{approval}/approve", json={}, headers=anyway()), "NotAsked", 403)
        refused(await client.post(f"/v1/approvals/{approval}/withdraw", json={}, headers=anyway()), "NotYourRequest", 403)
    async with world.client(DESK) as client:
        ok(await client.post(f"/v1/approvals/{approval}/reject", json={"comment": "Too long"}, headers=anyway()))
    async with world.client(AM) as client:
        view = ok(await client.get(f"/v1/approvals/{approval}"))["item"]
        assert (view["status"], view["comment"]) == ("rejected", "Too long")


async def test_lists_show_an_approval_to_exactly_those_who_may_read_it(reading: World):
    _, approval = await asked(reading)
    head = await reading.events()
    for role in Role:
        async with reading.client(role) as client:
            one = await client.get(f"/v1/approvals/{approval}")
            if one.status_code == 403:
                continue
            listed = ok(await client.get("/v1/approvals", params={"at_least": head}))["items"]
            assert (approval in [a["id"] for a in listed]) == (one.status_code == 200), role
            assert one.status_code in {200, 404}


async def test_the_policy_is_shown_before_it_is_defined_and_what_if_lists_what_would_differ(reading: World):
    deal, approval = await asked(reading)
    async with reading.client(FC) as client:
        policy = ok(await client.get("/v1/approval-policies"))["item"]
        assert [v["number"] for v in policy["versions"]] == [0]
        rules = {**policy["versions"][0]["rules"], "discount": [{"up_to": "20"}, {"post": "sales_chief"}]}
        ok(await client.post("/v1/approval-policies", json={"name": "Lax", "rules": rules}, headers=key()), 201)
        broken = {**rules, "discount": [{"up_to": "20"}]}
        refused(
            await client.post("/v1/approval-policies", json={"name": "x", "rules": broken}, headers=key()), "ApprovalPolicyInvalid", 422
        )
        asked_for = {"first_day": "2020-01-01", "last_day": "2990-01-01", "version": 1}
        await client.get("/v1/approvals", params={"at_least": await reading.events()})
        found = ok(await client.get("/v1/approvals/what-if", params=asked_for))
        (differing,) = found["differing"]
        assert (found["rounds"], differing["approval"], differing["about"]) == (1, approval, deal)
        assert (differing["posts"], differing["would"], float(differing["blended"])) == (["sales_manager"], [], 15)
        assert ok(await client.get("/v1/approvals/what-if", params={**asked_for, "version": 0}))["differing"] == []
        refused(await client.get("/v1/approvals/what-if", params={**asked_for, "version": 9}), "NotFound", 404)
    async with reading.client(AM) as client:
        refused(await client.post("/v1/approval-policies", json={"name": "Lax", "rules": rules}, headers=key()), "RoleMissing", 403)
