"""`concord disputes propose | counter | accept | settle | ...`: offers, settlements, and how a case ends."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli.client import Client, calling
from api.cli.disputes_change import DisputeName, Evidence, ForThem, day_or_today, proofs, simply, spoken, tell
from api.cli.options import Json, Note, TenantName
from api.cli.outcomes import Ended, Exit, told
from api.cli.references import DISPUTE, find
from api.cli.tree import add
from api.cli.written_values import a_day, money

Credit = Annotated[str | None, typer.Option("--credit", metavar="AMOUNT", help="Credited to who claims.")]
Pay = Annotated[str | None, typer.Option("--pay", metavar="AMOUNT", help="Paid after all.")]
WriteOff = Annotated[str | None, typer.Option("--write-off", metavar="AMOUNT", help="Given up as a loss; needs authority.")]
SettleBy = Annotated[str | None, typer.Option("--settle-by", metavar="DAY", help="Until when it would be done.")]


def _terms(item: dict[str, Any], given: dict[str, str | None], settle_by: str | None) -> dict[str, Any]:
    """The parts of an offer; what is not named is credited, as far as something is open."""
    terms = {name: money(value, item["currency"])["amount"] for name, value in given.items() if value is not None}
    if not terms:
        terms = {"credit": item["ledger"]["open"]}
    return terms | ({"settle_by": a_day(settle_by, "--settle-by")} if settle_by else {})


def _offer(
    dispute: str, given: dict[str, str | None], settle_by: str | None, more: dict[str, Any], tenant: str | None, *, as_json: bool
) -> None:
    with calling(tenant) as client:
        id = find(client, DISPUTE, dispute)["id"]
        item = client.get(f"/v1/disputes/{id}")["item"]
        said = client.post(f"/v1/disputes/{id}/proposals", {"terms": _terms(item, given, settle_by), **more}, if_match="*")
        item = client.get(f"/v1/disputes/{id}")["item"]
    tell(said.body, item, changed=said.position is not None, as_json=as_json)


@told
def propose(
    dispute: DisputeName,
    credit: Credit = None,
    pay: Pay = None,
    write_off: WriteOff = None,
    settle_by: SettleBy = None,
    note: Note = None,
    for_them: ForThem = False,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Offer how to settle all that is open; without amounts, that all of it is credited.

    Examples:
      concord disputes propose "Housings too dear"
      concord disputes propose "Housings too dear" --credit 400 --pay 87.90
    """
    given = {"credit": credit, "pay": pay, "write_off": write_off}
    _offer(dispute, given, settle_by, {"note": note, **spoken(for_them=for_them)}, tenant, as_json=as_json)


@told
def counter(
    dispute: DisputeName,
    credit: Credit = None,
    pay: Pay = None,
    write_off: WriteOff = None,
    settle_by: SettleBy = None,
    note: Note = None,
    for_them: ForThem = False,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Answer the offer on the table with another one.

    Example:
      concord disputes counter "Housings too dear" --credit 400 --pay 87.90 --for-them
    """
    given = {"credit": credit, "pay": pay, "write_off": write_off}
    _offer(dispute, given, settle_by, {"note": note, **spoken(for_them=for_them)}, tenant, as_json=as_json)


def _on_table(client: Client, id: str) -> str:
    """The offer that is open. Raises Ended."""
    found = [offer["id"] for offer in client.get(f"/v1/disputes/{id}")["item"]["offers"] if offer["outcome"] == "open"]
    if not found:
        raise Ended("No offer is on the table; `concord disputes propose` makes one.", Exit.REFUSED)
    return str(found[-1])


def _answer(dispute: str, path: str, more: dict[str, Any], tenant: str | None, *, as_json: bool) -> None:
    with calling(tenant) as client:
        id = find(client, DISPUTE, dispute)["id"]
        said = client.post(f"/v1/disputes/{id}/{path}", {"offer": _on_table(client, id), **more}, if_match="*")
        item = client.get(f"/v1/disputes/{id}")["item"]
    tell(said.body, item, changed=said.position is not None, as_json=as_json)


@told
def accept(dispute: DisputeName, for_them: ForThem = False, tenant: TenantName = None, as_json: Json = False) -> None:
    """Agree to the offer on the table.

    Example:
      concord disputes accept "Housings too dear"
    """
    _answer(dispute, "accept", spoken(for_them=for_them), tenant, as_json=as_json)


@told
def reject(dispute: DisputeName, note: Note = None, for_them: ForThem = False, tenant: TenantName = None, as_json: Json = False) -> None:
    """Turn the offer on the table down.

    Example:
      concord disputes reject "Housings too dear" --note "Too little"
    """
    _answer(dispute, "reject", {"note": note, **spoken(for_them=for_them)}, tenant, as_json=as_json)


@told
def settle(
    dispute: DisputeName,
    kind: Annotated[str, typer.Argument(help="credit_note, debit_memo, return_credit, release, concession or write_off.")],
    value: Annotated[str | None, typer.Argument(metavar="[AMOUNT]", help="How much, with its tax (default: all that is open).")] = None,
    number: Annotated[str | None, typer.Option("--number", help="The document's number.")] = None,
    on: Annotated[str | None, typer.Option("--on", metavar="DAY", help="Its day (default: today).")] = None,
    note: Note = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Settle a part of what is open by a document or a release.

    Examples:
      concord disputes settle "Housings too dear" credit_note 400.00 --number GS-31
      concord disputes settle "Housings too dear" release
    """
    with calling(tenant) as client:
        id = find(client, DISPUTE, dispute)["id"]
        item = client.get(f"/v1/disputes/{id}")["item"]
        amount = money(value, item["currency"])["amount"] if value else item["ledger"]["open"]
        theirs = kind in {"credit_note", "return_credit"} and item["side"] == "buy"
        body = {"kind": kind, "amount": amount, "number": number, "on": day_or_today(on, "--on"), "note": note, **spoken(for_them=theirs)}
        said = client.post(f"/v1/disputes/{id}/settlements", body, if_match="*")
        item = client.get(f"/v1/disputes/{id}")["item"]
    tell(said.body, item, changed=said.position is not None, as_json=as_json)


@told
def write_off(
    dispute: DisputeName,
    reason: Annotated[str, typer.Option("--reason", help="uneconomic, unprovable, goodwill, insolvent, time_barred or other.")],
    note: Note = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Give up all that is open as a loss; needs authority over the amount.

    Example:
      concord disputes write-off "Housings too dear" --reason uneconomic
    """
    simply(dispute, "write-off", {"reason": reason, "note": note}, tenant, as_json=as_json)


_Why = Annotated[str, typer.Option("--reason", help="Why, in your words.")]


@told
def withdraw(dispute: DisputeName, reason: _Why, tenant: TenantName = None, as_json: Json = False) -> None:
    """Claim nothing any more; what was open is payable.

    Example:
      concord disputes withdraw "Housings too dear" --reason "The price was agreed after all"
    """
    simply(dispute, "withdraw", {"reason": reason}, tenant, as_json=as_json)


@told
def void(dispute: DisputeName, reason: _Why, tenant: TenantName = None, as_json: Json = False) -> None:
    """Say that the case should never have been.

    Example:
      concord disputes void "Housings too dear" --reason "Opened twice"
    """
    simply(dispute, "void", {"reason": reason}, tenant, as_json=as_json)


@told
def close(
    dispute: DisputeName,
    root_cause: Annotated[str, typer.Option("--root-cause", help="Its code: supplier_pricing, our_order, carrier, ...")],
    note: Note = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """End a case that is settled or written off, with its root cause.

    Example:
      concord disputes close "Housings too dear" --root-cause supplier_pricing
    """
    simply(dispute, "close", {"root_cause": root_cause, "note": note}, tenant, as_json=as_json)


@told
def reopen(dispute: DisputeName, reason: _Why, evidence: Evidence = None, tenant: TenantName = None, as_json: Json = False) -> None:
    """Take a closed case up again, on evidence that was not there before.

    Example:
      concord disputes reopen "Housings too dear" --reason "Credit note cancelled" --evidence correspondence=Letter.pdf
    """
    with calling(tenant) as client:
        id = find(client, DISPUTE, dispute)["id"]
        body = {"reason": reason, "evidence": proofs(client, evidence or ())}
        said = client.post(f"/v1/disputes/{id}/reopen", body, if_match="*")
        item = client.get(f"/v1/disputes/{id}")["item"]
    tell(said.body, item, changed=said.position is not None, as_json=as_json)


def add_to(disputes: typer.Typer) -> None:
    add(disputes, propose, counter, accept, reject, settle, write_off, withdraw, void, close, reopen)
