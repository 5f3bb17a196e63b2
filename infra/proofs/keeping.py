"""Where the private keys that sign checkpoints live: in the key store, or each in a file of its own (CONCORD_PROOFS_KEYS)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from infra.keys import Keys, KeysUnavailable
from infra.proofs.notes import SigningKey, VerifierKey

KEPT_AS = "proof-key-"
"""How the name begins under which the key store keeps one."""


@dataclass(frozen=True, slots=True)
class PrivateKeys:
    """`folder`: where the files are; None: in the key store. The `number`th key of a log is made when it is asked for first."""

    store: Keys
    folder: Path | None = None

    def make(self, tenant: str, number: int, name: str) -> SigningKey:
        """The key with this number, made if it is missing. Raises KeysUnavailable."""
        return self._kept(tenant, number, name, lambda: SigningKey.generate(name).secret.encode())  # noqa: PLW0108  made only when it is asked for

    def _kept(self, tenant: str, number: int, name: str, fresh: Callable[[], bytes]) -> SigningKey:
        if self.folder is None:
            return _parsed(self.store.secret(tenant, f"{KEPT_AS}{_label(number, name)}", fresh), "the key store")
        file = self.folder / f"{tenant}-{_label(number, name)}.key"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not file.exists():
                with contextlib.suppress(FileExistsError):
                    _write_once(file, fresh() + b"\n")
            return _parsed(file.read_bytes(), str(file))
        except OSError as error:
            raise KeysUnavailable(f"{file} cannot be used ({error.strerror}): check CONCORD_PROOFS_KEYS and who may read it") from error

    def find(self, tenant: str, number: int, vkey: str) -> SigningKey:
        """The private key of a verifier key. Raises KeysUnavailable if it is not here: then restore it, or rotate."""
        absent = KeysUnavailable(
            f"the private key of {vkey} is not in {self.folder or 'the key store'}; restore it from where you keep it safe, or run "
            "`concord proofs rotate --overlap-days 0`"
        )

        def none() -> bytes:
            raise absent

        key = self._kept(tenant, number, VerifierKey.parse(vkey).name, none)
        if str(key.verifier) != vkey:
            raise absent
        return key


def _label(number: int, name: str) -> str:
    """A log that begins again counts on, under another name."""
    return f"{number}-{sha256(name.encode()).hexdigest()[:8]}"


def _write_once(file: Path, content: bytes) -> None:
    """Of several processes that make a key at once, one wins, and none reads half of it. Raises FileExistsError."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as written:
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        file.hardlink_to(draft)
    finally:
        draft.unlink()


def _parsed(secret: bytes, place: str) -> SigningKey:
    try:
        return SigningKey.parse(secret.decode().strip())
    except ValueError as error:
        raise KeysUnavailable(f"the private key in {place} cannot be read: {error}") from error
