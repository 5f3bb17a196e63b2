"""What a report says is true: every row is counted under its reason, once, in words that fit one as well as many."""

from __future__ import annotations

import pytest

from domain.deals import deals
from domain.imports import imported_id
from tests.imports.lookalikes import company, write
from workflows.imports import AnswersNeeded, Overrides, inspect, plan, run
from workflows.imports.fields import Kind

EUR = Overrides(currency="EUR", source="vendor")
HEADER = ("deal id", "deal name", "stage", "amount", "close date", "account")


def reasons(report):
    return {(r.outcome, r.reason): r.rows for r in report.reasons}


async def test_reasons_count_all_rows_also_where_the_report_tells_only_some_of_them(store, tenant, tmp_path):
    rows = [(str(i), f"Deal {i}", "Prospecting", "", "", "") for i in range(2100)]
    write(tmp_path / "deals.csv", HEADER, rows)
    planned = await plan(store, tenant, [tmp_path], EUR)
    assert (len(planned.rows), planned.truncated) == (2000, 100)
    assert reasons(planned)["attention", "no amount"] == reasons(planned)["attention", "no close date"] == 2100
    assert planned.counts[Kind.DEALS].needs_attention == 2100


async def test_a_table_that_is_left_out_counts_with_all_its_rows(store, tenant, tmp_path):
    company(tmp_path, deals=20)
    write(tmp_path / "Lead.csv", ("ConvertedDate", "ConvertedAccountId", "Name"), [("", "", "A"), ("", "", "B")])
    planned = await plan(store, tenant, [tmp_path], EUR)
    (leads,) = [r for r in planned.reasons if r.table == "Lead.csv"]
    assert (leads.outcome, leads.rows, leads.row) == ("skipped", 2, 0)


async def test_a_negative_amount_is_rejected_and_nothing_else(store, tenant, tmp_path):
    write(tmp_path / "deals.csv", HEADER, [("1", "One", "Won", "5", "2020-01-02", "Acme"), ("2", "Two", "Won", "-5", "2020-01-02", "")])
    done = await run(store, tenant, [tmp_path], EUR)
    assert (done.counts[Kind.DEALS].rejected, done.counts[Kind.DEALS].needs_attention) == (1, 1)
    told = {r.row: r.needs_attention for r in done.rows}
    assert told == {2: ("owner",), 3: ()}
    assert {outcome for outcome, _ in reasons(done)} == {"rejected", "attention"}
    assert sum(rows for (outcome, _), rows in reasons(done).items() if outcome == "rejected") == 1


async def test_a_product_without_a_price_says_so_in_plain_words(store, tenant, tmp_path):
    write(tmp_path / "products.csv", ("product", "series", "sales_price"), [("Anvil", "Iron", ""), ("Bell", "Iron", "5")])
    planned = await plan(store, tenant, [tmp_path], EUR)
    assert reasons(planned) == {("attention", "no price"): 1}


async def test_what_the_source_says_anew_is_named(store, tenant, tmp_path):
    write(tmp_path / "deals.csv", HEADER, [("1", "One", "Won", "5", "2020-01-02", "Acme")])
    await run(store, tenant, [tmp_path], EUR)
    write(tmp_path / "deals.csv", HEADER, [("1", "One", "Won", "7", "2020-01-02", "Acme")])
    planned = await plan(store, tenant, [tmp_path], EUR)
    assert reasons(planned)["updated", "new at the source: amount"] == 1


@pytest.mark.parametrize(
    ("accounts", "says"), [(1, "1 account is named in 1 row but listed nowhere"), (2, "2 accounts are named in 2 rows but listed")]
)
def test_questions_fit_one_as_well_as_many(tmp_path, accounts, says):
    write(tmp_path / "accounts.csv", ("account", "sector"), [("Zebra", "retail")])
    names = ("Quux Holding", "Fnord Partners")[:accounts]
    write(tmp_path / "deals.csv", HEADER, [(str(i), "A", "Won", "5", "2020-01-02", name) for i, name in enumerate(names)])
    assert any(says in q.text for q in inspect([tmp_path], EUR).questions)


@pytest.mark.parametrize(
    ("currency", "amount", "kept", "says"),
    [
        ("JPY", "1500.4", "1500", "amount rounded: JPY has no decimals"),
        ("EUR", "10.125", "10.12", "amount rounded: EUR has 2 decimals"),
        ("KWD", "1.2345", "1.234", "amount rounded: KWD has 3 decimals"),
        ("JPY", "1500.0", "1500", None),
        ("EUR", "10.50", "10.50", None),
        ("KWD", "0.125", "0.125", None),
    ],
)
async def test_an_amount_finer_than_its_currency_is_rounded_and_says_so(store, tenant, tmp_path, currency, amount, kept, says):
    header = (*HEADER, "currency", "sales agent", "product")
    row = ("1", "One", "Won", amount, "2020-01-02", "Acme", currency, "Ada", "Anvil")
    write(tmp_path / "deals.csv", header, [row, ("2", "Two", "Won", "0.5", "2020-01-02", "Acme", "EUR", "Ada", "Anvil")])
    planned = await plan(store, tenant, [tmp_path], EUR)
    done = await run(store, tenant, [tmp_path], EUR)
    assert done.reasons == planned.reasons
    state = (await store.load(tenant, deals, imported_id("deal", "vendor", "1"))).state
    assert str(state.amount.amount) == kept
    told = next((r.needs_attention for r in done.rows if r.source_id == "1"), ())
    assert [t for t in told if "rounded" in t] == ([says] if says else [])
    assert state.attributes.get("amount_as_reported") == (amount if says else None)
    assert (await run(store, tenant, [tmp_path], EUR)).events == 0


def test_three_digits_after_a_point_are_asked_about_where_the_currency_has_thousandths(tmp_path):
    write(tmp_path / "deals.csv", HEADER, [("1", "One", "Won", "1.234", "2020-01-02", "Acme")])
    (asked,) = [q for q in inspect([tmp_path], Overrides(currency="KWD")).questions if q.key.startswith("decimals:")]
    assert asked.open
    (known,) = [q for q in inspect([tmp_path], EUR).questions if q.key.startswith("decimals:")]
    assert not known.open


async def test_an_import_stops_where_nobody_says_what_three_digits_are(store, tenant, tmp_path):
    write(tmp_path / "deals.csv", HEADER, [("1", "One", "Won", "1.234", "2020-01-02", "Acme")])
    with pytest.raises(AnswersNeeded, match="decimals"):
        await run(store, tenant, [tmp_path], Overrides(currency="KWD", source="vendor"))
    assert await store.head(tenant) == 0
