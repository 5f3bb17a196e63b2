"""Every list at a narrow terminal: no line wider than it, no amount, day or id cut, and what is dropped is dropped whole."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from api.cli.outcomes import out
from api.terminal import Terminal
from tests.cli.conftest import Concord

TENANT = ("--tenant", "narrow")
LONG = "A title that is far too long for the line that it is to be shown on in any terminal"


@pytest.fixture(scope="module")
def narrow(concord: Concord) -> None:
    """A tenant with one of each thing that is listed, with long names and large amounts."""

    def do(*words: str) -> Any:
        return concord(*words, *TENANT)

    concord("tenant", "create", TENANT[1])
    supplier, buyer = "Kolbe Steckverbinder und Kabelkonfektion GmbH & Co. KG", "Acme Werkzeuge und Maschinenbau GmbH"
    do("accounts", "open", supplier, "--role", "supplier", "--country", "de")
    do("accounts", "open", buyer, "--role", "customer", "--domain", "acme.example", "--country", "de")
    do("contacts", "add", "Maximiliane Mustermann-Weber", "--account", buyer, "--email", "maximiliane@acme.example")
    do("deals", "open", f"Sensors. {LONG}", "--account", buyer, "--amount", "1234567.89 EUR", "--close-date", "2039-01-31")
    do("interactions", "log", "call", "--account", buyer, "--subject", LONG, "--follow-up", f"2030-01-01, {LONG}")
    do("products", "add", LONG)
    line = ("--line", "RE-2026-117-of-a-long-number, 10, 1234567.89 EUR, 234567.90", "--evidence", "order=PO-4711")
    do("disputes", "open", f"Housings. {LONG}", "--supplier", supplier, "--reason", "price_variance", *line)
    term = ("--side", "buy", "--start", "2026-01-01", "--end", "2039-12-31", "--renews", "12 months", "--notice", "3 months")
    signed = ("--value", "1234567.89 EUR", "--paper", f"contract.pdf#{'0' * 64}", "--signed-on", "2025-12-01")
    do("contracts", "register", f"Cleaning. {LONG}", "--with", supplier, *term, *signed)
    do("contracts", "owe", "Cleaning", "Quarterly report of everything", "--by", "them", "--on", "2039-03-31", "--proven-by", "document")
    do("papers", "prepare", "Sensors", "--template", "quote")
    do("suppliers", "qualify", supplier, "connectors", "europe", "--until", "2039-12-31")


LISTS = [
    *(
        (noun, "list")
        for noun in ("accounts", "contacts", "deals", "interactions", "followups", "products", "suppliers", "papers", "contracts")
    ),
    *(("disputes", words) for words in ("queue", "list", "figures")),
    *(("contracts", words) for words in ("calendar", "obligations")),
    ("deals", "board"),
    ("today",),
    ("disputes", "show", "Housings"),
    ("contracts", "show", "Cleaning"),
    ("suppliers", "show", "Kolbe"),
    ("approvals", "policy"),
    ("workflows", "status"),
]
NUMBER = re.compile(r"[0-9][0-9,]*[.][0-9]{2}(?= EUR)")


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("width", [80, 60])
@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_a_list_fits_and_cuts_no_number(concord: Concord, words: tuple[str, ...], width: int, monkeypatch: pytest.MonkeyPatch):
    if words == ("workflows", "status"):
        said = concord.apart(*words, *TENANT, COLUMNS=str(width))
        assert said.code == 0, said.err
    else:
        monkeypatch.setitem(vars(out), "console", Terminal(width=width))
        said = concord(*words, *TENANT)
    assert max(map(len, said.out.splitlines())) <= width
    assert "…" not in said.out
    for found in re.findall(r"[0-9][0-9,.]* EUR", said.out):
        assert NUMBER.match(found), f"{found} has lost its cents:\n{said.out}"
    if words in {("deals", "list"), ("disputes", "queue"), ("contracts", "list"), ("suppliers", "list"), ("deals", "board")}:
        amounts = {"disputes": "1,469,135.79 EUR", "suppliers": "1,469,135.79 EUR"}
        assert amounts.get(words[0], "1,234,567.89 EUR") in said.out
    if words[-1] == "list":
        [one] = json.loads(concord(*words, *TENANT, "--json").out)["items"][:1]
        assert one["id"][-8:] in said.out or words[0] in {"papers", "followups"}
