"""Tables out of whatever files people have."""

from __future__ import annotations

import datetime as dt
import zipfile

import pytest
import xlsxwriter

from workflows.imports.faults import Unreadable
from workflows.imports.reading import open_tables


def rows_of(path):
    (table,) = open_tables(path)
    chunks = list(table.chunks())
    return table, [r for c in chunks for r in c.rows], [n for c in chunks for n in c.numbers], [f for c in chunks for f in c.faults]


@pytest.mark.parametrize(
    ("encoding", "found"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("cp1252", "cp1252")]
)
def test_the_encoding_is_detected(tmp_path, encoding, found):
    path = tmp_path / "a.csv"
    path.write_bytes("name,city\nMüller,Köln\n".encode(encoding))
    table, rows, _, _ = rows_of(path)
    assert table.encoding == found
    assert table.header == ("name", "city")
    assert rows == [["Müller", "Köln"]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_detected(tmp_path, delimiter):
    path = tmp_path / "a.csv"
    path.write_text(f"name{delimiter}note{delimiter}amount\nA{delimiter}b, c{delimiter}1\nD{delimiter}e{delimiter}2\n")
    assert rows_of(path)[0].delimiter == delimiter


def test_a_row_keeps_the_number_of_the_line_on_which_it_begins(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('name,note\nA,"one\ntwo\nthree"\n\nB,x\n')
    _, rows, numbers, _ = rows_of(path)
    assert rows == [["A", "one\ntwo\nthree"], ["B", "x"]]
    assert numbers == [2, 6]


def test_a_row_with_too_many_cells_is_a_fault_and_a_short_one_is_filled(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("name,city\nA,B,C\nD\nE,F,,\n")
    _, rows, _, faults = rows_of(path)
    assert rows == [["D", ""], ["E", "F"]]
    assert [(f.row, "quote" in f.reason) for f in faults] == [(2, True)]


def test_headers_are_made_unique_and_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("name,name,,city\n1,2,3,4\n")
    assert rows_of(path)[0].header == ("name", "name (2)", "column 3", "city")


def test_a_quote_that_never_closes_is_refused_with_its_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('name,note\nA,b\nC,"' + "x" * 1_100_000 + "\n")
    with pytest.raises(Unreadable, match="line 3"):
        rows_of(path)


def test_an_empty_file_has_no_table_and_a_binary_one_is_refused(tmp_path):
    (tmp_path / "empty.csv").write_text("  \n")
    assert open_tables(tmp_path / "empty.csv") == []
    (tmp_path / "b.csv").write_bytes(b"\x00\x01binary")
    with pytest.raises(Unreadable, match="binary"):
        open_tables(tmp_path / "b.csv")
    with pytest.raises(Unreadable, match="no file"):
        open_tables(tmp_path / "none.csv")


def test_sheets_of_a_workbook_are_tables_with_exact_numbers_and_iso_dates(tmp_path):
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Deals")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(1, 0, ["name", "amount", "closed", "won"])
        sheet.write_row(3, 0, ["A", 1100.04])
        sheet.write_datetime(3, 2, dt.datetime(2017, 3, 1), day)  # noqa: DTZ001  Excel knows no zones
        sheet.write_boolean(3, 3, True)
        sheet.write_row(4, 0, ["B", 550])
        book.add_worksheet("Empty")
    (table,) = open_tables(path)
    chunk = next(table.chunks())
    assert table.name == "book.xlsx#Deals"
    assert chunk.rows == [["A", "1100.04", "2017-03-01", "true"], ["B", "550", "", ""]]
    assert chunk.numbers == [4, 5]


def test_a_zip_bomb_and_another_archive_are_refused(tmp_path):
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 80_000_000)
    with pytest.raises(Unreadable, match="unpacks to"):
        open_tables(bomb)
    other = tmp_path / "other.xlsx"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(Unreadable, match="no XLSX"):
        open_tables(other)
