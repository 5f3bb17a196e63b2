"""`concord pipelines | teams | fields`: the ways to signing, who works together, and the tenant's own fields."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from api.cli.client import Client, calling
from api.cli.deals_move import matching
from api.cli.formats import NONE, plain, short, table, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_change, say_json, told
from api.cli.references import MEMBER, MOST_LISTED, PIPELINE, TEAM, Noun, find, names_of, the_id
from api.cli.tree import group
from api.cli.views import View, reading


def listed(view: View, client: Client, noun: Noun) -> tuple[dict[str, Any], dict[str, str]]:
    """A page of a noun's short list in order of names, and the names of all by id. Raises Ended."""
    found = client.page(noun.path, view.params(client), most=MOST_LISTED)["items"]
    names = {one["id"]: str(one["item"]["name"]) for one in found}
    return view.cut(sorted(found, key=lambda one: (names[one["id"]].casefold(), one["id"]))), names


@reading(pages=True)
def list_pipelines(view: View) -> None:
    """The ways to signing, each with the stages of its latest version.

    Example:
      concord pipelines list
    """
    with view.calling() as client:
        found, _ = listed(view, client, PIPELINE)
    view.print_list(found, "pipeline", _pipelines, empty="No pipelines yet.")


def _pipelines(found: list[dict[str, Any]]) -> Any:
    made = table("id", "pipeline", "version", "stages", right=("version",), whole=("id",))
    for one in found:
        latest = one["item"]["versions"][-1]
        stages = ", ".join(stage["name"] for stage in latest["stages"])
        made.add_row(short(one["id"]), plain(one["item"]["name"]), str(latest["number"]), plain(stages))
    return made


@reading()
def show_pipeline(
    view: View,
    pipeline: Annotated[str, typer.Argument(metavar="PIPELINE", help="Its name, or an id or the beginning or end of one.")],
) -> None:
    """A way to signing: the stages of its latest version, and what their gates ask for.

    Example:
      concord pipelines show "Way to signing"
    """
    with view.calling() as client:
        id = find(client, PIPELINE, pipeline)["id"]
        found = {"id": id, **client.get(f"/v1/pipelines/{id}", view.params(client))}
    if view.as_json:
        say_json(found)
        return
    view.heading()
    latest = found["item"]["versions"][-1]
    out.print(f"[bold]{plain(found['item']['name'])}[/], version {latest['number']}\n[dim]{found['id']}[/]")
    made = table("stage", "key", "%", "category", "days", "to leave it", right=("%", "days"))
    for stage in latest["stages"]:
        asks = "; ".join(f"{c['label']} ({c['evidence']})" for c in stage["exit_criteria"])
        days = str(stage["max_days"]) if stage["max_days"] else NONE
        made.add_row(plain(stage["name"]), stage["key"], str(stage["probability"]), words(stage["category"]), days, plain(asks))
    out.print(made)


class _ListedOrShown(TyperGroup):
    """`concord pipelines` lists them, `concord pipelines NAME` shows that one: the words between may be left away."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["list" if not args or args[0].startswith("-") else "show", *args]
        return super().parse_args(ctx, args)


@reading(pages=True)
def teams(view: View) -> None:
    """Who works together, below which other team, led by whom.

    Example:
      concord teams list
    """
    with view.calling() as client:
        found, names = listed(view, client, TEAM)
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
def form_team(
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


NOUNS = ("account", "contact", "deal")


@reading()
def fields(
    view: View,
    noun: Annotated[str | None, typer.Argument(metavar="NOUN", help="account, contact or deal; left away: all.")] = None,
) -> None:
    """The tenant's own fields on accounts, contacts and deals.

    Example:
      concord fields list deal
    """
    with view.calling() as client:
        found = {each: client.get(f"/v1/attributes/{each}", view.params(client))["item"]["fields"] for each in _nouns(noun)}
    if view.as_json:
        say_json(found)
        return
    view.heading()
    if not any(found.values()):
        out.print("No fields of your own yet. Add one with `concord fields define`.")
        return
    made = table("of", "key", "label", "type", "options")
    for each, defined in found.items():
        for one in defined:
            label = plain(one["label"]) + (" [dim](out of use)[/]" if one["retired"] else "")
            kind = words(one["type"]) + (", required" if one["required"] else "")
            made.add_row(each, one["key"], label, kind, plain(", ".join(one["options"])))
    out.print(made)


@told
def define_field(
    noun: Annotated[str, typer.Argument(metavar="NOUN", help="account, contact or deal.")],
    key: Annotated[str, typer.Argument(metavar="KEY", help="Lower case, digits and underscores, like renewal_risk.")],
    label: Annotated[str, typer.Option("--label", help="What people read.")],
    kind: Annotated[str, typer.Option("--type", help="text, number, date, boolean, choice or choices.")] = "text",
    option: Annotated[list[str] | None, typer.Option("--option", help="What a choice offers; repeat.")] = None,
    required: Annotated[bool, typer.Option("--required", help="Nothing new is opened without it.")] = False,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Add a field to every account, contact or deal.

    Example:
      concord fields define deal renewal_risk --label "Renewal risk" --type choice --option low --option high
    """
    (each,) = _nouns(noun)
    body = {"noun": each, "key": key, "label": label, "type": kind, "options": option or [], "required": required}
    with calling(tenant) as client:
        answer = client.post(f"/v1/attributes/{each}/define", body, if_match=matching(None))
    say_change(answer, f"Every {each} has the field {plain(label)} now", as_json=as_json)


def _nouns(noun: str | None) -> tuple[str, ...]:
    if noun is None:
        return NOUNS
    if noun not in NOUNS:
        raise Ended(f"{noun!r} has no fields of its own; choose one of {', '.join(NOUNS)}.", Exit.USAGE)
    return (noun,)


def add_to(app: typer.Typer) -> None:
    words_ = "Pipelines: the ways to signing, their stages and gates"
    group(app, "pipelines", words_, ("list", list_pipelines), ("show", show_pipeline), cls=_ListedOrShown)
    group(app, "teams", "Teams: who works together, led by whom", ("list", teams), ("form", form_team))
    group(app, "fields", "Fields of your own on accounts, contacts and deals", ("list", fields), ("define", define_field))
