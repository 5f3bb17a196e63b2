"""A source's row about a deal in plain JSON values, so that what it says now compares with what it said before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any, Protocol
from uuid import UUID

from domain.attributes import AttributeValue
from domain.deals.imported import DealImported, DealStageReported
from domain.deals.terms import Line
from domain.values import Money

FIELDS = ("title", "account", "owner", "team", "amount", "annual", "lines", "close_date", "next_step", "next_step_on")
"""The fields of a deal that a source tells, besides the tenant's own fields and the stage."""
ATTRIBUTE = "attributes."
"""Prefix of the tenant's own fields in a row, which compare one by one."""


class Told(Protocol):
    """Anything with the fields that a source tells: the command, the event, the deal itself."""

    @property
    def attributes(self) -> Mapping[str, AttributeValue]: ...


def told(source: Told) -> dict[str, Any]:
    """The row of those fields."""
    row = {
        name: value if value is None or type(value) is str else _plain(value) for name, value in zip(FIELDS, _fields(source), strict=True)
    }
    for key, value in source.attributes.items():
        row[ATTRIBUTE + key] = list(value) if isinstance(value, tuple) else value
    return row


_fields = attrgetter(*FIELDS)
STAGE = ("stage", "stage_since", "won_on", "reason", "note", "competitor")
"""The fields of a row that tell the stage a deal is in."""


def opening_row(event: DealImported) -> dict[str, Any]:
    """What the source said when the deal came."""
    return told(event) | {"opened_in": event.stage} | stage_row(event)


def stage_row(event: DealImported | DealStageReported) -> dict[str, Any]:
    """What the source said of the deal's stage."""
    return {
        "stage": event.stage,
        "stage_since": event.since.isoformat(),
        "won_on": _plain(event.won_on),
        "reason": event.reason,
        "note": event.note,
        "competitor": event.competitor,
    }


def report(event: DealImported | DealStageReported) -> tuple[str, str, str]:
    """What makes one reported stage the same as another."""
    how = (event.won_on.isoformat() if event.won_on else "", event.reason or "", event.note or "", event.competitor or "")
    return event.stage, event.since.isoformat(), "\x1f".join(how).strip("\x1f")


def _plain(value: Any) -> Any:
    if isinstance(value, Money):
        return f"{value.rounded().amount} {value.currency}"
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_line(line) for line in value]
    return value


def _line(line: Line) -> list[Any]:
    price = line.unit_price
    product = str(line.product) if line.product else None
    quantity, amount, discount = _digits(line.quantity), str(price.amount.normalize()), _digits(line.discount)
    return [product, line.label, quantity, amount, discount, price.currency, line.period, line.months]


@lru_cache(maxsize=1024)
def _digits(number: Decimal) -> str:
    """Quantities and discounts are the same few again and again."""
    return str(number.normalize())


def typed(name: str, value: Any) -> Any:
    """The value of a field from its plain form in a row."""
    if value is None:
        return None
    if name.startswith(ATTRIBUTE):
        return tuple(value) if isinstance(value, list) else value
    if name in {"account", "owner", "team"}:
        return UUID(value)
    if name in {"amount", "annual"}:
        amount, currency = value.split(" ")
        return Money(amount=Decimal(amount), currency=currency)
    if name == "lines":
        return tuple(_typed_line(line) for line in value)
    return date.fromisoformat(value) if name in {"close_date", "next_step_on", "won_on"} else value


def _typed_line(plain: list[Any]) -> Line:
    product, label, quantity, price, discount, currency, period, months = plain
    return Line(
        product=UUID(product) if product else None,
        label=label,
        quantity=Decimal(quantity),
        unit_price=Money(amount=Decimal(price), currency=currency),
        discount=Decimal(discount),
        period=period,
        months=months,
    )
