"""`concord contacts show | change | move | leave | consent`: one person, and what becomes of them."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.changes import change
from api.cli.client import calling
from api.cli.deals_move import matching
from api.cli.formats import ERASED, NONE, plain, table, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_change, say_json, told
from api.cli.references import ACCOUNT, CONTACT, find, names_of, the_id
from api.cli.tree import add
from api.cli.views import View, reading

ContactName = Annotated[str, typer.Argument(metavar="CONTACT", help="Name, mail address, or an id or the beginning or end of one.")]
Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its name or id.")]


@reading(eyes=True)
def show(view: View, contact: ContactName) -> None:
    """One person: where they work, as what, and what they allow.

    Example:
      concord contacts show "Jo Weber"
    """
    with view.calling() as client:
        id = find(client, CONTACT, contact)["id"]
        answer = client.get(f"/v1/contacts/{id}", view.params(client))
        item = answer["item"]
        names = names_of(client, ACCOUNT, item["positions"])
    if view.as_json:
        say_json({"id": id, **answer})
        return
    view.heading()
    out.print(f"[dim]{plain(ERASED)}[/]" if item["erased"] else f"[bold]{plain(item['name'])}[/]")
    out.print(f"[dim]{id}[/]")
    places = [_place(names.get(account), roles) for account, roles in item["positions"].items()]
    facts = [
        *((name, plain(item[name])) for name in ("title", "email", "phone", "mobile")),
        ("at", "; ".join(places) or NONE),
        ("allows", ", ".join(f"{words(channel)}: {words(consent)}" for channel, consent in item["consents"].items()) or NONE),
        *((plain(name), plain(value)) for name, value in sorted(item["attributes"].items())),
    ]
    made = table("", "", show_header=False)
    for name, value in facts:
        if value != NONE:
            made.add_row(f"[dim]{name}[/]", value)
    out.print(made)


def _place(name: str | None, roles: list[str]) -> str:
    return plain(name) + (f" ({plain(', '.join(roles))})" if roles else "")


@told
def change_person(
    contact: ContactName,
    name: Annotated[str | None, typer.Option("--name")] = None,
    email: Annotated[str | None, typer.Option("--email")] = None,
    phone: Annotated[str | None, typer.Option("--phone")] = None,
    mobile: Annotated[str | None, typer.Option("--mobile")] = None,
    title: Annotated[str | None, typer.Option("--title")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Change who it is; an empty value clears.

    Example:
      concord contacts change "Jo Weber" --phone "+49 30 123456"
    """
    given = {"name": name, "email": email, "phone": phone, "mobile": mobile, "title": title}
    body = {field: value or None for field, value in given.items() if value is not None}
    if not body:
        raise Ended("Say what is to change: --name, --email, --phone, --mobile or --title.", Exit.USAGE)
    change(CONTACT, contact, "", body, "Changed", tenant, as_json=as_json)


@told
def move(
    contact: ContactName,
    account: Account,
    role: Annotated[list[str] | None, typer.Option("--role", help="As what, in your words; repeat.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="They stay where they were, too.")] = False,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say that they work at another account now, or as something else there; with --keep, there too.

    Example:
      concord contacts move "Jo Weber" "Beta SA" --role "Head of procurement"
    """
    with calling(tenant) as client:
        id = find(client, CONTACT, contact)["id"]
        there = the_id(client, ACCOUNT, account)
        before = client.get(f"/v1/contacts/{id}")["item"]["positions"]
        answer = client.post(f"/v1/contacts/{id}/positions", {"account": there, "roles": role or []}, if_match=matching(None))
        for place in before:
            if place != there and not keep:
                answer = client.post(f"/v1/contacts/{id}/positions/leave", {"account": place}, if_match=matching(None))
    say_change(answer, f"Works at {plain(account)}", as_json=as_json)


@told
def leave(contact: ContactName, account: Account, tenant: TenantName = None, as_json: Json = False) -> None:
    """Say that they left an account.

    Example:
      concord contacts leave "Jo Weber" Acme
    """
    change(
        CONTACT, contact, "/positions/leave", lambda client: {"account": the_id(client, ACCOUNT, account)}, "Left", tenant, as_json=as_json
    )


@told
def consent(
    contact: ContactName,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="email, phone, sms, chat or post.")],
    given: Annotated[str, typer.Argument(metavar="CONSENT", help="given or withdrawn.")],
    origin: Annotated[str, typer.Option("--origin", help="How we know: a form, a call, a letter.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Record what they allow on a channel.

    Example:
      concord contacts consent "Jo Weber" email given --origin "Form at the fair"
    """
    body = {"channel": channel, "consent": given, "origin": origin}
    change(CONTACT, contact, "/consents", body, f"{plain(channel)}: {plain(given)}", tenant, as_json=as_json)


def add_to(contacts: typer.Typer) -> None:
    """Hang up beside `list` and `add`."""
    add(contacts, show, move, leave, consent)
    add(contacts, change_person, name="change")
