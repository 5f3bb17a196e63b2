"""The ledger of a dispute. After every event, in the document's currency: original = open + credited + paid + written_off + withdrawn.

It holds of the gross and of the tax in it, of each line and of the whole case. Tax follows its line pro rata: of what is
moved, as much is tax as of what is open, to the minor unit by largest remainder, so that the last movement takes what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from domain.values import Amount, Currency, Text, in_full, minor_digits


class Bucket(StrEnum):
    """Where an amount of the original stands."""

    OPEN = "open"
    CREDITED = "credited"
    PAID = "paid"
    WRITTEN_OFF = "written_off"
    WITHDRAWN = "withdrawn"


class Balance(Text):
    """Amounts in one currency."""

    original: Amount = Decimal(0)
    open: Amount = Decimal(0)
    credited: Amount = Decimal(0)
    paid: Amount = Decimal(0)
    written_off: Amount = Decimal(0)
    withdrawn: Amount = Decimal(0)

    @property
    def balanced(self) -> bool:
        """Whether the identity holds, and nothing is below zero."""
        return self.original == sum(self.of(b) for b in Bucket) and all(self.of(b) >= 0 for b in Bucket)

    def of(self, bucket: Bucket) -> Decimal:
        value: Decimal = getattr(self, bucket.value)
        return value


class Ledger(Text):
    """The whole case: gross, and the tax in it."""

    currency: Currency
    gross: Balance = Balance()
    tax: Balance = Balance()

    @property
    def balanced(self) -> bool:
        return self.gross.balanced and self.tax.balanced


@dataclass(frozen=True, slots=True)
class Part:
    """A gross amount, and the tax in it."""

    gross: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)

    def __add__(self, other: Part) -> Part:
        return Part(self.gross + other.gross, self.tax + other.tax)

    def __sub__(self, other: Part) -> Part:
        return Part(self.gross - other.gross, self.tax - other.tax)


NOTHING = Part()


def apportion(amount: Decimal, weights: Sequence[Decimal], currency: str) -> tuple[Decimal, ...]:
    """Shares of `amount` in proportion to `weights` that add up to exactly it (largest remainder), in whole minor units.

    All are in `currency`'s minor unit, and some weight is positive. If `amount` is not more than the weights together, no
    share is more than its weight. Reckoned in integers, because 28 digits do not hold the product of two large amounts.
    """
    digits = minor_digits(currency)
    units, heavy = int(amount.scaleb(digits)), [int(weight.scaleb(digits)) for weight in weights]
    total = sum(heavy)
    floors = [units * weight // total for weight in heavy]
    by_remainder = sorted(range(len(heavy)), key=lambda i: (-(units * heavy[i] % total), i))
    for i in by_remainder[: units - sum(floors)]:
        floors[i] += 1
    return tuple(Decimal(share).scaleb(-digits) for share in floors)


def is_minor(amount: Decimal, currency: str) -> bool:
    """Whether the amount is a whole number of the currency's minor units."""
    return amount == amount.quantize(Decimal(1).scaleb(-minor_digits(currency)))


@dataclass(frozen=True, slots=True)
class Account:
    """One line's amounts. `original` follows from the others, so the identity cannot be broken here."""

    open: Part = NOTHING
    credited: Part = NOTHING
    paid: Part = NOTHING
    written_off: Part = NOTHING
    withdrawn: Part = NOTHING

    @property
    def original(self) -> Part:
        return sum((self.of(b) for b in Bucket), NOTHING)

    def of(self, bucket: Bucket) -> Part:
        part: Part = getattr(self, bucket.value)
        return part

    def share(self, amount: Decimal, currency: str, bucket: Bucket = Bucket.OPEN) -> Part:
        """What `amount` gross of a bucket takes along as tax. The caller has seen that so much is there."""
        part = self.of(bucket)
        if not amount:
            return NOTHING
        _, tax = apportion(amount, (part.gross - part.tax, part.tax), currency)
        return Part(amount, tax)

    def moved(self, part: Part, source: Bucket, target: Bucket) -> Account:
        """With `part` taken from one bucket and put into another."""
        changes = {source.value: self.of(source) - part}
        return replace(
            replace(self, **changes), **{target.value: (self.of(target) if target is not source else self.of(target) - part) + part}
        )

    def lowered(self, part: Part) -> Account:
        """With `part` of what is open gone, and of the original with it."""
        return replace(self, open=self.open - part)


def ledger_of(accounts: Iterable[Account], currency: str) -> Ledger:
    """The sum of all lines."""
    held, nothing = list(accounts), in_full(Decimal(0), currency)

    def balance(what: str) -> Balance:
        sums = {b.value: sum((getattr(a.of(b), what) for a in held), nothing) for b in Bucket}
        return Balance(original=sum((getattr(a.original, what) for a in held), nothing), **sums)

    return Ledger(currency=currency, gross=balance("gross"), tax=balance("tax"))
