"""One pass over a table that learns what only the whole of a column can tell: date order, decimal sign, distinct values, names and ids."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from workflows.imports.dates import DateColumn
from workflows.imports.faults import Fault
from workflows.imports.fields import Kind, Type, field_of
from workflows.imports.mapping import ENTERED, TableMapping
from workflows.imports.values import NumberColumn

MOST_DISTINCT = 200_000
"""Distinct values of one column that are kept. Beyond, it is free text and not matched."""
_REFERRED = {Kind.ACCOUNTS, Kind.PRODUCTS, Kind.USERS}


@dataclass(slots=True)
class ColumnProfile:
    """What one column holds. Only what its type needs is filled."""

    blanks: int = 0
    values: Counter[str] = field(default_factory=Counter)
    days: set[str] = field(default_factory=set)
    dates: DateColumn | None = None
    numbers: NumberColumn | None = None


@dataclass(slots=True)
class StageEvidence:
    """What the rows of deals say about one stage: how many are in it, closed, won, have a close date; the probabilities they state."""

    rows: int = 0
    closed: int = 0
    won: int = 0
    flagged: int = 0
    probabilities: list[float] = field(default_factory=list)

    @property
    def probability(self) -> float | None:
        return median(self.probabilities) if self.probabilities else None

    def plus(self, other: StageEvidence) -> StageEvidence:
        """What two tables say together."""
        return StageEvidence(
            self.rows + other.rows,
            self.closed + other.closed,
            self.won + other.won,
            self.flagged + other.flagged,
            self.probabilities + other.probabilities,
        )


@dataclass(slots=True)
class TableProfile:
    """What a table holds. names: of accounts, products, users: (name, id), id is the name where there is no id column."""

    rows: int = 0
    columns: dict[int, ColumnProfile] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    short: list[int] = field(default_factory=list)
    names: list[tuple[str, str]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    stages: dict[tuple[str, str], StageEvidence] = field(default_factory=lambda: defaultdict(StageEvidence))


def profile(mapping: TableMapping, progress: Callable[[int], None] = lambda _rows: None) -> TableProfile:
    """Read the whole table once. `progress` is told how many rows each chunk had. Raises Unreadable."""
    result = TableProfile()
    watched = [(i, _watch(result, i, mapping.kind, c.target)) for i, c in enumerate(mapping.columns)]
    watchers = [(i, w) for i, w in watched if w is not None]
    id_column, name_column = mapping.column_of("id"), mapping.column_of("name")
    for chunk in mapping.table.chunks():
        result.rows += len(chunk.rows)
        result.faults.extend(chunk.faults)
        result.short.extend(chunk.short)
        columns = list(zip(*chunk.rows, strict=True))
        for index, watch in watchers:
            watch(columns[index])
        if id_column is not None:
            result.ids.update(columns[id_column])
        if mapping.kind in _REFERRED:
            _remember_names(result, mapping, columns, id_column, name_column)
        if mapping.kind is Kind.DEALS:
            _observe_stages(result, mapping, columns)
        progress(len(chunk.rows))
    result.ids.discard("")
    return result


def _watch(result: TableProfile, index: int, kind: Kind, target: str) -> Callable[[tuple[str, ...]], None] | None:
    """What has to be learnt about a column that goes to `target`."""
    known = field_of(kind, target)
    if known is None and not target.startswith(ENTERED):
        return None
    column = result.columns[index] = ColumnProfile()
    match known.type if known else Type.INSTANT:
        case Type.DATE | Type.INSTANT:
            column.dates = dates = DateColumn()
            return lambda cells: _note(column, cells, lambda: _observe_dates(column, dates, cells))
        case Type.MONEY | Type.NUMBER:
            column.numbers = numbers = NumberColumn()
            return lambda cells: _note(column, cells, lambda: numbers.observe(cells))
        case Type.FLAG if target == "deleted":
            return lambda cells: _note(column, cells, lambda: _count(column, cells))
        case Type.PERCENT:
            column.numbers = percents = NumberColumn()
            return lambda cells: _note(column, cells, lambda: percents.observe(c.rstrip("% ") for c in cells))
        case Type.CATEGORY | Type.REFERENCE_NAME | Type.REFERENCE_ID | Type.COUNTRY | Type.CURRENCY:
            return lambda cells: _note(column, cells, lambda: _count(column, cells))
        case _:
            return lambda cells: _note(column, cells, lambda: None)


def _note(column: ColumnProfile, cells: tuple[str, ...], learn: Callable[[], None]) -> None:
    column.blanks += cells.count("")
    learn()


def _observe_dates(column: ColumnProfile, dates: DateColumn, cells: tuple[str, ...]) -> None:
    dates.observe(cells)
    column.days.update(c[:10].split("T", 1)[0].split(" ", 1)[0] for c in set(cells) if c)


def _count(column: ColumnProfile, cells: tuple[str, ...]) -> None:
    if len(column.values) < MOST_DISTINCT:
        column.values.update(cells)
        column.values.pop("", None)


def _remember_names(
    result: TableProfile, mapping: TableMapping, columns: list[tuple[str, ...]], id_column: int | None, name_column: int | None
) -> None:
    names = columns[name_column] if name_column is not None else tuple(_full_names(mapping, columns))
    ids = columns[id_column] if id_column is not None else names
    result.names.extend((n, i or n) for n, i in zip(names, ids, strict=True) if n)


def _full_names(mapping: TableMapping, columns: list[tuple[str, ...]]) -> list[str]:
    first, last = mapping.column_of("first_name"), mapping.column_of("last_name")
    if first is None or last is None:
        return []
    return [f"{f} {n}".strip() for f, n in zip(columns[first], columns[last], strict=True)]


def _observe_stages(result: TableProfile, mapping: TableMapping, columns: list[tuple[str, ...]]) -> None:
    stage = mapping.column_of("stage")
    assert stage is not None
    blank = ("",) * len(columns[stage])
    pipeline, closed, won, probability = (
        columns[i] if i is not None else blank for i in (mapping.column_of(k) for k in ("pipeline", "closed", "won", "probability"))
    )
    for key, count in Counter(zip(pipeline, columns[stage], closed, won, probability, strict=True)).items():
        evidence = result.stages[key[0], key[1]]
        evidence.rows += count
        is_won = key[3].lower() in ("true", "1", "yes")
        evidence.flagged += count if key[2] or key[3] else 0
        evidence.closed += count if is_won or key[2].lower() in ("true", "1", "yes") else 0
        evidence.won += count if is_won else 0
        if key[4]:
            try:
                evidence.probabilities.append(float(key[4].rstrip("% ")))
            except ValueError:
                continue
