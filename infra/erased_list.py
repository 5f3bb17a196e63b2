"""The erased list as a file beside the key store: one line for each key that was destroyed. It outlives a store that is restored.

A line is JSON: tenant, subject (the key's id, no personal data), when, and the case it was erased for. Append-only; never put an
older copy in its place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from uuid import UUID


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

    def append(self, entries: Iterable[Erased]) -> None:
        """Add what is not listed yet, durably."""
        known = {(entry.tenant, entry.subject) for entry in self.read()}
        fresh = [entry for entry in entries if (entry.tenant, entry.subject) not in known]
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
        """Every entry, oldest first; a line that was cut off is passed over, for the store then holds what it said."""
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        found = []
        for line in lines:
            try:
                said = json.loads(line)
                found.append(Erased(said["tenant"], UUID(said["subject"]), said["at"], said["case"]))
            except (ValueError, KeyError, TypeError):
                continue
        return found


def _line(entry: Erased) -> bytes:
    return json.dumps({"tenant": entry.tenant, "subject": str(entry.subject), "at": entry.at, "case": entry.case}).encode() + b"\n"
