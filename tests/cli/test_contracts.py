"""Contracts at the command line: taken over, kept, and ended, with their days in calendar, list and history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.cli.outcomes import Ended, Exit
from api.cli.written_terms import notice_rule, renewal
from tests.cli.conftest import Concord

TODAY = datetime.now(UTC).date()


def day(count: int) -> str:
    return (TODAY + timedelta(days=count)).isoformat()


def _registered(concord: Concord, title: str, acme: str, folder: Path) -> str:
    paper = folder / "signed.pdf"
    paper.write_bytes(b"signed by both")
    terms = ("--start", day(-265), "--end", day(100), "--value", "12000 EUR", "--renews", "12 months", "--notice", "2 months")
    signed = ("--signed-on", day(-270), "--paper", str(paper))
    said = concord("contracts", "register", title, "--with", acme, "--side", "sell", *terms, *signed, "--json")
    return str(said.json["id"])


def test_a_contract_is_taken_over_kept_and_ended(concord: Concord, acme: str, tmp_path: Path):
    id = _registered(concord, "Cleaning the halls", acme, tmp_path)
    listed = concord("contracts", "list", "--live", "--text", "cleaning the halls", "--json").json["items"]
    assert [(c["id"], c["status"], c["value"]) for c in listed] == [(id, "expiring", "12000.00")]
    assert "Cleaning the halls" in concord("contracts", "calendar", "--kind", "deadline").out

    shown = concord("contracts", "show", "cleaning THE halls", "--on", day(10)).out
    assert "would end" in shown
    assert day(100) in shown

    owed = ("--by", "us", "--on", day(3), "--every", "1 month", "--proven-by", "note")
    assert "is owed by us" in concord("contracts", "owe", "Cleaning the halls", "Report on the halls", *owed).out
    assert "Report on the halls" in concord("contracts", "obligations", "--by", "us").out
    assert "Cleaning the halls" in " ".join(concord("today").out.split())
    said = concord("contracts", "meet", "Cleaning the halls", "report on", "Sent by mail").out
    assert f"Report on the halls of {day(3)} was met" in " ".join(said.split())
    again = concord("contracts", "meet", "Cleaning the halls", "report on", "Sent by mail", code=Exit.REFUSED)
    assert "--of DAY" in again.err
    met = concord("contracts", "obligations", "--contract", id, "--status", "met", "--json").json["items"]
    assert [(one["label"], one["open"]) for one in met] == [("Report on the halls", False)]

    assert day(100) in concord("contracts", "notice", "Cleaning the halls", "--how", "letter").out
    assert "it goes on" in concord("contracts", "notice", "Cleaning the halls", "--withdraw", "We stay").out
    assert "amendment waits" in concord("contracts", "amend", id, "One hall more", "--from", day(5), "--value", "15000 EUR").out
    assert "dropped" in concord("contracts", "amendment", id, "One hall", "--drop", "Not wanted").out
    told = concord("replay", "Cleaning the halls").out
    assert told.index("was drafted") < told.index("is due from us") < told.index("We gave notice")
    assert "signed_on" in concord("replay", id, "--raw").out


def test_what_is_owed_changes_hands_and_ends_and_a_termination_is_taken_back(concord: Concord, acme: str, tmp_path: Path):
    id = _registered(concord, "Guarding the gate", acme, tmp_path)
    concord("contracts", "owe", id, "Nightly report", "--by", "them", "--on", day(3), "--every", "1 day")
    assert (
        "more than nothing"
        in concord("contracts", "owe", id, "X", "--by", "them", "--on", day(3), "--penalty", "-3 EUR", code=Exit.REFUSED).err
    )
    assert "2199" in concord("contracts", "owe", id, "X", "--by", "them", "--on", "9999-12-31", code=Exit.REFUSED).err
    concord("user", "add", "gina@us.example", "--name", "Gina Gate", "--role", "account_manager", "--json")
    assert "Gina Gate sees to Nightly report" in concord("contracts", "reassign", id, "nightly", "Gina Gate").out
    said = concord("contracts", "terminate", id, "--on", day(-12), "--cause", "mutual").out
    assert "12 days ago" in " ".join(said.split())
    assert "it goes on" in concord("contracts", "terminate", id, "--revoke", "The day was mistyped").out
    assert "--revoke" in concord("contracts", "terminate", id, "--on", day(9), code=Exit.USAGE).err
    assert "will not come again" in concord("contracts", "end-obligation", id, "nightly", "--reason", "Not wanted").out


def test_a_lost_or_open_deal_has_no_contract_and_a_wrong_term_is_told_in_a_sentence(concord: Concord, acme: str):
    concord("deals", "open", "Contracted", "--account", acme, "--amount", "9 EUR", "--close-date", day(60))
    refused = concord("contracts", "from-deal", "Contracted", "--start", day(0), "--end", day(90), "--renews", "fixed", code=Exit.REFUSED)
    assert "win it first" in refused.err
    wrong = ("contracts", "create", "X", "--with", acme, "--side", "buy", "--start", day(0), "--renews", "sometimes")
    assert "evergreen" in concord(*wrong, code=Exit.USAGE).err
    unsound = ("contracts", "create", "X", "--with", acme, "--side", "buy", "--start", day(0), "--end", day(9), "--renews", "evergreen")
    assert "evergreen" in concord(*unsound, code=Exit.REFUSED).err


def test_rules_for_contracts_are_settings(concord: Concord):
    assert "Changed" in concord("settings", "contract-rules", "--renewal-lead-days", "100", "--alerts", "0:30,7").out
    assert "100" in concord("settings", "show").out
    assert "WORTH:DAYS" in concord("settings", "contract-rules", "--alerts", "soon", code=Exit.USAGE).err


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("fixed", {"kind": "fixed"}),
        ("12 months", {"kind": "auto_renew", "months": 12}),
        ("evergreen", {"kind": "evergreen"}),
        ("Evergreen 3 months", {"kind": "evergreen", "period_months": 3}),
    ],
)
def test_a_renewal_is_written_in_words(written: str, expected: dict):
    assert renewal(written) == expected


def test_a_rule_for_notice_is_written_in_words():
    assert notice_rule("3 months", None, evergreen=False) == {"count": 3, "unit": "months", "before": "term_end"}
    found = notice_rule("20 business days to the end of the period", 3, evergreen=False)
    assert found == {"count": 20, "unit": "business_days", "before": "period_end", "counts": "received", "delivery_days": 3}
    assert notice_rule(None, None, evergreen=True) is None
    assert notice_rule("2 weeks", None, evergreen=False) == {"count": 14, "unit": "days", "before": "term_end"}
    for wrong in ("soon", "3", "-1 days"):
        with pytest.raises(Ended):
            notice_rule(wrong, None, evergreen=False)
