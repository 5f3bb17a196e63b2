"""`concord teams`: who works together, below which other team, led by whom."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli.changes import change
from api.cli.client import calling
from api.cli.formats import plain, short, table
from api.cli.options import Json, TenantName
from api.cli.outcomes import say_change, told
from api.cli.references import MEMBER, TEAM, names_of, the_id
from api.cli.tree import group
from api.cli.views import View, reading

TeamName = Annotated[str, typer.Argument(metavar="TEAM", help="Its name, or an id or the beginning or end of one.")]


@reading(pages=True)
def list_teams(view: View) -> None:
    """Who works together, below which other team, led by whom.

    Example:
      concord teams list
    """
    with view.calling() as client:
        found, names = view.named(client, TEAM)
        leaders = names_of(client, MEMBER, [one["item"]["manager"] for one in found["items"] if one["item"]["manager"]])

    def rows(shown: list[dict[str, Any]]) -> Any:
        made = table("id", "team", "below", "led by", whole=("id",))
        for one in shown:
            item = one["item"]
            name = plain(item["name"]) + ("" if item["active"] else " [dim](dissolved)[/]")
            made.add_row(short(one["id"]), name, plain(names.get(item["parent"])), plain(leaders.get(item["manager"])))
        return made

    view.print_list(found, "team", rows, empty="No teams yet. Form one with `concord teams form NAME`.")


@told
def form(
    name: str,
    below: Annotated[str | None, typer.Option("--below", help="Below this team: name or id.")] = None,
    manager: Annotated[str | None, typer.Option("--manager", help="Led by: name, mail address or id.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Begin a team.

    Example:
      concord teams form North --manager "Ana Souza"
    """
    with calling(tenant) as client:
        given = {"parent": the_id(client, TEAM, below), "manager": the_id(client, MEMBER, manager)}
        answer = client.post("/v1/teams", {"name": name} | {k: v for k, v in given.items() if v is not None})
    say_change(answer, f"Formed {plain(name)}", as_json=as_json)


@told
def rename(
    team: TeamName, name: Annotated[str, typer.Argument(help="Its new name.")], tenant: TenantName = None, as_json: Json = False
) -> None:
    """Call a team something else.

    Example:
      concord teams rename North "North and East"
    """
    change(TEAM, team, "/rename", {"name": name}, f"Called {plain(name)} now", tenant, as_json=as_json)


@told
def move(
    team: TeamName,
    below: Annotated[str | None, typer.Option("--below", help="Below this team: name or id; left away: on top.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Put a team below another, or on top.

    Example:
      concord teams move "North East" --below North
    """
    where = f"Below {plain(below)} now" if below else "On top now"
    change(TEAM, team, "/move", lambda client: {"parent": the_id(client, TEAM, below)}, where, tenant, as_json=as_json)


@told
def lead(
    team: TeamName,
    manager: Annotated[str | None, typer.Argument(metavar="MEMBER", help="Name, mail address or id; left away: nobody.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say who leads a team.

    Example:
      concord teams lead North "Ana Souza"
    """
    who = f"Led by {plain(manager)} now" if manager else "Led by nobody now"
    change(TEAM, team, "/manager", lambda client: {"manager": the_id(client, MEMBER, manager)}, who, tenant, as_json=as_json)


@told
def dissolve(team: TeamName, tenant: TenantName = None, as_json: Json = False) -> None:
    """Give nothing new to a team; who is in it stays until moved.

    Example:
      concord teams dissolve "North East"
    """
    change(TEAM, team, "/dissolve", {}, "Dissolved", tenant, as_json=as_json)


@told
def restore(team: TeamName, tenant: TenantName = None, as_json: Json = False) -> None:
    """Use a dissolved team again.

    Example:
      concord teams restore "North East"
    """
    change(TEAM, team, "/restore", {}, "In use again", tenant, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    commands = ("list", list_teams), ("form", form), ("rename", rename), ("move", move), ("lead", lead)
    group(app, "teams", "Teams: who works together, led by whom", *commands, ("dissolve", dissolve), ("restore", restore))
