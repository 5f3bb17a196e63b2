"""The help of every command: short, alike, in the users' words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from api.cli.app import app
from tests.cli.conftest import Concord


def _commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield words
    for name, command in getattr(group, "commands", {}).items():
        yield from _commands(command, (*words, name))


def _has_commands(words: tuple[str, ...]) -> bool:
    return any(other[: len(words)] == words for other in COMMANDS if other != words)


COMMANDS = list(_commands(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words) or "concord")
def test_every_help_is_short_and_speaks_of_values_by_their_names(words: tuple[str, ...]):
    told = Concord(Path("/nowhere"))(*words, "--help").out
    assert told.startswith("Usage: concord")
    assert len(told.splitlines()) <= (60 if words else 80)
    for line in told.splitlines():
        if line.startswith("  -"):
            assert not any(of_the_program in line for of_the_program in ("<str", "<int", "<float", "<list[str", "<list[Path", "<Path")), (
                line
            )


PROCESSES = {"up", "down", "api", "worker", "projector", "backup run"}
BACKUPS = {f"backup {name}" for name in ("create", "list", "verify", "prune", "keys")}
OF_ALL_TENANTS = {
    *PROCESSES,
    *BACKUPS,
    "status",
    "doctor",
    "migrate",
    "tenant create",
    "tenant list",
    "tenant export",
    "tenant import",
    "papers verify",
    "audit verify",
}


@pytest.mark.parametrize("words", [words for words in COMMANDS if not _has_commands(words)], ids=" ".join)
def test_every_command_has_examples_json_for_programs_and_a_tenant(words: tuple[str, ...]):
    told = Concord(Path("/nowhere"))(*words, "--help").out
    assert f"concord {words[0]}" in told.partition("Example")[2]
    assert ("--json" in told) == (" ".join(words) not in PROCESSES)
    assert ("--tenant" in told.partition("Options:")[2]) == (" ".join(words) not in OF_ALL_TENANTS)
