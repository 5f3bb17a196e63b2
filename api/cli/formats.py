"""How numbers, days and tables look at a terminal, from 80 columns up."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from api.cli.fitting import Column, Fitted
from api.cli.zones import clock, written
from api.inert import one_line

# ISO 4217 minor units other than two; as `domain.values.minor_digits`, which is heavier to import
_MINOR = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
NONE = "[dim]-[/]"


def minor_digits(currency: str | None) -> int:
    """Digits after the point in amounts of `currency` (JPY 0, EUR 2, KWD 3)."""
    return _MINOR.get(currency or "", 2)


def amount(value: str | None, currency: str | None = None, *, whole: bool = False) -> str:
    """`12,500.00`; `whole` leaves the minor unit away, for narrow tables."""
    if value is None:
        return NONE
    digits = 0 if whole else minor_digits(currency)
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,}"


def money(value: dict[str, str] | None) -> str:
    """`12,500.00 EUR`."""
    return NONE if value is None else f"{amount(value['amount'], value['currency'])} {value['currency']}"


def when(instant: str | None) -> str:
    """A day and minute in the tenant's zone, with its offset: `2026-03-31 09:00+02`."""
    if instant is None:
        return NONE
    # what was so ever since has no time in any zone
    return "the beginning" if instant.startswith("0001-01-01T00:00:00") else written(datetime.fromisoformat(instant).astimezone(clock.zone))


def day(instant: str | None) -> str:
    """The day of an instant in the tenant's zone."""
    return NONE if instant is None else datetime.fromisoformat(instant).astimezone(clock.zone).date().isoformat()


def last_moment(instant: str | None, zone: str) -> str:
    """The last day of a term in the company's zone; an instant that ends no day there, with its time."""
    if instant is None:
        return NONE
    here = datetime.fromisoformat(instant).astimezone(ZoneInfo(zone))
    if here.time() == time():
        return f"{here.date() - timedelta(days=1)}, that day included ({zone})"
    return f"{here:%Y-%m-%d %H:%M} ({zone})"


def days_since(instant: str, until: datetime) -> int:
    """Whole days from an instant to the moment that an answer is about."""
    return (until - datetime.fromisoformat(instant)).days


ERASED = "[erased]"
"""What is read in the place of who was forgotten, as the API answers it (domain/kernel.py)."""


def short(id: str) -> str:
    """The end of an id: ids of the same hour begin alike, so that their ends tell them apart."""
    return id[-8:]


def count(number: int, noun: str, several: str | None = None) -> str:
    """`1 deal`, `2,000 deals`, `3 entries`; `several`: a plural that neither s nor ies makes."""
    if several is None:
        several = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in tuple("aeiou") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else several}"


def words(key: str) -> str:
    """`best_case` as people read it."""
    return key.replace("_", " ")


def plain(text: object) -> str:
    """Text of others, on one line and safe within rich's markup."""
    from rich.markup import escape

    return escape(one_line(str(text))) if text not in (None, "") else NONE


def table(
    *columns: str,
    title: str | None = None,
    right: Iterable[str] = (),
    whole: Iterable[str] = (),
    spare: Iterable[str] = (),
    show_header: bool = True,
) -> Fitted:
    """A table without lines. `right`: columns of numbers; these and `whole` are never broken or cut. `spare`: what goes where there is
    not room for all, the most dispensable first.
    """
    numbers, uncut, order = set(right), {*right, *whole}, list(spare)
    made = [Column(name, name in numbers, name in uncut, order.index(name) if name in order else None) for name in columns]
    return Fitted(made, title, show_header)


def facts(pairs: Iterable[tuple[str, str]]) -> Fitted:
    """What is said of one thing: a name and a value to a line."""
    made = table("", "", show_header=False)
    for name, value in pairs:
        made.add_row(f"[dim]{name}[/]", value)
    return made
