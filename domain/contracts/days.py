"""The days that count for a contract's end, what is known of that end, and how near it is. Computed here, recorded by the decider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.calendars import Calendar
from domain.contract_dates import local_day, notice_deadline, send_by
from domain.contract_rules import ContractRules
from domain.contracts.events import ContractDatesSet
from domain.contracts.in_force import coming_end, ends_of, terms_on
from domain.contracts.state import Contract
from domain.contracts.terms import Terms, ValuePer
from domain.kernel import Context, Read
from domain.periods import month_number
from domain.rates import AppliedRate, NoRate, convert, rate_on, rate_reads
from domain.settings import SETTINGS_READ, Settings
from domain.values import Money

_DAY = timedelta(days=1)
_STARTING = Settings()
A_YEAR = {ValuePer.MONTH: 12, ValuePer.QUARTER: 4, ValuePer.YEAR: 1}
_OF_THE_RATE = {"annual": None, "rate": None, "rate_day": None}
"""What may differ from day to day without any day that counts having changed."""


def today(contract: Contract, ctx: Context) -> date:
    """Today's date in the contract's zone."""
    return local_day(ctx.now, contract.zone)


def settings_of(ctx: Context) -> Settings:
    """The tenant's settings. Raises KeyError where `reads` did not ask for them."""
    known: Settings | None = ctx.fact(SETTINGS_READ)
    return _STARTING if known is None else known


def calendar_of(contract: Contract, ctx: Context) -> Calendar:
    """The calendar by which the contract's business days are counted."""
    return settings_of(ctx).working_calendar(contract.calendar)


def annual_value(terms: Terms) -> Money | None:
    """What the contract is worth a year: a value for a term of more than twelve months is spread over it."""
    if terms.value is None or terms.value_per is not ValuePer.TERM:
        return terms.value and terms.value.times(A_YEAR[terms.value_per])
    months = month_number(terms.end + _DAY) - month_number(terms.start) if terms.end else 12
    return terms.value.times(Decimal(12) / months) if months > 12 else terms.value


def term_value(terms: Terms) -> Money | None:
    """What a further term of the same kind would be worth as a whole."""
    if terms.value is None or terms.value_per is ValuePer.TERM:
        return terms.value
    months = terms.renewal.months or (month_number(terms.end + _DAY) - month_number(terms.start) if terms.end else 12) or 1
    return terms.value.times(Decimal(A_YEAR[terms.value_per] * months) / 12)


@dataclass(frozen=True, slots=True)
class KnownEnd:
    """The last day of a contract, and what makes it so: `termination`, `notice` or `successor`."""

    on: date
    by: str


def known_end(contract: Contract, end: date | None) -> KnownEnd | None:
    """The end that somebody brought about; None where the contract just runs on, or out. `end`: of the term that runs."""
    found: list[KnownEnd] = []
    if contract.termination is not None:
        found.append(KnownEnd(contract.termination.on, "termination"))
    if contract.notice is not None:
        found.append(KnownEnd(contract.notice.ends_on, "notice"))
    if contract.successor is not None:
        before = contract.successor.takes_over_on - _DAY
        found.append(KnownEnd(before if end is None else min(before, end), "successor"))
    return min(found, key=lambda known: known.on, default=None)


def dates(contract: Contract, ctx: Context) -> ContractDatesSet:
    """The days that count, as things stand today."""
    day, settings = today(contract, ctx), settings_of(ctx)
    terms, end, calendar = terms_on(contract, day), coming_end(contract, day), calendar_of(contract, ctx)
    known = known_end(contract, end)
    deadline = notice_deadline(terms.notice, end, calendar) if terms.notice is not None and end is not None else None
    last = deadline or end
    rules: ContractRules = settings.contract_rules
    annual, rate = _annual(terms, settings, day, ctx)
    return ContractDatesSet(
        term_start=terms.start,
        term_end=end,
        deadline=deadline,
        send_by=send_by(terms.notice if deadline else None, last, calendar) if last is not None else None,
        ends_on=known.on if known is not None else None,
        renewal_on=last - timedelta(days=rules.renewal_lead_days) if last is not None else None,
        periods=ends_of(contract, day).has_periods,
        calendar=contract.calendar or settings.calendar,
        alert_days=rules.alert_days(annual) if last is not None else (),
        annual=annual,
        rate=rate.rate.quantize(Decimal("1e-12")) if rate is not None else None,
        rate_day=rate.day if rate is not None else None,
        rules=rules.version,
    )


def differ(one: ContractDatesSet | None, other: ContractDatesSet) -> bool:
    """Whether days that count, or the alerts before them, are others; a rate of another day changes nothing."""
    return one is None or one.model_copy(update=_OF_THE_RATE) != other.model_copy(update=_OF_THE_RATE)


def near(contract: Contract, day: date) -> bool:
    """Whether the contract's end is near: its first alert's day has come, or it is known on which day it ends."""
    set_ = contract.dates
    if set_ is None:
        return False
    return set_.ends_on is not None or (
        set_.send_by is not None and set_.alert_days != () and day >= set_.send_by - timedelta(days=set_.alert_days[0])
    )


def _annual(terms: Terms, settings: Settings, day: date, ctx: Context) -> tuple[Money | None, AppliedRate | None]:
    annual = annual_value(terms)
    if annual is None or annual.currency == settings.currency:
        return annual, None
    try:
        rate = rate_on(ctx.facts, annual.currency, settings.currency, day)
    except NoRate:
        return None, None  # of unknown value, it is alerted of as the most valuable are
    return convert(annual, settings.currency, rate), rate


def value_reads(values: Iterable[Money | None], facts: Mapping[UUID, Any]) -> Iterable[Read]:
    """The rates that a contract of these values is weighed by, once the settings are known."""
    yield SETTINGS_READ
    if SETTINGS_READ.id in facts:
        settings: Settings = facts[SETTINGS_READ.id] or _STARTING
        for currency in sorted({value.currency for value in values if value is not None}):
            yield from rate_reads(currency, settings.currency)
