from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel import Actor, Forbidden, Invalid, Role, natural_id
from domain.rates import AppliedRate, DatedRate, NoRate, RatesRecorded, RecordRates, Series, convert, rate_on, rate_reads, rates, rates_id
from domain.values import Money, minor_digits
from tests.spec import NOW, Spec

TODAY = NOW.date()
usd = Spec(rates).on(rates_id("EUR", "USD"))


def dated(*pairs: tuple[date, str]) -> tuple[DatedRate, ...]:
    return tuple(DatedRate(day=day, rate=Decimal(rate)) for day, rate in pairs)


def record(*pairs: tuple[date, str]) -> RecordRates:
    return RecordRates(base="EUR", quote="USD", source="ECB", rates=dated(*pairs))


def recorded(*pairs: tuple[date, str]) -> RatesRecorded:
    return RatesRecorded(base="EUR", quote="USD", source="ECB", rates=dated(*pairs))


def series(**pairs: dict[date, str]) -> dict[UUID, Series | None]:
    return {
        rates_id(name[:3], name[3:]): Series().with_rates(DatedRate(day=d, rate=Decimal(r)) for d, r in days.items())
        for name, days in pairs.items()
    }


def test_rates_are_recorded_in_order_of_days():
    monday = TODAY - timedelta(days=3)
    usd.when(record((TODAY, "1.08"), (monday, "1.07"))).then(recorded((monday, "1.07"), (TODAY, "1.08")))


def test_only_what_is_new_is_recorded():
    known = usd.given(recorded((TODAY, "1.08")))
    known.when(record((TODAY, "1.080"))).nothing()
    known.when(record((TODAY, "1.09"))).then(recorded((TODAY, "1.09")))


def test_rates_are_never_stated_ahead():
    usd.when(record((TODAY + timedelta(days=2), "1.08"))).refused(Invalid)


def test_rates_that_make_no_sense_are_refused():
    usd.when(record((TODAY, "1"), (TODAY, "2"))).refused(Invalid)
    usd.on(rates_id("EUR", "JPY")).when(record((TODAY, "1"))).refused(Invalid)
    same = RecordRates(base="EUR", quote="EUR", source="x", rates=dated((TODAY, "1")))
    usd.when(same).refused(Invalid)


def test_only_finance_and_administration_record_rates():
    usd.by(Actor(natural_id("test", "x"), frozenset({Role.SALES_CHIEF}))).when(record((TODAY, "1"))).refused(Forbidden)
    assert usd.by(Actor(natural_id("test", "x"), frozenset({Role.FINANCE}))).when(record((TODAY, "1"))).events


FRIDAY = date(2026, 2, 27)
KNOWN = series(EURUSD={FRIDAY: "1.25", date(2026, 3, 5): "1.5"}, EURJPY={FRIDAY - timedelta(days=1): "160"})


def test_a_day_without_a_rate_has_the_last_one_before_never_a_later_one():
    assert rate_on(KNOWN, "EUR", "USD", date(2026, 3, 4)) == AppliedRate("EUR", "USD", Decimal("1.25"), FRIDAY)
    with pytest.raises(NoRate):
        rate_on(KNOWN, "EUR", "USD", FRIDAY - timedelta(days=1))


def test_a_pair_that_is_missing_is_inverted_or_crossed():
    assert rate_on(KNOWN, "USD", "EUR", FRIDAY) == AppliedRate("USD", "EUR", Decimal("0.8"), FRIDAY)
    assert rate_on(KNOWN, "USD", "JPY", FRIDAY) == AppliedRate("USD", "JPY", Decimal(128), FRIDAY - timedelta(days=1), "EUR")
    assert rate_on({}, "USD", "USD", FRIDAY).rate == 1
    with pytest.raises(NoRate) as refusal:
        rate_on(KNOWN, "USD", "CHF", FRIDAY)
    assert refusal.value.data == {"base": "USD", "quote": "CHF", "day": "2026-02-27"}


def test_the_newer_of_a_rate_and_an_inverse_holds():
    both = series(EURUSD={FRIDAY: "1.25"}, USDEUR={FRIDAY + timedelta(days=1): "0.5"})
    assert rate_on(both, "EUR", "USD", FRIDAY + timedelta(days=1)).rate == 2
    assert rate_on(both, "EUR", "USD", FRIDAY).rate == Decimal("1.25")


def test_a_decision_reads_every_stream_it_may_need():
    read = {r.id for r in rate_reads("USD", "JPY")}
    assert read == {
        rates_id(a, b) for a, b in (("USD", "JPY"), ("JPY", "USD"), ("EUR", "USD"), ("USD", "EUR"), ("EUR", "JPY"), ("JPY", "EUR"))
    }
    assert list(rate_reads("USD", "USD")) == []


def test_a_conversion_rounds_to_the_minor_unit_of_the_other_currency():
    applied = rate_on(KNOWN, "EUR", "JPY", FRIDAY)
    assert convert(Money(amount=Decimal("1.005"), currency="EUR"), "JPY", applied) == Money(amount=Decimal(161), currency="JPY")
    with pytest.raises(Invalid):
        convert(Money(amount=Decimal(1), currency="USD"), "JPY", applied)
    with pytest.raises(Invalid):
        convert(Money(amount=Decimal("1e14"), currency="EUR"), "JPY", applied)


days = st.dates(date(2020, 1, 1), date(2020, 3, 1))
rate_values = st.decimals(Decimal("0.0001"), Decimal(10000), places=6)


@given(st.dictionaries(days, rate_values, max_size=20), days)
def test_the_rate_of_a_day_agrees_with_looking_at_every_day_before(known: dict[date, Decimal], day: date):
    found = Series().with_rates(DatedRate(day=d, rate=r) for d, r in known.items()).on(day)
    before = [d for d in known if d <= day]
    assert found == ((known[max(before)], max(before)) if before else None)


@given(st.decimals(Decimal("-1e6"), Decimal("1e6"), places=2), rate_values, st.sampled_from(["USD", "JPY", "KWD"]))
def test_there_and_back_again_loses_no_more_than_the_rounding(amount: Decimal, rate: Decimal, quote: str):
    known = {rates_id("EUR", quote): Series((FRIDAY,), (rate,))}
    money = Money(amount=amount, currency="EUR")
    there = convert(money, quote, rate_on(known, "EUR", quote, FRIDAY))
    back = convert(there, "EUR", rate_on(known, quote, "EUR", FRIDAY))
    lost = Decimal(1).scaleb(-minor_digits(quote)) / 2 / rate + Decimal("0.005") + Decimal("0.000002")
    assert abs(back.amount - money.amount) <= lost


@given(rate_values, rate_values)
def test_a_cross_rate_is_the_product_of_its_legs(one: Decimal, other: Decimal):
    known = {rates_id("EUR", "USD"): Series((FRIDAY,), (one,)), rates_id("EUR", "JPY"): Series((FRIDAY,), (other,))}
    crossed = rate_on(known, "USD", "JPY", FRIDAY).rate
    assert abs(crossed * one - other) <= other * Decimal("1e-24")
