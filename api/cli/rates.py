"""`concord rates`: the dated exchange rates that forecasts in one currency use."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

import typer

from api.cli.client import calling
from api.cli.formats import plain, table
from api.cli.moments import moment_params, moment_words
from api.cli.options import AsOf, Basis, Json, OfBasis, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.tree import add
from api.cli.written_values import a_day

_RATE = re.compile(r"[0-9]{1,10}([.][0-9]{1,12})?")
BaseCurrency = Annotated[str, typer.Argument(metavar="BASE", help="One unit of this currency, such as USD,")]
QuoteCurrency = Annotated[str, typer.Argument(metavar="QUOTE", help="costs so much of this one, such as EUR.")]


@told
def record(
    base: BaseCurrency,
    quote: QuoteCurrency,
    rate: Annotated[str, typer.Argument(metavar="RATE", help="How much of QUOTE one BASE costs, such as 0.9241.")],
    day: Annotated[str | None, typer.Option("--day", metavar="DAY", help="The day it is of (default: today, UTC).")] = None,
    source: Annotated[str, typer.Option("--source", help="Where it is from.")] = "command line",
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """State the rate of a day. A conversion uses the last one up to its own day; the inverse and crosses through EUR follow.

    Example:
      concord rates record USD EUR 0.9241 --day 2026-03-31 --source ECB
    """
    if _RATE.fullmatch(rate) is None or not float(rate):
        raise Ended(f"{rate!r} is no rate: it must be above 0, written in digits with a point, like 0.9241.", Exit.USAGE)
    of = a_day(day, "--day") if day else datetime.now(UTC).date().isoformat()
    body = {"base": base.upper(), "quote": quote.upper(), "source": source, "rates": [{"day": of, "rate": rate}]}
    with calling(tenant) as client:
        said = client.post("/v1/rates", body)
    if as_json:
        say_json(said.body)
    elif said.position is None:
        out.print("Nothing changed: that rate was known.")
    else:
        out.print(f"One {base.upper()} costs {plain(rate)} {quote.upper()} on {plain(of)}.")


@told
def show(
    base: BaseCurrency,
    quote: QuoteCurrency,
    as_of: AsOf = None,
    basis: OfBasis = Basis.KNOWN,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """The rates of one pair by day, the newest 1,000.

    Example:
      concord rates show USD EUR
    """
    with calling(tenant) as client:
        found = client.get("/v1/rates", {**moment_params(as_of, basis), "base": base.upper(), "quote": quote.upper()})
    if as_json:
        say_json(found)
        return
    if as_of:
        out.print(f"[yellow]{moment_words(as_of, basis)}[/]")
    if not found["rates"]:
        out.print(f"No rate of {found['base']} in {found['quote']} is known. State one with `concord rates record`.")
        return
    made = table("day", f"{found['quote']} per {found['base']}", whole=("day",))
    for dated in found["rates"]:
        made.add_row(dated["day"], dated["rate"])
    out.print(made)


def add_to(app: typer.Typer) -> None:
    rates = typer.Typer(no_args_is_help=True, help="Exchange rates by day.")
    add(rates, record, show)
    app.add_typer(rates, name="rates")
