"""The terms of contracts as people write them at the command line, as the API takes them."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any

import typer

from api.cli.outcomes import Ended, Exit
from api.cli.written_values import a_day, document, money

_NOTICE = re.compile(
    r"(?P<count>[0-9]{1,4})\s+(?P<unit>business days?|days?|weeks?|months?)(\s+to\s+the\s+end\s+of\s+the\s+(?P<end>term|period))?"
)
_UNITS = {"day": "days", "month": "months", "business day": "business_days"}
_RENEWS = re.compile(r"fixed|evergreen(?:\s+(?P<periods>[0-9]{1,3})\s+months?)?|(?P<months>[0-9]{1,3})\s+months?")

Start = Annotated[str, typer.Option("--start", metavar="DAY", help="The first day of the term.")]
End = Annotated[str | None, typer.Option("--end", metavar="DAY", help="Its last day; an evergreen contract has none.")]
Value = Annotated[str | None, typer.Option("--value", metavar="AMOUNT", help="What it is worth, like '24000 EUR'.")]
Renews = Annotated[
    str,
    typer.Option(
        "--renews",
        metavar="HOW",
        help="'fixed', '12 months' (by itself), 'evergreen', or 'evergreen 3 months' with periods of that length.",
    ),
]
Notice = Annotated[
    str | None,
    typer.Option("--notice", metavar="RULE", help="Like '3 months', '2 weeks', '20 business days to the end of the period'."),
]
Delivery = Annotated[
    int | None, typer.Option("--delivery-days", min=0, max=60, help="Notice counts when received, after so many business days on its way.")
]
PayWithin = Annotated[int | None, typer.Option("--pay-within", min=0, max=720, help="Days within which invoices are paid.")]
Paper = Annotated[
    str, typer.Option("--paper", metavar="FILE", help="What was signed: a file here, or NAME#SHA256 of one that lies elsewhere.")
]


class Per(StrEnum):
    """What the value is due for."""

    TERM = "term"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


PerOption = Annotated[Per, typer.Option("--per", help="What the value is due for.")]


def renewal(written: str) -> dict[str, Any]:
    """`fixed`, `12 months`, `evergreen`. Raises Ended."""
    match = _RENEWS.fullmatch(" ".join(written.lower().split()))
    if match is None:
        raise Ended(f"--renews {written!r}: write fixed, '12 months', evergreen or 'evergreen 3 months'.", Exit.USAGE)
    if match["months"]:
        return {"kind": "auto_renew", "months": int(match["months"])}
    if match["periods"]:
        return {"kind": "evergreen", "period_months": int(match["periods"])}
    return {"kind": match[0]}


def notice_rule(written: str | None, delivery_days: int | None, *, evergreen: bool) -> dict[str, Any] | None:
    """`3 months`, `20 business days to the end of the period`. Raises Ended."""
    if written is None:
        if delivery_days is not None:
            raise Ended("--delivery-days belongs to a rule for notice: give --notice, too.", Exit.USAGE)
        return None
    match = _NOTICE.fullmatch(" ".join(written.lower().split()))
    if match is None:
        raise Ended(f"--notice {written!r}: write a number and days, weeks, business days or months, like '3 months'.", Exit.USAGE)
    before = f"{match['end'] or ('period' if evergreen else 'term')}_end"
    unit = match["unit"].removesuffix("s")
    count, unit = (int(match["count"]) * 7, "day") if unit == "week" else (int(match["count"]), unit)
    rule = {"count": count, "unit": _UNITS[unit], "before": before}
    return rule if delivery_days is None else {**rule, "counts": "received", "delivery_days": delivery_days}


def terms(
    start: str,
    end: str | None,
    value: str | None,
    per: Per,
    renews: str,
    notice: str | None,
    delivery_days: int | None,
    pay_within: int | None,
) -> dict[str, Any]:
    """All of them, as the API takes them. Raises Ended."""
    how = renewal(renews)
    found: dict[str, Any] = {
        "start": a_day(start, "--start"),
        "end": a_day(end, "--end") if end else None,
        "value": money(value) if value else None,
        "payment_days": pay_within,
        "notice": notice_rule(notice, delivery_days, evergreen=how["kind"] == "evergreen"),
    }
    return {name: given for name, given in found.items() if given is not None} | {"renewal": how, "value_per": per.value}


def paper(written: str) -> dict[str, str]:
    """A signed paper by its name and the SHA-256 of its bytes. Raises Ended."""
    found = document("--paper", written)
    return {"reference": found["document"], "sha256": found["sha256"]}
