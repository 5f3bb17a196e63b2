"""How commands end: the exit codes that the help tells, and one sentence where a server is not there, whichever command asks."""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli import outcomes, servers
from api.cli.outcomes import AWAY, MEANINGS, TEMPORAL_AWAY, Exit, foreseen
from domain.kernel import Refused
from infra.embedded.run_state import RunState
from tests.cli.conftest import ROOT, Concord

ON_THE_SERVERS = [
    ("projections", "status"),
    ("projections", "rebuild"),
    ("projections", "retry"),
    ("workflows", "status"),
    ("workflows", "reconcile"),
    ("tenant", "create", "acme"),
    ("tenant", "list"),
    ("user", "add", "ana@example.com", "--name", "Ana", "--role", "finance"),
    ("import", "list"),
    ("import", "undo", "last"),
    ("import", ".", "--yes"),
    ("demo",),
    ("migrate",),
    ("api",),
    ("worker",),
    ("projector",),
]
OVER_HTTP = [
    ("deals", "list"),
    ("deals", "board"),
    ("deals", "show", "x"),
    ("deals", "advance", "x", "won"),
    ("accounts", "list"),
    ("contacts", "list"),
    ("forecast",),
    ("today",),
    ("replay", "x"),
    ("user", "list"),
]


class Away(Concord):
    """A machine on which DATABASE_URL and TEMPORAL_ADDRESS name servers that are not there."""

    @property
    def environment(self) -> dict[str, str]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        return {
            **super().environment,
            "DATABASE_URL": f"postgresql://nobody:secret@127.0.0.1:{port}/concord",
            "TEMPORAL_ADDRESS": f"127.0.0.1:{port}",
            "CONCORD_API_KEY": "",
            "CONCORD_ADDRESS": "",
        }


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Away:
    monkeypatch.setattr(servers, "PATIENCE", 0.1)
    key = {"address": "http://127.0.0.1:9", "keys": {"default": "ck_x"}}
    (tmp_path / "operator.json").write_text(json.dumps(key))
    return Away(tmp_path)


@pytest.mark.parametrize("words", [*ON_THE_SERVERS, *OVER_HTTP], ids=" ".join)
def test_a_server_that_is_not_there_is_said_in_one_sentence(away: Away, words: tuple[str, ...]):
    # commands with a Temporal client end their process at once
    ended = away.apart(*words) if words[0] == "workflows" else away(*words, code=Exit.UNREACHABLE)
    assert ended.code == Exit.UNREACHABLE
    said = ended.err.strip()
    assert len(said.splitlines()) == 1, said
    assert said.endswith((".", "tells."))
    assert "answer" in said
    assert "secret" not in said
    assert ended.out == ""


def test_programs_are_told_in_json_that_a_server_is_not_there(away: Away):
    assert "No PostgreSQL answered" in away("projections", "status", "--json", code=Exit.UNREACHABLE).json["error"]


def test_nothing_below_the_home_is_said_with_what_to_do(tmp_path: Path):
    ended = Concord(tmp_path)("projections", "status", code=Exit.UNREACHABLE)
    assert "concord up" in ended.err


@pytest.mark.parametrize("words", [("workflows", "status"), ("workflows", "reconcile")])
def test_temporal_that_is_not_there_is_said_in_one_sentence(concord: Concord, words: tuple[str, ...]):
    ended = concord.apart(*words, TEMPORAL_ADDRESS="127.0.0.1:9")
    assert ended.code == Exit.UNREACHABLE, ended.out + ended.err
    assert ended.err.strip().splitlines() == ["Temporal does not answer: check TEMPORAL_ADDRESS and that it runs. Nothing is lost."]


def test_the_help_and_the_readme_tell_every_exit_code():
    told = Concord(Path("/nowhere"))("--help").out
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert set(MEANINGS) == set(Exit)
    for code, meaning in MEANINGS.items():
        assert f"{int(code):>3}  {meaning}" in told
        assert f"| {int(code)} | {meaning} |" in readme


WRONG = [
    ("deals", "list", "--limit", "0"),
    ("deals", "list", "--kind", "odd"),
    ("deals", "list", "--nonsense"),
    ("deals", "nonsense"),
    ("deals", "list", "--as-of", "31.3."),
    ("deals", "list", "--as-of", "9999-01-01"),
    ("deals", "list", "--period", "spring"),
    ("deals", "list", "--category", "odd"),
    ("deals", "open", "x", "--account", "acme", "--close-date", "soon", "--amount", "1 EUR"),
    ("deals", "open", "x", "--account", "acme", "--close-date", "2030-01-01", "--amount", "much"),
    ("deals", "open", "x", "--account", "acme", "--close-date", "2030-01-01"),
    ("accounts", "open", "x", "--role", "king"),
    ("accounts", "open", "x", "--country", "Germany"),
    ("contacts", "add", "x", "--account", "acme", "--email", "nobody"),
    ("user", "add", "not-an-email", "--name", "A", "--role", "finance"),
    ("user", "add", "a@b.example", "--name", "A", "--role", "king"),
    ("tenant", "create", "Not A Slug"),
    ("demo", "--size", "7"),
    ("import", "undo"),
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_what_cannot_be_understood_ends_with_2_and_says_how_to_write_it(concord: Concord, acme: str, words: tuple[str, ...]):
    said = concord(*words, code=Exit.USAGE).err
    assert said.strip()
    for raw in ("Input should", "String should", "pattern", "Value error", "validation error", "Traceback"):
        assert raw not in said


@pytest.fixture(scope="module")
def below(concord: Concord, acme: str) -> Concord:
    """With a product and a deal of one name."""
    concord("products", "add", "Below")
    concord("deals", "open", "Below", "--account", acme, "--amount", "1 EUR", "--close-date", "2030-01-01")
    return concord


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("deals", "probability", "Below", "-5"), "0 or more"),
        (("deals", "amount", "Below", "-5 EUR"), "zero or more"),
        (("products", "price", "Below", "-5 EUR"), "cannot be negative"),
        (("rates", "record", "USD", "EUR", "-1"), "above 0"),
        (("rates", "record", "USD", "EUR", "1", "--nonsense"), "No such option: --nonsense"),
        (("rates", "record", "USD", "EUR", "-1", "--nonsense"), "--nonsense"),
        (("demo", "--years", "-1"), "A history has"),
        (("settings", "set", "--fiscal-year-start", "-1"), "1 or more"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_a_number_below_zero_is_taken_for_a_number(below: Concord, words: tuple[str, ...], told: str):
    code = Exit.REFUSED if "amount" in words else Exit.USAGE
    assert told in " ".join(below(*words, code=code).err.split())


def test_each_kind_of_end_has_its_code(concord: Concord, acme: str):
    concord("deals", "list", code=Exit.DONE)
    concord("deals", "show", "no such deal at all", code=Exit.NOT_FOUND)
    concord("projections", "status", "--tenant", "nobody", code=Exit.NOT_FOUND)
    concord("projections", "rebuild", "nothing", code=Exit.NOT_FOUND)
    concord("deals", "open", "Old", "--account", acme, "--amount", "1 EUR", "--close-date", "2001-01-01", code=Exit.REFUSED)
    assert concord("status", code=Exit.DONE).out


def test_a_move_that_has_not_settled_in_time_ends_with_6(concord: Concord, acme: str):
    concord("deals", "open", "Slow", "--account", acme, "--amount", "1 EUR", "--close-date", "2030-01-01")
    state = RunState.read(concord.home / "state.json")
    assert state is not None
    worker = state.children["worker"]
    worker.signal(signal.SIGSTOP)
    try:
        ended = concord("deals", "advance", "Slow", "lost", "--reason", "price", "--wait", "1", code=Exit.PENDING)
    finally:
        worker.signal(signal.SIGCONT)
    assert "on its way" in ended.out


def test_every_end_of_the_layers_below_is_known_by_its_real_name():
    for name in AWAY | TEMPORAL_AWAY:
        module, _, kind = name.rpartition(".")
        assert issubclass(getattr(importlib.import_module(module), kind), Exception)
    assert foreseen(Refused("Do the other thing.", thing=1)).code == Exit.REFUSED  # type: ignore[union-attr]


def test_what_nobody_foresaw_is_a_sentence_and_the_trace_only_for_who_asks(monkeypatch: pytest.MonkeyPatch):
    @outcomes.told
    def broken() -> None:
        raise RuntimeError("gone\nwrong")

    with pytest.raises(SystemExit) as ended:
        broken()
    assert ended.value.code == Exit.FAILED
    monkeypatch.setenv("CONCORD_LOG_LEVEL", "debug")
    with pytest.raises(RuntimeError):
        broken()


PRINTED = """
import sys
from api.cli.outcomes import out, say_json, told

@told
def lists():
    for number in range(20_000):
        {each}
    {last}

lists()
"""


@pytest.mark.parametrize("last", ["pass", "sys.exit(3)", "out.print('end')"])
@pytest.mark.parametrize("each", ["out.print(f'row {number}')", "say_json(number)", "pass"])
def test_a_reader_who_has_seen_enough_ends_a_command_quietly(each: str, last: str):
    reading, writing = os.pipe()
    os.close(reading)
    code = PRINTED.format(each=each, last="say_json(1); " + last)
    ended = subprocess.run([sys.executable, "-c", code], stdout=writing, stderr=subprocess.PIPE, timeout=120, check=False, cwd=ROOT)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (Exit.DONE, b"")


def test_a_command_that_fails_says_so_though_nobody_reads_its_output(away: Away):
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "api.cli", "accounts", "list"]
    ended = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, env=away.environment, timeout=120, check=False, cwd=ROOT)
    os.close(writing)
    assert ended.returncode == Exit.UNREACHABLE
    assert b"answer" in ended.stderr
