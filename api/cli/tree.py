"""How commands are hung up: under their own names, with help whose examples stay one to a line."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup
from typer.models import ParameterInfo

_NEGATIVE = re.compile(r"-[0-9.]")


class _Command(TyperCommand):
    """A number below zero is a value, not an option, so that the command itself says what it takes instead."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.ignore_unknown_options = any(map(_NEGATIVE.match, args))
        return super().parse_args(ctx, args)


def add(group: typer.Typer, *commands: Callable[..., Any], name: str | None = None) -> None:
    """Hang up commands; `name` for one whose function is called differently (`close_date` is `close-date`, `list_` is `list`)."""
    for command in commands:
        paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
        summary = paragraphs[0].replace("\n", " ")
        called = name or command.__name__.strip("_").replace("_", "-")
        _name_values(command)
        group.command(called, cls=_Command, help="\n\n".join(map(_kept, paragraphs)), short_help=summary.split(". ")[0].rstrip("."))(
            command
        )


def group(
    app: typer.Typer, name: str, words: str, *commands: tuple[str, Callable[..., Any]], cls: type[TyperGroup] = TyperGroup
) -> typer.Typer:
    """Hang up a group of commands, each under its name; `words` say what it is about."""
    made = typer.Typer(cls=cls, help=f"{words}.", short_help=words, no_args_is_help=cls is TyperGroup)
    for called, command in commands:
        add(made, command, name=called)
    app.add_typer(made, name=name)
    return made


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
