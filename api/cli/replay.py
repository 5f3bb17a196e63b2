"""`concord replay`: the history of a deal, a contract or a dispute in plain sentences, dated and with names; as the events that stand
in the log; or as the causal chain that it is on, across nouns.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.causal_chain import chains_of, print_heading, print_hidden
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
Name = Annotated[str | None, typer.Argument(metavar="NAME", help="Its title (or deal:TITLE, contract:, dispute:), or a part of its id.")]


@reading(eyes=True)
def replay(
    view: View,
    name: Name = None,
    raw: Annotated[bool, typer.Option("--raw", help="The events as they stand in the log, with positions.")] = False,
    chain: Annotated[bool, typer.Option("--chain", help="What came of its breaches, across contracts, disputes and scores.")] = False,
    correlation: Annotated[str | None, typer.Option("--correlation", metavar="ID", help="The chain with this correlation id.")] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write the chain (of several the latest) there as a page to read or print."),
    ] = None,
) -> None:
    """Tell the history of a deal, a contract or a dispute, oldest first: what happened, when, and who did it.

    The log itself (--raw) nobody sees in part.

    Examples:
      concord replay "GTX for Acme"
      concord replay 6e4c0012 --as-of 2026-03-31
      concord replay 6e4c0012 --raw --json
      concord replay "Quality service" --chain
      concord replay "Quality service" --chain --html chain.html
    """
    if (name is None) == (correlation is None) or (raw and (chain or correlation)):
        raise Ended("Name one thing, or one --correlation; --raw shows the log of one thing alone.", Exit.USAGE)
    if html is not None and not (chain or correlation):
        raise Ended("--html writes a causal chain: add --chain.", Exit.USAGE)
    if chain or correlation:
        _replay_chains(view, name, correlation, html)
        return
    assert name is not None
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


def _replay_chains(view: View, name: str | None, correlation: str | None, html: Path | None) -> None:
    with view.calling() as client:
        params = view.params(client)
        ids = [correlation] if name is None else chains_of(client, name, params)
        if html is not None:
            # of several the latest: a page tells one
            page = client.raw(f"/v1/causal-chains/{ids[-1]}", params, accept="text/html")
            try:
                html.write_bytes(page)
            except OSError as error:
                raise Ended(f"{html} cannot be written: {error.strerror}.", Exit.FAILED) from error
            out.print(f"Wrote the chain {ids[-1]} to {plain(html)}." + _others([str(id) for id in ids[:-1]]))
            return
        chains = [client.get(f"/v1/causal-chains/{id}", params) for id in ids]
    if view.as_json:
        say_json({"items": chains})
        return
    for found in chains:
        print_heading(found)
        print_story(found["steps"], view.words)
        print_hidden(found)


def _others(ids: list[str]) -> str:
    """That a page tells one chain of several, and how to have another; nothing where there is no other."""
    if not ids:
        return ""
    before = f"It is the latest of {len(ids) + 1}; the one before: concord replay --correlation {ids[-1]} --html FILE."
    return f" {before} Without --html all are told, each with its id."


def _until(client: Client, events: list[dict[str, Any]], view: View) -> list[dict[str, Any]]:
    at, basis = asked_at(view.as_of), view.basis
    if at is None:
        return events
    if isinstance(at, int) and basis is Basis.KNOWN:
        return [e for e in events if e["position"] <= at]
    if isinstance(at, int):
        # what happened by a position is what had happened by the time it was recorded
        at = recorded_at(client, at)
    field = "recorded_at" if basis is Basis.KNOWN else "effective_at"
    return [e for e in events if datetime.fromisoformat(e[field]) <= at]


def print_story(items: Iterable[Mapping[str, Any]], moment: str, following: str | None = None, *, empty: str = "") -> None:
    """A line or two for each event: when it was, who did it, what happened. `empty`: what is said where there is none."""
    if moment:
        out.print(f"[yellow]{plain(moment)}[/]")
    made = table("when", "who", "what", whole=("when",), spare=("who",), show_header=False)
    for item in items:
        late = f" [dim](recorded {when(item['recorded_at'])})[/]" if item["late"] else ""
        made.add_row(f"[dim]{when(item['effective_at'])}[/]", plain(item["actor_name"]), f"{plain(item['sentence'])}{late}")
    if not made.row_count:
        out.print(empty or f"Nothing is told of it{' at that moment' if moment else ''}.")
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
