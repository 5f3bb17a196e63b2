"""Numbers, money, percentages, yes and no as people's files write them, with the decimal separator decided by the whole column."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from domain.values import CURRENCIES

SYMBOLS = {
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "₩": "KRW",
    "₺": "TRY",
    "₪": "ILS",
    "zł": "PLN",
    "R$": "BRL",
    "US$": "USD",
    "$": "USD",
}
"""What a sign stands for. `$` may mean another dollar, so it is taken only where nothing else names the currency."""
_PLAIN = re.compile(r"-?\d+(\.\d+)?")
_NUMBER = re.compile(r"[-+\u2212]?\d[\d.,'\u2019 \u00a0\u202f]*")
_SPACES = str.maketrans("", "", "'\u2019 \u00a0\u202f")
_SIGNS = "+-\u2212"
_CODE = re.compile(r"[A-Z]{3}")
LARGEST = Decimal(10) ** 15


class Separator(StrEnum):
    """Which sign stands before the decimals in a column."""

    POINT = "point"
    COMMA = "comma"
    AMBIGUOUS = "ambiguous"
    MIXED = "mixed"


@dataclass(slots=True)
class NumberColumn:
    """What the values of one column say about their separators."""

    point: int = 0
    comma: int = 0
    undecided: dict[str, str] = field(default_factory=dict)
    plain: int = 0
    unknown: int = 0
    evidence: dict[Separator, str] = field(default_factory=dict)
    currencies: set[str] = field(default_factory=set)

    def observe(self, values: Iterable[str]) -> None:
        """Count what each value decides; blanks and whole numbers say nothing."""
        for value in values:
            if not value or value.isdecimal():
                self.plain += bool(value)
                continue
            try:
                digits, currency, _ = _strip(value)
            except ValueError:
                self.unknown += 1
                continue
            if currency:
                self.currencies.add(currency)
            says = _decimal_sign(digits)
            if says is Separator.AMBIGUOUS:
                self.undecided.setdefault("," if "," in digits else ".", value)
            elif says is Separator.COMMA:
                self.comma += 1
                self.evidence.setdefault(Separator.COMMA, value)
            elif says is Separator.POINT:
                self.point += 1
                self.evidence.setdefault(Separator.POINT, value)
            else:
                self.plain += 1

    @property
    def separator(self) -> Separator:
        """What the whole column says; where nothing decides between 1,234 and 1.234 it is ambiguous."""
        if self.point and self.comma:
            return Separator.MIXED
        if self.comma:
            return Separator.COMMA
        if self.point or not self.undecided:
            return Separator.POINT
        if len(self.undecided) == 2:
            return Separator.MIXED
        return Separator.AMBIGUOUS

    @property
    def likely(self) -> Separator:
        """For an ambiguous column, the reading in which the sign groups thousands: amounts have two decimals or none, not three."""
        return Separator.POINT if "," in self.undecided else Separator.COMMA


def _decimal_sign(digits: str) -> Separator | None:
    """What one number decides. None: nothing, it has no sign."""
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return Separator.COMMA if digits.rfind(",") > digits.rfind(".") else Separator.POINT
    if points + commas == 0:
        return None
    if points > 1:
        return Separator.COMMA  # 1.234.567 groups with points
    if commas > 1:
        return Separator.POINT
    sign = "." if points else ","
    whole, decimals = digits.split(sign)
    if len(decimals) == 3 and 1 <= len(whole.lstrip(_SIGNS)) <= 3 and whole.lstrip(_SIGNS) != "0":
        return Separator.AMBIGUOUS
    return Separator.POINT if points else Separator.COMMA


def _strip(value: str) -> tuple[str, str | None, bool]:
    """(digits and signs, currency if named, negative by parentheses). Raises ValueError."""
    text, negative, currency = value.strip(), False, None
    if text.startswith("(") and text.endswith(")"):
        text, negative = text[1:-1].strip(), True
    if not text[:1].isdigit() or not text[-1:].isdigit():
        code = _CODE.search(text)
        if code and code[0] in CURRENCIES:
            currency = code[0]
            text = text.replace(code[0], "", 1).strip()
        for symbol, meaning in SYMBOLS.items():
            if symbol in text:
                currency = currency or meaning
                text = text.replace(symbol, "", 1).strip()
                break
    if text.endswith("-") and text[:1].isdigit():
        text, negative = text[:-1], True
    text = text.replace("- ", "-")
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{value!r} is not a number")
    return text.translate(_SPACES).replace("\u2212", "-"), currency, negative


def parse_number(value: str, separator: Separator) -> tuple[Decimal, str | None]:
    """(the number, the ISO 4217 code that the value names or None).

    Raises ValueError with a sentence for the rejected rows file: no number, or one that reads two ways in a mixed column.
    """
    if separator is Separator.POINT and _PLAIN.fullmatch(value):
        return _bounded(Decimal(value), value), None
    digits, currency, negative = _strip(value)
    says = _decimal_sign(digits)
    sign = separator
    if separator in (Separator.MIXED, Separator.AMBIGUOUS):
        if says is Separator.AMBIGUOUS:
            raise ValueError(f"{value!r} reads as thousands and as decimals, and its column does not decide; say which it is")
        sign = says or Separator.POINT
    elif says not in (None, Separator.AMBIGUOUS, separator):
        raise ValueError(f"{value!r} does not have a decimal {separator}, as the rest of its column has")
    digits = digits.replace(".", "").replace(",", ".") if sign is Separator.COMMA else digits.replace(",", "")
    number = Decimal(digits)
    return _bounded(-number if negative else number, value), currency


def _bounded(number: Decimal, value: str) -> Decimal:
    if abs(number) >= LARGEST:
        raise ValueError(f"{value!r} is too large; at most 15 digits before the point are kept")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -6:
        return round(number, 6)
    return number


def parse_percent(value: str, *, fraction: bool = False) -> Decimal:
    """0 to 100. `fraction`: the column is written 0 to 1. Raises ValueError."""
    number, _ = parse_number(value.replace("%", "").strip(), Separator.POINT if "," not in value else Separator.COMMA)
    if fraction and "%" not in value:
        number *= 100
    if not 0 <= number <= 100:
        raise ValueError(f"{value!r} is not a percentage between 0 and 100")
    return number


_TRUE = frozenset("true t yes y 1 x ja oui si sí wahr".split())
_FALSE = frozenset("false f no n 0 nein non falsch".split())


def parse_flag(value: str) -> bool:
    """Yes or no; blank is no. Raises ValueError."""
    text = value.lower()
    if text in _TRUE:
        return True
    if not text or text in _FALSE:
        return False
    raise ValueError(f"{value!r} is neither yes nor no")
