"""`concord deals open | advance | withdraw | reopen | reverse-win`: a deal's way, from its opening to won or lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from api.cli.client import Client, Said, calling
from api.cli.deals_read import DealName, pipeline_version
from api.cli.formats import money as shown_money
from api.cli.formats import plain
from api.cli.options import IfVersion, Json, Note, TenantName, Wait
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.progress import waiting
from api.cli.references import ACCOUNT, DEAL, MEMBER, PAPER, PIPELINE, find, the_id
from api.cli.tree import add
from api.cli.written_values import a_day, evidence, lines, money

Evidence = Annotated[
    list[str] | None,
    typer.Option(
        "--evidence", metavar="CRITERION=VALUE", help="What proves an exit criterion; repeat for several. `deals show` lists them."
    ),
]
Reason = Annotated[str | None, typer.Option("--reason", help="A reason code; needed on the way back and for a loss.")]


@told
def open_(
    title: Annotated[str, typer.Argument(help="What the deal is called.")],
    account: Annotated[str, typer.Option("--account", help="With whom: name or id.")],
    close_date: Annotated[str, typer.Option("--close-date", metavar="DAY", help="Expected to close on this day, like 2027-03-31.")],
    amount: Annotated[str | None, typer.Option("--amount", metavar="AMOUNT", help="What it is worth, like '12500 EUR'.")] = None,
    line: Annotated[list[str] | None, typer.Option("--line", metavar="LINE", help="'PRODUCT, QUANTITY, UNIT PRICE'; repeat.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Who is responsible (default: you).")] = None,
    pipeline: Annotated[str | None, typer.Option("--pipeline", help="Which way it goes (default: the tenant's first).")] = None,
    next_step: Annotated[str | None, typer.Option("--next-step", help="What comes next.")] = None,
    next_step_on: Annotated[str | None, typer.Option("--on", metavar="DAY", help="When that is.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Open a deal, in the first stage of a pipeline.

    Example:
      concord deals open "GTX for the new line" --account Acme --amount "12500 EUR" --close-date 2027-03-31
    """
    if (amount is None) == (not line):
        raise Ended(
            "Say what the deal is worth: --amount '12500 EUR', or --line 'PRODUCT, QUANTITY, UNIT PRICE' for each line.", Exit.USAGE
        )
    with calling(tenant) as client:
        body: dict[str, Any] = {
            "title": title,
            "account": the_id(client, ACCOUNT, account),
            "close_date": a_day(close_date, "--close-date"),
            "owner": the_id(client, MEMBER, owner) or myself(client),
        }
        if amount is not None:
            body["amount"] = money(amount, client.get("/v1/settings")["item"]["currency"])
        else:
            body["lines"] = lines(client, line or ())
        if pipeline is not None:
            body["pipeline"] = the_id(client, PIPELINE, pipeline)
        if next_step is not None:
            body["next_step"] = next_step
        if next_step_on is not None:
            body["next_step_on"] = a_day(next_step_on, "--on")
        said = client.post("/v1/deals", body)
        item = client.get(f"/v1/deals/{said.body['id']}")["item"]
    if as_json:
        say_json(said.body)
        return
    out.print(f"Opened [bold]{plain(title)}[/] in {plain(item['stage_name'])}, {shown_money(item['amount'])}. [dim]{said.body['id']}[/]")


def myself(client: Client) -> str:
    """The caller's own member."""
    return str(client.get("/v1/sessions/current")["member"])


@told
def advance(
    deal: DealName,
    to: Annotated[str, typer.Argument(metavar="STAGE", help="Where to: a stage's key or name.")],
    proofs: Evidence = None,
    reason: Reason = None,
    note: Note = None,
    competitor: Annotated[str | None, typer.Option("--competitor", help="Who won it, if it is lost.")] = None,
    order_reference: Annotated[str | None, typer.Option("--order-reference", help="The purchase order, if it is won.")] = None,
    ordered_on: Annotated[str | None, typer.Option("--ordered-on", metavar="DAY", help="The order's day (default: today).")] = None,
    signed_on: Annotated[str | None, typer.Option("--signed-on", metavar="DAY", help="The day of the signature, if it is won.")] = None,
    signature: Annotated[str | None, typer.Option("--signature", help="The signed paper's reference.")] = None,
    paper: Annotated[str | None, typer.Option("--paper", help="Our paper that all have signed, if it is won: number or id.")] = None,
    wait: Wait = 10,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Ask for a move to another stage, and wait until it is carried out or refused.

    Exit code 4: refused, with the list of what is missing and how to provide it. Exit code 6: not settled yet.

    Examples:
      concord deals advance 6e4c0012 discover --evidence need_stated="Said so on Monday"
      concord deals advance "GTX for Acme" won --order-reference PO-4711
      concord deals advance 6e4c0012 lost --reason price
    """
    with calling(tenant) as client:
        id = find(client, DEAL, deal)["id"]
        item = client.get(f"/v1/deals/{id}")["item"]
        version = pipeline_version(client, item["pipeline"], item["pipeline_version"])
        body: dict[str, Any] = {"to": _stage(version, to), "evidence": evidence(client, proofs or (), version)}
        days = {"ordered_on": ordered_on, "signed_on": signed_on}
        given = {"reason": reason, "note": note, "competitor": competitor, "order_reference": order_reference, "signature": signature}
        given["paper"] = the_id(client, PAPER, paper)
        body |= {name: value for name, value in given.items() if value is not None}
        body |= {name: a_day(value, f"--{name.replace('_', '-')}") for name, value in days.items() if value is not None}
        with waiting(f"Waiting until the move to {body['to']} has settled"):
            said = client.post(f"/v1/deals/{id}/advance", body, if_match=matching(if_version), wait=wait)
    _tell_move(said, item, version, body["to"], wait=wait, as_json=as_json)


def matching(version: int | None) -> str:
    """`If-Match` for a version that was read; `*` for whatever is there."""
    return "*" if version is None else f'"{version}"'


def _stage(version: Mapping[str, Any], written: str) -> str:
    """A stage's key, by key or name. What the pipeline does not have goes on as it is: the API names those there are."""
    for stage in version.get("stages", ()):
        if written.casefold() in {stage["key"].casefold(), stage["name"].casefold()}:
            return str(stage["key"])
    known = [stage["key"] for stage in version.get("stages", ())]
    if known:
        raise Ended(f"This deal's pipeline has no stage {written!r}; it has {', '.join(known)}.", Exit.NOT_FOUND, data={"stages": known})
    return written


def _tell_move(said: Said, item: Mapping[str, Any], version: Mapping[str, Any], to: str, *, wait: int, as_json: bool) -> None:
    waiting = said.body.get("waiting_for", "nothing") != "nothing"
    names = {stage["key"]: stage["name"] for stage in version.get("stages", ())}
    if as_json:
        say_json(said.body)
    elif not waiting and said.position is None and item["stage"] == to:
        out.print(f"{plain(item['title'])} is in {plain(names.get(to, to))} already.")
    elif not waiting:
        out.print(f"[green]{plain(item['title'])} moved from {plain(item['stage_name'])} to {plain(names.get(to, to))}.[/]")
    elif said.body["waiting_for"] == "approval":
        out.print(
            f"{plain(item['title'])} waits for approval before it moves to {plain(names.get(to, to))}; it goes on by itself. "
            f"[dim]concord approvals show {said.body['link'].rpartition('/')[2]}[/]",
        )
    else:
        out.print(
            f"{plain(item['title'])} is on its way to {plain(names.get(to, to))}: it waits for {_who(said.body['waiting_for'])}. "
            f"[dim]concord deals show {said.body['id']}[/]",
        )
    if waiting and wait:
        raise SystemExit(int(Exit.PENDING))


def _who(waiting_for: str) -> str:
    return "its workflow, which the worker carries out" if waiting_for == "workflow" else waiting_for.replace("_", " ")


@told
def withdraw(deal: DealName, note: Note = None, tenant: TenantName = None, as_json: Json = False) -> None:
    """Take back the pending move.

    Example:
      concord deals withdraw "GTX for Acme" --note "Asked too early"
    """
    _simply(deal, "move/withdraw", {"note": note} if note else {}, "{} stays in {}: the move is withdrawn.", tenant, as_json=as_json)


@told
def reopen(
    deal: DealName,
    reason: Annotated[str, typer.Option("--reason", help="Why, in your words.")],
    close_date: Annotated[str | None, typer.Option("--close-date", metavar="DAY", help="Needed where the old one has passed.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Open a lost deal again, in the stage it left.

    Example:
      concord deals reopen "GTX for Acme" --reason "Budget found" --close-date 2027-06-30
    """
    _simply(deal, "reopen", _reopening(reason, close_date), "{} is open again, in {}.", tenant, as_json=as_json)


@told
def reverse_win(
    deal: DealName,
    reason: Annotated[str, typer.Option("--reason", help="Why, in your words.")],
    close_date: Annotated[str | None, typer.Option("--close-date", metavar="DAY", help="Needed where the old one has passed.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Take a win back (finance).

    Example:
      concord deals reverse-win "GTX for Acme" --reason "Order cancelled" --close-date 2027-06-30
    """
    _simply(deal, "win/reverse", _reopening(reason, close_date), "{} is open again, in {}.", tenant, as_json=as_json)


def _reopening(reason: str, close_date: str | None) -> dict[str, Any]:
    return {"reason": reason} | ({"close_date": a_day(close_date, "--close-date")} if close_date else {})


def _simply(deal: str, path: str, body: dict[str, Any], sentence: str, tenant: str | None, *, as_json: bool) -> None:
    with calling(tenant) as client:
        id = find(client, DEAL, deal)["id"]
        said = client.post(f"/v1/deals/{id}/{path}", body, if_match="*")
        item = client.get(f"/v1/deals/{id}")["item"]
    if as_json:
        say_json(said.body)
    elif said.position is None:
        out.print(f"Nothing to do: {plain(item['title'])} is in {plain(item['stage_name'])}.")
    else:
        out.print(sentence.format(plain(item["title"]), plain(item["stage_name"])))


def add_to(deals: typer.Typer) -> None:
    add(deals, open_)
    add(deals, advance, withdraw, reopen)
    add(deals, reverse_win)
