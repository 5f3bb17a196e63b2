"""How every command ends: a sentence for people, JSON for programs, and an exit code that says which kind of end it was.

Nothing heavy is imported before it is needed: `concord --help` answers at once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime
from enum import IntEnum
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

from typer import Abort

from api.inert import inert_json, one_line
from api.instants import utc

if TYPE_CHECKING:
    from api.cli.client import Said
    from api.terminal import Terminal

P = ParamSpec("P")
R = TypeVar("R")

PIPED_WIDTH = 160
"""Columns of a table that goes into a file or another program, where COLUMNS does not say otherwise."""

_READABLE = 40
"""Characters of a cursor that people may still copy: an id, or a day. Longer ones are for programs."""


class Exit(IntEnum):
    """How a command ended; `MEANINGS` says when each is given."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    UNREACHABLE = 5
    PENDING = 6
    ABORTED = 130


MEANINGS = {
    Exit.DONE: "done",
    Exit.FAILED: "failed",
    Exit.USAGE: "not understood: a wrong option or a value that cannot be read",
    Exit.NOT_FOUND: "not found, or found several times; `status`: nothing runs",
    Exit.REFUSED: "refused by a rule or a missing right",
    Exit.UNREACHABLE: "unreachable: a server does not run or does not answer",
    Exit.PENDING: "asked for, but not settled within --wait",
    Exit.ABORTED: "stopped by you",
}
"""What the help and the README say of each code."""


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
    def console(self) -> Terminal:
        """The console itself, for progress bars."""
        from api.terminal import Terminal

        stream = sys.stderr if self._stderr else sys.stdout
        width = None if stream.isatty() or os.environ.get("COLUMNS") else PIPED_WIDTH
        return Terminal(stderr=self._stderr, width=width)

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
    print(inert_json(json.dumps(content, default=_as_text, indent=2, ensure_ascii=False)))


def _as_text(value: object) -> str:
    return utc(value) if isinstance(value, datetime) else str(value)


def say_change(answer: Said, sentence: str, *, as_json: bool) -> None:
    """Tell what came of a change, in a sentence without its point."""
    if as_json:
        say_json(answer.body)
    else:
        out.print(f"{sentence}." if answer.position is not None else "Nothing changed: it was so already.")


def print_count(rows: int, noun: str, following: str | None, *, more: bool = False) -> None:
    """How many rows a list has, and how to see the rest: never cut in silence. `following`: the cursor of those after them."""
    from api.cli.formats import count

    if not (following or more):
        out.print(f"[dim]{count(rows, noun)}[/]")
    elif not following:
        out.print(f"[dim]{count(rows, noun)}, and more: raise --limit or narrow the list[/]")
    elif len(following) > _READABLE:
        out.print(f"[dim]{count(rows, noun)}, and more: --all shows all, --limit so many; the `next` of --json goes on with --after[/]")
    else:
        # unwrapped, so that it can be copied
        out.print(f"[dim]{count(rows, noun)}, and more: --all shows all, --limit so many, --after {following} goes on[/]", soft_wrap=True)


def fail(sentence: str, code: Exit = Exit.FAILED, *, data: Any = None, as_json: bool = False, lines: tuple[str, ...] = ()) -> NoReturn:
    """End with a sentence on standard error (with `as_json`, a JSON object on standard output)."""
    if as_json:
        say_json({"error": sentence, **({"data": data} if data else {})})
    else:
        err.print(one_line(sentence), style="red", markup=False, soft_wrap=True)
        for line in lines:
            err.print(line, markup=False, soft_wrap=True)
    sys.exit(code)


def told(command: Callable[P, R], *, trace: bool = False) -> Callable[P, R]:
    """A command whose failures are one sentence each. `trace`: what nobody foresaw leaves its trace too, for the log of a process."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        as_json = bool(kwargs.get("as_json"))
        try:
            return _written_out(command, *args, **kwargs)
        except Ended as end:
            fail(end.sentence, end.code, data=end.data, as_json=as_json, lines=end.lines)
        except (KeyboardInterrupt, Abort):
            fail("Stopped.", Exit.ABORTED, as_json=as_json)
        except BrokenPipeError:
            # whoever read us has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(Exit.DONE)
        except Exception as error:
            end_ = foreseen(error)
            if end_ is None and (trace or os.environ.get("CONCORD_LOG_LEVEL") == "debug"):
                raise
            end_ = end_ or Ended(
                f"Something went wrong that nobody foresaw ({type(error).__name__}: {_last_line(error)}). Please report it with what "
                "CONCORD_LOG_LEVEL=debug shows."
            )
            fail(end_.sentence, end_.code, data=end_.data, as_json=as_json, lines=end_.lines)

    return wrapped


def _written_out(command: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a command and write out what it printed, so that a reader who went away is noticed here and not at the process's end."""
    try:
        result = command(*args, **kwargs)
    except SystemExit:
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return result


AWAY = {
    "infra.database.StoreUnavailable",
    "infra.embedded.account.NoServerAccount",
    "infra.embedded.cluster.ClusterUnusable",
    "infra.embedded.listening.AddressTaken",
    "infra.embedded.process.ServerDown",
    "infra.root_key.KeysUnavailable",
    "infra.migrations.NotMigrated",
    "infra.safety.UnsafeSettings",
}
"""What says that a server is not there or not fit, in a sentence of its own. By name: to import them all would cost a second."""
TEMPORAL_AWAY = {"infra.temporal.TemporalUnavailable", "temporalio.service.RPCError"}


def foreseen(error: Exception) -> Ended | None:
    """The end that an exception of the layers below stands for; None: nobody foresaw it."""
    kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    match error:
        case _ if "domain.kernel.Refused" in kinds:
            refused: Any = error
            return Ended(refused.detail, Exit.REFUSED, data={"rule": refused.rule, **refused.data})
        case _ if "psycopg.OperationalError" in kinds:
            return Ended(f"PostgreSQL does not answer: {_last_line(error)}. `concord doctor` says more.", Exit.UNREACHABLE)
        case _ if "psycopg.Error" in kinds:
            return Ended(f"PostgreSQL refused: {_last_line(error)}. `concord doctor` says more.")
        case _ if kinds & TEMPORAL_AWAY:
            return Ended("Temporal does not answer: check TEMPORAL_ADDRESS and that it runs. Nothing is lost.", Exit.UNREACHABLE)
        case _ if kinds & AWAY:
            return Ended(_sentence(error), Exit.UNREACHABLE)
        case _ if "infra.settings.InvalidSettings" in kinds:
            first, *more = str(error).splitlines()
            return Ended(first, Exit.USAGE, lines=tuple(more))
        case _ if "pydantic_core._pydantic_core.ValidationError" in kinds:
            from api.malformed import sentence, told_of

            invalid: Any = error
            return Ended(sentence(told_of(invalid.errors(include_url=False))), Exit.USAGE)
        case _ if "infra.codec.UndecodableEvent" in kinds:
            return Ended(
                f"An event cannot be read: {error}. `concord audit verify-log` tells whether it was altered.",
                Exit.REFUSED,
                data={"position": getattr(error, "position", None)},
            )
        case LookupError() if type(error) is LookupError:
            return Ended(str(error), Exit.NOT_FOUND)
        case ValueError():
            return Ended(_sentence(error), Exit.USAGE)
        case OSError() if error.strerror:
            return Ended(f"{error.strerror}: {error.filename}." if error.filename else f"{error.strerror}.")
        case _:
            return None


def _sentence(error: Exception) -> str:
    said = str(error)
    return f"{said[:1].upper()}{said[1:]}" if said.endswith((".", "?", ")", ":")) else f"{said[:1].upper()}{said[1:]}."


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1].strip().removeprefix("DETAIL:").strip().rstrip(".") if lines else type(error).__name__
