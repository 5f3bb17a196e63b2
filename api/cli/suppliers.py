"""`concord suppliers`: how they score and why, what they may deliver, what is held from them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from api.cli.client import calling
from api.cli.formats import NONE, amount, plain, short, table, when, words
from api.cli.moments import moment_params, moment_words
from api.cli.options import After, All, AsOf, Basis, Json, Limit, OfBasis, TenantName
from api.cli.outcomes import out, print_count, say_json, told
from api.cli.references import SUPPLIER, find
from api.cli.tree import add
from api.cli.written_values import a_day

SupplierName = Annotated[str, typer.Argument(metavar="SUPPLIER", help="Its name, or an id or the beginning or end of one.")]


class Sort(StrEnum):
    """What the list is sorted by; a minus turns it round."""

    NAME = "name"
    SCORE = "score"
    SCORE_LAST = "-score"


@told
def list_(
    text: Annotated[str | None, typer.Option("--text", help="With this text in the name.")] = None,
    commodity: Annotated[str | None, typer.Option("--commodity", help="Qualified for it, somewhere.")] = None,
    blocked: Annotated[bool, typer.Option("--blocked", help="Their score blocks orders.")] = False,
    sort: Annotated[Sort, typer.Option("--sort", help="A minus turns the order round.")] = Sort.NAME,
    limit: Limit = 50,
    everything: All = False,
    after: After = None,
    as_of: AsOf = None,
    basis: OfBasis = Basis.KNOWN,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Suppliers with their scores and what is held from them.

    Examples:
      concord suppliers list --sort=-score
      concord suppliers list --commodity castings --json
    """
    with calling(tenant) as client:
        asked = {**moment_params(as_of, basis), "text": text, "commodity": commodity, "blocked": blocked or None, "sort": sort.value}
        found = client.page("/v1/suppliers", asked, most=limit, after=after, everything=everything)
    if as_json:
        say_json(found)
        return
    if as_of:
        out.print(f"[yellow]{moment_words(as_of, basis)}[/]")
    if not found["items"]:
        out.print("No suppliers match. Give an account the role of a supplier: concord accounts open NAME --role supplier.")
        return
    made = table("id", "supplier", "score", "band", "held", right=("score",))
    for card in found["items"]:
        made.add_row(short(card["id"]), plain(card["name"]), card["score"] or NONE, _band(card), _held(card))
    out.print(made)
    print_count(len(found["items"]), "supplier", found["next"])


def _band(card: dict[str, Any]) -> str:
    if card["band_name"] is None:
        return NONE
    return f"[red]{plain(card['band_name'])}, no orders[/]" if card["blocks_orders"] else plain(card["band_name"])


def _held(card: dict[str, Any]) -> str:
    return ", ".join(f"{amount(one['held'], one['currency'])} {one['currency']}" for one in card["held"]) or NONE


@told
def show(
    supplier: SupplierName, as_of: AsOf = None, basis: OfBasis = Basis.KNOWN, tenant: TenantName = None, as_json: Json = False
) -> None:
    """One supplier: its score, what it may deliver, and what is held of which invoice.

    Example:
      concord suppliers show Kolbe
    """
    with calling(tenant) as client:
        id = find(client, SUPPLIER, supplier)["id"]
        found = client.get(f"/v1/suppliers/{id}", moment_params(as_of, basis))
        balance = client.get(f"/v1/suppliers/{id}/balance", moment_params(as_of, basis))
    if as_json:
        say_json({**found, "balance": balance})
        return
    out.print(f"[bold]{plain(found['name'])}[/]" + (f"  [yellow]{moment_words(as_of, basis)}[/]" if as_of else ""))
    out.print(f"score {found['score'] or 'none yet'}, {_band(found)}; held {_held(found)}")
    if found["qualifications"]:
        made = table("commodity", "region", "status", "until", "")
        for one in found["qualifications"]:
            more = plain(one["conditions"] or one["reason"] or "")
            made.add_row(words(one["commodity"]), words(one["region"]), words(one["status"]), one["until"] or NONE, more)
        out.print(made)
    if balance["documents"]:
        numbers = ("total", "held", "payable")
        made = table("document", "due", "by law", *numbers, "", right=numbers)
        for one in balance["documents"]:
            money = [amount(one[name], one["currency"]) for name in numbers]
            made.add_row(plain(one["number"]), one["due_on"] or NONE, one["statutory_due_on"] or NONE, *money, one["currency"])
        out.print(made)


@told
def scorecard(
    supplier: SupplierName,
    events: Annotated[int, typer.Option("--events", min=0, max=200, help="Events told behind each number.")] = 5,
    as_of: AsOf = None,
    basis: OfBasis = Basis.KNOWN,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """How a supplier scored, and the events behind each number of the latest score.

    Examples:
      concord suppliers scorecard Kolbe
      concord suppliers scorecard Kolbe --events 50 --as-of 90d
    """
    with calling(tenant) as client:
        thing = find(client, SUPPLIER, supplier)
        found = client.get(f"/v1/suppliers/{thing['id']}/scorecard", {**moment_params(as_of, basis), "events": events})
    if as_json:
        say_json(found)
        return
    if as_of:
        out.print(f"[yellow]{moment_words(as_of, basis)}[/]")
    if not found["items"]:
        out.print("No score yet: without activity there is none. `concord suppliers score` scores a month.")
        return
    made = table("month", "score", "band", "over", right=("score",))
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
    suppliers = typer.Typer(
        help="Suppliers: scores with the events behind each number, qualification, what is held.",
        short_help="Suppliers: scores with the events behind each number, qualification, what is held",
        no_args_is_help=True,
    )
    add(suppliers, list_, show, scorecard, qualify, score)
    app.add_typer(suppliers, name="suppliers")
