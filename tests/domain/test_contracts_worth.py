"""What a contract is worth a year, and for a further term."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from domain.contracts.days import annual_value, term_value
from domain.contracts.terms import ValuePer
from domain.rates import Series, rates_id
from tests.domain.contract_world import BEFORE_PERIOD, EVERGREEN, FIXED, carried, contract, registering, terms
from tests.domain.deal_world import eur


@pytest.mark.parametrize(
    ("amount", "per", "end", "annual", "term"),
    [
        ("100", ValuePer.MONTH, date(2026, 12, 31), "1200", "1200"),
        ("100", ValuePer.QUARTER, date(2027, 12, 31), "400", "800"),
        ("1200", ValuePer.YEAR, date(2026, 6, 30), "1200", "600"),
        ("1200", ValuePer.TERM, date(2026, 6, 30), "1200", "1200"),
        ("1000", ValuePer.TERM, date(2028, 12, 31), "333.33", "1000"),
    ],
)
def test_a_value_is_reckoned_by_what_it_is_for(amount: str, per: ValuePer, end: date, annual: str, term: str):
    agreed = terms(value=eur(amount), value_per=per, end=end, renewal=FIXED, notice=None)
    assert annual_value(agreed) == eur(annual)
    assert term_value(agreed) == eur(term)


def test_what_has_no_end_is_reckoned_for_a_year_and_what_has_no_value_not_at_all():
    evergreen = terms(value=eur("10"), value_per=ValuePer.MONTH, end=None, renewal=EVERGREEN, notice=BEFORE_PERIOD)
    assert (annual_value(evergreen), term_value(evergreen)) == (eur("120"), eur("120"))
    assert (annual_value(terms(value=None)), term_value(terms(value=None))) == (None, None)


def test_another_currency_counts_at_the_rate_of_the_day_which_is_recorded():
    dollars = terms(value=eur("15000").model_copy(update={"currency": "USD"}))
    known = contract.knowing({rates_id("EUR", "USD"): Series((date(2025, 12, 12),), (Decimal("1.5"),))})
    dates = carried(known, registering(terms=dollars)).state.dates
    assert (dates.annual, dates.rate_day, dates.alert_days[0]) == (eur("10000"), date(2025, 12, 12), 90)
    assert dates.rate == Decimal("0.666666666667")
