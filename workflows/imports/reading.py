"""Tables out of files: CSV in whatever encoding and delimiter it comes, and the sheets of XLSX workbooks.

Every cell is text here, trimmed. Rows stream in chunks and keep the number they have in the file, so that what is
said about a row can be found there.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from workflows.imports.encodings import text_file
from workflows.imports.faults import Fault, Unreadable
from workflows.imports.sheets import is_workbook, sheet_names, sheet_rows

CHUNK = 1000
"""Rows handed out at a time: enough to work on by column, little enough to hold."""
LONGEST_CELL = 1_000_000
"""Characters in one cell. Past that a quote was opened and never closed."""
DELIMITERS = ",;\t|"
_SAMPLE = 64 * 1024
_END = "\x1a the end of the file \x1a"
"""A last line of our own. Found in a cell, a quote before it was never closed."""
csv.field_size_limit(LONGEST_CELL)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows: where each begins in the file, its cells (always as many as the header has), and rows that did not fit.

    `short`: rows that had fewer cells than the header; the others were taken as blank.
    """

    numbers: list[int]
    rows: list[list[str]]
    faults: list[Fault] = field(default_factory=list)
    short: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Table:
    """A table in a file. `sha256` is of the whole file, `encoding` and `delimiter` are None in a workbook. `doubt`: of its encoding."""

    name: str
    path: Path
    sha256: str
    size: int
    header: tuple[str, ...]
    header_row: int
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    doubt: str | None = None

    def chunks(self, size: int = CHUNK) -> Iterator[Chunk]:
        """The rows below the header, `size` at a time. Blank rows are passed over; short ones are filled with blanks.

        Raises Unreadable where the file stops being a table (a quote that never closes).
        """
        width = len(self.header)
        numbers: list[int] = []
        rows: list[list[str]] = []
        faults: list[Fault] = []
        short: list[int] = []
        for number, cells in self._records():
            if number <= self.header_row:
                continue
            if len(cells) != width:
                if reason := _misfit(cells, width):
                    faults.append(Fault(self.name, number, None, (self.delimiter or " | ").join(cells)[:200], reason))
                    continue
                if len(cells) < width and any(cells):
                    short.append(number)
                cells = cells[:width] + [""] * (width - len(cells))  # noqa: PLW2901  the row as it should have been written
            if not any(cells):
                continue
            numbers.append(number)
            rows.append(cells)
            if len(rows) >= size:
                yield Chunk(numbers, rows, faults, short)
                numbers, rows, faults, short = [], [], [], []
        if rows or faults:
            yield Chunk(numbers, rows, faults, short)

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        if self.sheet is not None:
            yield from sheet_rows(self.path, self.sheet)
            return
        begins = 1
        with self.path.open(encoding=self.encoding, newline="", errors="strict") as text:
            reader = csv.reader(chain(text, (_END,)), delimiter=self.delimiter or ",")
            try:
                for cells in reader:
                    if cells and _END in cells[-1]:
                        if len(cells) == 1 and cells[0] == _END:
                            return
                        raise self._unreadable(
                            begins, "a quote is opened there and never closed; close it, or double it if it belongs to the text"
                        )
                    yield begins, [c.strip() for c in cells]
                    begins = reader.line_num + 1
            except csv.Error as cause:
                raise self._unreadable(
                    begins, f"it cannot be read from there on ({cause}); look for a quote that is never closed"
                ) from cause
            except UnicodeError as cause:
                what = f"what follows is no text in {self.encoding}; export the file again, as UTF-8"
                raise self._unreadable(begins, what) from cause

    def _unreadable(self, line: int, what: str) -> Unreadable:
        return Unreadable(f"{self.name}, line {line}: {what}", file=self.name, line=line)


def _misfit(cells: Sequence[str], width: int) -> str | None:
    """Why a row cannot be one of a table of this width, if so."""
    surplus = [c for c in cells[width:] if c.strip()]
    if surplus:
        return f"the row has {len(cells)} cells and the header {width}; is a quote missing around {surplus[0][:40]!r}?"
    broken = next((c for c in cells if "\n" in c), None) if len(cells) < width else None
    if broken is not None:
        begin = broken.split("\n", 1)[0].strip()[:40]
        return f"the row has {len(cells)} cells and the header {width}, and runs over several lines; is a quote missing after {begin!r}?"
    return None


def open_tables(path: Path, encoding: str | None = None) -> list[Table]:
    """The tables of a file: one for CSV, one per filled sheet for XLSX. Empty files have none. `encoding`: what a person says of it.

    Raises Unreadable when the file is missing, binary, or larger inside than it may be.
    """
    if not path.is_file():
        raise Unreadable(f"there is no file {path}; check the path", file=str(path))
    with path.open("rb") as binary:
        start = binary.read(_SAMPLE)
    if not start.strip():
        return []
    if is_workbook(path, start):
        digest, size = _digest(path)
        tables = []
        for sheet in sheet_names(path):
            found = _header(sheet_rows(path, sheet))
            if found:
                name = path.name if len(sheet_names(path)) == 1 else f"{path.name}#{sheet}"
                tables.append(Table(name, path, digest, size, found[1], found[0], sheet=sheet))
        return tables
    text = text_file(path, start, encoding)
    delimiter = _delimiter(start.decode(text.encoding, errors="replace"))
    bare = Table(path.name, path, text.sha256, text.size, (), 0, text.encoding, delimiter, doubt=text.doubt)
    found = _header(bare._records())  # noqa: SLF001  its own record reader
    return [replace(bare, header_row=found[0], header=found[1])] if found else []


def _header(records: Iterator[tuple[int, list[str]]]) -> tuple[int, tuple[str, ...]] | None:
    """The first row that is not blank, with names made unique and trailing blanks dropped."""
    for number, cells in records:
        names = [str(c).strip() for c in cells]
        while names and not names[-1]:
            names.pop()
        if names:
            return number, _unique(names)
    return None


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    seen: Counter[str] = Counter()
    unique = []
    for index, name in enumerate(names, 1):
        base = name or f"column {index}"
        seen[base] += 1
        unique.append(base if seen[base] == 1 else f"{base} ({seen[base]})")
    return tuple(unique)


def _digest(path: Path) -> tuple[str, int]:
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as binary:
        while block := binary.read(1 << 20):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


def _delimiter(text: str) -> str:
    """The delimiter under which most rows of the sample have the same number of cells, more than one; a comma for one column."""
    sample = text[: text.rfind("\n") + 1] or text
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        try:
            widths = Counter(len(row) for row in csv.reader(sample.splitlines(keepends=True), delimiter=delimiter) if row)
        except csv.Error:
            continue
        if not widths:
            continue
        width, agreeing = widths.most_common(1)[0]
        score = agreeing / widths.total() * min(width - 1, 10)
        if width > 1 and score > best_score:
            best, best_score = delimiter, score
    return best
