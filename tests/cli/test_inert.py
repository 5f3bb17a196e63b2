"""Text of others at a terminal: nothing that somebody typed or imported may act there."""

from __future__ import annotations

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from api.cli.formats import plain
from api.inert import inert, inert_json, one_line
from api.terminal import Terminal
from tests.cli.conftest import Concord

EVIL = "GTX \x1b]0;owned\x07\x1b[2J\x9b31m \u202egpj.exe\r\b [red]x[/] [/nothing]"
ACTIVE = set("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _active(text: str) -> set[str]:
    return {c for c in text if (unicodedata.category(c) in {"Cc", "Cs"} and c not in "\t\n") or c in ACTIVE}


@given(st.text())
def test_no_text_stays_active(text: str):
    assert not _active(inert(text))
    assert len(one_line(text).splitlines()) <= 1
    if not _active(text):
        assert inert(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_for_programs_means_the_same(text: str):
    document = json.dumps({"title": text}, ensure_ascii=False)
    assert json.loads(inert_json(document)) == {"title": text}
    assert not _active(inert_json(document))


@given(st.text())
def test_whatever_is_printed_in_whichever_way_nothing_acts(text: str):
    file = io.StringIO()
    terminal = Terminal(file=file, width=80)
    cells = Table("a", "b", box=None)
    cells.add_row(plain(text), Text(text))
    for what in (cells, plain(text), Text(text)):
        terminal.print(what)
    terminal.print(text, markup=False, soft_wrap=True)
    terminal.print(text, markup=False, style="red")
    assert not _active(file.getvalue())


def test_colours_of_our_own_are_drawn_and_columns_are_as_wide_as_what_they_show():
    file = io.StringIO()
    terminal = Terminal(file=file, width=80, force_terminal=True, color_system="standard")
    cells = Table("title", "days", box=None)
    cells.add_row(plain("\x1b[2J"), "[red]7[/]")
    cells.add_row("eight888", "12")
    terminal.print(cells)
    assert "\x1b[31m7" in file.getvalue()
    shown = [line.split("\x1b[31m")[0].rstrip() for line in file.getvalue().splitlines()]
    assert "\\x1b[2J" in shown[1]
    assert shown[2].index("12") == file.getvalue().splitlines()[1].replace("\x1b[31m", "").index("7")


@pytest.mark.parametrize(
    "words",
    [("deals", "list"), ("deals", "board"), ("deals", "show", "owned"), ("replay", "owned"), ("deals", "list", "--json"), ("today",)],
)
def test_a_title_that_would_repaint_the_screen_is_shown_as_it_is(concord: Concord, acme: str, words: tuple[str, ...]):
    if "owned" not in concord("deals", "list", "--text", "owned", "--json").out:
        concord("deals", "open", EVIL + "\nsecond line", "--account", acme, "--amount", "1 EUR", "--close-date", "2030-01-01")
    shown = concord(*words).out
    assert not _active(shown)
    if words != ("today",):
        assert "\\u001b]0;owned" in shown or "\\x1b]0;owned" in shown or "x1b" in shown


def test_an_error_stays_one_line_and_inert(concord: Concord, acme: str):
    missing = concord("deals", "show", EVIL + "\nConcord has stopped.", code=3).err
    assert not _active(missing)
    assert "\nConcord has stopped" not in missing
