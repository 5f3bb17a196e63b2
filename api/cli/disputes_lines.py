"""`concord disputes add-lines | reverse-line | split`: what moves the amount that a case is about."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import typer

from api.cli.client import Client, calling
from api.cli.dispute_tables import called
from api.cli.disputes_change import DisputeName, carry_out, claimed
from api.cli.formats import amount, plain
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.references import DISPUTE, find
from api.cli.tree import add
from api.cli.written_values import money_of_case

Why = Annotated[str, typer.Option("--reason", help="Why, in your words.")]
LineName = Annotated[
    str, typer.Argument(metavar="LINE", help="'INVOICE, LINE' as `show` lists it, the invoice where it has one line, or an id.")
]


def the_line(item: dict[str, Any], written: str) -> dict[str, Any]:
    """The one line of a case that is meant. Raises Ended: there is none, or several."""
    wanted = " ".join(written.replace(",", " ").split()).casefold()
    lines: list[dict[str, Any]] = [line for line in item["lines"] if Decimal(line["original"])]

    def answers(line: dict[str, Any]) -> tuple[bool, bool]:
        document, number = " ".join(line["document"].split()).casefold(), str(line["number"]).casefold()
        shown = " ".join(called(line).replace(",", " ").split()).casefold()
        return wanted in {f"{document} {number}", shown} or line["id"].endswith(wanted), wanted in {document, number}

    found = [line for line in lines if answers(line)[0]] or [line for line in lines if answers(line)[1]]
    if len(found) == 1:
        return found[0]
    told_ = tuple(f"  {_told(line)}  {amount(line['open'], item['currency'])} {item['currency']} open" for line in lines)
    raise Ended(f"{'Several lines answer' if found else 'No line answers'} to {written!r}; the case has:", Exit.NOT_FOUND, lines=told_)


def _told(line: dict[str, Any]) -> str:
    return called(line) if line["kind"] == "obligation" else f"{line['document']}, {line['number']}"


@told
def add_lines(
    dispute: DisputeName,
    line: Annotated[list[str], typer.Option("--line", metavar="LINE", help="'INVOICE, LINE, NET[, TAX]'; repeat.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Dispute more lines in a case that was drafted or raised.

    Example:
      concord disputes add-lines "Housings too dear" --line "RE-117, 20, 35.00 EUR, 6.65"
    """
    carry_out(dispute, "lines", lambda _, item: {"lines": claimed(line, item["currency"])[1]}, tenant, as_json=as_json)


@told
def reverse_line(dispute: DisputeName, line: LineName, reason: Why, tenant: TenantName = None, as_json: Json = False) -> None:
    """Claim what is open of one line no more; it is payable then. The last open line goes with `withdraw` or `void`.

    Example:
      concord disputes reverse-line "Housings too dear" "RE-117, 20" --reason "Booked twice by us"
    """
    carry_out(dispute, "lines/reverse", lambda _, item: {"line": the_line(item, line)["id"], "reason": reason}, tenant, as_json=as_json)


@told
def split(
    dispute: DisputeName,
    line: Annotated[
        list[str], typer.Option("--line", metavar="LINE", help="What goes: 'INVOICE, LINE', or 'INVOICE, LINE, AMOUNT' for a part; repeat.")
    ],
    reason: Why,
    title: Annotated[
        str | None, typer.Option("--title", help="What the new case is called (default: as this one, and which part).")
    ] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Let lines, or parts of them, go on in a case of their own. Amounts are with tax; the new case has come as far as this one.

    Example:
      concord disputes split "Housings too dear" --line "RE-117, 20" --line "RE-117, 10, 120.00" --title "Freight" --reason "Another matter"
    """
    from uuid import uuid4

    with calling(tenant) as client:
        id, child = find(client, DISPUTE, dispute)["id"], str(uuid4())
        item = client.get(f"/v1/disputes/{id}")["item"]
        body: dict[str, Any] = {"child": child, "lines": [_part(item, one) for one in line], "reason": reason}
        said = client.post(f"/v1/disputes/{id}/split", body | ({"title": title} if title else {}), if_match="*")
        kept, gone = _case(client, id), _case(client, child)
    if as_json:
        say_json({**said.body, "child": child})
        return
    for case, words_ in ((kept, "keeps"), (gone, "takes")):
        out.print(f"{plain(case['title'])} {words_} {amount(case['ledger']['open'], case['currency'])} {case['currency']}.")
    out.print(f"The new case: [dim]{child}[/]")


def _case(client: Client, id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/disputes/{id}")["item"]
    return found


def _part(item: dict[str, Any], written: str) -> dict[str, Any]:
    """`INVOICE, LINE[, AMOUNT]` of the case. Raises Ended."""
    parts = [part.strip() for part in written.split(",", 2)]
    found = {"line": the_line(item, " ".join(parts[:2]))["id"]}
    return found | ({"amount": money_of_case(parts[2], item["currency"])} if len(parts) == 3 else {})


def add_to(disputes: typer.Typer) -> None:
    add(disputes, add_lines, reverse_line, split)
