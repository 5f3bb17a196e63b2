"""A causal chain through the door: who sees which step, as data and as a page, now and as of any moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from domain.contracts import contracts, dispute_of
from domain.contracts.commands import RegisterContract
from domain.contracts.obligation_commands import AddObligation, DisputeBreach, RecordObligations
from domain.contracts.terms import Party, Side, SignedPaper, Terms
from domain.disputes import disputes
from domain.disputes.commands import OpenDispute
from domain.disputes.terms import DisputedLine, DocumentKind, Evidence, LineReference
from domain.disputes.terms import Side as Claimed
from domain.kernel import SYSTEM, Command, Role
from domain.obligation_dates import DueRule
from domain.stages import EvidenceKind
from domain.suppliers import commands as sc
from domain.suppliers import supplier_id, suppliers
from domain.values import Money
from tests.api.conftest import Place, World, anyway, ok, refused

TODAY = datetime.now(UTC).date()
DUE = TODAY - timedelta(days=7)
XSS = "<script>alert(1)</script>"


async def told(world: World, contract: UUID, command: Command) -> None:
    await world.doors.store.execute(world.acme.tenant, contracts, contract, command, by=SYSTEM)


async def breached(world: World, *, side: Side = Side.BUY) -> tuple[UUID, UUID]:
    """A contract by which a report was due a week ago, claimed and raised as its workflow does; and the case."""
    place, contract = world.acme, uuid4()
    owner = place.members[Role.PROCUREMENT if side is Side.BUY else Role.SALES_CHIEF]
    party = place.supplier if side is Side.BUY else place.account
    terms = Terms(start=TODAY - timedelta(days=100), end=TODAY + timedelta(days=265), renewal={"kind": "fixed"})
    paper = SignedPaper(reference="EK-1.pdf", sha256="ab" * 32)
    said = {"title": "Sensors", "side": side, "party": party, "owner": owner, "zone": "Europe/Berlin", "signed_on": date(2026, 1, 2)}
    await told(world, contract, RegisterContract(**said, terms=terms, paper=paper))
    penalty = Money(amount=Decimal(500), currency="EUR")
    owed = AddObligation(title=XSS, by=Party.THEM, due=DueRule(on=DUE), since=DUE, proof=EvidenceKind.NOTE, penalty=penalty)
    await told(world, contract, owed)
    await told(world, contract, RecordObligations())
    state = (await world.doors.store.load(place.tenant, contracts, contract)).state
    (obligation,) = state.obligations
    await told(world, contract, DisputeBreach(obligation=obligation, occurrence=DUE))
    case = dispute_of(contract, obligation, DUE)
    reference = LineReference(kind=DocumentKind.OBLIGATION, document="EK-1", line=str(case))
    opening = OpenDispute(
        side=Claimed.BUY,
        account=party,
        title=XSS,
        reason="unmet_obligation",
        currency="EUR",
        owner=owner,
        lines=(DisputedLine(reference=reference, net=Decimal(500)),),
        evidence=(Evidence(kind="contract", document="EK-1.pdf"),),
        contract=contract,
        obligation=obligation,
    )
    await world.doors.store.execute(place.tenant, disputes, case, opening, by=SYSTEM)
    return contract, case


async def chain(world: World, role: Role, id: UUID, place: Place | None = None, **asked: Any) -> Any:
    head = await world.doors.store.head((place or world.acme).tenant)
    async with world.client(role, place) as client:
        return await client.get(f"/v1/causal-chains/{id}", params={"at_least": head, **asked})


async def test_a_breach_its_claim_and_its_case_are_one_chain(reading: World):
    contract, case = await breached(reading)
    found = ok(await chain(reading, Role.PROCUREMENT, case))
    topics = [step["topic"] for step in found["steps"]]
    assert topics[:2] == ["obligation.breached", "obligation.disputed"]
    assert {"dispute.drafted", "dispute.opened", "supplier.dispute_counted"} <= set(topics)
    assert "dispute.clocks_set" not in topics
    assert (found["figures"]["claimed"], found["hidden"]) == ({"amount": "500.00", "currency": "EUR"}, 0)
    assert {thing["noun"] for thing in found["things"]} == {"contract", "dispute", "supplier"}
    async with reading.client(Role.PROCUREMENT) as client:
        for thing in found["things"]:
            assert ok(await client.get(thing["href"])), thing
        item = ok(await client.get(f"/v1/contracts/{contract}"))["item"]
        assert [o["chain"] for owed in item["obligations"] for o in owed["occurrences"] if o["status"] == "breached"] == [str(case)]
        assert ok(await client.get(f"/v1/disputes/{case}"))["item"]["chain"] == str(case)


async def test_whatever_is_done_in_a_case_stays_on_its_chain_and_off_those_of_others(reading: World):
    _, case = await breached(reading)
    _, other = await breached(reading)
    async with reading.client(Role.PROCUREMENT) as client:
        ok(await client.post(f"/v1/disputes/{case}/comments", json={"text": "Where is it?"}, headers=anyway()))
        history = ok(await client.get(f"/v1/disputes/{case}/history"))
    assert {event["correlation_id"] for event in history} == {str(case)}
    assert "Where is it?" in str(ok(await chain(reading, Role.PROCUREMENT, case))["steps"])
    assert "Where is it?" not in str(ok(await chain(reading, Role.PROCUREMENT, other))["steps"])


async def test_a_caller_sees_steps_about_what_they_may_see_and_how_many_others_there_are(reading: World):
    _, case = await breached(reading, side=Side.SELL)
    everything = ok(await chain(reading, Role.AUDITOR, case))
    assert everything["hidden"] == 0
    # a sales chief sees contract and case, but no supplier
    part = ok(await chain(reading, Role.SALES_CHIEF, case))
    assert {thing["noun"] for thing in part["things"]} == {"contract", "dispute"}
    assert part["hidden"] == sum(step["noun"] == "supplier" for step in everything["steps"]) > 0
    assert len(part["steps"]) + part["hidden"] == len(everything["steps"])


async def test_a_chain_of_which_nothing_may_be_seen_is_not_there(reading: World):
    _, case = await breached(reading)
    for nobody in (case, uuid4()):
        refused(await chain(reading, Role.ACCOUNT_MANAGER, nobody), "NotFound", 404)
    refused(await chain(reading, Role.AUDITOR, case, reading.other), "NotFound", 404)
    refused(await chain(reading, Role.SUPPLIER, case), "RoleMissing", 403)


async def test_a_deal_is_no_chain(reading: World):
    refused(await chain(reading, Role.AUDITOR, reading.acme.deal), "NotFound", 404)


async def test_as_of_a_moment_it_ends_there(reading: World):
    _, case = await breached(reading)
    steps = ok(await chain(reading, Role.AUDITOR, case))["steps"]
    for number, step in enumerate(steps, 1):
        then = ok(await chain(reading, Role.AUDITOR, case, as_of=str(step["position"])))
        assert [s["position"] for s in then["steps"]] == [s["position"] for s in steps[:number]]
    refused(await chain(reading, Role.AUDITOR, case, as_of=str(steps[0]["position"] - 1)), "NotFound", 404)


async def test_a_score_that_rose_along_a_chain_tells_which_measures_moved_and_of_which_months_it_is(reading: World):
    """A claim lowers the score; what the months bring beside it may raise it, and is not told as the breach's effect."""
    store, place = reading.doors.store, reading.acme
    supplier, party = supplier_id(place.supplier), place.supplier
    month = f"{TODAY:%Y-%m}"
    last = TODAY.replace(day=1) - timedelta(days=1)

    async def tell(command: Command, **more: Any) -> None:
        await store.execute(place.tenant, suppliers, supplier, command, by=SYSTEM, **more)

    await tell(sc.RecordDelivery(account=party, delivery="D-1", order="PO-1", due_on=last - timedelta(days=1), delivered_on=last, units=10))
    await tell(sc.ScoreSupplier(account=party, month=f"{last:%Y-%m}"))
    await tell(sc.RecordDelivery(account=party, delivery="D-2", order="PO-2", due_on=TODAY, delivered_on=TODAY, units=10))
    _, case = await breached(reading)
    await tell(sc.ScoreSupplier(account=party, month=month), correlation_id=case)
    figures = ok(await chain(reading, Role.PROCUREMENT, case))["figures"]
    # (0*30 + 100*30) / 60, then (50*30 + 100*30) / 60
    assert (figures["score_before"], figures["score_after"]) == ("50.00", "75.00")
    moves = figures["score_moves"]
    [on_time] = moves["moves"]
    assert (on_time["measure"], on_time["before"], on_time["after"], on_time["percent"]) == ("on_time", "0.00", "50.00", 30)
    assert (moves["months_before"][-7:], moves["months_after"][-7:]) == (f"{last:%Y-%m}", month)
    assert "Deliveries on time went from 0.00 to 50.00 (0.00 to 50.00 points). Before: " in moves["told"]
    assert "not of this chain alone" in moves["told"]


async def test_a_browser_gets_a_page_in_which_nothing_of_others_runs(reading: World):
    _, case = await breached(reading)
    async with reading.client(Role.PROCUREMENT) as client:
        head = await reading.doors.store.head(reading.acme.tenant)
        page = await client.get(
            f"/v1/causal-chains/{case}", params={"at_least": head}, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        )
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["vary"] == "Accept"
    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert XSS not in page.text
    assert "&lt;script&gt;" in page.text
    assert "500.00 EUR" in page.text
