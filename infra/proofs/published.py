"""What is published of a tenant's log: a folder that any static server can serve (docs/proofs.md)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.embedded.process import file_lock
from infra.proofs import durable
from infra.proofs.notes import VerifierKey
from infra.proofs.tiles import Tiles, spelt


class Published:
    """Reads the folder, and writes it for the one who holds the lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def tree(self) -> Tiles:
        return Tiles(self.folder)

    def checkpoint(self, size: int | None = None) -> str | None:
        """The note of the last checkpoint, or of the one at `size`; None if there is none."""
        place = self.folder / ("checkpoint" if size is None else f"checkpoints/{spelt(size)}")
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return place.read_text(encoding="utf-8")
        return None

    def sizes(self) -> list[int]:
        """The sizes at which checkpoints were published, rising."""
        kept = self.folder / "checkpoints"
        files = [file.relative_to(kept) for file in kept.rglob("[0-9]*") if file.is_file()]
        return sorted(int("".join(part.removeprefix("x") for part in file.parts)) for file in files)

    def keys(self) -> list[VerifierKey]:
        """The verifier keys, oldest first."""
        with contextlib.suppress(FileNotFoundError):
            return [VerifierKey.parse(line) for line in (self.folder / "keys").read_text(encoding="utf-8").splitlines()]
        return []

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only one who writes. Raises LockHeld if another process does."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        with file_lock(self.folder / ".lock", wait=False):
            yield

    def publish(self, size: int, note: str) -> None:
        """Put a checkpoint in place, whose tiles are there, and keep it under its size."""
        durable.replace(self.folder / "checkpoint", note.encode())
        self.keep(size, note)

    def keep(self, size: int, note: str) -> None:
        """Keep a checkpoint under its size, if it is not yet: a crash may have come in between."""
        if self.checkpoint(size) != note:
            durable.replace(self.folder / f"checkpoints/{spelt(size)}", note.encode())

    def list_keys(self, keys: Iterable[VerifierKey]) -> None:
        """Publish the verifier keys, if they are not yet."""
        wanted = list(keys)
        if self.keys() != wanted:
            durable.replace(self.folder / "keys", "".join(f"{key}\n" for key in wanted).encode())
