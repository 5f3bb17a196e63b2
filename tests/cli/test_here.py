"""Commands on this machine's own files act as its operator: they say so, and refuse to run where somebody's key is set."""

from __future__ import annotations

import inspect
from contextlib import closing
from pathlib import Path
from types import CodeType
from typing import Any
from uuid import uuid4

import pytest
import typer.main

from api.cli.app import app
from api.cli.here import TOLD
from api.cli.outcomes import Exit
from infra.keys import Keys
from infra.root_key import id_of
from tests.cli.conftest import Concord

SERVERS = {"up", "down", "status", "api", "worker", "projector"}
"""What runs Concord acts for nobody."""
NOT_ALWAYS = {"papers authority", "key create", "import", "import list", "import undo"}
"""What works over HTTP, or with files only where an option says so, which then refuses by itself."""
LOCAL = {"reached", "from_environment", "_opened", "_at_work", "_each_tenant", "_take_over", "_here"}
"""Names by which a command comes to this machine's files."""
WORDS = {
    "keys rotate": ["--root"],
    "tenant export": ["acme", "--out", "x"],
    "audit verify-log": [],
    "backup create": ["--to", "/nowhere"],
    "restore": ["--from", "/nowhere"],
    "doctor": [],
    "proofs restart": ["--yes"],
    "user add": ["a@b.example", "--name", "A", "--role", "auditor"],
}


def _leaves(group: Any, words: tuple[str, ...] = ()) -> dict[str, Any]:
    inner = getattr(group, "commands", {})
    return {key: leaf for name, one in inner.items() for key, leaf in _leaves(one, (*words, name)).items()} or {" ".join(words): group}


COMMANDS = _leaves(typer.main.get_command(app))
MARKED = {name for name, command in COMMANDS.items() if getattr(command.callback, "of_this_machine", False)}


def _names(code: CodeType) -> set[str]:
    inner = (one for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names) | set(code.co_freevars) | {name for one in inner for name in _names(one)}


def test_every_command_on_this_machines_files_is_marked_and_no_other():
    here = {name for name, command in COMMANDS.items() if _names(inspect.unwrap(command.callback).__code__) & LOCAL}
    assert here - SERVERS - NOT_ALWAYS == MARKED
    assert set(WORDS) <= MARKED


@pytest.mark.parametrize("name", sorted(MARKED))
def test_its_help_says_that_it_works_as_the_operator(name: str):
    told = " ".join(Concord(Path("/nowhere"))(*name.split(), "--help").out.split())
    assert TOLD in told


def test_the_help_of_others_does_not(monkeypatch: pytest.MonkeyPatch):
    assert TOLD not in " ".join(Concord(Path("/nowhere"))("proofs", "rotate", "--help").out.split())


@pytest.mark.parametrize("name", sorted(WORDS))
def test_with_somebodys_key_it_refuses_and_says_what_to_do(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("CONCORD_API_KEY", "ck_of_ana")
    said = Concord(tmp_path)(*name.split(), *WORDS[name], code=Exit.REFUSED).err
    assert "as its operator, not with anybody's key: unset CONCORD_API_KEY" in said
    assert list(tmp_path.iterdir()) == []


def test_without_a_key_or_with_an_empty_one_it_begins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("CONCORD_API_KEY", "")
    assert "No keys are kept for a tenant acme" in Concord(tmp_path)("keys", "rotate", "--tenant", "acme", code=Exit.NOT_FOUND).err


def test_keys_are_rotated_while_the_database_is_away_and_the_log_says_so_later(tmp_path: Path):
    with closing(Keys.open(tmp_path / "keys.db", tmp_path / "root.key")) as keys:
        keys.obtain("acme", [uuid4()])
        first = keys._root.read()
        said = Concord(tmp_path)("keys", "rotate", "--root").out
        assert "1 tenant key is under it" in said
        assert "the log will say so once Concord is started" in said
        [untold] = keys.untold("acme")
        assert (untold.kind, untold.key) == ("root", id_of(keys._root.read()))
        assert keys._root.read() != first
        keys.told(untold)
        assert keys.untold("acme") == []
