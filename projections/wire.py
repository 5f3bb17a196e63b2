"""Rows in PostgreSQL's binary COPY format, kept column by column: a version that differs from the one before it in three
columns costs the encoding of three. Formats: the `*_send` functions of src/backend/utils/adt.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from projections.tables import NOW_ENDS, PAST_ENDS, Table, moment, node

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"

_INT8, _INT4, _LENGTH, _COUNT = struct.Struct("!iq").pack, struct.Struct("!ii").pack, struct.Struct("!i").pack, struct.Struct("!h").pack
_TWO, _FOUR = struct.Struct("!iqiq").pack, struct.Struct("!iqiqiqiq").pack
_LENGTHS = [_LENGTH(size) for size in range(256)]
_TRUE, _FALSE = b"\0\0\0\1\1", b"\0\0\0\1\0"
_FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC).toordinal()
"""PostgreSQL counts days from 2000."""
_OIDS = {"text": 25, "uuid": 2950}

Encode = Callable[[Any], bytes]
"""A value, never None, as its length and its bytes."""


def _long(value: bytes) -> bytes:
    size = len(value)
    return (_LENGTHS[size] if size < 256 else _LENGTH(size)) + value


def _text(value: str) -> bytes:
    raw = value.encode()
    size = len(raw)
    return (_LENGTHS[size] if size < 256 else _LENGTH(size)) + raw


def _array(element: str) -> Encode:
    encode = _ENCODERS[element]

    def array(values: Any) -> bytes:
        head = struct.pack("!iiIii", 1, 0, _OIDS[element], len(values), 1) if values else struct.pack("!iiI", 0, 0, _OIDS[element])
        return _long(head + b"".join(encode(value) for value in values))

    return array


@lru_cache(maxsize=1 << 16)
def _numeric(digits: str) -> bytes:
    """A finite number in plain notation: groups of four digits, the weight of the first, the sign, and the digits after the point."""
    whole, _, part = digits.lstrip("-").partition(".")
    padded = whole.zfill(-(-len(whole) // 4) * 4) + part + "0" * (-len(part) % 4)
    groups = [int(padded[at : at + 4]) for at in range(0, len(padded), 4)]
    weight = len(padded[: len(padded) - -(-len(part) // 4) * 4]) // 4 - 1
    while groups and not groups[-1]:
        groups.pop()
    leading = next((n for n, group in enumerate(groups) if group), 0)
    groups, weight = groups[leading:], weight - leading if groups else 0
    sign = 0x4000 if groups and digits[0] == "-" else 0
    return struct.pack(f"!ihhHH{len(groups)}H", 8 + 2 * len(groups), len(groups), weight, sign, len(part), *groups)


_ENCODERS: dict[str, Encode] = {
    "uuid": lambda value: b"\0\0\0\x10" + value.int.to_bytes(16, "big"),
    "text": _text,
    "int8": lambda value: _INT8(8, value),
    "int4": lambda value: _INT4(4, value),
    "bool": lambda value: _TRUE if value else _FALSE,
    "date": lambda value: _INT4(4, value.toordinal() - _FIRST_DAY),
    "timestamptz": lambda value: _INT8(8, moment(value)),
    "numeric": lambda value: _numeric(f"{value:f}"),
    "jsonb": lambda value: _long(b"\1" + orjson.dumps(value)),
}
_ENCODERS |= {f"{element}[]": _array(element) for element in ("text", "uuid")}


class Wire:
    """How one table's rows are encoded."""

    def __init__(self, table: Table) -> None:
        self._columns = [(name, _ENCODERS[type_]) for name, type_ in table.types.items()]
        self._places = {name: (place, encode) for place, (name, encode) in enumerate(self._columns)}
        self._current = _COUNT(len(self._columns) + len(NOW_ENDS))
        self._past = _COUNT(len(self._columns) + len(PAST_ENDS))

    def whole(self, row: Mapping[str, Any]) -> list[bytes]:
        """Every column of a row."""
        return [NULL if (value := row[name]) is None else encode(value) for name, encode in self._columns]

    def changed(self, parts: list[bytes], changes: Mapping[str, Any]) -> list[bytes]:
        """The row with these columns changed."""
        parts = parts.copy()
        for name, value in changes.items():
            place, encode = self._places[name]
            parts[place] = NULL if value is None else encode(value)
        return parts

    def replaced(self, parts: list[bytes], values: Mapping[str, bytes]) -> list[bytes]:
        """The row with these columns, as far as they are not NULL, replaced by what is encoded already."""
        parts = parts.copy()
        for name, value in values.items():
            place, _ = self._places[name]
            if parts[place] != NULL:
                parts[place] = value
        return parts

    def encode(self, column: str, value: Any) -> bytes:
        """A value of one column."""
        return self._places[column][1](value)

    def current(self, parts: list[bytes], known_from: int, true_from: int) -> bytes:
        """A current row, for COPY. Moments as `tables.moment` counts them."""
        return self._current + b"".join(parts) + _TWO(8, known_from, 8, true_from)

    def past(self, parts: list[bytes], known_from: int, known_to: int, true_from: int, true_to: int) -> bytes:
        """A superseded row, for COPY."""
        ends = _FOUR(8, known_from, 8, known_to, 8, true_from, 8, true_to)
        known, true = node(known_from, known_to), node(true_from, true_to)
        return b"".join((self._past, *parts, ends, NULL if known is None else _INT8(8, known), NULL if true is None else _INT8(8, true)))
