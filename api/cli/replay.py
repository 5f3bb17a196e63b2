"""`concord replay`: the history of a deal or a contract in plain sentences, dated and with names; or as the events that stand in the log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from api.cli.client import Client
from api.cli.formats import plain, short, table, when
from api.cli.moments import asked_at, recorded_at
from api.cli.options import Basis
from api.cli.outcomes import Ended, Exit, out, print_count, say_json
from api.cli.references import CONTRACT, DEAL, DISPUTE, Noun, find_among
from api.cli.tree import add
from api.cli.views import View, reading

TOLD: tuple[Noun, ...] = (DEAL, CONTRACT, DISPUTE)
"""What has a history to be told."""
Name = Annotated[str, typer.Argument(metavar="NAME", help="Its title, or an id or the beginning or end of one.")]


@reading(eyes=True)
def replay(
    view: View,
    name: Name,
    raw: Annotated[bool, typer.Option("--raw", help="The events as they stand in the log, with positions.")] = False,
) -> None:
    """Tell the history of a deal, a contract or a dispute, oldest first: what happened, when, and who did it.

    The log itself (--raw) nobody sees in part.

    Examples:
      concord replay "GTX for Acme"
      concord replay 6e4c0012 --as-of 2026-03-31
      concord replay 6e4c0012 --raw --json
    """
    moment = view.words
    if raw and view.as_seen_by:
        raise Ended("--raw shows the log as it stands: leave --as-seen-by away, or --raw.", Exit.USAGE)
    with view.calling() as client:
        noun, id = find_among(client, TOLD, name)
        if raw:
            events = _until(client, client.get(f"{noun.path}/{id}/history"), view)
        else:
            found = client.page(f"{noun.path}/{id}/timeline", view.params(client), most=0, everything=True)
            found["items"].reverse()
    if raw and view.as_json:
        say_json(events)
    elif raw:
        _print_raw(events, moment)
    elif view.as_json:
        say_json(found)
    else:
        print_story(found["items"], moment)


def _until(client: Client, events: list[dict[str, Any]], view: View) -> list[dict[str, Any]]:
    at, basis = asked_at(client, view.as_of), view.basis
    if at is None:
        return events
    if isinstance(at, int) and basis is Basis.KNOWN:
        return [e for e in events if e["position"] <= at]
    if isinstance(at, int):
        # what happened by a position is what had happened by the time it was recorded
        at = recorded_at(client, at)
    field = "recorded_at" if basis is Basis.KNOWN else "effective_at"
    return [e for e in events if datetime.fromisoformat(e[field]) <= at]


def print_story(items: Iterable[Mapping[str, Any]], moment: str, following: str | None = None) -> None:
    """A line or two for each event: when it was, who did it, what happened."""
    if moment:
        out.print(f"[yellow]{plain(moment)}[/]")
    from rich.table import Table

    made = Table(box=None, pad_edge=False, show_header=False)
    made.add_column(no_wrap=True, style="dim")
    made.add_column(no_wrap=True, max_width=18, overflow="ellipsis")
    made.add_column(overflow="fold")
    for item in items:
        late = f" [dim](recorded {when(item['recorded_at'])})[/]" if item["late"] else ""
        made.add_row(when(item["effective_at"]), plain(item["actor_name"]), f"{plain(item['sentence'])}{late}")
    if not made.row_count:
        out.print("Nothing is told of it at that moment.")
        return
    out.print(made)
    if following:
        print_count(made.row_count, "event", following)


def _print_raw(events: Iterable[Mapping[str, Any]], moment: str) -> None:
    if moment:
        out.print(f"[yellow]{plain(moment)}[/]")
    made = table("position", "version", "recorded", "event", "actor", right=("position", "version"), whole=("recorded", "actor"))
    for event in events:
        made.add_row(f"{event['position']:,}", str(event["version"]), when(event["recorded_at"]), event["topic"], short(event["actor"]))
        told = {name: value for name, value in event["data"].items() if value not in (None, [], {})}
        made.add_row("", "", "", f"[dim]{plain(json.dumps(told, ensure_ascii=False))}[/]", "")
    out.print(made)


def add_to(app: typer.Typer) -> None:
    add(app, replay)
