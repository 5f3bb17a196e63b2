"""A log whose tree is published and signed, and the bundles that are made of it, for the tests of proofs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.event_store.loader import Row
from infra.proofs.bundles import Evidence, packed
from infra.proofs.checkpoints import Checkpoint
from infra.proofs.leaves import leaf_of
from infra.proofs.notes import SigningKey
from infra.proofs.tiles import Growth, Tiles
from infra.proofs.timestamps import Stamped

ORIGIN = "concord.example/proofs/acme"


@dataclass(eq=False)
class Witnessed:
    """What was published of a log: its tiles, its key, and a checkpoint at each size that was asked for."""

    tiles: Tiles
    key: SigningKey
    notes: dict[int, bytes]

    @property
    def size(self) -> int:
        return max(self.notes)

    def bundle(self, rows: Sequence[Row], *, size: int | None = None, sizes: Iterable[int] = (), **more: Any) -> bytes:
        """A bundle of these rows under the checkpoint of `size`, the last if None."""
        at = size or self.size
        return packed(Evidence(rows, self.notes[at], at, self.tiles.nodes(at), [str(self.key.verifier)], sizes=tuple(sizes), **more))

    def whole(self, rows: Sequence[Row], **more: Any) -> bytes:
        """A bundle of the whole log."""
        return self.bundle(rows, positions=(1, self.size), **more)

    def stamped(self, size: int, reply: bytes) -> Stamped:
        return Stamped(size, self.notes[size], reply)


def witness(rows: Sequence[Row], folder: Path, sizes: Iterable[int] = (), key: SigningKey | None = None) -> Witnessed:
    """Publish the rows as they are now: the tree, and checkpoints at these sizes and at their end."""
    key = key or SigningKey.generate(ORIGIN)
    growth, notes, done = Growth(folder), {}, 0
    for size in sorted({*sizes, len(rows)}):
        growth.add(b"".join(map(leaf_of, rows[done:size])))
        growth.finish()
        done, notes[size] = size, Checkpoint(ORIGIN, size, growth.root).signed([key]).encode()
    return Witnessed(Tiles(folder), key, notes)
