"""How commands are hung up: under their own names, with help whose examples stay one to a line."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer
from typer.models import ParameterInfo


def add(group: typer.Typer, *commands: Callable[..., Any], name: str | None = None) -> None:
    """Hang up commands; `name` for one whose function is called differently (`close_date` is `close-date`, `list_` is `list`)."""
    for command in commands:
        paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
        summary = paragraphs[0].replace("\n", " ")
        called = name or command.__name__.strip("_").replace("_", "-")
        _name_values(command)
        group.command(called, help="\n\n".join(map(_kept, paragraphs)), short_help=summary.split(". ")[0].rstrip("."))(command)


def _name_values(command: Callable[..., Any]) -> None:
    """What an option or argument takes stands in the help by its own name, not by its type in the program."""
    hints = get_type_hints(command, include_extras=True)
    for name, hint in hints.items():
        for info in getattr(hint, "__metadata__", ()):
            kinds = {hint.__origin__, *get_args(hint.__origin__)}
            if isinstance(info, ParameterInfo) and info.metavar is None and kinds & _WRITTEN:
                spelt = next((word for word in info.param_decls or () if word.startswith("--")), name)
                info.metavar = spelt.strip("-_").replace("-", "_").upper()
    inspect.unwrap(command).__annotations__ = hints


_WRITTEN = {str, int, float, Path, list[str], list[Path]}
"""What people write freely; a choice is shown as its choices."""


def _kept(paragraph: str) -> str:
    """Examples keep their lines; other text is wrapped to the terminal."""
    return f"\b\n{paragraph}" if paragraph.startswith("Example") else paragraph
