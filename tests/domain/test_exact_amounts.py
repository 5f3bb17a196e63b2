"""Whatever decimal an amount was made of, what is stored of it can be read again."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.values import Money


@pytest.mark.parametrize("text", ["5E+2", "500", "0E+3", "1.10", "-2E+1", "0.000001"])
def test_an_amount_is_stored_as_digits_and_read_back(text):
    money = Money(amount=Decimal(text), currency="JPY")
    assert "E" not in money.model_dump_json()
    assert Money.model_validate_json(money.model_dump_json()) == money
