"""Reading rows: every mapped cell by its column's type and order, each distinct text once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any, NamedTuple
from zlib import crc32
from zoneinfo import ZoneInfo

from workflows.imports.dates import DateOrder, parse_date, parse_instant
from workflows.imports.faults import Fault
from workflows.imports.fields import Kind, Type, field_of, normalised
from workflows.imports.mapping import ATTRIBUTE, LEFT_OUT
from workflows.imports.records import Values
from workflows.imports.settled import FoundTable, Settled
from workflows.imports.values import Separator, parse_flag, parse_number, parse_percent

_REMEMBERED = 50_000
"""Distinct texts of one column whose reading is kept; beyond, the memory starts anew."""
_SPACES = {
    (Kind.DEALS, "account_name"): "account",
    (Kind.ACCOUNTS, "parent_name"): "account",
    (Kind.CONTACTS, "account_name"): "account",
    (Kind.DEALS, "product"): "product",
    (Kind.LINES, "product"): "product",
    (Kind.DEALS, "owner_name"): "user",
    (Kind.ACCOUNTS, "owner_name"): "user",
    (Kind.USERS, "manager_name"): "user",
    (Kind.DISPUTES, "account_name"): "account",
    (Kind.DISPUTES, "owner_name"): "user",
}


class RowValues(NamedTuple):
    """A row as read. `faults` reject it."""

    number: int
    values: Values
    attributes: dict[str, str]
    faults: list[Fault]
    cells: list[str]


@dataclass(frozen=True, slots=True)
class _Bad:
    reason: str


Parse = Callable[[str], Any]


class Share(NamedTuple):
    """The rows whose id falls to one of several that divide a table: always the same ones, and all rows of an id to one."""

    number: int
    of: int

    def has(self, id_: str) -> bool:
        return crc32(id_.encode()) % self.of == self.number


def read_rows(table: FoundTable, settled: Settled, share: Share | None = None) -> Iterator[RowValues]:
    """Every row of a table that is not ragged (see the table's profile for those that are); only those in `share`, if one is given."""
    plan: list[tuple[int, str, dict[str, Any], Parse]] = []
    plain: list[tuple[int, str]] = []
    attributes: list[tuple[int, str]] = []
    for index, column in enumerate(table.mapping.columns):
        if column.target == LEFT_OUT:
            continue
        if column.target == ATTRIBUTE:
            attributes.append((index, attribute_key(column.column)))
            continue
        parse = _parser(table, index, column.target, settled)
        if parse is None:
            plain.append((index, column.target))
        else:
            plan.append((index, column.target, {}, parse))
    name = table.name
    header = table.mapping.table.header
    id_column = table.mapping.column_of("id") or 0
    for chunk in table.mapping.table.chunks():
        for number, cells in zip(chunk.numbers, chunk.rows, strict=True):
            if share is not None and not share.has(cells[id_column]):
                continue
            values: Values = {}
            faults: list[Fault] = []
            for index, key in plain:
                if cell := cells[index]:
                    values[key] = cell
            for index, key, memory, parse in plan:
                cell = cells[index]
                if not cell:
                    continue
                found = memory.get(cell)
                if found is None:
                    found = _read(cell, parse, memory)
                if type(found) is _Bad:
                    faults.append(Fault(name, number, header[index], cell, found.reason))
                else:
                    values[key] = found
            kept = {key: cells[index] for index, key in attributes if cells[index]} if attributes else {}
            yield RowValues(number, values, kept, faults, cells)


def _read(cell: str, parse: Parse, memory: dict[str, Any]) -> Any:
    try:
        found = parse(cell)
    except (ValueError, OverflowError) as cause:
        found = _Bad(str(cause))
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[cell] = found
    return found


def attribute_key(column: str) -> str:
    """A column's name as an attribute's key: lower case words with underscores, at most 63 characters."""
    key = normalised(column).replace("%", "percent").replace(" ", "_")[:60].strip("_")
    return key if key[:1].isalpha() else f"column_{key or 'unnamed'}"


def _parser(table: FoundTable, index: int, target: str, settled: Settled) -> Parse | None:
    """How a column's cells are read; None where they stay as they are."""
    known = field_of(table.kind, target)
    place = table.name, index
    order = settled.dates.get(place, DateOrder.ISO)
    separator = settled.separators.get(place, Separator.POINT)
    zone = settled.zone
    if space := _SPACES.get((table.kind, target)):
        keys = settled.names[space].keys
        return lambda cell: (keys[cell],) if cell in keys else (None,)
    match known.type if known else Type.INSTANT:
        case Type.DATE:
            return lambda cell: parse_date(cell, order, zone)
        case Type.INSTANT:
            return lambda cell: parse_instant(cell, order, zone)[0]
        case Type.MONEY | Type.NUMBER:
            return lambda cell: parse_number(cell, separator)
        case Type.PERCENT:
            numbers = table.profile.columns[index].numbers
            fraction = numbers is not None and _written_as_fractions(table, target)
            return lambda cell: parse_percent(cell, fraction=fraction)
        case Type.FLAG:
            return lambda cell: (parse_flag(cell),)
        case Type.COUNTRY:
            return lambda cell: (settled.countries.get(cell), cell)
        case _:
            return None


def _written_as_fractions(table: FoundTable, target: str) -> bool:
    if target != "probability":
        return False
    stated = [p for seen in table.profile.stages.values() for p in seen.probabilities]
    return bool(stated) and max(stated) <= 1


@lru_cache(maxsize=20_000)
def _start_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def instant_of(day: date | None, settled: Settled) -> datetime | None:
    """The start of a local day as an instant; None for None."""
    return None if day is None else _start_of(day, settled.zone)
