"""Which table is what, and which column is which field: guessed with a reason, shown, and overridden by what a person says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from workflows.imports.faults import BadMapping
from workflows.imports.fields import FIELDS, FILE_WORDS, Field, Kind, field_of, normalised
from workflows.imports.overrides import FileOverride
from workflows.imports.reading import Table
from workflows.imports.shapes import BOOKKEEPING, Shape, recognise

ATTRIBUTE, LEFT_OUT, ENTERED = "attribute", "-", "entered:"
"""Targets of a column besides fields: kept as it is; left out; the instant at which a stage was entered."""
_SURE_ENOUGH = 3.0
_SPELLING = 90
_ENTERED = re.compile(r"^(?:hs )?(?:v 2 )?date entered (.+)$")


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Where a column goes: a field's key, `attribute`, `-`, or `entered:<stage>`; and why. `alike`: how much its name is like one of
    the field (0 to 1), where it is nearly one; None: nothing was measured, for it is one, or was said.
    """

    column: str
    target: str
    reason: str
    alike: float | None = None


@dataclass(frozen=True, slots=True)
class TableMapping:
    """What a table is, and where its columns go."""

    table: Table
    kind: Kind
    system: str | None
    label: str
    reason: str
    columns: tuple[ColumnMapping, ...] = ()
    asked: tuple[Kind, ...] = field(default=())

    def column_of(self, key: str) -> int | None:
        """The index of the column that goes to a field."""
        return next((i for i, c in enumerate(self.columns) if c.target == key), None)


def map_table(table: Table, said: FileOverride, answer: str | None = None) -> TableMapping:
    """The best guess under what was said. Raises BadMapping when that names an unknown column or field."""
    shape = recognise(table.header)
    kind = said.kind or _answered(answer, table)
    if kind is not None:
        shape = shape if isinstance(shape, Shape) and shape.kind is kind else None
        mapping = _mapped(table, kind, shape, said, "said so")
    elif isinstance(shape, str):
        mapping = TableMapping(table, Kind.IGNORED, None, "left out", shape)
    elif shape is not None:
        reason = f"its columns are those of {shape.label}" + (f"; {shape.note}" if shape.note else "")
        mapping = _mapped(table, shape.kind, shape, said, reason)
    else:
        mapping = _guessed(table, said)
    _check(mapping, said)
    return mapping


def _answered(answer: str | None, table: Table) -> Kind | None:
    if answer is None:
        return None
    try:
        return Kind(answer)
    except ValueError:
        known = ", ".join(Kind)
        raise BadMapping(f"{answer!r} is not a kind of table; {table.name} can be one of {known}", file=table.name) from None


def _guessed(table: Table, said: FileOverride) -> TableMapping:
    words = [normalised(h) for h in table.header]
    scored = sorted(((_score(kind, words, table), kind) for kind in FIELDS), key=lambda pair: -pair[0])
    (best, kind), (second, runner_up) = scored[0], scored[1]
    if best < _SURE_ENOUGH:
        reason = f"its columns ({', '.join(table.header[:4])} ...) are not those of anything that Concord imports{_nearly(table.header)}"
        return TableMapping(table, Kind.IGNORED, None, "unknown", reason, asked=(kind, Kind.IGNORED) if best > 1 else ())
    mapping = _mapped(table, kind, None, said, "")
    telling = [c.column for c in mapping.columns if (f := field_of(kind, c.target)) and f.weight >= 1]
    reason = f"it has {', '.join(telling[:4])}"
    asked = (kind, runner_up, Kind.IGNORED) if best - second < 1 else ()
    return TableMapping(table, kind, None, mapping.label, reason, mapping.columns, asked)


def nearest_kind(header: Sequence[str]) -> tuple[Kind, dict[str, str], list[Field]] | None:
    """The kind of which most is there: which column is which field, and the fields that it needs and that no column names."""
    words = [normalised(h) for h in header]
    found: list[tuple[float, Kind, dict[str, str], list[Field]]] = []
    for kind, fields in FIELDS.items():
        known = {
            f.key: header[place]
            for f in fields
            for place in [next((i for i, w in enumerate(words) if w in f.words), None)]
            if place is not None
        }
        weight = sum(f.weight for f in fields if f.key in known)
        found.append(
            (weight, kind, {column: key for key, column in known.items()}, [f for f in fields if f.required and f.key not in known])
        )
    weight, kind, columns, missing = max(found, key=lambda one: one[0])
    return (kind, columns, missing) if columns else None


def _nearly(header: Sequence[str]) -> str:
    """What of a table is known and what it lacks, in words; empty where nothing of it is."""
    near = nearest_kind(header)
    if near is None:
        return "; none of them is known"
    kind, columns, missing = near
    known = ", ".join(f"{column!r} as {key.replace('_', ' ')}" for column, key in list(columns.items())[:6])
    lacks = " and ".join(f"{f.key.replace('_', ' ')} (like {f.words[0]!r})" for f in missing)
    return f"; of {kind.replace('_', ' ')} it has {known}" + (f", and no column for {lacks}" if lacks else "")


def _score(kind: Kind, words: Sequence[str], table: Table) -> float:
    """How much the headers and the file's name speak for a kind."""
    present = set(words)
    fields = FIELDS[kind]
    found = [f for f in fields if not present.isdisjoint(f.words)]
    if not all(f in found for f in fields if f.required) and not (kind is Kind.USERS and {"first name", "last name"} <= present):
        return 0.0
    if kind is Kind.CONTACTS and "contact" not in normalised(table.name) and "contact name" not in present:
        return 0.0  # people of customers and people who sell have the same columns: only the name of the file tells them apart
    if kind is Kind.DEALS and not any(f.key in ("id", "name") for f in found):
        return 0.0
    if kind is Kind.HISTORY and not any(f.key in ("stage", "field") for f in found):
        return 0.0
    score = sum(f.weight for f in found)
    # a table is more likely about what its first column names
    first = next((f for f in found if words[0] in f.words), None)
    score += 0.7 if first and first.key in ("id", "name", "deal_id") and words[0] not in ("id", "name", "record id") else 0.0
    name = normalised(table.name)
    hinted = next((hint for word, hint in FILE_WORDS if word in name), None)
    return score + (2.0 if hinted is kind else 0.0)


def _mapped(table: Table, kind: Kind, shape: Shape | None, said: FileOverride, reason: str) -> TableMapping:
    fields = FIELDS.get(kind, ())
    chosen: list[ColumnMapping | None] = [None] * len(table.header)
    taken: set[str] = set()
    for index, column in enumerate(table.header):
        if column in said.columns:
            chosen[index] = ColumnMapping(column, said.columns[column], "said so")
            taken.add(said.columns[column])
    words = [normalised(h) for h in table.header]
    if shape is not None:
        for index, word in enumerate(words):
            target = shape.columns.get(word)
            if chosen[index] is None and target and target not in taken:
                chosen[index] = ColumnMapping(table.header[index], target, f"known from {shape.label}")
                taken |= {target} - {ATTRIBUTE, LEFT_OUT}
    for candidate in fields:
        if candidate.key not in taken and (named := _best_column(candidate, words, chosen)) is not None:
            chosen[named] = ColumnMapping(table.header[named], candidate.key, f"{table.header[named]!r} names {_readable(candidate)}")
            taken.add(candidate.key)
    for candidate in fields:
        if candidate.key not in taken and (near := _nearest_column(candidate, words, chosen)) is not None:
            place, similarity = near
            why = f"{table.header[place]!r} is nearly a name of {_readable(candidate)}"
            chosen[place] = ColumnMapping(table.header[place], candidate.key, why, round(similarity / 100, 2))
            taken.add(candidate.key)
    columns = tuple(c or _leftover(table.header[i], words[i], kind) for i, c in enumerate(chosen))
    return TableMapping(table, kind, shape.system if shape else None, shape.label if shape else str(kind), reason, columns)


def _readable(candidate: Field) -> str:
    return f"the {candidate.key.replace('_', ' ')}"


def _best_column(candidate: Field, words: Sequence[str], chosen: Sequence[ColumnMapping | None]) -> int | None:
    ranked = [(candidate.words.index(w), i) for i, w in enumerate(words) if chosen[i] is None and w in candidate.words]
    return min(ranked)[1] if ranked else None


def _nearest_column(candidate: Field, words: Sequence[str], chosen: Sequence[ColumnMapping | None]) -> tuple[int, float] | None:
    best: tuple[int, float] | None = None
    for index, word in enumerate(words):
        if chosen[index] is None and len(word) > 5:
            similarity = max(fuzz.ratio(word, w) for w in candidate.words)
            if similarity >= _SPELLING and (best is None or similarity > best[1]):
                best = index, similarity
    return best


def _leftover(column: str, word: str, kind: Kind) -> ColumnMapping:
    if kind is Kind.DEALS and (found := _ENTERED.match(word)):
        stage = re.sub(r"(?i)^.*?date[ _]entered[ _]*", "", column).strip(" \"'_")
        stage = re.sub(r"\"? ?\([^()]*\)\"?$", "", stage).strip(" \"'")
        return ColumnMapping(column, ENTERED + (stage or found[1]), "says when a stage was entered")
    if word in BOOKKEEPING:
        return ColumnMapping(column, LEFT_OUT, "kept by the exporter for itself")
    if kind not in (Kind.DEALS, Kind.ACCOUNTS, Kind.CONTACTS):
        return ColumnMapping(column, LEFT_OUT, f"{kind} have no such field")
    return ColumnMapping(column, ATTRIBUTE, "names no field; kept as an attribute")


def _check(mapping: TableMapping, said: FileOverride) -> None:
    name, header = mapping.table.name, mapping.table.header
    for column, target in said.columns.items():
        if column not in header:
            raise BadMapping(f"{name} has no column {column!r}; it has {', '.join(header)}", file=name, column=column)
        known = target in (ATTRIBUTE, LEFT_OUT) or target.startswith(ENTERED) or field_of(mapping.kind, target)
        if not known and mapping.kind is not Kind.IGNORED:
            fields = ", ".join(f.key for f in FIELDS[mapping.kind])
            raise BadMapping(f"{mapping.kind} have no field {target!r}; use {fields}, attribute or -", file=name, column=column)
    targets = [c.target for c in mapping.columns if c.target not in (ATTRIBUTE, LEFT_OUT)]
    twice = next((t for t in targets if targets.count(t) > 1), None)
    if twice:
        raise BadMapping(f"two columns of {name} are mapped to {twice}; map one of them to attribute or -", file=name, field=twice)
    missing = [f.key for f in FIELDS.get(mapping.kind, ()) if f.required and f.key not in targets]
    if mapping.kind is Kind.USERS and {"first_name", "last_name"} <= set(targets):
        missing = []
    if mapping.kind is Kind.CONTACTS and "name" not in targets and "last_name" not in targets:
        missing = ["name"]
    if missing:
        raise BadMapping(
            f"{name} as {mapping.kind} needs a column for {', '.join(missing)}; name it in the mapping file", file=name, fields=missing
        )
