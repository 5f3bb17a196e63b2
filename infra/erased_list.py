"""The erased list as a file beside the key store: one line for each key that was destroyed, and for each event in whose texts words
are masked. It outlives a store that is restored.

A line is JSON: tenant, subject (the key's id, no personal data), when, and the case it was erased for; or, of masked words, whose
they were, and where in which stored event they stand. Append-only; never put an older copy in its place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from infra.masks import Masked, Span

_E = TypeVar("_E")


class Erased(NamedTuple):
    """A key that is gone. `at`: ISO instant; `case`: empty where it was forgotten before cases were kept."""

    tenant: str
    subject: UUID
    at: str
    case: str


class ErasedList:
    """The file at `path` (mode 0600). One writer at a time: the caller holds the store's lock."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, entries: Iterable[Erased | Masked]) -> None:
        """Add what is not listed yet, durably."""
        known = {*map(_place, self.read()), *map(_place, self.masks())}
        fresh = [entry for entry in entries if _place(entry) not in known]
        if not fresh:
            return
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(handle).st_size
            # a line that a crash cut off ends here
            broken = size and os.pread(handle, 1, size - 1) != b"\n"
            os.write(handle, b"\n" * bool(broken) + b"".join(_line(entry) for entry in fresh))
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self) -> list[Erased]:
        """Every key, oldest first; a line that was cut off is passed over, for the store then holds what it said."""
        return self._lines(lambda said: Erased(said["tenant"], UUID(said["subject"]), said["at"], said["case"]))

    def masks(self) -> list[Masked]:
        """Every event with masked words, oldest first, as `read`."""
        return self._lines(
            lambda said: Masked(
                said["tenant"], UUID(said["person"]), UUID(said["stream"]), said["version"], said["digest"],
                tuple(Span(*span) for span in said["spans"]), said["at"], said["case"],
            )
        )  # fmt: skip

    def _lines(self, shaped: Callable[[dict[str, Any]], _E]) -> list[_E]:
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        found = []
        for line in lines:
            try:
                found.append(shaped(json.loads(line)))
            except (ValueError, KeyError, TypeError):
                continue
        return found


def _place(entry: Erased | Masked) -> tuple[Any, ...]:
    return entry[:2] if isinstance(entry, Erased) else entry[:5]


def _line(entry: Erased | Masked) -> bytes:
    return json.dumps(entry._asdict(), default=str).encode() + b"\n"
