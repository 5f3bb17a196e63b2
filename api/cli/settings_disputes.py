"""`concord settings dispute-rules`: the rules for disputes, told and changed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli.client import calling
from api.cli.deals_move import matching
from api.cli.formats import facts, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_change, say_json, told


@told
def dispute_rules(
    acknowledge_days: Annotated[
        int | None, typer.Option("--acknowledge-days", help="Business days to confirm that a claim arrived.")
    ] = None,
    first_answer_days: Annotated[int | None, typer.Option("--first-answer-days", help="Business days to the first answer.")] = None,
    reply_days: Annotated[int | None, typer.Option("--reply-days", help="Business days to each later answer.")] = None,
    resolve_days: Annotated[int | None, typer.Option("--resolve-days", help="Days in which a case is settled.")] = None,
    critical_resolve_days: Annotated[
        int | None, typer.Option("--critical-resolve-days", help="Business days in which a critical case is settled.")
    ] = None,
    settle_days: Annotated[int | None, typer.Option("--settle-days", help="Days in which an agreement is carried out.")] = None,
    reopen_days: Annotated[int | None, typer.Option("--reopen-days", help="Days in which a closed case may be reopened.")] = None,
    repeat_days: Annotated[int | None, typer.Option("--repeat-days", help="Days in which a like case asks for an 8D report.")] = None,
    d3_hours: Annotated[int | None, typer.Option("--d3-hours", help="Hours to D3 of an 8D report.")] = None,
    d4_days: Annotated[int | None, typer.Option("--d4-days", help="Days to its D4.")] = None,
    d5_days: Annotated[int | None, typer.Option("--d5-days", help="Days to its D5.")] = None,
    warn_percents: Annotated[list[int] | None, typer.Option("--warn-at", metavar="PERCENT", help="Of a limit; repeat.")] = None,
    escalate_percents: Annotated[
        list[int] | None, typer.Option("--escalate-at", metavar="PERCENT", help="Of a limit, to level 1, 2, 3; repeat.")
    ] = None,
    write_off: Annotated[
        list[str] | None, typer.Option("--write-off", metavar="ROLE:AMOUNT", help="How much a role writes off, or ROLE:any; repeat.")
    ] = None,
    root_cause: Annotated[list[str] | None, typer.Option("--root-cause", help="All root causes; repeat.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Change the rules for disputes; those left away stay, and what was decided before stays as it was. Without options, it tells them.

    For the head of procurement, the finance chief and administrators.

    Examples:
      concord settings dispute-rules
      concord settings dispute-rules --acknowledge-days 3 --resolve-days 45
      concord settings dispute-rules --write-off category_lead:2500 --escalate-at 100 --escalate-at 150
    """
    given = {
        "acknowledge_days": acknowledge_days,
        "first_answer_days": first_answer_days,
        "reply_days": reply_days,
        "resolve_days": resolve_days,
        "critical_resolve_days": critical_resolve_days,
        "settle_days": settle_days,
        "reopen_days": reopen_days,
        "repeat_days": repeat_days,
        "d3_hours": d3_hours,
        "d4_days": d4_days,
        "d5_days": d5_days,
        "warn_percents": warn_percents,
        "escalate_percents": escalate_percents,
        "root_causes": root_cause,
    }
    said: dict[str, Any] = {name: value for name, value in given.items() if value not in (None, [])}
    limits = dict(map(_limit, write_off or ()))
    with calling(tenant) as client:
        held = client.get("/v1/settings")["item"]["dispute_rules"] if limits or not said else {}
        if not said and not limits:
            if as_json:
                say_json(held)
            else:
                out.print(facts(_told(held)))
            return
        if limits:
            known = {one["role"]: one["amount"] for one in held["write_off_limits"]} | limits
            said["write_off_limits"] = [{"role": role, "amount": amount} for role, amount in known.items()]
        answer = client.post("/v1/settings/dispute-rules", said, if_match=matching(None))
    say_change(answer, "Changed", as_json=as_json)


def _limit(written: str) -> tuple[str, str | None]:
    role, colon, amount = (part.strip() for part in written.partition(":"))
    if not colon or not role or not amount:
        raise Ended(f"--write-off {written!r}: write ROLE:AMOUNT, like category_lead:2000, or ROLE:any.", Exit.USAGE)
    return role, None if amount == "any" else amount


def _told(rules: dict[str, Any]) -> list[tuple[str, str]]:
    """The rules as a table's rows: numbers, percents, codes, and what each role may write off."""
    plainly = ((name, value) for name, value in rules.items() if name not in ("evidence", "write_off_limits"))
    limits = (f"{words(one['role'])} {'any' if one['amount'] is None else one['amount']}" for one in rules["write_off_limits"])
    evidence = (
        f"{words(one['reason'])}: {' and '.join(' or '.join(map(words, kinds)) for kinds in one['kinds'])}" for one in rules["evidence"]
    )
    return [
        *((words(name), ", ".join(words(str(one)) for one in value) if isinstance(value, list) else str(value)) for name, value in plainly),
        ("write off", ", ".join(limits)),
        ("evidence asked for", "; ".join(evidence)),
    ]
