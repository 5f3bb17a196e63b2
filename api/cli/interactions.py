"""`concord interactions`: what was said, by whom, when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from api.cli.changes import change
from api.cli.client import calling
from api.cli.follow_ups import plan
from api.cli.formats import plain, short, table, when, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.references import ACCOUNT, CONTACT, DEAL, MEMBER, Noun, the_id
from api.cli.tree import group
from api.cli.views import View, reading
from api.cli.zones import clock
from api.instants import utc

INTERACTION = Noun("interaction", "/v1/interactions", lambda i: (i["subject_line"], i["text"]))
Kind = Annotated[str, typer.Argument(metavar="KIND", help="call, meeting, email, visit, chat or note.")]
InteractionName = Annotated[str, typer.Argument(metavar="INTERACTION", help="Its subject, or an id or the beginning or end of one.")]


@told
def log(
    kind: Kind,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="What was said.")] = None,
    account: Annotated[list[str] | None, typer.Option("--account", help="With this account: name or id; repeat.")] = None,
    contact: Annotated[list[str] | None, typer.Option("--contact", help="With this person: name or id; repeat.")] = None,
    deal: Annotated[str | None, typer.Option("--deal", help="About this deal: title or id.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="In a few words.")] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="WHEN", help="When, like 2026-03-02T09:30 (the tenant's zone); now.")] = None,
    minutes: Annotated[int | None, typer.Option("--minutes", min=0, max=1440, help="How long.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who held it (default: you): name, mail address or id.")] = None,
    follow_up: Annotated[
        list[str] | None,
        typer.Option("--follow-up", metavar="PROMISE", help="'DAY, WHAT[, OWNER]': what is to be done by then; repeat."),
    ] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Write down what happened, with what was promised.

    Examples:
      concord interactions log call "Budget is approved" --account Acme --contact "Jo Weber" --minutes 20
      concord interactions log meeting --account Acme --subject "Kick-off" --follow-up "2027-03-09, Send the quote"
    """
    with calling(tenant) as client:
        said = {
            "text": text,
            "accounts": [the_id(client, ACCOUNT, one) for one in account or ()],
            "contacts": [the_id(client, CONTACT, one) for one in contact or ()],
            "deal": the_id(client, DEAL, deal),
            "subject_line": subject,
            "minutes": minutes,
            "by": the_id(client, MEMBER, by),
            "follow_ups": [plan(client, one) for one in follow_up or ()],
        }
        body = {"kind": kind, "happened_at": _instant(at)} | {name: value for name, value in said.items() if value not in (None, [])}
        answer = client.post("/v1/interactions", body)
    if as_json:
        say_json(answer.body)
        return
    promised = f", with {len(follow_up)} follow-up(s)" if follow_up else ""
    out.print(f"Written down: a {plain(words(kind))}{promised}. [dim]{answer.body['id']}[/]")


def _instant(written: str | None) -> str:
    if written is None:
        return utc(datetime.now(UTC))
    try:
        at = datetime.fromisoformat(written.strip().upper())
    except ValueError:
        raise Ended(f"--at: {written!r} is no moment; write it like 2026-03-02T09:30.", Exit.USAGE) from None
    return utc(at if at.tzinfo else at.replace(tzinfo=clock.zone))


@reading(pages=True, eyes=True)
def list_(
    view: View,
    account: Annotated[str | None, typer.Option("--account", help="With this account: name or id.")] = None,
    contact: Annotated[str | None, typer.Option("--contact", help="With this person: name or id.")] = None,
    deal: Annotated[str | None, typer.Option("--deal", help="About this deal: title or id.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="Held by this member: name, mail address or id.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only calls, meetings, ...")] = None,
    retracted: Annotated[bool, typer.Option("--retracted", help="Only those that did not happen after all.")] = False,
) -> None:
    """What was said, latest first.

    Examples:
      concord interactions list --account Acme
      concord interactions list --by "Ana Souza" --kind meeting --json
    """
    with view.calling() as client:
        asked = {
            "account": the_id(client, ACCOUNT, account),
            "contact": the_id(client, CONTACT, contact),
            "deal": the_id(client, DEAL, deal),
            "by": the_id(client, MEMBER, by),
            "kind": kind,
            "retracted": retracted or None,
        }
        found = view.page(client, "/v1/interactions", asked)
    empty = "Nothing was said that matches. Write down what happens with `concord interactions log`."
    view.print_list(found, "interaction", _rows, empty=empty)


def _rows(said: list[dict[str, Any]]) -> Any:
    made = table("id", "when", "kind", "with", "by", "what", whole=("id", "when"))
    for one in said:
        what = plain(one["subject_line"] or one["text"])
        made.add_row(short(one["id"]), when(one["happened_at"]), words(one["kind"]), plain(", ".join(one["account_names"])),
                     plain(one["by_name"]), what)  # fmt: skip
    return made


@told
def retract(
    interaction: InteractionName,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say that it did not happen; it stays in the history.

    Example:
      concord interactions retract 6e4c0012 --reason "Recorded twice"
    """
    change(INTERACTION, interaction, "/retract", {"reason": reason}, "Retracted", tenant, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    words_ = "Interactions: what was said, by whom, when"
    group(app, "interactions", words_, ("log", log), ("list", list_), ("retract", retract))
