"""Numbers with the decimal sign of their column, money with its currency, cells that no spreadsheet runs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.imports.faults import Fault
from workflows.imports.rejects import inert, write_rejected
from workflows.imports.values import NumberColumn, Separator, parse_flag, parse_number, parse_percent


def separator(*values: str) -> Separator:
    found = NumberColumn()
    found.observe(values)
    return found.separator


@pytest.mark.parametrize(
    ("values", "sign"),
    [
        (("1054", "50"), Separator.POINT),
        (("1,234.56", "12"), Separator.POINT),
        (("1.234,56", "12"), Separator.COMMA),
        (("1234,5",), Separator.COMMA),
        (("1.234.567",), Separator.COMMA),
        (("1,234", "2,500"), Separator.AMBIGUOUS),
        (("1,234", "2.5"), Separator.POINT),
        (("1.5", "1,5"), Separator.MIXED),
        (("0.125",), Separator.POINT),
    ],
)
def test_a_column_tells_its_decimal_sign(values, sign):
    assert separator(*values) is sign


@pytest.mark.parametrize(
    ("text", "sign", "number", "currency"),
    [
        ("$1,234.50", Separator.POINT, "1234.50", "USD"),
        ("1.234,50 €", Separator.COMMA, "1234.50", "EUR"),
        ("(500)", Separator.POINT, "-500", None),
        ("CHF 1'200", Separator.POINT, "1200", "CHF"),
        ("1 200,5", Separator.COMMA, "1200.5", None),
        ("-3", Separator.POINT, "-3", None),
        ("R$ 10", Separator.POINT, "10", "BRL"),
    ],
)
def test_money_is_read_with_its_currency(text, sign, number, currency):
    assert parse_number(text, sign) == (Decimal(number), currency)


@pytest.mark.parametrize("text", ["", "abc", "1.2.3,4,5", "12 apples", "9" * 16])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match=r"number|large|decimal"):
        parse_number(text, Separator.POINT)


@given(st.decimals(min_value=0, max_value=10**9, places=2))
def test_both_locales_give_the_same_amount(amount):
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert parse_number(english, Separator.POINT)[0] == parse_number(german, Separator.COMMA)[0] == amount


def test_flags_and_percentages():
    assert parse_flag("TRUE")
    assert not parse_flag("")
    assert parse_percent("40%") == 40
    assert parse_percent("0.4", fraction=True) == 40
    with pytest.raises(ValueError, match="between 0 and 100"):
        parse_percent("1000")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "  =1", "\ufeff=1", "\uff1d1", " \uff0b1"])
def test_a_cell_that_would_be_a_formula_is_made_inert(text):
    assert inert(text).startswith("'")


def test_other_cells_stay_as_they_are():
    assert [inert(t) for t in ("", "a=b", "12", "x-y")] == ["", "a=b", "12", "x-y"]


def test_the_rejected_rows_are_written_in_order_or_not_at_all(tmp_path):
    path = tmp_path / "rejected.csv"
    assert write_rejected(path, [Fault("b.csv", 9, "date", "=x", "bad"), Fault("b.csv", 2, None, "", "worse")]) == 2
    assert path.read_text("utf-8-sig").splitlines() == ["file,row,column,value,reason", "b.csv,2,,,worse", "b.csv,9,date,'=x,bad"]
    assert write_rejected(path, []) == 0
    assert not path.exists()
