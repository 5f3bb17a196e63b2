"""One thing at any version, and what differs between two moments: of a thing, of a list, of the forecast."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from domain.deals import AssignOwner, ChangeAmount, MoveCloseDate, OpenDeal, RenameDeal, SetCategory, deals
from domain.kernel import SYSTEM, Actor, Role
from domain.values import Money
from infra.ids import uuid7
from tests.api.conftest import NEXT_YEAR, World, ok, refused


def _deal(world: World, amount: int, currency: str = "EUR", title: str = "Pumps") -> OpenDeal:
    return OpenDeal(
        title=title,
        account=world.acme.account,
        owner=world.acme.members[Role.ACCOUNT_MANAGER],
        close_date=NEXT_YEAR,
        amount=Money(amount=amount, currency=currency),
    )


async def _changed(world: World) -> dict[str, Any]:
    """A deal that changes its amount twice, one that is new, one that changes its name alone, one that leaves the forecast."""
    acme, store = world.acme, world.doors.store
    seller = Actor(id=acme.members[Role.ACCOUNT_MANAGER], roles=frozenset({Role.ACCOUNT_MANAGER}))
    renamed, omitted, new = uuid7(), uuid7(), uuid7()
    await store.execute(acme.tenant, deals, renamed, _deal(world, 10), by=seller)
    await store.execute(acme.tenant, deals, omitted, _deal(world, 400, "USD"), by=seller)
    before = await world.events()
    for amount, reason in ((1200, "They want more"), (900, "Fewer after all")):
        change = ChangeAmount(amount=Money(amount=amount, currency="EUR"), reason=reason)
        await store.execute(acme.tenant, deals, acme.deal, change, by=seller)
    await store.execute(acme.tenant, deals, renamed, RenameDeal(title="Pumps and valves"), by=seller)
    await store.execute(acme.tenant, deals, omitted, SetCategory(category="omitted"), by=seller)
    await store.execute(acme.tenant, deals, new, _deal(world, 77), by=seller)
    return {"before": before, "renamed": str(renamed), "omitted": str(omitted), "new": str(new), "deal": str(acme.deal)}


async def test_a_state_is_shown_after_any_of_its_events(reading: World):
    facts = await _changed(reading)
    async with reading.client(Role.AUDITOR) as client:
        path = f"/v1/audit/deal/{facts['deal']}/states"
        first, second = [ok(await client.get(f"{path}/{version}")) for version in (1, 2)]
        assert first["state"]["amount"] == {"amount": "1000.00", "currency": "EUR"} | first["state"]["amount"]
        assert Decimal(second["state"]["amount"]["amount"]) == 1200
        assert (second["event"]["topic"], second["versions"]) == ("deal.amount_changed", 3)
        assert "1" in second["sentence"]
        assert ok(await client.get(f"{path}/1", params={"as_of": str(facts["before"])}))["versions"] == 1
        refused(await client.get(f"{path}/2", params={"as_of": str(facts["before"])}), "NotFound", 404)
        refused(await client.get(f"/v1/audit/account/{facts['deal']}/states/1"), "NotFound", 404)
        refused(await client.get(f"/v1/audit/nothing/{facts['deal']}/states/1"), "NotFound", 404)
        refused(await client.get(f"/v1/audit/deal/{uuid4()}/states/1"), "NotFound", 404)


async def test_the_difference_of_a_thing_names_each_field_with_who_when_and_why(reading: World):
    facts = await _changed(reading)
    asked = {"since": str(facts["before"]), "at_least": await reading.events()}
    async with reading.client(Role.AUDITOR) as client:
        found = ok(await client.get(f"/v1/audit/deal/{facts['deal']}/difference", params=asked))
        amount = next(field for field in found["fields"] if field["field"] == "amount.amount")
        assert (Decimal(amount["before"]), Decimal(amount["after"])) == (1000, 900)
        assert (amount["actor_name"], amount["why"], amount["topic"]) == ("account_manager", "Fewer after all", "deal.amount_changed")
        assert len(found["events"]) == 2
        quiet = ok(await client.get(f"/v1/audit/deal/{facts['deal']}/difference", params={**asked, "since": str(await reading.events())}))
        assert (quiet["fields"], quiet["events"]) == ([], [])
        swapped = {"since": str(facts["before"]), "as_of": str(facts["before"] - 1)}
        refused(await client.get(f"/v1/audit/deal/{facts['deal']}/difference", params=swapped), "Invalid", 422)


async def test_the_difference_of_a_list_tells_rows_added_removed_and_changed(reading: World):
    facts = await _changed(reading)
    asked = {"since": str(facts["before"]), "at_least": await reading.events()}
    async with reading.client(Role.AUDITOR) as client:
        found = ok(await client.get("/v1/audit/lists/deals/difference", params=asked))
        rows = {row["id"]: row for row in found["items"]}
        assert found["counts"] == {"added": 1, "removed": 0, "changed": 3}
        assert rows[facts["new"]]["what"] == "added"
        assert rows[facts["renamed"]]["columns"] == {"title": ["Pumps", "Pumps and valves"]}
        changes = rows[facts["deal"]]["changes"]
        assert [(one["actor_name"], one["why"], one["topic"]) for one in changes] == [
            ("account_manager", "They want more", "deal.amount_changed"),
            ("account_manager", "Fewer after all", "deal.amount_changed"),
        ]
        assert (rows[facts["deal"]]["changes_in_all"], rows[facts["deal"]]["currency"]) == (2, "EUR")
        assert [one["topic"] for one in rows[facts["renamed"]]["changes"]] == ["deal.renamed"]
        assert found["names"][rows[facts["new"]]["columns"]["owner"][1]] == "account_manager"
        first_only = ok(await client.get("/v1/audit/lists/deals/difference", params={**asked, "as_of": str(facts["before"] + 1)}))
        assert [one["why"] for row in first_only["items"] for one in row["changes"]] == ["They want more"]
        assert (
            rows[facts["deal"]]["columns"]["amount"] == ["1000.00", "900.00"] or Decimal(rows[facts["deal"]]["columns"]["amount"][1]) == 900
        )
        first = ok(await client.get("/v1/audit/lists/deals/difference", params={**asked, "limit": 3}))
        rest = ok(await client.get("/v1/audit/lists/deals/difference", params={**asked, "limit": 3, "cursor": first["next"]}))
        assert [row["id"] for row in first["items"] + rest["items"]] == sorted(rows)
        assert ok(await client.get("/v1/audit/lists/accounts/difference", params=asked))["items"] == []
        happened = ok(await client.get("/v1/audit/lists/deals/difference", params={**asked, "basis": "happened"}))
        assert {row["id"] for row in happened["items"]} == set(rows)
        assert next(row for row in happened["items"] if row["id"] == facts["deal"])["changes"] == changes
        refused(await client.get("/v1/audit/lists/settings/difference", params=asked), "NotFound", 404)


async def test_the_difference_of_the_forecast_balances_and_says_who_changed_what(reading: World):
    facts = await _changed(reading)
    asked = {"since": str(facts["before"]), "at_least": await reading.events()}
    async with reading.client(Role.FINANCE) as client:
        found = ok(await client.get("/v1/forecast/difference", params=asked))
        assert found["balanced"] is True
        causes = {(one["currency"], one["cause"]): (one["deals"], Decimal(one["amount"])) for one in found["causes"]}
        assert causes == {("EUR", "amount_down"): (1, -100), ("EUR", "created"): (1, 77), ("USD", "omitted"): (1, -400)}
        for currency, change in (("EUR", -23), ("USD", -400)):
            start, end = (sum(Decimal(one["amount"]) for one in found[side] if one["currency"] == currency) for side in ("start", "end"))
            assert start + change == end
        assert [deal["id"] for deal in found["items"]] == [facts["omitted"], facts["deal"], facts["new"]]
        steps = found["items"][1]["steps"]
        assert [(step["why"], step["actor_name"]) for step in steps] == [
            ("They want more", "account_manager"),
            ("Fewer after all", "account_manager"),
        ]
        assert [Decimal(step["columns"]["amount"][1]) for step in steps] == [1200, 900]
        only = ok(await client.get("/v1/forecast/difference", params={**asked, "cause": "created"}))
        assert [deal["id"] for deal in only["items"]] == [facts["new"]]
        first = ok(await client.get("/v1/forecast/difference", params={**asked, "limit": 2}))
        rest = ok(await client.get("/v1/forecast/difference", params={**asked, "limit": 2, "cursor": first["next"]}))
        assert [deal["id"] for deal in first["items"] + rest["items"]] == [deal["id"] for deal in found["items"]]


async def test_todays_rights_decide_about_both_ends_of_a_difference(reading: World):
    facts = await _changed(reading)
    acme = reading.acme
    owner = acme.members[Role.SALES_CHIEF]
    await reading.doors.store.execute(acme.tenant, deals, acme.deal, AssignOwner(owner=owner), by=SYSTEM)
    asked = {"since": str(facts["before"]), "as_of": str(facts["before"] + 3), "at_least": await reading.events()}
    async with reading.client(Role.ACCOUNT_MANAGER) as client:
        found = ok(await client.get("/v1/forecast/difference", params=asked))
        assert facts["deal"] not in {deal["id"] for deal in found["items"]}, "it is the chief's by now"
        assert found["balanced"] is True
    async with reading.client(Role.AUDITOR) as client:
        eyes = {"as_seen_by": str(acme.members[Role.ACCOUNT_MANAGER])}
        theirs = ok(await client.get("/v1/forecast/difference", params={**asked, **eyes}))
        assert facts["deal"] in {deal["id"] for deal in theirs["items"]}, "it was theirs then"


async def test_a_move_of_the_close_date_moves_no_sum(reading: World):
    before, acme = await reading.events(), reading.acme
    moved = MoveCloseDate(close_date="2030-05-31", reason="They budget by the year.")
    await reading.doors.store.execute(acme.tenant, deals, acme.deal, moved, by=SYSTEM)
    async with reading.client(Role.FINANCE) as client:
        found = ok(await client.get("/v1/forecast/difference", params={"since": str(before), "at_least": await reading.events()}))
        assert [(one["cause"], Decimal(one["amount"])) for one in found["causes"]] == [("period", 0)]
        assert found["start"] == found["end"]
