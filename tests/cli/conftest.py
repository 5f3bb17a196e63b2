"""Concord whole, brought up once for these tests as a user does it, and its command line in this process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
import typer.testing
from typer.testing import CliRunner

from api.cli.app import app

ROOT = Path(__file__).parents[2]
# a process makes its commands once: so does this one, for whom the runner would make them for each call, in a quarter of a second
pytest.MonkeyPatch().setattr(typer.testing, "_get_command", cache(typer.main.get_command))


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Concord:
    """The command line, on what runs below `home`."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONCORD_", "DATABASE_", "TEMPORAL_"))}
        return {**kept, "CONCORD_HOME": str(self.home), "PYTHONPATH": str(ROOT), "COLUMNS": "120", "NO_COLOR": "1"}

    def __call__(self, *words: str, code: int | None = 0, typed: str | None = None) -> Ended:
        """Run a command in this process; fails the test where it ends otherwise than expected (`code` None: however it ends)."""
        found = CliRunner().invoke(app, list(words), env=self.environment, input=typed)
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        assert code is None or found.exit_code == code, (
            f"concord {' '.join(words)} ended with {found.exit_code}:\n{found.stdout}\n{found.stderr}"
        )
        return Ended(found.exit_code, found.stdout, found.stderr)

    def apart(self, *words: str, **environment: str) -> Ended:
        """Run a command in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "api.cli", *words],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            cwd=ROOT,
        )
        return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def concord() -> Iterator[Concord]:
    folder = Path(tempfile.mkdtemp(prefix="concord-cli-"))
    folder.chmod(0o755)
    made = Concord(folder / "home")
    try:
        up = made.apart("up", "--detach")
        assert up.code == 0, up.out + up.err
        yield made
    finally:
        made.apart("down")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def acme(concord: Concord) -> str:
    """An account with a person; its name."""
    concord("accounts", "open", "Acme Werkzeuge GmbH", "--role", "customer", "--domain", "acme.example", "--country", "de")
    concord("contacts", "add", "Jo Weber", "--account", "Acme", "--role", "Head of procurement", "--email", "jo@acme.example")
    return "Acme Werkzeuge GmbH"
