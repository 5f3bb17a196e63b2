"""How far each read model of a tenant has come, what it is parked at and why, and how to let it try again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from infra.event_store.wakes import CHANNEL
from projections.writing import Cursor

CAUSE_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Health:
    """A read model's state. `lag_events`: events behind the log; `lag_seconds`: age of the oldest of them, 0 when there are none.

    `parked_at`: the position of the event that it cannot pass, with its `cause`; `attempts`: how often that one was tried.
    """

    name: str
    position: int
    lag_events: int
    lag_seconds: float
    parked_at: int | None
    cause: str | None
    attempts: int


async def health(cursor: Cursor, names: Sequence[str]) -> list[Health]:
    """The state of each read model, by name."""
    await cursor.execute(
        "SELECT t.name, t.position, h.head - t.position, "
        "coalesce(extract(epoch FROM clock_timestamp() - (SELECT recorded_at FROM events WHERE position = t.position + 1)), 0)::float8, "
        "t.parked_at, t.parked_cause, t.attempts "
        "FROM tracking AS t, (SELECT coalesce(max(position), 0) AS head FROM events) AS h WHERE t.name = ANY (%b) ORDER BY t.name",
        (list(names),),
        prepare=True,
    )
    return [Health(*row) for row in await cursor.fetchall()]


async def positions(cursor: Cursor, names: Sequence[str]) -> dict[str, int]:
    """The position that each read model has reached; a name that is not tracked yet is at 0."""
    await cursor.execute("SELECT name, position FROM tracking WHERE name = ANY (%b)", (list(names),), prepare=True)
    return {**dict.fromkeys(names, 0), **dict(await cursor.fetchall())}


async def parked(cursor: Cursor, names: Sequence[str]) -> set[str]:
    """Those of the read models that stand still before an event that they cannot pass."""
    await cursor.execute("SELECT name FROM tracking WHERE name = ANY (%b) AND parked_at IS NOT NULL", (list(names),), prepare=True)
    return {str(name) for (name,) in await cursor.fetchall()}


async def lease(cursor: Cursor, names: Sequence[str]) -> dict[str, int]:
    """Take the read models that nobody else is folding, until the transaction ends: name to position. Parked ones are left out."""
    await cursor.execute(
        "SELECT name, position FROM tracking WHERE name = ANY (%b) AND parked_at IS NULL FOR UPDATE SKIP LOCKED",
        (list(names),),
        prepare=True,
    )
    return dict(await cursor.fetchall())


async def advance(cursor: Cursor, names: Sequence[str], position: int) -> None:
    """Record that these read models have folded everything up to `position`."""
    await cursor.execute(
        "UPDATE tracking SET position = %s, attempts = 0, updated_at = clock_timestamp() WHERE name = ANY (%b)",
        (position, list(names)),
        prepare=True,
    )


async def stumble(cursor: Cursor, name: str, position: int, cause: str, patience: int) -> int:
    """Count a failed attempt at the event at `position`; after `patience` of them the read model is parked there. Returns the count."""
    await cursor.execute(
        "UPDATE tracking SET attempts = attempts + 1, parked_cause = %(cause)s, updated_at = clock_timestamp(), "
        "parked_at = CASE WHEN attempts + 1 >= %(patience)s THEN %(position)s::bigint END WHERE name = %(name)s RETURNING attempts",
        {"cause": cause.replace("\x00", "")[:CAUSE_LENGTH], "patience": patience, "position": position, "name": name},
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def retry(cursor: Cursor, slug: str, names: Sequence[str]) -> list[str]:
    """Let parked read models try again, now; returns those that were parked. `slug` names the tenant whose readers are woken."""
    await cursor.execute(
        "UPDATE tracking SET parked_at = NULL, parked_cause = NULL, attempts = 0 WHERE name = ANY (%b) AND parked_at IS NOT NULL RETURNING name",
        (list(names),),
    )
    found = [str(name) for (name,) in await cursor.fetchall()]
    if found:
        await cursor.execute("SELECT pg_notify(%s, %s)", (CHANNEL, slug))
    return found
