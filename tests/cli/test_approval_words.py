"""What the lists of approvals say in words."""

from __future__ import annotations

from api.cli.approvals import _terms as listed_terms
from api.cli.approvals import rate_words
from api.cli.approvals_policy import _terms

ONE = {"noun": "deal", "blended": "9.7429", "worst_line": "12", "payment_days": 30, "amount": "1,000.00 EUR"}


def test_what_if_shows_the_worst_line_beside_the_whole_discount():
    assert _terms(ONE) == "9.7429 % off in all, 12 % on the worst line, 30 days, 1,000.00 EUR"
    assert _terms({**ONE, "blended": "12.0000"}).startswith("12 % off in all, 12 % on the worst line")
    assert _terms({**ONE, "noun": "contract", "amount": None}) == "30 days"


def test_a_rate_is_told_with_six_significant_decimals_at_most():
    assert rate_words("0.9216589861751152073732718894") == "0.921659"
    assert rate_words("25.305") == "25.305"
    assert rate_words("0.0000123456789") == "0.0000123457"
    assert rate_words("1234567.5") == "1234567.5"


def test_a_list_shows_the_amount_in_the_currency_that_was_agreed():
    card = {**ONE, "amount": "921.66", "currency": "EUR", "agreed_amount": "1000.00", "agreed_currency": "USD"}
    assert listed_terms(card) == "1,000.00 USD, 9.7429 % off, 30 days"
