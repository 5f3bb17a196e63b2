"""Timelines: sentences, newest first, of what the caller may see and of nothing else."""

import pytest

from domain.deals import OpenDeal, deals
from domain.kernel import SYSTEM, Role
from domain.values import Money
from infra.ids import uuid7
from tests.api.conftest import NEXT_YEAR, World, anyway, ok, refused
from tests.api.test_approvals import asked


@pytest.fixture
async def told(reading: World) -> World:
    """The world, with a projector running, and a deal of finance with the account manager's account."""
    doors, acme = reading.doors, reading.acme
    command = OpenDeal(
        title="Not the manager's",
        account=acme.account,
        owner=acme.members[Role.FINANCE],
        close_date=NEXT_YEAR,
        amount=Money(amount=7, currency="EUR"),
    )
    await doors.store.execute(acme.tenant, deals, uuid7(), command, by=SYSTEM)
    return reading


async def test_a_deal_tells_its_history_newest_first(told: World):
    deal = f"/v1/deals/{told.acme.deal}"
    async with told.client(Role.ACCOUNT_MANAGER) as client:
        made = ok(await client.post(f"{deal}/title", json={"title": "Second"}, headers=anyway()))
        answer = ok(await client.get(f"{deal}/timeline", params={"at_least": made["position"]}))
        assert [("renamed" in item["topic"], item["topic"]) for item in answer["items"]] == [(True, "deal.renamed"), (False, "deal.opened")]
        assert answer["items"][0]["actor_name"] == "account_manager"
        first = ok(await client.get(f"{deal}/timeline", params={"limit": 1}))
        second = ok(await client.get(f"{deal}/timeline", params={"limit": 1, "cursor": first["next"]}))
        assert [item["topic"] for item in first["items"] + second["items"]] == ["deal.renamed", "deal.opened"]
        then = ok(await client.get(f"{deal}/timeline", params={"as_of": str(made["position"] - 1)}))
        assert [item["topic"] for item in then["items"]] == ["deal.opened"]


async def test_an_account_tells_only_of_the_deals_that_the_caller_may_see(told: World):
    path, reached = f"/v1/accounts/{told.acme.account}/timeline", {"at_least": await told.events()}

    async def sentences(role: Role, **more: str) -> str:
        async with told.client(role) as client:
            return " ".join(item["sentence"] for item in ok(await client.get(path, params={**reached, **more}))["items"])

    mine, all_ = await sentences(Role.ACCOUNT_MANAGER), await sentences(Role.FINANCE)
    assert "First" in mine
    assert "Not the manager's" not in mine
    assert "Not the manager's" in all_
    assert "First" not in await sentences(Role.FINANCE, nouns="account")


async def test_an_account_tells_of_the_approvals_that_its_deals_needed(reading: World):
    await asked(reading)
    path, reached = f"/v1/accounts/{reading.acme.account}/timeline", {"at_least": await reading.events()}
    async with reading.client(Role.ACCOUNT_MANAGER) as client:
        topics = [item["topic"] for item in ok(await client.get(path, params=reached))["items"]]
        assert "approval.requested" in topics
        assert "approval.requested" in [i["topic"] for i in ok(await client.get(path, params={**reached, "nouns": "deal"}))["items"]]
        assert not any("approval" in i["topic"] for i in ok(await client.get(path, params={**reached, "nouns": "account"}))["items"])


async def test_what_is_not_there_and_what_is_elsewhere_answer_alike(told: World):
    async with told.client(Role.ADMIN) as client:
        for place in (f"deals/{uuid7()}", f"accounts/{uuid7()}", f"deals/{told.other.deal}", f"accounts/{told.other.account}"):
            refused(await client.get(f"/v1/{place}/timeline"), "NotFound", 404)
