"""What a deal is worth: the sum of its lines, or an amount where it has none. Nothing is lost in rounding: each line is
rounded to the currency's minor unit, and the total is the sum of the rounded lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from decimal import Context as Arithmetic

from domain.deals.commands import ChangeAmount, ChangeLines
from domain.deals.events import DealAmountChanged, DealLinesChanged
from domain.deals.references import check_products
from domain.deals.refusals import AmountFromLines, AmountMissing, AmountNegative, AmountTooLarge, CurrencyMixed
from domain.deals.state import Deal
from domain.deals.terms import MONTHS, Line
from domain.kernel import Context, Event
from domain.values import Money, minor_digits

_EXACT = Arithmetic(prec=80, rounding=ROUND_HALF_EVEN)
_LIMIT = Decimal(10) ** 15
_WHOLE = Decimal(100)
_UNITS = [Decimal(1).scaleb(-digits) for digits in range(5)]


def line_total(line: Line) -> Decimal:
    """What a line is worth over its whole term, in units of its currency, rounded to the minor unit."""
    return _worth(line, line.months)


def line_annual(line: Line) -> Decimal:
    """What a recurring line is worth per twelve months, or over its term if that is shorter; a one-off line nothing."""
    return Decimal(0) if line.months is None else _worth(line, min(12, line.months))


def _worth(line: Line, months: int | None) -> Decimal:
    # the context's own operations: making it the current one costs more than they do
    times, price = _EXACT.multiply, line.unit_price
    worth = times(line.quantity, price.amount)
    if line.discount:
        worth = _EXACT.divide(times(worth, _EXACT.subtract(_WHOLE, line.discount)), _WHOLE)
    if months is not None and line.period is not None:
        worth = _EXACT.divide(times(worth, months), MONTHS[line.period])
    return _EXACT.quantize(worth, _UNITS[minor_digits(price.currency)])


def worth(lines: Sequence[Line]) -> tuple[Money, Money]:
    """Total and annual value of at least one line. Raises CurrencyMixed, AmountTooLarge."""
    currency = lines[0].unit_price.currency
    if any(line.unit_price.currency != currency for line in lines):
        currencies = sorted({line.unit_price.currency for line in lines})
        raise CurrencyMixed("A deal has one currency; price every line in the same.", currencies=currencies)
    with localcontext(_EXACT):
        total, annual = sum(map(line_total, lines), Decimal(0)), sum(map(line_annual, lines), Decimal(0))
    return _money(total, currency), _money(annual, currency)


def _money(amount: Decimal, currency: str) -> Money:
    if abs(amount) >= _LIMIT:
        raise AmountTooLarge("The sum has more than 15 digits before the point; check quantities and prices.", limit=str(_LIMIT))
    return Money(amount=amount, currency=currency)


def plain(amount: Money, annual: Money | None) -> tuple[Money, Money | None]:
    """An amount given without lines, rounded where a source told it finer. Raises AmountNegative, CurrencyMixed."""
    for money in (amount, annual):
        if money is None:
            continue
        if money.amount < 0:
            raise AmountNegative("A deal is not worth less than nothing; give zero or more.", amount=str(money.amount))
        if money.currency != amount.currency:
            raise CurrencyMixed(
                "A deal has one currency; give the annual value in the same.", currencies=sorted({amount.currency, money.currency})
            )
    return rounded(amount), None if annual is None else rounded(annual)


def rounded(money: Money) -> Money:
    """To the minor unit. Raises AmountTooLarge where that adds a digit."""
    if money.amount.as_tuple().exponent == -minor_digits(money.currency):
        return money
    with localcontext(_EXACT):
        return _money(money.amount.quantize(Decimal(1).scaleb(-minor_digits(money.currency))), money.currency)


def opening_worth(lines: Sequence[Line], amount: Money | None, annual: Money | None) -> tuple[Money, Money | None]:
    """What a new deal is worth. Raises AmountMissing unless there are either lines or an amount."""
    if bool(lines) == (amount is not None):
        raise AmountMissing("A deal has either lines or an amount; give one of them.")
    if amount is None:
        return worth(lines)
    return plain(amount, annual)


def change_amount(deal: Deal, command: ChangeAmount, _ctx: Context) -> tuple[Event, ...]:
    """Raises AmountFromLines, AmountNegative, CurrencyMixed."""
    if deal.lines:
        raise AmountFromLines("This deal's amount is the sum of its lines; change the lines instead.")
    amount, annual = plain(command.amount, command.annual)
    if (amount, annual) == (deal.amount, deal.annual):
        return ()
    return (DealAmountChanged(amount=amount, annual=annual, previous=deal.amount, reason=command.reason),)


def change_lines(deal: Deal, command: ChangeLines, ctx: Context) -> tuple[Event, ...]:
    """Raises CurrencyMixed, ProductUnknown, AmountTooLarge."""
    if command.lines == deal.lines:
        return ()
    check_products(command.lines, ctx, known=deal.lines)
    if command.lines:
        amount, annual = worth(command.lines)
    else:
        amount = annual = Money.zero(deal.lines[0].unit_price.currency)
    return (DealLinesChanged(lines=command.lines, amount=amount, annual=annual, previous=deal.amount, reason=command.reason),)
