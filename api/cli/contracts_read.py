"""`concord contracts list | show | calendar | obligations`: how contracts stand, and which days count, now or at any past moment."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from api.cli.contract_tables import contracts_table, days_table, print_contract
from api.cli.options import Owner, Team
from api.cli.outcomes import say_json
from api.cli.references import ACCOUNT, CONTRACT, MEMBER, TEAM, find, the_id
from api.cli.tree import add
from api.cli.views import View, reading
from api.cli.written_values import a_day

ContractName = Annotated[str, typer.Argument(metavar="CONTRACT", help="Its title or number, or an id or the beginning or end of one.")]
With = Annotated[str | None, typer.Option("--with", metavar="ACCOUNT", help="With this account: name or id.")]
FromDay = Annotated[str | None, typer.Option("--from", metavar="DAY", help="This day or later.")]
BeforeDay = Annotated[str | None, typer.Option("--before", metavar="DAY", help="Before this day.")]
Past = Annotated[bool, typer.Option("--past", help="Also what is over.")]


class Sort(StrEnum):
    """What the list is sorted by; a minus turns it round."""

    SEND_BY = "send_by"
    SEND_BY_LAST = "-send_by"
    ENDS = "ends"
    ENDS_LAST = "-ends"
    ANNUAL = "annual"
    ANNUAL_LAST = "-annual"
    TITLE = "title"
    SINCE = "since"
    SINCE_LAST = "-since"
    DRAFTED = "drafted_at"
    DRAFTED_LAST = "-drafted_at"


class SideName(StrEnum):
    """Which side we are on."""

    SELL = "sell"
    BUY = "buy"


class KindName(StrEnum):
    """What a day is about."""

    SEND_BY = "send_by"
    DEADLINE = "deadline"
    RENEWAL = "renewal"
    TERM_END = "term_end"
    END = "end"
    OBLIGATION = "obligation"


SideOption = Annotated[SideName | None, typer.Option("--side", help="What we sell by, or buy by.")]


@reading(pages=True, eyes=True)
def list_(
    view: View,
    party: With = None,
    owner: Owner = None,
    team: Team = None,
    side: SideOption = None,
    status: Annotated[str | None, typer.Option("--status", help="draft, in_review, approved, active, expiring, ...")] = None,
    live: Annotated[bool, typer.Option("--live", help="In force only.")] = False,
    ends_before: Annotated[
        str | None, typer.Option("--ends-before", metavar="DAY", help="Ending, or with a term that ends, before then.")
    ] = None,
    send_by_before: Annotated[str | None, typer.Option("--notice-before", metavar="DAY", help="Notice is to be sent before then.")] = None,
    missed: Annotated[bool, typer.Option("--missed", help="The last day to give notice passed without one.")] = False,
    breached: Annotated[bool, typer.Option("--breached", help="Something owed by it was not done in time.")] = False,
    text: Annotated[str | None, typer.Option("--text", help="With this text in title, number or the account's name.")] = None,
    sort: Annotated[Sort, typer.Option("--sort", help="A minus turns the order round.")] = Sort.SEND_BY,
) -> None:
    """Contracts, filtered and sorted; those whose notice has to be sent first on top.

    Examples:
      concord contracts list --live --side buy
      concord contracts list --notice-before 2027-06-30 --as-of 90d
    """
    with view.calling() as client:
        asked = {
            "party": the_id(client, ACCOUNT, party),
            "owner": the_id(client, MEMBER, owner),
            "team": the_id(client, TEAM, team),
            "side": side,
            "status": status,
            "live": live or None,
            "ends_before": a_day(ends_before, "--ends-before") if ends_before else None,
            "send_by_before": a_day(send_by_before, "--notice-before") if send_by_before else None,
            "missed": missed or None,
            "breached": breached or None,
            "text": text,
            "sort": sort,
        }
        found = view.page(client, "/v1/contracts", asked)
    empty = "No contracts match. Leave a filter away, or begin one with `concord contracts create` or `concord contracts from-deal`."
    view.print_list(found, "contract", contracts_table, empty=empty)


@reading(eyes=True)
def show(
    view: View,
    contract: ContractName,
    on: Annotated[str | None, typer.Option("--on", metavar="DAY", help="The day whose terms are shown (default: today).")] = None,
) -> None:
    """One contract: its terms in force on a day, amendments, papers, days that count, and what is owed.

    Examples:
      concord contracts show "Service for the line"
      concord contracts show 6e4c0012 --on 2028-01-01
    """
    with view.calling() as client:
        id, params = find(client, CONTRACT, contract)["id"], view.params(client)
        answer = client.get(f"/v1/contracts/{id}", params)
        day = a_day(on, "--on") if on else (view.until(client) or datetime.now(UTC)).date().isoformat()
        terms = client.get(f"/v1/contracts/{id}/terms", {**params, "on": day})
    if view.as_json:
        say_json({"id": id, **answer, "terms_on": terms})
        return
    print_contract(id, answer["item"], terms, view.words)


_NAMED = {"party": ACCOUNT, "owner": MEMBER, "team": TEAM, "responsible": MEMBER, "contract": CONTRACT}


def _print_days(
    view: View,
    path: str,
    noun: str,
    asked: dict[str, Any],
    named: dict[str, str | None],
    days: tuple[str | None, str | None],
    *,
    empty: str,
) -> None:
    """A list of days. `named`: by whom or what it is narrowed, as it was written; `days`: from which and before which."""
    with view.calling() as client:
        first, before = (a_day(day, option) if day else None for day, option in zip(days, ("--from", "--before"), strict=True))
        ids = {name: the_id(client, _NAMED[name], written) for name, written in named.items()}
        found = view.page(client, path, {**asked, **ids, "from_day": first, "before_day": before})
        until = view.until(client)
    view.print_list(found, noun, lambda items: days_table(items, until), empty=empty)


@reading(pages=True, eyes=True)
def calendar(
    view: View,
    first: FromDay = None,
    before: BeforeDay = None,
    kind: Annotated[list[KindName] | None, typer.Option("--kind", help="Only such days; repeat for several.")] = None,
    party: With = None,
    owner: Owner = None,
    team: Team = None,
    side: SideOption = None,
    past: Past = False,
) -> None:
    """The days that count: notice to be sent, last days for it, renewals, ends, and what is due; overdue ones first.

    Examples:
      concord contracts calendar --before 2027-04-01 --team Procurement
      concord contracts calendar --kind send_by --kind deadline
    """
    asked = {"kind": kind or None, "side": side, "open": None if past else True}
    empty = "No day of a contract is ahead that matches. `--past` shows those that are over, too; `concord contracts list` the contracts."
    named = {"party": party, "owner": owner, "team": team}
    _print_days(view, "/v1/contract-calendar", "day", asked, named, (first, before), empty=empty)


@reading(pages=True, eyes=True)
def obligations(
    view: View,
    first: FromDay = None,
    before: BeforeDay = None,
    by: Annotated[str | None, typer.Option("--by", help="Who owes it: us or them.")] = None,
    status: Annotated[list[str] | None, typer.Option("--status", help="pending, due, met, waived, breached or dropped; repeat.")] = None,
    contract: Annotated[str | None, typer.Option("--contract", help="By this contract: title or id.")] = None,
    party: With = None,
    owner: Owner = None,
    team: Team = None,
    responsible: Annotated[str | None, typer.Option("--responsible", help="Seen to by this member: name or id.")] = None,
    past: Past = False,
) -> None:
    """What both parties owe by contracts, in order of the day it is due.

    Examples:
      concord contracts obligations --by us --before 2027-04-01
      concord contracts obligations --status breached
    """
    asked = {"by": by, "status": status or None, "open": None if past or status else True}
    empty = "Nothing is owed that matches. `--past` shows what was, too; `concord contracts owe` says what a party owes."
    named = {"party": party, "owner": owner, "team": team, "responsible": responsible, "contract": contract}
    _print_days(view, "/v1/obligations", "obligation", asked, named, (first, before), empty=empty)


def add_to(contracts: typer.Typer) -> None:
    add(contracts, list_, show, calendar, obligations)
