"""`concord disputes queue | list | show | figures`: how disputes stand, now or at any past moment."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from api.cli import disputes_8d, disputes_change, disputes_lines, disputes_settle
from api.cli.dispute_tables import IN_A_LIST, disputes_table, print_case
from api.cli.formats import NONE, amount, plain, table, words
from api.cli.options import Owner, Text
from api.cli.outcomes import out, print_count, say_json
from api.cli.references import ACCOUNT, DISPUTE, MEMBER, find, the_id
from api.cli.tree import add, group
from api.cli.views import View, reading

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


_EMPTY = "No disputes match. Raise one with `concord disputes open`, or bring yours in with `concord import FILES`."


@reading(pages=True, eyes=True)
def queue(
    view: View,
    owner: Owner = None,
    account: With = None,
    reason: Reason = None,
    theirs: Annotated[bool, typer.Option("--theirs", help="The other side owes the answer.")] = False,
    escalated: Annotated[bool, typer.Option("--escalated", help="Raised to a level.")] = False,
    text: Text = None,
) -> None:
    """The disputes to be worked on, those first of which a clock runs out first.

    Examples:
      concord disputes queue
      concord disputes queue --owner "Ana Souza" --escalated
      concord disputes queue --as-of yesterday
    """
    with view.calling() as client:
        asked: dict[str, Any] = {
            "live": True,
            "owner": the_id(client, MEMBER, owner),
            "account": the_id(client, ACCOUNT, account),
            "reason": reason,
            "due_party": "them" if theirs else None,
            "escalation_from": 1 if escalated else None,
            "text": text,
        }
        found = view.page(client, "/v1/disputes", asked)
    view.print_list(found, "dispute", disputes_table, empty=_EMPTY)


@reading(pages=True, eyes=True)
def list_(
    view: View,
    owner: Owner = None,
    account: With = None,
    status: Annotated[str | None, typer.Option("--status", help="draft, opened, proposed, settled, closed, ...")] = None,
    reason: Reason = None,
    document: Annotated[str | None, typer.Option("--document", help="About this invoice or order, by its number.")] = None,
    text: Text = None,
    sort: Annotated[Sort, typer.Option("--sort", help="A minus turns the order round.")] = Sort.BEGAN_LAST,
) -> None:
    """Disputes of any status, filtered and sorted.

    Examples:
      concord disputes list --status closed
      concord disputes list --supplier Kolbe --sort=-open --json
    """
    with view.calling() as client:
        asked = {
            "owner": the_id(client, MEMBER, owner),
            "account": the_id(client, ACCOUNT, account),
            "status": status,
            "reason": reason,
            "document": document,
            "text": text,
            "sort": sort,
        }
        found = view.page(client, "/v1/disputes", asked)
    view.print_list(found, "dispute", lambda items: disputes_table(items, IN_A_LIST), empty=_EMPTY)


@reading(eyes=True)
def show(view: View, dispute: DisputeName) -> None:
    """One case: its ledger, clocks and their pauses, offers, evidence, corrective action, and what was said.

    Examples:
      concord disputes show "Housings dearer than agreed"
      concord disputes show 6e4c0012 --as-of 2026-03-31
    """
    with view.calling() as client:
        id = find(client, DISPUTE, dispute)["id"]
        answer = client.get(f"/v1/disputes/{id}", view.params(client))
        until = view.until(client)
    if view.as_json:
        say_json({"id": id, **answer})
        return
    print_case(id, answer["item"], view.words, until)


@reading(eyes=True)
def figures(
    view: View,
    by: Annotated[list[By] | None, typer.Option("--by", help="By what they are told apart; repeat for several.")] = None,
    account: With = None,
    since: Annotated[str | None, typer.Option("--since", metavar="INSTANT", help="Raised from then on, like 2026-01-01T00:00:00Z.")] = None,
) -> None:
    """How long disputes took, what was recovered, and what leaked away.

    Examples:
      concord disputes figures --by account
      concord disputes figures --by reason --as-of 90d
    """
    chosen = [one.value for one in by or [By.ACCOUNT]]
    with view.calling() as client:
        asked = {**view.params(client), "by": chosen, "account": the_id(client, ACCOUNT, account), "opened_from": since}
        found = client.get("/v1/disputes/figures", asked)
    if view.as_json:
        say_json(found)
        return
    view.heading()
    money = ("claimed", "recovered", "leakage")
    numbers = ("cases", "live", "days", *money, "share")
    spare = ("live", "days", "cases", "share")
    made = table(*map(words, chosen), *numbers, right=numbers, spare=spare)
    for row in found["rows"]:
        keys = [plain(row["names"].get(name) or words(str(row["keys"][name] or ""))) for name in chosen]
        share = f"{row['leakage_share']} %" if row["leakage_share"] is not None else NONE
        amounts = (f"{amount(row[name], row['currency'])} {row['currency']}" for name in money)
        made.add_row(*keys, str(row["cases"]), str(row["live"]), row["days_median"] or NONE, *amounts, share)
    if not found["rows"]:
        out.print(_EMPTY)
        return
    out.print(made)
    print_count(len(found["rows"]), "row", None)


def add_to(app: typer.Typer) -> None:
    words_ = "Disputes: the queue by what remains, and the way from a claim to the settled cent"
    disputes = group(app, "disputes", words_, ("queue", queue), ("list", list_), ("show", show))
    disputes_change.add_to(disputes)
    disputes_lines.add_to(disputes)
    disputes_settle.add_to(disputes)
    disputes_8d.add_to(disputes)
    add(disputes, figures)
