"""`concord audit state`, `diff`, `decision`: a thing at any version, what differs between two moments, a decision replayed."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from api.cli.audit_rows import nameless, print_rows, value_words, why_of
from api.cli.client import Client, calling
from api.cli.formats import amount, plain, table, when, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.references import ACCOUNT, CONTACT, CONTRACT, DEAL, DISPUTE, MEMBER, PAPER, PIPELINE, PRODUCT, SUPPLIER, TEAM, Noun, find_among
from api.cli.views import View, reading

NOUNS: tuple[Noun, ...] = (DEAL, CONTRACT, DISPUTE, ACCOUNT, CONTACT, SUPPLIER, PAPER, MEMBER, TEAM, PIPELINE, PRODUCT)
Named = Annotated[str, typer.Argument(metavar="NAME", help="Its title or name, or an id or the beginning or end of one.")]
OfNoun = Annotated[
    str | None, typer.Option("--noun", help="What it is, where it has no name: approval, settings, ...; then NAME is its id.")
]

_ALSO = "a list of them (deals, contracts, ..., and approvals or interactions), or forecast"
"""What `diff` takes besides a thing."""


def _thing(client: Client, name: str, noun: str | None, *, also: str = "") -> tuple[str, str]:
    if noun is not None:
        return noun, name
    found, id = find_among(client, NOUNS, name, also=also)
    return found.word, id


@reading()
def state(
    view: View,
    name: Named,
    version: Annotated[int, typer.Argument(min=1, help="After how many of its events.")],
    noun: OfNoun = None,
) -> None:
    """Show a thing as it was right after one of its events: what decisions read of it then.

    Examples:
      concord audit state "GTX for Acme" 3
      concord audit state 01936e4c-0000-7000-8000-000000000001 1 --noun approval --json
    """
    with view.calling() as client:
        kind, id = _thing(client, name, noun)
        found = client.get(f"/v1/audit/{kind}/{id}/states/{version}", view.params(client))
    if view.as_json:
        say_json(found)
        return
    view.heading()
    event = found["event"]
    out.print(
        f"Version {version} of {found['versions']}, by event {event['position']:,} of {when(event['recorded_at'])}: {found['sentence']}"
    )
    made = table("field", "value")
    for field, value in found["state"].items():
        if value not in (None, [], {}):
            made.add_row(plain(field), plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))
    out.print(made)


@reading()
def diff(
    view: View,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A thing, by title or id; or deals, contracts, ... ; or forecast.")],
    since: Annotated[str, typer.Option("--since", metavar="WHEN", help="The earlier moment; --as-of names the later one, or it is now.")],
    noun: OfNoun = None,
) -> None:
    """Tell what changed between two moments, by whom, when and why: of one thing, of a list, or of the forecast.

    Examples:
      concord audit diff "GTX for Acme" --since 2026-03-01 --as-of 2026-03-31
      concord audit diff contracts --since 90d
      concord audit diff forecast --since 2026-03-01 --as-of 2026-03-31 --json
    """
    lists = {f"{word}s" for word in (*(n.word for n in NOUNS), "approval", "interaction")}
    with view.calling() as client:
        asked = {**view.params(client), "since": since}
        if name == "forecast":
            found = client.get("/v1/forecast/difference", asked)
        elif name in lists:
            found = client.page(f"/v1/audit/lists/{name}/difference", asked, most=200)
        else:
            kind, id = _thing(client, name, noun, also=_ALSO)
            found = client.get(f"/v1/audit/{kind}/{id}/difference", asked)
    if view.as_json:
        say_json(found)
        return
    view.heading()
    (_print_forecast if name == "forecast" else print_rows if name in lists else _print_fields)(found)


def _print_fields(found: dict[str, Any]) -> None:
    if not found["fields"]:
        out.print("No field has another value.")
    else:
        made = table("field", "from", "to", "by", "when", "why", whole=("when",))
        for one in found["fields"]:
            name, was, now = one["field"], one["before"], one["after"]
            if not (nameless(was, {}) or nameless(now, {})):
                values = (value_words(name.rpartition(".")[2], value) for value in (was, now))
                told = (*map(plain, (words(name), *values, one["actor_name"])), when(one["recorded_at"]), plain(one["why"] or ""))
                made.add_row(*told)
        out.print(made)
    for event in found["events"]:
        out.print(f"  {event['position']:>9,}  {when(event['recorded_at'])}  {plain(event['actor_name'])}: {plain(event['sentence'])}")


def _print_forecast(found: dict[str, Any]) -> None:
    made = table("currency", "what", "deals", "amount", right=("deals", "amount"))
    for side in ("start", "causes", "end"):
        for one in found[side]:
            what = words(one["cause"]) if side == "causes" else f"{side}: {words(one['category'])}"
            made.add_row(one["currency"], what, f"{one['deals']:,}", amount(one["amount"], one["currency"]))
    out.print(made)
    if not found["balanced"]:
        raise Ended("Start and changes do not add up to the end; have the read model of deals rebuilt and ask again.", Exit.FAILED)
    out.print("It balances: start and changes come to the end.")
    for deal in found["items"]:
        out.print(f"{plain(deal['title'])}: {words(deal['cause'])}, {amount(deal['amount'], deal['currency'])} {deal['currency'] or ''}")
        for step in deal["steps"]:
            out.print(
                f"  {step['position']:>9,}  {when(step['recorded_at'])}  {plain(step['actor_name'])}: {plain(step['sentence'])}{why_of(step)}"
            )


@told
def decision(
    position: Annotated[int, typer.Argument(min=1, help="The log position of any event that followed from it.")],
    pipeline_version: Annotated[int | None, typer.Option("--pipeline-version", help="Decide by the gates of this version.")] = None,
    policy_version: Annotated[int | None, typer.Option("--policy-version", help="Decide by this version of the approval policy.")] = None,
    rules_at: Annotated[
        int | None, typer.Option("--rules-at", metavar="POSITION", help="Decide by the rules for deals, contracts and disputes of then.")
    ] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Replay a decision: command, state before, rules and outcome; and whether other rules would have decided otherwise, and why.

    Examples:
      concord audit decision 48211
      concord audit decision 48211 --pipeline-version 1
      concord audit decision 48211 --policy-version 3 --json
    """
    by = {"pipeline_version": pipeline_version, "policy_version": policy_version, "rules_at": rules_at}
    with calling(tenant) as client:
        found = client.get(f"/v1/audit/decisions/{position}", by)
    if as_json:
        say_json(found)
        return
    if found["determined"]:
        given = {name: value for name, value in found["fields"].items() if value not in (None, [], {})}
        out.print(f"{found['command']} {plain(json.dumps(given, ensure_ascii=False))}")
    else:
        out.print(plain(found["undetermined"]))
    out.print(
        f"On {words(found['noun'])} {found['id']} at version {found['version_before']}, as {', '.join(map(words, found['roles'])) or 'Concord'}."
    )
    for event in found["events"]:
        out.print(f"  {event['position']:>9,}  {event['topic']}")
    for line in verdict(found):
        out.print(plain(line))


def verdict(found: dict[str, Any]) -> list[str]:
    """What a replayed decision would have come to, line by line; nothing where that cannot be told."""
    if found["differs"] is None:
        return []
    # of a command that is not known only the policy is asked again: whom it asks
    what = "it" if found["determined"] else "whom it asked"
    asked = ", ".join(f"{words(name)} {value}" for name, value in found["by"].items()) or "the rules of the time"
    if not found["differs"]:
        return [f"By {asked} {what} would have been the same."]
    return [f"By {asked} {what} would have been otherwise:", *(f"  - {why}" for why in found["why"])]
