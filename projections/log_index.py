"""The log as auditors search it: by who, when, what, through what, and by words; one row per event, beside the log.

SQL makes the rows of the stored events themselves, because nothing has to be decided about them: it takes a fraction of what decoding
each event would. Who, when and what of a row never changes, so the index as of a position is its rows up to there. What is personal is sealed in the log and
has no word here; neither have ids. Words are cut by PostgreSQL's own parser without the rules of a language (`simple`), with those of
the topic, as sentences begin: "deal stage entered".
"""

from __future__ import annotations

from domain.privacy import MentionsErased
from projections.batch import Entry
from projections.projection import Projection
from projections.rows import Rows
from projections.tables import Table
from projections.writing import Cursor

LARGEST = 250_000
"""Bytes of an event up to which its words are indexed; PostgreSQL takes a megabyte of them at most."""
LOG_INDEX = Table(
    name="log_index",
    key=("position",),
    columns={
        "position": "bigint NOT NULL",
        "stream": "uuid NOT NULL",
        "version": "bigint NOT NULL",
        "topic": 'text COLLATE "C" NOT NULL',
        "noun": 'text COLLATE "C" NOT NULL',
        "actor": "uuid NOT NULL",
        "on_behalf_of": "uuid",
        "correlation": "uuid NOT NULL",
        "late_days": "integer NOT NULL",  # whole days by which it was so before it was recorded
        "words": "tsvector",
    },
    indexes=(
        "(stream, position)",
        "(actor, position)",
        "(noun, position)",
        "(topic, position)",
        "(correlation, position)",
        "(on_behalf_of, position) WHERE on_behalf_of IS NOT NULL",
        "(position) WHERE late_days > 0",
        "USING gin (words)",
    ),
)

_NIL = "'00000000-0000-0000-0000-000000000000'::uuid"
_WORDS = "to_tsvector('simple', translate(topic, '._', '  '))"
_ID = '"[0-9a-f]{8}-[0-9a-f-]{27}"'
_SEALED = '\\{"\\$sealed":"[^"]*"\\}'
_OPEN = f"CASE WHEN strpos(said, '$sealed') = 0 THEN said ELSE regexp_replace(said, '{_SEALED}', 'null', 'g') END"
_DERIVE = (
    "INSERT INTO {table} (position, stream, version, topic, noun, actor, on_behalf_of, correlation, late_days, words, known_from, true_from) "
    "SELECT position, stream, version, topic, split_part(topic, '.', 1), "
    # the bytes of `infra.event_store.envelope.encode_meta`
    f"CASE WHEN length(meta) < 49 THEN {_NIL} ELSE encode(substring(meta FROM 2 FOR 16), 'hex')::uuid END, "
    "CASE WHEN length(meta) > 49 AND get_byte(meta, 0) & 1 = 1 THEN encode(substring(meta FROM 50 FOR 16), 'hex')::uuid END, "
    f"CASE WHEN length(meta) < 49 THEN {_NIL} ELSE encode(substring(meta FROM 34 FOR 16), 'hex')::uuid END, "
    "greatest(extract(day FROM recorded_at - effective_at)::integer, 0), "
    # a text with U+0000 or half a character is no text to PostgreSQL: such an event is found by all but its words
    f"CASE WHEN length(state) > {LARGEST} OR strpos(said, '\\u0000') > 0 OR strpos(said, '\\ud') > 0 OR said IS NOT JSON THEN strip({_WORDS}) "
    f"ELSE strip({_WORDS} || json_to_tsvector('simple', regexp_replace({_OPEN}, '{_ID}', 'null', 'g')::json, '[\"string\", \"numeric\"]')) END, "
    "position, effective_at "
    "FROM events CROSS JOIN LATERAL (SELECT convert_from(state, 'UTF8') AS said) AS t WHERE position > %s AND position <= %s ORDER BY position"
)

_MASKED = (
    "SELECT position, (cut ->> 'stream')::uuid, (cut ->> 'version')::bigint FROM events, "
    "jsonb_array_elements(convert_from(state, 'UTF8')::jsonb -> 'cuts') AS cut "
    f"WHERE (topic LIKE 'privacy.%%' OR topic = 'contact.erased') AND topic = '{MentionsErased.topic}'"
)
_HIDE = (
    f"UPDATE {{table}} AS i SET words = strip({_WORDS}) "
    "FROM unnest(%s::bigint[], %s::uuid[], %s::bigint[]) AS m (said_at, stream, version) WHERE i.stream = m.stream AND i.version = m.version "
    "AND (i.position > %s AND i.position <= %s OR m.said_at > %s AND m.said_at <= %s)"
)


class LogIndex(Projection):
    """Derived by SQL; see `Projection.derive`. An event some of whose words are masked is found by all but its words."""

    name = "log_index"
    tables = (LOG_INDEX,)
    events = ()
    derived = True

    async def derive(self, cursor: Cursor, after: int, last: int, suffix: str = "") -> None:
        await cursor.execute(_DERIVE.replace("{table}", f"{LOG_INDEX.name}{suffix}").encode(), (after, last))
        masked = await (await cursor.execute(_MASKED.encode())).fetchall()
        if masked:
            # those of this stretch, and those that this stretch says are masked: a rebuild derives several stretches at once
            places = tuple(map(list, zip(*masked, strict=True)))
            await cursor.execute(_HIDE.replace("{table}", f"{LOG_INDEX.name}{suffix}").encode(), (*places, after, last, after, last))

    def handle(self, rows: Rows, entry: Entry) -> None:
        """No event is folded into it."""
