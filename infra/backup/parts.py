"""The parts of a base backup read as one stream, each checked against the manifest before a byte of it is used."""

from __future__ import annotations

import io
from collections.abc import Callable

from infra.backup.manifest import Manifest, verified
from infra.backup.shelves import Shelf


class PartsReader(io.RawIOBase):
    """For `tarfile` to read from; it holds one part at a time. `report` is told how many bytes were read."""

    def __init__(self, shelf: Shelf, manifest: Manifest, report: Callable[[int], None] = lambda _: None) -> None:
        super().__init__()
        self._shelf, self._left, self._report = shelf, list(manifest.parts), report
        self._part, self._at, self._done = b"", 0, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises BackupDamaged, naming the part that is not what was stored."""
        if self._at == len(self._part) and not self._next():
            return b""
        end = len(self._part) if size < 0 else self._at + size
        taken = self._part[self._at : end]
        self._at += len(taken)
        return taken

    def finish(self) -> None:
        """Check what `tarfile` had no need to read."""
        while self._next():
            pass

    def _next(self) -> bool:
        if not self._left:
            return False
        part = self._left.pop(0)
        self._part, self._at = verified(self._shelf, part), 0
        self._done += part.size
        self._report(self._done)
        return True
