"""Lists: never cut in silence, gone through page by page, and with a next step where they are empty."""

from __future__ import annotations

import re

import pytest

from api.cli.outcomes import Exit
from tests.cli.conftest import Concord


@pytest.fixture(scope="module")
def many(concord: Concord) -> str:
    """A tenant with five accounts, contacts and deals; its name."""
    concord("tenant", "create", "many")
    concord("accounts", "open", "Root", "--tenant", "many")
    for n in range(4):
        concord("accounts", "open", f"Branch {n}", "--tenant", "many")
    for n in range(5):
        concord("contacts", "add", f"Person {n}", "--account", "Root", "--tenant", "many")
        concord(
            "deals", "open", f"Deal {n}", "--account", "Root", "--amount", "1 EUR", "--close-date", f"2030-01-0{n + 1}", "--tenant", "many"
        )
    return "many"


LISTS = [("accounts", "list"), ("contacts", "list"), ("deals", "list"), ("accounts", "timeline", "Root")]


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_a_list_that_is_cut_says_so_and_how_to_go_on(concord: Concord, many: str, words: tuple[str, ...]):
    whole = concord(*words, "--tenant", many, "--json").json["items"]
    assert len(whole) >= 5
    seen, after = [], None
    while True:
        page = concord(*words, "--tenant", many, "--limit", "2", "--json", *(["--after", after] if after else [])).json
        seen += page["items"]
        after = page["next"]
        if after is None:
            break
    assert seen == whole
    cut = concord(*words, "--tenant", many, "--limit", "2").out
    told = re.search(r"2 (accounts|contacts|deals|events), and more: --all shows all, --limit so many, --after (\S+) goes on", cut)
    assert told, cut
    assert concord(*words, "--tenant", many, "--limit", "2", "--after", told[2]).out
    every = concord(*words, "--tenant", many, "--limit", "2", "--all")
    assert "and more" not in every.out
    assert concord(*words, "--tenant", many, "--limit", "2", "--all", "--json").json["items"] == whole


def test_a_cursor_of_somebody_else_is_refused_in_a_sentence(concord: Concord, many: str):
    assert "cursor" in concord("deals", "list", "--tenant", many, "--after", "no cursor!", code=Exit.USAGE).err


EMPTY = [
    (("deals", "list"), "concord deals open"),
    (("deals", "board"), "concord deals open"),
    (("accounts", "list"), "concord accounts open"),
    (("contacts", "list"), "concord contacts add"),
    (("import", "list"), "concord import FILES"),
    (("today",), "concord deals"),
]


@pytest.mark.parametrize(("words", "next_step"), EMPTY, ids=lambda w: " ".join(w) if isinstance(w, tuple) else "")
def test_an_empty_tenant_says_what_to_do_next(concord: Concord, words: tuple[str, ...], next_step: str):
    if "bare" not in concord("tenant", "list").out:
        concord("tenant", "create", "bare")
    assert next_step in " ".join(concord(*words, "--tenant", "bare").out.split())


def test_an_account_of_whom_nothing_is_known_says_what_to_do_next(concord: Concord, many: str):
    shown = " ".join(concord("accounts", "show", "Branch 1", "--tenant", many).out.split())
    assert "concord contacts add" in shown
    assert "concord deals open" in shown
