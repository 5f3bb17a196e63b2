"""Checkpoints (c2sp.org/tlog-checkpoint): what a log commits itself to, as the text of a signed note."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from infra.proofs.merkle import HASH
from infra.proofs.notes import NoteRejected, SigningKey, VerifierKey, sign, verified


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`origin` names the log; `size`: leaves of its tree; `root`: 32 bytes."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed: three lines."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError if the text is no checkpoint. Extension lines are passed over."""
        lines = text.split("\n")
        # the last of them is what is behind the last newline
        if len(lines) < 4 or "" in lines[:-1] or lines[-1] or not re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]):
            raise ValueError("a checkpoint is the lines origin, size and root")
        origin, size, root = lines[:3]
        decoded = b64decode(root, validate=True)
        if len(decoded) != HASH or b64encode(decoded).decode() != root:
            raise ValueError("the root of a checkpoint is the base64 of 32 bytes")
        return cls(origin, int(size), decoded)

    def signed(self, keys: Iterable[SigningKey]) -> str:
        """The signed note."""
        return sign(self.text, keys)


def opened(note: str, known: Iterable[VerifierKey]) -> Checkpoint:
    """The checkpoint in a note that one of the known keys signed, which is named like its origin. Raises NoteRejected."""
    text, keys = verified(note, known)
    try:
        found = Checkpoint.parse(text)
    except ValueError as error:
        raise NoteRejected(str(error)) from error
    if all(key.name != found.origin for key in keys):
        raise NoteRejected(f"it is signed by {keys[0].name}, but is about {found.origin}")
    return found
