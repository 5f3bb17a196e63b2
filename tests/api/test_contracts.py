"""Contracts through the doors: from a draft to a signature by other eyes, kept, changed, ended; and seen by those who may."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import AsyncClient

from domain.contracts import contracts
from domain.contracts.commands import DraftContract, RegisterContract
from domain.deals import ImportDeal, deals
from domain.kernel import SYSTEM, Role
from domain.pipelines import DEFAULT_PIPELINE
from domain.values import Money
from tests.api.conftest import World, anyway, key, ok, refused

AM, LEGAL, BUYER, AUDITOR = Role.ACCOUNT_MANAGER, Role.LEGAL, Role.PROCUREMENT, Role.AUDITOR
TODAY = datetime.now(UTC).date()
PAPER = {"reference": "contract.pdf", "sha256": "9f" * 32}


def days(count: int) -> str:
    return (TODAY + timedelta(days=count)).isoformat()


def terms(**more: Any) -> dict[str, Any]:
    """A term of another 120 days, with two months' notice: its end is near."""
    return {
        "start": days(-245),
        "end": days(120),
        "value": {"amount": "24000.00", "currency": "EUR"},
        "value_per": "year",
        "renewal": {"kind": "auto_renew", "months": 12},
        "notice": {"count": 2, "unit": "months", "before": "term_end", "counts": "sent"},
        **more,
    }


def draft(world: World, side: str = "sell", **more: Any) -> dict[str, Any]:
    place = world.acme
    selling = side == "sell"
    return {
        "title": "Service for the line",
        "number": "C-1",
        "side": side,
        "party": str(place.account if selling else place.supplier),
        "owner": str(place.members[AM if selling else BUYER]),
        "terms": terms(),
        **more,
    }


async def signed(world: World, side: str = "sell", **more: Any) -> str:
    """A contract that was signed before; its id."""
    id = uuid4()
    command = RegisterContract.model_validate({**draft(world, side, **more), "signed_on": days(-250), "paper": PAPER})
    await world.doors.store.execute(world.acme.tenant, contracts, id, command, by=SYSTEM)
    return str(id)


async def do(client: AsyncClient, id: str, path: str, body: dict[str, Any], status: int = 200) -> Any:
    return ok(await client.post(f"/v1/contracts/{id}/{path}", json=body, headers=anyway()), status)


async def test_a_draft_is_signed_after_other_eyes_have_seen_exactly_this_content(reading: World):
    async with reading.client(AM) as am, reading.client(LEGAL) as legal:
        made = await am.post("/v1/contracts", json=draft(reading), headers=key())
        id = ok(made, 201)["id"]
        assert made.headers["location"] == f"/v1/contracts/{id}"
        refused(await am.post(f"/v1/contracts/{id}/activate", json={"signed_on": days(0)}, headers=anyway()), "WrongState", 409)
        await do(am, id, "submit", {})
        read = await legal.get(f"/v1/contracts/{id}")
        content = ok(read)["item"]["content"]
        refused(await am.post(f"/v1/contracts/{id}/approve", json={"content": content}, headers=anyway()), "RoleMissing", 403)
        refused(await legal.post(f"/v1/contracts/{id}/approve", json={"content": "0" * 64}, headers=anyway()), "ContentChanged", 409)
        stale = key(**{"If-Match": '"1"'})
        refused(await legal.post(f"/v1/contracts/{id}/approve", json={"content": content}, headers=stale), "StaleVersion", 412)
        await do(legal, id, "approve", {"content": content})
        await do(am, id, "send", {"paper": PAPER})
        last = await do(am, id, "activate", {"signed_on": days(0)})
        refused(await am.post(f"/v1/contracts/{id}/revise", json={"title": "Other"}, headers=anyway()), "ContractSigned", 409)
        listed = ok(await am.get("/v1/contracts", params={"at_least": last["position"]}))["items"]
        assert [(c["id"], c["status"], c["party_name"], c["value"]) for c in listed] == [(id, "expiring", "Customer of acme", "24000.00")]
        story = ok(await am.get(f"/v1/contracts/{id}/timeline", params={"at_least": last["position"]}))["items"]
        assert [s["topic"] for s in story][-1] == "contract.drafted"
        assert any("approved for signature" in s["sentence"] for s in story)
        around = ok(await am.get(f"/v1/accounts/{reading.acme.account}/timeline", params={"at_least": last["position"]}))["items"]
        assert {s["topic"] for s in around} >= {"contract.activated", "account.opened"}
        only = ok(await am.get(f"/v1/accounts/{reading.acme.account}/timeline", params={"nouns": "contract"}))["items"]
        assert {s["topic"].partition(".")[0] for s in only} == {"contract"}


async def test_the_terms_of_a_day_hold_its_amendments_and_say_when_notice_of_that_day_ends_it(reading: World):
    id = await signed(reading)
    async with reading.client(AM) as am, reading.client(LEGAL) as legal:
        more = {"value": {"amount": "30000.00", "currency": "EUR"}}
        await do(am, id, "amendments", {"title": "One line more", "effective_on": days(30), "changes": more})
        waiting = ok(await am.get(f"/v1/contracts/{id}"))["item"]["amendments"]
        assert [a["status"] for a in waiting] == ["proposed"]
        amendment = {"amendment": waiting[0]["id"]}
        signing = {**amendment, "signed_on": days(0), "paper": PAPER}
        refused(await am.post(f"/v1/contracts/{id}/amendments/sign", json=signing, headers=anyway()), "AmendmentNotApproved", 409)
        await do(legal, id, "amendments/approve", amendment)
        await do(am, id, "amendments/sign", signing)
        before, after = [ok(await am.get(f"/v1/contracts/{id}/terms", params={"on": days(n)})) for n in (29, 30)]
        assert (before["terms"]["value"]["amount"], after["terms"]["value"]["amount"]) == ("24000.00", "30000.00")
        assert (before["amendments"], after["amendments"]) == ([], ["One line more"])
        assert before["earliest_end"] == before["term_end"] == days(120)
        late = ok(await am.get(f"/v1/contracts/{id}/terms", params={"on": days(100)}))
        assert date.fromisoformat(late["earliest_end"]) > TODAY + timedelta(days=360)
        early = ok(await am.get(f"/v1/contracts/{id}/terms", params={"on": days(-3000)}))
        assert (early["begins_on"], late["begins_on"]) == (early["terms"]["start"], None), "none are in force before the first day"
        then = {"on": days(30), "as_of": str((await reading.events()) - 1)}
        refused(await am.get(f"/v1/contracts/{id}/terms", params={"on": "9999-12-31"}), "Invalid", 422)
        refused(await am.get(f"/v1/contracts/{id}/terms"), "RequestMalformed", 422)
        assert ok(await am.get(f"/v1/contracts/{id}/terms", params=then))["as_of"] == int(then["as_of"])


async def test_what_is_owed_is_met_with_its_proof_and_shows_in_calendar_and_today(reading: World):
    id = await signed(reading)
    async with reading.client(AM) as am:
        owed = {"title": "Report", "by": "us", "due": {"anchor": "date", "on": days(5)}, "recurrence": {"every": 1}, "proof": "document"}
        added = await do(am, id, "obligations", owed)
        params = {"at_least": added["position"], "contract": id}
        (one, *_) = ok(await am.get("/v1/obligations", params={**params, "open": True}))["items"]
        assert (one["label"], one["day"], one["by"], one["responsible"]) == ("Report", days(5), "us", str(reading.acme.members[AM]))
        obligation = ok(await am.get(f"/v1/contracts/{id}"))["item"]["obligations"][0]
        meet = {"obligation": obligation["id"], "met_on": days(0), "proof": {"note": "Sent"}}
        refused(await am.post(f"/v1/contracts/{id}/obligations/meet", json=meet, headers=anyway()), "ProofMissing", 422)
        days_of = ok(await am.get("/v1/contract-calendar", params={**params, "open": True}))["items"]
        assert {d["kind"] for d in days_of} >= {"send_by", "deadline", "term_end", "obligation"}
        assert [d["day"] for d in days_of] == sorted(d["day"] for d in days_of)
        notices = ok(await am.get("/v1/contract-calendar", params=[("kind", "send_by"), ("kind", "deadline")]))["items"]
        assert sorted(d["kind"] for d in notices) == ["deadline", "send_by"]
        today = ok(await am.get("/v1/today", params={"at_least": added["position"]}))["contract_days"]
        assert {d["kind"] for d in today} >= {"send_by", "deadline", "term_end"}
        meet["proof"] = {"document": "report.pdf", "sha256": "9f" * 32}
        done = await do(am, id, "obligations/meet", meet)
        params["at_least"] = done["position"]
        first, second, *_ = ok(await am.get("/v1/obligations", params=params))["items"]
        assert (first["status"], first["open"], first["met_on"], second["open"]) == ("met", False, days(0), True)
        page = ok(await am.get("/v1/obligations", params={"limit": 1, **params}))
        rest = ok(await am.get("/v1/obligations", params={"limit": 1, **params, "cursor": page["next"]}))
        assert [page["items"][0]["id"], rest["items"][0]["id"]] == [first["id"], second["id"]]


async def test_a_notice_ends_it_on_a_day_that_the_past_did_not_know(reading: World):
    id = await signed(reading)
    before = await reading.events()
    async with reading.client(AM) as am:
        given = await do(am, id, "notice", {"sent_on": days(0), "how": "letter"})
        refused(await am.post(f"/v1/contracts/{id}/notice", json={"sent_on": days(-1)}, headers=anyway()), "NoticeStands", 409)
        params: dict[str, Any] = {"at_least": given["position"], "contract": id}
        now = {d["kind"]: d for d in ok(await am.get("/v1/contract-calendar", params=params))["items"]}
        assert (now["end"]["day"], now["send_by"]["status"]) == (days(120), "done")
        then = {d["kind"]: d for d in ok(await am.get("/v1/contract-calendar", params={**params, "as_of": str(before)}))["items"]}
        assert (then["term_end"]["day"], then["send_by"]["status"], "end" in then) == (days(120), "open", False)
        await do(am, id, "notice/withdraw", {"reason": "We stay"})
        await do(am, id, "terminate", {"on": days(10), "cause": "mutual"})
        assert ok(await am.get(f"/v1/contracts/{id}"))["item"]["termination"]["on"] == days(10)


async def won(world: World) -> str:
    """A deal of the account manager that was won; its id."""
    place, id = world.acme, uuid4()
    told = ImportDeal(
        run=uuid4(), source="crm", source_id="1", title="Won", pipeline=DEFAULT_PIPELINE, stage="won", account=place.account,
        owner=place.members[AM], amount=Money(amount=9000, currency="EUR"), close_date=TODAY, won_on=TODAY,
    )  # fmt: skip
    await world.doors.store.execute(place.tenant, deals, id, told, by=SYSTEM)
    return str(id)


async def test_a_won_deal_has_its_contract_in_one_step_and_one_only(reading: World):
    place, deal = reading.acme, await won(reading)
    asked = {"deal": deal, "start": days(0), "end": days(364), "renewal": {"kind": "fixed"}}
    async with reading.client(AM) as am, reading.client(BUYER) as buyer:
        early = {**asked, "deal": str(place.deal)}
        refused(await am.post("/v1/contracts/from-deal", json=early, headers=key()), "DealNotWonYet", 409)
        refused(await buyer.post("/v1/contracts/from-deal", json=asked, headers=key()), "NotFound", 404)
        id = ok(await am.post("/v1/contracts/from-deal", json=asked, headers=key()), 201)["id"]
        item = ok(await am.get(f"/v1/contracts/{id}"))["item"]
        assert (item["title"], item["party"], item["deal"], item["status"]) == ("Won", str(place.account), deal, "draft")
        assert item["terms"]["value"] == {"amount": "9000.00", "currency": "EUR"}
        again = refused(await am.post("/v1/contracts/from-deal", json=asked, headers=key()), "DealHasContract", 409)
        assert again["contract"] == id


@pytest.mark.parametrize("side", ["sell", "buy"])
async def test_who_sells_and_who_buys_see_their_own_side_and_an_auditor_both(reading: World, side: str):
    mine, other = await signed(reading, side), await signed(reading, "buy" if side == "sell" else "sell")
    role = AM if side == "sell" else BUYER
    params = {"at_least": await reading.events()}
    async with reading.client(role) as client, reading.client(AUDITOR) as auditor:
        assert [c["id"] for c in ok(await client.get("/v1/contracts", params=params))["items"]] == [mine]
        assert {d["contract"] for d in ok(await client.get("/v1/contract-calendar", params=params))["items"]} == {mine}
        past = {**params, "as_of": str(params["at_least"])}
        assert {d["contract"] for d in ok(await client.get("/v1/contract-calendar", params=past))["items"]} == {mine}
        ok(await client.get(f"/v1/contracts/{mine}"))
        for path in ("", "/terms?on=2027-01-01", "/history", "/timeline"):
            refused(await client.get(f"/v1/contracts/{other}{path}"), "NotFound", 404)
        refused(await client.post(f"/v1/contracts/{other}/notice", json={"sent_on": days(0)}, headers=anyway()), "NotFound", 404)
        wanted = draft(reading, "sell" if role is BUYER else "buy", owner=str(reading.acme.members[Role.SALES_CHIEF]))
        assert (await client.post("/v1/contracts", json=wanted, headers=key())).status_code in {403, 404}
        assert {c["id"] for c in ok(await auditor.get("/v1/contracts", params=params))["items"]} == {mine, other}
        seen_by = {**params, "as_seen_by": str(reading.acme.members[role])}
        for path in ("/v1/contracts", "/v1/contract-calendar"):
            found = ok(await auditor.get(path, params=seen_by))["items"]
            assert {thing.get("contract", thing["id"]) for thing in found} == {mine}
        refused(await auditor.post(f"/v1/contracts/{mine}/notice", json={"sent_on": days(0)}, headers=anyway()), "RoleMissing", 403)


async def test_filters_narrow_and_sorts_order_the_list(reading: World):
    first = await signed(reading, title="Alpha", number="A-1")
    second = await signed(reading, title="Beta", number="B-2", terms=terms(end=days(40)))
    third = str(uuid4())
    drafted = DraftContract.model_validate(draft(reading, title="Gamma"))
    await reading.doors.store.execute(reading.acme.tenant, contracts, UUID(third), drafted, by=SYSTEM)
    async with reading.client(AUDITOR) as client:

        async def listed(**asked: Any) -> list[str]:
            answer = ok(await client.get("/v1/contracts", params={"at_least": await reading.events(), **asked}))
            return [c["id"] for c in answer["items"]]

        assert await listed(sort="title") == [first, second, third]
        assert await listed(sort="-title") == [third, second, first]
        assert await listed(sort="ends") == [second, first, third]
        assert set(await listed(live=True)) == {first, second}
        assert await listed(status="draft") == [third]
        assert await listed(text="b-2") == [second]
        assert await listed(ends_before=days(60)) == [second]
        assert await listed(id_part=first[-8:]) == [first]
        assert await listed(side="buy") == []
        assert set(await listed(party=str(reading.acme.account))) == {first, second, third}
        refused(await client.get("/v1/contracts", params={"sort": "owner"}), "RequestMalformed", 422)
        refused(await client.get("/v1/contract-calendar", params={"kind": "birthday"}), "RequestMalformed", 422)
