"""Whatever tells people to give a command, be it a refusal, a notice or the documentation, names one that there is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from api.cli.app import app

ROOT = Path(__file__).parents[2]
LAYERS = ("domain", "infra", "projections", "workflows", "api")
PAGES = ("README.md", *(str(page.relative_to(ROOT)) for page in sorted((ROOT / "docs").rglob("*.md"))))
_WORD = r"[a-z0-9][a-z0-9-]*(?![\w/-]|\.\w)"
NAMED = re.compile(rf"(?<![\w/.-])concord(?P<words>(?: {_WORD})+)(?P<others>(?: \| {_WORD})*)")
TREE: Any = typer.main.get_command(app)
ALSO = {"concord append", "concord at a terminal", "concord listen", "concord migrator", "concord rebuild", "concord subscription"}
"""Names of connections to the database, and of a key: no commands."""


def unknown(words: list[str]) -> str | None:
    """The first of the words that is no command where it stands; None where they lead to one, or to what one takes."""
    at: Any = TREE
    for word in words:
        found = getattr(at, "commands", {}).get(word)
        if found is None:
            return word if hasattr(at, "commands") else None
        at = found
    return None


def wrong(text: str) -> Iterator[str]:
    """The commands named in a text that are none."""
    for named in NAMED.finditer(" ".join(text.split())):
        words = named["words"].split()
        for other in (words, *([*words[:-1], other] for other in re.findall(r"[a-z0-9-]+", named["others"]))):
            if unknown(other) is not None:
                yield f"concord {' '.join(other)}"


def texts(path: Path) -> Iterator[str]:
    """Every text in a module, also what stands between the values of one that is put together."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "VALUE" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("layer", LAYERS)
def test_every_command_that_a_sentence_names_is_one(layer: str):
    found = {
        (str(path.relative_to(ROOT)), named)
        for path in sorted((ROOT / layer).rglob("*.py"))
        for text in texts(path)
        if text not in ALSO
        for named in wrong(text)
    }
    assert found == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_the_documentation_names_is_one(page: str):
    assert set(wrong((ROOT / page).read_text())) == set()
