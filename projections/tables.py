"""How a read model is laid out: current rows in one table, superseded versions in a second.

A row takes part in two timelines. Known: what the log held, from position `known_from` until before `known_to`. True: what
we now know was so, from instant `true_from` until before `true_to`. Current rows are open-ended on both and therefore have
no ends; they stay few, dense and well estimated, however long the history beside them grows. A version that belongs to
one timeline only has an empty interval on the other.

Which past versions held at a moment is found through a relational interval tree (Kriegel, Pötke, Seidl: Managing Intervals
Efficiently in Object-Relational Databases, VLDB 2000). Each interval is filed under one node of a virtual binary tree over
the whole numbers, the topmost that it contains; an interval that contains a moment is filed under one of the moment's at
most 63 ancestors. So a question about the past costs a few index lookups and what it finds, not a scan of the history.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

NOW_ENDS = {"known_from": "bigint NOT NULL", "true_from": "timestamptz NOT NULL"}
PAST_ENDS = {
    "known_from": "bigint NOT NULL",
    "known_to": "bigint NOT NULL",
    "true_from": "timestamptz NOT NULL",
    "true_to": "timestamptz NOT NULL",
    "known_node": "bigint",
    "true_node": "bigint",
}
"""The nodes are NULL for empty intervals. They are not generated columns: SQL computes them at ten times what it costs here."""
_EPOCH, _MICROSECOND = datetime(2000, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def searchable(*texts: str | None) -> str:
    """Texts as a column that is searched holds them: without case, so that LIKE on it needs no rules of a language."""
    return " ".join(text for text in texts if text).casefold()


def node(low: int, high: int) -> int | None:
    """The topmost node in the half-open interval: `high - 1` with all bits cleared below the highest in which it differs from
    `low - 1`. None for an empty interval.
    """
    if low >= high:
        return None
    low, high = low - 1, high - 1
    if low < 0 <= high:
        return 0
    bit = (low ^ high).bit_length() - 1
    return high >> bit << bit


def node_of_instants(low: str, high: str) -> str:
    """SQL of `node` for two instants."""
    low, high = (f"((extract(epoch FROM {end} - timestamptz '2000-01-01 00:00:00+00') * 1000000)::bigint - 1)" for end in (low, high))
    bit = f"(64 - position(B'1' IN ({low} # {high})::bit(64)))"
    return f"CASE WHEN {low} < {high} THEN ({high} >> {bit}) << {bit} END"


def ancestors(number: int) -> list[int]:
    """The nodes under which an interval that contains `number` may be filed."""
    return [0, *((number >> (level + 1) << (level + 1)) | (1 << level) for level in range(62))]


def moment(instant: datetime) -> int:
    """An instant in microseconds since 2000-01-01T00:00:00Z, as PostgreSQL keeps it and `true_node` counts it."""
    since = instant - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def instant(moment: int) -> datetime:
    """The inverse of `moment`."""
    return _EPOCH + moment * _MICROSECOND


@dataclass(frozen=True, eq=False)
class Table:
    """A versioned table and its past.

    `key`: the columns that identify a row; the first holds the stream whose events the row is folded from, so that a late
    fact is refolded from one stream alone. `columns`: name to SQL type. `indexes`, `past_indexes`: what follows
    `CREATE INDEX ... ON <table>`, for the current rows and for the past.
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    indexes: tuple[str, ...] = ()
    past_indexes: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    """Columns that `Rows.erase` forgets, in every version."""
    types: Mapping[str, str] = field(init=False)
    """Column to bare type name, as COPY and casts want it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "types", {name: declared.split()[0] for name, declared in self.columns.items()})

    @property
    def stream(self) -> str:
        return self.key[0]

    @property
    def past(self) -> str:
        return f"{self.name}_past"

    def create(self, suffix: str = "") -> list[str]:
        """The statements that make both tables, without indexes."""
        return [
            f"CREATE TABLE {name}{suffix} ({', '.join(f'{column} {declared}' for column, declared in {**self.columns, **ends}.items())}){storage}"
            for name, ends, storage in (
                (self.name, NOW_ENDS, " WITH (autovacuum_vacuum_scale_factor = 0.05)"),
                # index-only scans of the past want the visibility map kept fresh as it grows
                (self.past, PAST_ENDS, " WITH (autovacuum_vacuum_insert_scale_factor = 0.02)"),
            )
        ]

    def create_indexes(self, suffix: str = "") -> list[str]:
        """The statements that index both tables; a rebuild runs them last."""
        unique = f"CREATE UNIQUE INDEX {self.name}_key{suffix} ON {self.name}{suffix} ({', '.join(self.key)})"
        return [unique, *(f"CREATE INDEX {name}{suffix} ON {table}{suffix} {body}" for table, name, body in self._secondary())]

    def swap(self, suffix: str) -> list[str]:
        """The statements that put the side tables, already indexed, in the live ones' place."""
        names = [f"{self.name}_key", *(name for _, name, _ in self._secondary())]
        return [
            *(f"DROP TABLE IF EXISTS {name}" for name in (self.name, self.past)),
            *(f"ALTER TABLE {name}{suffix} RENAME TO {name}" for name in (self.name, self.past)),
            *(f"ALTER INDEX {name}{suffix} RENAME TO {name}" for name in names),
        ]

    def fingerprint(self) -> str:
        """Changes whenever the layout does; kept as the table's comment, so that an outdated one is rebuilt."""
        return hashlib.sha256("\n".join((*self.create(), *self.create_indexes())).encode()).hexdigest()[:16]

    def _secondary(self) -> list[tuple[str, str, str]]:
        # the past is cut stream by stream when a late fact arrives, and stabbed by position or by instant; where an interval begins
        # is in the index, too, so that one which is filed under a later node and begins too late is left out unread
        stabbed = ("(known_node, known_to, known_from)", "(true_node, true_to, true_from)")
        past = (f"({self.stream}, known_from)", *stabbed, *self.past_indexes)
        return [
            *((self.name, f"{self.name}_i{number}", body) for number, body in enumerate(self.indexes)),
            *((self.past, f"{self.past}_i{number}", body) for number, body in enumerate(past)),
        ]
