"""How a tenant's proofs stand, as its tracking row tells: what is signed, and why nothing more is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncCursor

NAME = "proofs"
BEYOND = 2**62
"""A position that no log reaches: whoever stands there waits until a past has been told (workflows/holding.py)."""
_CAUSE_LENGTH = 2000
_PUT = (
    "INSERT INTO tracking AS t (name, position, parked_at, parked_cause, attempts) VALUES (%(name)s, %(position)s, %(at)s, %(cause)s, %(more)s) "
    "ON CONFLICT (name) DO UPDATE SET position = greatest(t.position, excluded.position), parked_at = excluded.parked_at, "
    "parked_cause = excluded.parked_cause, attempts = CASE WHEN excluded.attempts = 0 THEN 0 ELSE t.attempts + 1 END, updated_at = clock_timestamp()"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """`signed`: the size of the last checkpoint; `head`: the last position of the log; `unsigned_seconds`: age of the oldest unsigned event.

    `parked_at`: the event that contradicts what was signed, with its `cause`; a cause without it is tried again.
    """

    signed: int
    head: int
    unsigned_seconds: float
    parked_at: int | None
    cause: str | None
    updated_at: datetime | None


async def standing(cursor: AsyncCursor[Any]) -> Standing:
    """As it is now; `cursor` acts for the tenant."""
    await cursor.execute(
        "SELECT coalesce(t.position, 0), h.head, coalesce(extract(epoch FROM clock_timestamp() - (SELECT recorded_at FROM events "
        "WHERE position = coalesce(t.position, 0) + 1)), 0)::float8, t.parked_at, t.parked_cause, t.updated_at "
        "FROM (SELECT coalesce(max(position), 0) AS head FROM events) AS h LEFT JOIN tracking AS t ON t.name = %s",
        (NAME,),
    )
    row = await cursor.fetchone()
    assert row is not None
    return Standing(*row)


async def parked(cursor: AsyncCursor[Any]) -> bool:
    """Whether nothing is signed until somebody has looked."""
    await cursor.execute("SELECT FROM tracking WHERE name = %s AND parked_at IS NOT NULL", (NAME,), prepare=True)
    return cursor.rowcount > 0


async def held(cursor: AsyncCursor[Any]) -> bool:
    """Whether the tenant's past is still being told, so that nothing of today may come between."""
    await cursor.execute("SELECT FROM tracking WHERE position = %s LIMIT 1", (BEYOND,), prepare=True)
    return cursor.rowcount > 0


async def reached(cursor: AsyncCursor[Any], size: int) -> None:
    """A checkpoint of this size was published."""
    await _put(cursor, size, None, None, more=0)


async def park(cursor: AsyncCursor[Any], position: int, cause: str) -> None:
    """Sign nothing more until `freed`."""
    await _put(cursor, 0, position, cause, more=1)


async def stumbled(cursor: AsyncCursor[Any], cause: str) -> None:
    """It did not work, and is tried again."""
    await _put(cursor, 0, None, cause, more=1)


async def freed(cursor: AsyncCursor[Any]) -> bool:
    """Let a parked signer sign again; whether it was parked."""
    await cursor.execute(
        "UPDATE tracking SET parked_at = NULL, parked_cause = NULL, attempts = 0 WHERE name = %s AND parked_at IS NOT NULL", (NAME,)
    )
    return cursor.rowcount > 0


async def begun_again(cursor: AsyncCursor[Any]) -> None:
    """Forget what was signed: another log begins."""
    await cursor.execute("DELETE FROM tracking WHERE name = %s", (NAME,))


async def _put(cursor: AsyncCursor[Any], position: int, at: int | None, cause: str | None, *, more: int) -> None:
    shown = cause.replace("\x00", "")[:_CAUSE_LENGTH] if cause else None
    await cursor.execute(_PUT, {"name": NAME, "position": position, "at": at, "cause": shown, "more": more})
