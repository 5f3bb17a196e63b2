"""The rules for deals, changed through the door and obeyed by the next decision."""

from domain.kernel import Role
from tests.api.conftest import World, anyway, ok, refused

LOST = {"to": "lost", "reason": "price"}


async def test_the_sales_chief_changes_a_rule_and_the_next_decision_obeys(world: World):
    async with world.client(Role.SALES_CHIEF) as chief, world.client(Role.ACCOUNT_MANAGER) as seller:
        before = ok(await chief.get("/v1/settings"))["item"]["deal_rules"]
        assert (before["version"], before["push_cap_from"]) == (0, 3)
        position = await world.events()
        changes = {"lost_reasons": ["too_late", "other"], "push_cap_from": 5}
        ok(await chief.post("/v1/settings/deal-rules", json=changes, headers=anyway()))
        after = ok(await seller.get("/v1/settings"))["item"]["deal_rules"]
        assert after == {**before, **changes, "version": 1}
        then = ok(await seller.get("/v1/settings", params={"as_of": str(position)}))["item"]["deal_rules"]
        assert then == before
        told = refused(await seller.post(f"/v1/deals/{world.acme.deal}/advance", json=LOST, headers=anyway()), "ReasonNeeded", 422)
        assert told["reasons"] == ["too_late", "other"]
        ok(await seller.post(f"/v1/deals/{world.acme.deal}/advance", json={**LOST, "reason": "too_late"}, headers=anyway()), 202)


async def test_others_do_not_change_rules_for_deals(world: World):
    before = await world.events()
    for role in (Role.SALES_DIRECTOR, Role.FINANCE_CHIEF, Role.AUDITOR):
        async with world.client(role) as client:
            refused(await client.post("/v1/settings/deal-rules", json={"push_cap_from": 5}, headers=anyway()), "RoleMissing", 403)
    assert await world.events() == before


async def test_what_holds_already_changes_nothing(world: World):
    async with world.client(Role.ADMIN) as client:
        before = await world.events()
        body = ok(await client.post("/v1/settings/deal-rules", json={"push_cap_from": 3}, headers=anyway()))
        assert body["position"] is None
        assert await world.events() == before
