"""Values that several nouns share: money, texts, countries, zones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_core import core_schema

LATEST_DAY = date(2199, 12, 31)
"""Nobody plans for later: a day after it was mistyped, or stands for none. What was recorded before this rule stays."""

# ISO 4217 (list one, 2024-06): the currencies whose minor unit is not two digits, and all that are in use.
_MINOR_UNITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
CURRENCIES = frozenset(
    """AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
    CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD
    HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA
    MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB
    RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI
    UYU UYW UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG""".split()
)


def minor_digits(currency: str) -> int:
    """Digits after the point in totals of `currency` (JPY 0, EUR 2, KWD 3)."""
    return _MINOR_UNITS.get(currency, 2)


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError(f"{code!r} is not an ISO 4217 currency code; use one like EUR, USD or JPY")
    return code


Currency = Annotated[
    str, Field(pattern=r"^[A-Z]{3}$", examples=["EUR"], json_schema_extra={"format": "iso-4217"}), AfterValidator(_known_currency)
]


def in_full(amount: Decimal, currency: str) -> Decimal:
    """With exactly the decimals of its currency, as money is written (0.00 EUR, 0 JPY); an amount that is finer stays as it is."""
    digits = minor_digits(currency)
    if amount.as_tuple().exponent == -digits:
        return amount
    whole = amount.quantize(Decimal(1).scaleb(-digits))
    return whole if whole == amount else amount


class Exactly:
    """In JSON a decimal is a text of digits: a JSON number may have been through binary floating point on its way."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        decimal = handler(source)
        text = core_schema.str_schema(pattern=self._pattern, max_length=24)
        plain = core_schema.no_info_after_validator_function(_without_exponent, decimal)
        return core_schema.json_or_python_schema(json_schema=core_schema.chain_schema([text, decimal]), python_schema=plain)


def _without_exponent(number: Decimal) -> Decimal:
    """500, not 5E+2, which would be stored as such and then be no text of digits when it is read again."""
    exponent = number.as_tuple().exponent
    return number.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else number


Amount = Annotated[
    Decimal,
    Field(max_digits=21, decimal_places=6, allow_inf_nan=False, examples=["1250.00"]),
    Exactly(r"^-?[0-9]{1,15}([.][0-9]{1,6})?$"),
]
"""A decimal quantity of money or goods: at most 15 digits before the point and 6 after."""


Percentage = Annotated[
    Decimal,
    Field(ge=0, le=100, max_digits=7, decimal_places=4, allow_inf_nan=False, examples=["12.5"]),
    Exactly(r"^[0-9]{1,3}([.][0-9]{1,4})?$"),
]
"""0 to 100, with at most 4 decimals."""


class Money(BaseModel):
    """An exact amount in one currency. Never float; adding two currencies is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    amount: Amount
    currency: Currency

    @model_validator(mode="after")
    def _in_full(self) -> Self:
        self.__dict__["amount"] = in_full(self.amount, self.currency)
        return self

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(amount=Decimal(0), currency=currency)

    def rounded(self) -> Money:
        """Quantised to the currency's minor unit, half to even (ISO 4217 minor units)."""
        digits = minor_digits(self.currency)
        if self.amount.as_tuple().exponent == -digits:
            return self
        return Money(amount=self.amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN), currency=self.currency)

    def _same(self, other: Money) -> None:
        if other.currency != self.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}; convert one at a dated rate first")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(amount=self.amount + other.amount, currency=self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(amount=self.amount - other.amount, currency=self.currency)

    def __neg__(self) -> Money:
        return Money(amount=-self.amount, currency=self.currency)

    def times(self, factor: Decimal | int) -> Money:
        """Scaled and rounded to the minor unit."""
        return Money(amount=(self.amount * factor).quantize(Decimal("0.000001")), currency=self.currency).rounded()

    def split(self, weights: Sequence[Decimal | int]) -> tuple[Money, ...]:
        """Shares in proportion to `weights` that add up to exactly this amount (largest remainder method).

        Raises ValueError when no weight is positive or one is negative.
        """
        total = sum((Decimal(w) for w in weights), Decimal(0))
        if total <= 0 or any(w < 0 for w in weights):
            raise ValueError("weights must not be negative and at least one must be positive")
        unit = Decimal(1).scaleb(-minor_digits(self.currency))
        units = int((self.rounded().amount / unit).to_integral_value())
        sign, left = (-1, -units) if units < 0 else (1, units)
        exact = [left * Decimal(w) / total for w in weights]
        floors = [int(share) for share in exact]
        by_remainder = sorted(range(len(weights)), key=lambda i: (floors[i] - exact[i], i))
        for i in by_remainder[: left - sum(floors)]:
            floors[i] += 1
        return tuple(Money(amount=sign * share * unit, currency=self.currency) for share in floors)

    def __str__(self) -> str:
        return f"{self.rounded().amount:,} {self.currency}"


def _payable(money: Money) -> Money:
    digits = minor_digits(money.currency)
    unit = Decimal(1).scaleb(-digits)
    if money.amount % unit:
        most = f"at most {digits} decimals" if digits else "no decimals"
        raise ValueError(f"the finest unit of {money.currency} is {unit}; write {most}")
    return money


Payable = Annotated[Money, AfterValidator(_payable)]
"""An amount that can be paid: no finer than its currency's minor unit. The price of one unit may be finer."""


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of `amounts`, all in `currency`; zero when there are none."""
    result = Money.zero(currency)
    for amount in amounts:
        result = result + amount
    return result


@cache
def _zones() -> frozenset[str]:
    # listing them walks the zone files (13 ms): once per process, not once per event
    return frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError(f"{name!r} is not an IANA time zone; use one like Europe/Berlin or UTC")
    return name


Zone = Annotated[str, Field(max_length=64, examples=["Europe/Berlin"]), AfterValidator(_known_zone)]


def zone(name: str) -> ZoneInfo:
    """The rules of a validated IANA zone."""
    return ZoneInfo(name)


class Text(BaseModel):
    """Base of small frozen value objects: no unknown fields, hashable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _stripped(cls, value: object) -> object:
        return value.strip() if isinstance(value, str) else value


# PostgreSQL cannot hold NUL in a text, so no read model could show it.
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]
"""What a thing or person is called: one line, 1 to 200 characters."""
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]
"""What was said or noted, at most 20,000 characters."""
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$"), Field(examples=["renewal_risk"])]
"""A name that configuration refers to: lower case, digits and underscores."""
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=r"^[^\x00-\x20@<>,;]{1,64}@[^\x00-\x20@<>,;.]+(\.[^\x00-\x20@<>,;.]+)+$"
    ),
]
"""An address of the form local@domain; whether it can be reached only a sent letter tells."""
Phone = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=40, pattern=r"^[+(]?[0-9][0-9 ()./x-]{2,38}$"),
    Field(examples=["+49 30 123456"]),
]

# ISO 3166-1 alpha-2, officially assigned codes (2024).
COUNTRIES = frozenset(
    """AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD
    CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG
    GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR
    KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF
    NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM
    SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE
    YT ZA ZM ZW""".split()
)


def _known_country(code: str) -> str:
    if code not in COUNTRIES:
        raise ValueError(f"{code!r} is not an ISO 3166-1 country code; use one like DE, US or JP")
    return code


Country = Annotated[
    str, Field(pattern=r"^[A-Z]{2}$", examples=["DE"], json_schema_extra={"format": "iso-3166-1"}), AfterValidator(_known_country)
]


def bare_domain(text: str) -> str:
    """The domain in what people paste: `https://www.Acme.com/about` and `acme.com` are both `acme.com`."""
    host = text.strip().lower().split("://", 1)[-1].split("/", 1)[0].split("@")[-1].split(":", 1)[0].rstrip(".")
    return host.removeprefix("www.") if host.count(".") > 1 else host


def _pasted_domain(value: object) -> object:
    return bare_domain(value) if isinstance(value, str) else value


WebDomain = Annotated[
    str,
    Field(max_length=253, pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$", examples=["acme.com"]),
    BeforeValidator(_pasted_domain),
]
"""A company's web domain without scheme and `www.`; a pasted address is cut down to it."""
