"""`concord pipelines`: the ways to signing, their stages and gates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from api.cli.changes import change
from api.cli.client import calling
from api.cli.formats import NONE, plain, short, table, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_change, say_json, told
from api.cli.references import PIPELINE, find
from api.cli.tree import group
from api.cli.views import View, reading

PipelineName = Annotated[str, typer.Argument(metavar="PIPELINE", help="Its name, or an id or the beginning or end of one.")]
Definition = Annotated[Path, typer.Argument(metavar="FILE", help="JSON with name, stages and perhaps transitions, or a `show --json`.")]


@reading(pages=True)
def list_pipelines(view: View) -> None:
    """The ways to signing, each with the stages of its latest version.

    Example:
      concord pipelines list
    """
    with view.calling() as client:
        found, _ = view.named(client, PIPELINE)
    view.print_list(found, "pipeline", _rows, empty="No pipelines yet. Lay one down with `concord pipelines define FILE`.")


def _rows(found: list[dict[str, Any]]) -> Any:
    made = table("id", "pipeline", "version", "stages", right=("version",), whole=("id",))
    for one in found:
        latest = one["item"]["versions"][-1]
        name = plain(one["item"]["name"]) + (" [dim](retired)[/]" if one["item"]["retired"] else "")
        made.add_row(short(one["id"]), name, str(latest["number"]), plain(", ".join(stage["name"] for stage in latest["stages"])))
    return made


@reading()
def show(view: View, pipeline: PipelineName) -> None:
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
    retired = " [red]retired[/]" if found["item"]["retired"] else ""
    out.print(f"[bold]{plain(found['item']['name'])}[/], version {latest['number']}{retired}\n[dim]{found['id']}[/]")
    made = table("stage", "key", "%", "category", "days", "to leave it", right=("%", "days"))
    for stage in latest["stages"]:
        asks = "; ".join(f"{c['label']} ({c['evidence']})" for c in stage["exit_criteria"])
        days = str(stage["max_days"]) if stage["max_days"] else NONE
        made.add_row(plain(stage["name"]), stage["key"], str(stage["probability"]), words(stage["category"]), days, plain(asks))
    out.print(made)


@told
def define(
    file: Definition,
    name: Annotated[str | None, typer.Option("--name", help="Its name, if not the one in the file.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Lay down a new pipeline.

    Examples:
      concord pipelines show "Way to signing" --json > renewals.json    # then change its stages
      concord pipelines define renewals.json --name Renewals
    """
    body = _definition(file) | ({"name": name} if name else {})
    with calling(tenant) as client:
        answer = client.post("/v1/pipelines", body)
    say_change(answer, f"Laid down {plain(body.get('name'))}", as_json=as_json)


@told
def revise(pipeline: PipelineName, file: Definition, tenant: TenantName = None, as_json: Json = False) -> None:
    """Lay down the next version of a pipeline; deals under way stay in the version they are in.

    Example:
      concord pipelines revise Renewals renewals.json
    """
    change(PIPELINE, pipeline, "/versions", _definition(file), "Laid down its next version", tenant, as_json=as_json)


@told
def retire(
    pipeline: PipelineName,
    reason: Annotated[str | None, typer.Option("--reason", help="Why.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Take no new deals into a pipeline.

    Example:
      concord pipelines retire Renewals --reason "Replaced"
    """
    change(PIPELINE, pipeline, "/retire", {"reason": reason} if reason else {}, "Retired", tenant, as_json=as_json)


@told
def reinstate(pipeline: PipelineName, tenant: TenantName = None, as_json: Json = False) -> None:
    """Take new deals into a retired pipeline again.

    Example:
      concord pipelines reinstate Renewals
    """
    change(PIPELINE, pipeline, "/reinstate", {}, "It takes deals again", tenant, as_json=as_json)


def _definition(file: Path) -> dict[str, Any]:
    """What the file lays down: as the API takes it, or the latest version of what `show --json` printed. Raises Ended, OSError."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if isinstance(found, dict) and isinstance(found.get("item"), dict) and found["item"].get("versions"):
        latest = found["item"]["versions"][-1]
        found = {"name": found["item"]["name"], "stages": latest["stages"], "transitions": latest["transitions"]}
    if not isinstance(found, dict) or "stages" not in found:
        raise Ended(
            f"{file} lays down no pipeline: write JSON with name and stages; `concord pipelines show NAME --json` is one.", Exit.USAGE
        )
    return found


class _ListedOrShown(TyperGroup):
    """`concord pipelines` lists them, `concord pipelines NAME` shows that one: the words between may be left away."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["list" if not args or args[0].startswith("-") else "show", *args]
        return super().parse_args(ctx, args)


def add_to(app: typer.Typer) -> None:
    commands = ("list", list_pipelines), ("show", show), ("define", define), ("revise", revise)
    words_ = "Pipelines: the ways to signing, their stages and gates"
    group(app, "pipelines", words_, *commands, ("retire", retire), ("reinstate", reinstate), cls=_ListedOrShown)
