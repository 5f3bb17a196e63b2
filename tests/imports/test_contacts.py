"""People at customers out of Salesforce's and HubSpot's exports: name, ways to reach them, account and id; repeatable, undoable, alone too."""

from __future__ import annotations

import pytest

from domain.contacts import contacts
from domain.imports import imported_id
from tests.imports.lookalikes import write
from workflows.imports import Directory, Overrides, inspect, plan, run, undo
from workflows.imports.fields import Kind

EUR = Overrides(currency="EUR")

SALESFORCE = (
    (
        "Account.csv",
        ("Id", "IsDeleted", "MasterRecordId", "Name", "BillingCountry", "ParentId", "AnnualRevenue"),
        [("001A", "false", "", "Acme", "Germany", "", "")],
    ),
    (
        "Contact.csv",
        ("Id", "IsDeleted", "AccountId", "LastName", "FirstName", "Email", "Phone", "MobilePhone", "ReportsToId", "Title"),
        [
            ("003A", "false", "001A", "Hopper", "Grace", "grace@example.com", "+1 555 0100", "+1 555 0101", "", "CTO"),
            ("003B", "true", "001A", "Gone", "Gary", "", "", "", "", ""),
        ],
    ),
)
HUBSPOT = (
    (
        "companies.csv",
        ("Record ID", "Company name", "Company Domain Name", "Country/Region"),
        [("2001", "Acme", "acme.example", "Germany")],
    ),
    (
        "contacts.csv",
        (
            "Record ID",
            "First Name",
            "Last Name",
            "Email",
            "Phone Number",
            "Mobile Phone Number",
            "Job Title",
            "Lifecycle Stage",
            "Associated Company IDs",
        ),
        [("3001", "Grace", "Hopper", "grace@example.com", "+1 555 0100", "+1 555 0101", "CTO", "Customer", "2001;2002")],
    ),
)
WAREHOUSE = (
    ("company_data.csv", ("id", "is_deleted", "property_name", "property_createdate"), [("2001", "false", "Acme", "2019-07-05 20:35:26")]),
    (
        "contact_data.csv",
        (
            "id",
            "property_firstname",
            "property_lastname",
            "property_email",
            "property_phone",
            "property_mobilephone",
            "property_jobtitle",
            "property_associatedcompanyid",
        ),
        [("3001", "Grace", "Hopper", "grace@example.com", "+1 555 0100", "+1 555 0101", "CTO", "2001")],
    ),
)


def laid(folder, tables):
    for name, header, rows in tables:
        write(folder / name, header, rows)
    return folder


@pytest.mark.parametrize(
    ("tables", "source", "person", "company"),
    [(SALESFORCE, "salesforce", "003A", "001A"), (HUBSPOT, "hubspot", "3001", "2001"), (WAREHOUSE, "hubspot", "3001", "2001")],
    ids=["salesforce", "hubspot", "hubspot's warehouse"],
)
async def test_a_person_comes_whole_stays_the_same_and_goes_again(store, tenant, tmp_path, tables, source, person, company):
    laid(tmp_path, tables)
    planned = await plan(store, tenant, [tmp_path], EUR)
    done = await run(store, tenant, [tmp_path], EUR)
    assert done.counts == planned.counts
    assert (done.source, done.counts[Kind.CONTACTS].created) == (source, 1)

    async def grace():
        return (await store.load(tenant, contacts, imported_id("contact", source, person))).state

    state = await grace()
    assert (state.name, state.email, state.phone, state.mobile, state.title) == (
        "Grace Hopper",
        "grace@example.com",
        "+1 555 0100",
        "+1 555 0101",
        "CTO",
    )
    account = imported_id("account", source, company)
    assert set(state.positions) == {account}
    assert (state.provenance.source, state.provenance.source_id) == (source, person)
    assert (await run(store, tenant, [tmp_path], EUR)).events == 0
    alone = tmp_path / tables[1][0]
    assert (await run(store, tenant, [alone], EUR, directory=Directory(accounts=(("Acme", f"={account}"),)))).events == 0
    assert set((await grace()).positions) == {account}
    taken_back = await undo(store, tenant, done.run)
    assert not taken_back.kept
    assert (await grace()).withdrawn


async def test_a_persons_new_number_is_an_update_and_goes_back_when_undone(store, tenant, tmp_path):
    laid(tmp_path, HUBSPOT)
    await run(store, tenant, [tmp_path], EUR)
    name, header, ((*before, lifecycle, companies),) = HUBSPOT[1][0], HUBSPOT[1][1], HUBSPOT[1][2]
    write(tmp_path / name, header, [[*before[:4], "+1 555 0199", *before[5:], lifecycle, companies]])
    second = await run(store, tenant, [tmp_path], EUR)
    assert second.counts[Kind.CONTACTS].updated == 1
    key = imported_id("contact", "hubspot", "3001")
    assert (await store.load(tenant, contacts, key)).state.phone == "+1 555 0199"
    await undo(store, tenant, second.run)
    assert (await store.load(tenant, contacts, key)).state.phone == "+1 555 0100"


def test_leads_are_left_out_and_say_so(tmp_path):
    laid(tmp_path, SALESFORCE)
    write(tmp_path / "Lead.csv", ("Id", "LastName", "Company", "ConvertedDate", "ConvertedAccountId"), [("00Q1", "Lee", "Acme", "", "")])
    (leads,) = [t for t in inspect([tmp_path], EUR).tables if t.name == "Lead.csv"]
    assert (leads.kind, leads.reason) == (Kind.IGNORED, "leads: Concord imports opportunities, not leads")
