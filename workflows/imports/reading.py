"""Tables out of files: CSV in whatever encoding and delimiter it comes, and the sheets of XLSX workbooks.

Every cell is text here, trimmed. Rows stream in chunks and keep the number they have in the file, so that what is
said about a row can be found there.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workflows.imports.faults import Fault, Unreadable
from workflows.imports.sheets import is_workbook, sheet_names, sheet_rows

CHUNK = 1000
"""Rows handed out at a time: enough to work on by column, little enough to hold."""
LONGEST_CELL = 1_000_000
"""Characters in one cell. Past that a quote was opened and never closed."""
DELIMITERS = ",;\t|"
_SAMPLE = 64 * 1024
csv.field_size_limit(LONGEST_CELL)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows: where each begins in the file, its cells (always as many as the header has), and rows that did not fit."""

    numbers: list[int]
    rows: list[list[str]]
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Table:
    """A table in a file. `sha256` is of the whole file, `encoding` and `delimiter` are None in a workbook."""

    name: str
    path: Path
    sha256: str
    size: int
    header: tuple[str, ...]
    header_row: int
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None

    def chunks(self, size: int = CHUNK) -> Iterator[Chunk]:
        """The rows below the header, `size` at a time. Blank rows are passed over; short ones are filled with blanks.

        Raises Unreadable where the file stops being a table (a quote that never closes).
        """
        width = len(self.header)
        numbers: list[int] = []
        rows: list[list[str]] = []
        faults: list[Fault] = []
        for number, cells in self._records():
            if number <= self.header_row:
                continue
            count = len(cells)
            if count != width:
                surplus = [c for c in cells[width:] if c.strip()]
                if surplus:
                    reason = f"the row has {count} cells and the header {width}; is a quote missing around {surplus[0][:40]!r}?"
                    faults.append(Fault(self.name, number, None, (self.delimiter or " | ").join(cells)[:200], reason))
                    continue
                cells = cells[:width] + [""] * (width - count)  # noqa: PLW2901  the row as it should have been written
            if not any(cells):
                continue
            numbers.append(number)
            rows.append(cells)
            if len(rows) >= size:
                yield Chunk(numbers, rows, faults)
                numbers, rows, faults = [], [], []
        if rows or faults:
            yield Chunk(numbers, rows, faults)

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        if self.sheet is not None:
            yield from sheet_rows(self.path, self.sheet)
            return
        with self.path.open(encoding=self.encoding, newline="", errors="strict") as text:
            reader = csv.reader(text, delimiter=self.delimiter or ",")
            begins = 1
            try:
                for cells in reader:
                    # stripping every cell costs as much as reading it, so only where there is something to strip
                    yield begins, [c if not c or (c[0] > " " and c[-1] > " " and c[-1] != "\xa0") else c.strip() for c in cells]
                    begins = reader.line_num + 1
            except (csv.Error, UnicodeError) as cause:
                raise Unreadable(
                    f"{self.name} cannot be read beyond line {begins} ({cause}); check for a quote that is opened there and never closed",
                    file=self.name,
                    line=begins,
                ) from cause


def open_tables(path: Path) -> list[Table]:
    """The tables of a file: one for CSV, one per filled sheet for XLSX. Empty files have none.

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
    encoding, digest, size = _encoding(path, start)
    delimiter = _delimiter(start.decode(encoding, errors="replace"))
    bare = Table(path.name, path, digest, size, (), 0, encoding, delimiter)
    found = _header(bare._records())  # noqa: SLF001  its own record reader
    return [Table(path.name, path, digest, size, found[1], found[0], encoding, delimiter)] if found else []


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


def _encoding(path: Path, start: bytes) -> tuple[str, str, int]:
    """By byte order mark; else UTF-8 if the whole file is; else Windows-1252, which old exports use (Latin-1 where it has gaps)."""
    digest, size = hashlib.sha256(), 0
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    utf8, cp1252 = codecs.getincrementaldecoder("utf-8")(), codecs.getincrementaldecoder("cp1252")()
    is_utf8 = is_cp1252 = True
    with path.open("rb") as binary:
        while block := binary.read(1 << 20):
            if marked != "utf-16" and b"\0" in block:
                raise Unreadable(f"{path.name} holds zero bytes, as binary files do; export it as CSV or XLSX", file=path.name)
            digest.update(block)
            size += len(block)
            is_utf8 = is_utf8 and _decodes(utf8, block)
            is_cp1252 = is_cp1252 and (is_utf8 or _decodes(cp1252, block))
    is_utf8 = is_utf8 and _decodes(utf8, b"", final=True)
    guess = "utf-8" if is_utf8 else "cp1252" if is_cp1252 else "latin-1"
    return marked or guess, digest.hexdigest(), size


_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


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
