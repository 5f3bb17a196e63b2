"""The README's walk-through for auditors, command by command as it stands there, on a small demo of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Concord
from tests.journeys.people import until

HEADING, SLUG = "### Auditor: ten minutes, trusting nobody", "walked"
ROLES = {"carolin.jessen@veltrona.example": "auditor", "svenja.lohmann@veltrona.example": "account manager"}
"""Whose sign-ins of the whole demo the README names; a smaller one has other people."""


def commands() -> Iterator[tuple[str, str]]:
    """Each command of the walk-through, with its comment."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition(HEADING)[2].partition("\n### ")[0]
    for line in section.splitlines():
        if line.startswith("    ") and not line.strip().startswith("#"):
            command, _, comment = line.strip().partition("  #")
            yield command.strip(), comment.strip()


def here(command: str, sign_ins: dict[str, dict[str, str]]) -> str:
    """The command for this demo, without a terminal to type a password at, and without a package registry."""
    if command.startswith((". .venv", "export CONCORD_TENANT")):
        return ":"
    for mail, role in ROLES.items():
        name, password = sign_ins[role]["name"], sign_ins[role]["password"]
        command = command.replace(f"key create {mail}", f"key create {name} <<< '{password}'").replace(mail, name.replace(f"+{SLUG}", ""))
    command = command.replace("-m venv", "-m venv --without-pip")
    if "pip install" in command:
        found = [Path(spec.origin) for spec in map(importlib.util.find_spec, ("cryptography", "_cffi_backend")) if spec and spec.origin]
        places = " ".join(shlex.quote(str(file.parent if file.stem == "__init__" else file)) for file in found)
        return f"ln -s {places} $mine/alone/lib/python*/site-packages/"
    return command


class Shell:
    """One bash, in which what a command defines is there for those after it."""

    def __init__(self, environment: dict[str, str]) -> None:
        pipe = subprocess.PIPE
        self._bash = subprocess.Popen(
            ["bash"], stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, env=environment, cwd=ROOT, text=True, encoding="utf-8"
        )

    def __call__(self, command: str) -> tuple[int, str]:
        """The exit code, and all that was said, in one line."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{{ {command}\n}} < /dev/null\nprintf '\\nended with %d\\n' $?\n")
        self._bash.stdin.flush()
        said: list[str] = []
        for line in self._bash.stdout:
            if ended := re.fullmatch(r"ended with (\d+)\n", line):
                return int(ended[1]), " ".join(" ".join(said).split())
            said.append(line)
        raise AssertionError(f"the shell ended at {command}: {said}")

    def end(self) -> None:
        assert self._bash.stdin is not None
        self._bash.stdin.close()
        self._bash.wait(60)
        if self._bash.stdout is not None:
            self._bash.stdout.close()


@pytest.fixture(scope="module")
def sign_ins(concord: Concord) -> dict[str, dict[str, str]]:
    """The demo's, by role."""
    concord("demo", "--size", "10", "--years", "1", "--tenant", SLUG)
    found = json.loads((concord.home / "demo.json").read_text())["sign_ins"]
    return {one["role"]: one for one in found if one["tenant"] == SLUG}


@pytest.fixture
def shell(concord: Concord, tmp_path: Path) -> Iterator[Shell]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    made = Shell({**concord.environment, "CONCORD_TENANT": SLUG, "COLUMNS": "200", "TMPDIR": str(tmp_path), "PATH": path})
    yield made
    made.end()


@pytest.mark.timeout(3600)  # half a hundred processes, one after the other, on a machine however slow
def test_each_command_of_the_walk_through_ends_and_answers_as_the_readme_says(shell: Shell, sign_ins: dict[str, dict[str, str]]):
    shell('concord() { python -m api.cli "$@"; }')
    steps = list(commands())
    assert len(steps) > 30
    for step, comment in steps:
        command = here(step, sign_ins)
        told = re.search(r"ends with (\d)", comment)
        wanted, words = int(told[1]) if told else 0, re.findall("“([^”]+)”", comment)
        if "within" in comment:
            until(lambda asked=command, words=words: all(word in shell(asked)[1] for word in words))
        code, said = shell(command)
        assert code == wanted, (step, said)
        assert [word for word in words if word not in said] == [], (step, said)
