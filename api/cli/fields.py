"""`concord fields`: the tenant's own fields on accounts, contacts and deals."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli.client import Client, calling
from api.cli.deals_move import matching
from api.cli.formats import plain, table, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_change, say_json, told
from api.cli.tree import group
from api.cli.views import View, reading

NOUNS = ("account", "contact", "deal")
NounName = Annotated[str, typer.Argument(metavar="NOUN", help="account, contact or deal.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="Lower case, digits and underscores, like renewal_risk.")]


@reading()
def list_fields(
    view: View,
    noun: Annotated[str | None, typer.Argument(metavar="NOUN", help="account, contact or deal; left away: all.")] = None,
) -> None:
    """The tenant's own fields on accounts, contacts and deals.

    Example:
      concord fields list deal
    """
    with view.calling() as client:
        params = view.params(client)
        found = {each: _defined(client, each, params) for each in ([_checked(noun)] if noun else NOUNS)}
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


def _defined(client: Client, noun: str, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/v1/attributes/{noun}", params)["item"]["fields"]
    return found


@told
def define(
    noun: NounName,
    key: Key,
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
    each = _checked(noun)
    body = {"noun": each, "key": key, "label": label, "type": kind, "options": option or [], "required": required}
    _change(each, "define", body, f"Every {each} has the field {plain(label)} now", tenant, as_json=as_json)


@told
def change(
    noun: NounName,
    key: Key,
    label: Annotated[str | None, typer.Option("--label", help="What people read.")] = None,
    option: Annotated[list[str] | None, typer.Option("--option", help="All that a choice offers from now on; repeat.")] = None,
    required: Annotated[bool | None, typer.Option("--required/--optional", help="Whether anything new is opened without it.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Change a field; what is left away stays, and values that were given before do too.

    Example:
      concord fields change deal renewal_risk --option low --option medium --option high --optional
    """
    each = _checked(noun)
    given = {"label": label, "options": option or None, "required": required}
    news = {name: value for name, value in given.items() if value is not None}
    if not news:
        raise Ended("Say what is to change: --label, --option, --required or --optional.", Exit.USAGE)
    with calling(tenant) as client:
        known = next((one for one in _defined(client, each) if one["key"] == key), None)
    if known is None:
        raise Ended(f"No {each} has a field {key!r}; `concord fields list {each}` lists them.", Exit.NOT_FOUND)
    body = {name: known[name] for name in ("key", *given)} | news
    _change(each, "change", body, f"Changed the field {plain(body['label'])} of every {each}", tenant, as_json=as_json)


@told
def retire(noun: NounName, key: Key, tenant: TenantName = None, as_json: Json = False) -> None:
    """Take a field out of use; what stands in it stays.

    Example:
      concord fields retire deal renewal_risk
    """
    each = _checked(noun)
    _change(each, "retire", {"key": key}, f"Out of use: {plain(key)} of every {each}", tenant, as_json=as_json)


def _change(noun: str, what: str, body: dict[str, Any], sentence: str, tenant: str | None, *, as_json: bool) -> None:
    with calling(tenant) as client:
        answer = client.post(f"/v1/attributes/{noun}/{what}", body, if_match=matching(None))
    say_change(answer, sentence, as_json=as_json)


def _checked(noun: str) -> str:
    if noun not in NOUNS:
        raise Ended(f"{noun!r} has no fields of its own; choose one of {', '.join(NOUNS)}.", Exit.USAGE)
    return noun


def add_to(app: typer.Typer) -> None:
    commands = ("list", list_fields), ("define", define), ("change", change), ("retire", retire)
    group(app, "fields", "Fields of your own on accounts, contacts and deals", *commands)
