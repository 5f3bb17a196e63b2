"""The file of rejected rows: where each stands, which column, what was there, and why. Cells are inert in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from workflows.imports.faults import Fault

HEADER = ("file", "row", "column", "value", "reason")
_LEADING = " \t\r\n\u00a0\ufeff\u200b\u3000"
_FORMULA = frozenset("=+-@\t\r\uff1d\uff0b\uff0d\uff20")


def inert(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula: an apostrophe goes before what would start one, spaces or not."""
    if text and (text[0] in _FORMULA or text.lstrip(_LEADING)[:1] in _FORMULA):
        return "'" + text
    return text


def write_rejected(path: Path, faults: Iterable[Fault]) -> int:
    """Write the file whole, in order of file and row, or none when nothing was rejected; the number of rows.

    An earlier file of rejected rows at that place goes away then, any other file stays.
    """
    ordered = sorted(faults, key=lambda f: (f.table, f.row))
    if not ordered:
        if _is_ours(path):
            path.unlink()
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    # with a byte order mark, spreadsheets read it as UTF-8
    with partial.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for fault in ordered:
            writer.writerow((inert(fault.table), fault.row, inert(fault.column or ""), inert(fault.value[:1000]), inert(fault.reason)))
    partial.replace(path)
    return len(ordered)


def _is_ours(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.readline(200).decode("utf-8-sig", "replace").strip() == ",".join(HEADER)
