"""The forecast through the doors: what it leaves out is shown to those who may see it, and what is not understood says what is."""

from typing import Any
from uuid import UUID

import pytest

from domain.deals import deals
from domain.deals.commands import ImportDeal
from domain.kernel import SYSTEM, Role
from domain.pipelines import DEFAULT_PIPELINE
from infra.ids import uuid7
from tests.api.conftest import World, key, ok, opening, refused


@pytest.fixture
async def lacking(reading: World) -> World:
    """An open deal without amount and close date of the account manager, one of the sales chief; a projector runs."""
    doors = reading.doors
    for title, owner in (("mine", Role.ACCOUNT_MANAGER), ("theirs", Role.SALES_CHIEF)):
        told = ImportDeal(
            run=uuid7(), source="crm", source_id=title, title=title, pipeline=DEFAULT_PIPELINE, stage="propose",
            owner=reading.acme.members[owner],
        )  # fmt: skip
        await doors.store.execute(reading.acme.tenant, deals, uuid7(), told, by=SYSTEM)
    return reading


async def test_what_is_not_counted_is_told_and_listed_to_those_who_may_see_it(lacking: World):
    head = await lacking.events()
    for role, titles in ((Role.ACCOUNT_MANAGER, {"mine"}), (Role.SALES_CHIEF, {"mine", "theirs"}), (Role.FINANCE, {"mine", "theirs"})):
        async with lacking.client(role) as client:
            for more in ({}, {"as_of": str(head)}, {"period": "2026-Q1"}):
                params: dict[str, Any] = {"at_least": head, **more}
                counted = ok(await client.get("/v1/forecast", params=params))["not_counted"]
                listed = ok(await client.get("/v1/forecast/not-counted", params=params))["items"]
                assert {deal["title"] for deal in listed} == titles
                assert [deal["lacks"] for deal in listed] == [["amount", "close_date"]] * len(titles)
                assert counted["deals"] == counted["without_amount"] == counted["without_close_date"] == len(titles)


async def test_a_length_of_periods_splits_by_period_besides_what_else_was_asked_for(lacking: World):
    async with lacking.client(Role.SALES_CHIEF) as client:
        made = ok(await client.post("/v1/deals", json=opening(lacking.acme), headers=key()), 201)
        for params, by in (
            ({"periods": "quarter", "by": "team"}, ["period", "team"]),
            ({"periods": "month", "by": ["team", "period"]}, ["team", "period"]),
            ({"by": "team"}, ["team"]),
            ({"periods": "quarter"}, ["period"]),
        ):
            found = ok(await client.get("/v1/forecast", params={"at_least": made["position"], **params}))
            assert found["by"] == by
            assert all((row["period"] is None) is ("period" not in by) for row in found["rows"])


async def test_once_the_amount_and_the_date_are_told_nothing_is_left_out(lacking: World):
    async with lacking.client(Role.SALES_CHIEF) as client:
        made = ok(await client.post("/v1/deals", json=opening(lacking.acme), headers=key()), 201)
        params = {"at_least": made["position"], "kind": "open", "account": str(lacking.acme.account)}
        found = ok(await client.get("/v1/forecast", params=params))
        assert set(found["not_counted"].values()) == {0}
        assert ok(await client.get("/v1/forecast/not-counted", params=params))["items"] == []
        assert UUID(made["id"]) in {
            UUID(deal["id"]) for deal in ok(await client.get("/v1/deals", params={**params, "counted": True}))["items"]
        }


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"period": "2026"}, "2026-Q3, FY2026-Q3 or 2026-07"),
        ({"by": "colour"}, "region"),
        ({"convert_to": "euros"}, "EUR"),
        ({"convert_to": "XQX"}, "ISO 4217"),
        ({"region": "Bavaria"}, "country"),
        ({"as_of": "2990-01-01T00:00:00Z"}, "still to come"),
    ],
)
async def test_what_is_not_understood_is_refused_in_a_sentence(world: World, params: dict[str, str], says: str):
    async with world.client(Role.FINANCE) as client:
        response = await client.get("/v1/forecast", params=params)
        body = refused(response, response.json()["rule"], 422)
        assert says in body["detail"], body["detail"]
