"""`concord approvals policy | what-if`: the rules for who has to agree, and what others would have asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.client import calling
from api.cli.formats import plain, short, table, when, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.tree import add
from api.cli.views import View, reading
from api.cli.written_values import a_day

Version = Annotated[
    int | None, typer.Option("--version", min=0, help="Of the policy (default: the latest). 0: what every tenant begins with.")
]


@reading()
def policy(
    view: View,
    version: Version = None,
    define: Annotated[
        Path | None, typer.Option("--define", metavar="FILE", help="JSON of the rules, as `--json` prints them: the next version.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What the policy is called, when it is defined.")] = "Approvals",
) -> None:
    """Who has to agree to which terms; or lay that down anew.

    Examples:
      concord approvals policy
      concord approvals policy --json > rules.json && concord approvals policy --define rules.json
    """
    with view.calling() as client:
        if define is not None:
            said = client.post("/v1/approval-policies", {"name": name, "rules": _rules_in(define)})
            if not view.as_json:
                out.print(
                    "Nothing changed: these rules hold already."
                    if said.position is None
                    else f"Version {said.body['version']} holds from now on."
                )
                return
        found = client.get("/v1/approval-policies", view.params(client))
    versions = {v["number"]: v["rules"] for v in found["item"]["versions"]}
    number = max(versions) if version is None else version
    if number not in versions:
        raise Ended(f"There is no version {number}; there are {', '.join(map(str, versions))}.", Exit.NOT_FOUND)
    if view.as_json:
        say_json(versions[number])
        return
    view.heading()
    out.print(f"[bold]{plain(found['item']['name'])}[/] [dim]version {number} of {', '.join(map(str, versions))}[/]")
    _print_rules(versions[number])


def _rules_in(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Ended(f"{file} is no file of rules: {error}.", Exit.USAGE) from None


def _print_rules(rules: Mapping[str, Any]) -> None:
    made = table("discount", "who agrees besides those before")
    for tier in rules["discount"]:
        made.add_row(_limit(tier["up_to"], " %"), words(tier["post"]) if tier["post"] else "nobody")
    out.print(made)
    for rise in rules["rises"]:
        more = "the highest tier" if rise["top"] else f"{rise['tiers']} tier{'s' if rise['tiers'] > 1 else ''} more"
        out.print(f"[dim]above {int(float(rise['over'])):,} in the reporting currency:[/] {more}")
    made = table("payment", "who agrees besides those before")
    for tier in rules["payment"]:
        made.add_row(_limit(tier["up_to"], " days"), ", ".join(map(words, tier["posts"])) or "nobody")
    out.print(made)
    legal = f" later than {rules['legal_over_days']} days," if rules["legal_over_days"] is not None else ""
    out.print(
        f"[dim]legal:[/] {', '.join(map(words, rules['legal']))}, for payment{legal} clauses that are not standard, another party or currency"
    )
    out.print(
        f"[dim]time to answer:[/] {rules['business_days']} business day{'s' if rules['business_days'] > 1 else ''}, "
        f"{rules['last_hours']} working hours in the last {rules['last_days']} days of a quarter; then the manager is asked too"
    )


def _limit(up_to: object, unit: str) -> str:
    return f"up to {up_to}{unit}" if up_to is not None else "above"


@told
def what_if(
    version: Version = None,
    first_day: Annotated[str, typer.Option("--from", metavar="DAY", help="The first day of the period.")] = "1970-01-01",
    last_day: Annotated[str, typer.Option("--until", metavar="DAY", help="The last day, included.")] = "2199-12-31",
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Which decisions of a period would differ under a version of the policy.

    Examples:
      concord approvals what-if --version 2 --from 2026-07-01 --until 2026-09-30
      concord approvals what-if --version 0
    """
    days = {"first_day": a_day(first_day, "--from"), "last_day": a_day(last_day, "--until")}
    with calling(tenant) as client:
        found = client.get("/v1/approvals/what-if", {**days, "version": version})
    if as_json:
        say_json(found)
        return
    rounds = f"{found['rounds']:,} request{'' if found['rounds'] == 1 else 's'}"
    if not found["differing"]:
        out.print(f"Nothing would differ: {rounds} looked at under version {found['version']}.")
        return
    made = table("asked on", "for", "terms", "chain", "agreed to by", "would need", whole=("asked on",))
    for one in found["differing"]:
        made.add_row(
            when(one["requested_at"]), f"{plain(one['title'])} [dim]{short(one['about'])}[/]", plain(_terms(one)), one["chain"],
            _posts(one["posts"]), f"[yellow]{_posts(one['would'])}[/]",
        )  # fmt: skip
    out.print(made)
    more = "; the period has more, narrow it with --from and --until" if found["more"] else ""
    out.print(f"[dim]{len(found['differing']):,} of {rounds} would differ under version {found['version']}{more}[/]")


def _terms(one: Mapping[str, Any]) -> str:
    """What the chains tested: a discount both in all and on the worst line, for either decides."""
    in_all, worst = (f"{Decimal(one[name]).normalize():f}" for name in ("blended", "worst_line"))
    off = f"{in_all} % off in all, {worst} % on the worst line, " if one["noun"] == "deal" else ""
    worth = f", {one['amount']}" if one["amount"] else ""
    return f"{off}{one['payment_days']} days{worth}"


def _posts(posts: list[str]) -> str:
    return ", ".join(map(words, posts)) or "nobody"


def add_to(approvals: typer.Typer) -> None:
    add(approvals, policy, what_if)
