"""`concord audit search`, `sample`, `findings`, `access`: finding things in the log, and who looked at what."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import typer

from api.cli.client import Client, calling
from api.cli.formats import NONE, plain, table, when, words
from api.cli.options import After, Json, Limit, TenantName
from api.cli.outcomes import out, print_count, say_json, told
from api.cli.references import MEMBER, the_id
from api.cli.replay import print_story
from api.cli.views import View, reading

Since = Annotated[str | None, typer.Option("--since", metavar="WHEN", help="Recorded from then on: a day, a time, 90d or a log position.")]
Until = Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Recorded until then, that day included.")]


@reading(pages=True)
def search(
    view: View,
    text: Annotated[
        str | None, typer.Argument(metavar="WORDS", help="Beginnings of words: all have to be in the event's own texts, or its kind.")
    ] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="Who did it: name, mail address or id.")] = None,
    on_behalf_of: Annotated[str | None, typer.Option("--on-behalf-of", help="For whom it was done.")] = None,
    noun: Annotated[str | None, typer.Option("--noun", help="Of what: deal, account, approval, ...")] = None,
    id: Annotated[str | None, typer.Option("--id", help="The thing's whole id.")] = None,
    event: Annotated[str | None, typer.Option("--event", help="The kind of event, such as deal.stage_entered.")] = None,
    correlation: Annotated[str | None, typer.Option("--correlation", help="All that came of one command: its id.")] = None,
    since: Since = None,
    until: Until = None,
    late_days: Annotated[int | None, typer.Option("--late-days", help="So at least so many days before it was recorded.")] = None,
    oldest: Annotated[bool, typer.Option("--oldest", help="Oldest first.")] = False,
) -> None:
    """Find anything that happened, in sentences, newest first.

    Examples:
      concord audit search --actor "Ana Souza" --since 2026-03-01 --until 2026-03-31
      concord audit search castings --noun deal
      concord audit search --event deal.stage_entered --as-of 2026-03-31
      concord audit search --correlation 01936e4c-0000-7000-8000-000000000001 --oldest
    """
    with view.calling() as client:
        asked = {
            "text": text,
            "actor": the_id(client, MEMBER, actor),
            "on_behalf_of": the_id(client, MEMBER, on_behalf_of),
            "noun": noun,
            "id": id,
            "topic": event,
            "correlation": correlation,
            "since": since,
            "until": until,
            "late_days": late_days,
            "sort": "position" if oldest else "-position",
        }
        found = view.page(client, "/v1/audit/events", asked)
    if view.as_json:
        say_json(found)
        return
    print_story(found["items"], view.words, empty=f"Nothing was found{' up to that moment' if view.as_of else ''}.")
    if found["next"]:
        print_count(len(found["items"]), "event", found["next"])


@told
def sample(
    seed: Annotated[str, typer.Option("--seed", help="Any text without spaces; the same draws the same.")],
    size: Annotated[int, typer.Option("--size", min=1, max=1000)] = 25,
    of: Annotated[str, typer.Option("--of", help="events, or a noun: deals, approvals, contracts, ...")] = "events",
    at: Annotated[str | None, typer.Option("--at", metavar="WHEN", help="As the log stood then: best a log position.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Draw a sample that the same seed and position draw again, everywhere and ever.

    The lot of each is SHA-256 of "SEED:POSITION", where a thing's position is its first event's; the smallest are drawn.

    Examples:
      concord audit sample --seed 7 --size 25 --of events --at 120000
      concord audit sample --seed 2026-Q1 --of approvals --at 120000 --json
    """
    with calling(tenant) as client:
        noun = of if of in {"events", "rates", "settings"} else of.removesuffix("s")
        found = client.get("/v1/audit/sample", {"seed": seed, "size": size, "of": noun, "as_of": at})
    if as_json:
        say_json(found)
        return
    print_story(found["items"], "", empty="There is nothing to draw.")
    out.print(f"{len(found['items'])} of {found['population']:,}: {plain(found['method'])}. Draw it again:")
    # unwrapped, so that it can be copied
    out.print(f"  {plain(drawn_again(seed, size, of, found['at'], tenant))}", soft_wrap=True)


def drawn_again(seed: str, size: int, of: str, at: int, tenant: str | None) -> str:
    """The command that draws a sample again, as a shell takes it."""
    there = ["--tenant", tenant] if tenant else []
    return shlex.join(["concord", "audit", "sample", "--seed", seed, "--size", str(size), "--of", of, "--at", str(at), *there])


@reading()
def findings(
    view: View,
    duty: Annotated[
        list[str] | None, typer.Option("--duty", help="Only own_request, own_delegate, own_vendor, override or backdated; may be repeated.")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, help="Back-dated facts count from so many days on.")] = 7,
) -> None:
    """Tell where duties were not kept apart: each finding with the positions of its events. A finding is no verdict.

    Examples:
      concord audit findings
      concord audit findings --duty own_request --duty own_vendor --as-of 2026-03-31
      concord audit findings --duty backdated --days 30 --json
    """
    with view.calling() as client:
        found = client.get("/v1/audit/findings", {**view.params(client), "duty": duty or None, "days": days})
    if view.as_json:
        say_json(found)
        return
    view.heading()
    if not found["items"]:
        out.print(f"Nothing was found; looked for: {', '.join(map(words, found['looked_for']))}.")
        return
    made = table("finding", "what the log shows", "events", whole=("finding",))
    for one in found["items"]:
        made.add_row(words(one["duty"]), plain(one["sentence"]), ", ".join(f"{position:,}" for position in one["positions"]))
    out.print(made)


@told
def access(
    who: Annotated[str | None, typer.Option("--who", help="Whose doing: name, mail address or id.")] = None,
    what: Annotated[str | None, typer.Option("--what", help="The operation, such as read_deal; or the id of what was asked for.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="read, denied, export, sign_in, ...")] = None,
    denied: Annotated[bool, typer.Option("--denied", help="Only what was refused.")] = False,
    since: Annotated[str | None, typer.Option("--from", metavar="WHEN", help="From then on.")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="WHEN", help="Until then, that day included.")] = None,
    limit: Limit = 50,
    after: After = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Tell who read, was refused, signed in or took away what, newest first. What commands look up by themselves is in it, too.

    Examples:
      concord audit access --who "Ana Souza" --from 2026-03-01
      concord audit access --denied --from 7d
      concord audit access --kind export --from 7d
      concord audit access --what 01936e4c-0000-7000-8000-000000000001 --json
    """
    with calling(tenant) as client:
        found = _accesses(client, who, what, kind, denied, since, until, limit, after)
    if as_json:
        say_json(found)
        return
    for gone in found["removed"]:
        out.print(gone)
    if not found["items"]:
        out.print("Nothing of the kind is in the access log.")
        return
    made = table("when", "who", "what", "which", "answer", "times", right=("answer", "times"), whole=("when",))
    for one in found["items"]:
        who_told = plain(one["member_name"]) if one["member_name"] else NONE
        what_told = access_words(one["kind"], one["operation"])
        made.add_row(when(one["at"]), who_told, what_told, plain(one["target"] or ""), str(one["status"]), f"{one['times']:,}")
    out.print(made)
    print_count(len(found["items"]), "row", found["next"])
    if kind is None and not denied and what is None:
        out.print("[dim]Commands look things up, too; narrow it: --kind export, --kind sign_in, --denied, --what OPERATION[/]")


def access_words(kind: str, operation: str) -> str:
    """What was done, in words: `signed in`, `read: list contacts`, `denied: read findings`."""
    if kind == operation:
        return {"sign_in": "signed in", "sign_out": "signed out", "change_password": "changed the password"}.get(kind, words(kind))
    return f"{words(kind)}: {plain(words(operation))}"


def _accesses(
    client: Client,
    who: str | None,
    what: str | None,
    kind: str | None,
    denied: bool,
    since: str | None,
    until: str | None,
    limit: int,
    after: str | None,
) -> dict[str, Any]:
    thing = what is not None and "-" in what
    asked = {
        "member": the_id(client, MEMBER, who),
        "operation": None if thing else what,
        "target": what if thing else None,
        "kind": kind,
        "denied": "true" if denied else None,
        "since": since,
        "until": until,
    }
    return client.page("/v1/audit/access", asked, most=limit, after=after)
