"""What is told of an event reads as a person would say it."""

from __future__ import annotations

from decimal import Decimal

from domain.disputes.events import DisputeReopened
from domain.disputes.ledger import Balance, Ledger
from projections import telling_disputes
from projections.telling import Names, rounded, sentence

__all__ = ["telling_disputes"]  # its sentences are registered by reading it


def reopened(original: str, still: str) -> str:
    gross = Balance(original=Decimal(original), open=Decimal(still), credited=Decimal(original) - Decimal(still))
    event = DisputeReopened.model_construct(ledger=Ledger(currency="EUR", gross=gross), reason="Again")
    return sentence(event, Names())


def test_of_a_dispute_it_is_told_what_is_open_or_that_nothing_is():
    assert reopened("300.00", "120.00").endswith("120.00 EUR of 300.00 EUR is open.")
    assert reopened("300.00", "0.00").endswith("; nothing is open.")


def test_a_rate_is_told_with_six_significant_digits_at_most():
    assert rounded(Decimal("0.8903926632555644555248864749354")) == "0.890393"
    assert rounded(Decimal("25.305")) == "25.305"
    assert rounded(Decimal("1234567.50")) == "1234567.5"
