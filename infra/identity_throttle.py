"""Token buckets of sign-in guesses, in the database, so that a restart or a second process grants no fresh ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import ClassVar

from domain.kernel import Refused
from infra.database import Database


class TooManyAttempts(Refused):
    """Too many sign-ins were tried with this name or from this address; the answer is the same for unknown names."""

    status: ClassVar[int] = 429


@dataclass(frozen=True, slots=True)
class Bucket:
    """`burst` guesses at once, then one more every `seconds`."""

    kind: str
    burst: int
    seconds: float

    def key(self, of: str) -> bytes:
        """The stored key: hashed, so that a table of mistyped names is no table of passwords typed into the name field."""
        return hashlib.sha256(f"{self.kind}\x1f{of}".encode()).digest()


BY_NAME = Bucket("name", burst=10, seconds=60)
"""Guesses at one sign-in name, from wherever they come."""
BY_SOURCE = Bucket("source", burst=20, seconds=10)
"""Guesses from one address at any names; an office behind one address signs in without noticing."""

# Refills by the clock of the database, takes one token if there is one; one statement, so that racing guesses cannot share a token.
_TAKE = """
INSERT INTO identity.guesses AS g (bucket, tokens, at) VALUES (%(bucket)s, %(burst)s - 1, clock_timestamp())
ON CONFLICT (bucket) DO UPDATE SET
    tokens = least(%(burst)s, g.tokens + extract(epoch FROM clock_timestamp() - g.at) / %(seconds)s) - 1, at = clock_timestamp()
WHERE least(%(burst)s, g.tokens + extract(epoch FROM clock_timestamp() - g.at) / %(seconds)s) >= 1
RETURNING tokens
"""


class Throttle:
    """Decides before a guess is hashed whether it is looked at at all."""

    def __init__(self, database: Database, by_name: Bucket = BY_NAME, by_source: Bucket = BY_SOURCE) -> None:
        self._database = database
        self._by_name = by_name
        self._by_source = by_source

    async def admit(self, name: str, source: str) -> None:
        """Count a guess. Raises TooManyAttempts with `retry_after` seconds."""
        async with self._database.connection() as connection:
            # the source first: an address that floods must not use up the tokens of other people's names
            for bucket, of in ((self._by_source, source), (self._by_name, name)):
                values = {"bucket": bucket.key(of), "burst": float(bucket.burst), "seconds": bucket.seconds}
                if await (await connection.execute(_TAKE, values)).fetchone() is None:
                    # the same wait for both, so that the answer does not tell which of them it was
                    wait = max(1, round(max(self._by_name.seconds, self._by_source.seconds)))
                    raise TooManyAttempts("Too many sign-ins were tried. Wait a minute, then try again.", retry_after=wait)

    async def forgive(self, name: str, source: str) -> None:
        """Give back what a successful sign-in took."""
        async with self._database.connection() as connection:
            await connection.execute(
                "DELETE FROM identity.guesses WHERE bucket = %s OR at < clock_timestamp() - interval '1 day'", (self._by_name.key(name),)
            )
            await connection.execute(
                "UPDATE identity.guesses SET tokens = least(tokens + 1, %s) WHERE bucket = %s",
                (float(self._by_source.burst), self._by_source.key(source)),
            )
