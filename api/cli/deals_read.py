"""`concord deals board | list | show`: how deals stand, now or at any past moment."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from api.cli.client import Client, Problem
from api.cli.deal_tables import print_board, print_deal, print_deals
from api.cli.options import Owner, PeriodName, PipelineName, Team, Text
from api.cli.outcomes import Ended, Exit, say_json
from api.cli.references import ACCOUNT, DEAL, MEMBER, PIPELINE, TEAM, find, the_id
from api.cli.tree import add
from api.cli.views import View, reading
from domain.periods import Period

DealName = Annotated[str, typer.Argument(metavar="DEAL", help="Its title, or an id or the beginning or end of one.")]


class Sort(StrEnum):
    """What the list of deals is sorted by; a minus turns it round."""

    CLOSE = "close_date"
    CLOSE_LAST = "-close_date"
    AMOUNT = "amount"
    AMOUNT_LAST = "-amount"
    TITLE = "title"
    SINCE = "since"
    SINCE_LAST = "-since"
    OPENED = "opened_at"
    OPENED_LAST = "-opened_at"


class Kind(StrEnum):
    """What a deal is."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


def period_filters(client: Client, period: str | None) -> dict[str, str | None]:
    """A period as the days that it covers, first and the one after the last. Raises Ended."""
    if period is None:
        return {}
    year_start = client.get("/v1/settings")["item"]["fiscal_year_start"] if period.upper().startswith("FY") else 1
    try:
        chosen = Period.parse(period.upper(), year_start)
    except ValueError as error:
        raise Ended(f"{error}.", Exit.USAGE) from None
    return {"closes_from": chosen.start.isoformat(), "closes_before": chosen.end.isoformat() if chosen.end else None}


@reading(eyes=True)
def board(
    view: View,
    owner: Owner = None,
    team: Team = None,
    pipeline: PipelineName = None,
    period: PeriodName = None,
    text: Text = None,
    cards: Annotated[int, typer.Option("--cards", min=0, max=200, help="Deals shown of each stage.")] = 8,
) -> None:
    """The open deals by stage, with counts and sums. Without --pipeline, of every pipeline that has open deals, most deals first.

    Examples:
      concord deals board --owner "Ana Souza" --period 2026-Q3
      concord deals board --as-of yesterday
    """
    with view.calling() as client:
        asked: dict[str, Any] = {
            **view.params(client),
            **period_filters(client, period),
            "owner": the_id(client, MEMBER, owner),
            "team": the_id(client, TEAM, team),
            "text": text,
            "cards": cards,
        }
        boards = [client.get("/v1/deals/board", {**asked, "pipeline": the_id(client, PIPELINE, pipeline)})]
        if pipeline is None:
            boards += [client.get("/v1/deals/board", {**asked, "pipeline": id}) for id in boards[0]["others"]]
        until = view.until(client)
    if view.as_json:
        say_json({"boards": boards})
        return
    print_board(boards, view.words, until, cards=cards)


@reading(pages=True, eyes=True)
def list_(
    view: View,
    owner: Owner = None,
    team: Team = None,
    account: Annotated[str | None, typer.Option("--account", help="With this account: name or id.")] = None,
    pipeline: PipelineName = None,
    stage: Annotated[str | None, typer.Option("--stage", help="In this stage, by its key.")] = None,
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only these.")] = None,
    category: Annotated[str | None, typer.Option("--category", help="omitted, pipeline, best_case, commit or closed.")] = None,
    period: PeriodName = None,
    text: Text = None,
    stalled: Annotated[bool, typer.Option("--stalled", help="Too long in their stage.")] = False,
    lapsed: Annotated[bool, typer.Option("--lapsed", help="Past their close date.")] = False,
    attention: Annotated[bool, typer.Option("--needs-attention", help="Imported without all that a deal needs.")] = False,
    sort: Annotated[Sort, typer.Option("--sort", help="A minus turns the order round.")] = Sort.CLOSE,
) -> None:
    """Deals, filtered and sorted.

    Examples:
      concord deals list --kind open --sort=-amount
      concord deals list --account Acme --json
    """
    with view.calling() as client:
        asked = {
            **period_filters(client, period),
            "owner": the_id(client, MEMBER, owner),
            "team": the_id(client, TEAM, team),
            "account": the_id(client, ACCOUNT, account),
            "pipeline": the_id(client, PIPELINE, pipeline),
            "stage": stage,
            "kind": kind.value if kind else None,
            "category": category,
            "text": text,
            "stalled": True if stalled else None,
            "lapsed": True if lapsed else None,
            "needs_attention": True if attention else None,
            "sort": sort.value,
        }
        found = view.page(client, "/v1/deals", asked)
        until = view.until(client)
    if view.as_json:
        say_json(found)
        return
    print_deals(found["items"], view.words, until, found["next"])


@reading(eyes=True)
def show(view: View, deal: DealName) -> None:
    """One deal with all that is said of it, and the ways that are open to it.

    Examples:
      concord deals show "GTX for the new line"
      concord deals show 6e4c0012 --as-of 2026-03-31
    """
    with view.calling() as client:
        id = find(client, DEAL, deal)["id"]
        answer = client.get(f"/v1/deals/{id}", view.params(client))
        item = answer["item"]
        version = pipeline_version(client, item["pipeline"], item["pipeline_version"]) if not view.as_json else {}
        # another's eyes may see less than the caller does
        names = _names(client, item) if not (view.as_json or view.as_seen_by) else {}
        until = view.until(client)
    if view.as_json:
        say_json({"id": id, **answer})
        return
    print_deal(id, item, version, view.words, until, names)


def _names(client: Client, item: dict[str, Any]) -> dict[str, str]:
    """What the products and people of a deal are called today, by id; those that the caller may not know are left out."""
    people = {*(one["contact"] for one in item["people"]), *(proof["contact"] for proof in item["evidence"].values())}
    paths = [("contacts", id) for id in people if id] + [("products", line["product"]) for line in item["lines"] if not line["label"]]
    found = {}
    for noun, id in dict.fromkeys(paths):
        try:
            found[id] = str(client.get(f"/v1/{noun}/{id}")["item"]["name"])
        except Problem as problem:
            if problem.code not in {Exit.NOT_FOUND, Exit.REFUSED}:
                raise
    return found


def pipeline_version(client: Client, pipeline: str, number: int) -> dict[str, Any]:
    """A version of a pipeline with its stages; empty where it cannot be read."""
    versions = client.get(f"/v1/pipelines/{pipeline}")["item"]["versions"]
    return next((v for v in versions if v["number"] == number), {})


def add_to(deals: typer.Typer) -> None:
    add(deals, board)
    add(deals, list_)
    add(deals, show)
