"""`concord rates`: the dated exchange rates that forecasts in one currency use."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import typer

from api.cli.client import Client, calling
from api.cli.formats import plain, table
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.tree import group
from api.cli.views import View, reading
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


@reading(pages=True)
def show(
    view: View,
    base: BaseCurrency,
    quote: QuoteCurrency,
) -> None:
    """The rates of one pair by day. The newest of them, the last day last; --after goes on with older ones.

    Example:
      concord rates show USD EUR --limit 10
    """
    with view.calling() as client:
        found = _newest(view, client, {**view.params(client), "base": base.upper(), "quote": quote.upper()})

    def rows(rates: list[dict[str, Any]]) -> Any:
        made = table("day", f"{found['quote']} per {found['base']}", whole=("day",))
        for dated in rates:
            made.add_row(dated["day"], dated["rate"])
        return made

    empty = f"No rate of {found['base']} in {found['quote']} is known. State one with `concord rates record`."
    view.print_list(found, "rate", rows, empty=empty)


def _newest(view: View, client: Client, asked: dict[str, Any]) -> dict[str, Any]:
    """As many rates as are wanted up to the day before `view.after`, the newest that there are; `next` is the day of the oldest."""
    found: list[dict[str, Any]] = []
    until = a_day(view.after, "--after") if view.after else None
    while True:
        last_day = (date.fromisoformat(until) - timedelta(days=1)).isoformat() if until else None
        answer = client.get("/v1/rates", {**asked, "last_day": last_day})
        rates = answer.pop("rates")
        found = [*rates, *found]
        if not rates or (len(found) > view.limit and not view.everything):
            break
        until = rates[0]["day"]
    most = len(found) if view.everything else view.limit
    shown = found[-most:]
    return {**answer, "items": shown, "next": shown[0]["day"] if len(found) > len(shown) else None}


def add_to(app: typer.Typer) -> None:
    group(app, "rates", "Exchange rates by day", ("record", record), ("show", show))
