"""Tables at every width: what is whole is never cut, and nothing is wider than the terminal."""

from __future__ import annotations

import io

from hypothesis import given, settings
from hypothesis import strategies as st

from api.cli.fitting import drawn_alike
from api.cli.formats import facts, table
from api.terminal import Terminal

TITLES = st.text("abcdefgh ", min_size=1, max_size=60)
AMOUNTS = st.decimals(0, 10**14, places=2).map(lambda value: f"{value:,} EUR")


def drawn(what: object, width: int) -> list[str]:
    """The lines at a terminal so wide."""
    file = io.StringIO()
    Terminal(file=file, width=width).print(what)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def _list(rows: list[tuple[str, str, str]]):
    made = table("id", "what", "with", "open", "paid", right=("open", "paid"), whole=("id",), spare=("with", "paid"))
    for number, (title, value, paid) in enumerate(rows):
        made.add_row(f"{number:08d}", title, f"with {title}", value, paid)
    return made


@settings(max_examples=30)
@given(st.lists(st.tuples(TITLES, AMOUNTS, AMOUNTS), min_size=1, max_size=8), st.sampled_from([40, 60, 80, 120]))
def test_no_number_is_cut_and_no_line_is_wider_than_the_terminal(rows: list[tuple[str, str, str]], width: int):
    lines = drawn(_list(rows), width)
    assert max(map(len, lines)) <= width
    for number, (title, value, _) in enumerate(rows):
        assert any(f"{number:08d}" in line for line in lines)
        assert any(value in line for line in lines), (value, lines)
        letters = "".join(title.split())
        assert all(letter in "".join(lines) for letter in letters)


ROW = [("Housings dearer than agreed", "1,234,567.89 EUR", "7,654,321.10 EUR")]


def test_columns_go_in_their_order_and_whole():
    assert drawn(_list(ROW), 120)[0].split() == ["id", "what", "with", "open", "paid"]
    assert drawn(_list(ROW), 68)[0].split() == ["id", "what", "open", "paid"]
    assert drawn(_list(ROW), 42)[0].split() == ["id", "what", "open"]


def test_where_nothing_else_can_go_each_row_is_told_as_lines_with_all_of_it():
    lines = drawn(_list(ROW * 2), 30)
    assert lines[:2] == ["id    00000000", "what  Housings dearer than"]
    assert sum("7,654,321.10 EUR" in line for line in lines) == 2
    assert lines.count("") == 1


def test_what_nobody_has_takes_no_room_unless_it_always_stays():
    made = table("id", "notes", "until", spare=("notes",))
    made.add_row("1", "", "")
    assert drawn(made, 80)[0] == "id  until"


def test_tables_that_are_drawn_alike_have_the_same_columns():
    short, long = _list([("a", "1.00 EUR", "")]), _list([("a longer title", "1,000,000.00 EUR", "")])
    drawn_alike([short, long])
    assert drawn(short, 80)[0] == drawn(long, 80)[0]


def test_what_is_said_of_one_thing_is_wrapped_beside_its_name():
    lines = drawn(facts([("reason", "word " * 30), ("open", "1.00 EUR")]), 40)
    assert all(line.startswith("        word") for line in lines[1:-1])
    assert lines[-1] == "open    1.00 EUR"


def test_whatever_stands_in_a_cell_is_made_harmless_before_it_is_measured():
    made = table("what", "open", right=("open",))
    made.add_row("\x1b[2J", "1.00")
    assert drawn(made, 80)[1] == "\\x1b\\[2J  1.00".replace("\\[", "[")
