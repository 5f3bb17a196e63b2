"""A lawyer's way with a contract: asked by the policy, sent back with a comment, agreed to, signed by a sealed paper, amended, ended."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.cli.outcomes import Exit
from tests.cli.conftest import Concord
from tests.cli.test_papers import visit
from tests.journeys.people import Person, hired, until

TODAY = datetime.now(UTC).date()
TITLE, SUPPLIER = "Cleaning of hall 2", "Sauber KG"
CHANGE = "One hall more"


def day(count: int) -> str:
    return (TODAY + timedelta(days=count)).isoformat()


@pytest.fixture(scope="module")
def pia(concord: Concord) -> Person:
    concord("accounts", "open", SUPPLIER, "--role", "supplier", "--country", "de")
    return hired(concord, "Pia Buyer", "procurement")


@pytest.fixture(scope="module")
def lea(concord: Concord) -> Person:
    return hired(concord, "Lea Legal", "legal")


@pytest.fixture(scope="module")
def fia(concord: Concord) -> Person:
    return hired(concord, "Fia Figures", "finance")


def test_a_contract_is_sent_back_agreed_to_signed_amended_and_ended(pia: Person, lea: Person, fia: Person, tmp_path: Path):
    terms = ("--start", day(0), "--end", day(364), "--value", "600000 EUR", "--renews", "12 months", "--notice", "3 months")
    pia("contracts", "create", TITLE, "--with", SUPPLIER, "--side", "buy", *terms)
    pia("contracts", "submit", TITLE)
    for person in (lea, fia):
        until(lambda asked=person: TITLE in " ".join(asked("approvals", "list", "--mine").out.split()))
    shown = " ".join(pia("contracts", "show", TITLE).out.split())
    assert "Lea Legal" in shown
    assert "Fia Figures" in shown
    assert pia("contracts", "approve", TITLE, code=Exit.REFUSED).err
    assert pia("contracts", "revise", TITLE, "--value", "1 EUR", code=Exit.REFUSED).err

    lea("approvals", "reject", TITLE, "--note", "Who keeps the keys?")
    until(lambda: status(pia) == "draft")
    assert "Who keeps the keys?" in pia("replay", TITLE).out
    pia("contracts", "revise", TITLE, "--clause", "keys=Keys are returned on the last day.")
    pia("contracts", "submit", TITLE)
    agreed_by(TITLE, lea, fia)
    until(lambda: status(pia) == "approved")

    sealed = signed_by_all(pia, lea, "contract", tmp_path)
    until(lambda: status(pia) == "active")
    contract = pia("contracts", "show", TITLE, "--json").json["item"]
    assert sealed in contract["paper"]["reference"]
    assert contract["signed_on"] == day(0)

    amended(pia, lea, fia, tmp_path)
    assert day(364) in pia("contracts", "notice", TITLE, "--how", "registered letter").out
    assert day(364) in pia("contracts", "calendar", "--kind", "end").out
    told = pia("replay", TITLE).out
    assert told.index("drafted") < told.index("Who keeps the keys?") < told.index(CHANGE) < told.index("gave notice")


def status(person: Person) -> str:
    found: str = person("contracts", "show", TITLE, "--json").json["item"]["status"]
    return found


def agreed_by(title: str, *people: Person) -> None:
    for person in people:
        until(lambda asked=person: title in str(asked("approvals", "list", "--mine", "--json").json["items"]))
        person("approvals", "approve", title, "--note", "As discussed")


def signed_by_all(pia: Person, lea: Person, template: str, folder: Path) -> str:
    """The number of the paper, once it is sealed and found unaltered; other eyes reviewed it first."""
    id = pia("papers", "prepare", TITLE, "--template", template, "--json").json["id"]
    number: str = pia("papers", "show", id, "--json").json["item"]["number"]
    pia("papers", "review", number, "ask")
    pia("papers", "review", number, "allow", code=Exit.REFUSED)
    lea("papers", "review", number, "allow")
    people = ("Sam Sauber <sam@sauber.example> for Sauber KG", "Pia Buyer <pia.buyer@example.com> for us")
    pia("papers", "send", number, *(word for one in people for word in ("--to", one)))
    for who in ("Sam Sauber", "Pia Buyer"):
        url = pia("papers", "link", number, "--for", who).out.strip()
        found = re.search(r"name=document value='([0-9a-f]{64})'", visit(url)[1])
        assert found is not None
        assert visit(f"{url}/sign", {"document": found[1], "typed_name": who, "consent": "yes"})[0] == 303
    until(lambda: pia("papers", "show", number, "--json").json["item"]["status"] == "completed")
    file = folder / f"{number}.pdf"
    pia("papers", "download", number, "--to", str(file))
    assert pia("papers", "verify", str(file), "--json").json["unaltered"]
    return number


def amended(pia: Person, lea: Person, fia: Person, folder: Path) -> None:
    """Terms are told by day: what was agreed first, and from the amendment's day on the other."""
    pia("contracts", "amend", TITLE, CHANGE, "--from", day(30), "--value", "720000 EUR")
    agreed_by(CHANGE, lea, fia)
    until(lambda: pia("contracts", "show", TITLE, "--json").json["item"]["amendments"][0]["status"] == "approved")
    paper = folder / "amendment.pdf"
    paper.write_bytes(b"%PDF-1.4\n%%EOF\n")
    pia("contracts", "amendment", TITLE, CHANGE, "--sign", "--paper", str(paper))
    assert "600,000.00" in pia("contracts", "show", TITLE, "--on", day(29)).out
    assert "720,000.00" in pia("contracts", "show", TITLE, "--on", day(30)).out
