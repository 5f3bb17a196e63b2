"""`concord contracts revise`: what a draft says, changed before anybody agrees to it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli import written_terms as w
from api.cli.client import Client
from api.cli.contracts_make import Number, change
from api.cli.contracts_read import ContractName
from api.cli.options import IfVersion, Json, TenantName
from api.cli.outcomes import Ended, Exit, told
from api.cli.tree import add
from api.cli.written_values import a_day, money


@told
def revise(
    contract: ContractName,
    title: Annotated[str | None, typer.Option("--title", help="Another title.")] = None,
    number: Number = None,
    start: Annotated[str | None, typer.Option("--start", metavar="DAY", help="Another first day.")] = None,
    end: w.End = None,
    value: w.Value = None,
    per: Annotated[w.Per | None, typer.Option("--per", help="What the value is due for.")] = None,
    renews: Annotated[str | None, typer.Option("--renews", metavar="HOW", help="'fixed', '12 months' or 'evergreen'.")] = None,
    notice: w.Notice = None,
    delivery_days: w.Delivery = None,
    pay_within: w.PayWithin = None,
    clause: Annotated[
        list[str] | None, typer.Option("--clause", metavar="KEY=TEXT", help="A clause, or another wording of it; without TEXT it goes.")
    ] = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Change what a draft says; what is not named stays. One in review goes back to draft first (`concord contracts return`).

    Examples:
      concord contracts revise Cleaning --value "11000 EUR" --pay-within 30
      concord contracts revise Cleaning --clause "keys=Keys are returned on the last day."
    """
    how = w.renewal(renews) if renews else None
    changes = {
        "start": a_day(start, "--start") if start else None,
        "end": a_day(end, "--end") if end else None,
        "value": money(value) if value else None,
        "value_per": per.value if per else None,
        "payment_days": pay_within,
        "renewal": how,
    }

    def body(_client: Client, before: dict[str, Any]) -> dict[str, Any]:
        then: dict[str, Any] = before["terms"]
        evergreen = (how or then["renewal"])["kind"] == "evergreen"
        found = changes | {"notice": w.notice_rule(notice, delivery_days, evergreen=evergreen)}
        given: dict[str, Any] = {name: said for name, said in found.items() if said is not None}
        if evergreen and how is not None:
            given["end"] = None
        if clause:
            given["clauses"] = _clauses(then["clauses"], clause)
        named = {name: said for name, said in (("title", title), ("number", number)) if said is not None}
        if not given and not named:
            raise Ended("Say what is to be different; --help lists what there is.", Exit.USAGE)
        return named | ({"terms": then | given} if given else {})

    change(contract, "revise", body, lambda _: "the draft is revised", if_version, tenant, as_json=as_json)


def _clauses(then: list[dict[str, Any]], written: list[str]) -> list[dict[str, Any]]:
    found = {one["key"]: one for one in then}
    for one in written:
        key, sign, text = (part.strip() for part in one.partition("="))
        if not sign and key not in found:
            raise Ended(f"--clause {one!r}: write KEY=TEXT; this contract has no clause {key!r} to take away.", Exit.USAGE)
        if text:
            found[key] = {"key": key, "text": text}
        else:
            found.pop(key, None)
    return list(found.values())


def add_to(contracts: typer.Typer) -> None:
    add(contracts, revise)
