"""Runs of imports: begun once, finished once, undone once."""

from __future__ import annotations

from domain.import_runs import (
    FinishImport,
    ImportedFile,
    ImportFinished,
    ImportStarted,
    ImportUndone,
    ImportWasUndone,
    RecordImportUndone,
    StartImport,
    import_runs,
)
from domain.kernel import AlreadyExists, NotFound
from tests.spec import Spec

run = Spec(import_runs)
FILES = (ImportedFile(name="a.csv", sha256="0" * 64, kind="deals", rows=3),)
started = ImportStarted(source="maven", files=FILES)
finished = ImportFinished(counts={"deals": {"created": 3}})
undone = ImportUndone(withdrawn=3, restored=0, kept=0)
start = StartImport(source="maven", files=FILES)


def test_a_run_begins_with_what_it_reads():
    run.when(start).then(started)


def test_a_run_that_is_carried_on_does_not_begin_again():
    run.given(started).when(start).nothing()


def test_a_run_belongs_to_one_source():
    run.given(started).when(StartImport(source="other", files=FILES)).refused(AlreadyExists)


def test_a_run_finishes_once():
    run.given(started).when(FinishImport(counts={"deals": {"created": 3}})).then(finished)
    run.given(started, finished).when(FinishImport(counts={})).nothing()


def test_what_never_began_neither_finishes_nor_is_undone():
    run.when(FinishImport(counts={})).refused(NotFound)
    run.when(RecordImportUndone(withdrawn=0, restored=0, kept=0)).refused(NotFound)


def test_a_run_is_undone_once_and_does_not_begin_again():
    run.given(started).when(RecordImportUndone(withdrawn=3, restored=0, kept=0)).then(undone)
    run.given(started, undone).when(RecordImportUndone(withdrawn=3, restored=0, kept=0)).nothing()
    run.given(started, undone).when(start).refused(ImportWasUndone)
