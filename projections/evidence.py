"""What a bundle of evidence is made of: which events belong to what was asked for, and how they are told to people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from domain.approvals import approval_id
from domain.kernel import Recorded
from infra.event_store.loader import COLUMNS, Row
from infra.event_store.unreadable import Unreadable
from projections.interactions import INTERACTIONS
from projections.papers import PAPERS
from projections.reading import Reading
from projections.telling import resolve, tell
from projections.timeline import streams

About = Literal["account", "contract", "deal", "dispute"]
"""What a bundle can be about as a whole."""
_TOLD_TOGETHER = 500


class Gathered(NamedTuple):
    """Events by position, as stored, and what is said of each."""

    rows: list[Row]
    told: list[dict[str, Any]]


async def streams_of(reading: Reading, noun: About, id: UUID) -> list[UUID]:
    """The streams that tell of a thing: its own, of its approvals and papers, and of interactions about a deal; of an account all round."""
    if noun == "account":
        return await streams(reading, id)
    of = reading.as_of.of
    found = await reading.rows(
        f"SELECT id FROM {of(PAPERS, 'id', 'subject')} AS p WHERE subject = %(id)s "
        f"UNION SELECT id FROM {of(INTERACTIONS, 'id', 'deal')} AS i WHERE deal = %(id)s",
        {"id": id},
    )
    return [id, approval_id(noun, id), *(one for (one,) in found)]


async def name_of(reading: Reading, id: UUID) -> str:
    """What a thing was called at the reading's moment."""
    return (await resolve(reading, {id})).of(id)


async def gathered(reading: Reading, condition: str, params: Mapping[str, Any], most: int) -> Gathered:
    """The events that the condition on `events` names, at most `most` of them, in order; each is told, also if it cannot be read."""
    query = f"SELECT {COLUMNS} FROM events WHERE {condition} ORDER BY position LIMIT %(most)s"
    rows: list[Row] = await reading.rows(query, {**params, "most": most})
    told: list[dict[str, Any]] = []
    for start in range(0, len(rows), _TOLD_TOGETHER):
        told += await _told(reading, rows[start : start + _TOLD_TOGETHER])
    return Gathered(rows, told)


async def _told(reading: Reading, rows: Sequence[Row]) -> list[dict[str, Any]]:
    decoded: dict[int, Recorded | str] = {}
    for row in rows:
        try:
            decoded[row[0]] = reading.log.decode(reading.tenant, row)
        except Unreadable as error:
            # evidence of a log that was tampered with is wanted most of all
            decoded[row[0]] = str(error)
    readable = [one for one in decoded.values() if isinstance(one, Recorded)]
    sentences = {one.position: one for one in await tell(reading, readable)}
    found = []
    for row in rows:
        position, stream, version, topic, _, _, recorded_at, effective_at = row
        event, said = decoded[position], sentences.get(position)
        found.append(
            {
                "position": position,
                "recorded_at": _instant(recorded_at),
                "effective_at": _instant(effective_at),
                "stream": str(stream),
                "version": version,
                "topic": topic,
                "actor": str(said.actor) if said else None,
                "who": said.actor_name if said else "unknown",
                "sentence": said.sentence if said else f"This event cannot be read: {event}.",
                "data": event.event.model_dump(mode="json") if isinstance(event, Recorded) else None,
            }
        )
    return found


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
