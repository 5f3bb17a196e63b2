"""How every command ends: a sentence for people, JSON for programs, and an exit code that says which kind of end it was."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

import psycopg
from rich.console import Console

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

P = ParamSpec("P")
R = TypeVar("R")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


class Exit(IntEnum):
    """Exit codes. 2 is the command line's own: it was not understood."""

    DONE = 0
    FAILED = 1
    REFUSED = 4
    UNREACHABLE = 5
    PENDING = 6
    ABORTED = 130


UNREACHABLE = (StoreUnavailable, ServerDown, AddressTaken, NotMigrated, UnsafeSettings, KeysUnavailable, ClusterUnusable, NoServerAccount)


def fail(sentence: str, code: Exit = Exit.FAILED, *, data: Any = None, as_json: bool = False) -> NoReturn:
    """End with a sentence on standard error (with `as_json`, a JSON object on standard output)."""
    if as_json:
        print(json.dumps({"error": sentence, **({"data": data} if data else {})}, default=str))
    else:
        err.print(sentence, style="red", markup=False, soft_wrap=True)
    sys.exit(code)


def told(command: Callable[P, R]) -> Callable[P, R]:
    """A command whose foreseeable failures are one sentence each, never a trace."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except Refused as refusal:
            fail(refusal.detail, Exit.REFUSED)
        except InvalidSettings as error:
            fail(str(error), Exit.FAILED)
        except UNREACHABLE as error:
            fail(str(error), Exit.UNREACHABLE)
        except psycopg.OperationalError as error:
            fail(f"PostgreSQL does not answer: {str(error).strip()}. `concord doctor` says more.", Exit.UNREACHABLE)
        except (ValueError, LookupError) as error:
            fail(str(error), Exit.FAILED)
        except KeyboardInterrupt:
            fail("Stopped.", Exit.ABORTED)

    return wrapped
