"""What files are, how they are read, and what is asked: shown with reasons, overridden by what a person says."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api.cli.import_mapping import to_fill_in
from tests.imports.lookalikes import company, hubspot, salesforce, write
from workflows.imports import Inspection, inspect, read_overrides
from workflows.imports.deciding import Work
from workflows.imports.faults import BadMapping, NothingToImport
from workflows.imports.fields import FIELDS, Kind
from workflows.imports.overrides import Overrides
from workflows.imports.questions import Questions
from workflows.imports.records import AccountRecord
from workflows.imports.settled import Settled
from workflows.imports.tally import Tally


def targets(found: Inspection, table: str) -> dict[str, str]:
    return {c.column: c.target for t in found.tables if t.name == table for c in t.columns}


def kinds(found: Inspection) -> dict[str, str]:
    return {t.name: str(t.kind) for t in found.tables}


def questions(found: Inspection) -> dict[str, str | None]:
    return {q.key: q.default for q in found.questions}


def test_a_folder_of_unknown_origin_is_recognised_with_reasons(tmp_path):
    company(tmp_path / "acme export")
    write(tmp_path / "acme export" / "dictionary.csv", ("Table", "Field", "Description"), [("a", "b", "c")])
    found = inspect([tmp_path / "acme export"], currency="EUR")
    assert kinds(found) == {
        "accounts.csv": "accounts", "products.csv": "products", "sales_teams.csv": "users", "sales_pipeline.csv": "deals", "dictionary.csv": "ignored",
    }  # fmt: skip
    assert found.source == "acme-export"
    assert targets(found, "sales_pipeline.csv") == {
        "opportunity_id": "id", "sales_agent": "owner_name", "product": "product", "account": "account_name",
        "deal_stage": "stage", "engage_date": "opened_on", "close_date": "close_date", "close_value": "amount",
    }  # fmt: skip
    assert all(t.reason for t in found.tables)
    assert {(s.stage, s.kind) for s in found.stages} == {("Prospecting", "open"), ("Engaging", "open"), ("Won", "won"), ("Lost", "lost")}
    assert [s.stage for s in found.stages] == ["Prospecting", "Engaging", "Won", "Lost"]
    assert any("Engaging" in note for note in found.notes)
    json.loads(found.model_dump_json())


def test_dirty_values_are_matched_with_a_confidence_and_doubtful_ones_asked(tmp_path):
    company(tmp_path)
    found = inspect([tmp_path], currency="EUR")
    matches = {m.value: (m.means, m.confidence) for m in found.matches}
    assert matches["RTXPro"] == ("RTX Pro", 0.97)
    assert matches["technolgy"][0] == "technology"
    assert matches["Philipines"][0] == "Philippines"
    assert questions(found)["country:Korea"] == "KR"
    assert not found.unanswered


@pytest.mark.parametrize("dates", ["iso", "mdy", "dmy"])
def test_the_order_of_dates_is_found_by_the_whole_column(tmp_path, dates):
    company(tmp_path, dates=dates)
    found = inspect([tmp_path], currency="EUR")
    read = {c.column: c.read_as for t in found.tables for c in t.columns if c.target in ("opened_on", "close_date")}
    word = {"iso": "year-month-day", "mdy": "month/day/year", "dmy": "day/month/year"}[dates]
    assert all(r and r.startswith(word) for r in read.values())
    assert not found.unanswered


def test_ambiguous_dates_are_asked_without_a_default(tmp_path):
    company(tmp_path, dates="mdy", unambiguous=False)
    found = inspect([tmp_path], currency="EUR")
    assert {q.key for q in found.unanswered} == {"dates:sales_pipeline.csv:engage_date", "dates:sales_pipeline.csv:close_date"}
    said = Overrides(answers={q.key: "mdy" for q in found.unanswered})
    assert not inspect([tmp_path], said, currency="EUR").unanswered


def test_a_column_that_decides_gives_the_default_for_its_neighbour(tmp_path):
    rows = [("1", "Won", "10/20/2016", "3/4/2017"), ("2", "Won", "11/21/2016", "5/6/2017")]
    write(tmp_path / "deals.csv", ("deal id", "stage", "start date", "close date"), rows)
    found = inspect([tmp_path], currency="EUR")
    assert questions(found)["dates:deals.csv:close date"] == "mdy"


def test_one_export_twice_is_asked_about_and_read_once(tmp_path):
    company(tmp_path)
    company(tmp_path / "other", dates="mdy")
    (tmp_path / "other" / "sales_pipeline.csv").rename(tmp_path / "sales_pipeline_MDY.csv")
    found = inspect([tmp_path], currency="EUR")
    assert kinds(found)["sales_pipeline_MDY.csv"] == "ignored"
    assert questions(found)["same:sales_pipeline.csv"] == "sales_pipeline.csv"
    other = inspect([tmp_path], Overrides(answers={"same:sales_pipeline.csv": "sales_pipeline_MDY.csv"}), currency="EUR")
    assert kinds(other)["sales_pipeline.csv"] == "ignored"


@pytest.mark.parametrize("snake", [False, True])
def test_salesforce_is_known_by_name(tmp_path, snake):
    salesforce(tmp_path, snake=snake)
    found = inspect([tmp_path], currency="EUR")
    assert found.source == "salesforce"
    assert kinds(found) == {
        "Account.csv": "accounts", "User.csv": "users", "Opportunity.csv": "deals", "OpportunityHistory.csv": "history",
    }  # fmt: skip
    assert {s.stage: s.kind for s in found.stages} == {
        "Prospecting": "open", "Needs Analysis": "open", "Negotiation/Review": "open", "Closed Won": "won", "Closed Lost": "lost",
    }  # fmt: skip
    assert {s.stage: s.probability for s in found.stages}["Negotiation/Review"] == 90


def test_a_salesforce_report_and_hubspots_export_page_are_known_by_their_labels(tmp_path):
    header = (
        "Opportunity Name",
        "Account Name",
        "Stage",
        "Amount",
        "Close Date",
        "Opportunity Owner",
        "Probability (%)",
        "Opportunity ID",
        "Created Date",
    )
    write(tmp_path / "report.csv", header, [("D", "Acme", "Closed Won", "5", "2020-01-02", "Ada", "100", "006x", "2019-01-01")])
    found = inspect([tmp_path / "report.csv"], currency="EUR")
    assert found.source == "salesforce"
    assert set(targets(found, "report.csv").values()) == {
        "name", "account_name", "stage", "amount", "close_date", "owner_name", "probability", "id", "created_at",
    }  # fmt: skip
    header = (
        "Record ID",
        "Deal Name",
        "Deal Stage",
        "Pipeline",
        "Close Date",
        "Deal owner",
        "Amount",
        "Associated Company",
        'Date entered "Demo (Sales Pipeline)"',
    )
    write(tmp_path / "hubspot.csv", header, [("1", "D", "Closed Won", "Sales", "2020-01-02 10:00", "Ada", "5", "Acme", "2019-05-05 10:00")])
    found = inspect([tmp_path / "hubspot.csv"], currency="EUR")
    assert found.source == "hubspot"
    assert targets(found, "hubspot.csv")['Date entered "Demo (Sales Pipeline)"'] == "entered:Demo"
    assert {s.stage for s in found.stages} == {"Demo", "Closed Won"}


def test_hubspot_is_known_by_name_and_its_stages_by_their_file(tmp_path):
    hubspot(tmp_path)
    found = inspect([tmp_path], currency="EUR")
    assert found.source == "hubspot"
    assert [(s.stage, s.kind, s.probability) for s in found.stages] == [
        ("New Lead", "open", 10), ("Demo", "open", 40), ("Signed Up", "won", 100), ("Gone", "lost", 0),
    ]  # fmt: skip
    assert kinds(found)["merged_deal_data.csv"] == "merges"


def test_a_mapping_file_goes_before_every_guess(tmp_path):
    write(tmp_path / "x.csv", ("Nummer", "Phase", "Wert", "Ende", "Firma"), [("1", "Gewonnen", "1.234,50", "1.2.2020", "Acme")])
    (tmp_path / "map.toml").write_text(
        """
        source = "altes-crm"
        currency = "EUR"
        [files."x.csv"]
        kind = "deals"
        dates = "dmy"
        [files."x.csv".columns]
        Nummer = "id"
        Phase = "stage"
        Wert = "amount"
        Ende = "close_date"
        Firma = "account_name"
        [stages.Gewonnen]
        kind = "won"
        """
    )
    found = inspect([tmp_path / "x.csv"], read_overrides(tmp_path / "map.toml"))
    assert (found.source, found.currency) == ("altes-crm", "EUR")
    assert targets(found, "x.csv") == {"Nummer": "id", "Phase": "stage", "Wert": "amount", "Ende": "close_date", "Firma": "account_name"}
    assert [(s.stage, s.kind, s.reason) for s in found.stages] == [("Gewonnen", "won", "said so")]
    assert not found.unanswered


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ('[files."x.csv"]\nkind = "cars"', "kind"),
        ("nonsense = 1", "nonsense"),
        ("= 3", "TOML"),
        ('[files."x.csv"]\nkind = "deals"\n[files."x.csv".columns]\nNope = "id"', "no column"),
        ('[files."x.csv"]\nkind = "deals"\n[files."x.csv".columns]\nNummer = "colour"', "no field"),
        ('[files."x.csv"]\nkind = "deals"\n[files."x.csv".columns]\nNummer = "id"', "needs a column for stage"),
    ],
)
def test_a_mapping_file_that_names_nothing_known_is_refused(tmp_path, toml, complaint):
    write(tmp_path / "x.csv", ("Nummer", "Phase"), [("1", "A")])
    (tmp_path / "map.toml").write_text(toml)
    with pytest.raises(BadMapping, match=complaint):
        inspect([tmp_path / "x.csv"], read_overrides(tmp_path / "map.toml"))


def test_an_answer_that_is_none_of_the_options_is_refused(tmp_path):
    company(tmp_path)
    with pytest.raises(BadMapping, match="no answer"):
        inspect([tmp_path], Overrides(answers={"country:Korea": "FR"}), currency="EUR")


def test_files_that_hold_nothing_of_ours_are_refused(tmp_path):
    write(tmp_path / "cars.csv", ("plate", "colour"), [("A-1", "red")])
    with pytest.raises(NothingToImport, match=r"cars\.csv"):
        inspect([tmp_path])
    with pytest.raises(NothingToImport, match="no CSV"):
        inspect([(tmp_path / "empty").mkdir() or tmp_path / "empty"])


def test_a_file_in_another_language_is_told_what_of_it_is_known_and_what_it_lacks(tmp_path):
    write(tmp_path / "offene posten.csv", ("Rechnung", "Supplier", "Invoice", "Betrag"), [("1", "Kolbe KG", "RE-1", "5,00")])
    with pytest.raises(NothingToImport) as refused:
        inspect([tmp_path])
    assert "of disputes it has 'Invoice' as document, 'Supplier' as account name" in refused.value.detail
    assert "no column for disputed (like 'disputed amount')" in refused.value.detail
    [table] = refused.value.data["tables"]
    assert (table["kind"], table["columns"]) == (
        "disputes",
        {"Rechnung": "-", "Supplier": "account_name", "Invoice": "document", "Betrag": "-"},
    )
    # what it begins with, filled in, reads the file
    (tmp_path / "filled.toml").write_text(to_fill_in(refused.value.data["tables"]).replace('Betrag = "-"', 'Betrag = "disputed"'))
    found = inspect([tmp_path], read_overrides(tmp_path / "filled.toml"), currency="EUR")
    assert targets(found, "offene posten.csv")["Betrag"] == "disputed"


def test_every_field_of_every_kind_is_documented():
    text = (Path(__file__).parents[2] / "docs" / "imports.md").read_text(encoding="utf-8")
    for kind, fields in FIELDS.items():
        for known in fields:
            needed = " (needed)" if known.required else ""
            assert f"| {kind} | `{known.key}`{needed} | {', '.join(known.words)} |" in text, (kind, known.key)


def test_what_only_other_rows_name_is_told_by_name():
    tally = Tally(Settled("x", ZoneInfo("UTC"), None, [], Questions({}), Overrides()))
    for number in range(12):
        tally.work(Work(AccountRecord(Kind.ACCOUNTS, f"k{number}", f"Supplier {number}", "", 0), [], outcome="created"))
    assert tally.mentioned()[Kind.ACCOUNTS] == tuple(f"Supplier {number}" for number in range(10))
    assert tally.counts()[Kind.ACCOUNTS].mentioned == 12
