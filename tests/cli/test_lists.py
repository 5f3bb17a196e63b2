"""Lists: never cut in silence, gone through page by page, and with a next step where they are empty."""

from __future__ import annotations

import re

import pytest

from api.cli.outcomes import Exit
from tests.cli.conftest import Concord


@pytest.fixture(scope="module")
def many(concord: Concord) -> str:
    """A tenant with five of each thing that is listed, and a member who may see one account and what belongs to it; its name."""
    concord("tenant", "create", "many")
    concord("accounts", "open", "Root", "--tenant", "many")
    concord("user", "add", "ana@many.example", "--name", "Ana Souza", "--role", "account_manager", "--tenant", "many")
    for n in range(3):
        concord("accounts", "open", f"Branch {n}", "--tenant", "many")
    concord("accounts", "open", "Hers", "--owner", "Ana Souza", "--tenant", "many")
    for n in range(5):
        talk = ("--account", "Root", "--subject", f"Talk {n}", "--follow-up", f"2030-01-0{n + 1}, Promise {n}")
        concord("interactions", "log", "call", *talk, "--tenant", "many")
        concord("products", "add", f"Product {n}", "--tenant", "many")
        concord("teams", "form", f"Team {n}", "--tenant", "many")
        concord("rates", "record", "USD", "EUR", f"0.9{n + 1}", "--day", f"2026-03-0{n + 1}", "--tenant", "many")
        concord("contacts", "add", f"Person {n}", "--account", "Root", "--tenant", "many")
        concord(
            "deals", "open", f"Deal {n}", "--account", "Root", "--amount", "1 EUR", "--close-date", f"2030-01-0{n + 1}", "--tenant", "many"
        )
    return "many"


LISTS = [
    *((noun, "list") for noun in ("accounts", "contacts", "deals", "interactions", "followups", "products", "teams")),
    ("accounts", "timeline", "Root"),
    ("rates", "show", "USD", "EUR"),
]


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_a_list_that_is_cut_says_so_and_how_to_go_on(concord: Concord, many: str, words: tuple[str, ...]):
    whole = concord(*words, "--tenant", many, "--json").json["items"]
    assert len(whole) >= 5
    seen, after = [], None
    while True:
        page = concord(*words, "--tenant", many, "--limit", "2", "--json", *(["--after", after] if after else [])).json
        # of rates the newest come first, each page in order of days
        seen = page["items"] + seen if "rates" in words else seen + page["items"]
        after = page["next"]
        if after is None:
            break
    assert seen == whole
    cut = concord(*words, "--tenant", many, "--limit", "2").out
    told = re.search(
        r"2 (accounts|contacts|deals|interactions|follow-ups|products|teams|events|rates), and more: --all shows all, --limit so many"
        r"(, --after \S{1,40} goes on|; the `next` of --json goes on with --after)",
        cut,
    )
    assert told, cut
    every = concord(*words, "--tenant", many, "--limit", "2", "--all")
    assert "and more" not in every.out
    assert concord(*words, "--tenant", many, "--limit", "2", "--all", "--json").json["items"] == whole


def test_a_cursor_of_somebody_else_is_refused_in_a_sentence(concord: Concord, many: str):
    for noun in ("deals", "products"):
        assert "cursor" in concord(noun, "list", "--tenant", many, "--after", "no cursor!", code=Exit.USAGE).err
    assert "is no day" in concord("rates", "show", "USD", "EUR", "--tenant", many, "--after", "no cursor!", code=Exit.USAGE).err


@pytest.mark.parametrize(
    "words",
    [*((noun, "list") for noun in ("accounts", "contacts", "deals", "interactions", "followups")), ("deals", "board"), ("forecast",)],
)
def test_an_auditor_lists_what_a_member_could_see(concord: Concord, many: str, words: tuple[str, ...]):
    eyes = ("--tenant", many, "--as-seen-by", "Ana Souza")
    found = concord(*words, *eyes, "--json").json
    shown = found.get(
        "items", found.get("totals", [board for board in found.get("boards", ()) if any(c["count"] for c in board["columns"])])
    )
    assert [card["legal_name"] for card in shown] == (["Hers"] if "accounts" in words else [])
    assert "as Ana Souza could see it" in " ".join(concord(*words, *eyes).out.split())


def test_an_auditor_sees_one_thing_only_if_a_member_could(concord: Concord, many: str):
    eyes = ("--tenant", many, "--as-seen-by", "Ana Souza")
    assert "Hers" in concord("accounts", "show", "Hers", *eyes).out
    assert "Hers" in concord("accounts", "timeline", "Hers", *eyes).out
    for hidden in (
        ("accounts", "show", "Root"),
        ("accounts", "timeline", "Root"),
        ("contacts", "show", "Person 1"),
        ("replay", "Deal 1"),
        ("deals", "show", "Deal 1"),
    ):
        assert "could not see it" in concord(*hidden, *eyes, code=Exit.NOT_FOUND).err
    assert "Nothing awaits" in concord("today", *eyes).out
    concord("deals", "list", "--tenant", many, "--as-seen-by", "Nobody", code=Exit.NOT_FOUND)
    assert "--raw" in concord("replay", "Deal 1", "--raw", *eyes, code=Exit.USAGE).err


EMPTY = [
    (("deals", "list"), "concord deals open"),
    (("deals", "board"), "concord deals open"),
    (("accounts", "list"), "concord accounts open"),
    (("contacts", "list"), "concord contacts add"),
    (("import", "list"), "concord import FILES"),
    (("today",), "concord deals"),
    (("forecast",), "concord deals open"),
    (("forecast", "--by", "category"), "concord deals open"),
    (("interactions", "list"), "concord interactions log"),
    (("followups", "list"), "concord followups add"),
    (("products", "list"), "concord products add"),
    (("teams", "list"), "concord teams form"),
    (("rates", "show", "USD", "EUR"), "concord rates record"),
    (("approvals", "list"), "--status approved"),
    (("papers", "list"), "concord papers prepare"),
    (("contracts", "list"), "concord contracts create"),
    (("contracts", "calendar"), "concord contracts list"),
    (("contracts", "obligations"), "concord contracts owe"),
    (("disputes", "queue"), "concord disputes open"),
    (("disputes", "figures"), "concord disputes open"),
    (("suppliers", "list"), "concord accounts open"),
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
