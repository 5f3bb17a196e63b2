"""How commands are hung up: under their own names, with help whose examples stay one to a line."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import typer


def add(group: typer.Typer, *commands: Callable[..., Any], name: str | None = None) -> None:
    """Hang up commands; `name` for one whose function is called differently (`close_date` is `close-date`, `list_` is `list`)."""
    for command in commands:
        paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
        summary = paragraphs[0].replace("\n", " ")
        called = name or command.__name__.strip("_").replace("_", "-")
        group.command(called, help="\n\n".join(map(_kept, paragraphs)), short_help=summary.split(". ")[0].rstrip("."))(command)


def _kept(paragraph: str) -> str:
    """Examples keep their lines; other text is wrapped to the terminal."""
    return f"\b\n{paragraph}" if paragraph.startswith("Example") else paragraph
