"""A file that comes again alone says what it said in its folder: names, ids and lines of what the tenant has by now mean the same."""

from __future__ import annotations

import csv

from domain.deals import deals
from domain.imports import imported_id
from tests.imports.lookalikes import company, salesforce, write
from tests.imports.test_real_files import MAVEN, present
from workflows.imports import Directory, Overrides, plan, run
from workflows.imports.fields import Kind

EUR = Overrides(currency="EUR", source="vendor")


def here(noun, source, pairs):
    """What an import of `source` left in the tenant: (name, key), as the directory tells it."""
    return tuple((name, f"={imported_id(noun, source, id_)}") for name, id_ in pairs)


def column(path, name):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row[name] for row in csv.DictReader(file)]


def alike(names):
    return [(name, name) for name in dict.fromkeys(n for n in names if n)]


def vendors(folder, source="vendor"):
    agents = [*column(folder / "sales_teams.csv", "sales_agent"), *column(folder / "sales_teams.csv", "manager")]
    return Directory(
        accounts=here("account", source, alike(column(folder / "accounts.csv", "account"))),
        products=here("product", source, alike(column(folder / "products.csv", "product"))),
        users=here("member", source, alike(agents)),
    )


async def unchanged(store, tenant, paths, said, directory):
    """Nothing is new in the files, to the plan and to the run."""
    planned = await plan(store, tenant, paths, said, directory=directory)
    assert [(r.source_id, r.outcome, r.changes) for r in planned.rows if r.outcome not in ("unchanged", "created")] == []
    done = await run(store, tenant, paths, said, directory=directory)
    assert (done.events, done.counts[Kind.DEALS].unchanged) == (0, done.counts[Kind.DEALS].rows)
    return done


async def test_a_pipeline_that_comes_again_without_its_accounts_products_and_people_is_unchanged(store, tenant, tmp_path):
    made = company(tmp_path)
    await run(store, tenant, [tmp_path], EUR)
    again = await unchanged(store, tenant, [tmp_path / "sales_pipeline.csv"], EUR, vendors(tmp_path))
    assert again.counts[Kind.DEALS].rows == len(made.deals)
    await unchanged(store, tenant, [tmp_path], EUR, vendors(tmp_path))


async def test_the_vendors_own_pipeline_alone_is_unchanged(store, tenant):
    folder = present(MAVEN)
    said = Overrides(currency="USD", source="maven")
    await run(store, tenant, [folder], said)
    again = await unchanged(store, tenant, [folder / "sales_pipeline.csv"], said, vendors(folder, "maven"))
    assert again.counts[Kind.DEALS].unchanged == 8800


async def test_deals_that_name_accounts_and_owners_by_id_keep_them_when_they_come_alone(store, tenant, tmp_path):
    salesforce(tmp_path)
    accounts = zip(column(tmp_path / "Account.csv", "Name"), column(tmp_path / "Account.csv", "Id"), strict=True)
    lines = tmp_path / "OpportunityLineItem.csv"
    deal = next(i for i, amount in zip(*(column(tmp_path / "Opportunity.csv", n) for n in ("Id", "Amount")), strict=True) if amount)
    amount = next(a for i, a in zip(*(column(tmp_path / "Opportunity.csv", n) for n in ("Id", "Amount")), strict=True) if i == deal)
    write(tmp_path / "Product2.csv", ("Id", "ProductCode", "Name", "Family", "IsActive"), [("01t1", "A", "Anvil", "Iron", "true")])
    write(lines, ("Id", "OpportunityId", "Product2Id", "Quantity", "UnitPrice"), [("1", deal, "01t1", "1", amount)])
    said = Overrides(currency="EUR")
    await run(store, tenant, [tmp_path], said)
    directory = Directory(
        accounts=here("account", "salesforce", accounts),
        products=here("product", "salesforce", [("Anvil", "01t1")]),
        users=here("member", "salesforce", [("Ada Moss", "005000000000001AAA"), ("Bo Lind", "005000000000002AAA")]),
    )
    files = [tmp_path / "Opportunity.csv", tmp_path / "OpportunityHistory.csv", lines]
    planned = await plan(store, tenant, files, said, directory=directory)
    assert [(r.source_id, r.changes) for r in planned.rows if r.outcome in ("updated", "created")] == []
    state = (await store.load(tenant, deals, imported_id("deal", "salesforce", deal))).state
    assert [line.label for line in state.lines] == ["Anvil"]
    assert planned.counts[Kind.DEALS].unchanged > 50
    assert (await run(store, tenant, files, said, directory=directory)).events == 0


async def test_an_id_that_nothing_here_has_is_kept_as_text_and_makes_no_reference(store, tenant, tmp_path):
    rows = [("d1", "One", "001STRANGER", "Prospecting", "2030-01-02", "5", "")]
    write(tmp_path / "Opportunity.csv", ("Id", "Name", "AccountId", "StageName", "CloseDate", "Amount", "OwnerId"), rows)
    directory = Directory(accounts=here("account", "salesforce", [("Acme", "001ACME")]))
    await run(store, tenant, [tmp_path], Overrides(currency="EUR"), directory=directory)
    state = (await store.load(tenant, deals, imported_id("deal", "salesforce", "d1"))).state
    assert (state.account, state.attributes["account_as_reported"]) == (None, "001STRANGER")


async def test_deals_without_ids_are_the_same_deals_once_their_accounts_are_here(store, tenant, tmp_path):
    rows = [
        ("Roof", "Acme", "Won", "5", "2020-01-02"),
        ("Roof", "Acme", "Won", "6", "2020-01-03"),
        ("Wall", "Bee Inc", "Won", "7", "2020-01-04"),
    ]
    write(tmp_path / "deals.csv", ("deal name", "account", "stage", "amount", "close date"), rows)
    first = await run(store, tenant, [tmp_path], EUR)
    assert first.counts[Kind.DEALS].created == 3
    await unchanged(
        store, tenant, [tmp_path], EUR, Directory(accounts=here("account", "vendor", [("Acme", "Acme"), ("Bee Inc", "Bee Inc")]))
    )
