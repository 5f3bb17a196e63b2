"""Lists of disputes and of open invoices: planned, taken over as open claims, quiet when they come again, and taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from domain.accounts import OpenAccount, accounts
from domain.dispute_rules import Reason
from domain.disputes import disputes
from domain.disputes.commands import Comment, RecordDue
from domain.imports import imported_id
from domain.kernel import SYSTEM, Actor, Role
from domain.members import AddMember, members
from tests.imports.lookalikes import write
from workflows.imports import Directory, Overrides, inspect, plan, run, undo
from workflows.imports.claims import reason_of
from workflows.imports.fields import Kind
from workflows.imports.supply import NotOfSuppliers

SAID = Overrides(currency="EUR", source="books")
HEADER = ("Invoice", "Supplier", "Invoice Total", "Disputed Amount", "Dispute Reason", "Due Date", "Opened On", "Owner", "Status")
ROWS = [
    ("RE-1", "Kolbe KG", "2440.00", "487.90", "Price", "2030-03-31", "2026-01-05", "Ana Souza", "open"),
    ("RE-2", "Kolbe KG", "100.00", "", "", "2030-03-31", "", "Ana Souza", "open"),
    ("RE-3", "Kolbe KG", "900.00", "90.00", "Rusty screws", "2030-04-30", "2026-01-06", "Ana Souza", "open"),
    ("RE-4", "Kolbe KG", "50.00", "5.00", "late", "2030-04-30", "2026-01-06", "Ana Souza", "Settled"),
]


@pytest.fixture
async def directory(store, tenant) -> Directory:
    kolbe, ana = uuid4(), uuid4()
    await store.execute(tenant, accounts, kolbe, OpenAccount(legal_name="Kolbe KG", roles=("supplier",)), by=SYSTEM)
    await store.execute(tenant, members, ana, AddMember(name="Ana Souza"), by=SYSTEM)
    return Directory(accounts=(("Kolbe KG", f"={kolbe}"),), users=(("Ana Souza", f"={ana}"),))


def test_a_list_of_open_invoices_with_what_is_disputed_is_known_by_its_columns(tmp_path):
    write(tmp_path / "ap_ageing.csv", HEADER, ROWS)
    [table] = inspect([tmp_path], SAID).tables
    assert table.kind is Kind.DISPUTES
    mapped = {column.column: column.target for column in table.columns}
    assert mapped == dict(
        zip(HEADER, ("document", "account_name", "total", "disputed", "reason", "due_on", "opened_on", "owner_name", "status"), strict=True)
    )


def test_how_sure_a_column_is_is_told_only_where_it_was_measured(tmp_path):
    header = ("Invoice", "Supplier", "Disputed Amount", "Dispute Reasn", "Owner")
    write(tmp_path / "disputes.csv", header, [("RE-1", "Kolbe KG", "5.00", "Price", "Ana Souza")])
    [table] = inspect([tmp_path], SAID).tables
    found = {column.target: column.alike for column in table.columns}
    assert [target for target, alike in found.items() if alike is not None] == ["reason"]
    assert 0.9 <= found["reason"] < 1


async def test_open_claims_are_taken_over_and_what_is_over_or_undisputed_is_left_out(store, tenant, tmp_path, directory):
    write(tmp_path / "disputes.csv", HEADER, ROWS)
    planned = await plan(store, tenant, [tmp_path], SAID, directory=directory)
    before = await store.head(tenant)
    counts = planned.counts[Kind.DISPUTES]
    assert (counts.created, counts.skipped, counts.rejected) == (2, 2, 0)
    assert await store.head(tenant) == before, "a dry run stores nothing"
    told = {reason.reason: reason.rows for reason in planned.reasons if reason.outcome == "skipped"}
    assert told == {
        "nothing of it is disputed: it is paid where you pay invoices; only claims are taken over": 1,
        "it is settled at the source": 1,
    }
    done = await run(store, tenant, [tmp_path], SAID, directory=directory)
    assert done.counts[Kind.DISPUTES] == counts
    case = (await store.load(tenant, disputes, imported_id("dispute", "books", "RE-1 1"))).state
    assert (case.status, case.reason, case.currency, case.open_gross) == ("opened", Reason.PRICE_VARIANCE, "EUR", Decimal("487.90"))
    assert case.opened_at == datetime(2026, 1, 5, tzinfo=UTC)
    [document] = case.documents
    assert (document.total.amount, document.due_on.isoformat()) == (Decimal("2440.00"), "2030-03-31")
    assert case.ledger.balanced
    other = (await store.load(tenant, disputes, imported_id("dispute", "books", "RE-3 1"))).state
    assert (other.reason, other.reason_text) == (Reason.OTHER, "Rusty screws")
    assert (await run(store, tenant, [tmp_path], SAID, directory=directory)).events == 0
    taken_back = await undo(store, tenant, done.run)
    assert not taken_back.kept
    assert (await store.load(tenant, disputes, imported_id("dispute", "books", "RE-1 1"))).state.status == "voided"


async def test_an_import_is_undone_but_for_the_cases_that_somebody_worked_on_and_these_are_named(store, tenant, tmp_path, directory):
    write(tmp_path / "disputes.csv", HEADER, ROWS)
    done = await run(store, tenant, [tmp_path], SAID, directory=directory)
    idle, busy = (imported_id("dispute", "books", f"{invoice} 1") for invoice in ("RE-1", "RE-3"))
    for case in (idle, busy):
        await store.execute(tenant, disputes, case, RecordDue(), by=SYSTEM)
        assert (await store.load(tenant, disputes, case)).state.status == "investigating", "its clocks ran out long ago"
    await store.execute(tenant, disputes, busy, Comment(text="Seen it."), by=Actor(uuid4(), frozenset({Role.PROCUREMENT})))
    taken_back = await undo(store, tenant, done.run)
    assert (taken_back.withdrawn, taken_back.restored) == (1, 0)
    [kept] = taken_back.kept
    assert (kept.source_id, kept.kind) == ("RE-3 1", Kind.DISPUTES)
    assert "Somebody has worked on this case since" in kept.reason
    assert (await store.load(tenant, disputes, idle)).state.status == "voided"
    assert (await store.load(tenant, disputes, busy)).state.status == "investigating"


async def test_rows_that_make_no_claim_are_rejected_with_the_reason(store, tenant, tmp_path, directory):
    rows = [("RE-1", "Kolbe KG", "10", "4 apples", "", "", "", "Ana Souza", ""), ("RE-5", "Kolbe KG", "10.00", "5.00", "", "", "", "", "")]
    write(tmp_path / "disputes.csv", HEADER, rows)
    planned = await plan(store, tenant, [tmp_path], SAID, directory=directory)
    assert planned.counts[Kind.DISPUTES].rejected == 2
    reasons = " ".join(row.reason for row in planned.rows)
    assert "not a number" in reasons
    assert "add a column `owner`" in reasons


async def test_who_imports_is_responsible_for_what_names_nobody_and_the_plan_says_so(store, tenant, tmp_path, directory):
    write(tmp_path / "disputes.csv", HEADER[:5], [("RE-1", "Kolbe KG", "10.00", "5.00", "Price")])
    ana = Actor(UUID(directory.users[0][1].removeprefix("=")), frozenset({Role.ADMIN}))
    planned = await plan(store, tenant, [tmp_path], SAID, directory=directory, by=ana)
    assert planned.counts[Kind.DISPUTES].created == 1
    assert [(r.outcome, r.reason) for r in planned.reasons] == [("attention", "names no owner: whoever imports it is responsible")]
    await run(store, tenant, [tmp_path], SAID, directory=directory, by=ana)
    assert (await store.load(tenant, disputes, imported_id("dispute", "books", "RE-1 1"))).state.owner == ana.id


async def test_more_than_all_of_an_invoice_and_less_than_nothing_are_rejected_with_the_amounts(store, tenant, tmp_path, directory):
    said = [("RE-1", "500.00", "500.01"), ("RE-2", "500.00", "-3"), ("RE-3", "500.00", "500.00")]
    rows = [(invoice, "Kolbe KG", total, disputed, "Price", "", "", "Ana Souza", "") for invoice, total, disputed in said]
    write(tmp_path / "disputes.csv", HEADER, rows)
    planned = await plan(store, tenant, [tmp_path], SAID, directory=directory)
    counts = planned.counts[Kind.DISPUTES]
    assert (counts.created, counts.skipped, counts.rejected) == (1, 0, 2)
    assert {row.reason for row in planned.rows} == {
        "500.01 is disputed of an invoice over 500.00; no more than all of it can be",
        "-3 is disputed; no less than nothing can be",
    }


@pytest.mark.parametrize(
    ("written", "reason"),
    [("Price variance", Reason.PRICE_VARIANCE), ("short delivery", Reason.QUANTITY_SHORT), ("LATE-DELIVERY", Reason.LATE_DELIVERY)],
)
def test_words_of_sources_are_read_as_reasons(written, reason):
    assert reason_of(written) == (reason, None)


SUPPLY = SAID.model_copy(update={"supply": True})


def test_an_import_of_suppliers_holds_nothing_else(tmp_path):
    write(tmp_path / "disputes.csv", HEADER, ROWS)
    write(tmp_path / "deals.csv", ("Deal Name", "Amount", "Close Date", "Deal Stage"), [("Big one", "5.00", "2030-03-31", "Open")])
    with pytest.raises(NotOfSuppliers, match=r"not deals\.csv \(deals\)") as refused:
        inspect([tmp_path], SUPPLY)
    assert refused.value.data["tables"] == ["deals.csv"]


async def test_suppliers_and_their_disputes_come_in_under_a_source_of_their_own_and_bring_no_people(store, tenant, tmp_path, directory):
    """The same folder's name names other things in an import by sales, which procurement does not touch."""
    rows = [("RE-9", "Weber GmbH", "900.00", "90.00", "Price", "2030-04-30", "2026-01-06", "Nobody Known", "open")]
    write(tmp_path / "disputes.csv", HEADER, rows)
    buyer = Actor(UUID(directory.users[0][1][1:]), frozenset({Role.PROCUREMENT}))
    done = await run(store, tenant, [tmp_path], SUPPLY, directory=directory, by=buyer)
    assert (done.source, done.counts[Kind.DISPUTES].created, done.counts[Kind.ACCOUNTS].mentioned) == ("supply-books", 1, 1), done
    assert not done.counts[Kind.USERS].mentioned if Kind.USERS in done.counts else True
    case = (await store.load(tenant, disputes, imported_id("dispute", "supply-books", "RE-9 1"))).state
    assert case.owner == buyer.id
    supplier = (await store.load(tenant, accounts, case.account)).state
    assert [str(role) for role in supplier.roles] == ["supplier"]
    again = await run(store, tenant, [tmp_path], SUPPLY, directory=directory, by=buyer)
    assert (again.events, again.counts[Kind.DISPUTES].unchanged) == (0, 1)
