"""The forecast at the command line: what its JSON and its tables say is what was asked for, and nothing is missing in silence."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.cli.outcomes import Exit
from tests.cli.conftest import Concord

SOON = (datetime.now(UTC).date() + timedelta(days=60)).isoformat()
PERIOD = SOON[:7]
TENANT = ("--tenant", "sums")
DEALS = """opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
F1,Moses Frase,GTX Pro,Cancity,Won,2017-02-04,2017-03-04,100
F2,Moses Frase,GTX Pro,Isdom,Engaging,2017-02-14,,
F3,Moses Frase,MG Special,,Prospecting,,,
"""


@pytest.fixture(scope="module")
def sums(concord: Concord, tmp_path_factory: pytest.TempPathFactory) -> Concord:
    """A tenant of its own: an imported past with gaps, and two deals that lack nothing."""
    folder: Path = tmp_path_factory.mktemp("sums")
    (folder / "accounts.csv").write_text("account,sector,office_location\nCancity,retail,Germany\nIsdom,medical,Japan\n")
    (folder / "products.csv").write_text("product,series,sales_price\nGTX Pro,GTX,4821\nMG Special,MG,55\n")
    (folder / "sales_teams.csv").write_text("sales_agent,manager,regional_office\nMoses Frase,Dustin Brinkmann,Central\n")
    (folder / "sales_pipeline.csv").write_text(DEALS)
    concord("tenant", "create", "sums", "--name", "Sums")
    concord("import", str(folder), "--source", "crm", "--yes", *TENANT)
    acme = concord("accounts", "open", "Acme", "--role", "customer", "--country", "de", "--json", *TENANT).json["id"]
    for title, amount in (("Presses", "12500 EUR"), ("Saws", "900000 JPY")):
        concord("deals", "open", title, "--account", acme, "--amount", amount, "--close-date", SOON, *TENANT)
    return concord


@pytest.mark.parametrize("by", ["period", "owner", "team", "product", "account", "region", "pipeline", "currency", "category"])
def test_the_json_is_split_by_what_was_asked_for(sums: Concord, by: str):
    found = sums("forecast", "--by", by, "--json", *TENANT).json
    assert found["by"] == [by]
    others = {"period", "owner", "team", "product", "account", "region", "pipeline"} - {by}
    assert all(row[name] is None for row in found["rows"] for name in others & row.keys())
    if by == "category":
        assert [row["category"] for row in found["rows"]] == ["closed", "commit", "best_case", "pipeline"] * len(found["totals"])
        assert {row["single"] for row in found["rows"]} >= {"12500.00", "900000"}
    else:
        counted = [sum(cell["deals"] for cell in row["categories"].values()) for row in found["rows"]]
        assert sum(counted) == 3, "each of the three that have an amount stands in one row"
    if by in {"currency", "category"}:
        assert {row["currency"] for row in found["rows"]} == {row["currency"] for row in found["totals"]}
    shown = sums("forecast", "--by", by, *TENANT).out
    assert "12,500" in shown


@pytest.mark.parametrize("by", ["team", "category", "period"])
def test_a_length_of_periods_splits_by_them_besides_what_else_was_asked_for(sums: Concord, by: str):
    quarter = f"{SOON[:4]}-Q{(int(SOON[5:7]) + 2) // 3}"
    whole = sums("forecast", "--by", by, "--json", *TENANT).json
    for length, named in (("Q", quarter), ("M", PERIOD)):
        found = sums("forecast", "--period", length, "--by", by, "--json", *TENANT).json
        assert found["by"] == list(dict.fromkeys(["period", by]))
        assert {row["period"] for row in found["rows"]} == {"2017-Q1" if length == "Q" else "2017-03", named}
        assert found["totals"] == whole["totals"]
        assert named in sums("forecast", "--period", length, "--by", by, *TENANT).out
    one = sums("forecast", "--period", quarter, "--by", by, "--json", *TENANT).json
    assert one["by"] == [by], "one period needs no column"


def test_several_splits_go_together(sums: Concord):
    found = sums("forecast", "--by", "region", "--by", "category", "--json", *TENANT).json
    assert found["by"] == ["region", "category"]
    assert ("DE", "JPY", "pipeline", "900000") in {(r["region"], r["currency"], r["category"], r["single"]) for r in found["rows"]}
    assert "best case" in sums("forecast", "--by", "region", "--by", "category", *TENANT).out


def test_a_region_narrows_the_forecast_and_opens_to_its_deals(sums: Concord):
    assert sums("forecast", "--region", "jp", "--json", *TENANT).json["totals"] == []
    found = sums("forecast", "--region", "de", "--deals", "--json", *TENANT).json
    assert {deal["title"] for deal in found["items"]} >= {"Presses", "Saws"}
    assert "country" in sums("forecast", "--region", "Bavaria", *TENANT, code=Exit.USAGE).err


def test_open_deals_without_amount_or_date_are_told_beside_the_numbers_and_listed(sums: Concord):
    for more in ((), ("--by", "category"), ("--as-of", "now")):
        found = sums("forecast", "--json", *more, *TENANT).json
        assert found["not_counted"] == {
            "deals": 2,
            "without_amount": 2,
            "won_without_amount": 0,
            "without_close_date": 2,
            "undated": 0,
            "omitted": 0,
        }
        shown = " ".join(sums("forecast", *more, *TENANT).out.split())
        assert "Not in the numbers: 2 open deals without an amount, 2 open or won deals without a close date." in shown
    past = sums("forecast", "--as-of", "1d", "--basis", "happened", "--json", *TENANT).json["not_counted"]
    assert past["deals"] == 1, "one of them is told to have begun long ago, the other began when it was brought in"
    listed: dict[str, Any] = sums("forecast", "--deals", "--json", *TENANT).json["not_counted"]
    assert [deal["lacks"] for deal in listed["items"]] == [["amount", "close_date"]] * 2
    assert "amount and close date" in sums("forecast", "--deals", *TENANT).out


def _until(told: Callable[[], bool]) -> None:
    """Read models of a tenant that is new follow a moment behind."""
    end = time.monotonic() + 60
    while not told():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_omitted_deals_are_told_with_their_sum_and_listed(concord: Concord):
    left = ("--tenant", "left")
    concord("tenant", "create", "left", "--name", "Left", "--json")
    acme = concord("accounts", "open", "Acme", "--role", "customer", "--json", *left).json["id"]
    for title in ("Lathes", "Mills"):
        concord("deals", "open", title, "--account", acme, "--amount", "7000 CHF", "--close-date", SOON, *left)
    _until(lambda: len(concord("deals", "list", "--json", *left).json["items"]) == 2)
    assert "omitted" not in concord("forecast", *left).out
    assert "No deals match" in concord("forecast", "--category", "omitted", *left).out
    concord("deals", "category", "Lathes", "omitted", *left)
    _until(lambda: concord("forecast", "--json", *left).json["not_counted"]["omitted"] == 1)
    for more in ((), ("--by", "category"), ("--as-of", "now"), ("--period", PERIOD)):
        shown = " ".join(concord("forecast", *more, *left).out.split())
        assert "Not in the numbers: 1 open deal omitted (7,000.00 CHF). --deals lists them" in shown
    found = concord("forecast", "--json", *left).json
    assert (found["omitted"], found["not_counted"]["omitted"]) == ([{"currency": "CHF", "deals": 1, "amount": "7000.00"}], 1)
    listed = concord("forecast", "--category", "omitted", *left).out
    assert re.search(r"Lathes.*CHF +7,000[.]00 +omitted", listed)
    assert "Mills" not in listed
    both = concord("forecast", "--deals", "--json", *left).json
    assert [deal["title"] for deal in both["items"]] == ["Mills"]
    assert [(deal["title"], deal["reason"]) for deal in both["not_counted"]["items"]] == [("Lathes", "omitted")]


def test_where_nothing_lacks_nothing_is_said(sums: Concord):
    assert "Not in" not in sums("forecast", "--region", "DE", *TENANT).out
    assert "not in" not in sums("forecast", "--region", "DE", "--deals", "--period", PERIOD, *TENANT).out


def test_sums_are_told_in_one_currency_at_rates_that_were_recorded(sums: Concord):
    missing = sums("forecast", "--by", "region", "--currency", "reporting", *TENANT).out
    what = re.search(r"concord (rates record JPY EUR) RATE --day ([0-9-]{10})", " ".join(missing.split()))
    assert what is not None, "what has no rate says how to state one"
    assert "900,000" in missing, "and is told as it is"
    said = sums(*what[1].split(), "0.006", "--day", what[2], "--source", "ECB", *TENANT).out
    assert "One JPY costs 0.006 EUR" in said
    assert "Nothing changed" in sums(*what[1].split(), "0.006", "--day", what[2], *TENANT).out
    assert "0.006" in sums("rates", "show", "jpy", "eur", *TENANT).out
    found = sums("forecast", "--by", "region", "--currency", "eur", "--period", PERIOD, "--json", *TENANT).json
    assert [(row["region"], row["currency"], row["categories"]["pipeline"]["cumulative"]) for row in found["rows"]] == [
        ("DE", "EUR", "17900.00")
    ]
    assert found["converted"]["rates"] == [{"base": "JPY", "quote": "EUR", "rate": "0.006", "day": what[2], "via": None}]
    assert {row["currency"] for row in found["totals"]} == {"EUR", "JPY"}
    for by in ("region", "currency", "category"):
        shown = " ".join(sums("forecast", "--by", by, "--currency", "EUR", *TENANT).out.split())
        assert f"1 JPY = 0.006 EUR of {what[2]}" in shown
        assert "= EUR" in shown
    shown = sums("forecast", "--by", "region", "--currency", "EUR", "--period", PERIOD, *TENANT).out
    assert re.search(r"DE +[=] EUR .*17,900", shown), "a row whose amounts were converted is marked, as its total is"
    assert re.search(r"all +EUR .*12,500", shown)
    assert "=" not in sums("forecast", "--by", "region", *TENANT).out
    assert "JPY" not in sums("forecast", "--region", "jp", "--currency", "EUR", *TENANT).out
    closed = " ".join(sums("forecast", "--currency", "JPY", *TENANT).out.split())
    assert f"of EUR: 1 won deal for want of one at that of {what[2]}" in closed, "no rate is as old as the win of 2017"
    sums("rates", "record", "EUR", "JPY", "120", "--day", "2017-03-01", "--source", "ECB", *TENANT)
    closed = " ".join(sums("forecast", "--currency", "JPY", *TENANT).out.split())
    assert "of EUR: 1 won deal at the rate of the day of the win." in closed
    assert "EUR" in sums("forecast", "--currency", "euros", *TENANT, code=Exit.USAGE).err


@pytest.mark.parametrize(
    ("words", "forms"),
    [
        (("--period", "2026"), ("2026-07", "2026-Q3", "FY2026-Q3", "M, Q or FQ")),
        (("--period", "2026-13"), ("2026-07",)),
        (("--by", "colour"), ("period", "owner", "region", "currency")),
    ],
)
def test_what_is_not_understood_says_in_a_sentence_what_is(sums: Concord, words: tuple[str, ...], forms: tuple[str, ...]):
    told = sums("forecast", *words, *TENANT, code=Exit.USAGE).err
    assert all(form in told for form in forms)
    assert "Traceback" not in told


def test_a_limit_cuts_the_rows_but_not_the_totals_and_says_so(sums: Concord):
    whole = sums("forecast", "--by", "account", "--json", *TENANT).json
    cut = sums("forecast", "--by", "account", "--limit", "1", "--json", *TENANT).json
    assert (cut["rows"], cut["rows_in_all"], cut["totals"]) == (whole["rows"][:1], len(whole["rows"]), whole["totals"])
    for more in ((), ("--by", "category")):
        shown = sums("forecast", "--by", "account", *more, "--limit", "1", *TENANT).out
        assert f"1 of {len(whole['rows'])} rows: raise --limit" in shown
        assert "raise --limit" not in sums("forecast", "--by", "account", *more, *TENANT).out


def test_ages_in_a_view_of_the_past_are_counted_to_that_moment(sums: Concord):
    past = ("--as-of", "2017-02-24", "--basis", "happened")
    listed = sums("deals", "list", "--kind", "open", "--json", *past, *TENANT).json["items"]
    (deal,) = (deal for deal in listed if deal["account_name"] == "Isdom")
    for words in (("deals", "list", "--kind", "open"), ("deals", "board")):
        (row,) = (line for line in sums(*words, *past, *TENANT).out.splitlines() if line.startswith(deal["id"][-8:]))
        assert "10" in row.split(), row
    assert "(10 days)" in sums("deals", "show", deal["id"], *past, *TENANT).out
    assert "(10 days)" not in sums("deals", "show", deal["id"], *TENANT).out


@pytest.mark.parametrize("rate", ["abc", "0", "1,1", "1e3", "-1", "-.5"])
def test_what_is_no_rate_is_refused_in_one_sentence(sums: Concord, rate: str):
    for words in (("USD", "EUR", rate), ("--", "USD", "EUR", rate)):
        told = sums("rates", "record", *TENANT, *words, code=Exit.USAGE).err
        assert told.strip() == f"{rate!r} is no rate: it must be above 0, written in digits with a point, like 0.9241."


def test_a_currency_that_is_none_is_named_as_the_option_it_was_written_for(sums: Concord):
    assert "--currency 'euros'" in sums("forecast", "--currency", "euros", *TENANT, code=Exit.USAGE).err
    assert "reporting" in sums("forecast", "--currency", "e1r", *TENANT, code=Exit.USAGE).err


def test_a_moment_that_has_not_come_is_refused_and_today_is_now(sums: Concord):
    refused = sums("forecast", "--as-of", SOON, *TENANT, code=Exit.USAGE).err
    assert "still to come" in refused
    assert sums("forecast", "--as-of", "today", "--json", *TENANT).json["as_of"] is None
