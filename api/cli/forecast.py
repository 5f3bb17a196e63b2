"""`concord forecast`: what deals are expected to bring, today's and any past day's, opened down to the deals."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

import typer

from api.cli.deal_tables import print_deals
from api.cli.deals_read import period_filters
from api.cli.forecast_tables import by_category, print_categories, print_forecast, print_not_counted
from api.cli.options import Owner, PipelineName, Team, Text
from api.cli.outcomes import Ended, Exit, say_json
from api.cli.references import ACCOUNT, MEMBER, PIPELINE, PRODUCT, TEAM, the_id
from api.cli.tree import add
from api.cli.views import View, reading


class By(StrEnum):
    """What splits the rows, besides the currency."""

    PERIOD = "period"
    OWNER = "owner"
    TEAM = "team"
    PRODUCT = "product"
    ACCOUNT = "account"
    REGION = "region"
    PIPELINE = "pipeline"
    CATEGORY = "category"
    CURRENCY = "currency"


_ONE = re.compile(r"(FY)?[0-9]{4}-(Q[1-4]|0[1-9]|1[0-2])")
_LENGTHS = {
    "M": "month",
    "MONTH": "month",
    "Q": "quarter",
    "QUARTER": "quarter",
    "FQ": "fiscal_quarter",
    "FISCAL_QUARTER": "fiscal_quarter",
}


@reading(eyes=True)
def forecast(
    view: View,
    period: Annotated[
        str | None,
        typer.Option("--period", metavar="PERIOD", help="One period: 2026-Q3, FY2026-Q3 or 2026-07; or their length, in rows: M, Q, FQ."),
    ] = None,
    by: Annotated[list[By] | None, typer.Option("--by", help="What splits the rows; repeat for several.")] = None,
    owner: Owner = None,
    team: Team = None,
    account: Annotated[str | None, typer.Option("--account", help="With this account: name or id.")] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="COUNTRY", help="With accounts in this country: DE, US.")] = None,
    product: Annotated[str | None, typer.Option("--product", help="Of this product: name or id.")] = None,
    pipeline: PipelineName = None,
    category: Annotated[
        str | None, typer.Option("--category", help="Only closed, commit, best_case or pipeline; or omitted: what is in no number.")
    ] = None,
    text: Text = None,
    annual: Annotated[bool, typer.Option("--annual", help="The recurring value per twelve months instead of the whole term's.")] = False,
    todays_team: Annotated[bool, typer.Option("--todays-team", help="A deal belongs to the team its owner is in today.")] = False,
    currency: Annotated[
        str | None, typer.Option("--currency", metavar="CURRENCY", help="Told in this one, or in the `reporting` currency, at dated rates.")
    ] = None,
    deals: Annotated[
        bool, typer.Option("--deals", help="Open the numbers: list the deals behind them, and those that are in none.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, max=100_000, help="At most so many rows (default: all) or deals (default: 200).")
    ] = None,
) -> None:
    """What is closed, committed, likely and possible, per period and currency, single and cumulative, and weighted.

    Without --period: all periods, and grand totals per currency.

    Examples:
      concord forecast --period Q --by team
      concord forecast --period 2026-Q3 --by owner
      concord forecast --as-of 2026-03-31 --by team
      concord forecast --by region --currency reporting
      concord forecast --period 2026-Q3 --category commit --deals
    """
    length, one = _time(period)
    splits = [b.value for b in by or [By.PERIOD]]
    if length is not None and By.PERIOD not in splits:
        splits.insert(0, By.PERIOD.value)
    with view.calling() as client:
        filters = {
            **view.params(client),
            "owner": the_id(client, MEMBER, owner),
            "team": the_id(client, TEAM, team),
            "account": the_id(client, ACCOUNT, account),
            "region": region.upper() if region else None,
            "product": the_id(client, PRODUCT, product),
            "pipeline": the_id(client, PIPELINE, pipeline),
            "category": category,
            "text": text,
        }
        time = {"period": one, "periods": length}
        if deals := deals or category == "omitted":
            found = client.page(
                "/v1/deals", {**filters, **period_filters(client, one), "counted": True, "sort": "close_date"}, most=limit or 200
            )
            found["not_counted"] = client.page("/v1/forecast/not-counted", {**filters, **time}, most=limit or 200)
            until = view.until(client)
        else:
            asked = {
                # the currency splits every answer; a category is a part of every row
                "by": [b for b in splits if b != By.CATEGORY] or [By.CURRENCY.value],
                "measure": "annual" if annual else None,
                "todays_team": True if todays_team else None,
                "convert_to": _currency(currency),
            }
            found = {**client.get("/v1/forecast", {**filters, **time, **asked}), "by": splits}
            found |= {"rows": found["rows"][:limit], "rows_in_all": len(found["rows"])}
    moment = view.words
    if view.as_json:
        say_json(found if deals or By.CATEGORY not in splits else {**found, "rows": by_category(found["rows"])})
    elif deals:
        if found["items"] or not found["not_counted"]["items"]:
            print_deals(found["items"], moment, until, more=found["next"] is not None)
        print_not_counted(found["not_counted"])
    elif By.CATEGORY in splits:
        print_categories(found, moment)
    else:
        print_forecast(found, moment)


def _time(written: str | None) -> tuple[str | None, str | None]:
    """The length of all periods, or one period. Raises Ended."""
    period = (written or "").strip().upper()
    if not period or period in _LENGTHS:
        return _LENGTHS.get(period), None
    if _ONE.fullmatch(period) is None:
        forms = "2026-07, 2026-Q3 or FY2026-Q3 for one, M, Q or FQ for all months, quarters or fiscal quarters"
        raise Ended(f"--period {written!r} is no period; write {forms}.", Exit.USAGE)
    return None, period


def _currency(written: str | None) -> str | None:
    if written is None or written == "reporting":
        return written
    if re.fullmatch(r"[A-Za-z]{3}", written) is None:
        raise Ended(f"--currency {written!r} is no currency: write reporting, or its three letters, like EUR.", Exit.USAGE)
    return written.upper()


def add_to(app: typer.Typer) -> None:
    add(app, forecast)
