"""`concord disputes queue | list | show | figures`: how disputes stand, now or at any past moment."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from api.cli import disputes_change, disputes_settle
from api.cli.client import Client, calling
from api.cli.dispute_tables import print_case, print_queue
from api.cli.formats import NONE, amount, plain, table, words
from api.cli.moments import instant_asked, moment_params, moment_words
from api.cli.options import After, All, AsOf, Basis, Json, Limit, OfBasis, Owner, TenantName, Text
from api.cli.outcomes import out, print_count, say_json, told
from api.cli.references import ACCOUNT, DISPUTE, MEMBER, find, the_id
from api.cli.tree import add

DisputeName = Annotated[str, typer.Argument(metavar="DISPUTE", help="Its title, or an id or the beginning or end of one.")]
With = Annotated[str | None, typer.Option("--account", "--supplier", help="With this account: name or id.")]
Reason = Annotated[str | None, typer.Option("--reason", help="price_variance, quantity_short, damaged, quality, late_delivery, ...")]


class Sort(StrEnum):
    """What a list is sorted by; a minus turns it round."""

    DUE = "due"
    OPEN = "open"
    OPEN_LAST = "-open"
    BEGAN = "began_at"
    BEGAN_LAST = "-began_at"
    ESCALATION_LAST = "-escalation"
    TITLE = "title"


class By(StrEnum):
    """By what figures are told apart."""

    ACCOUNT = "account"
    REASON = "reason"
    OWNER = "owner"
    ROOT_CAUSE = "root_cause"
    SEVERITY = "severity"
    MONTH = "month"


def _cards(client: Client, asked: dict[str, Any], limit: int, after: str | None, *, everything: bool) -> dict[str, Any]:
    return client.page("/v1/disputes", asked, most=limit, after=after, everything=everything)


@told
def queue(
    owner: Owner = None,
    account: With = None,
    reason: Reason = None,
    theirs: Annotated[bool, typer.Option("--theirs", help="The other side owes the answer.")] = False,
    escalated: Annotated[bool, typer.Option("--escalated", help="Raised to a level.")] = False,
    text: Text = None,
    limit: Limit = 50,
    everything: All = False,
    after: After = None,
    as_of: AsOf = None,
    basis: OfBasis = Basis.KNOWN,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """The disputes to be worked on, those first of which a clock runs out first.

    Examples:
      concord disputes queue
      concord disputes queue --owner "Ana Souza" --escalated
      concord disputes queue --as-of yesterday
    """
    with calling(tenant) as client:
        asked: dict[str, Any] = {
            **moment_params(as_of, basis),
            "live": True,
            "owner": the_id(client, MEMBER, owner),
            "account": the_id(client, ACCOUNT, account),
            "reason": reason,
            "due_party": "them" if theirs else None,
            "escalation_from": 1 if escalated else None,
            "text": text,
        }
        found = _cards(client, asked, limit, after, everything=everything)
    if as_json:
        say_json(found)
        return
    print_queue(found["items"], moment_words(as_of, basis), found["next"])


@told
def list_(
    owner: Owner = None,
    account: With = None,
    status: Annotated[str | None, typer.Option("--status", help="draft, opened, proposed, settled, closed, ...")] = None,
    reason: Reason = None,
    document: Annotated[str | None, typer.Option("--document", help="About this invoice or order, by its number.")] = None,
    text: Text = None,
    sort: Annotated[Sort, typer.Option("--sort", help="A minus turns the order round.")] = Sort.BEGAN_LAST,
    limit: Limit = 50,
    everything: All = False,
    after: After = None,
    as_of: AsOf = None,
    basis: OfBasis = Basis.KNOWN,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Disputes of any status, filtered and sorted.

    Examples:
      concord disputes list --status closed
      concord disputes list --supplier Kolbe --sort=-open --json
    """
    with calling(tenant) as client:
        asked = {
            **moment_params(as_of, basis),
            "owner": the_id(client, MEMBER, owner),
            "account": the_id(client, ACCOUNT, account),
            "status": status,
            "reason": reason,
            "document": document,
            "text": text,
            "sort": sort.value,
        }
        found = _cards(client, asked, limit, after, everything=everything)
    if as_json:
        say_json(found)
        return
    print_queue(found["items"], moment_words(as_of, basis), found["next"])


@told
def show(dispute: DisputeName, as_of: AsOf = None, basis: OfBasis = Basis.KNOWN, tenant: TenantName = None, as_json: Json = False) -> None:
    """One case: its ledger, clocks and their pauses, offers, evidence, and what was said.

    Examples:
      concord disputes show "Housings dearer than agreed"
      concord disputes show 6e4c0012 --as-of 2026-03-31
    """
    with calling(tenant) as client:
        id = find(client, DISPUTE, dispute)["id"]
        answer = client.get(f"/v1/disputes/{id}", moment_params(as_of, basis))
        until = instant_asked(client, as_of)
    if as_json:
        say_json({"id": id, **answer})
        return
    print_case(id, answer["item"], moment_words(as_of, basis), until)


@told
def figures(
    by: Annotated[list[By] | None, typer.Option("--by", help="By what they are told apart; repeat for several.")] = None,
    account: With = None,
    since: Annotated[str | None, typer.Option("--since", metavar="INSTANT", help="Raised from then on, like 2026-01-01T00:00:00Z.")] = None,
    as_of: AsOf = None,
    basis: OfBasis = Basis.KNOWN,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """How long disputes took, what was recovered, and what leaked away.

    Examples:
      concord disputes figures --by account
      concord disputes figures --by reason --as-of 90d
    """
    chosen = [one.value for one in by or [By.ACCOUNT]]
    with calling(tenant) as client:
        asked = {**moment_params(as_of, basis), "by": chosen, "account": the_id(client, ACCOUNT, account), "opened_from": since}
        found = client.get("/v1/disputes/figures", asked)
    if as_json:
        say_json(found)
        return
    if as_of:
        out.print(f"[yellow]{moment_words(as_of, basis)}[/]")
    numbers = ("cases", "live", "days", "claimed", "recovered", "leakage", "share")
    made = table(*(words(name) for name in chosen), "", *numbers, right=numbers)
    for row in found["rows"]:
        keys = [plain(row["names"].get(name) or row["keys"][name]) for name in chosen]
        money = [amount(row[name], row["currency"], whole=True) for name in ("claimed", "recovered", "leakage")]
        share = f"{row['leakage_share']} %" if row["leakage_share"] is not None else NONE
        made.add_row(*keys, row["currency"], str(row["cases"]), str(row["live"]), row["days_median"] or NONE, *money, share)
    out.print(made)
    print_count(len(found["rows"]), "row", None)


def add_to(app: typer.Typer) -> None:
    disputes = typer.Typer(
        help="Disputes: the queue by what remains, and the way from a claim to the settled cent.",
        short_help="Disputes: the queue by what remains, and the way from a claim to the settled cent",
        no_args_is_help=True,
    )
    add(disputes, queue, list_, show)
    disputes_change.add_to(disputes)
    disputes_settle.add_to(disputes)
    add(disputes, figures)
    app.add_typer(disputes, name="disputes")
