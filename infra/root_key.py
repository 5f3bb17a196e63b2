"""The root key: 32 random bytes in a file of their own, beside neither the events nor, on a careful machine, the key store.

It wraps the tenants' keys and nothing else. A rotation leaves the new root as `root.key.ID` until the store is written under it,
then renames it; whoever reads in between finds the root it needs by its id.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_DRAFT = re.compile(r"\.[0-9a-f]{16}")


class KeysUnavailable(Exception):  # noqa: N818  names the state and the way out
    """The key store or its root key cannot be used; the message says which and what to do."""


class RootKey:
    """The root key of one key store, in `file` (mode 0600)."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> bytes:
        """The root as it lies there. Raises KeysUnavailable."""
        try:
            root = self.file.read_bytes()
        except OSError as error:
            raise KeysUnavailable(f"the root key {self.file} cannot be read ({error.strerror}); restore it") from error
        if len(root) != 32:
            raise KeysUnavailable(f"{self.file} is not a root key: it must hold exactly 32 bytes")
        return root

    def of(self, id: str) -> bytes:
        """The root with this id: the file's, or one that a rotation was about to put there. Raises KeysUnavailable."""
        for _ in range(2):  # a rotation that ends between the two looks has moved it to the file
            if id_of(root := self.read()) == id:
                return root
            with contextlib.suppress(FileNotFoundError):
                return self._draft(id).read_bytes()
        raise KeysUnavailable(f"the keys were written under another root key than {self.file}; restore the root key that belongs to them")

    def make(self) -> None:
        """Make a first root in one step: of several processes that start at once, one wins, and none reads half a key."""
        draft = _written(self.file.parent, AESGCM.generate_key(256))
        try:
            with contextlib.suppress(FileExistsError):
                self.file.hardlink_to(draft)
        finally:
            draft.unlink()
        _flushed(self.file.parent)

    def prepare(self) -> bytes:
        """A new root, durable beside the present one."""
        root = AESGCM.generate_key(256)
        _written(self.file.parent, root).replace(self._draft(id_of(root)))
        _flushed(self.file.parent)
        return root

    def settle(self, id: str) -> None:
        """Make the root with this id, under which the store is written, the file's; what else was prepared is removed. Repeatable.

        For one process at a time, as `prepare`: the caller holds the store's lock. Raises KeysUnavailable where there is no such root.
        """
        self.of(id)
        drafts = [file for file in self.file.parent.glob(f"{self.file.name}.*") if _DRAFT.fullmatch(file.suffix)]
        if id_of(self.read()) != id:
            self._draft(id).replace(self.file)
        for draft in drafts:
            draft.unlink(missing_ok=True)
        if drafts:
            _flushed(self.file.parent)

    def _draft(self, id: str) -> Path:
        return self.file.with_name(f"{self.file.name}.{id}")


def id_of(root: bytes) -> str:
    """What a root is known by: it tells nothing of the key."""
    return sha256(b"concord root key\0" + root).hexdigest()[:16]


def _written(folder: Path, content: bytes) -> Path:
    handle, draft = tempfile.mkstemp(dir=folder, prefix=".root-")
    with os.fdopen(handle, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    return Path(draft)


def _flushed(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
