"""`concord disputes open`, and what is said, proven and asked on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from api.cli.client import Client, calling
from api.cli.deals_move import myself
from api.cli.documents import referred
from api.cli.formats import amount, plain, words
from api.cli.options import Json, Note, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.references import ACCOUNT, DISPUTE, MEMBER, find, the_id
from api.cli.tree import add
from api.cli.written_values import a_day, money, money_of_case

DisputeName = Annotated[str, typer.Argument(metavar="DISPUTE", help="Its title, or an id or the beginning or end of one.")]
ForThem = Annotated[bool, typer.Option("--for-them", help="You record what the other side said, by letter or telephone.")]
Evidence = Annotated[
    list[str] | None, typer.Option("--evidence", metavar="KIND=DOCUMENT", help="order=PO-17.pdf: a file here, or a reference; repeat.")
]


def spoken(*, for_them: bool) -> dict[str, str]:
    """By whom it is said, where that has to be told."""
    return {"by": "them"} if for_them else {}


def proofs(client: Client, written: Iterable[str]) -> list[dict[str, str]]:
    """Each `KIND=DOCUMENT`: a file here, a kept document's SHA-256, or a reference. Raises Ended."""
    found = []
    for one in written:
        kind, equals, document = one.partition("=")
        if not equals or not document.strip():
            raise Ended(f"--evidence {one!r}: write KIND=DOCUMENT, like order=PO-17.pdf or correspondence='Letter of 2 March'.", Exit.USAGE)
        found.append({"kind": kind.strip(), **referred(client, document.strip())})
    return found


def claimed(written: Iterable[str], currency: str | None) -> tuple[str, list[dict[str, Any]]]:
    """(the currency, each `DOCUMENT, LINE, NET[, TAX]` as a disputed line). Raises Ended."""
    lines = []
    for one in written:
        parts = [part.strip() for part in one.split(",")]
        if len(parts) not in {3, 4}:
            raise Ended(f"--line {one!r}: write 'INVOICE, LINE, NET' like 'RE-117, 10, 410.00 EUR', and perhaps ', TAX'.", Exit.USAGE)
        currency = currency or money(parts[2])["currency"]
        net = money_of_case(parts[2], currency)
        tax = money_of_case(parts[3], currency) if len(parts) == 4 else "0"
        reference = {"kind": "invoice", "document": parts[0], "line": parts[1]}
        lines.append({"reference": reference, "net": net, "tax": tax})
    if not lines or currency is None:
        raise Ended("Say what is disputed: --line 'INVOICE, LINE, NET', like --line 'RE-117, 10, 410.00 EUR, 77.90'.", Exit.USAGE)
    return currency, lines


@told
def open_(
    title: Annotated[str, typer.Argument(help="What the case is called.")],
    account: Annotated[str, typer.Option("--account", "--supplier", help="With whom: name or id.")],
    reason: Annotated[str, typer.Option("--reason", help="price_variance, quantity_short, damaged, quality, late_delivery, ...")],
    line: Annotated[list[str] | None, typer.Option("--line", metavar="LINE", help="'INVOICE, LINE, NET[, TAX]'; repeat.")] = None,
    evidence: Evidence = None,
    because: Annotated[str | None, typer.Option("--because", help="The reason in words; needed for the reason `other`.")] = None,
    critical: Annotated[bool, typer.Option("--critical", help="To be resolved within business days instead of weeks.")] = False,
    owner: Annotated[str | None, typer.Option("--owner", help="Who is responsible (default: you).")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Prepare it only: nothing is held, nobody is told.")] = False,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Raise a claim: its lines are locked, what is disputed is held, the clocks run.

    Example:
      concord disputes open "Housings too dear" --supplier Kolbe --reason price_variance
          --line "RE-117, 10, 410.00 EUR, 77.90" --evidence order=PO-4711.pdf
    """
    currency, lines = claimed(line or (), None)
    with calling(tenant) as client:
        body = {
            "account": the_id(client, ACCOUNT, account),
            "title": title,
            "reason": reason,
            "reason_text": because,
            "severity": "critical" if critical else "normal",
            "currency": currency,
            "lines": lines,
            "evidence": proofs(client, evidence or ()),
            "owner": the_id(client, MEMBER, owner) or myself(client),
        }
        said = client.post("/v1/disputes/drafts" if draft else "/v1/disputes", body)
        item = client.get(f"/v1/disputes/{said.body['id']}")["item"]
    if as_json:
        say_json(said.body)
        return
    held = f"{amount(item['ledger']['open'], currency)} {currency}"
    out.print(f"{'Drafted' if draft else 'Raised'} [bold]{plain(title)}[/]: {held} disputed. [dim]{said.body['id']}[/]")


Body = dict[str, Any] | Callable[[Client, dict[str, Any]], dict[str, Any]]
"""What is sent; or how it is made of the case as it stands."""


def carry_out(dispute: str, path: str, body: Body, tenant: str | None, *, as_json: bool) -> None:
    """Carry out a command on a case, and say how the case stands then."""
    with calling(tenant) as client:
        id = find(client, DISPUTE, dispute)["id"]
        if callable(body):
            body = body(client, client.get(f"/v1/disputes/{id}")["item"])
        said = client.post(f"/v1/disputes/{id}/{path}", body, if_match="*")
        item = client.get(f"/v1/disputes/{id}")["item"]
    if as_json:
        say_json(said.body)
        return
    currency, ledger = item["currency"], item["ledger"]
    money_ = f"{amount(ledger['open'], currency)} of {amount(ledger['original'], currency)} {currency} open"
    out.print(f"{'' if said.position is not None else 'Nothing to do: '}{plain(item['title'])} is {words(item['status'])}, {money_}.")


@told
def submit(dispute: DisputeName, tenant: TenantName = None, as_json: Json = False) -> None:
    """Raise a claim that was drafted.

    Example:
      concord disputes submit "Housings too dear"
    """
    carry_out(dispute, "submit", {}, tenant, as_json=as_json)


@told
def acknowledge(dispute: DisputeName, tenant: TenantName = None, as_json: Json = False) -> None:
    """Record that the side that has to answer confirmed the claim.

    Example:
      concord disputes acknowledge "Housings too dear"
    """
    carry_out(dispute, "acknowledge", {}, tenant, as_json=as_json)


@told
def investigate(dispute: DisputeName, tenant: TenantName = None, as_json: Json = False) -> None:
    """Look into a case, or wait for the other side no longer.

    Example:
      concord disputes investigate "Housings too dear"
    """
    carry_out(dispute, "investigate", {}, tenant, as_json=as_json)


@told
def ask(
    dispute: DisputeName,
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Ask the other side, and wait: our clock stands still, theirs runs.

    Example:
      concord disputes ask "Housings too dear" "Which price list do you mean?"
    """
    carry_out(dispute, "await", {"question": question}, tenant, as_json=as_json)


@told
def comment(
    dispute: DisputeName,
    text: Annotated[str, typer.Argument(help="What there is to say.")],
    internal: Annotated[bool, typer.Option("--internal", help="Among us only: it never leaves.")] = False,
    for_them: ForThem = False,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say something about a case, to the other side or among us.

    Example:
      concord disputes comment "Housings too dear" "Third time this year" --internal
    """
    body = {"text": text, "visibility": "internal" if internal else "public", **spoken(for_them=for_them)}
    carry_out(dispute, "comments", body, tenant, as_json=as_json)


@told
def attach(
    dispute: DisputeName,
    evidence: Annotated[
        str, typer.Argument(metavar="KIND=DOCUMENT", help="order=PO-17.pdf: a file here, a kept document's SHA-256, or a reference.")
    ],
    note: Note = None,
    internal: Annotated[bool, typer.Option("--internal", help="Among us only: it never leaves.")] = False,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Attach evidence: a file, or a document by its reference.

    Example:
      concord disputes attach "Housings too dear" delivery_note=LS-88.pdf
    """

    def body(client: Client, _item: dict[str, Any]) -> dict[str, Any]:
        [piece] = proofs(client, [evidence])
        return {"evidence": {**piece, "note": note, "visibility": "internal" if internal else "public"}}

    carry_out(dispute, "evidence", body, tenant, as_json=as_json)


@told
def escalate(
    dispute: DisputeName,
    level: Annotated[int, typer.Argument(min=0, max=3, help="1 category lead, 2 head, 3 executive; 0 lifts the escalation.")],
    note: Annotated[str, typer.Option("--note", help="Why.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Raise a case to a level, or take it back to none.

    Example:
      concord disputes escalate "Housings too dear" 1 --note "No answer for a week"
    """
    path = "escalate" if level else "escalation/lift"
    carry_out(dispute, path, {"level": level, "note": note}, tenant, as_json=as_json)


@told
def assign(
    dispute: DisputeName,
    owner: Annotated[str, typer.Argument(help="Who is responsible from now on: name, mail address or id.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Make another member responsible.

    Example:
      concord disputes assign "Housings too dear" "Ana Souza"
    """
    carry_out(dispute, "owner", lambda client, _: {"owner": the_id(client, MEMBER, owner)}, tenant, as_json=as_json)


def day_or_today(written: str | None, option: str) -> str:
    """The day that is written, else today. Raises Ended."""
    from datetime import UTC, datetime

    return a_day(written, option) if written else datetime.now(UTC).date().isoformat()


def add_to(disputes: typer.Typer) -> None:
    add(disputes, open_, submit, acknowledge, investigate, ask, comment, attach, escalate, assign)
