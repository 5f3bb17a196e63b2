"""`concord followups`: what somebody promised to do, by a day."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from api.cli.client import Client, calling
from api.cli.deals_move import matching
from api.cli.formats import plain, short, table
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, say_change, told
from api.cli.references import ACCOUNT, DEAL, MEMBER, Noun, find, the_id
from api.cli.tree import add, group
from api.cli.views import View, reading
from api.cli.written_values import a_day
from api.cli.zones import clock

FOLLOW_UP = Noun("open follow-up", "/v1/follow-ups", lambda f: (f["text"],))
FollowUpName = Annotated[str, typer.Argument(metavar="FOLLOW-UP", help="Its words, or an id or the beginning or end of one.")]


def plan(client: Client, written: str) -> dict[str, Any]:
    """`DAY, WHAT[, OWNER]` as the API takes it; without an owner it is the caller's. Raises Ended."""
    day, comma, rest = (part.strip() for part in written.partition(","))
    if not comma or not rest:
        raise Ended(f"{written!r}: write 'DAY, WHAT', like '2027-03-09, Send the quote', and perhaps ', OWNER'.", Exit.USAGE)
    text, _, owner = (part.strip() for part in rest.rpartition(","))
    return planned(client, text or owner, day, owner if text else None)


def planned(client: Client, text: str, day: str, owner: str | None) -> dict[str, Any]:
    """A follow-up as the API takes it; without an owner it is the caller's."""
    member = the_id(client, MEMBER, owner) if owner else client.get("/v1/today", {"limit": 1})["member"]
    return {"text": text, "owner": member, "due": a_day(day, "DAY")}


@reading(pages=True, eyes=True)
def list_(
    view: View,
    owner: Annotated[str | None, typer.Option("--owner", help="Of this member: name, mail address or id.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="With this account: name or id.")] = None,
    deal: Annotated[str | None, typer.Option("--deal", help="About this deal: title or id.")] = None,
    before: Annotated[str | None, typer.Option("--before", metavar="DAY", help="Due before this day.")] = None,
    state: Annotated[str, typer.Option("--state", help="open, done or cancelled.")] = "open",
) -> None:
    """What was promised, due first on top.

    Examples:
      concord followups list --owner "Ana Souza"
      concord followups list --account Acme --state done
    """
    with view.calling() as client:
        asked = {
            "owner": the_id(client, MEMBER, owner),
            "account": the_id(client, ACCOUNT, account),
            "deal": the_id(client, DEAL, deal),
            "due_before": a_day(before, "--before") if before else None,
            "state": state,
        }
        found = view.page(client, "/v1/follow-ups", asked)

    def rows(promises: list[dict[str, Any]]) -> Any:
        made = table("id", "due", "what", "owner", "account", whole=("id", "due"))
        for one in promises:
            late = state == "open" and not view.as_of and date.fromisoformat(one["due"]) < clock.today
            due = f"[red]{one['due']}[/]" if late else one["due"]
            made.add_row(short(one["id"]), due, plain(one["text"]), plain(one["owner_name"]), plain(", ".join(one["account_names"])))
        return made

    empty = "Nothing is promised that matches. Promise something with `concord followups add`."
    view.print_list(found, "follow-up", rows, empty=empty)


@told
def add_(
    interaction: Annotated[str, typer.Argument(metavar="INTERACTION", help="The one it came out of: its subject or id.")],
    text: Annotated[str, typer.Argument(metavar="WHAT", help="What is to be done.")],
    by: Annotated[str, typer.Option("--by", metavar="DAY", help="The day by whose end it is done.")],
    owner: Annotated[str | None, typer.Option("--owner", help="Who does it (default: you): name, mail address or id.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Promise to do something by a day.

    Example:
      concord followups add "Kick-off" "Send the quote" --by 2027-03-09 --owner "Ana Souza"
    """
    with calling(tenant) as client:
        id = find(client, Noun("interaction", "/v1/interactions", lambda i: (i["subject_line"], i["text"])), interaction)["id"]
        body = {"plan": planned(client, text, by, owner)}
        answer = client.post(f"/v1/interactions/{id}/follow-ups", body, if_match=matching(None))
    say_change(answer, f"Promised by {plain(by)}: {plain(text)}", as_json=as_json)


@told
def done(
    follow_up: FollowUpName,
    outcome: Annotated[str | None, typer.Option("--outcome", help="What came of it.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say that it is done.

    Example:
      concord followups done "Send the quote" --outcome "Sent, they call back on Friday"
    """
    _change(follow_up, "complete", {"outcome": outcome} if outcome else {}, "Done", tenant, as_json=as_json)


@told
def cancel(
    follow_up: FollowUpName,
    reason: Annotated[str, typer.Option("--reason", help="Why nobody will do it.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say that nobody will do it.

    Example:
      concord followups cancel "Send the quote" --reason "The order came"
    """
    _change(follow_up, "cancel", {"reason": reason}, "Cancelled", tenant, as_json=as_json)


@told
def reopen(follow_up: FollowUpName, tenant: TenantName = None, as_json: Json = False) -> None:
    """Say that it is not done after all; name it by its id.

    Example:
      concord followups reopen 6e4c0012
    """
    _change(follow_up, "reopen", {}, "Open again", tenant, as_json=as_json, closed=True)


@told
def move(
    follow_up: FollowUpName,
    to: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The day it is promised for now.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Who does it now: name, mail address or id.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Promise it for another day, or give it to somebody else.

    Examples:
      concord followups move "Send the quote" --to 2027-03-12
      concord followups move 6e4c0012 --owner "Ben Ito"
    """
    if (to is None) == (owner is None):
        raise Ended("Say either the day, with --to, or the new owner, with --owner.", Exit.USAGE)
    if to is not None:
        _change(follow_up, "reschedule", {"due": a_day(to, "--to")}, f"Promised for {plain(to)}", tenant, as_json=as_json)
        return
    _change(follow_up, "reassign", {"owner": owner or ""}, f"{plain(owner)} does it", tenant, as_json=as_json)


def _change(
    written: str, path: str, said: dict[str, Any], sentence: str, tenant: str | None, *, as_json: bool, closed: bool = False
) -> None:
    with calling(tenant) as client:
        found = _closed(client, written) if closed else _open(client, written)
        if "owner" in said:
            said = {"owner": the_id(client, MEMBER, said["owner"])}
        body = {"follow_up": found["id"], **said}
        answer = client.post(f"/v1/interactions/{found['interaction']}/follow-ups/{path}", body, if_match=matching(None))
    say_change(answer, f"{sentence}: {plain(found['text'])}", as_json=as_json)


def _open(client: Client, written: str) -> dict[str, Any]:
    found = find(client, FOLLOW_UP, written)
    # a whole id is taken at its word, so that it has to be looked up for what it belongs to
    return found if "interaction" in found else _only(client, written, "open")


def _closed(client: Client, written: str) -> dict[str, Any]:
    return _only(client, written, "done", "cancelled")


def _only(client: Client, id: str, *states: str) -> dict[str, Any]:
    part = id.strip().lower()
    found = [one for state in states for one in client.page("/v1/follow-ups", {"state": state, "id_part": part}, most=2)["items"]]
    if len(found) != 1:
        raise Ended(f"There is no such follow-up {' or '.join(states)}: {id!r}; list them with --state {states[0]}.", Exit.NOT_FOUND)
    one: dict[str, Any] = found[0]
    return one


def add_to(app: typer.Typer) -> None:
    made = group(app, "followups", "Follow-ups: what somebody promised to do, by a day", ("list", list_), ("add", add_))
    add(made, done, move, cancel, reopen)
