"""Procurement at the command line: a claim from the first word to the settled cent, on the servers themselves."""

from __future__ import annotations

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
