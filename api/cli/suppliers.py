"""`concord suppliers`: how they score and why, what they may deliver, what is held from them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from api.cli.client import calling
from api.cli.fitting import Fitted
from api.cli.formats import NONE, amount, facts, plain, short, table, when, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import out, say_json, told
from api.cli.references import SUPPLIER, find
from api.cli.tree import group
from api.cli.views import View, reading
from api.cli.written_values import a_day

SupplierName = Annotated[str, typer.Argument(metavar="SUPPLIER", help="Its name, or an id or the beginning or end of one.")]


class Sort(StrEnum):
    """What the list is sorted by; a minus turns it round."""

    NAME = "name"
    SCORE = "score"
    SCORE_LAST = "-score"


@reading(pages=True, eyes=True)
def list_(
    view: View,
    text: Annotated[str | None, typer.Option("--text", help="With this text in the name.")] = None,
    commodity: Annotated[str | None, typer.Option("--commodity", help="Qualified for it, somewhere.")] = None,
    blocked: Annotated[bool, typer.Option("--blocked", help="Their score blocks orders.")] = False,
    sort: Annotated[Sort, typer.Option("--sort", help="A minus turns the order round.")] = Sort.NAME,
) -> None:
    """Suppliers with their scores and what is held from them.

    Examples:
      concord suppliers list --sort=-score
      concord suppliers list --commodity castings --json
    """
    with view.calling() as client:
        found = view.page(client, "/v1/suppliers", {"text": text, "commodity": commodity, "blocked": blocked or None, "sort": sort})
    empty = "No suppliers match. Give an account the role of a supplier: concord accounts open NAME --role supplier."
    view.print_list(found, "supplier", _rows, empty=empty)


def _rows(cards: list[dict[str, Any]]) -> Fitted:
    made = table("id", "supplier", "score", "band", "held", right=("score", "held"), whole=("id",), spare=("band",))
    for card in cards:
        made.add_row(short(card["id"]), plain(card["name"]), card["score"] or NONE, _band(card), _held(card))
    return made


def _band(card: dict[str, Any]) -> str:
    if card["band_name"] is None:
        return NONE
    return f"[red]{plain(card['band_name'])}, no orders[/]" if card["blocks_orders"] else plain(card["band_name"])


def _held(card: dict[str, Any]) -> str:
    return "\n".join(f"{amount(one['held'], one['currency'])} {one['currency']}" for one in card["held"]) or NONE


@reading()
def show(view: View, supplier: SupplierName) -> None:
    """One supplier: its score, what it may deliver, and what is held of which invoice.

    Example:
      concord suppliers show Kolbe
    """
    with view.calling() as client:
        id, params = find(client, SUPPLIER, supplier)["id"], view.params(client)
        found = client.get(f"/v1/suppliers/{id}", params)
        balance = client.get(f"/v1/suppliers/{id}/balance", params)
    if view.as_json:
        say_json({**found, "balance": balance})
        return
    view.heading()
    out.print(f"[bold]{plain(found['name'])}[/]\n[dim]{id}[/]")
    out.print(facts([("score", found["score"] or "none yet"), ("band", _band(found)), ("held", _held(found))]))
    if found["qualifications"]:
        made = table("commodity", "region", "status", "until", "notes", whole=("until",), spare=("notes",), title="may deliver")
        for one in found["qualifications"]:
            more = plain(one["conditions"] or one["reason"] or "")
            made.add_row(words(one["commodity"]), words(one["region"]), words(one["status"]), one["until"] or NONE, more)
        out.print(made)
    if balance["documents"]:
        numbers, days = ("total", "held", "payable"), ("due", "by law")
        made = table("document", *days, *numbers, right=numbers, whole=days, spare=("by law", "total"), title="invoices in dispute")
        for one in balance["documents"]:
            money = (NONE if one[name] is None else f"{amount(one[name], one['currency'])} {one['currency']}" for name in numbers)
            made.add_row(plain(one["number"]), one["due_on"] or NONE, one["statutory_due_on"] or NONE, *money)
        out.print(made)


@reading()
def scorecard(
    view: View,
    supplier: SupplierName,
    events: Annotated[int, typer.Option("--events", min=0, max=200, help="Events told behind each number.")] = 5,
) -> None:
    """How a supplier scored, and the events behind each number of the latest score.

    Examples:
      concord suppliers scorecard Kolbe
      concord suppliers scorecard Kolbe --events 50 --as-of 90d
    """
    with view.calling() as client:
        id = find(client, SUPPLIER, supplier)["id"]
        found = client.get(f"/v1/suppliers/{id}/scorecard", {**view.params(client), "events": events})
    if view.as_json:
        say_json(found)
        return
    view.heading()
    if not found["items"]:
        out.print("No score yet: without activity there is none. `concord suppliers score` scores a month.")
        return
    made = table("month", "score", "band", "over", right=("score",), whole=("month",))
    for card in found["items"]:
        made.add_row(card["month"], card["score"] or "no activity", _band(card), f"{card['since_month']} to {card['month']}")
    out.print(made)
    for figure in found["items"][0]["figures"]:
        share = f"{figure['percent']} % of the score"
        out.print(
            f"\n[bold]{words(figure['measure'])}[/] {figure['value']} gives {figure['points']} points, {share} [dim](of {figure['of']})[/]"
        )
        for told_ in figure["events"]:
            out.print(f"  [dim]{when(told_['effective_at'])}[/] {plain(told_['sentence'])}")
        if figure["events_in_all"] > len(figure["events"]):
            out.print(f"  [dim]... and {figure['events_in_all'] - len(figure['events'])} more: --events[/]")


@told
def qualify(
    supplier: SupplierName,
    commodity: Annotated[str, typer.Argument(help="What, by its key: castings, freight, ...")],
    region: Annotated[str, typer.Argument(help="Where, by its key: europe, ...")],
    status: Annotated[str, typer.Option("--status", help="candidate, qualified, conditional or disqualified.")] = "qualified",
    until: Annotated[str | None, typer.Option("--until", metavar="DAY", help="The last day; qualified and conditional need it.")] = None,
    conditions: Annotated[str | None, typer.Option("--conditions", help="Of a conditional one.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Of a disqualification.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say what a supplier may deliver where.

    Example:
      concord suppliers qualify Kolbe connectors europe --until 2028-12-31
    """
    with calling(tenant) as client:
        id = find(client, SUPPLIER, supplier)["id"]
        body = {"account": id, "commodity": commodity, "region": region, "status": status, "conditions": conditions, "reason": reason}
        body |= {"until": a_day(until, "--until")} if until else {}
        said = client.post("/v1/suppliers/qualifications", body)
    if as_json:
        say_json(said.body)
        return
    out.print(f"{'Noted' if said.position is not None else 'Nothing to do'}: {words(status)} for {words(commodity)} in {words(region)}.")


@told
def score(
    supplier: SupplierName,
    month: Annotated[str, typer.Argument(metavar="MONTH", help="Like 2026-03.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Score a supplier at the end of a month.

    Example:
      concord suppliers score Kolbe 2026-03
    """
    with calling(tenant) as client:
        id = find(client, SUPPLIER, supplier)["id"]
        said = client.post("/v1/suppliers/scores", {"account": id, "month": month})
        found = client.get(f"/v1/suppliers/{id}", {"at_least": said.position})
    if as_json:
        say_json(said.body)
        return
    out.print(f"{plain(found['name'])}: {found['score'] or 'no score, for there was no activity'}.")


def add_to(app: typer.Typer) -> None:
    commands = ("list", list_), ("show", show), ("scorecard", scorecard), ("qualify", qualify), ("score", score)
    group(app, "suppliers", "Suppliers: scores with the events behind each number, qualification, what is held", *commands)
