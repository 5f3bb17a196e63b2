"""`concord contracts create | from-deal | register | submit | approve | ...`: a contract's way to its signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from api.cli import written_terms as w
from api.cli.client import Client, calling
from api.cli.contracts_read import ContractName, SideName
from api.cli.deals_move import matching, myself
from api.cli.formats import plain, words
from api.cli.options import IfVersion, Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.references import ACCOUNT, CONTRACT, DEAL, MEMBER, PAPER, find, the_id
from api.cli.tree import add
from api.cli.written_values import a_day, money
from api.cli.zones import clock

Title = Annotated[str, typer.Argument(help="What the contract is called.")]
With = Annotated[str, typer.Option("--with", metavar="ACCOUNT", help="With whom: name or id.")]
Number = Annotated[str | None, typer.Option("--number", help="Its number in your files.")]
OwnerOption = Annotated[str | None, typer.Option("--owner", help="Who is responsible (default: you).")]
Zone = Annotated[str | None, typer.Option("--zone", help="In which its days are counted (default: the tenant's).")]
Why = Annotated[str, typer.Option("--reason", help="Why, in your words.")]
SignedOn = Annotated[str | None, typer.Option("--signed-on", metavar="DAY", help="The day of the last signature (default: today).")]


def _drafted(
    client: Client, title: str, side: SideName, party: str, number: str | None, owner: str | None, zone: str | None, terms: dict[str, Any]
) -> dict[str, Any]:
    body = {
        "title": title,
        "side": side.value,
        "party": the_id(client, ACCOUNT, party),
        "owner": the_id(client, MEMBER, owner) or myself(client),
        "zone": zone or client.get("/v1/settings")["item"]["zone"],
        "terms": terms,
    }
    return body | ({"number": number} if number else {})


def _begun(path: str, body: Callable[[Client], dict[str, Any]], tenant: str | None, *, as_json: bool) -> None:
    with calling(tenant) as client:
        said = client.post(path, body(client))
        item = client.get(f"/v1/contracts/{said.body['id']}")["item"]
    if as_json:
        say_json(said.body)
        return
    out.print(f"Began [bold]{plain(item['title'])}[/] with {plain(item['party_name'])}: {words(item['status'])}. [dim]{said.body['id']}[/]")


def today() -> str:
    """The day it is in the tenant's zone."""
    return clock.today.isoformat()


@told
def create(
    title: Title,
    party: With,
    side: Annotated[SideName, typer.Option("--side", help="What we sell by, or buy by.")],
    start: w.Start,
    renews: w.Renews,
    end: w.End = None,
    value: w.Value = None,
    per: w.PerOption = w.Per.TERM,
    notice: w.Notice = None,
    delivery_days: w.Delivery = None,
    pay_within: w.PayWithin = None,
    number: Number = None,
    owner: OwnerOption = None,
    zone: Zone = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Begin a contract as a draft, to be reviewed and signed.

    Example:
      concord contracts create "Cleaning" --with "Blank KG" --side buy --start 2027-01-01 --end 2027-12-31 --value "12000 EUR"
        --renews "12 months" --notice "3 months"
    """
    terms = w.terms(start, end, value, per, renews, notice, delivery_days, pay_within)
    _begun("/v1/contracts", lambda client: _drafted(client, title, side, party, number, owner, zone, terms), tenant, as_json=as_json)


@told
def from_deal(
    deal: Annotated[str, typer.Argument(metavar="DEAL", help="A won deal: its title or id.")],
    start: w.Start,
    renews: w.Renews,
    end: w.End = None,
    value: w.Value = None,
    per: Annotated[w.Per | None, typer.Option("--per", help="What the value is due for.")] = None,
    notice: w.Notice = None,
    delivery_days: w.Delivery = None,
    pay_within: w.PayWithin = None,
    number: Number = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Begin the contract of a won deal in one step: account, owner, title and value are the deal's.

    Example:
      concord contracts from-deal "GTX for Acme" --start 2027-01-01 --end 2027-12-31 --renews fixed
    """
    terms = w.terms(start, end, value, per or w.Per.TERM, renews, notice, delivery_days, pay_within)
    if per is None:
        del terms["value_per"]

    def body(client: Client) -> dict[str, Any]:
        return {"deal": the_id(client, DEAL, deal), **terms} | ({"number": number} if number else {})

    _begun("/v1/contracts/from-deal", body, tenant, as_json=as_json)


@told
def register(
    title: Title,
    party: With,
    side: Annotated[SideName, typer.Option("--side", help="What we sell by, or buy by.")],
    start: w.Start,
    renews: w.Renews,
    paper: w.Paper,
    signed_on: Annotated[str, typer.Option("--signed-on", metavar="DAY", help="The day of the last signature.")],
    end: w.End = None,
    value: w.Value = None,
    per: w.PerOption = w.Per.TERM,
    notice: w.Notice = None,
    delivery_days: w.Delivery = None,
    pay_within: w.PayWithin = None,
    number: Number = None,
    owner: OwnerOption = None,
    zone: Zone = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Take over a contract that was signed before; it is in force at once, and its days are watched.

    Example:
      concord contracts register "Cleaning" --with "Blank KG" --side buy --start 2026-01-01 --end 2026-12-31 --renews "12 months"
        --notice "3 months" --signed-on 2025-12-15 --paper cleaning.pdf
    """
    terms = w.terms(start, end, value, per, renews, notice, delivery_days, pay_within)
    signed = {"paper": w.paper(paper), "signed_on": a_day(signed_on, "--signed-on")}
    _begun(
        "/v1/contracts/register",
        lambda client: {**_drafted(client, title, side, party, number, owner, zone, terms), **signed},
        tenant,
        as_json=as_json,
    )


def change(
    contract: str,
    path: str,
    body: Callable[[Client, dict[str, Any]], dict[str, Any]],
    sentence: Callable[[dict[str, Any]], str],
    if_version: int | None,
    tenant: str | None,
    *,
    as_json: bool,
) -> None:
    """Change a contract; `body`: what to send, from the contract as it stands; `sentence`: what is so now."""
    with calling(tenant) as client:
        id = find(client, CONTRACT, contract)["id"]
        before = client.get(f"/v1/contracts/{id}")["item"]
        said = client.post(f"/v1/contracts/{id}/{path}", body(client, before), if_match=matching(if_version))
        item = client.get(f"/v1/contracts/{id}")["item"]
    if as_json:
        say_json(said.body)
    elif said.position is None:
        out.print(f"Nothing changed: it was so already for {plain(item['title'])}.")
    else:
        out.print(f"{plain(item['title'])}: {sentence(item)}.")


def signed(client: Client, written: str) -> tuple[dict[str, str], str | None]:
    """(what was signed, the day of the last signature): a paper here by its number, or a file. Raises Ended."""
    from pathlib import Path

    if Path(written.removeprefix("@")).expanduser().is_file() or "#" in written:
        return w.paper(written), None
    found = client.get(f"/v1/papers/{find(client, PAPER, written)['id']}")
    item = found["item"]
    if item["sealed"] is None:
        raise Ended(f"Not everybody has signed {item['number']} yet; `concord papers show {item['number']}` says who.", Exit.REFUSED)
    return {"id": found["id"], "reference": item["number"], "sha256": item["sealed"]["sha256"]}, item["signed_on"]


def now_is(item: dict[str, Any]) -> str:
    """Its status, for one line."""
    return words(item["status"])


@told
def submit(contract: ContractName, if_version: IfVersion = None, tenant: TenantName = None, as_json: Json = False) -> None:
    """Ask for a review of a draft; from now on its content stays as it is.

    Example:
      concord contracts submit Cleaning
    """
    change(contract, "submit", lambda _c, _b: {}, now_is, if_version, tenant, as_json=as_json)


@told
def approve(
    contract: ContractName,
    note: Annotated[str | None, typer.Option("--note", help="What there is to say.")] = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Allow what is under review to be signed: for legal, the finance chief and executives.

    Example:
      concord contracts approve Cleaning --note "As discussed"
    """

    def body(_client: Client, before: dict[str, Any]) -> dict[str, Any]:
        return {"content": before["content"] or "0" * 64} | ({"note": note} if note else {})

    change(contract, "approve", body, now_is, if_version, tenant, as_json=as_json)


@told
def return_(contract: ContractName, reason: Why, if_version: IfVersion = None, tenant: TenantName = None, as_json: Json = False) -> None:
    """Send it back to draft, from review, after approval, or because it was not signed.

    Example:
      concord contracts return Cleaning --reason "Clause 7 is missing"
    """
    change(contract, "return", lambda _c, _b: {"reason": reason}, now_is, if_version, tenant, as_json=as_json)


@told
def discard(contract: ContractName, reason: Why, if_version: IfVersion = None, tenant: TenantName = None, as_json: Json = False) -> None:
    """Give up a contract that nobody has signed.

    Example:
      concord contracts discard Cleaning --reason "We do it ourselves"
    """
    change(contract, "discard", lambda _c, _b: {"reason": reason}, now_is, if_version, tenant, as_json=as_json)


@told
def send(contract: ContractName, paper: w.Paper, if_version: IfVersion = None, tenant: TenantName = None, as_json: Json = False) -> None:
    """Give the approved paper to those who sign.

    Example:
      concord contracts send Cleaning --paper cleaning.pdf
    """
    change(contract, "send", lambda _c, _b: {"paper": w.paper(paper)}, now_is, if_version, tenant, as_json=as_json)


@told
def sign(
    contract: ContractName,
    signed_on: SignedOn = None,
    paper: Annotated[
        str | None,
        typer.Option(
            "--paper", metavar="FILE", help="What was signed, if it is another than was sent: a file, or a paper here by its number."
        ),
    ] = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say that all have signed; it is in force from the first day of its term.

    A paper of Concord's signs it by itself once all have signed.

    Examples:
      concord contracts sign Cleaning --signed-on 2026-12-15
      concord contracts sign Cleaning --paper C-2026-7F3KQ2
    """

    def body(client: Client, _before: dict[str, Any]) -> dict[str, Any]:
        found, day = signed(client, paper) if paper else ({}, None)
        on = a_day(signed_on, "--signed-on") if signed_on else day or today()
        return {"signed_on": on} | ({"paper": found} if found else {})

    def sentence(item: dict[str, Any]) -> str:
        dates = item["dates"] or {}
        until = f", notice is to be sent by {dates['send_by']}" if dates.get("send_by") else ""
        return f"{now_is(item)}{until}"

    change(contract, "activate", body, sentence, if_version, tenant, as_json=as_json)


@told
def renew(
    contract: ContractName,
    end: Annotated[str, typer.Option("--end", metavar="DAY", help="The last day of the further term.")],
    paper: w.Paper,
    signed_on: SignedOn = None,
    value: w.Value = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say that both agreed on a further term.

    Example:
      concord contracts renew Cleaning --end 2028-12-31 --value "12600 EUR" --paper cleaning-2028.pdf
    """
    body = {"end": a_day(end, "--end"), "signed_on": a_day(signed_on, "--signed-on") if signed_on else today(), "paper": w.paper(paper)}
    worth = {"value": money(value)} if value else {}
    change(contract, "renew", lambda _c, _b: body | worth, lambda _: f"renewed to {body['end']}", if_version, tenant, as_json=as_json)


def add_to(contracts: typer.Typer) -> None:
    add(contracts, create, from_deal, register, submit, approve, return_, discard, send, sign, renew)
