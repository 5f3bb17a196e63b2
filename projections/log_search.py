"""Searching the log: any mix of who, for whom, when, which thing, what kind, through what, and words; by pages that stay as they are.

Newest or oldest first by position, so that what is recorded meanwhile moves no page. Words are beginnings of words, and all of them
have to be in the event or in what it is called; what is personal, and names that an event holds as ids only, are not searched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel

from domain.kernel import Invalid, Recorded
from projections.as_of import Basis
from projections.log_index import LOG_INDEX
from projections.paging import LARGEST_PAGE
from projections.reading import Reading
from projections.telling import Told, resolve, tell

NEAR = 20_000
"""Events next to where a page begins that are looked through for words, before the index of words is asked about all others."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; None: whatever it is. `first` and `last` are positions; `late_days`: so at least so long before it was recorded."""

    actor: UUID | None = None
    on_behalf_of: UUID | None = None
    stream: UUID | None = None
    noun: str | None = None
    topic: str | None = None
    correlation: UUID | None = None
    text: str | None = None
    late_days: int | None = None
    first: int | None = None
    last: int | None = None


class Hit(Told):
    """An event in one sentence, and through what it came about: the command, what that followed from, and what caused it."""

    noun: str
    version: int
    on_behalf_of: UUID | None
    on_behalf_of_name: str | None
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None


class Hits(BaseModel):
    """One page; `next` goes into `cursor`, None: that was all."""

    items: list[Hit]
    next: str | None
    position: int


_EXACTLY = ("actor", "on_behalf_of", "stream", "noun", "topic", "correlation")


async def search(reading: Reading, asked: Search, *, oldest_first: bool = False, limit: int = 50, cursor: str | None = None) -> Hits:
    """The events that are looked for, as the log stood at the reading's moment. Raises Invalid on words or cursors that are none."""
    size = min(max(limit, 1), LARGEST_PAGE)
    positions = await positions_of(reading, asked, oldest_first=oldest_first, limit=size + 1, cursor=cursor)
    following = str(positions[size - 1]) if len(positions) > size else None
    found = await reading.events(positions[:size])
    return Hits(items=await hits(reading, found), next=following, position=reading.position)


async def positions_of(reading: Reading, asked: Search, *, oldest_first: bool = False, limit: int, cursor: str | None = None) -> list[int]:
    """Where the first of them stand. Raises Invalid."""
    given = {name: value for name in _EXACTLY if (value := getattr(asked, name)) is not None}
    wheres, params = [f"{name} = %({name})s" for name in given], dict(given)
    if asked.late_days is not None:
        wheres.append("late_days > 0 AND late_days >= %(late_days)s")
        params["late_days"] = asked.late_days
    if not reading.as_of.now and reading.as_of.basis is Basis.HAPPENED:
        wheres.append("true_from <= %(as_of)s")
    if asked.text is not None:
        wheres.append("words @@ %(words)s::tsquery")
        params["words"] = await _words(reading, asked.text)
    first, last = max(asked.first or 1, 1), _last(reading, asked)
    if cursor is not None:
        after = _opened(cursor)
        first, last = (max(first, after + 1), last) if oldest_first else (first, min(last, after - 1))

    async def between(low: int, high: int, most: int, by: str = "position") -> list[int]:
        if low > high or most < 1:
            return []
        order = by if oldest_first else f"{by} DESC"
        where = " AND ".join(("position BETWEEN %(low)s AND %(high)s", *wheres))
        query = f"SELECT position FROM {LOG_INDEX.name} WHERE {where} ORDER BY {order} LIMIT %(most)s"
        return [at for (at,) in await reading.rows(query, {**params, "low": low, "high": high, "most": most})]

    if asked.text is None:
        return await between(first, last, limit)
    # frequent words are soon met where the page begins; all others are found through the index of words, whatever the planner thinks
    middle = min(first + NEAR, last) if oldest_first else max(last - NEAR, first)
    near, rest = ((first, middle), (middle + 1, last)) if oldest_first else ((middle, last), (first, middle - 1))
    found = await between(*near, limit)
    return found + await between(*rest, limit - len(found), by="position + 0")


async def hits(reading: Reading, events: Sequence[Recorded]) -> list[Hit]:
    """The events in sentences, with what they came about through."""
    behalf = {e.on_behalf_of for e in events if e.on_behalf_of is not None}
    names = await resolve(reading, behalf) if behalf else None
    return [
        Hit(
            **dict(told),
            noun=e.event.topic.partition(".")[0],
            version=e.originator_version,
            on_behalf_of=e.on_behalf_of,
            on_behalf_of_name=names.of(e.on_behalf_of) if names and e.on_behalf_of else None,
            command_id=e.command_id,
            correlation_id=e.correlation_id,
            causation_id=e.causation_id,
        )
        for told, e in zip(await tell(reading, events), events, strict=True)
    ]


def _last(reading: Reading, asked: Search) -> int:
    known = reading.as_of.position if reading.as_of.basis is Basis.KNOWN else None
    return min(bound for bound in (reading.position, known, asked.last) if bound is not None)


async def _words(reading: Reading, text: str) -> str:
    found = await reading.rows("SELECT tsvector_to_array(to_tsvector('simple', %(text)s))", {"text": text})
    lexemes: list[str] = found[0][0]
    if not lexemes:
        raise Invalid("There is no word in this text to look for; name one.", text=text)
    return " & ".join("'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "':*" for lexeme in lexemes)


def _opened(cursor: str) -> int:
    if not (cursor.isdecimal() and len(cursor) < 19):
        raise Invalid("This cursor is not one that a page answered with; begin again without it.")
    return int(cursor)
