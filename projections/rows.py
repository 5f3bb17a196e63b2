"""Buffered rows: handlers get, put and close in memory; a whole batch is then written with a few set-based statements.

What a handler sees is always the row as it stands after everything folded so far. Each change closes the version before
it on both timelines and begins one on both, except where a late fact makes history be told anew (`rewrite`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from domain.kernel import ERASED
from projections.tables import Table, moment
from projections.wire import NULL, Wire

Row = dict[str, Any]
FORGOTTEN: dict[str, Any] = {"text": ERASED, "jsonb": {}}
"""What stands in a personal column once its person is forgotten: what the codec reads without the key."""
SubKey = tuple[Any, ...]


class Version:
    """A row as it stands, known from a position and true from a moment on. It changes in place; what it said before becomes a `Past`.

    `key`: of the stored row that this still is; None where it has to be written. `parts`: the columns as they are encoded;
    None: not encoded yet.
    """

    __slots__ = ("key", "known_from", "parts", "row", "true_from")

    def __init__(self, row: Row, parts: list[bytes] | None, known_from: int, true_from: int) -> None:
        self.row, self.parts, self.known_from, self.true_from = row, parts, known_from, true_from
        self.key: tuple[Any, ...] | None = None


class Past:
    """A superseded version on two half-open intervals: known from a position to another, true from a moment to another.

    `key`: of the stored row that it is; else `raw`: its columns as they are encoded.
    """

    __slots__ = ("key", "known_from", "known_to", "raw", "true_from", "true_to")

    def __init__(self, version: Version, raw: bytes, known_to: int, true_to: int) -> None:
        self.key, self.known_from, self.true_from = version.key, version.known_from, version.true_from
        self.raw, self.known_to, self.true_to = raw, known_to, true_to

    @property
    def nowhere(self) -> bool:
        """Whether it was never seen on either timeline."""
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
        """Keys of stored current rows that leave nothing behind."""
        self.cuts: list[Cut] = []
        self.erased: list[UUID] = []
        """Streams whose personal columns are forgotten, in the stored past too."""

    def load(self, row: Row, known_from: int, true_from: datetime) -> None:
        """Take over a stored current row."""
        key = tuple([row[column] for column in self.table.key])
        version = Version(row, None, known_from, moment(true_from))
        version.key = key
        self.current.setdefault(key[0].int, {})[key[1:]] = version

    def encoded(self, version: Version) -> list[bytes]:
        """The columns of a version that is to be written."""
        if version.parts is None:
            version.parts = self.wire.whole(version.row)
        return version.parts

    def retire(self, number: int, version: Version, known_to: int, true_to: int) -> None:
        """What a version of a stream says now belongs to the past, which it leaves at these ends."""
        # one that ends where it began was never seen
        if known_to == version.known_from and true_to == version.true_from:
            return
        past = Past(version, b"" if version.key else b"".join(self.encoded(version)), known_to, true_to)
        kept = self.past.get(number)
        if kept is None:
            self.past[number] = [past]
        else:
            kept.append(past)

    def rewrite(self, stream: UUID, position: int, since: datetime, told: Buffer) -> None:
        """Replace what was held true of a stream from `since` on by `told`, its history folded in effective order.

        What the log held at earlier positions stays as it was.
        """
        number, cut = stream.int, moment(since)
        kept = self.past.get(number, [])
        for version in kept:
            if version.true_to > cut:
                version.true_to = max(version.true_from, cut)
        self.past[number] = kept = [version for version in kept if not version.nowhere]
        self.cuts.append(Cut(stream, since, position))
        self.erased.extend(told.erased)
        for version in told.past.get(number, ()):
            if version.true_to > max(version.true_from, cut):
                version.known_from = version.known_to = position
                version.true_from = max(version.true_from, cut)
                kept.append(version)
        before = self.current.setdefault(number, {})
        after = told.current.get(number, {})
        for subkey in [*before, *(k for k in after if k not in before)]:
            old, new = before.get(subkey), after.get(subkey)
            if old and new and old.row == new.row and old.true_from == new.true_from and not self.table.personal:
                continue
            if old:
                self.retire(number, old, position, max(old.true_from, cut))
                del before[subkey]
            if new:
                before[subkey] = Version(new.row, new.parts, position, max(new.true_from, cut))

    def erase(self, stream: UUID) -> None:
        """Forget the personal columns of every version of a stream's rows. Stored ones are changed where they are."""
        self.erased.append(stream)
        personal, wire = self.table.personal, self.wire
        forgotten = {name: FORGOTTEN[self.table.types[name]] for name in personal}
        encoded = {name: wire.encode(name, value) for name, value in forgotten.items()}
        for past in self.past.get(stream.int, ()):
            if past.key is None:
                past.raw = wire.replaced(past.raw, encoded)
        for version in self.current.get(stream.int, {}).values():
            version.row = {**version.row, **{name: value for name, value in forgotten.items() if version.row[name] is not None}}
            version.parts = None
            if version.key is not None:
                self.gone.append(version.key)
                version.key = None

    def fresh(self) -> Iterator[Version]:
        """Current versions that are not stored yet."""
        for versions in self.current.values():
            for version in versions.values():
                if version.key is None:
                    yield version

    def passed(self) -> Iterator[Past]:
        for versions in self.past.values():
            yield from versions


class Rows:
    """What a projection's handler works on. Every call is about the stream of the event at hand."""

    __slots__ = ("_each", "_number", "_position", "_since", "_stream", "buffers")

    def __init__(self, tables: Iterable[Table]) -> None:
        self.buffers = {table.name: Buffer(table) for table in tables}
        self._each = list(self.buffers.values())
        self._stream, self._number, self._position, self._since = UUID(int=0), 0, 0, 0

    def begin(self, stream: UUID, position: int, since: datetime) -> None:
        """The event at hand: its stream and position, and since when its consequences are so."""
        self._stream, self._position, self._since = stream, position, moment(since)
        self._number = number = stream.int
        for buffer in self._each:
            buffer.mine = buffer.current.get(number)

    def get(self, table: Table, *subkey: Any) -> Row | None:
        """The stream's row, or the one that the rest of the key names; None if there is none. Never change it: the next change does."""
        mine = self.buffers[table.name].mine
        version = mine.get(subkey) if mine else None
        return version.row if version else None

    def all(self, table: Table) -> list[Row]:
        """Every row of the stream."""
        mine = self.buffers[table.name].mine
        return [version.row for version in mine.values()] if mine else []

    def put(self, table: Table, **row: Any) -> None:
        """Hold this row from now on; columns that are left out are NULL."""
        buffer = self.buffers[table.name]
        whole = {**buffer.nothing, **row, table.stream: self._stream}
        if len(whole) != len(buffer.nothing):
            raise KeyError(f"{table.name} has no column {', '.join(sorted(set(whole) - set(table.columns)))}")
        subkey = tuple([whole[column] for column in buffer.subkey])
        if buffer.mine is None:
            buffer.mine = buffer.current[self._number] = {}
        elif (version := buffer.mine.get(subkey)) is not None:
            self._replace(buffer, version, whole)
            return
        buffer.mine[subkey] = Version(whole, None, self._position, self._since)

    def change(self, table: Table, *subkey: Any, **changes: Any) -> None:
        """Change some columns of a row; nothing where there is no such row, because history always folds."""
        self.update(table, changes, *subkey)

    def update(self, table: Table, changes: Mapping[str, Any], *subkey: Any) -> None:
        """`change` for changes that are a mapping already."""
        buffer = self.buffers[table.name]
        mine = buffer.mine
        if mine and (version := mine.get(subkey)) is not None:
            self._replace(buffer, version, changes)

    def close(self, table: Table, *subkey: Any) -> None:
        """Hold this row no longer."""
        buffer = self.buffers[table.name]
        version = buffer.mine.pop(subkey, None) if buffer.mine else None
        if version is not None:
            buffer.retire(self._number, version, self._position, self._since)

    def erase(self, table: Table) -> None:
        """Forget the table's personal columns in every version of the stream's rows, past ones included."""
        self.buffers[table.name].erase(self._stream)

    def _replace(self, buffer: Buffer, version: Version, values: Mapping[str, Any]) -> None:
        row, places = version.row, buffer.wire.places
        # versions of persons are kept apart even where they read the same: they do once the person is forgotten
        begun = bool(buffer.table.personal)
        if begun:
            self._supersede(buffer, version)
        for name, value in values.items():
            if row[name] != value:
                if not begun:
                    begun = True
                    self._supersede(buffer, version)
                row[name] = value
                if (parts := version.parts) is not None:
                    place, encode = places[name]
                    parts[place] = NULL if value is None else encode(value)

    def _supersede(self, buffer: Buffer, version: Version) -> None:
        """What the version says until now goes to the past; what is put into it from here on is so from the event at hand."""
        # a second change by the same event replaces the first: neither timeline ever showed what lay between
        buffer.retire(self._number, version, self._position, self._since)
        version.key, version.known_from, version.true_from = None, self._position, self._since


@lru_cache(maxsize=256)
def wire_of(table: Table) -> Wire:
    """One for each table."""
    return Wire(table)
