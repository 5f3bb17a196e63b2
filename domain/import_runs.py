"""Runs of imports: who brought in which files, read how, and what came of it. What a run did to each thing stands in that thing's stream."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pydantic import Field

from domain.kernel import AlreadyExists, Command, Context, Decider, Event, NotFound, Refused
from domain.values import Name, Text


class ImportedFile(Text):
    """A file of a run. `kind`: what its rows were taken for; `columns`: where each column went."""

    name: str
    sha256: str
    kind: str
    rows: int
    columns: dict[str, str] = Field(default_factory=dict)


Counts = dict[str, dict[str, int]]
"""Kind of thing -> outcome -> how many."""


class ImportStarted(Event, topic="import.started"):
    """Someone began to bring in these files; everything that follows from it names this run."""

    source: str
    files: tuple[ImportedFile, ...]
    answers: dict[str, str] = Field(default_factory=dict)


class ImportFinished(Event, topic="import.finished"):
    """All rows were dealt with; `counts` says how."""

    counts: Counts


class ImportUndone(Event, topic="import.undone"):
    """The run was taken back. `kept`: things that people have worked on since, and that therefore stayed."""

    withdrawn: int
    restored: int
    kept: int


class StartImport(Command):
    """Begin a run, or carry on with it; quiet when it has begun."""

    source: Name
    files: tuple[ImportedFile, ...]
    answers: dict[str, str] = Field(default_factory=dict)


class FinishImport(Command):
    counts: Counts


class RecordImportUndone(Command):
    """Record that the run was taken back."""

    withdrawn: int
    restored: int
    kept: int


class ImportWasUndone(Refused):
    """The run was taken back; the same files come in again as a new run."""


@dataclass(frozen=True, slots=True)
class ImportRun:
    source: str
    finished: bool = False
    undone: bool = False


def decide(run: ImportRun | None, command: Any, _ctx: Context) -> tuple[Event, ...]:
    if isinstance(command, StartImport):
        if run is None:
            return (ImportStarted(source=command.source, files=command.files, answers=command.answers),)
        if run.source != command.source:
            raise AlreadyExists(f"This run imports from {run.source}; begin another for {command.source}.", source=run.source)
        if run.undone:
            raise ImportWasUndone("This run was undone; begin a new one.")
        return ()
    if run is None:
        raise NotFound("There is no such import; list the imports to find it.")
    match command:
        case FinishImport(counts=counts):
            return () if run.finished else (ImportFinished(counts=counts),)
        case RecordImportUndone(withdrawn=withdrawn, restored=restored, kept=kept):
            return () if run.undone else (ImportUndone(withdrawn=withdrawn, restored=restored, kept=kept),)
        case _:
            raise TypeError(f"an import knows no {type(command).__name__}")


def evolve(run: ImportRun | None, event: Event) -> ImportRun | None:
    match event:
        case ImportStarted(source=source):
            return ImportRun(source)
        case ImportFinished():
            return run and replace(run, finished=True)
        case ImportUndone():
            return run and replace(run, undone=True)
        case _:
            return run


import_runs = Decider("import", initial=None, decide=decide, evolve=evolve)
