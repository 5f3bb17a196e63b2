"""`concord approvals list | show | approve | reject | withdraw | delegate`: who has to agree, and the answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from typing import Annotated, Any

import typer

from api.cli import approvals_policy
from api.cli.client import Client, calling
from api.cli.fitting import Fitted
from api.cli.formats import NONE, amount, facts, plain, short, table, when, words
from api.cli.options import Json, Note, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.references import DEAL, MEMBER, Noun, find, the_id
from api.cli.tree import add, group
from api.cli.views import View, reading
from api.cli.written_values import a_day
from api.cli.zones import clock

APPROVAL = Noun("approval", "/v1/approvals", lambda a: (a["title"],), searched=True, recent="-requested_at")
Name = Annotated[str, typer.Argument(metavar="APPROVAL", help="The title of what needs it, or an id or the beginning or end of one.")]
Chain = Annotated[str | None, typer.Option("--chain", metavar="CHAIN", help="commercial, finance or legal; left away: each that asks you.")]
_STYLE = {"open": "[cyan]open[/]", "approved": "[green]approved[/]", "rejected": "[red]rejected[/]", "withdrawn": "[dim]withdrawn[/]"}


def percent(value: str) -> str:
    """`12.5 %`."""
    return f"{value.rstrip('0').rstrip('.') if '.' in value else value} %"


def rate_words(rate: str) -> str:
    """A rate to six significant digits; what stands before the point stays whole."""
    exact = Decimal(rate)
    kept = max(6, exact.adjusted() + 2)
    return f"{Context(prec=kept).plus(exact).normalize():f}"


@reading(pages=True, eyes=True)
def list_(
    view: View,
    mine: Annotated[bool, typer.Option("--mine", help="Only what asks you, or somebody for whom you stand in.")] = False,
    status: Annotated[str | None, typer.Option("--status", help="open, approved, rejected or withdrawn (default: open).")] = None,
    deal: Annotated[str | None, typer.Option("--deal", help="Of this deal: title or id.")] = None,
) -> None:
    """Who is asked about what, and since when. Without --status the open ones.

    Examples:
      concord approvals list --mine
      concord approvals list --status rejected --as-of 90d
    """
    with view.calling() as client:
        asked = {"mine": mine or None, "status": status or (None if mine or deal else "open"), "about": the_id(client, DEAL, deal)}
        found = view.page(client, "/v1/approvals", asked)
    empty = "Nothing asks you." if mine else "No approvals match. `--status approved` shows those that were decided."
    view.print_list(found, "approval", approvals_table, empty=empty)


def approvals_table(cards: Iterable[Mapping[str, Any]]) -> Fitted:
    """Approvals, with whom each waits for."""
    spare = ("by", "status", "until", "terms")
    made = table("id", "for", "terms", "by", "waits for", "until", "status", whole=("id", "until"), spare=spare)
    for card in cards:
        turns = [step for step in card["steps"] if step["state"] == "asked"]
        who = "; ".join(f"{step['chain']}: {', '.join(step['asked_names'])}" for step in turns)
        due = min((step["due_at"] for step in turns if step["due_at"]), default=None)
        cells = (short(card["id"]), plain(card["title"]), _terms(card), plain(card["requested_by_name"]), plain(who))
        made.add_row(*cells, when(due) if due else "", _STYLE.get(card["status"], card["status"]))
    return made


def _terms(card: Mapping[str, Any]) -> str:
    agreed, currency = card["agreed_amount"], card["agreed_currency"]
    worth = f"{amount(agreed, currency)} {currency}, " if agreed is not None else ""
    off = f"{percent(card['blended'])} off, " if card["noun"] == "deal" else ""
    return f"{worth}{off}{card['payment_days']} days"


@reading(eyes=True)
def show(view: View, approval: Name) -> None:
    """One approval: the terms, what each chain tests, who was asked and what they said.

    Example:
      concord approvals show "GTX for Acme"
    """
    with view.calling() as client:
        id = find(client, APPROVAL, approval)["id"]
        found = client.get(f"/v1/approvals/{id}", view.params(client))
    if view.as_json:
        say_json(found)
        return
    view.heading()
    item = found["item"]
    out.print(f"[bold]{plain(item['title'])}[/]  {_STYLE.get(item['status'], item['status'])}")
    out.print(f"[dim]{id}, round {item['round']}, {words(item['noun'])} {short(item['about'])}[/]")
    out.print(facts(_facts(item)))
    for chain in item["chains"]:
        _print_chain(chain)


def _facts(item: Mapping[str, Any]) -> list[tuple[str, str]]:
    measures, rate = item["measures"], item["rate"]
    found = [("asked by", f"{plain(item['requested_by_name'])} on {when(item['requested_at'])}")]
    if item["terms"]["amount"]:
        given = item["terms"]["amount"]
        at = f" (one {rate['base']} at {rate_words(rate['rate'])} {rate['quote']} of {rate['day']})" if rate else ""
        found.append(("amount", f"{amount(given['amount'], given['currency'])} {given['currency']}{at}"))
    off = f"{percent(measures['blended'])} in all, {percent(measures['worst_line'])} on the worst line"
    policy = f"version {item['policy_version']}" if item["policy_version"] else "the one that every tenant begins with"
    found += [("discount", off)] if item["noun"] == "deal" else []
    found += [("payment", f"within {measures['payment_days']} days"), ("policy", policy)]
    found.append(("content", f"[dim]{item['content_hash'][:16]}…[/]"))
    if item["comment"]:
        found.append(("comment", plain(item["comment"])))
    return found


def _print_chain(chain: Mapping[str, Any]) -> None:
    out.print(f"\n[bold]{chain['chain']}[/] [dim]{plain(chain['why'])}[/]")
    if chain["plan"] == "carried_over":
        out.print(f"  [green]carried over[/] from round {chain['agreed_in']}")
    if not chain["steps"]:
        return
    made = table("", "post", "asked", "", "", show_header=False)
    for step in chain["steps"]:
        who = ", ".join(step["asked_names"]) or str(step["approver_name"])
        said = f"{step['by_name']}: {step['comment']}" if step["by"] and step["comment"] else step["by_name"] if step["by"] else ""
        until = f"since {when(step['asked_at'])}, until {when(step['due_at'])}" if step["state"] == "asked" else ""
        made.add_row(" ", plain(", ".join(map(words, step["posts"]))), plain(who), _state(step["state"]), plain(said) if said else until)
    out.print(made)


def _state(state: str) -> str:
    return {"approved": "[green]agreed[/]", "rejected": "[red]said no[/]", "asked": "[cyan]asked[/]"}.get(state, NONE)


def _refuse_settled(client: Client, written: str, item: Mapping[str, Any], *, mine: bool) -> None:
    """Where what was named is settled and its words are part of others that are open, say so instead of doing nothing. Raises Ended."""
    if item["status"] == "open":
        return
    asked = {"status": "open", "text": written, "mine": mine or None, "limit": 5}
    others = client.get("/v1/approvals", {name: value for name, value in asked.items() if value is not None})["items"]
    if others:
        lines = tuple(f"  {short(one['id'])}  {plain(one['title'])}" for one in others)
        raise Ended(f"{plain(item['title'])} is {item['status']} already. What is open is another; name it:", Exit.REFUSED, lines=lines)


def _answer(approval: str, path: str, body: dict[str, Any], done: str, tenant: str | None, *, as_json: bool) -> None:
    with calling(tenant) as client:
        waiting: dict[str, Any] = {"status": "open"}
        first = [waiting] if path == "withdraw" else [{**waiting, "mine": True}, waiting]
        id = find(client, APPROVAL, approval, first=first)["id"]
        # exactly what was looked at: other terms by now are refused
        seen = client.get(f"/v1/approvals/{id}")
        _refuse_settled(client, approval, seen["item"], mine=path != "withdraw")
        if path != "withdraw":
            body["content_hash"] = seen["item"]["content_hash"]
        said = client.post(f"/v1/approvals/{id}/{path}", body, if_match=f'"{seen["version"]}"')
        item = client.get(f"/v1/approvals/{id}")["item"]
    if as_json:
        say_json(said.body)
    elif said.position is None:
        out.print(f"Nothing changed for {plain(item['title'])}: that was so already.")
    else:
        out.print(f"{plain(item['title'])}: {done}; {_rest(item)}.")


def _rest(item: Mapping[str, Any]) -> str:
    if item["status"] == "approved":
        return f"all have agreed, and {'the move goes on by itself' if item['noun'] == 'deal' else 'it may be signed'}"
    if item["status"] != "open":
        return f"the request is {item['status']}"
    waits = [name for chain in item["chains"] for step in chain["steps"] if step["state"] == "asked" for name in step["asked_names"]]
    return f"it waits for {plain(', '.join(waits))}"


def _chosen(chain: str | None) -> dict[str, Any]:
    if chain is not None and chain not in {"commercial", "finance", "legal"}:
        raise Ended(f"--chain {chain!r}: choose commercial, finance or legal.", Exit.USAGE)
    return {"chain": chain} if chain else {}


@told
def approve(approval: Name, comment: Note = None, chain: Chain = None, tenant: TenantName = None, as_json: Json = False) -> None:
    """Agree to the terms, as they are at this moment.

    Example:
      concord approvals approve "GTX for Acme" --note "Fine for the volume"
    """
    body = _chosen(chain) | ({"comment": comment} if comment else {})
    _answer(approval, "approve", body, "[green]you agreed[/]", tenant, as_json=as_json)


@told
def reject(
    approval: Name,
    comment: Annotated[str, typer.Option("--note", help="Why; whoever asked reads it.")],
    chain: Chain = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say no, and why. The move is refused with your words.

    Example:
      concord approvals reject "GTX for Acme" --note "Not more than 12 % without a longer term"
    """
    _answer(approval, "reject", _chosen(chain) | {"comment": comment}, "[red]you said no[/]", tenant, as_json=as_json)


@told
def withdraw(approval: Name, comment: Note = None, tenant: TenantName = None, as_json: Json = False) -> None:
    """Take your own request back; the move that waits for it ends.

    Example:
      concord approvals withdraw "GTX for Acme" --note "The buyer signs without a discount"
    """
    _answer(approval, "withdraw", {"comment": comment} if comment else {}, "you took the request back", tenant, as_json=as_json)


@told
def delegate(
    to: Annotated[str | None, typer.Argument(metavar="MEMBER", help="Who decides in your place: name, mail address or id.")] = None,
    first_day: Annotated[str | None, typer.Option("--from", metavar="DAY", help="The first day (default: today).")] = None,
    last_day: Annotated[str | None, typer.Option("--until", metavar="DAY", help="The last day, included.")] = None,
    revoke: Annotated[str | None, typer.Option("--revoke", metavar="ID", help="End this delegation instead.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Let somebody stand in for you on some days. What is their own they cannot decide, nor yours.

    Examples:
      concord approvals delegate "Ana Souza" --from 2027-03-01 --until 2027-03-12
      concord approvals delegate --revoke 01936e4c-0000-7000-8000-000000000001
    """
    with calling(tenant) as client:
        if revoke is not None:
            said = client.post("/v1/approvals/delegations/revoke", {"delegation": revoke})
            sentence = "The delegation is over." if said.position else "There was no such delegation of yours."
        else:
            if to is None or last_day is None:
                raise Ended("Say who stands in, and until when: concord approvals delegate MEMBER --until DAY.", Exit.USAGE)
            body = {"to": the_id(client, MEMBER, to), "first_day": _first(first_day), "last_day": a_day(last_day, "--until")}
            said = client.post("/v1/approvals/delegations", body)
            sentence = f"{plain(to)} stands in for you from {body['first_day']} to {body['last_day']}."
    if as_json:
        say_json(said.body)
    else:
        out.print(sentence)


def _first(written: str | None) -> str:
    if written is not None:
        return a_day(written, "--from")
    return clock.today.isoformat()


def add_to(app: typer.Typer) -> None:
    words_ = "Approvals: who has to agree to which terms, and their answers"
    approvals = group(app, "approvals", words_, ("list", list_), ("show", show))
    add(approvals, approve, reject, withdraw, delegate)
    approvals_policy.add_to(approvals)
