"""An account manager's way from a first talk to a contract that is signed: the discount is agreed to, the paper signed by both."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.cli.outcomes import Exit
from tests.cli.conftest import Concord
from tests.cli.test_papers import visit
from tests.journeys.people import Person, hired, until

TODAY = datetime.now(UTC).date()
DEAL, BUYER = "Presses for hall 2", "Ostermann Werke AG"


def day(count: int) -> str:
    return (TODAY + timedelta(days=count)).isoformat()


def test_a_discount_is_agreed_to_a_paper_signed_and_the_contract_begun(concord: Concord, tmp_path: Path):
    mona = hired(concord, "Mona Berger", "sales_manager")
    ana = hired(concord, "Ana Souza", "account_manager")
    concord("teams", "form", "South", "--manager", "Mona Berger")
    concord("user", "team", "Ana Souza", "South")
    concord("user", "manager", "Ana Souza", "Mona Berger")
    concord("products", "add", "Press 400", "--price", "40000 EUR")

    ana("accounts", "open", BUYER, "--role", "customer", "--country", "de")
    ana("contacts", "add", "Ida Ostermann", "--account", BUYER, "--role", "Managing director", "--email", "ida@ostermann.example")
    line = "Press 400, 2, 40000 EUR, 15%"
    deal = ana("deals", "open", DEAL, "--account", BUYER, "--line", line, "--close-date", day(40), "--json").json["id"]
    assert ana("deals", "show", DEAL, "--json").json["item"]["amount"]["amount"] == "68000.00"

    offer = tmp_path / "offer.pdf"
    offer.write_bytes(b"%PDF-1.4\n%%EOF\n")
    said = ("need_stated=Hall 2 stands still", "economic_buyer_met=Ida Ostermann", "budget_named=70000 EUR")
    agreed = (f"proposal_received={offer}", f"decision_date_named={day(30)}", f"terms_agreed={offer}")
    evidence = tuple(word for one in (*said, *agreed) for word in ("--evidence", one))
    waiting = ana("deals", "advance", DEAL, "paper", *evidence, "--wait", "30", code=Exit.PENDING)
    assert "waits for approval" in waiting.out
    assert "asks Mona Berger" in ana("deals", "show", DEAL).out
    assert "own request" in ana("approvals", "approve", DEAL, code=Exit.REFUSED).err.replace("\n", " ")
    assert DEAL in mona("approvals", "list", "--mine").out
    mona("approvals", "approve", DEAL, "--note", "Fine for two")
    until(lambda: ana("deals", "show", DEAL, "--json").json["item"]["stage"] == "paper")

    number = signed_by_both(ana)
    ana("deals", "advance", DEAL, "won", "--paper", number, "--evidence", "signatory_named=Ida Ostermann", code=None)
    until(lambda: ana("deals", "show", DEAL, "--json").json["item"]["stage"] == "won")
    terms = ("--start", day(0), "--end", day(364), "--renews", "12 months", "--notice", "3 months")
    ana("contracts", "from-deal", DEAL, *terms)
    (contract,) = ana("contracts", "list", "--text", DEAL, "--json").json["items"]
    assert (contract["value"], contract["side"], contract["status"]) == ("68000.00", "sell", "draft")

    shows_what_was_known(ana, ana("replay", deal, "--raw", "--json").json[0]["position"])
    told = ana("replay", deal).out
    assert told.index("opened") < told.index("agreed") < told.index("won")


def signed_by_both(ana: Person) -> str:
    """The number of the quote, once it is sealed."""
    id = ana("papers", "prepare", DEAL, "--template", "quote", "--attention", "Ida Ostermann", "--json").json["id"]
    number: str = ana("papers", "show", id, "--json").json["item"]["number"]
    people = ("Ida Ostermann <ida@ostermann.example> for Ostermann Werke AG", "Ana Souza <ana.souza@example.com> for us")
    ana("papers", "send", number, *(word for one in people for word in ("--to", one)))
    for who in ("Ida Ostermann", "Ana Souza"):
        url = ana("papers", "link", number, "--for", who).out.strip()
        found = re.search(r"name=document value='([0-9a-f]{64})'", visit(url)[1])
        assert found is not None
        assert visit(f"{url}/sign", {"document": found[1], "typed_name": who, "consent": "yes"})[0] == 303
    until(lambda: ana("papers", "show", number, "--json").json["item"]["status"] == "completed")
    return number


def shows_what_was_known(ana: Person, then: int) -> None:
    """The forecast has it in closed now; as of the moment at which it was opened, in the pipeline."""

    def closed(*when: str) -> tuple[float, float]:
        (row,) = ana("forecast", "--text", DEAL, "--json", *when).json["rows"]
        return float(row["categories"]["closed"]["single"]), float(row["categories"]["pipeline"]["single"])

    assert closed() == (68000, 0)
    assert closed("--as-of", str(then)) == (0, 68000)
