"""`concord disputes 8d`: the corrective action of a case, from its demand over D3 to D7 to the check of its effect."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from api.cli.disputes_change import DisputeName, carry_out
from api.cli.options import Json, TenantName
from api.cli.outcomes import told
from api.cli.tree import group

Words = Annotated[str, typer.Option("--note", help="What there is to say.")]


class Step(StrEnum):
    """The disciplines that are recorded, in their order."""

    D3 = "d3"
    D4 = "d4"
    D5 = "d5"
    D6 = "d6"
    D7 = "d7"


@told
def demand(dispute: DisputeName, note: Words, tenant: TenantName = None, as_json: Json = False) -> None:
    """Ask for an 8D report. Containment (D3), causes (D4) and measures (D5) get their dates; a case that repeats others asks by itself.

    Example:
      concord disputes 8d demand "Housings too dear" --note "Third time this year"
    """
    carry_out(dispute, "corrective-action", {"note": note}, tenant, as_json=as_json)


@told
def step(
    dispute: DisputeName,
    which: Annotated[Step, typer.Argument(metavar="STEP", help="d3 contained, d4 causes, d5 chosen, d6 carried out, d7 prevented.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What was found or done.")],
    cause: Annotated[list[str] | None, typer.Option("--cause", metavar="CODE", help="Of d4: a root cause by its code; repeat.")] = None,
    ours: Annotated[bool, typer.Option("--ours", help="We did it; otherwise who has to answer the claim did.")] = False,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Record a step of the 8D report; each comes after those before it.

    Examples:
      concord disputes 8d step "Housings too dear" d3 "Stock inspected and sorted"
      concord disputes 8d step "Housings too dear" d4 "Old price list in use" --cause supplier_pricing
    """
    body = {"step": which, "text": text, "causes": cause or []} | ({"by": "us"} if ours else {})
    carry_out(dispute, "corrective-action/steps", body, tenant, as_json=as_json)


@told
def check(
    dispute: DisputeName,
    effective: Annotated[bool, typer.Option("--effective/--not-effective", help="Whether the measures had their effect.")],
    note: Words,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say whether the measures had their effect. If so it is closed; if not, the next round begins with new dates.

    Examples:
      concord disputes 8d check "Housings too dear" --effective --note "No repeat in three months"
      concord disputes 8d check "Housings too dear" --not-effective --note "Again in May"
    """
    carry_out(dispute, "corrective-action/check", {"effective": effective, "note": note}, tenant, as_json=as_json)


@told
def cancel(
    dispute: DisputeName,
    reason: Annotated[str, typer.Option("--reason", help="Why, in your words.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Demand it no more.

    Example:
      concord disputes 8d cancel "Housings too dear" --reason "Asked for by mistake"
    """
    carry_out(dispute, "corrective-action/cancel", {"reason": reason}, tenant, as_json=as_json)


def add_to(disputes: typer.Typer) -> None:
    commands = ("demand", demand), ("step", step), ("check", check), ("cancel", cancel)
    group(disputes, "8d", "The corrective action of a case (8D), with its dates", *commands)
