"""The command: which groups, what it prints, how it exits."""

import io

import pytest
from rich.console import Console

from bench import __main__ as command
from bench.bars import BARS
from bench.table import Reading


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=200)


def test_a_group_gives_one_row_for_each_of_its_bars(monkeypatch, console):
    monkeypatch.setattr(command, "readings", lambda _group, _server: iter([Reading("demo", 12.0)]))
    assert [row.passed for row in command.of_group("demo", None, console)] == [True]


def test_a_group_that_fails_half_way_keeps_what_it_had_and_says_why(monkeypatch, console):
    def some(_group, _server):
        yield Reading("up.ready", 3.0)
        raise ConnectionError("the server went away")

    monkeypatch.setattr(command, "readings", some)
    rows = command.of_group("up", None, console)
    assert [row.passed for row in rows] == [True, False, False]
    assert "the server went away" in rows[1].note


def test_an_unknown_group_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["speed"])
    assert ended.value.code == 2
    assert "store" in capsys.readouterr().err


def test_the_list_names_every_bar(capsys):
    assert command.main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(BARS)
