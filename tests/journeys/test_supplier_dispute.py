"""A case between procurement, which has its own key, and the supplier's person, who signs in to the portal: to the settled cent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from api.cli.outcomes import Exit
from tests.cli.conftest import Concord
from tests.journeys.people import Guest, Person, hired, let_in, until

TODAY = datetime.now(UTC).date()
SUPPLIER, RIVAL = "Brandt Guss KG", "Rival Guss GmbH"
PDF = b"%PDF-1.4\n%%EOF\n"


@pytest.fixture(scope="module")
def pia(concord: Concord) -> Person:
    for name in (SUPPLIER, RIVAL):
        concord("accounts", "open", name, "--role", "supplier", "--country", "de")
    return hired(concord, "Pia Procurement", "procurement")


@pytest.fixture(scope="module")
def hedi(concord: Concord) -> Person:
    return hired(concord, "Hedi Head", "procurement_head")


@pytest.fixture(scope="module")
def jo(concord: Concord, pia: Person) -> Guest:
    assert pia
    return let_in(concord, "Jo Brandt", "supplier", SUPPLIER)


def raised(pia: Person, title: str, supplier: str, invoice: str) -> str:
    lines = ("--line", f"{invoice}, 10, 410.00 EUR, 77.90", "--evidence", "order=PO-4711.pdf")
    said = pia("disputes", "open", title, "--supplier", supplier, "--reason", "price_variance", *lines, "--json")
    return str(said.json["id"])


def test_procurement_and_supplier_come_from_a_claim_to_the_settled_cent(pia: Person, hedi: Person, jo: Guest):
    hedi("suppliers", "qualify", SUPPLIER, "castings", "europe", "--until", (TODAY + timedelta(days=400)).isoformat())
    case = raised(pia, "Castings too dear", SUPPLIER, "RE-900")
    assert "Castings too dear" in pia("disputes", "queue").out
    again = ("disputes", "open", "Twice", "--supplier", SUPPLIER, "--reason", "price_variance", "--evidence", "order=PO-4711.pdf")
    assert "open case" in pia(*again, "--line", "RE-900, 10, 1 EUR", code=Exit.REFUSED).err.replace("\n", " ")
    pia("disputes", "comment", case, "Do not trust the zebra", "--internal")

    door = f"/v1/portal/disputes/{case}"
    until(lambda: case in str(jo.get("/v1/portal/disputes")))
    jo.post(f"{door}/acknowledge")
    pia("disputes", "investigate", case)
    sent = jo.upload("/v1/portal/documents?name=prices.pdf", PDF)
    jo.post(f"{door}/evidence", {"kind": "other", "sha256": sent["sha256"]})
    jo.post(f"{door}/comments", {"text": "The list of May holds"})
    pia("disputes", "propose", case)
    jo.post(f"{door}/proposals", {"terms": {"credit": "400.00", "pay": "87.90"}, "note": "Half of it was in the list"})
    assert "is accepted" in pia("disputes", "accept", case).out
    jo.post(f"{door}/credit-notes", {"number": "GS-31", "amount": "400.00", "on": TODAY.isoformat(), "sha256": sent["sha256"]})
    assert "is settled, 0.00 of" in pia("disputes", "settle", case, "release").out
    pia("disputes", "close", case, "--root-cause", "supplier_pricing")

    shown = pia("disputes", "show", case).out
    for words in ("= 0.00", "+ 400.00", "+ 87.90", "GS-31", "The list of May holds", "zebra"):
        assert words in shown, (words, shown)
    told = pia("replay", case).out
    assert told.index("raised") < told.index("countered") < told.index("settled") < told.index("closed")
    shared = str(jo.get(door))
    assert "GS-31" in shared
    assert "zebra" not in shared
    assert "supplier pricing" not in shared.replace("_", " ")
    assert "price variance" in pia("disputes", "figures", "--by", "reason").out.replace("_", " ")


def test_a_supplier_sees_its_own_cases_and_no_other_door(pia: Person, jo: Guest):
    own, foreign = raised(pia, "Own case", SUPPLIER, "RE-901"), raised(pia, "Foreign case", RIVAL, "RE-902")
    seen = until(lambda: [one for one in jo.get("/v1/portal/disputes")["items"] if one["id"] == own])
    assert seen
    assert foreign not in str(jo.get("/v1/portal/disputes"))
    for method, path, body in (("GET", "", None), ("POST", "/acknowledge", {}), ("POST", "/comments", {"text": "x"})):
        assert jo.refused(method, f"/v1/portal/disputes/{foreign}{path}", body) == 404
    assert jo.refused("GET", f"/v1/disputes/{own}") == 403
    assert jo.refused("POST", "/v1/keys", {"label": "mine"}) == 403


def test_what_nobody_answers_is_escalated_and_what_is_beyond_procurement_is_refused(pia: Person, hedi: Person):
    case = raised(pia, "Castings late", SUPPLIER, "RE-903")
    pia("disputes", "escalate", case, "1", "--note", "The line stands")
    assert "escalated to level 1" in pia("disputes", "show", case).out
    pia("disputes", "acknowledge", case)
    pia("disputes", "investigate", case)
    refused = pia("disputes", "write-off", case, "--reason", "uneconomic", code=Exit.REFUSED)
    assert "authority" in refused.err.lower() or "may" in refused.err.lower(), refused.err
    hedi("disputes", "write-off", case, "--reason", "uneconomic")
    assert "+ 487.90" in pia("disputes", "show", case).out
