"""`concord contracts list | show | calendar | obligations`: how contracts stand, and which days count, now or at any past moment."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from api.cli.client import calling
from api.cli.contract_tables import print_contract, print_contracts, print_days
from api.cli.moments import instant_asked, moment_params, moment_words
from api.cli.options import After, All, AsOf, Basis, Json, Limit, OfBasis, Owner, Team, TenantName
from api.cli.outcomes import say_json, told
from api.cli.references import ACCOUNT, CONTRACT, MEMBER, TEAM, find, the_id
from api.cli.tree import add
from api.cli.written_values import a_day

ContractName = Annotated[str, typer.Argument(metavar="CONTRACT", help="Its title or number, or an id or the beginning or end of one.")]
With = Annotated[str | None, typer.Option("--with", metavar="ACCOUNT", help="With this account: name or id.")]
FromDay = Annotated[str | None, typer.Option("--from", metavar="DAY", help="This day or later.")]
BeforeDay = Annotated[str | None, typer.Option("--before", metavar="DAY", help="Before this day.")]
Everything = Annotated[bool, typer.Option("--past", help="Also what is over.")]


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


@told
def list_(
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
    limit: Limit = 50,
    everything: All = False,
    after: After = None,
    as_of: AsOf = None,
    basis: OfBasis = Basis.KNOWN,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Contracts, filtered and sorted; those whose notice has to be sent first on top.

    Examples:
      concord contracts list --live --side buy
      concord contracts list --notice-before 2027-06-30 --as-of 90d
    """
    with calling(tenant) as client:
        asked = {
            **moment_params(as_of, basis),
            "party": the_id(client, ACCOUNT, party),
            "owner": the_id(client, MEMBER, owner),
            "team": the_id(client, TEAM, team),
            "side": side.value if side else None,
            "status": status,
            "live": True if live else None,
            "ends_before": a_day(ends_before, "--ends-before") if ends_before else None,
            "send_by_before": a_day(send_by_before, "--notice-before") if send_by_before else None,
            "missed": True if missed else None,
            "breached": True if breached else None,
            "text": text,
            "sort": sort.value,
        }
        found = client.page("/v1/contracts", asked, most=limit, after=after, everything=everything)
    if as_json:
        say_json(found)
        return
    print_contracts(found["items"], moment_words(as_of, basis), found["next"])


@told
def show(
    contract: ContractName,
    on: Annotated[str | None, typer.Option("--on", metavar="DAY", help="The day whose terms are shown (default: today).")] = None,
    as_of: AsOf = None,
    basis: OfBasis = Basis.KNOWN,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """One contract: its terms in force on a day, amendments, papers, days that count, and what is owed.

    Examples:
      concord contracts show "Service for the line"
      concord contracts show 6e4c0012 --on 2028-01-01
    """
    with calling(tenant) as client:
        id = find(client, CONTRACT, contract)["id"]
        params = moment_params(as_of, basis)
        answer = client.get(f"/v1/contracts/{id}", params)
        day = a_day(on, "--on") if on else (instant_asked(client, as_of) or datetime.now(UTC)).date().isoformat()
        terms = client.get(f"/v1/contracts/{id}/terms", {**params, "on": day})
    if as_json:
        say_json({"id": id, **answer, "terms_on": terms})
        return
    print_contract(id, answer["item"], terms, moment_words(as_of, basis))


def _days(
    path: str,
    asked: dict[str, Any],
    people: dict[str, str | None],
    first: str | None,
    before: str | None,
    everything: bool,
    page: tuple[int, bool, str | None],
    moment: tuple[str | None, Basis],
    tenant: str | None,
) -> tuple[dict[str, Any], Any]:
    """A list of days as the API answers it, and the moment it is about."""
    limit, every, after = page
    with calling(tenant) as client:
        nouns = {"party": ACCOUNT, "owner": MEMBER, "team": TEAM, "responsible": MEMBER, "contract": CONTRACT}
        params = {
            **moment_params(*moment),
            **asked,
            **{name: the_id(client, nouns[name], written) for name, written in people.items()},
            "from_day": a_day(first, "--from") if first else None,
            "before_day": a_day(before, "--before") if before else None,
            "open": None if everything else True,
        }
        found = client.page(path, params, most=limit, after=after, everything=every)
        return found, instant_asked(client, moment[0])


@told
def calendar(
    first: FromDay = None,
    before: BeforeDay = None,
    kind: Annotated[list[KindName] | None, typer.Option("--kind", help="Only such days; repeat for several.")] = None,
    party: With = None,
    owner: Owner = None,
    team: Team = None,
    side: SideOption = None,
    everything: Everything = False,
    limit: Limit = 50,
    every: All = False,
    after: After = None,
    as_of: AsOf = None,
    basis: OfBasis = Basis.KNOWN,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """The days that count: notice to be sent, last days for it, renewals, ends, and what is due; overdue ones first.

    Examples:
      concord contracts calendar --before 2027-04-01 --team Procurement
      concord contracts calendar --kind send_by --kind deadline
    """
    asked = {"kind": [k.value for k in kind] if kind else None, "side": side.value if side else None}
    people = {"party": party, "owner": owner, "team": team}
    found, until = _days("/v1/contract-calendar", asked, people, first, before, everything, (limit, every, after), (as_of, basis), tenant)
    if as_json:
        say_json(found)
        return
    empty = "No day of a contract is ahead that matches. `--past` shows those that are over, too; `concord contracts list` the contracts."
    print_days(found["items"], moment_words(as_of, basis), until, found["next"], empty=empty)


@told
def obligations(
    first: FromDay = None,
    before: BeforeDay = None,
    by: Annotated[str | None, typer.Option("--by", help="Who owes it: us or them.")] = None,
    status: Annotated[list[str] | None, typer.Option("--status", help="pending, due, met, waived, breached or dropped; repeat.")] = None,
    contract: Annotated[str | None, typer.Option("--contract", help="By this contract: title or id.")] = None,
    party: With = None,
    owner: Owner = None,
    team: Team = None,
    responsible: Annotated[str | None, typer.Option("--responsible", help="Seen to by this member: name or id.")] = None,
    everything: Everything = False,
    limit: Limit = 50,
    every: All = False,
    after: After = None,
    as_of: AsOf = None,
    basis: OfBasis = Basis.KNOWN,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """What both parties owe by contracts, in order of the day it is due.

    Examples:
      concord contracts obligations --by us --before 2027-04-01
      concord contracts obligations --status breached
    """
    asked = {"by": by, "status": status or None}
    people = {"party": party, "owner": owner, "team": team, "responsible": responsible, "contract": contract}
    found, until = _days(
        "/v1/obligations", asked, people, first, before, everything or bool(status), (limit, every, after), (as_of, basis), tenant
    )
    if as_json:
        say_json(found)
        return
    empty = "Nothing is owed that matches. `--past` shows what was, too; `concord contracts owe` says what a party owes."
    print_days(found["items"], moment_words(as_of, basis), until, found["next"], what="obligation", empty=empty)


def add_to(contracts: typer.Typer) -> None:
    add(contracts, list_, show, calendar, obligations)
