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

NEAR = 100_000
"""Events next to where a page begins that are looked through for frequent words, before the index of words is asked about all others."""
RARE = 10_000
"""Events up to which a word is rare: so many are found through the index of words, and read, in a few hundredths of a second."""
_LEXEMES = (
    "WITH common AS MATERIALIZED (SELECT c.word, c.share FROM pg_stats "
    "CROSS JOIN LATERAL unnest(most_common_elems::text::text[], most_common_elem_freqs) AS c (word, share) "
    f"WHERE schemaname = current_schema AND tablename = '{LOG_INDEX.name}' AND attname = 'words') "
    "SELECT lexeme, (SELECT coalesce(sum(share), 0) FROM common WHERE starts_with(word, lexeme)) "
    f"* (SELECT reltuples FROM pg_class WHERE oid = '{LOG_INDEX.name}'::regclass) <= %(few)s "
    "FROM unnest(tsvector_to_array(to_tsvector('simple', %(text)s))) AS lexeme"
)
"""The words of a text, and whether few events have one that begins so, as the last ANALYZE saw it; before one, all are rare."""


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
    first, last = max(asked.first or 1, 1), _last(reading, asked)
    if cursor is not None:
        after = _opened(cursor)
        first, last = (max(first, after + 1), last) if oldest_first else (first, min(last, after - 1))

    async def between(low: int, high: int, most: int, *also: str, by: str = "position") -> list[int]:
        if low > high or most < 1:
            return []
        order = by if oldest_first else f"{by} DESC"
        where = " AND ".join(("position BETWEEN %(low)s AND %(high)s", *wheres, *also))
        query = f"SELECT position FROM {LOG_INDEX.name} WHERE {where} ORDER BY {order} LIMIT %(most)s"
        return [at for (at,) in await reading.rows(query, {**params, "low": low, "high": high, "most": most})]

    if asked.text is None:
        return await between(first, last, limit)
    params["rare"], params["common"] = rare, common = await _words(reading, asked.text)
    # an order by an expression, and a condition IS TRUE, are what no index but the one that is meant can serve
    read = "(words @@ %(common)s::tsquery) IS TRUE"
    if rare:
        # the index would gather every event that has the common words, only to leave almost all of them out
        return await between(first, last, limit, "words @@ %(rare)s::tsquery", *([read] if common else ()), by="position + 0")
    # frequent words are soon met where the page begins; where they are not, the index of words tells where they are
    middle = min(first + NEAR, last) if oldest_first else max(last - NEAR, first)
    near, rest = ((first, middle), (middle + 1, last)) if oldest_first else ((middle, last), (first, middle - 1))
    found = await between(*near, limit, read)
    return found + await between(*rest, limit - len(found), "words @@ %(common)s::tsquery", by="position + 0")


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


async def _words(reading: Reading, text: str) -> tuple[str, str]:
    """Two conditions on words, which together are what is looked for: that all rare ones of the text are met, and all others."""
    lexemes = await reading.rows(_LEXEMES, {"text": text, "few": RARE})
    if not lexemes:
        raise Invalid("There is no word in this text to look for; name one.", text=text)
    rare, common = ([_prefix(lexeme) for lexeme, few in lexemes if few is kind] for kind in (True, False))
    return " & ".join(rare), " & ".join(common)


def _prefix(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "':*"


def _opened(cursor: str) -> int:
    if not (cursor.isdecimal() and len(cursor) < 19):
        raise Invalid("This cursor is not one that a page answered with; begin again without it.")
    return int(cursor)
