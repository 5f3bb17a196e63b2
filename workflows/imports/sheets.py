"""The sheets of XLSX workbooks as rows of text: numbers exactly as Excel shows them in full, dates as ISO 8601."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from workflows.imports.faults import Unreadable

LARGEST_INSIDE = 1 << 30
"""Bytes that a workbook may unpack to. A zip bomb claims more."""
LARGEST_RATIO = 250
"""How many times larger than the file its parts may be, beyond the first 50 MB."""


def is_workbook(path: Path, start: bytes) -> bool:
    """Whether the file is XLSX, by what is in it, not by its name.

    Raises Unreadable for old binary workbooks, other archives, and archives that unpack to more than they should.
    """
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(
            f"{path.name} is an old binary or a protected workbook; save it as XLSX without a password, or as CSV", file=path.name
        )
    if not start.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile as cause:
        raise Unreadable(f"{path.name} is a damaged archive; export it again", file=path.name) from cause
    inside, packed = sum(p.file_size for p in parts), path.stat().st_size
    if inside > LARGEST_INSIDE or (inside > 50_000_000 and inside > packed * LARGEST_RATIO):
        raise Unreadable(f"{path.name} unpacks to {inside:,} bytes, more than a workbook may; split it, or export CSV", file=path.name)
    if not any(p.filename == "xl/workbook.xml" for p in parts):
        raise Unreadable(f"{path.name} is an archive but no XLSX workbook; unpack it and name the CSV files", file=path.name)
    return True


def sheet_names(path: Path) -> list[str]:
    """The names of the workbook's sheets, in its order."""
    with _opened(path) as workbook:
        return list(workbook.sheet_names)


def sheet_rows(path: Path, sheet: str) -> Iterator[tuple[int, list[str]]]:
    """(row number as Excel shows it, cells as text). Decimals lose nothing: 1100.04 stays 1100.04."""
    with _opened(path) as workbook:
        try:
            rows = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
        except CalamineError as cause:
            raise Unreadable(
                f"{path.name}, sheet {sheet}: it is damaged ({cause}); save the workbook again, or export CSV", file=path.name
            ) from cause
    for number, cells in enumerate(rows, 1):
        yield number, [_text(c) for c in cells]


def _opened(path: Path) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(path)
    except CalamineError as cause:
        raise Unreadable(
            f"{path.name} cannot be opened ({cause}); save it again as XLSX without a password, or as CSV", file=path.name
        ) from cause


def _text(cell: object) -> str:
    match cell:
        case str():
            return cell.strip()
        case bool():
            return "true" if cell else "false"
        case float():
            # repr gives the shortest text that is this number, which is what was typed; 17 digits of a float are noise
            return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else format(Decimal(str(cell)), "f")
        case dt.datetime():
            return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(sep=" ")
        case dt.date() | dt.time():
            return cell.isoformat()
        case None:
            return ""
        case _:
            return str(cell)
