"""What deals are worth: lines and amounts, to the cent."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.authority import LimitKind, SetApprovalLimit
from domain.deals import (
    AmountFromLines,
    AmountNegative,
    AmountTooLarge,
    ChangeAmount,
    ChangeLines,
    CurrencyMixed,
    DealAmountChanged,
    DealClosed,
    DealLinesChanged,
    Evidence,
    Line,
    Period,
    ProductUnknown,
    line_annual,
    line_total,
    worth,
)
from domain.values import Money, minor_digits
from tests.domain.deal_world import OLD_SAW, SAW, WON, deal, eur, line, opened

LINES = (line("10", quantity=2), line("1.005", discount=Decimal(50)))
WITH_LINES = DealLinesChanged(lines=LINES, amount=eur("20.50"), annual=eur("0.00"), previous=eur("100.00"))


def test_lines_replace_the_amount_by_their_sum():
    deal.given(opened()).when(ChangeLines(lines=LINES)).then(WITH_LINES)


def test_the_same_lines_again_are_quiet():
    deal.given(opened(), WITH_LINES).when(ChangeLines(lines=LINES)).nothing()
    deal.given(opened()).when(ChangeLines(lines=())).nothing()


def test_without_lines_any_more_a_deal_is_worth_nothing_until_it_is_told_an_amount():
    emptied = DealLinesChanged(lines=(), amount=eur("0"), annual=eur("0"), previous=eur("20.50"))
    deal.given(opened(), WITH_LINES).when(ChangeLines(lines=())).then(emptied)
    deal.given(opened(), WITH_LINES, emptied).when(ChangeAmount(amount=eur("5"))).then(
        DealAmountChanged(amount=eur("5.00"), previous=eur("0"))
    )


def test_the_amount_of_a_deal_with_lines_is_changed_by_its_lines_only():
    deal.given(opened(), WITH_LINES).when(ChangeAmount(amount=eur("5"))).refused(AmountFromLines)


def test_an_amount_has_the_decimals_of_its_currency_and_is_quiet_when_the_same():
    spec = deal.given(opened())
    spec.when(ChangeAmount(amount=eur("120"), annual=eur("60"), reason="Fewer saws")).then(
        DealAmountChanged(amount=eur("120.00"), annual=eur("60.00"), previous=eur("100.00"), reason="Fewer saws")
    )
    spec.when(ChangeAmount(amount=eur("100.000"))).nothing()


@pytest.mark.parametrize(("amount", "currency", "unit"), [("120.005", "EUR", "0.01"), ("0.5", "JPY", "1"), ("0.0001", "KWD", "0.001")])
def test_an_amount_finer_than_its_currency_is_malformed_but_not_the_price_of_a_unit(amount, currency, unit):
    finer = Money(amount=Decimal(amount), currency=currency)
    for build in (
        lambda: ChangeAmount(amount=finer),
        lambda: ChangeAmount(amount=finer.rounded(), annual=finer),
        lambda: Evidence(criterion="budget_named", amount=finer),
        lambda: SetApprovalLimit(kind=LimitKind.DEAL, limit=finer),
    ):
        with pytest.raises(ValidationError, match=f"the finest unit of {currency} is {unit};"):
            build()
    assert line(amount, currency=currency).unit_price == finer


def test_a_negative_amount_is_refused_and_so_is_one_too_large():
    deal.given(opened()).when(ChangeAmount(amount=eur("-0.01"))).refused(AmountNegative)
    deal.given(opened()).when(ChangeLines(lines=(line("999999999999999", quantity="999999999"),))).refused(AmountTooLarge)


def test_a_deal_has_one_currency_but_may_change_it_as_a_whole():
    spec = deal.given(opened(), WITH_LINES)
    spec.when(ChangeLines(lines=(*LINES, line(currency="USD")))).refused(CurrencyMixed, currencies=["EUR", "USD"])
    (event,) = spec.when(ChangeLines(lines=(line(currency="USD"),))).events
    assert isinstance(event, DealLinesChanged)
    assert event.amount == Money(amount=Decimal("10.00"), currency="USD")


def test_a_product_no_longer_offered_may_stay_but_not_come():
    old = line(product=OLD_SAW)
    deal.given(opened()).when(ChangeLines(lines=(old,))).refused(ProductUnknown)
    held = DealLinesChanged(lines=(old,), amount=eur("10.00"), annual=eur("0.00"))
    deal.given(opened(), held).when(ChangeLines(lines=(old, line()))).then(
        DealLinesChanged(lines=(old, line()), amount=eur("20.00"), annual=eur("0.00"), previous=eur("10.00"))
    )


def test_a_closed_deal_keeps_its_amount():
    deal.given(opened(), WON).when(ChangeAmount(amount=eur("5"))).refused(DealClosed)
    deal.given(opened(), WON).when(ChangeLines(lines=LINES)).refused(DealClosed)


@pytest.mark.parametrize(
    ("changes", "total", "annual"),
    [
        ({}, "10.00", "0"),
        ({"period": "month", "months": 36}, "360.00", "120.00"),
        ({"period": "month", "months": 6}, "60.00", "60.00"),
        ({"period": "quarter", "months": 24}, "80.00", "40.00"),
        ({"period": "year", "months": 18}, "15.00", "10.00"),
        ({"period": "year", "months": 12, "discount": "12.5", "quantity": 3}, "26.25", "26.25"),
    ],
)
def test_a_line_is_worth_its_price_over_its_term_and_per_year(changes, total, annual):
    assert line_total(line(**changes)) == Decimal(total)
    assert line_annual(line(**changes)) == Decimal(annual)


@pytest.mark.parametrize(
    "fields",
    [
        {"product": None},
        {"period": "month"},
        {"months": 3},
        {"quantity": 0},
        {"discount": 101},
        {"unit_price": eur("-1")},
    ],
)
def test_a_line_that_makes_no_sense_is_malformed(fields):
    with pytest.raises(ValidationError):
        line(**fields)


def test_totals_have_the_minor_unit_of_their_currency():
    assert line_total(line("10.6", currency="JPY")) == Decimal(11)
    assert line_total(line("1.23456", currency="KWD")) == Decimal("1.235")


PRICES = st.decimals(0, 10**7, places=6, allow_nan=False)
LINES_OF_ANY_KIND = st.builds(
    Line,
    product=st.just(SAW),
    unit_price=st.builds(Money, amount=PRICES, currency=st.sampled_from(["EUR", "JPY", "KWD"])),
    quantity=st.decimals(Decimal("0.001"), 10**4, places=3),
    discount=st.decimals(0, 100, places=4),
) | st.builds(
    Line,
    label=st.just("Support"),
    unit_price=st.builds(Money, amount=PRICES, currency=st.just("EUR")),
    period=st.sampled_from(Period),
    months=st.integers(1, 120),
)


@given(st.lists(LINES_OF_ANY_KIND, min_size=1, max_size=8))
def test_amounts_conserve_the_sum_of_lines_in_any_order_and_grouping(lines):
    lines = [x for x in lines if x.unit_price.currency == lines[0].unit_price.currency]
    total, annual = worth(lines)
    digits = minor_digits(total.currency)
    assert total.amount == sum((line_total(x) for x in lines), Decimal(0))
    assert worth(lines[::-1]) == (total, annual)
    parts = [worth([x])[0] for x in lines]
    assert sum((p.amount for p in parts), Decimal(0)) == total.amount
    assert -total.amount.as_tuple().exponent <= digits
    assert 0 <= annual.amount <= total.amount
    assert total.rounded() == total
