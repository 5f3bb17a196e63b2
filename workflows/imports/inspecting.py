"""Looking into files: what each is, how its columns and values are read, and what has to be asked. Nothing is compared or stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from workflows.imports.absent import ask_about_deleted
from workflows.imports.dates import LABELS
from workflows.imports.faults import NothingToImport, Unreadable
from workflows.imports.fields import FIELDS, ORDER, Kind
from workflows.imports.mapping import LEFT_OUT, map_table, nearest_kind
from workflows.imports.overrides import Overrides
from workflows.imports.profile import TableProfile, profile
from workflows.imports.questions import counted
from workflows.imports.reading import Table, open_tables
from workflows.imports.references import Directory
from workflows.imports.report import ColumnReport, Inspection, Option, Question, StageReport, TableReport
from workflows.imports.settled import FoundTable, Settled
from workflows.imports.settling import settle, source_name
from workflows.imports.supply import check_supply, narrow, supply_source
from workflows.imports.values import Separator

READABLE = frozenset({".csv", ".tsv", ".txt", ".xlsx"})
_MOST_TO_FILL_IN = 50
_SOURCE = "source"
"""The question under which name a file that was imported before comes in."""
Progress = Callable[[str, int], None]
"""Told what is being done and how many rows of it were done since the last time."""


def quiet(_what: str, _rows: int) -> None:
    """No progress is shown."""


def files_of(paths: Iterable[Path]) -> tuple[list[Path], str]:
    """(the files to read, in order of name; the folder's name). A folder stands for the tables in it, not below it.

    Raises Unreadable for a path that is not there, NothingToImport for a folder without tables.
    """
    files: list[Path] = []
    folder = ""
    for path in paths:
        if path.is_dir():
            folder = folder or path.resolve().name
            within = sorted(p for p in path.iterdir() if p.suffix.lower() in READABLE and p.is_file() and not _is_prose(p))
            if not within:
                raise NothingToImport(f"there is no CSV or XLSX file in the folder {path}; name the files or the folder that holds them")
            files += within
        elif path.is_file():
            folder = folder or path.resolve().parent.name
            files.append(path)
        else:
            raise Unreadable(f"there is no file or folder {path}; check the path", file=str(path))
    if not files:
        raise NothingToImport("name the CSV or XLSX files to import, or the folder that holds them")
    return list(dict.fromkeys(files)), folder


def _is_prose(path: Path) -> bool:
    """A text file beside the data (a licence, a note) is no table: its lines have no delimiter in common."""
    if path.suffix.lower() != ".txt":
        return False
    with path.open("rb") as start:
        lines = start.read(4096).splitlines()[:5]
    return len({line.count(b"\t") for line in lines}) != 1 or b"\t" not in (lines[0] if lines else b"")


def look(paths: Iterable[Path], overrides: Overrides, progress: Progress = quiet) -> tuple[list[FoundTable], str, list[str]]:
    """(every table with what was learnt from reading it once, the folder's name, what should be known of the files).

    Raises Unreadable, BadMapping, and NothingToImport where there is no row in any table that Concord imports.
    """
    files, folder = files_of(paths)
    found: list[FoundTable] = []
    notes: list[str] = []
    for path in files:
        tables = open_tables(path, overrides.file(path.name).encoding)
        if not tables:
            notes.append(f"{path.name} is empty")
        for table in tables:
            mapping = map_table(table, overrides.file(table.name), overrides.answers.get(f"kind:{table.name}"))
            if mapping.kind is Kind.IGNORED:
                found.append(FoundTable(mapping, TableProfile(rows=sum(len(chunk.rows) for chunk in table.chunks()))))
                continue
            learnt = profile(mapping, lambda rows, name=table.name: progress(name, rows))  # type: ignore[misc]
            found.append(FoundTable(mapping, learnt))
            notes += _doubts(table, learnt)
    _refuse_nothing(found, notes)
    found.sort(key=lambda t: ORDER.index(t.kind))
    return found, folder, notes


def _doubts(table: Table, learnt: TableProfile) -> Iterator[str]:
    """What is odd about a file as a whole, though it can be read."""
    if table.doubt:
        yield table.doubt
    if not learnt.rows and not learnt.faults:
        yield f"{table.name} has a header and no rows below it"
    if learnt.short:
        rows = counted(len(learnt.short), "row", ("has", "have"))
        where = f"row {learnt.short[0]}" if len(learnt.short) == 1 else f"the first is row {learnt.short[0]}"
        yield f"{table.name}: {rows} fewer cells than the header ({where}); the missing ones at the end are read as blank"


def _refuse_nothing(found: list[FoundTable], notes: list[str]) -> None:
    usable = [t for t in found if t.kind is not Kind.IGNORED or t.mapping.asked]
    if any(t.profile.rows or t.profile.faults for t in usable):
        return
    if usable or not found:
        raise NothingToImport(f"{'; '.join(notes)}; export {'it' if len(notes) == 1 else 'them'} again, with the rows")
    why = "; ".join(f"{t.name}: {t.mapping.reason}" for t in found[:5])
    raise NothingToImport(
        f"nothing here is anything that Concord imports ({why}); say what a file is in a mapping file: --save-map FILE.toml writes one to "
        "fill in, --map FILE.toml reads it",
        tables=[_to_fill_in(t.mapping.table) for t in found[:_MOST_TO_FILL_IN]],
    )


def _to_fill_in(table: Table) -> dict[str, object]:
    """What a mapping file begins with for a table that nothing is known of: the nearest kind, its fields, and where columns may go."""
    near = nearest_kind(table.header)
    kind, columns, _ = near or (Kind.IGNORED, {}, [])
    fields = [f"{f.key} (needed)" if f.required else f.key for f in FIELDS.get(kind, ())]
    return {
        "name": table.name,
        "kind": str(kind),
        "columns": {column: columns.get(column, LEFT_OUT) for column in table.header},
        "fields": fields,
        "kinds": [str(known) for known in Kind],
    }


def settle_all(
    looked: tuple[list[FoundTable], str, list[str]], overrides: Overrides, directory: Directory, currency: str | None, zone: str
) -> tuple[Settled, Inspection]:
    """The decisions about what `look` found, and the report of them. Raises NotOfSuppliers."""
    found, folder, notes = looked
    source, why = source_name(found, overrides.source, folder)
    if overrides.supply:
        check_supply(found)
        source = supply_source(source)
    others = _known_from(found, source, directory) if overrides.source is None and not overrides.supply else {}
    own = source
    if overrides.answers.get(_SOURCE) in others:
        source, why = overrides.answers[_SOURCE], "answered"
    settled = settle(found, source, overrides, directory, currency, zone)
    settled.notes[:0] = notes
    if overrides.supply:
        narrow(settled)
    if others:
        rows = max(others.values())
        text = f"{counted(rows, 'row', ('is', 'are'))} known from {' and '.join(others)} already, in the very same file. The same company?"
        options = [(other, f"the same: it is an export of {other}") for other in others]
        settled.questions.ask(_SOURCE, text, [*options, (own, f"another: bring all of it in once more, as {own}")], None, rows)
    for table in found:
        if table.mapping.asked:
            _ask_kind(settled, table)
    ask_about_deleted(settled)
    return settled, _report(settled, source, why)


def _known_from(found: list[FoundTable], source: str, directory: Directory) -> dict[str, int]:
    """Other sources that brought the same files, with how many rows of these; none once this source is known by its own name.

    What refers decides: a list of products may well be the same in two companies.
    """
    if any(known == source for known, _ in directory.imported):
        return {}
    read = [t for t in found if t.kind is Kind.DEALS] or [t for t in found if t.kind is not Kind.IGNORED]
    others: dict[str, int] = {}
    for table in read:
        for known in dict.fromkeys(known for known, checksum in directory.imported if checksum == table.mapping.table.sha256):
            others[known] = others.get(known, 0) + table.profile.rows
    return others


def _ask_kind(settled: Settled, table: FoundTable) -> None:
    options = [(str(kind), str(kind) if kind is not Kind.IGNORED else "leave it out") for kind in table.mapping.asked]
    text = f"What does {table.name} hold? {table.mapping.reason}."
    settled.questions.ask(f"kind:{table.name}", text, options, str(table.mapping.kind), table.profile.rows)


def _report(settled: Settled, source: str, why: str) -> Inspection:
    stages = tuple(
        StageReport(
            pipeline=pipeline.value,
            stage=stage.label,
            kind=str(stage.kind),
            probability=stage.probability,
            reason=stage.reason,
            rows=stage.rows,
        )
        for pipeline in settled.pipelines.values()
        for stage in pipeline.stages
    )
    return Inspection(
        source=source,
        source_reason=why,
        currency=settled.currency,
        zone=settled.zone.key,
        tables=tuple(_table(settled, t) for t in settled.tables),
        stages=stages,
        matches=tuple(settled.matches),
        questions=settled.questions.all,
        notes=tuple(settled.notes),
    )


def _table(settled: Settled, found: FoundTable) -> TableReport:
    table, mapping = found.mapping.table, found.mapping
    columns = tuple(
        ColumnReport(
            column=c.column,
            target=c.target,
            alike=c.alike,
            reason=c.reason,
            read_as=_read_as(settled, found, i),
            blanks=found.profile.columns[i].blanks if i in found.profile.columns else 0,
        )
        for i, c in enumerate(mapping.columns)
    )
    return TableReport(
        name=table.name,
        kind=found.kind,
        system=mapping.system,
        label=mapping.label,
        reason=found.left_out or mapping.reason,
        rows=found.profile.rows + len(found.profile.faults),
        encoding=table.encoding,
        delimiter=table.delimiter,
        sha256=table.sha256,
        columns=columns,
    )


def _read_as(settled: Settled, found: FoundTable, index: int) -> str | None:
    """How a column's values are read, and by which value that was decided."""
    column = found.profile.columns.get(index)
    if column is None:
        return None
    if column.dates is not None:
        order = settled.dates.get((found.name, index))
        evidence = column.dates.evidence.get(order) if order else None
        return None if order is None else LABELS[order] + (f", because of {evidence}" if evidence else "")
    if column.numbers is not None and (column.numbers.point or column.numbers.comma or column.numbers.undecided):
        separator = settled.separators.get((found.name, index))
        evidence = column.numbers.evidence.get(separator) if separator else None
        words = {Separator.POINT: "decimal point", Separator.COMMA: "decimal comma"}
        return None if separator is None else words.get(separator, str(separator)) + (f", because of {evidence}" if evidence else "")
    return None


__all__ = ["Option", "Progress", "Question", "files_of", "look", "quiet", "settle_all"]
