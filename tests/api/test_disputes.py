"""A dispute through the doors, from the claim to the settled cent; with the other side in its portal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from domain.kernel import Role
from tests.api.conftest import Place, World, anyway, key, ok, refused


def claim(place: Place, **more: Any) -> dict[str, Any]:
    """487.90 EUR of an invoice over 2,440.00 EUR are disputed."""
    number = f"RE-{uuid4().hex[:6]}"
    return {
        "account": str(place.supplier),
        "title": "Housings dearer than agreed",
        "reason": "price_variance",
        "currency": "EUR",
        "owner": str(place.members[Role.PROCUREMENT]),
        "lines": [{"reference": {"kind": "invoice", "document": number, "line": "10"}, "net": "410.00", "tax": "77.90"}],
        "documents": [
            {"kind": "invoice", "number": number, "total": {"amount": "2440.00", "currency": "EUR"}, "due_on": "2030-03-31"},
        ],
        "evidence": [{"kind": "order", "document": "PO-4711.pdf"}],
        **more,
    }


async def opened(client: AsyncClient, place: Place, **more: Any) -> str:
    return str(ok(await client.post("/v1/disputes", json=claim(place, **more), headers=key()), 201)["id"])


async def do(client: AsyncClient, id: str, what: str, body: dict[str, Any] | None = None, *, portal: bool = False) -> Any:
    path = f"/v1/{'portal/' if portal else ''}disputes/{id}/{what}"
    return ok(await client.post(path, json=body or {}, headers=anyway()))


async def test_a_claim_is_settled_to_the_cent_by_an_offer_and_a_credit_note(reading: World):
    async with reading.client(Role.PROCUREMENT) as ours, reading.client(Role.SUPPLIER) as theirs:
        id = await opened(ours, reading.acme)
        assert [r["kind"] for r in ok(await ours.get(f"/v1/disputes/{id}"))["item"]["clocks"]] == ["acknowledge", "first_answer", "resolve"]
        await do(theirs, id, "acknowledge", portal=True)
        await do(ours, id, "investigate")
        await do(ours, id, "await", {"question": "Which price list do you mean?"})
        await do(theirs, id, "comments", {"text": "The one of May"}, portal=True)
        await do(ours, id, "proposals", {"terms": {"credit": "487.90"}})
        offer = ok(await theirs.get(f"/v1/portal/disputes/{id}"))["item"]["offers"][-1]
        assert (offer["yours"], offer["outcome"]) == (False, "open")
        await do(theirs, id, "proposals", {"terms": {"credit": "400.00", "pay": "87.90"}, "note": "The rest was freight"}, portal=True)
        counter = ok(await ours.get(f"/v1/disputes/{id}"))["item"]["offers"][-1]
        await do(ours, id, "accept", {"offer": counter["id"]})
        await do(
            theirs, id, "credit-notes", {"number": "GS-31", "amount": "400.00", "on": datetime.now(UTC).date().isoformat()}, portal=True
        )
        made = await do(ours, id, "settlements", {"kind": "release", "amount": "87.90", "on": "2026-03-21"})
        item = ok(await ours.get(f"/v1/disputes/{id}"))["item"]
        assert item["status"] == "settled"
        assert item["balanced"]
        amounts = {name: item["ledger"][name] for name in ("original", "open", "credited", "paid")}
        assert amounts == {"original": "487.90", "open": "0.00", "credited": "400.00", "paid": "87.90"}
        assert [o["outcome"] for o in item["offers"]] == ["countered", "accepted"]
        pauses = next(c for c in item["clocks"] if c["kind"] == "resolve")["pauses"]
        assert [(p["question"], p["until"] is not None) for p in pauses] == [("Which price list do you mean?", True)]
        refused(await ours.post(f"/v1/disputes/{id}/close", json={}, headers=anyway()), "RootCauseMissing", 409)
        made = await do(ours, id, "close", {"root_cause": "supplier_pricing"})
        card = ok(await ours.get("/v1/disputes", params={"at_least": made["position"]}))["items"][0]
        assert (card["id"], card["status"], card["credited"], card["open"]) == (id, "closed", "400.00", "0.00")
        told = " ".join(t["sentence"] for t in ok(await ours.get(f"/v1/disputes/{id}/timeline"))["items"])
        assert "The other side countered with a credit of 400.00 EUR" in told
        assert "The dispute is settled" in told


async def test_the_queue_is_in_order_of_what_remains_and_counts_from_the_instant_that_is_asked(reading: World):
    async with reading.client(Role.PROCUREMENT) as client:
        slow = await opened(client, reading.acme)
        urgent = await opened(client, reading.acme, severity="critical", their_calendar=None)
        made = await do(client, slow, "comments", {"text": "Nothing hurries here", "visibility": "internal"})
        asked = {"live": True, "at_least": made["position"], "at": "2026-01-01T00:00:00Z"}
        found = ok(await client.get("/v1/disputes", params=asked))["items"]
        assert {card["id"] for card in found} == {slow, urgent}
        assert [card["due_at"] for card in found] == sorted(card["due_at"] for card in found)
        assert all(card["remaining"] > 0 and card["due_party"] == "them" for card in found)
        later = ok(await client.get("/v1/disputes", params={**asked, "at": "2100-01-01T00:00:00Z"}))["items"]
        assert all(card["remaining"] < 0 for card in later)
        critical = ok(await client.get("/v1/disputes", params={**asked, "severity": "critical"}))["items"]
        assert [card["id"] for card in critical] == [urgent]
        first = ok(await client.get("/v1/disputes", params={**asked, "limit": 1}))
        second = ok(await client.get("/v1/disputes", params={**asked, "limit": 1, "cursor": first["next"]}))
        assert [card["id"] for card in first["items"] + second["items"]] == [card["id"] for card in found]


async def test_what_is_held_is_not_payable_and_the_rest_is(reading: World):
    supplier = f"/v1/suppliers/{reading.acme.supplier}"
    async with reading.client(Role.PROCUREMENT) as client:
        id = await opened(client, reading.acme)
        then = (await do(client, id, "comments", {"text": "Noted"}))["position"]
        found = ok(await client.get(f"{supplier}/balance", params={"at_least": then}))
        assert found["held"] == [{"currency": "EUR", "cases": 1, "held": "487.90"}]
        [document] = found["documents"]
        assert (document["total"], document["held"], document["payable"], document["due_on"]) == (
            "2440.00",
            "487.90",
            "1952.10",
            "2030-03-31",
        )
        listed = ok(await client.get("/v1/suppliers"))["items"]
        assert [(s["id"], s["held"]) for s in listed] == [(str(reading.acme.supplier), found["held"])]
        made = await do(client, id, "withdraw", {"reason": "The price was agreed after all"})
        assert ok(await client.get(f"{supplier}/balance", params={"at_least": made["position"]}))["held"] == []
        before = ok(await client.get(f"{supplier}/balance", params={"as_of": str(then)}))
        assert before["held"] == found["held"]


async def test_figures_tell_days_recovered_and_leaked(reading: World):
    async with reading.client(Role.PROCUREMENT_HEAD) as client:
        credited, lost = await opened(client, reading.acme), await opened(client, reading.acme)
        for id in (credited, lost):
            await do(client, id, "acknowledge", {"by": "them"})
            await do(client, id, "investigate")
        await do(
            client, credited, "settlements", {"kind": "credit_note", "amount": "487.90", "number": "G1", "on": "2026-03-20", "by": "them"}
        )
        made = await do(client, lost, "write-off", {"reason": "uneconomic"})
        [row] = ok(await client.get("/v1/disputes/figures", params={"by": "account", "at_least": made["position"]}))["rows"]
        assert row["names"] == {"account": "Supplier of acme"}
        assert (row["cases"], row["settled"], row["live"]) == (2, 2, 0)
        assert (row["recovered"], row["written_off"], row["leakage"], row["leakage_share"]) == ("487.90", "487.90", "487.90", "50.00")
        assert float(row["days_median"]) < 1


async def test_a_supplier_is_qualified_scored_and_shown_with_the_events_behind_each_number(reading: World):
    account = str(reading.acme.supplier)
    async with reading.client(Role.PROCUREMENT_HEAD) as client:

        async def tell(what: str, **body: Any) -> Any:
            return ok(await client.post(f"/v1/suppliers/{what}", json={"account": account, **body}, headers=key()), 201)

        await tell("qualifications", commodity="castings", region="europe", status="qualified", until="2039-12-31")
        for n in range(4):
            await tell("orders", order=f"PO-{n}", on="2026-01-10")
            came = "2026-01-20" if n else "2026-01-25"
            await tell("deliveries", order=f"PO-{n}", delivery=f"LS-{n}", due_on="2026-01-20", delivered_on=came)
        made = await tell("scores", month="2026-01")
        shown = ok(await client.get(f"/v1/suppliers/{account}", params={"at_least": made["position"]}))
        assert [(q["commodity"], q["status"]) for q in shown["qualifications"]] == [("castings", "qualified")]
        [card] = ok(await client.get(f"/v1/suppliers/{account}/scorecard"))["items"]
        assert card["month"] == "2026-01"
        assert card["score"] == shown["score"] is not None
        on_time = next(f for f in card["figures"] if f["measure"] == "on_time")
        assert on_time["events_in_all"] == 4
        assert sum("late" in told["sentence"] for told in on_time["events"]) == 1
        assert ok(await client.get(f"/v1/suppliers/{account}", params={"as_of": str(made["position"] - 1)}))["score"] is None
        ok(await client.get("/v1/scorecard"))
    async with reading.client(Role.PROCUREMENT) as client:
        body = {"account": account, "commodity": "castings", "region": "europe", "status": "candidate"}
        refused(await client.post("/v1/suppliers/qualifications", json=body, headers=key()), "RoleMissing", 403)


@pytest.mark.parametrize("role", [Role.SUPPLIER, Role.CUSTOMER])
async def test_the_portal_shows_the_cases_of_ones_own_account_alone_and_no_draft(reading: World, role: Role):
    acme = reading.acme
    async with reading.client(Role.ADMIN) as ours, reading.client(role) as theirs:
        mine, other = (acme.supplier, acme.account) if role is Role.SUPPLIER else (acme.account, acme.supplier)
        own = await opened(ours, acme, account=str(mine))
        foreign = await opened(ours, acme, account=str(other))
        draft = ok(await ours.post("/v1/disputes/drafts", json=claim(acme, account=str(mine)), headers=key()), 201)
        listed = ok(await theirs.get("/v1/portal/disputes", params={"at_least": draft["position"]}))["items"]
        assert [card["id"] for card in listed] == [own]
        ok(await theirs.get(f"/v1/portal/disputes/{own}"))
        nobodys = refused(await theirs.get(f"/v1/portal/disputes/{uuid4()}"), "NotFound", 404)
        for id in (foreign, draft["id"]):
            hidden = refused(await theirs.get(f"/v1/portal/disputes/{id}"), "NotFound", 404)
            assert {k: v for k, v in hidden.items() if k != "instance"} == {k: v for k, v in nobodys.items() if k != "instance"}
            for what, body in (("comments", {"text": "x"}), ("acknowledge", {}), ("evidence", {"kind": "photo", "document": "x"})):
                refused(await theirs.post(f"/v1/portal/disputes/{id}/{what}", json=body, headers=anyway()), "NotFound", 404)
        for path in (f"/v1/disputes/{own}", "/v1/disputes", f"/v1/suppliers/{mine}/balance", "/v1/events", "/v1/stream"):
            refused(await theirs.get(path), "RoleMissing", 403)
