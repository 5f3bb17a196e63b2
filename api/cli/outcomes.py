"""How every command ends: a sentence for people, JSON for programs, and an exit code that says which kind of end it was.

Nothing heavy is imported before it is needed: `concord --help` answers at once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from enum import IntEnum
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

P = ParamSpec("P")
R = TypeVar("R")

PIPED_WIDTH = 160
"""Columns of a table that goes into a file or another program, where COLUMNS does not say otherwise."""


class Exit(IntEnum):
    """Exit codes. 2 is the command line's own: it was not understood."""

    DONE = 0
    FAILED = 1
    NOT_FOUND = 3
    REFUSED = 4
    UNREACHABLE = 5
    PENDING = 6
    ABORTED = 130


class Ended(Exception):  # noqa: N818  an end that was foreseen, not an error of ours
    """A command's foreseen end. `lines` follow the sentence where people read; `data` is for programs."""

    def __init__(self, sentence: str, code: Exit = Exit.FAILED, *, lines: tuple[str, ...] = (), data: Any = None) -> None:
        super().__init__(sentence)
        self.sentence, self.code, self.lines, self.data = sentence, code, lines, data


class Paper:
    """A console that is made when it is first written to."""

    def __init__(self, *, stderr: bool = False) -> None:
        self._stderr = stderr

    @cached_property
    def console(self) -> Console:
        """The console itself, for progress bars."""
        from rich.console import Console

        stream = sys.stderr if self._stderr else sys.stdout
        width = None if stream.isatty() or os.environ.get("COLUMNS") else PIPED_WIDTH
        return Console(stderr=self._stderr, highlight=False, width=width)

    @property
    def width(self) -> int:
        """Columns there are."""
        return self.console.width

    def print(self, *what: Any, **how: Any) -> None:
        """As rich's `Console.print`."""
        self.console.print(*what, **how)


out = Paper()
err = Paper(stderr=True)


def say_json(content: Any) -> None:
    """Print JSON for programs; times and amounts as text, so that nothing passes through binary floating point."""
    print(json.dumps(content, default=str, indent=2, ensure_ascii=False))


def fail(sentence: str, code: Exit = Exit.FAILED, *, data: Any = None, as_json: bool = False, lines: tuple[str, ...] = ()) -> NoReturn:
    """End with a sentence on standard error (with `as_json`, a JSON object on standard output)."""
    if as_json:
        say_json({"error": sentence, **({"data": data} if data else {})})
    else:
        err.print(sentence, style="red", markup=False, soft_wrap=True)
        for line in lines:
            err.print(line, markup=False, soft_wrap=True)
    sys.exit(code)


def told(command: Callable[P, R]) -> Callable[P, R]:
    """A command whose foreseeable failures are one sentence each, never a trace."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        as_json = bool(kwargs.get("as_json"))
        try:
            return command(*args, **kwargs)
        except Ended as end:
            fail(end.sentence, end.code, data=end.data, as_json=as_json, lines=end.lines)
        except KeyboardInterrupt:
            fail("Stopped.", Exit.ABORTED, as_json=as_json)
        except BrokenPipeError:
            # whoever read us has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(Exit.DONE)
        except Exception as error:
            end_ = foreseen(error)
            if end_ is None:
                raise
            fail(end_.sentence, end_.code, data=end_.data, as_json=as_json, lines=end_.lines)

    return wrapped


def foreseen(error: Exception) -> Ended | None:
    """The end that an exception of the layers below stands for; None: nobody foresaw it."""
    import psycopg

    from domain.kernel import Refused
    from infra.database import StoreUnavailable
    from infra.embedded.account import NoServerAccount
    from infra.embedded.cluster import ClusterUnusable
    from infra.embedded.listening import AddressTaken
    from infra.embedded.process import ServerDown
    from infra.keys import KeysUnavailable
    from infra.migrations import NotMigrated
    from infra.safety import UnsafeSettings
    from infra.settings import InvalidSettings

    away = (StoreUnavailable, ServerDown, AddressTaken, NotMigrated, UnsafeSettings, KeysUnavailable, ClusterUnusable, NoServerAccount)
    match error:
        case Refused():
            return Ended(error.detail, Exit.REFUSED, data={"rule": error.rule, **error.data})
        case psycopg.OperationalError():
            return Ended(f"PostgreSQL does not answer: {str(error).strip()}. `concord doctor` says more.", Exit.UNREACHABLE)
        case _ if isinstance(error, away):
            return Ended(str(error), Exit.UNREACHABLE)
        case ValueError() | LookupError() | InvalidSettings():
            return Ended(str(error), Exit.FAILED)
        case _:
            return None
