"""Rows in PostgreSQL's binary COPY format, kept column by column: a version that differs from the one before it in three
columns costs the encoding of three. Formats: the `*_send` functions of src/backend/utils/adt.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from projections.tables import NOW_ENDS, PAST_ENDS, Table, moment, node

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"

_INT8, _INT4, _LENGTH, _COUNT = struct.Struct("!iq").pack, struct.Struct("!ii").pack, struct.Struct("!i").pack, struct.Struct("!h").pack
_TWO, _FOUR, _SIX = struct.Struct("!iqiq").pack, struct.Struct("!iqiqiqiq").pack, struct.Struct("!iqiqiqiqiqiq").pack
_NUMERICS = [struct.Struct(f"!ihhHH{count}H").pack for count in range(8)]
_LENGTHS = [_LENGTH(size) for size in range(256)]
_TRUE, _FALSE = b"\0\0\0\1\1", b"\0\0\0\1\0"
_FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC).toordinal()
"""PostgreSQL counts days from 2000."""
_OIDS = {"text": 25, "uuid": 2950}

_MOST_KNOWN = 1 << 15
Encode = Callable[[Any], bytes]
"""A value, never None, as its length and its bytes."""


class _Known(dict[Any, bytes]):
    """Encodings of values that come again and again (stages, days, versions): to look one up costs a quarter of making it."""

    def __init__(self, encode: Encode) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, value: Any) -> bytes:
        encoded = self._encode(value)
        if len(self) < _MOST_KNOWN:
            self[value] = encoded
        return encoded


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


def _numeric(digits: str) -> bytes:
    """A finite number in plain notation: groups of four digits, the weight of the first, the sign, and the digits after the point."""
    whole, _, part = digits.lstrip("-").partition(".")
    number, groups = int(whole), []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    groups.reverse()
    weight = len(groups) - 1
    groups += [int(part[at : at + 4].ljust(4, "0")) for at in range(0, len(part), 4)]
    while groups and not groups[-1]:
        groups.pop()
    while groups and not groups[0]:
        del groups[0]
        weight -= 1
    count = len(groups)
    sign = 0x4000 if groups and digits[0] == "-" else 0
    pack = _NUMERICS[count] if count < len(_NUMERICS) else struct.Struct(f"!ihhHH{count}H").pack
    return pack(8 + 2 * count, count, weight if groups else 0, sign, len(part), *groups)


_numbers = _Known(_numeric)
_ENCODERS: dict[str, Encode] = {
    "uuid": lambda value: b"\0\0\0\x10" + value.int.to_bytes(16, "big"),
    "text": _Known(_text).__getitem__,
    "int8": _Known(lambda value: _INT8(8, value)).__getitem__,
    "int4": _Known(lambda value: _INT4(4, value)).__getitem__,
    "bool": {True: _TRUE, False: _FALSE}.__getitem__,
    "date": _Known(lambda value: _INT4(4, value.toordinal() - _FIRST_DAY)).__getitem__,
    "timestamptz": lambda value: _INT8(8, moment(value)),
    "numeric": lambda value: _numbers[f"{value:f}"],  # by its digits: 1.0 and 1.00 are equal, but not the same
    "jsonb": lambda value: _long(b"\1" + orjson.dumps(value)),
}
_ENCODERS |= {f"{element}[]": _array(element) for element in ("text", "uuid")}


class Wire:
    """How one table's rows are encoded."""

    def __init__(self, table: Table) -> None:
        self._columns = [(name, _ENCODERS[type_]) for name, type_ in table.types.items()]
        self.places = {name: (place, encode) for place, (name, encode) in enumerate(self._columns)}
        """Where a column stands in a row, and how its values, but for None, are encoded."""
        self._current = _COUNT(len(self._columns) + len(NOW_ENDS))
        self._past = _COUNT(len(self._columns) + len(PAST_ENDS))

    def whole(self, row: Mapping[str, Any]) -> list[bytes]:
        """Every column of a row."""
        return [NULL if (value := row[name]) is None else encode(value) for name, encode in self._columns]

    def replaced(self, raw: bytes, values: Mapping[str, bytes]) -> bytes:
        """An encoded row with these columns, as far as they are not NULL, replaced by what is encoded already."""
        parts, at = [], 0
        for name, _ in self._columns:
            end = at + 4 + max(0, int.from_bytes(raw[at : at + 4], "big", signed=True))
            part = raw[at:end]
            parts.append(part if part == NULL else values.get(name, part))
            at = end
        return b"".join(parts)

    def encode(self, column: str, value: Any) -> bytes:
        """A value of one column."""
        return self.places[column][1](value)

    def current(self, parts: list[bytes], known_from: int, true_from: int) -> bytes:
        """A current row, for COPY. Moments as `tables.moment` counts them."""
        return self._current + b"".join(parts) + _TWO(8, known_from, 8, true_from)

    def past(self, raw: bytes, known_from: int, known_to: int, true_from: int, true_to: int) -> bytes:
        """A superseded row, encoded already, for COPY."""
        known, true = node(known_from, known_to), node(true_from, true_to)
        if known is not None and true is not None:
            return self._past + raw + _SIX(8, known_from, 8, known_to, 8, true_from, 8, true_to, 8, known, 8, true)
        ends = _FOUR(8, known_from, 8, known_to, 8, true_from, 8, true_to)
        return b"".join((self._past, raw, ends, NULL if known is None else _INT8(8, known), NULL if true is None else _INT8(8, true)))
