"""Procurement at the command line: a claim from the first word to the settled cent, on the servers themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.cli.outcomes import Exit
from tests.cli.conftest import Concord


@pytest.fixture(scope="module")
def kolbe(concord: Concord) -> str:
    """A supplier; its name."""
    concord("accounts", "open", "Kolbe Steckverbinder KG", "--role", "supplier", "--country", "de")
    return "Kolbe Steckverbinder KG"


def _open(concord: Concord, title: str, supplier: str, invoice: str) -> str:
    said = concord(
        *("disputes", "open", title, "--supplier", supplier, "--reason", "price_variance"),
        *("--line", f"{invoice}, 10, 410.00 EUR, 77.90", "--evidence", "order=PO-4711.pdf", "--json"),
    )
    return str(said.json["id"])


def test_a_claim_goes_from_its_first_word_to_the_settled_cent(concord: Concord, kolbe: str):
    refused = concord(
        "disputes", "open", "Housings", "--supplier", kolbe, "--reason", "quality", "--line", "RE-1, 10, 5 EUR", code=Exit.REFUSED
    )
    assert "evidence" in refused.err
    id = _open(concord, "Housings too dear", kolbe, "RE-117")
    queue = concord("disputes", "queue")
    assert "Housings too dear" in queue.out
    assert concord("disputes", "queue", "--json").json["items"][0]["remaining"] > 0
    concord("disputes", "acknowledge", "Housings too dear")
    concord("disputes", "investigate", "Housings too dear")
    concord("disputes", "comment", "Housings too dear", "Third time this year", "--internal")
    assert "awaiting supplier" in concord("disputes", "ask", "Housings too dear", "Which price list?").out
    concord("disputes", "comment", "Housings too dear", "That of May", "--for-them")
    assert "487.90 of 487.90 EUR open" in concord("disputes", "propose", "Housings too dear").out
    concord("disputes", "counter", "Housings too dear", "--credit", "400", "--pay", "87.90", "--for-them")
    assert "is accepted" in concord("disputes", "accept", "Housings too dear").out
    assert "is settling, 87.90 of" in concord("disputes", "settle", "Housings too dear", "credit_note", "400", "--number", "GS-31").out
    assert "is settled, 0.00 of" in concord("disputes", "settle", id, "release").out
    concord("disputes", "close", id, "--root-cause", "nonsense", code=Exit.REFUSED)
    assert "is closed" in concord("disputes", "close", id, "--root-cause", "supplier_pricing").out

    shown = concord("disputes", "show", id).out
    for words in ("= 0.00", "+ 400.00", "+ 87.90", "Which price list?", "(for us only)", "GS-31", "countered"):
        assert words in shown, (words, shown)
    told = concord("replay", "Housings too dear").out
    assert told.index("raised") < told.index("countered") < told.index("settled") < told.index("closed")
    assert "supplier pricing" in concord("disputes", "figures", "--by", "root_cause").out.replace("_", " ")
    assert concord("disputes", "show", id, "--as-of", "yesterday", code=Exit.NOT_FOUND).err


def test_what_is_held_of_a_supplier_is_shown_beside_its_score(concord: Concord, kolbe: str):
    _open(concord, "Housings again", kolbe, "RE-118")
    assert "487.90 EUR" in concord("suppliers", "list").out
    concord("suppliers", "qualify", kolbe, "connectors", "europe", "--until", "2039-12-31")
    shown = concord("suppliers", "show", kolbe).out
    assert "connectors" in shown
    assert "RE-118" in shown
    assert "No score yet" in concord("suppliers", "scorecard", kolbe).out
    assert "Housings again" in concord("today").out
    assert "Housings again" in concord("accounts", "timeline", kolbe).out


def test_a_suppliers_person_speaks_for_an_account(concord: Concord, kolbe: str):
    wrong = concord("user", "add", "x@kolbe.example", "--name", "X", "--role", "supplier", code=Exit.USAGE)
    assert "--account" in wrong.err
    said = concord("user", "add", "jo@kolbe.example", "--name", "Jo", "--role", "supplier", "--account", kolbe, "--json").json
    assert said["password"]


def test_lines_are_added_reversed_and_split_off_into_a_case_of_their_own(concord: Concord, kolbe: str):
    id = _open(concord, "Three lines", kolbe, "RE-120")
    more = ("--line", "RE-120, 20, 100.00 EUR, 19.00", "--line", "RE-120, 30, 50.00 EUR")
    assert "656.90 of 656.90 EUR open" in concord("disputes", "add-lines", id, *more).out
    unknown = concord("disputes", "reverse-line", id, "RE-120, 99", "--reason", "Ours", code=Exit.NOT_FOUND).err
    assert "RE-120, 20  119.00 EUR open" in unknown
    assert "Several lines answer" in concord("disputes", "reverse-line", id, "RE-120", "--reason", "Ours", code=Exit.NOT_FOUND).err
    assert "606.90 of 606.90 EUR open" in concord("disputes", "reverse-line", id, "RE-120, 30", "--reason", "Booked twice by us").out
    said = concord(
        *("disputes", "split", id, "--line", "RE-120, 20", "--line", "RE-120, 10, 120.00", "--title", "Freight of RE-120"),
        *("--reason", "The freight is another matter"),
    ).out
    assert "Three lines keeps 367.90 EUR" in said
    assert "Freight of RE-120 takes 239.00 EUR" in said
    child = concord("disputes", "show", "Freight of RE-120", "--json").json
    assert (child["item"]["parent"], child["item"]["ledger"]["open"]) == (id, "239.00")
    everything = concord("disputes", "split", id, "--line", "RE-120, 10", "--reason", "All of it", code=Exit.REFUSED)
    assert "leave something" in everything.err
    assert "finer than EUR" in concord("disputes", "split", id, "--line", "RE-120, 10, 1.005", "--reason", "X", code=Exit.USAGE).err


def test_an_amount_in_another_currency_than_the_cases_is_refused_and_never_added(concord: Concord, kolbe: str):
    mixed = ("--line", "RE-126, 10, 410.00 EUR", "--line", "RE-126, 20, 10.00 USD", "--evidence", "order=PO-4711.pdf")
    opening = ("disputes", "open", "Two currencies", "--supplier", kolbe, "--reason", "price_variance")
    assert "'10.00 USD' is not in EUR" in concord(*opening, *mixed, code=Exit.USAGE).err
    id = _open(concord, "One currency", kolbe, "RE-126")
    for words in (
        ("add-lines", id, "--line", "RE-126, 30, 100.00 USD, 19.00"),
        ("add-lines", id, "--line", "RE-126, 30, 100.00, 19.00 USD"),
        ("propose", id, "--credit", "400 USD"),
        ("settle", id, "credit_note", "400 USD", "--number", "GS-60"),
        ("split", id, "--line", "RE-126, 10, 1 USD", "--reason", "X"),
    ):
        assert "is not in EUR" in concord("disputes", *words, code=Exit.USAGE).err, words
    assert concord("disputes", "show", id, "--json").json["item"]["ledger"]["open"] == "487.90"


def test_evidence_that_names_a_file_which_is_not_there_proves_nothing(concord: Concord, kolbe: str):
    opening = ("disputes", "open", "No order", "--supplier", kolbe, "--reason", "price_variance", "--line", "RE-127, 10, 5 EUR")
    for path in ("../nofile.pdf", "/none/order.pdf", "orders/PO-1.pdf", "~/order"):
        refused = concord(*opening, "--evidence", f"order={path}", code=Exit.NOT_FOUND).err
        assert f"There is no file {path} here" in refused
    concord(*opening, "--evidence", "order=Order 17/2026", "--evidence", "other=https://files.example/orders/PO-1.pdf")


def test_what_a_split_leaves_and_what_it_takes_can_be_told_apart(concord: Concord, kolbe: str):
    id = _open(concord, "Told apart", kolbe, "RE-128")
    concord("disputes", "add-lines", id, "--line", "RE-128, 20, 100.00 EUR", "--line", "RE-128, 30, 50.00 EUR")
    assert "Told apart (part 2) takes 100.00 EUR" in concord("disputes", "split", id, "--line", "RE-128, 20", "--reason", "Other").out
    assert "Told apart (part 3) takes 50.00 EUR" in concord("disputes", "split", id, "--line", "RE-128, 30", "--reason", "Other").out
    shown = concord("disputes", "show", "Told apart").out
    assert "RE-128 10" in shown
    assert "RE-128 20" not in shown
    assert "RE-128 20" in concord("disputes", "show", "Told apart (part 2)").out


def test_a_corrective_action_goes_through_its_steps_with_their_dates(concord: Concord):
    # of a supplier without other cases: one that repeats others is asked for its report by itself
    concord("accounts", "open", "Solo KG", "--role", "supplier")
    id = _open(concord, "Again and again", "Solo KG", "RE-121")
    early = concord("disputes", "8d", "step", id, "d3", "Sorted", code=Exit.REFUSED)
    assert "demand one first" in early.err
    concord("disputes", "8d", "demand", id, "--note", "Third time this year")
    shown = concord("disputes", "show", id, "--json").json["item"]["actions"][0]
    assert [bool(step["due"]) for step in shown["steps"]] == [True, True, True, False, False]
    told = concord("disputes", "show", id).out
    assert "corrective action (8D), round 1: open" in told
    assert all(step in told for step in ("D3", "D4", "D5", "D6", "D7", "D8", "effect checked"))
    assert shown["steps"][0]["due"][:10] in told
    assert "D4 comes after D3" in concord("disputes", "8d", "step", id, "d4", "Why", "--cause", "carrier", code=Exit.REFUSED).err
    concord("disputes", "8d", "step", id, "d3", "Stock inspected and sorted")
    assert "supplier_pricing" in concord("disputes", "8d", "step", id, "d4", "Why", "--cause", "nonsense", code=Exit.REFUSED).err
    concord("disputes", "8d", "step", id, "d4", "Old price list in use", "--cause", "supplier_pricing")
    assert "D5, D6, D7" in concord("disputes", "8d", "check", id, "--effective", "--note", "Good", code=Exit.REFUSED).err
    for step in ("d5", "d6", "d7"):
        concord("disputes", "8d", "step", id, step, f"What {step} asks for")
    concord("disputes", "8d", "check", id, "--not-effective", "--note", "Again in May")
    concord("disputes", "8d", "cancel", id, "--reason", "The contract ended")
    rounds = concord("disputes", "show", id).out
    assert "round 1: ineffective" in rounds
    assert "round 2: cancelled" in rounds
    assert "Old price list in use (supplier pricing)" in rounds
    concord("disputes", "8d", "step", id, "d9", "X", code=Exit.USAGE)


def test_documents_are_kept_attached_and_fetched_again(concord: Concord, kolbe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    order, note = tmp_path / "PO-4711.pdf", tmp_path / "GS-40.pdf"
    order.write_bytes(b"%PDF-1.4\n% the order\n%%EOF\n")
    note.write_bytes(b"%PDF-1.4\n% the credit note\n%%EOF\n")
    [kept] = concord("documents", "upload", str(order), "--json").json["items"]
    assert "was kept already" in concord("documents", "upload", str(order)).out
    assert "nothing yet" in concord("documents", "show", kept["sha256"]).out
    id = _open(concord, "With files", kolbe, "RE-122")
    concord("disputes", "attach", id, f"contract={kept['sha256']}")
    assert "PO-4711.pdf" in concord("disputes", "show", id).out
    assert f"dispute {id[-8:]}" in concord("documents", "show", kept["sha256"]).out
    concord("disputes", "acknowledge", id)
    concord("disputes", "settle", id, "credit_note", "487.90", "--number", "GS-40", "--file", str(note))
    monkeypatch.chdir(tmp_path)
    concord("documents", "download", kept["sha256"], code=Exit.REFUSED)
    concord("documents", "download", kept["sha256"], "--to", "copy.pdf")
    assert (tmp_path / "copy.pdf").read_bytes() == order.read_bytes()
    assert "64 digits" in concord("documents", "show", "PO-4711.pdf", code=Exit.USAGE).err
    concord("documents", "show", "0" * 64, code=Exit.NOT_FOUND)
    concord("documents", "upload", str(tmp_path / "none.pdf"), code=Exit.NOT_FOUND)


@pytest.fixture(scope="module")
def pia(concord: Concord) -> dict[str, str]:
    """Somebody of procurement, who may give up 100 EUR; what makes commands act as her."""
    password = concord("user", "add", "pia@us.example", "--name", "Pia Buyer", "--role", "procurement", "--json").json["password"]
    key = concord("key", "create", "pia@us.example", "--json", typed=password + "\n").json
    return {"CONCORD_API_KEY": key["key"], "CONCORD_ADDRESS": key["address"]}


def test_a_case_is_caused_closed_reopened_given_up_and_voided(concord: Concord, kolbe: str, pia: dict[str, str]):
    id = _open(concord, "Taken up again", kolbe, "RE-123")
    concord("disputes", "settle", id, "credit_note", "400.00", "--number", "GS-50")
    assert "No one document" in concord("disputes", "unsettle", id, "GS-99", "--reason", "X", code=Exit.NOT_FOUND).err
    assert "487.90 of 487.90 EUR open" in concord("disputes", "unsettle", id, "GS-50", "--reason", "Cancelled by them").out
    concord("disputes", "settle", id, "credit_note", "400.00", "--number", "GS-51")
    concord("disputes", "settle", id, "release")
    assert "carrier" in concord("disputes", "root-cause", id, "nonsense", code=Exit.REFUSED).err
    concord("disputes", "root-cause", id, "supplier_pricing", "--note", "Old price list")
    concord("disputes", "close", id)
    letter = ("--reason", "Paid too much", "--evidence", "correspondence=Letter of 2 March")
    assert "87.90 of 487.90 EUR open" in concord("disputes", "reopen", id, *letter).out
    assert "is reopened" in concord("disputes", "reopen", id, "--reason", "X", "--evidence", "other=Y", code=Exit.REFUSED).err
    concord("disputes", "investigate", id)
    assert "uneconomic" in concord("disputes", "write-off", id, "--reason", "nonsense", code=Exit.REFUSED).err
    assert "what you may: nothing" in concord("disputes", "write-off", id, "--reason", "uneconomic", code=Exit.REFUSED).err
    concord("disputes", "assign", id, "Pia Buyer")
    given_up = concord.apart("disputes", "write-off", id, "--reason", "uneconomic", **pia)
    assert "written off" in given_up.out, given_up.err
    twice = _open(concord, "Opened twice", kolbe, "RE-124")
    assert "is voided" in concord("disputes", "void", twice, "--reason", "Opened twice").out


def test_a_loss_above_ones_limit_is_refused_with_who_may(concord: Concord, kolbe: str, pia: dict[str, str]):
    concord(
        *("disputes", "open", "Too much to give up", "--supplier", kolbe, "--reason", "price_variance", "--owner", "Pia Buyer"),
        *("--line", "RE-125, 10, 40000 EUR", "--evidence", "order=PO-4711.pdf"),
    )
    for step in ("acknowledge", "investigate"):
        concord("disputes", step, "Too much to give up")
    refused = concord.apart("disputes", "write-off", "Too much to give up", "--reason", "uneconomic", **pia)
    assert (refused.code, "above what you may" in refused.err) == (Exit.REFUSED, True), refused.err
    assert "Ask" in refused.err


def test_who_lacks_the_role_for_an_import_hears_which_roles_have_it(concord: Concord, pia: dict[str, str], tmp_path: Path):
    password = concord("user", "add", "lou@us.example", "--name", "Lou Legal", "--role", "legal", "--json").json["password"]
    key = concord("key", "create", "lou@us.example", "--json", typed=password + "\n").json
    lou = {**pia, "CONCORD_API_KEY": key["key"]}
    file = tmp_path / "disputes.csv"
    file.write_text("Invoice,Supplier,Invoice Total,Disputed Amount\nRE-1,Kolbe,10.00,5.00\n")
    refused = concord.apart("import", str(file), "--dry-run", **lou)
    assert (refused.code, "one of: admin, category lead, procurement, procurement head, sales chief." in refused.err) == (
        Exit.REFUSED,
        True,
    ), refused.err


def test_the_rules_for_disputes_are_told_and_changed(concord: Concord):
    assert "resolve days" in concord("settings", "dispute-rules").out
    held = concord("settings", "dispute-rules", "--json").json
    assert "Changed" in concord("settings", "dispute-rules", "--settle-days", "21", "--write-off", "category_lead:2500").out
    now = concord("settings", "dispute-rules", "--json").json
    assert (held["settle_days"], now["settle_days"], now["acknowledge_days"]) == (14, 21, held["acknowledge_days"])
    limits = {one["role"]: one["amount"] for one in now["write_off_limits"]}
    assert limits["category_lead"].startswith("2500")
    assert set(limits) == {one["role"] for one in held["write_off_limits"]}, "those of other roles stay"
    assert "ROLE:AMOUNT" in concord("settings", "dispute-rules", "--write-off", "everybody", code=Exit.USAGE).err
    concord("settings", "dispute-rules", "--settle-days", "14", "--write-off", "category_lead:2000")
