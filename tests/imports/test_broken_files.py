"""Files that are no tables, or only in part: one sentence with the file, the line and what to do, and nothing of the rest is stored."""

from __future__ import annotations

import zipfile

import pytest
import xlsxwriter

from tests.imports.lookalikes import write
from workflows.imports import NothingToImport, Overrides, Unreadable, inspect, run
from workflows.imports.faults import BadMapping
from workflows.imports.fields import Kind
from workflows.imports.overrides import FileOverride

EUR = Overrides(currency="EUR", source="vendor")
HEADER = ("opportunity_id", "account", "deal_stage", "close_date", "close_value")
HEAD = ",".join(HEADER) + "\n"
ROW = "{},Acme,Won,2020-01-02,5\n"


def pipeline(folder, content):
    path = folder / "sales_pipeline.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


BROKEN = {
    "a quote that never closes": (
        HEAD + ROW.format(1) + '2,"Acme,Won,2020-01-02,5\n' + "".join(map(ROW.format, range(3, 99))),
        "line 3: a quote is opened there and never closed; close it",
    ),
    "a quote of the header that never closes": ('opportunity_id,"account\n' + ROW.format(1), "line 1: a quote"),
    "a zero byte far below": (
        (HEAD + "".join(map(ROW.format, range(60_000))) + "x,Ac\0me,Won,2020-01-02,5\n").encode(),
        "line 60002: the line holds a zero byte",
    ),
    "two encodings": (
        HEAD.encode() + "1,Müller,Won,2020-01-02,5\n".encode() + "2,Möller,Won,2020-01-02,5\n".encode("cp1252"),
        r"line 3: the line is not UTF-8, and line 2 is; save the file in one encoding",
    ),
    "half a letter at its end": ((HEAD + ROW.format(1)).encode("utf-16") + b"x", "line 3: what follows is no text in utf-16"),
    "a picture": (bytes(range(1, 256)) * 9, "is a binary file and no table; export it"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_with_its_name_the_line_and_what_to_do(tmp_path, name):
    content, sentence = BROKEN[name]
    pipeline(tmp_path, content)
    with pytest.raises(Unreadable, match=sentence) as refused:
        inspect([tmp_path], EUR)
    assert refused.value.detail.startswith("sales_pipeline.csv")


@pytest.mark.parametrize(
    ("content", "says"), [("", "is empty"), ("\n \n\n", "is empty"), ("\ufeff", "is empty"), (HEAD, "has a header and no rows")]
)
def test_a_file_without_rows_is_nothing_to_import(tmp_path, content, says):
    pipeline(tmp_path, content)
    with pytest.raises(NothingToImport, match=f"sales_pipeline.csv {says}.*export it again"):
        inspect([tmp_path], EUR)


def test_a_file_without_rows_beside_others_is_noted_and_the_others_are_read(tmp_path):
    pipeline(tmp_path, HEAD + ROW.format(1))
    (tmp_path / "accounts.csv").write_text("account,sector\n")
    (tmp_path / "products.csv").write_text("")
    found = inspect([tmp_path], EUR)
    assert set(found.notes) >= {"accounts.csv has a header and no rows below it", "products.csv is empty"}


def test_a_folder_without_tables_and_tables_of_something_else_are_nothing_to_import(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "README.md").write_text("notes")
    with pytest.raises(NothingToImport, match=r"no CSV or XLSX file in the folder .*empty"):
        inspect([tmp_path / "empty"], EUR)
    pipeline(tmp_path, HEAD + ROW.format(1))
    with pytest.raises(NothingToImport, match="empty"):
        inspect([tmp_path, tmp_path / "empty"], EUR)
    pipeline(tmp_path, "<!DOCTYPE html><html><body>Please sign in</body></html>\n")
    with pytest.raises(NothingToImport, match=r"sales_pipeline.csv: its columns"):
        inspect([tmp_path], EUR)


def test_damaged_and_protected_workbooks_are_refused(tmp_path):
    book = tmp_path / "deals.xlsx"
    with xlsxwriter.Workbook(book) as made:
        made.add_worksheet("Deals").write_row(0, 0, HEADER)
    whole = book.read_bytes()
    parts = {name: zipfile.ZipFile(book).read(name) for name in zipfile.ZipFile(book).namelist()}
    with pytest.raises(NothingToImport, match=r"deals.xlsx has a header and no rows"):
        inspect([book], EUR)
    book.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Unreadable, match=r"deals.xlsx is a damaged archive; export it again"):
        inspect([book], EUR)
    with zipfile.ZipFile(book, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content[:120] if "sheet1" in name else content)
    with pytest.raises(Unreadable, match=r"deals.xlsx, sheet Deals: it is damaged"):
        inspect([book], EUR)
    # what Excel protects with a password is no longer a zip archive but a compound file
    book.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(Unreadable, match=r"deals.xlsx is an old binary or a protected workbook; save it as XLSX without a password"):
        inspect([book], EUR)


async def test_nothing_is_stored_of_a_folder_in_which_one_file_is_broken(store, tenant, tmp_path):
    write(tmp_path / "accounts.csv", ("account", "sector"), [("Acme", "retail")])
    pipeline(tmp_path, BROKEN["a quote that never closes"][0])
    with pytest.raises(Unreadable):
        await run(store, tenant, [tmp_path], EUR)
    assert await store.head(tenant) == 0


async def test_ragged_rows_are_rejected_or_read_as_blank_and_both_are_said(store, tenant, tmp_path):
    rows = [
        "1,Acme,Won,2020-01-02,5,extra,more",
        "2,Acme,Won",
        '3,"Acme,Won,2020-01-02,5',
        '4,Bee",Won',
        "5,Acme,Won,2020-01-02,5",
    ]
    pipeline(tmp_path, HEAD + "\n".join(rows) + '\n6,"A ""quoted"" one\nand two lines",Won,2020-01-02,5\n')
    found = inspect([tmp_path], EUR)
    assert "sales_pipeline.csv: 1 row has fewer cells than the header (row 3); the missing ones at the end are read as blank" in found.notes
    done = await run(store, tenant, [tmp_path], EUR)
    assert (done.counts[Kind.DEALS].created, done.counts[Kind.DEALS].rejected) == (3, 2)
    reasons = {r.row: r.reason for r in done.rows if r.outcome == "rejected"}
    assert "8 cells" not in reasons[2]
    assert "7 cells and the header 5" in reasons[2]
    assert "runs over several lines; is a quote missing after 'Acme,Won,2020-01-02,5'?" in reasons[4]


@pytest.mark.parametrize(("encoding", "name", "said"), [("cp1252", "Möller", None), ("shift_jis", "株式会社", "shift_jis")])
def test_a_file_that_is_not_utf8_says_how_it_is_read_until_its_encoding_is_said(tmp_path, encoding, name, said):
    pipeline(tmp_path, (HEAD + ROW.format(1) + f"2,{name},Won,2020-01-02,5\n").encode(encoding))
    (note,) = [n for n in inspect([tmp_path], EUR).notes if "UTF-8" in n]
    assert "read as Windows-1252, as in" in note
    assert "(line 3)" in note
    assert said is not None or "'Möller'" in note
    told = EUR.model_copy(update={"files": {"sales_pipeline.csv": FileOverride(encoding=encoding)}})
    found = inspect([tmp_path], told)
    assert (found.tables[0].encoding, [n for n in found.notes if "UTF-8" in n]) == (encoding, [])


def test_a_file_in_utf8_says_nothing_of_its_encoding_and_an_unknown_one_is_refused(tmp_path):
    pipeline(tmp_path, HEAD + "1,Möller,Won,2020-01-02,5\n")
    assert not inspect([tmp_path], EUR).notes
    told = EUR.model_copy(update={"files": {"sales_pipeline.csv": FileOverride(encoding="klingon")}})
    with pytest.raises(BadMapping, match="no encoding"):
        inspect([tmp_path], told)
