"""Every row has an outcome: what was deleted at the source, what speaks of absent deals, who is out of use, and people at customers."""

from __future__ import annotations

import csv
from datetime import UTC, datetime

import pytest

from domain.contacts import Channel, Consent, contacts
from domain.deals import AdvanceDeal, ChangeAmount, EnterStage, deals
from domain.imports import imported_id
from domain.kernel import SYSTEM, Actor, Role, natural_id
from domain.members import ReactivateMember, members
from domain.pipelines import pipelines
from domain.products import RestoreProduct, products
from domain.values import Money
from infra.event_store.envelope import event_id
from tests.imports.lookalikes import company, hubspot, salesforce, write
from workflows.imports import Overrides, inspect, plan, run, undo
from workflows.imports.fields import Kind

ANNA = Actor(natural_id("anna"), frozenset({Role.ADMIN}))
SF = Overrides(currency="EUR", source="salesforce")
EUR = Overrides(currency="EUR", source="vendor")
HISTORY = ("Id", "OpportunityId", "StageName", "Amount", "CloseDate", "CreatedDate")


def every_row_has_one_outcome(report):
    for kind, counts in report.counts.items():
        outcomes = counts.model_dump(exclude={"rows", "mentioned", "needs_attention"})
        assert sum(outcomes.values()) == counts.rows, kind


def rejected(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


async def deal(store, tenant, key):
    return (await store.load(tenant, deals, imported_id("deal", "salesforce", key))).state


async def test_histories_come_to_a_deal_that_an_earlier_import_brought(store, tenant, tmp_path):
    made = salesforce(tmp_path / "all")
    first = await run(store, tenant, [tmp_path / "all"], SF)
    every_row_has_one_outcome(first)
    opened = next(d for d in made if d["StageName"] == "Prospecting" and d["IsDeleted"] == "false")
    later = tmp_path / "later"
    later.mkdir()
    rows = [
        ("1", opened["Id"], "Needs Analysis", "", "", "2019-06-01T10:00:00Z"),
        ("2", opened["Id"], "Closed Won", "", "", "2019-07-01T10:00:00Z"),
    ]
    write(later / "OpportunityHistory.csv", HISTORY, rows)
    planned = await plan(store, tenant, [later], SF)
    done = await run(store, tenant, [later], SF)
    assert done.counts == planned.counts
    every_row_has_one_outcome(done)
    assert done.counts[Kind.HISTORY].updated == 2
    state = await deal(store, tenant, opened["Id"])
    assert (state.stage_name, state.won_on.isoformat()) == ("Closed Won", "2019-07-01")
    again = await run(store, tenant, [later], SF)
    assert (again.events, again.counts[Kind.HISTORY].unchanged) == (0, 2)


async def test_rows_about_deals_that_are_nowhere_are_rejected_with_the_reason(store, tenant, tmp_path):
    salesforce(tmp_path / "all")
    folder = tmp_path / "beside"
    folder.mkdir()
    write(folder / "OpportunityHistory.csv", HISTORY, [("1", "006NOWHERE", "Prospecting", "", "", "2019-06-01T10:00:00Z")])
    lines = [("1", "006NOWHERE", "2", "10", "20")]
    write(folder / "OpportunityLineItem.csv", ("Id", "OpportunityId", "Quantity", "UnitPrice", "TotalPrice"), lines)
    done = await run(store, tenant, [folder], SF, rejected_to=tmp_path / "rejected.csv")
    every_row_has_one_outcome(done)
    assert (done.counts[Kind.HISTORY].rejected, done.counts[Kind.LINES].rejected) == (1, 1)
    told = rejected(tmp_path / "rejected.csv")
    assert {r["file"] for r in told} == {"OpportunityHistory.csv", "OpportunityLineItem.csv"}
    assert all("never imported" in r["reason"] for r in told)


async def test_lines_and_unknown_stages_of_a_deal_that_is_here_say_why_they_are_not_taken(store, tenant, tmp_path):
    made = salesforce(tmp_path / "all")
    await run(store, tenant, [tmp_path / "all"], SF)
    opened = next(d for d in made if d["StageName"] == "Prospecting" and d["IsDeleted"] == "false")
    folder = tmp_path / "beside"
    folder.mkdir()
    write(folder / "OpportunityHistory.csv", HISTORY, [("1", opened["Id"], "Moonshot", "", "", "2019-06-01T10:00:00Z")])
    lines = [("1", opened["Id"], "2", "10", "20")]
    write(folder / "OpportunityLineItem.csv", ("Id", "OpportunityId", "Quantity", "UnitPrice", "TotalPrice"), lines)
    done = await run(store, tenant, [folder], SF, rejected_to=tmp_path / "rejected.csv")
    every_row_has_one_outcome(done)
    reasons = {r["file"]: r["reason"] for r in rejected(tmp_path / "rejected.csv")}
    assert "has no stage 'Moonshot'" in reasons["OpportunityHistory.csv"]
    assert "its own row" in reasons["OpportunityLineItem.csv"]


async def test_histories_leave_a_deal_that_people_moved_where_it_is(store, tenant, tmp_path):
    made = salesforce(tmp_path / "all")
    await run(store, tenant, [tmp_path / "all"], SF)
    opened = next(d for d in made if d["StageName"] == "Prospecting" and d["IsDeleted"] == "false" and d["Amount"] and d["AccountId"])
    id_ = imported_id("deal", "salesforce", opened["Id"])
    state = (await store.load(tenant, deals, id_)).state
    lost = next(s.key for s in (await store.load(tenant, pipelines, state.pipeline)).state.latest.stages if s.kind == "lost")
    asked = await store.execute(tenant, deals, id_, AdvanceDeal(to=lost, reason="price"), by=ANNA)
    await store.execute(tenant, deals, id_, EnterStage(to=lost, request=event_id(id_, asked.version)), by=SYSTEM)
    moved = (await store.load(tenant, deals, id_)).state
    folder = tmp_path / "beside"
    folder.mkdir()
    write(folder / "OpportunityHistory.csv", HISTORY, [("1", opened["Id"], "Closed Won", "", "", "2019-06-01T10:00:00Z")])
    done = await run(store, tenant, [folder], SF)
    every_row_has_one_outcome(done)
    assert done.counts[Kind.HISTORY].used == 0
    assert (await store.load(tenant, deals, id_)).state.stage == moved.stage


async def test_rows_beside_a_deal_that_is_left_out_are_left_out_with_it(store, tenant, tmp_path):
    hubspot(tmp_path)
    done = await run(store, tenant, [tmp_path], Overrides(currency="EUR"))
    every_row_has_one_outcome(done)
    reasons = {r.reason for r in done.rows if r.kind is Kind.HISTORY and r.outcome == "skipped"}
    assert "its deal is not imported: merged into 7000 at the source" in reasons
    assert "its deal is not imported: deleted at the source" in reasons


@pytest.fixture
async def deleted_later(store, tenant, tmp_path):
    """(folder, the deal) of which the source says, after its import, that it deleted an open deal."""
    made = salesforce(tmp_path)
    await run(store, tenant, [tmp_path], SF)
    gone = next(d for d in made if d["StageName"] == "Prospecting" and d["IsDeleted"] == "false")
    gone["IsDeleted"] = "true"
    write(tmp_path / "Opportunity.csv", list(made[0]), [list(d.values()) for d in made])
    return tmp_path, gone


async def test_what_was_deleted_at_the_source_since_is_asked_about_and_listed(store, tenant, deleted_later):
    folder, gone = deleted_later
    question = next(q for q in inspect([folder], SF).questions if q.key == "deleted")
    assert (question.default, [o.value for o in question.options]) == ("skip", ["skip", "close"])
    done = await run(store, tenant, [folder], SF)
    every_row_has_one_outcome(done)
    told = next(r for r in done.rows if r.source_id == gone["Id"] and r.kind is Kind.DEALS)
    assert told.needs_attention == ("deleted at the source",)
    assert "deleted=close" in told.reason
    assert (await deal(store, tenant, gone["Id"])).open


async def test_what_was_deleted_at_the_source_is_closed_when_a_person_says_so_and_undone(store, tenant, deleted_later):
    folder, gone = deleted_later
    said = SF.answering({"deleted": "close"})
    done = await run(store, tenant, [folder], said)
    assert done.counts[Kind.DEALS].updated == 1
    assert (await deal(store, tenant, gone["Id"])).kind == "lost"
    again = await run(store, tenant, [folder], said)
    assert again.events == 0
    assert any("closed here already" in r.reason for r in again.rows if r.source_id == gone["Id"])
    await undo(store, tenant, done.run)
    assert (await deal(store, tenant, gone["Id"])).open


PEOPLE = ("Id", "Username", "LastName", "FirstName", "IsActive", "ManagerId")
GOODS = ("Id", "ProductCode", "Name", "Family", "IsActive")


async def test_who_and_what_is_out_of_use_at_the_source_is_imported_and_out_of_use(store, tenant, tmp_path):
    write(tmp_path / "User.csv", PEOPLE, [("u1", "a@x.org", "Moss", "Ada", "true", ""), ("u2", "b@x.org", "Lind", "Bo", "false", "")])
    write(tmp_path / "Product2.csv", GOODS, [("p1", "A", "Anvil", "Iron", "true"), ("p2", "B", "Bell", "Iron", "false")])
    done = await run(store, tenant, [tmp_path], SF)
    assert (done.counts[Kind.USERS].created, done.counts[Kind.PRODUCTS].created) == (2, 2)

    async def in_use(decider, noun, key):
        return (await store.load(tenant, decider, imported_id(noun, "salesforce", key))).state.active

    assert [await in_use(members, "member", k) for k in ("u1", "u2")] == [True, False]
    assert [await in_use(products, "product", k) for k in ("p1", "p2")] == [True, False]
    assert (await run(store, tenant, [tmp_path], SF)).events == 0
    await store.execute(tenant, members, imported_id("member", "salesforce", "u2"), ReactivateMember(), by=ANNA)
    await store.execute(tenant, products, imported_id("product", "salesforce", "p2"), RestoreProduct(), by=ANNA)
    assert (await run(store, tenant, [tmp_path], SF)).events == 0, "what people did since stays"

    write(tmp_path / "User.csv", PEOPLE, [("u1", "a@x.org", "Moss", "Ada", "false", ""), ("u2", "b@x.org", "Lind", "Bo", "false", "")])
    left = await run(store, tenant, [tmp_path], SF)
    assert [await in_use(members, "member", k) for k in ("u1", "u2")] == [False, True]
    await undo(store, tenant, left.run)
    assert await in_use(members, "member", "u1")


PERSON = ("Id", "AccountId", "LastName", "FirstName", "Email", "Phone", "ReportsToId", "Title", "HasOptedOutOfEmail", "MailingCity")


async def test_people_at_customers_come_with_their_place_and_what_they_allow(store, tenant, tmp_path):
    made = salesforce(tmp_path)
    assert made
    account = "001000000000001AAA"
    rows = [
        ("003A", account, "Hopper", "Grace", "grace@example.com", "+1 555 0100", "", "CTO", "false", "Arlington"),
        ("003B", account, "Curry", "Haskell", "not an address", "call me", "", "", "true", ""),
        ("003C", "", "", "", "", "", "", "", "", ""),
    ]
    write(tmp_path / "Contact.csv", PERSON, rows)
    done = await run(store, tenant, [tmp_path], SF)
    every_row_has_one_outcome(done)
    assert (done.counts[Kind.CONTACTS].created, done.counts[Kind.CONTACTS].rejected) == (2, 1)

    async def person(key):
        return (await store.load(tenant, contacts, imported_id("contact", "salesforce", key))).state

    grace, haskell = await person("003A"), await person("003B")
    assert (grace.name, grace.email, grace.phone, grace.title) == ("Grace Hopper", "grace@example.com", "+1 555 0100", "CTO")
    assert set(grace.positions) == {imported_id("account", "salesforce", account)}
    assert grace.attributes["mailing_city"] == "Arlington"
    assert (haskell.email, haskell.attributes["email_as_reported"]) == (None, "not an address")
    assert haskell.consents[Channel.EMAIL] is Consent.WITHDRAWN
    (first, *_) = await store.rows(tenant, (await store.history(tenant, imported_id("contact", "salesforce", "003A")))[0].position - 1, 1)
    assert b"Hopper" not in first[5], "who it is, is sealed"
    assert (await run(store, tenant, [tmp_path], SF)).events == 0
    await undo(store, tenant, done.run)
    assert (await person("003A")).withdrawn


async def test_tables_that_are_not_imported_are_counted_with_the_reason(store, tenant, tmp_path):
    company(tmp_path, deals=20)
    write(tmp_path / "Lead.csv", ("ConvertedDate", "ConvertedAccountId", "Name"), [("", "", "A"), ("", "", "B")])
    done = await run(store, tenant, [tmp_path], EUR)
    assert (done.counts[Kind.IGNORED].rows, done.counts[Kind.IGNORED].skipped) == (2, 2)
    assert next(r for r in done.rows if r.table == "Lead.csv").reason.startswith("leads:")
    every_row_has_one_outcome(done)


async def test_a_told_deal_that_people_changed_keeps_their_amount_when_its_past_comes_later(store, tenant, tmp_path):
    made = salesforce(tmp_path / "all")
    await run(store, tenant, [tmp_path / "all"], SF)
    opened = next(d for d in made if d["StageName"] == "Prospecting" and d["IsDeleted"] == "false")
    id_ = imported_id("deal", "salesforce", opened["Id"])
    await store.execute(tenant, deals, id_, ChangeAmount(amount=Money(amount=11, currency="EUR")), by=ANNA)
    folder = tmp_path / "later"
    folder.mkdir()
    write(folder / "OpportunityHistory.csv", HISTORY, [("1", opened["Id"], "Needs Analysis", "", "", "2019-06-01T10:00:00Z")])
    await run(store, tenant, [folder], SF)
    state = await deal(store, tenant, opened["Id"])
    assert (state.stage_name, state.amount.amount, state.since) == ("Needs Analysis", 11, datetime(2019, 6, 1, 10, tzinfo=UTC))
