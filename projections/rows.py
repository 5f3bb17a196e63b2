"""Buffered rows: handlers get, put and close in memory; a whole batch is then written with a few set-based statements.

What a handler sees is always the row as it stands after everything folded so far. Each change closes the version before
it on both timelines and begins one on both, except where a late fact makes history be told anew (`rewrite`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from domain.kernel import ERASED
from projections.tables import Table
from projections.wire import Wire

Row = dict[str, Any]
FORGOTTEN: dict[str, Any] = {"text": ERASED, "jsonb": {}}
"""What stands in a personal column once its person is forgotten: what the codec reads without the key."""
SubKey = tuple[Any, ...]


class Version:
    """A current row: known since a position and true since an instant, both open-ended. `parts`: encoded, once it is needed."""

    __slots__ = ("known_from", "parts", "row", "stored", "true_from")

    def __init__(self, row: Row, parts: list[bytes] | None, known_from: int, true_from: datetime, *, stored: bool = False) -> None:
        self.row, self.parts, self.known_from, self.true_from, self.stored = row, parts, known_from, true_from, stored


class Past:
    """A superseded row on two half-open intervals; one of them may be empty, never both."""

    __slots__ = ("known_from", "known_to", "parts", "row", "true_from", "true_to")

    def __init__(self, row: Row, parts: list[bytes] | None, known_from: int, known_to: int, true_from: datetime, true_to: datetime) -> None:
        self.row, self.parts, self.known_from, self.known_to = row, parts, known_from, known_to
        self.true_from, self.true_to = true_from, true_to

    @property
    def nowhere(self) -> bool:
        return self.known_from == self.known_to and self.true_from == self.true_to


class Cut:
    """A late fact at `position` ends what past versions of a stream say after `since`; those that were current then are dealt with in memory."""

    __slots__ = ("position", "since", "stream")

    def __init__(self, stream: UUID, since: datetime, position: int) -> None:
        self.stream, self.since, self.position = stream, since, position


class Buffer:
    """One table's share of a batch."""

    __slots__ = ("current", "cuts", "erased", "gone", "mine", "nothing", "past", "subkey", "table", "wire")

    def __init__(self, table: Table) -> None:
        self.table = table
        self.subkey = table.key[1:]
        self.wire = wire_of(table)
        self.nothing: Row = dict.fromkeys(table.columns)
        self.current: dict[int, dict[SubKey, Version]] = {}
        """By the stream's number: a UUID is hashed and compared in Python, which would cost more than the rest of a look-up."""
        self.mine: dict[SubKey, Version] | None = None
        """Of the stream at hand; None: it has none."""
        self.past: dict[int, list[Past]] = {}
        self.gone: list[tuple[Any, ...]] = []
        """Keys of stored current rows that are superseded."""
        self.cuts: list[Cut] = []
        self.erased: list[UUID] = []
        """Streams whose personal columns are forgotten, in the stored past too."""

    def load(self, row: Row, known_from: int, true_from: datetime) -> None:
        """Take over a stored current row."""
        subkey = tuple(row[column] for column in self.subkey)
        self.current.setdefault(row[self.table.stream].int, {})[subkey] = Version(row, None, known_from, true_from, stored=True)

    def retire(self, stream: UUID, subkey: SubKey, version: Version, past: Past) -> None:
        """Move a current version to the past."""
        if not past.nowhere:
            self.past.setdefault(stream.int, []).append(past)
        if version.stored:
            self.gone.append((stream, *subkey))

    def rewrite(self, stream: UUID, position: int, since: datetime, told: Buffer) -> None:
        """Replace what was held true of a stream from `since` on by `told`, its history folded in effective order.

        What the log held at earlier positions stays as it was.
        """
        kept = self.past.setdefault(stream.int, [])
        for version in kept:
            if version.true_to > since:
                version.true_to = max(version.true_from, since)
        self.past[stream.int] = kept = [version for version in kept if not version.nowhere]
        self.cuts.append(Cut(stream, since, position))
        self.erased.extend(told.erased)
        for version in told.past.get(stream.int, ()):
            if version.true_to > max(version.true_from, since):
                kept.append(Past(version.row, version.parts, position, position, max(version.true_from, since), version.true_to))
        before = self.current.setdefault(stream.int, {})
        after = told.current.get(stream.int, {})
        for subkey in [*before, *(k for k in after if k not in before)]:
            old, new = before.get(subkey), after.get(subkey)
            if old and new and old.row == new.row and old.true_from == new.true_from and not self.table.personal:
                continue
            if old:
                ended = Past(old.row, old.parts, old.known_from, position, old.true_from, max(old.true_from, since))
                self.retire(stream, subkey, old, ended)
                del before[subkey]
            if new:
                before[subkey] = Version(new.row, new.parts, position, max(new.true_from, since))

    def erase(self, stream: UUID) -> None:
        """Forget the personal columns of every version of a stream's rows."""
        self.erased.append(stream)
        for past in self.past.get(stream.int, ()):
            past.row, past.parts = self._forgotten(past.row), None
        for subkey, version in self.current.get(stream.int, {}).items():
            version.row, version.parts = self._forgotten(version.row), None
            if version.stored:
                self.gone.append((stream, *subkey))
                version.stored = False

    def _forgotten(self, row: Row) -> Row:
        return {**row, **{name: None if row[name] is None else FORGOTTEN[self.table.types[name]] for name in self.table.personal}}

    def fresh(self) -> Iterator[Version]:
        """Current versions that are not stored yet."""
        for versions in self.current.values():
            for version in versions.values():
                if not version.stored:
                    yield version

    def passed(self) -> Iterator[Past]:
        for versions in self.past.values():
            yield from versions


class Rows:
    """What a projection's handler works on. Every call is about the stream of the event at hand."""

    __slots__ = ("_each", "_position", "_since", "_stream", "buffers")

    def __init__(self, tables: Iterable[Table]) -> None:
        self.buffers = {table.name: Buffer(table) for table in tables}
        self._each = list(self.buffers.values())
        self._stream, self._position, self._since = UUID(int=0), 0, datetime.min.replace(tzinfo=UTC)

    def begin(self, stream: UUID, position: int, since: datetime) -> None:
        """The event at hand: its stream and position, and since when its consequences are so."""
        self._stream, self._position, self._since = stream, position, since
        number = stream.int
        for buffer in self._each:
            buffer.mine = buffer.current.get(number)

    def get(self, table: Table, *subkey: Any) -> Row | None:
        """The stream's row, or the one that the rest of the key names; None if there is none. Never change it in place."""
        mine = self.buffers[table.name].mine
        version = mine.get(subkey) if mine else None
        return version.row if version else None

    def all(self, table: Table) -> list[Row]:
        """Every row of the stream."""
        return [version.row for version in (self.buffers[table.name].mine or {}).values()]

    def put(self, table: Table, **row: Any) -> None:
        """Hold this row from now on; columns that are left out are NULL."""
        buffer = self.buffers[table.name]
        whole = {**buffer.nothing, **row, table.stream: self._stream}
        if len(whole) != len(table.columns):
            raise KeyError(f"{table.name} has no column {', '.join(sorted(set(whole) - set(table.columns)))}")
        subkey = tuple(whole[column] for column in buffer.subkey)
        if buffer.mine is None:
            buffer.mine = buffer.current[self._stream.int] = {}
        elif (version := buffer.mine.get(subkey)) is not None:
            self._replace(buffer, subkey, version, whole)
            return
        buffer.mine[subkey] = Version(whole, buffer.wire.whole(whole), self._position, self._since)

    def change(self, table: Table, *subkey: Any, **changes: Any) -> None:
        """Change some columns of a row; nothing where there is no such row, because history always folds."""
        self.update(table, changes, *subkey)

    def update(self, table: Table, changes: Mapping[str, Any], *subkey: Any) -> None:
        """`change` for changes that are a mapping already."""
        buffer = self.buffers[table.name]
        version = buffer.mine.get(subkey) if buffer.mine else None
        if version is not None:
            self._replace(buffer, subkey, version, changes)

    def close(self, table: Table, *subkey: Any) -> None:
        """Hold this row no longer."""
        buffer = self.buffers[table.name]
        version = buffer.mine.pop(subkey, None) if buffer.mine else None
        if version is not None:
            self._supersede(buffer, subkey, version)

    def erase(self, table: Table) -> None:
        """Forget the table's personal columns in every version of the stream's rows, past ones included."""
        self.buffers[table.name].erase(self._stream)

    def _replace(self, buffer: Buffer, subkey: SubKey, version: Version, values: Mapping[str, Any]) -> None:
        row = version.row
        changes = {name: value for name, value in values.items() if row[name] != value}
        # versions of persons are kept apart even where they read the same: they do once the person is forgotten
        if not changes and not buffer.table.personal:
            return
        if version.parts is None:
            version.parts = buffer.wire.whole(row)
        self._supersede(buffer, subkey, version)
        assert buffer.mine is not None
        buffer.mine[subkey] = Version({**row, **changes}, buffer.wire.changed(version.parts, changes), self._position, self._since)

    def _supersede(self, buffer: Buffer, subkey: SubKey, version: Version) -> None:
        # a second change by the same event replaces the first: neither timeline ever showed what lay between
        past = Past(version.row, version.parts, version.known_from, self._position, version.true_from, self._since)
        buffer.retire(self._stream, subkey, version, past)


@lru_cache(maxsize=256)
def wire_of(table: Table) -> Wire:
    """One for each table."""
    return Wire(table)
