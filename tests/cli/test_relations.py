"""Interactions, follow-ups, contacts, products and settings at the command line, end to end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from api.cli.outcomes import Exit
from tests.cli.conftest import Concord

SOON = (datetime.now(UTC).date() + timedelta(days=20)).isoformat()
LATER = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()


def test_what_was_said_and_promised_is_written_down_moved_and_done(concord: Concord, acme: str):
    concord("interactions", "log", "call", "Budget is approved", "--account", acme, "--contact", "Jo Weber", "--subject", "Budget round",
            "--follow-up", f"{SOON}, Send the quote")  # fmt: skip
    assert "Budget round" in concord("interactions", "list", "--account", acme).out
    [told] = concord("interactions", "list", "--contact", "Jo Weber", "--kind", "call", "--json").json["items"]
    assert told["text"] == "Budget is approved"

    listed = concord("followups", "list", "--account", acme).out
    assert "Send the quote" in listed
    assert SOON in listed
    concord("followups", "move", "Send the quote", "--to", LATER)
    assert LATER in concord("followups", "list").out
    assert "Nothing changed" in concord("followups", "move", "Send the quote", "--to", LATER).out
    added = concord("followups", "add", "Budget round", "Call back", "--by", SOON).out
    assert "Call back" in added
    concord("followups", "done", "Send the quote", "--outcome", "Sent")
    assert "Send the quote" not in concord("followups", "list").out
    [done] = concord("followups", "list", "--state", "done", "--json").json["items"]
    concord("followups", "reopen", done["id"])
    assert "Send the quote" in concord("followups", "list").out


def test_a_follow_up_is_refused_where_it_makes_no_sense(concord: Concord, acme: str):
    concord("interactions", "log", "note", "--account", acme, "--subject", "Odd")
    concord("followups", "add", "Odd", "Too late", "--by", "2020-01-01", code=Exit.REFUSED)
    concord("followups", "done", "nothing of the kind", code=Exit.NOT_FOUND)
    assert "--to" in concord("followups", "move", "Odd", code=Exit.USAGE).err
    assert "account or contact" in concord("interactions", "log", "call", "To nobody", code=Exit.REFUSED).err.lower()
    concord("interactions", "retract", "Odd", "--reason", "Wrong account")
    assert "Odd" in concord("interactions", "list", "--retracted").out


def test_a_person_is_shown_changed_moved_and_forgotten(concord: Concord, acme: str):
    concord("accounts", "open", "Beta SA", "--role", "prospect")
    concord("contacts", "add", "Kim Lee", "--account", acme, "--role", "Buyer", "--email", "kim@acme.example")
    concord("contacts", "change", "Kim Lee", "--phone", "+49 30 1234")
    concord("contacts", "consent", "Kim Lee", "email", "given", "--origin", "Fair")
    shown = concord("contacts", "show", "Kim Lee").out
    assert "+49 30 1234" in shown
    assert "email: given" in shown
    concord("contacts", "move", "Kim Lee", "Beta SA", "--role", "Head of procurement")
    assert "Head of procurement" in concord("contacts", "show", "Kim Lee").out
    assert "Kim Lee" not in concord("contacts", "list", "--account", acme).out
    concord("privacy", "erase", "Kim Lee", "--case", "DSR-1", typed="n\n", code=Exit.FAILED)
    id = concord("contacts", "show", "Kim Lee", "--json").json["id"]
    concord("privacy", "erase", id, "--case", "DSR-1", "--yes")
    for shown in (concord("contacts", "show", id).out, concord("accounts", "show", "Beta SA").out):
        assert "[erased]" in shown, "the word of past days, too"
        assert "forgotten" not in shown
    listed = concord("privacy", "list").out
    assert id[-8:] in listed
    assert id[-9:] not in listed, "as many digits as other lists show"
    assert "Say what" in concord("contacts", "change", id, code=Exit.USAGE).err


def test_products_have_prices_by_day_and_can_be_retired(concord: Concord):
    concord("products", "add", "GTX Ultra", "--code", "GTX-U", "--price", "4821 EUR", "--family", "GTX")
    concord("products", "price", "gtx-u", "4990 EUR", "--from", LATER)
    shown = concord("products", "show", "GTX Ultra").out
    assert "4,821.00 EUR" in shown
    assert "4,990.00 EUR" in shown
    concord("products", "add", "GTX Other", "--code", "GTX-U", code=Exit.REFUSED)
    concord("products", "retire", "GTX Ultra")
    assert "retired" in concord("products", "list").out
    assert "Nothing changed" in concord("products", "retire", "GTX Ultra").out
    concord("products", "restore", "GTX Ultra")


def test_settings_and_the_rules_for_deals_are_shown_and_changed(concord: Concord):
    concord("settings", "set", "--zone", "Europe/Berlin")
    assert "Nothing changed" in concord("settings", "set", "--zone", "Europe/Berlin").out
    concord("settings", "deal-rules", "--push-cap-from", "5")
    shown = concord("settings", "show").out
    assert "Europe/Berlin" in shown
    assert concord("settings", "show", "--json").json["item"]["deal_rules"]["push_cap_from"] == 5
    assert "Say what" in concord("settings", "set", code=Exit.USAGE).err
    concord("settings", "deal-rules", "--push-cap-from", "3")
    concord("settings", "set", "--zone", "UTC")


def test_pipelines_teams_and_fields_are_listed(concord: Concord):
    assert "Way to signing" in concord("pipelines").out
    assert "The buyer stated the need" in concord("pipelines", "Way to signing").out
    assert concord("pipelines", "list").out == concord("pipelines").out
    assert concord("pipelines", "show", "Way to signing").out == concord("pipelines", "Way to signing").out
    assert concord("pipelines", "--json").json == concord("pipelines", "list", "--json").json
    concord("pipelines", "show", "Way to nowhere", code=Exit.NOT_FOUND)
    concord("teams", "form", "North")
    concord("teams", "form", "North East", "--below", "North")
    assert "North East" in concord("teams", "list").out
    concord("fields", "define", "contact", "language", "--label", "Language", "--type", "choice", "--option", "de", "--option", "en")
    assert "Language" in concord("fields", "list", "contact").out
    concord("fields", "list", "invoice", code=Exit.USAGE)


def test_a_lookalike_is_named_with_how_to_go_on(concord: Concord, acme: str):
    asked = ("accounts", "open", "Acme Werkzeug GmbH", "--domain", "acme.example")
    refused = concord(*asked, code=Exit.REFUSED).err
    known = next(a["id"] for a in concord("accounts", "list", "--text", "Acme", "--json").json["items"] if a["legal_name"] == acme)
    assert acme in refused
    assert "the same web domain" in refused
    assert f"--different-from {known}" in refused
    assert "Began" in concord(*asked, "--different-from", known).out


def test_text_that_is_not_utf_8_is_said_to_be_so(concord: Concord, acme: str):
    asked = ("deals", "open", "Gr\udcfcn", "--account", acme, "--amount", "1 EUR", "--close-date", "2030-01-01")
    assert "The title is not UTF-8" in concord(*asked, code=Exit.USAGE).err
    concord("deals", "open", "Grün 🌿", *asked[3:])
    assert "Grün 🌿" in concord("deals", "list", "--text", "Grün").out
