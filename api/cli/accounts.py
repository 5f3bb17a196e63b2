"""`concord accounts` and `concord contacts`: the businesses around us, and the people there."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli import contacts as one_contact
from api.cli.client import Problem, calling
from api.cli.deal_tables import print_deals
from api.cli.deals_move import myself
from api.cli.formats import ERASED, NONE, facts, plain, short, table, words
from api.cli.options import Json, Owner, Team, TenantName
from api.cli.outcomes import out, say_json, told
from api.cli.references import ACCOUNT, MEMBER, TEAM, find, names_of, the_id
from api.cli.replay import print_story
from api.cli.tree import group
from api.cli.views import View, reading
from api.inert import one_line

AccountName = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its name, or an id or the beginning or end of one.")]


@reading(pages=True, eyes=True)
def list_accounts(
    view: View,
    text: Annotated[str | None, typer.Option("--text", help="With this text in the name or web domain.")] = None,
    owner: Owner = None,
    team: Team = None,
    role: Annotated[str | None, typer.Option("--role", help="customer, prospect, supplier, distributor, partner, ...")] = None,
    country: Annotated[str | None, typer.Option("--country", help="Two letters, like DE.")] = None,
) -> None:
    """The directory of accounts.

    Examples:
      concord accounts list --text acme
      concord accounts list --role supplier --json
    """
    with view.calling() as client:
        asked = {
            "text": text,
            "owner": the_id(client, MEMBER, owner),
            "team": the_id(client, TEAM, team),
            "role": role,
            "country": country.upper() if country else None,
        }
        found = view.page(client, "/v1/accounts", asked)
    empty = "No accounts match. Begin one with `concord accounts open`, or bring yours in with `concord import FILES`."
    view.print_list(found, "account", _accounts, empty=empty)


def _accounts(cards: list[dict[str, Any]]) -> Any:
    wide = out.width >= 110
    made = table("id", "account", "roles", "country", *(["domain", "industry"] if wide else []), "owner", whole=("id", "country"))
    for card in cards:
        name = plain(card["legal_name"]) + (" [dim](closed)[/]" if card["closed"] else "")
        more_columns = [plain(card["domain"]), plain(card["industry"])] if wide else []
        roles = ", ".join(words(role) for role in card["roles"])
        made.add_row(short(card["id"]), name, roles, plain(card["country"]), *more_columns, plain(card["owner_name"]))
    return made


@reading(eyes=True)
def show_account(view: View, account: AccountName) -> None:
    """One account with its people and its deals.

    Example:
      concord accounts show "Acme Werkzeuge GmbH"
    """
    with view.calling() as client:
        moment = view.params(client)
        id = find(client, ACCOUNT, account)["id"]
        answer = client.get(f"/v1/accounts/{id}", moment)
        item = answer["item"]
        people = client.page("/v1/contacts", {**moment, "account": id}, most=200, everything=view.as_json)
        deals = client.page("/v1/deals", {**moment, "account": id, "sort": "-since"}, most=200, everything=view.as_json)
        until = view.until(client)
        names = names_of(client, MEMBER, [item["owner"]] if item["owner"] else []) | names_of(
            client, ACCOUNT, [other for other in (item["parent"], item["merged_into"]) if other]
        )
    if view.as_json:
        say_json({"id": id, **answer, "contacts": people["items"], "deals": deals["items"]})
        return
    out.print(f"[bold]{plain(item['legal_name'])}[/]" + (f"  [yellow]{plain(view.words)}[/]" if view.words else ""))
    out.print(f"[dim]{id}[/]")
    out.print(facts(_facts(item, names)))
    out.print("\n[bold]people[/]")
    if people["items"]:
        out.print(_people(people["items"], id))
    else:
        out.print("Nobody is known here. Remember somebody with `concord contacts add NAME --account ACCOUNT`.")
    if people["next"]:
        out.print(f"[dim]and more: concord contacts list --account {short(id)} --all[/]")
    out.print("\n[bold]deals[/]")
    if not deals["items"]:
        out.print("No deals yet. Open one with `concord deals open TITLE --account ACCOUNT`.")
        return
    print_deals(deals["items"], "", until)
    if deals["next"]:
        out.print(f"[dim]and more: concord deals list --account {short(id)} --all[/]")


def _facts(item: dict[str, Any], names: dict[str, str]) -> list[tuple[str, str]]:
    registration = item["registration"]
    found = [
        ("roles", ", ".join(words(role) for role in item["roles"])),
        ("relationship", plain(item["relationship"])),
        ("owner", plain(names.get(item["owner"]))),
        ("domain", plain(item["domain"])),
        ("country", plain(item["country"])),
        ("industry", plain(item["industry"])),
        ("registered", plain(" ".join(registration.values())) if registration else NONE),
        ("below", plain(names.get(item["parent"]))),
        ("merged into", plain(names.get(item["merged_into"]))),
        ("state", "[red]closed[/]" if item["closed"] else ""),
        *((plain(name), plain(value)) for name, value in sorted(item["attributes"].items())),
    ]
    return [(name, value) for name, value in found if value not in {NONE, ""}]


def _people(people: list[dict[str, Any]], account: str | None = None) -> Any:
    made = table("id", "name", "at" if account is None else "as", "mail", "phone", whole=("id",))
    for person in people:
        places = [p for p in person["positions"] if account in (None, p["account"])]
        at = "; ".join(", ".join([*([plain(p["account_name"])] if account is None else []), *map(plain, p["roles"])]) for p in places)
        name = f"[dim]{plain(ERASED)}[/]" if person["erased"] else plain(person["name"])
        made.add_row(short(person["id"]), name, at, plain(person["email"]), plain(person["phone"] or person["mobile"]))
    return made


@reading(pages=True, eyes=True)
def timeline(
    view: View,
    account: AccountName,
) -> None:
    """Everything about an account, newest first: deals, people, interactions, mergers.

    Example:
      concord accounts timeline Acme --limit 20
    """
    with view.calling() as client:
        id = find(client, ACCOUNT, account)["id"]
        found = view.page(client, f"/v1/accounts/{id}/timeline", {})
    if view.as_json:
        say_json(found)
        return
    print_story(found["items"], view.words, found["next"])


@told
def open_account(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The legal name.")],
    role: Annotated[list[str] | None, typer.Option("--role", help="customer, prospect, supplier, ...; repeat (default: prospect).")] = None,
    domain: Annotated[str | None, typer.Option("--domain", help="Its web domain.")] = None,
    country: Annotated[str | None, typer.Option("--country", help="Two letters, like DE.")] = None,
    industry: Annotated[str | None, typer.Option("--industry", help="What it does.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Who is responsible (default: you).")] = None,
    different: Annotated[
        list[str] | None, typer.Option("--different-from", help="An account that it is alike to, but not; repeat.")
    ] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Begin an account.

    Example:
      concord accounts open "Acme Werkzeuge GmbH" --role customer --domain acme.example --country DE
    """
    with calling(tenant) as client:
        said = {
            "domain": domain,
            "country": country.upper() if country else None,
            "industry": industry,
            "owner": the_id(client, MEMBER, owner) or myself(client),
        }
        body: dict[str, Any] = {"legal_name": name, "roles": role or ["prospect"]} | {k: v for k, v in said.items() if v is not None}
        if different:
            body["different_from"] = [the_id(client, ACCOUNT, other) for other in different]
        try:
            answer = client.post("/v1/accounts", body)
        except Problem as refused:
            if refused.rule == "LooksAlike":
                refused.lines = tuple(map(_alike, refused.body["candidates"]))
            raise
    if as_json:
        say_json(answer.body)
        return
    out.print(f"Began [bold]{plain(name)}[/]. [dim]{answer.body['id']}[/]")


def _alike(candidate: dict[str, Any]) -> str:
    why = "the same web domain" if candidate["reason"] == "domain" else "almost the same name"
    return f"  - {one_line(candidate['name'] or 'nameless')} ({why})\n      a different entity? --different-from {candidate['account']}"


@reading(pages=True, eyes=True)
def list_contacts(
    view: View,
    account: Annotated[str | None, typer.Option("--account", help="At this account: name or id.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="With this text in the name or mail address.")] = None,
) -> None:
    """People at accounts.

    Example:
      concord contacts list --account Acme
    """
    with view.calling() as client:
        found = view.page(client, "/v1/contacts", {"account": the_id(client, ACCOUNT, account), "text": text})
    view.print_list(found, "contact", _people, empty="No contacts match. Remember one with `concord contacts add`.")


@told
def add_contact(
    name: Annotated[str, typer.Argument(help="The person's name.")],
    account: Annotated[str, typer.Option("--account", help="Where they work: name or id.")],
    role: Annotated[list[str] | None, typer.Option("--role", help="As what, in your words; repeat.")] = None,
    email: Annotated[str | None, typer.Option("--email", help="Mail address.")] = None,
    phone: Annotated[str | None, typer.Option("--phone", help="Telephone number.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Remember a person at an account.

    Example:
      concord contacts add "Jo Weber" --account Acme --role "Head of procurement" --email jo@acme.example
    """
    with calling(tenant) as client:
        said = {"email": email, "phone": phone, "roles": role}
        body = {"name": name, "account": the_id(client, ACCOUNT, account)} | {k: v for k, v in said.items() if v}
        answer = client.post("/v1/contacts", body)
    if as_json:
        say_json(answer.body)
        return
    out.print(f"Remembered [bold]{plain(name)}[/]. [dim]{answer.body['id']}[/]")


def add_to(app: typer.Typer) -> None:
    words_ = "Accounts: the businesses around us, with their people and history"
    group(app, "accounts", words_, ("list", list_accounts), ("show", show_account), ("timeline", timeline), ("open", open_account))
    contacts = group(app, "contacts", "Contacts: people at accounts", ("list", list_contacts), ("add", add_contact))
    one_contact.add_to(contacts)
