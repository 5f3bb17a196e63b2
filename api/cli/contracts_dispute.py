"""`concord contracts dispute`: a breach opens its dispute in one step."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import typer

from api.cli.client import Client
from api.cli.contracts_change import one_of
from api.cli.contracts_make import change
from api.cli.contracts_owed import Obligation
from api.cli.contracts_read import ContractName
from api.cli.formats import plain
from api.cli.options import IfVersion, Json, TenantName
from api.cli.outcomes import Ended, Exit, told
from api.cli.tree import add
from api.cli.written_values import a_day, money


@told
def dispute(
    contract: ContractName,
    obligation: Obligation,
    claim: Annotated[str | None, typer.Option("--claim", metavar="AMOUNT", help="What is asked for (default: the penalty).")] = None,
    note: Annotated[str | None, typer.Option("--note", help="What there is to say.")] = None,
    occurrence: Annotated[
        str | None, typer.Option("--of", metavar="DAY", help="Which time: its nominal day (default: the last that was breached).")
    ] = None,
    if_version: IfVersion = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Claim a breach: its dispute is opened at once, and all that comes of it is one chain (`concord replay CONTRACT --chain`).

    Examples:
      concord contracts dispute Cleaning "Quarterly report"
      concord contracts dispute Cleaning "Quarterly report" --claim "700 EUR" --of 2027-03-31
    """
    asked: dict[str, str] = {}

    def body(_client: Client, before: dict[str, Any]) -> dict[str, Any]:
        meant = one_of(before["obligations"], obligation, "obligation")
        times = [o["occurrence"] for o in meant["occurrences"] if o["status"] == "breached"]
        if occurrence is None and not times:
            raise Ended(f"No time of {meant['title']} was breached; name one with --of DAY.", Exit.NOT_FOUND)
        if claim is None and (meant["penalty"] is None or Decimal(meant["penalty"]["amount"]) <= 0):
            raise Ended(f"The contract names no penalty for {meant['title']}; say what is claimed, like --claim '500 EUR'.", Exit.USAGE)
        asked.update(obligation=meant["id"], occurrence=a_day(occurrence, "--of") if occurrence else times[-1])
        return {**asked, **({"claim": money(claim)} if claim else {}), **({"note": note} if note else {})}

    def sentence(item: dict[str, Any]) -> str:
        times = next(one["occurrences"] for one in item["obligations"] if one["id"] == asked["obligation"])
        case = next(o["dispute"] for o in times if o["occurrence"] == asked["occurrence"])
        return f"{plain(obligation)} of {asked['occurrence']} is claimed in the dispute {case}"

    change(contract, "obligations/dispute", body, sentence, if_version, tenant, as_json=as_json)


def add_to(contracts: typer.Typer) -> None:
    add(contracts, dispute)
