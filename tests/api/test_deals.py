"""Deals through the door: open, move, change; what is refused says why."""

import asyncio
from uuid import UUID, uuid4

from domain.deals import EnterStage, RefuseMove, deals
from domain.kernel import SYSTEM, Role
from infra.event_store import event_id
from tests.api.conftest import World, anyway, key, ok, opening, refused


async def test_an_account_manager_opens_a_deal_of_their_own(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        response = await client.post("/v1/deals", json=opening(world.acme), headers=key())
        body = ok(response, 201)
        assert response.headers["ETag"] == f'"{body["version"]}"'
        assert response.headers["Location"] == f"/v1/deals/{body['id']}"
        assert response.headers["Concord-Position"] == str(body["position"])
        assert body["position"] == await world.events()


async def test_a_deal_for_somebody_else_is_out_of_reach(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        body = opening(world.acme, owner=str(world.acme.members[Role.SALES_CHIEF]))
        before = await world.events()
        refused(await client.post("/v1/deals", json=body, headers=key()), "OutOfReach", 403)
        refused(await client.post("/v1/deals", json=opening(world.acme, account=str(world.other.account)), headers=key()), "NotFound", 404)
        assert await world.events() == before


async def test_a_move_without_its_evidence_lists_what_is_missing(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        response = await client.post(f"/v1/deals/{world.acme.deal}/advance", json={"to": "discover"}, headers=anyway())
        body = refused(response, "GateNotMet", 409)
        assert [unmet["criterion"] for unmet in body["unmet"]] == ["need_stated"]


MOVE = {"to": "discover", "evidence": [{"criterion": "need_stated", "note": "Said so in the meeting"}]}


async def test_a_move_is_accepted_and_waits_for_its_workflow(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        body = ok(await client.post(f"/v1/deals/{world.acme.deal}/advance", json=MOVE, headers=anyway()), 202)
        assert body["waiting_for"] == "workflow"
        assert body["link"] == f"/v1/deals/{world.acme.deal}"
        waited = await client.post(f"/v1/deals/{world.acme.deal}/advance", json=MOVE, headers=anyway())
        refused(waited, "MovePending", 409)


async def _carry_out(world: World, command: type) -> None:
    """What the workflow does: answer the request under its own correlation."""
    store, tenant, deal = world.doors.store, world.acme.tenant, world.acme.deal
    async with asyncio.timeout(60):
        while (asked := (await store.history(tenant, deal))[-1]).event.topic != "deal.stage_requested":
            await asyncio.sleep(0.01)
    request = event_id(deal, asked.originator_version)
    done = (
        EnterStage(to="discover", request=request)
        if command is EnterStage
        else RefuseMove(request=request, rule="SignatureMissing", detail="Nobody signed.")
    )
    await store.execute(tenant, deals, deal, done, by=SYSTEM, correlation_id=asked.correlation_id)


async def test_who_prefers_to_wait_hears_how_the_move_ended(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        headers = anyway() | {"Prefer": "wait=20"}
        response, _ = await asyncio.gather(
            client.post(f"/v1/deals/{world.acme.deal}/advance", json=MOVE, headers=headers), _carry_out(world, EnterStage)
        )
        assert ok(response)["stage"] == "discover"
        assert response.headers["Preference-Applied"] == "wait=20"
        # and a repetition hears the same
        again = await client.post(f"/v1/deals/{world.acme.deal}/advance", json=MOVE, headers=headers)
        assert ok(again) == response.json()


async def test_who_prefers_to_wait_hears_a_refusal(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        headers = anyway() | {"Prefer": "wait=20"}
        response, _ = await asyncio.gather(
            client.post(f"/v1/deals/{world.acme.deal}/advance", json=MOVE, headers=headers), _carry_out(world, RefuseMove)
        )
        body = refused(response, "MoveRefused", 409)
        assert body["by"] == "SignatureMissing"
        assert body["detail"] == "Nobody signed."


async def test_waiting_ends_in_time_with_202(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        headers = anyway() | {"Prefer": "wait=1"}
        async with asyncio.timeout(3):
            response = await client.post(f"/v1/deals/{world.acme.deal}/advance", json=MOVE, headers=headers)
        assert ok(response, 202)["waiting_for"] == "workflow"


async def test_only_finance_reverses_a_win_and_only_leaders_assign_owners(world: World):
    async with world.client(Role.SALES_CHIEF) as client:
        refused(await client.post(f"/v1/deals/{world.acme.deal}/win/reverse", json={"reason": "x"}, headers=anyway()), "RoleMissing", 403)
    owner = {"owner": str(world.acme.members[Role.SALES_MANAGER])}
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        refused(await client.post(f"/v1/deals/{world.acme.deal}/owner", json=owner, headers=anyway()), "RoleMissing", 403)
    async with world.client(Role.SALES_MANAGER) as client:
        ok(await client.post(f"/v1/deals/{world.acme.deal}/owner", json=owner, headers=anyway()))


async def test_a_deal_that_is_given_away_is_out_of_the_former_owners_hands_at_once(world: World):
    chief, manager = world.client(Role.SALES_CHIEF), world.client(Role.ACCOUNT_MANAGER)
    title = {"title": "Renamed"}
    async with chief, manager:
        ok(await manager.post(f"/v1/deals/{world.acme.deal}/title", json=title, headers=anyway()))
        given = {"owner": str(world.acme.members[Role.SALES_CHIEF])}
        ok(await chief.post(f"/v1/deals/{world.acme.deal}/owner", json=given, headers=anyway()))
        refused(await manager.post(f"/v1/deals/{world.acme.deal}/title", json={"title": "Mine"}, headers=anyway()), "NotFound", 404)


async def test_amounts_are_exact_text(world: World):
    async with world.client(Role.ACCOUNT_MANAGER) as client:
        for amount in (12500.5, "", "1e5", "NaN", "1_000", " 5", "12345678901234567"):
            body = opening(world.acme, amount={"amount": amount, "currency": "EUR"})
            refused(await client.post("/v1/deals", json=body, headers=key()), "RequestMalformed", 422)
        body = opening(world.acme, amount={"amount": "123456789012345.67", "currency": "EUR"})
        opened = ok(await client.post("/v1/deals", json=body, headers=key()), 201)
        state = (await world.doors.store.load(world.acme.tenant, deals, UUID(opened["id"]))).state
        assert str(state.amount.amount) == "123456789012345.67"


async def test_an_unknown_deal_is_absent(world: World):
    async with world.client(Role.SALES_CHIEF) as client:
        refused(await client.post(f"/v1/deals/{uuid4()}/title", json={"title": "x"}, headers=anyway()), "NotFound", 404)
