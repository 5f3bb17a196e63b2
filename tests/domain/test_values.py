from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from domain.values import CURRENCIES, Country, Email, Key, Money, Name, Phone, WebDomain, Zone, bare_domain, minor_digits, total

currencies = st.sampled_from(sorted(CURRENCIES))
amounts = st.decimals(min_value=Decimal("-1e12"), max_value=Decimal("1e12"), places=6)
weights = st.lists(st.one_of(st.integers(0, 1000), st.decimals(0, 1000, places=3)), min_size=1, max_size=30).filter(any)


@given(amounts, currencies, weights)
def test_splitting_never_loses_a_cent(amount: Decimal, currency: str, parts: list[Decimal | int]):
    whole = Money(amount=amount, currency=currency)
    shares = whole.split(parts)
    assert total(shares, currency) == whole.rounded()
    assert all(share == share.rounded() for share in shares)


@given(amounts, currencies, weights)
def test_no_share_is_a_unit_or_more_from_its_exact_part(amount: Decimal, currency: str, parts: list[Decimal | int]):
    whole = Money(amount=amount, currency=currency).rounded()
    unit, sum_of_weights = Decimal(1).scaleb(-minor_digits(currency)), sum(map(Decimal, parts))
    for share, weight in zip(whole.split(parts), parts, strict=True):
        assert abs(share.amount - whole.amount * Decimal(weight) / sum_of_weights) < unit
        if weight == 0:
            assert share.amount == 0


@pytest.mark.parametrize(
    ("written", "currency", "kept"),
    [("12", "EUR", "12.00"), ("12.500000", "EUR", "12.50"), ("900.0", "JPY", "900"), ("0", "KWD", "0.000"), ("0.125", "EUR", "0.125")],
)
def test_money_has_the_decimals_of_its_currency_however_it_was_written(written: str, currency: str, kept: str):
    assert str(Money(amount=Decimal(written), currency=currency).amount) == kept
    assert str(Money.model_validate_json(f'{{"amount": "{written}", "currency": "{currency}"}}').amount) == kept


@pytest.mark.parametrize("parts", [[], [0, 0], [1, -1]])
def test_a_split_needs_a_positive_weight_and_no_negative_one(parts: list[int]):
    with pytest.raises(ValueError, match="weights"):
        Money(amount=Decimal(1), currency="EUR").split(parts)


def test_two_currencies_never_combine():
    with pytest.raises(ValueError, match="convert"):
        Money(amount=Decimal(1), currency="EUR") + Money(amount=Decimal(1), currency="USD")


@pytest.mark.parametrize(("currency", "rounded"), [("JPY", "2"), ("EUR", "2.50"), ("KWD", "2.500"), ("CLF", "2.5000")])
def test_totals_have_the_minor_unit_of_their_currency(currency: str, rounded: str):
    assert str(Money(amount=Decimal("2.5"), currency=currency).rounded().amount) == rounded


@given(amounts, amounts, currencies)
def test_adding_and_taking_away_returns_to_the_beginning(one: Decimal, other: Decimal, currency: str):
    a, b = Money(amount=one, currency=currency), Money(amount=other, currency=currency)
    assert a + b - b == a
    assert a + -a == Money.zero(currency)


@pytest.mark.parametrize(
    ("pasted", "bare"),
    [
        ("https://www.Acme.com/about", "acme.com"),
        ("acme.com", "acme.com"),
        ("info@acme.co.uk", "acme.co.uk"),
        ("www.de", "www.de"),
        ("http://a.io:80/", "a.io"),
    ],
)
def test_a_pasted_address_is_cut_down_to_its_domain(pasted: str, bare: str):
    assert bare_domain(pasted) == bare
    assert TypeAdapter(WebDomain).validate_python(pasted) == bare


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Name, " Acme ", "  "),
        (Name, "ж", "a\0b"),
        (Key, "deal_value", "Deal"),
        (Email, "a.b@example.com", "a@b"),
        (Phone, "(555) 555-5555", "call me"),
        (Country, "DE", "XX"),
        (Zone, "Europe/Berlin", "Berlin"),
        (WebDomain, "xn--mller-kva.de", "localhost"),
    ],
)
def test_texts_are_checked_where_they_come_in(kind: object, good: str, bad: str):
    assert TypeAdapter(kind).validate_python(good) == good.strip()
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(bad)
