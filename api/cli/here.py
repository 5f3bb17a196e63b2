"""Commands that work on this machine's own files: they act as its operator, whoever's key the environment holds, and so refuse it.

A command is marked `@of_this_machine`, below `@told`; its help says so. Servers (`up`, `down`, `status`, `api`, `worker`, `projector`)
act for nobody and are not marked: what they start is told no key.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from api.cli.outcomes import Ended, Exit

P = ParamSpec("P")
R = TypeVar("R")

KEY = "CONCORD_API_KEY"
TOLD = f"Works on this machine's own files as its operator; refused while {KEY} is set."


def of_this_machine(command: Callable[P, R]) -> Callable[P, R]:
    """Refuse to run as somebody else than this machine's operator, and say so in the command's help."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        refuse_others()
        return command(*args, **kwargs)

    text, example, examples = inspect.cleandoc(command.__doc__ or "").partition("\n\nExample")
    wrapped.__doc__ = f"{text}\n\n{TOLD}{example}{examples}"
    wrapped.__dict__["of_this_machine"] = True
    return wrapped


def refuse_others() -> None:
    """Raises Ended where the environment holds somebody's key: it would count for nothing here."""
    if os.environ.get(KEY):
        raise Ended(f"This works on this machine's own files as its operator, not with anybody's key: unset {KEY}.", Exit.REFUSED)
