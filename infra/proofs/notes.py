"""Signed notes (c2sp.org/signed-note) with Ed25519 keys (RFC 8032): text that a person can read and a machine can verify.

A note is its text, which ends with a newline, an empty line, and one line for each signature:
`— <key name> base64(key id ‖ signature)`. The key id is the first 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key).
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\1"
"""The signature type."""
MOST_SIGNATURES = 100
LONGEST = 1_000_000
"""Characters of a note that is looked at."""
_NAME = re.compile(r"[^\s+\x00-\x20]+")
_LINE = re.compile(r"— (\S+) ([A-Za-z0-9+/]+={0,2})")


class NoteRejected(Exception):  # noqa: N818  named for what was decided
    """The note is malformed, none of the known keys signed it, or a signature of one of them does not hold; the message says which."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """What verifies a signature: the key's name and its 32 public bytes. As text (`vkey`): `name+id in hex+base64(0x01 ‖ public key)`."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} cannot name a key: it must not be empty nor have a space or + in it")
        if len(self.public) != 32:
            raise ValueError("an Ed25519 public key has 32 bytes")

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Raises ValueError if the text is no Ed25519 key, or its id is not that of the key."""
        name, id, key = _parts(vkey, 0)
        found = cls(name, key)
        if found.id.hex() != id:
            raise ValueError(f"the id of {vkey!r} is not that of the key in it")
        return found

    def holds(self, text: str, signature: bytes) -> bool:
        """Whether it is this key's signature over the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What signs: a name and a seed of 32 bytes. As text: `PRIVATE+KEY+name+id in hex+base64(0x01 ‖ seed)`."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str) -> Self:
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, skey: str) -> Self:
        """Raises ValueError, which does not repeat the secret."""
        prefix = "PRIVATE+KEY+"
        if not skey.startswith(prefix):
            raise ValueError("a private key begins with PRIVATE+KEY+")
        name, id, seed = _parts(skey, len(prefix))
        found = cls(name, seed)
        if found.verifier.id.hex() != id:
            raise ValueError("the id of the private key is not that of the seed in it")
        return found

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    @property
    def secret(self) -> str:
        """The key as text, for a file that nobody else may read."""
        return f"PRIVATE+KEY+{self.name}+{self.verifier.id.hex()}+{b64encode(ED25519 + self.seed).decode()}"

    def line(self, text: str) -> str:
        """The signature line under the text."""
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return f"— {self.name} {b64encode(self.verifier.id + signature).decode()}\n"


def sign(text: str, keys: Iterable[SigningKey]) -> str:
    """The note: the text under the signatures of all keys. Raises ValueError for a text that no note may have, or without a key."""
    lines = [key.line(text) for key in keys]
    if not text.endswith("\n") or _has_controls(text) or not lines:
        raise ValueError("a note's text ends with a newline, has no other control characters, and somebody signs it")
    return f"{text}\n{''.join(lines)}"


def verified(note: str, known: Iterable[VerifierKey]) -> tuple[str, list[VerifierKey]]:
    """The note's text, and those of the known keys that signed it. Raises NoteRejected.

    Signatures of others are passed over, as rotation and witnesses need; a wrong one of a known key rejects the note.
    """
    text, end, signatures = note.rpartition("\n\n")
    lines = signatures.splitlines()
    if len(note) > LONGEST or not end or not text or not signatures.endswith("\n") or _has_controls(note) or len(lines) > MOST_SIGNATURES:
        raise NoteRejected("it is no signed note")
    text += "\n"
    by_id = {(key.name, key.id): key for key in known}
    found: dict[VerifierKey, None] = {}
    for line in lines:
        matched = _LINE.fullmatch(line)
        signed = _decoded(matched[2]) if matched else None
        if matched is None or signed is None or len(signed) <= 4:
            raise NoteRejected("it has a malformed signature line")
        key = by_id.get((matched[1], signed[:4]))
        if key is not None and key not in found:
            if not key.holds(text, signed[4:]):
                raise NoteRejected(f"the signature of {key.name} ({key.id.hex()}) does not hold")
            found[key] = None
    if not found:
        raise NoteRejected("none of the known keys signed it")
    return text, list(found)


def _parts(written: str, at: int) -> tuple[str, str, bytes]:
    """Name, id in hex and the 32 bytes behind the type."""
    name, _, rest = written[at:].partition("+")
    id, _, encoded = rest.partition("+")
    key = _decoded(encoded)
    if key is None or key[:1] != ED25519 or len(key) != 33 or not re.fullmatch("[0-9a-f]{8}", id):
        raise ValueError("a key is name+id+base64 of 0x01 and 32 bytes")
    return name, id, key[1:]


def _decoded(encoded: str) -> bytes | None:
    """What the text encodes, if it is the one way to encode that."""
    try:
        decoded = b64decode(encoded, validate=True)
    except ValueError:
        return None
    return decoded if b64encode(decoded).decode() == encoded else None


def _has_controls(text: str) -> bool:
    return any(character < " " and character != "\n" for character in text)
