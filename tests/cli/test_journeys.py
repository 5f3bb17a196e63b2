"""What people do at the command line, end to end: API, workflows and read models are the real ones."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from api.cli.outcomes import Exit
from tests.cli.conftest import Concord

SOON = (datetime.now(UTC).date() + timedelta(days=60)).isoformat()
PERIOD = f"{SOON[:4]}-Q{(int(SOON[5:7]) + 2) // 3}"


def _open(concord: Concord, title: str, acme: str, amount: str = "12500 EUR") -> str:
    said = concord("deals", "open", title, "--account", acme, "--amount", amount, "--close-date", SOON, "--json")
    return str(said.json["id"])


def test_a_deal_goes_from_its_opening_over_a_refused_move_to_the_board_the_forecast_and_its_history(concord: Concord, acme: str):
    _open(concord, "GTX for the new line", acme)
    before = concord("deals", "show", "gtx for the NEW line", "--json").json["version"]

    refused = concord("deals", "advance", "GTX for the new line", "discover", code=Exit.REFUSED)
    assert "The buyer stated the need" in refused.err
    assert "--evidence need_stated=" in refused.err, "the list says how to provide what is missing"

    concord("deals", "evidence", "GTX for the new line", "need_stated", "Stops cost them 4,000 a day")
    moved = concord("deals", "advance", "GTX for the new line", "Discover")
    assert "moved from Qualify to Discover" in moved.out

    board = concord("deals", "board", "--text", "gtx for the new", "--json").json["boards"][0]
    discover = next(column for column in board["columns"] if column["stage"] == "discover")
    assert [card["title"] for card in discover["cards"]] == ["GTX for the new line"]
    forecast = concord("forecast", "--period", PERIOD, "--text", "GTX for the new", "--json").json
    assert [(row["currency"], row["period"], row["weighted"]) for row in forecast["rows"]] == [("EUR", PERIOD, "3125.00")]
    assert concord("deals", "show", "GTX for the new line", "--json").json["version"] > before

    told = concord("replay", "GTX for the new line").out
    assert re.search(r"Operator +The deal .*opened", told)
    assert told.index("opened") < told.index("Evidence") < told.index("moved to Discover")
    raw = concord("replay", "GTX for the new line", "--raw", "--json").json
    assert [event["topic"] for event in raw] == ["deal.opened", "deal.evidence_recorded", "deal.stage_requested", "deal.stage_entered"]
    past = concord("replay", "GTX for the new line", "--raw", "--json", "--as-of", str(raw[1]["position"])).json
    assert [event["topic"] for event in past] == ["deal.opened", "deal.evidence_recorded"]


def test_evidence_is_read_as_the_kind_that_its_criterion_asks_for(concord: Concord, acme: str, tmp_path):
    id = _open(concord, "Grinders", acme)
    offer = tmp_path / "offer-17.pdf"
    offer.write_bytes(b"an offer")
    concord(
        *(
            "deals",
            "advance",
            "Grinders",
            "negotiate",
            "--evidence",
            "need_stated=In the meeting",
            "--evidence",
            "economic_buyer_met=Jo Weber",
        ),
        *("--evidence", "budget_named=50,000 EUR", "--evidence", f"proposal_received={offer}", "--evidence", f"decision_date_named={SOON}"),
    )
    evidence = concord("deals", "show", id, "--json").json["item"]["evidence"]
    assert evidence["budget_named"]["amount"] == {"amount": "50000.00", "currency": "EUR"}
    assert evidence["proposal_received"]["document"] == "offer-17.pdf"
    assert len(evidence["proposal_received"]["sha256"]) == 64
    assert evidence["decision_date_named"]["on"] == SOON
    assert evidence["economic_buyer_met"]["contact"]


def test_a_lost_deal_needs_a_reason_and_can_be_opened_again(concord: Concord, acme: str):
    _open(concord, "Lathes", acme)
    assert "reason" in concord("deals", "advance", "Lathes", "lost", code=Exit.REFUSED).err
    concord("deals", "advance", "Lathes", "lost", "--reason", "price")
    assert "only open deals change" in concord("deals", "amount", "Lathes", "1 EUR", code=Exit.REFUSED).err
    assert "open again" in concord("deals", "reopen", "Lathes", "--reason", "They came back").out


def test_who_does_not_want_to_wait_does_not(concord: Concord, acme: str):
    _open(concord, "Drills", acme)
    assert re.search("on its way|moved", concord("deals", "advance", "Drills", "lost", "--reason", "timing", "--wait", "0").out)


def test_a_person_who_is_added_is_a_member_and_may_own_deals(concord: Concord, acme: str):
    added = concord("user", "add", "ana@example.com", "--name", "Ana Souza", "--role", "account_manager", "--json").json
    assert len(added["password"]) >= 15
    assert "member" in concord("user", "add", "ana@example.com", "--name", "Ana", "--role", "finance", code=Exit.REFUSED).err
    assert "account_manager" in concord("user", "add", "b@example.com", "--name", "B", "--role", "king", code=Exit.USAGE).err
    _open(concord, "Owned", acme)
    assert "Ana Souza is responsible" in concord("deals", "owner", "Owned", "ana@example.com").out
    assert "Owned" in concord("deals", "list", "--owner", "ana souza").out


def test_what_is_said_of_a_deal_can_be_changed(concord: Concord, acme: str):
    _open(concord, "Presses", acme)
    assert "14,000.00 EUR" in concord("deals", "amount", "Presses", "14000", "--reason", "One more").out
    assert "Nothing changed" in concord("deals", "amount", "Presses", "14000").out
    assert "Send the quote" in concord("deals", "next-step", "Presses", "Send the quote", "--on", SOON).out
    later = (date.fromisoformat(SOON) + timedelta(days=90)).isoformat()
    assert "reason" in concord("deals", "close-date", "Presses", later, code=Exit.REFUSED).err
    assert later in concord("deals", "close-date", "Presses", later, "--reason", "Budget round").out
    assert "1 people" in concord("deals", "people", "Presses", "Jo Weber=economic_buyer").out
    concord("products", "add", "Eccentric press", "--price", "7000 EUR")
    concord("deals", "lines", "Presses", "--line", "Eccentric press, 2, 7000.00 EUR")
    shown = concord("deals", "show", "Presses").out
    assert "economic buyer Jo Weber" in shown
    assert "Eccentric press" in shown
    assert "Qualify qualify" not in shown
    item = concord("deals", "show", "Presses", "--json").json
    stale = concord("deals", "rename", "Presses", "Other", "--if-version", str(item["version"] - 1), code=Exit.REFUSED)
    assert stale.err
    concord("deals", "rename", "Presses", "Presses and dies", "--if-version", str(item["version"]))


def test_a_deal_answers_to_its_id_to_the_ends_of_it_and_to_a_part_of_its_title(concord: Concord, acme: str):
    id = _open(concord, "Welding cell north", acme)
    for written in (id, id[-8:], id[:30], "welding cell", "Welding cell north"):
        assert concord("deals", "show", written, "--json").json["id"] == id


def test_who_is_not_there_is_said_so_with_what_is_near(concord: Concord, acme: str):
    _open(concord, "Milling centre", acme)
    missing = concord("deals", "show", "Miling centre", code=Exit.NOT_FOUND)
    assert "did you mean" in missing.err
    assert "Milling centre" in missing.err
    told = concord("deals", "show", "Miling centre", "--json", code=Exit.NOT_FOUND).json
    assert "Milling centre" in {near["name"] for near in told["data"]}


def test_who_answers_to_a_name_twice_is_asked_which(concord: Concord, acme: str):
    ids = {_open(concord, "Twin saw", acme), _open(concord, "Twin saw", acme)}
    several = concord("deals", "show", "Twin saw", code=Exit.NOT_FOUND)
    assert all(id[-8:] in several.err for id in ids)


def test_a_forecast_without_a_period_shows_all_periods_and_totals_per_currency(concord: Concord, acme: str):
    _open(concord, "Yen deal", acme, "900000 JPY")
    found = concord("forecast", "--json").json
    assert {row["currency"] for row in found["totals"]} >= {"EUR", "JPY"}
    shown = concord("forecast").out
    assert "cumulative" in shown
    assert "900,000" in shown
    deals = concord("forecast", "--deals", "--period", PERIOD, "--json").json
    assert "Yen deal" in {deal["title"] for deal in deals["items"]}
    assert "Nothing to forecast" in concord("forecast", "--as-of", "0").out


def test_the_account_has_its_people_and_its_deals_and_a_timeline(concord: Concord, acme: str):
    _open(concord, "Timeline deal", acme)
    shown = concord("accounts", "show", "acme").out
    assert "Jo Weber" in shown
    assert "Timeline deal" in shown
    assert "Timeline deal" in concord("accounts", "timeline", "acme", "--limit", "5").out
    assert "Acme" in concord("accounts", "list", "--text", "werkzeuge").out


def test_today_and_members_can_be_read(concord: Concord, acme: str):
    assert set(concord("today", "--json").json) >= {"follow_ups", "notifications", "attention", "pending"}
    assert "Operator" in concord("user", "list").out


def test_a_tenant_of_its_own_sees_nothing_of_others(concord: Concord, acme: str):
    concord("tenant", "create", "quiet", "--name", "Quiet Ltd")
    assert "No open deals" in concord("deals", "board", "--tenant", "quiet").out
    unknown = concord("deals", "board", "--tenant", "nobody", code=Exit.NOT_FOUND)
    assert "tenant create nobody" in unknown.err


def test_a_table_fits_eighty_columns(concord: Concord, acme: str):
    _open(concord, "A deal with a title that is far too long for the line that it is shown on", acme)
    for words in (("deals", "board"), ("deals", "list"), ("forecast",), ("accounts", "list"), ("deals", "show", "far too long")):
        shown = concord.apart(*words, COLUMNS="80")
        assert shown.code == 0, shown.err
        assert max(map(len, shown.out.splitlines())) <= 80


def test_workflows_are_told_and_reconciled(concord: Concord, acme: str):
    # moves of other tests may wait for consent
    [before] = concord.apart("workflows", "status", "--tenant", "default", "--json").json
    _open(concord, "Carried", acme)
    done = concord.apart("workflows", "reconcile", "--tenant", "default", "--json")
    assert (done.code, done.json[0]["deals"] > 0) == (0, True), done.err
    [told] = concord.apart("workflows", "status", "--tenant", "default", "--json").json
    assert told["unsettled"] <= before["unsettled"]
    running = {part["noun"]: part["running"] for part in told["carried"]}
    assert list(running) == ["deal", "approval", "contract", "dispute", "paper"]
    assert running["deal"] > 0


def test_who_is_not_running_is_said_in_a_sentence(tmp_path):
    away = Concord(tmp_path)
    found = away("deals", "board", code=Exit.UNREACHABLE)
    assert "concord up" in found.err
    assert "Traceback" not in found.err
    assert "error" in away("deals", "board", "--json", code=Exit.UNREACHABLE).json
