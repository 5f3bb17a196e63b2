"""`concord templates` and `concord clauses`: what papers say, in versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.client import Client, calling
from api.cli.deals_move import matching
from api.cli.formats import NONE, plain, table, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.tree import add

Key = Annotated[str, typer.Argument(metavar="KEY", help="Its key, such as quote or payment.")]


def _all(client: Client, plural: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.page(f"/v1/{plural}", {}, most=5_000, everything=True)["items"]
    return sorted(found, key=lambda one: one["item"]["key"])


def _one(client: Client, plural: str, key: str) -> dict[str, Any]:
    everything = _all(client, plural)
    for one in everything:
        if one["item"]["key"] == key:
            return one
    known = ", ".join(one["item"]["key"] for one in everything)
    raise Ended(f"There is no {plural.removesuffix('s')} {key!r}; there are {known or 'none yet'}.", Exit.NOT_FOUND)


@told
def list_templates(tenant: TenantName = None, as_json: Json = False) -> None:
    """The templates that papers are prepared from.

    Example:
      concord templates list
    """
    with calling(tenant) as client:
        found = _all(client, "templates")
    if as_json:
        say_json(found)
        return
    made = table("key", "name", "for", "version", "clauses", "review", whole=("key",))
    for one in found:
        text = one["item"]["versions"][-1]
        name = plain(text["name"]) + (" (retired)" if one["item"]["retired"] else "")
        clauses = ", ".join(text["clauses"]) or NONE
        made.add_row(
            one["item"]["key"], name, words(text["kind"]), str(len(one["item"]["versions"])), clauses, "yes" if text["review"] else NONE
        )
    out.print(made)


@told
def show_template(key: Key, tenant: TenantName = None, as_json: Json = False) -> None:
    """One template, as its file for `define` says it.

    Example:
      concord templates show quote
    """
    with calling(tenant) as client:
        one = _one(client, "templates", key)
    say_json(one if as_json else one["item"]["versions"][-1])


@told
def define_template(
    key: Key,
    file: Annotated[Path, typer.Option("--file", metavar="FILE", help="JSON, as `concord templates show` prints it.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """State a template, anew or for the first time. Papers prepared before keep theirs.

    Example:
      concord templates show quote > quote.json
      concord templates define quote --file quote.json
    """
    try:
        text = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise Ended(f"{file} cannot be read as JSON; write it as `concord templates show {key}` prints one.", Exit.USAGE) from error
    _define("templates", {"key": key, "text": text}, tenant, as_json=as_json)


@told
def list_clauses(tenant: TenantName = None, as_json: Json = False) -> None:
    """The clauses that papers are made of.

    Example:
      concord clauses list
    """
    with calling(tenant) as client:
        found = _all(client, "clauses")
    if as_json:
        say_json(found)
        return
    made = table("key", "title", "version", "says", whole=("key",))
    for one in found:
        wording = one["item"]["versions"][-1]
        title = plain(wording["title"]) + (" (retired)" if one["item"]["retired"] else "")
        made.add_row(one["item"]["key"], title, str(len(one["item"]["versions"])), plain(wording["text"]))
    out.print(made)


@told
def show_clause(key: Key, tenant: TenantName = None, as_json: Json = False) -> None:
    """One clause, in all its versions.

    Example:
      concord clauses show payment
    """
    with calling(tenant) as client:
        one = _one(client, "clauses", key)
    if as_json:
        say_json(one)
        return
    for number, wording in enumerate(one["item"]["versions"], 1):
        out.print(f"[bold]{plain(wording['title'])}[/]  version {number}")
        out.print(plain(wording["text"]))


@told
def define_clause(
    key: Key,
    title: Annotated[str, typer.Option("--title", help="Its heading.")],
    text: Annotated[str, typer.Option("--text", help="What it says; blanks such as {their_name} are filled in.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Word a clause, anew or for the first time. Papers prepared before keep theirs.

    Example:
      concord clauses define payment --title Payment --text "{their_name} pays within 14 days of the invoice's date."
    """
    _define("clauses", {"key": key, "wording": {"title": title, "text": text}}, tenant, as_json=as_json)


def _define(plural: str, body: dict[str, Any], tenant: str | None, *, as_json: bool) -> None:
    with calling(tenant) as client:
        said = client.post(f"/v1/{plural}", body)
    if as_json:
        say_json(said.body)
        return
    version = said.body["version"]
    out.print(f"Version {version} holds from now on." if said.position is not None else "Nothing changed: it says so already.")


def _retire(plural: str, key: str, tenant: str | None, *, as_json: bool) -> None:
    with calling(tenant) as client:
        said = client.post(f"/v1/{plural}/{_one(client, plural, key)['id']}/retire", {}, if_match=matching(None))
    if as_json:
        say_json(said.body)
        return
    out.print("Kept from new papers." if said.position is not None else "Nothing changed: it was retired already.")


@told
def retire_template(key: Key, tenant: TenantName = None, as_json: Json = False) -> None:
    """Keep a template from new papers.

    Example:
      concord templates retire proposal
    """
    _retire("templates", key, tenant, as_json=as_json)


@told
def retire_clause(key: Key, tenant: TenantName = None, as_json: Json = False) -> None:
    """Keep a clause from new papers.

    Example:
      concord clauses retire confidentiality
    """
    _retire("clauses", key, tenant, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    templates = typer.Typer(no_args_is_help=True, help="Templates: what each kind of paper says and asks for.")
    clauses = typer.Typer(no_args_is_help=True, help="Clauses: agreed wording, in versions.")
    for group, commands in (
        (templates, (("list", list_templates), ("show", show_template), ("define", define_template), ("retire", retire_template))),
        (clauses, (("list", list_clauses), ("show", show_clause), ("define", define_clause), ("retire", retire_clause))),
    ):
        for name, command in commands:
            add(group, command, name=name)
    app.add_typer(templates, name="templates")
    app.add_typer(clauses, name="clauses")
