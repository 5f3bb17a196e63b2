"""Importing at the command line: what is seen, asked and refused before anything is stored, and what can be taken back."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import psycopg
import pytest

from api.cli.imports import _carried_on_later, _map_to_fill_in
from api.cli.outcomes import Ended, Exit
from tests.cli.conftest import Concord
from workflows.imports import NothingToImport, inspect

HEADER = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """A small company's tables with the usual faults. Each test's source is its folder, so that tests share nothing."""
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "accounts.csv").write_text("account,sector,office_location\nCancity,retail,Germany\nIsdom,medical,Philipines\n")
    (folder / "products.csv").write_text("product,series,sales_price\nGTX Pro,GTX,4821\nMG Special,MG,55\n")
    (folder / "sales_teams.csv").write_text("sales_agent,manager,regional_office\nMoses Frase,Dustin Brinkmann,Central\n")
    return folder


def _deals(folder: Path, *days: str) -> None:
    rows = "".join(
        f"{folder.parent.name[-8:]}{n},Moses Frase,{'GTXPro' if n % 2 else 'MG Special'},Cancity,Won,{day},{day},{100 + n}\n"
        for n, day in enumerate(days)
    )
    (folder / "sales_pipeline.csv").write_text(HEADER + rows)


UNCLEAR = ("03/04/2017", "05/06/2017", "07/08/2017")
CLEAR = ("2017-03-04", "2017-05-16", "2017-07-28")


def test_a_dry_run_tells_what_would_happen_and_stores_nothing(concord: Concord, exports: Path):
    _deals(exports, *CLEAR)
    planned = concord("import", str(exports), "--source", "dry", "--dry-run", "--json").json
    assert planned["counts"]["deals"]["created"] == 3
    assert {table["name"]: table["kind"] for table in planned["inspection"]["tables"]} == {
        "accounts.csv": "accounts",
        "products.csv": "products",
        "sales_teams.csv": "users",
        "sales_pipeline.csv": "deals",
    }
    shown = concord("import", str(exports), "--source", "dry", "--dry-run").out
    assert "GTXPro" in shown
    assert "Nothing was stored" in shown
    assert "dry" not in {run["source"] for run in concord("import", "list", "--json").json}


def test_without_yes_and_without_a_terminal_nothing_is_stored(concord: Concord, exports: Path):
    _deals(exports, *CLEAR)
    assert "--yes" in concord("import", str(exports), "--source", "meek", code=Exit.REFUSED).err


def test_an_unclear_date_is_never_guessed(concord: Concord, exports: Path):
    _deals(exports, *UNCLEAR)
    refused = concord("import", str(exports), "--source", "unclear", "--yes", code=Exit.REFUSED)
    assert "--date-order" in refused.err
    asked = concord("import", str(exports), "--source", "unclear", "--yes", "--json", code=Exit.REFUSED).json
    assert {option["value"] for option in asked["data"]["questions"][0]["options"]} >= {"dmy", "mdy"}


@pytest.mark.parametrize(("order", "month"), [("dmy", "04"), ("mdy", "03")])
def test_a_stated_date_order_is_followed(concord: Concord, exports: Path, order: str, month: str):
    _deals(exports, *UNCLEAR)
    concord("import", str(exports), "--source", f"stated-{order}", "--date-order", order, "--yes", "--json")
    days = {d["books_on"] for d in concord("deals", "list", "--kind", "won", "--json").json["items"] if d["source"] == f"stated-{order}"}
    assert f"2017-{month}-{'03' if order == 'dmy' else '04'}" in days


def test_an_import_is_repeatable_listed_seen_in_the_past_and_taken_back(concord: Concord, exports: Path):
    _deals(exports, *CLEAR)
    first = concord("import", str(exports), "--source", "shop", "--yes").out
    assert "Imported" in first
    assert "concord import undo" in first
    assert "--tenant" not in first
    again = concord("import", str(exports), "--source", "shop", "--yes", "--json").json
    assert (again["events"], again["counts"]["deals"]["unchanged"]) == (0, 3)

    won = concord("forecast", "--as-of", "2017-06-01", "--basis", "happened", "--period", "Q", "--json").json
    assert "2017-Q2" in {row["period"] for row in won["rows"]}

    runs = [run for run in concord("import", "list", "--json").json if run["source"] == "shop"]
    assert {run["state"] for run in runs} == {"done"}
    assert "There is no import" in concord("import", "undo", "nothing", code=Exit.NOT_FOUND).err
    assert "--yes" in concord("import", "undo", runs[-1]["run"], code=Exit.REFUSED).err
    assert "--yes" in concord("import", "undo", runs[-1]["run"], "--json", code=Exit.REFUSED).json["error"]
    undone = concord("import", "undo", runs[-1]["run"], "--yes", "--json").json
    assert undone["withdrawn"] >= 3
    left = concord("deals", "list", "--limit", "500", "--json").json["items"]
    assert "shop" not in {deal["source"] for deal in left}


def test_rejected_rows_go_to_a_file_with_their_reasons(concord: Concord, exports: Path, tmp_path: Path):
    _deals(exports, *CLEAR, "2017-13-45")
    rejected = tmp_path / "not-taken.csv"
    done = concord("import", str(exports), "--source", "faulty", "--yes", "--rejected", str(rejected))
    assert str(rejected) in done.out.replace("\n", "")
    assert "2017-13-45" in rejected.read_text(encoding="utf-8-sig")


def test_a_dry_run_writes_no_file_and_a_run_says_where_it_wrote(
    concord: Concord, exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _deals(exports, *CLEAR, "2017-13-45")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    told = concord("import", str(exports), "--source", "where", "--dry-run").out
    assert "--rejected" in told
    concord("import", str(exports), "--source", "where", code=Exit.REFUSED)
    assert not list(here.iterdir())
    concord("import", str(exports), "--source", "where", "--dry-run", "--rejected", "said.csv")
    assert [path.name for path in here.iterdir()] == ["said.csv"]
    done = concord("import", str(exports), "--source", "where", "--yes", "--json").json
    (written,) = [path for path in here.iterdir() if path.name != "said.csv"]
    assert done["rejected_file"] == str(written)
    assert "2017-13-45" in written.read_text(encoding="utf-8-sig")


def test_the_last_import_is_the_last_that_changed_something_and_is_taken_back_once(concord: Concord, exports: Path):
    concord("tenant", "create", "lastly")
    tenant = ("--tenant", "lastly")
    assert "none that changed something" in concord("import", "undo", "last", *tenant, code=Exit.NOT_FOUND).err
    _deals(exports, *CLEAR)
    first = concord("import", str(exports), "--yes", "--json", *tenant).json
    assert "--yes" in concord("import", "undo", "last", *tenant, code=Exit.REFUSED).err
    concord("import", str(exports), "--yes", *tenant)
    assert [run["run"] for run in concord("import", "list", "--json", *tenant).json] == [first["run"]]
    listed = concord("import", "list", "--all", "--json", *tenant).json
    assert (listed[1]["run"], len(listed)) == (first["run"], 2)
    assert "and 1 run that changed nothing" in concord("import", "list", *tenant).out
    undone = concord("import", "undo", "last", "--yes", "--json", *tenant).json
    assert (undone["run"], undone["already"]) == (first["run"], None)
    assert undone["withdrawn"] == 3 + 2 + 2 + 2 + 1 + 1  # deals, accounts, products, people, team, pipeline
    again = concord("import", "undo", first["run"], "--json", *tenant).json
    assert (again["withdrawn"], again["restored"]) == (0, 0)
    assert again["already"] is not None
    assert "already undone on 20" in concord("import", "undo", first["run"], *tenant).out
    assert "none that changed something" in concord("import", "undo", "last", *tenant, code=Exit.NOT_FOUND).err


def test_the_same_file_from_another_folder_is_asked_about_before_it_doubles_the_company(concord: Concord, exports: Path):
    concord("tenant", "create", "moved")
    _deals(exports, *CLEAR)
    tenant = ("--tenant", "moved", "--json")
    concord("import", str(exports), "--yes", *tenant)
    elsewhere = exports.rename(exports.with_name("elsewhere"))
    for how in ("--yes", "--dry-run"):
        refused = concord("import", str(elsewhere), how, *tenant, code=Exit.REFUSED).json
        assert "3 rows are known from exports already" in str(refused["data"])
    same = concord("import", str(elsewhere), "--yes", "--answer", "source=exports", *tenant).json
    assert (same["source"], same["events"]) == ("exports", 0)
    assert concord("import", str(elsewhere), "--yes", "--source", "exports", *tenant).json["events"] == 0
    other = concord("import", str(elsewhere), "--dry-run", "--source", "other", *tenant).json
    assert other["counts"]["deals"]["created"] == 3


def test_the_way_back_names_the_tenant_that_was_said(concord: Concord, exports: Path):
    concord("tenant", "create", "wayback")
    _deals(exports, *CLEAR)
    said = concord("import", str(exports), "--yes", "--tenant", "wayback").out
    undo = next(line for line in said.splitlines() if "concord import undo" in line).split("concord ")[1]
    assert "Taken back" in concord(*undo.split(), "--yes").out


def test_an_import_that_is_cut_says_that_it_goes_on():
    with pytest.raises(Ended, match=r"terminating connection.* run the same command again") as cut, _carried_on_later():
        raise psycopg.OperationalError("terminating connection due to administrator command")
    assert cut.value.code is Exit.UNREACHABLE
    with pytest.raises(KeyError), _carried_on_later():
        raise KeyError("a fault of ours")


def _looked_at(file: Path, written: Path | None, *, over_http: bool) -> None:
    """The look into a file, as it is refused here, or as a server tells that it was."""
    with _map_to_fill_in(written):
        try:
            inspect([file])
        except NothingToImport as refused:
            if over_http:
                raise Ended(refused.detail, Exit.REFUSED, data={"rule": refused.rule, "data": refused.data}) from refused
            raise


@pytest.mark.parametrize("over_http", [False, True])
def test_a_map_to_fill_in_is_written_where_nothing_of_the_files_is_known(tmp_path: Path, over_http: bool):
    (tmp_path / "posten.csv").write_text("Rechnung,Supplier,Betrag\n1,Kolbe KG,5.00\n")
    written = tmp_path / "map.toml"
    with pytest.raises(Ended) as ended:
        _looked_at(tmp_path / "posten.csv", written, over_http=over_http)
    assert str(written) in ended.value.sentence
    assert tomllib.loads(written.read_text())["files"]["posten.csv"]["columns"]["Supplier"] == "account_name"
    with pytest.raises(NothingToImport):
        _looked_at(tmp_path / "posten.csv", None, over_http=False)


def test_a_saved_mapping_reads_the_next_export_without_asking(concord: Concord, exports: Path, tmp_path: Path):
    _deals(exports, *UNCLEAR)
    saved = tmp_path / "map.toml"
    concord("import", str(exports), "--source", "saved", "--date-order", "dmy", "--dry-run", "--save-map", str(saved))
    said = tomllib.loads(saved.read_text())
    assert said["files"]["sales_pipeline.csv"]["columns"]["close_value"] == "amount"
    assert concord("import", str(exports), "--map", str(saved), "--dry-run", "--json").json["counts"]["deals"]["created"] == 3


def test_a_bad_mapping_and_a_missing_file_are_said_in_a_sentence(concord: Concord, exports: Path, tmp_path: Path):
    (tmp_path / "bad.toml").write_text("files = [")
    assert "TOML" in concord("import", str(exports), "--map", str(tmp_path / "bad.toml"), code=Exit.USAGE).err
    (tmp_path / "odd.toml").write_text('[files."accounts.csv"]\nkind = "cheese"\n')
    assert concord("import", str(exports), "--map", str(tmp_path / "odd.toml"), "--yes", code=Exit.USAGE).err
    assert "no file" in concord("import", str(tmp_path / "nowhere"), "--yes", code=Exit.REFUSED).err


def test_an_import_goes_over_http_for_who_has_a_key_alone(concord: Concord, exports: Path):
    _deals(exports, *CLEAR)
    credential = json.loads((concord.home / "operator.json").read_text())
    key = {"CONCORD_API_KEY": credential["api_key"], "CONCORD_ADDRESS": credential["address"], "CONCORD_HOME": "/nowhere"}
    planned = concord.apart("import", str(exports), "--source", "remote", "--dry-run", "--json", **key)
    assert planned.code == 0, planned.out + planned.err
    assert planned.json["counts"]["deals"]["created"] == 3
    done = concord.apart("import", str(exports), "--source", "remote", "--yes", "--json", **key)
    assert done.json["counts"]["deals"]["created"] == 3
    listed = concord.apart("import", "list", "--json", **key).json
    assert "remote" in {run["source"] for run in listed}
    undone = concord.apart("import", "undo", done.json["import"], "--yes", "--json", **key)
    assert undone.code == 0, undone.out + undone.err
    assert undone.json["withdrawn"] >= 3
