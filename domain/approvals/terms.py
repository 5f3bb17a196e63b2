"""What an approval is about: the terms of a deal, a contract or a paper, their content hash, and the values that chains test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, model_validator

from domain.values import Amount, Currency, Key, Money, Name, Percentage, Text

PaymentDays = Annotated[int, Field(ge=0, le=3650)]
STANDARD_DAYS = 30
"""Days until payment where the terms name none (default)."""
_CEILING = Context(prec=40, rounding=ROUND_CEILING)


ContractSide = Annotated[
    Literal["sell", "buy"] | None,
    Field(description="Of a contract or an amendment that is to be signed: the side we are on; null: of an offer."),
]


class TermLine(Text):
    """A line as it is approved. `unit_price` is due once, or each `every` months for `months` months; `discount` in percent."""

    product: UUID | None = None
    label: Name | None = None
    quantity: Amount
    unit_price: Money
    discount: Percentage = Decimal(0)
    every: Annotated[int, Field(ge=1, le=12)] | None = None
    months: Annotated[int, Field(ge=1, le=600)] | None = None

    @property
    def gross(self) -> Fraction:
        """What it is worth over its whole term before the discount, exactly."""
        times = Fraction(self.months, self.every) if self.months and self.every else Fraction(1)
        return Fraction(self.quantity) * Fraction(self.unit_price.amount) * times


class Clause(Text):
    """A clause of the paper: its key, its version, and whether it is one of ours that needs nobody's consent."""

    key: Key
    version: Annotated[int, Field(ge=1)] = 1
    standard: bool = True
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None


class ApprovalTerms(Text):
    """Everything that an approval is bound to. `payment_days` None: the usual ones. `party`: the account that it is with.

    Of a contract or an amendment that is to be signed, `side` is ours, and `content` the SHA-256 of all that it says.
    """

    lines: tuple[TermLine, ...] = ()
    amount: Money | None = None
    payment_days: PaymentDays | None = None
    party: UUID | None = None
    clauses: tuple[Clause, ...] = ()
    side: ContractSide = None
    content: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.lines and self.amount is None:
            raise ValueError("terms with lines state in `amount` what they add up to")
        return self

    @property
    def currency(self) -> str | None:
        """The one currency of the terms."""
        return None if self.amount is None else self.amount.currency

    @property
    def content_hash(self) -> str:
        """SHA-256 over lines, discounts, payment terms, party, currency and clauses: the same however they are ordered or written."""
        content: dict[str, Any] = {
            "lines": sorted(map(_canonical, self.lines)),
            "amount": _plain(self.amount),
            "payment_days": self.payment_days,
            "party": _plain(self.party),
            "currency": self.currency,
            "clauses": sorted(map(_canonical, self.clauses)),
        }
        if self.side is not None:
            content |= {"side": self.side, "content": self.content}
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def changed(self, granted: ApprovalTerms) -> tuple[str, ...]:
        """What is different from terms granted before, of all that legal looks at whatever the numbers say."""
        parts = {
            "party": self.party == granted.party,
            "currency": self.currency == granted.currency,
            "clauses": sorted(map(_canonical, self.clauses)) == sorted(map(_canonical, granted.clauses)),
        }
        return tuple(name for name, same in parts.items() if not same)


def _canonical(part: BaseModel) -> str:
    return json.dumps(_plain(part), sort_keys=True, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """A value whose notation says nothing: 5, 5.0 and 5.00 are one discount."""
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Decimal):
        return "0" if not value else f"{value.normalize():f}"
    return str(value) if isinstance(value, UUID) else value


class Measures(Text):
    """The values that chains test. `blended`, `worst_line`: discounts in percent, rounded up to 4 decimals; `amount`: in the reporting
    currency, at the rate of the request's day; `clauses`: those that are not standard; `side`: of a contract that is to be signed.
    """

    blended: Percentage = Decimal(0)
    worst_line: Percentage = Decimal(0)
    amount: Money | None = None
    payment_days: PaymentDays = STANDARD_DAYS
    clauses: tuple[str, ...] = ()
    side: ContractSide = None


class RateUsed(Text):
    """The rate that an amount was converted at: `quote` per one `base`, of `day`, perhaps crossed through `via`."""

    base: Currency
    quote: Currency
    rate: Decimal
    day: date
    via: Currency | None = None


def measured(terms: ApprovalTerms, amount: Money | None) -> Measures:
    """The values of `terms`, whose amount in the reporting currency is `amount`."""
    return Measures(
        blended=blended_discount(terms.lines),
        worst_line=max((line.discount for line in terms.lines), default=Decimal(0)),
        amount=amount,
        payment_days=STANDARD_DAYS if terms.payment_days is None else terms.payment_days,
        clauses=tuple(sorted(c.key for c in terms.clauses if not c.standard)),
        side=terms.side,
    )


def blended_discount(lines: Iterable[TermLine]) -> Decimal:
    """The discount on all lines together, in percent of their worth before it, rounded up to 4 decimals."""
    gross = off = Fraction(0)
    for line in lines:
        gross += line.gross
        off += line.gross * Fraction(line.discount)
    if not gross:
        return Decimal(0)
    share = off / gross
    found = _CEILING.divide(Decimal(share.numerator), Decimal(share.denominator))
    return min(found.quantize(Decimal("0.0001"), ROUND_CEILING, _CEILING), Decimal(100))
