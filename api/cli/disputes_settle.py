"""`concord disputes propose | counter | accept | settle | ...`: offers, settlements, and how a case ends."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.client import Client
from api.cli.disputes_change import DisputeName, Evidence, ForThem, carry_out, day_or_today, proofs, spoken
from api.cli.documents import uploaded
from api.cli.formats import plain, short, words
from api.cli.options import Json, Note, TenantName
from api.cli.outcomes import Ended, Exit, told
from api.cli.tree import add
from api.cli.written_values import a_day, money_of_case

Credit = Annotated[str | None, typer.Option("--credit", metavar="AMOUNT", help="Credited to who claims.")]
Pay = Annotated[str | None, typer.Option("--pay", metavar="AMOUNT", help="Paid after all.")]
WriteOff = Annotated[str | None, typer.Option("--write-off", metavar="AMOUNT", help="Given up as a loss; needs authority.")]
SettleBy = Annotated[str | None, typer.Option("--settle-by", metavar="DAY", help="Until when it would be done.")]


def _terms(item: dict[str, Any], given: dict[str, str | None], settle_by: str | None) -> dict[str, Any]:
    """The parts of an offer; what is not named is credited, as far as something is open."""
    terms = {name: money_of_case(value, item["currency"]) for name, value in given.items() if value is not None}
    if not terms:
        terms = {"credit": item["ledger"]["open"]}
    return terms | ({"settle_by": a_day(settle_by, "--settle-by")} if settle_by else {})


def _offer(
    dispute: str, given: dict[str, str | None], settle_by: str | None, more: dict[str, Any], tenant: str | None, *, as_json: bool
) -> None:
    carry_out(dispute, "proposals", lambda _, item: {"terms": _terms(item, given, settle_by), **more}, tenant, as_json=as_json)


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


def _on_table(item: dict[str, Any]) -> str:
    """The offer that is open. Raises Ended."""
    found = [offer["id"] for offer in item["offers"] if offer["outcome"] == "open"]
    if not found:
        raise Ended("No offer is on the table; `concord disputes propose` makes one.", Exit.REFUSED)
    return str(found[-1])


def _answer(dispute: str, path: str, more: dict[str, Any], tenant: str | None, *, as_json: bool) -> None:
    carry_out(dispute, path, lambda _, item: {"offer": _on_table(item), **more}, tenant, as_json=as_json)


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
    file: Annotated[Path | None, typer.Option("--file", metavar="FILE", help="The document itself, kept with the case.")] = None,
    on: Annotated[str | None, typer.Option("--on", metavar="DAY", help="Its day (default: today).")] = None,
    note: Note = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Settle a part of what is open by a document or a release.

    Examples:
      concord disputes settle "Housings too dear" credit_note 400.00 --number GS-31 --file GS-31.pdf
      concord disputes settle "Housings too dear" release
    """

    def body(client: Client, item: dict[str, Any]) -> dict[str, Any]:
        amount = money_of_case(value, item["currency"]) if value else item["ledger"]["open"]
        theirs = kind in {"credit_note", "return_credit"} and item["side"] == "buy"
        found = {"kind": kind, "amount": amount, "number": number, "on": day_or_today(on, "--on"), "note": note, **spoken(for_them=theirs)}
        return found | ({"sha256": uploaded(client, file)["sha256"]} if file else {})

    carry_out(dispute, "settlements", body, tenant, as_json=as_json)


@told
def unsettle(
    dispute: DisputeName,
    document: Annotated[str, typer.Argument(metavar="NUMBER", help="The settling document's number, or the end of its id.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in your words.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Take a settling document back; what it settled is open again.

    Example:
      concord disputes unsettle "Housings too dear" GS-31 --reason "Cancelled by them"
    """

    def body(_client: Client, item: dict[str, Any]) -> dict[str, Any]:
        wanted = document.strip().casefold()
        standing = [one for one in item["settlements"] if not one["reversed"]]
        found = [one for one in standing if (one["number"] or "").casefold() == wanted or one["id"].endswith(wanted)]
        if len(found) != 1:
            lines = tuple(f"  {short(one['id'])}  {words(one['kind'])} {plain(one['number'] or '')}" for one in standing)
            raise Ended(f"No one document {document!r} settles this case" + (":" if lines else "."), Exit.NOT_FOUND, lines=lines)
        return {"document": found[0]["id"], "reason": reason}

    carry_out(dispute, "settlements/reverse", body, tenant, as_json=as_json)


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
    carry_out(dispute, "write-off", {"reason": reason, "note": note}, tenant, as_json=as_json)


_Why = Annotated[str, typer.Option("--reason", help="Why, in your words.")]


@told
def withdraw(dispute: DisputeName, reason: _Why, tenant: TenantName = None, as_json: Json = False) -> None:
    """Claim nothing any more; what was open is payable.

    Example:
      concord disputes withdraw "Housings too dear" --reason "The price was agreed after all"
    """
    carry_out(dispute, "withdraw", {"reason": reason}, tenant, as_json=as_json)


@told
def void(dispute: DisputeName, reason: _Why, tenant: TenantName = None, as_json: Json = False) -> None:
    """Say that the case should never have been.

    Example:
      concord disputes void "Housings too dear" --reason "Opened twice"
    """
    carry_out(dispute, "void", {"reason": reason}, tenant, as_json=as_json)


@told
def close(
    dispute: DisputeName,
    root_cause: Annotated[
        str | None,
        typer.Option("--root-cause", help="Its code: supplier_pricing, our_order, carrier, ...; needed where none is named yet."),
    ] = None,
    note: Note = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """End a case that is settled or written off, with its root cause.

    Examples:
      concord disputes close "Housings too dear" --root-cause supplier_pricing
      concord disputes close "Housings too dear"                # where `concord disputes root-cause` named it before
    """
    carry_out(dispute, "close", {"root_cause": root_cause, "note": note}, tenant, as_json=as_json)


@told
def reopen(dispute: DisputeName, reason: _Why, evidence: Evidence = None, tenant: TenantName = None, as_json: Json = False) -> None:
    """Take a closed case up again, on evidence that was not there before.

    Example:
      concord disputes reopen "Housings too dear" --reason "Credit note cancelled" --evidence correspondence=Letter.pdf
    """
    carry_out(
        dispute,
        "reopen",
        lambda client, _: {"reason": reason, "evidence": proofs(client, evidence or ())},
        tenant,
        as_json=as_json,
    )


@told
def root_cause(
    dispute: DisputeName,
    code: Annotated[str, typer.Argument(metavar="CODE", help="supplier_pricing, our_order, carrier, ...; a wrong one lists them all.")],
    note: Note = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Name the root cause, before the case is closed or without closing it; `other` needs a note.

    Example:
      concord disputes root-cause "Housings too dear" supplier_pricing --note "Old price list"
    """
    carry_out(dispute, "root-cause", {"root_cause": code, "note": note}, tenant, as_json=as_json)


def add_to(disputes: typer.Typer) -> None:
    add(disputes, propose, counter, accept, reject, settle, unsettle, write_off, withdraw, void, root_cause, close, reopen)
