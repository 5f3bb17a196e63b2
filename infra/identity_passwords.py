"""Passwords: argon2id in threads behind a small semaphore, so that guessing costs memory and nobody else's time."""

from __future__ import annotations

import asyncio
import unicodedata
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.kernel import Invalid

SHORTEST, LONGEST = 12, 200
"""Characters of a password: NIST SP 800-63B asks for length instead of composition; the upper bound keeps hashing bounded."""


class PasswordUnfit(Invalid):
    """The new password is too short, too long, or the sign-in name itself."""


class Hasher(Protocol):
    """What argon2's `PasswordHasher` offers of which we make use."""

    def hash(self, password: str) -> str: ...
    def verify(self, hash: str, password: str) -> bool: ...  # noqa: A002  argon2's own name
    def check_needs_rehash(self, hash: str) -> bool: ...  # noqa: A002


def interactive_hasher() -> PasswordHasher:
    """argon2id with 64 MiB and 3 passes (RFC 9106, second recommended option, one lane): about 0.2 s."""
    return PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)


def normalised(password: str) -> str:
    """NFKC, so that the same keys on another keyboard give the same password (RFC 8265)."""
    return unicodedata.normalize("NFKC", password)


def fit(password: str, sign_in_name: str) -> str:
    """The password as it is hashed. Raises PasswordUnfit."""
    text = normalised(password)
    if not SHORTEST <= len(text) <= LONGEST:
        raise PasswordUnfit(f"Use a password of {SHORTEST} to {LONGEST} characters.", shortest=SHORTEST, longest=LONGEST)
    if text.casefold() == sign_in_name.casefold():
        raise PasswordUnfit("Use a password that is not your sign-in name.")
    return text


class Passwords:
    """Hashes and verifies, at most `at_once` at a time (64 MiB each)."""

    def __init__(self, *, at_once: int = 2, hasher: Hasher | None = None) -> None:
        self._hasher = hasher or interactive_hasher()
        self._slots = asyncio.Semaphore(at_once)
        self._decoy: str | None = None
        self.evaluated = 0
        """How many guesses were hashed, for the throttle's test."""

    async def hash(self, password: str) -> str:
        """The encoded argon2id hash, salt and parameters included."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` belongs to the stored hash. None (nobody has that name) takes as long and is False."""
        async with self._slots:
            self.evaluated += 1
            return await asyncio.to_thread(self._verify, stored, normalised(password)[:LONGEST])

    def needs_rehash(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str | None, password: str) -> bool:
        # an unknown name costs the same work as a known one, the very first included, so that time tells nothing
        if self._decoy is None:
            self._decoy = self._hasher.hash("a decoy nobody has for a password")
        try:
            return self._hasher.verify(stored or self._decoy, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False
