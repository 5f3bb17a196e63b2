"""`concord demo`: a believable company to look at."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.formats import count, plain, table
from api.cli.here import of_this_machine
from api.cli.options import Json
from api.cli.outcomes import out, say_json, told
from api.cli.progress import bars
from api.cli.servers import reached
from api.cli.tree import add

_A_YEAR = 365


@told
@of_this_machine
def demo(
    seed: Annotated[int | None, typer.Option("--seed", help="Another number tells another history.", show_default=False)] = None,
    years: Annotated[float, typer.Option("--years", help="How long the history is, up to today.")] = 2.0,
    tenant: Annotated[str, typer.Option("--tenant", help="The tenant to make for it.")] = "demo",
    size: Annotated[int, typer.Option("--size", min=10, max=100, help="Percent of the whole company, 10 to 100.")] = 100,
    as_json: Json = False,
) -> None:
    """Add a company with years of history as a tenant of its own; quiet where it is there already.

    The same seed gives the same history on the same day. If it is stopped on the way, the next run goes on.

    Examples:
      concord demo
      concord demo --size 10 --years 1 --tenant little
    """
    from datetime import UTC, datetime

    import uvloop

    from api.demo import demonstrate
    from workflows.demo import DEFAULT_SEED, Plan

    settings = reached()
    plan = Plan(DEFAULT_SEED if seed is None else seed, datetime.now(UTC).date(), round(years * _A_YEAR), size)
    with bars(transient=True) as bar:
        advance = bar("Days of the demo's history", plan.days)
        made = uvloop.run(demonstrate(settings, tenant, plan, lambda share, _events: advance(round(share * plan.days))))
    telling = made.telling
    if as_json:
        say_json(
            {"tenant": tenant, "seed": telling.plan.seed, "ends": telling.plan.end, "events": telling.events, "fresh": telling.fresh}
            | {"address": made.address, "sign_ins": str(settings.home / "demo.json")}
        )
        return
    if telling.fresh:
        out.print(f"Tenant {tenant} has its history: {count(telling.events, 'event')} up to {telling.plan.end}.")
    else:
        out.print(f"Tenant {tenant} has its demo already, up to {telling.plan.end}; for a new one, name another tenant with --tenant.")
    if not out.console.is_terminal:
        # passwords do not belong into a log
        out.print(f"The sign-ins are in {settings.home / 'demo.json'}.", soft_wrap=True)
        return
    shown = table("role", "sign in as", "password", whole=("sign in as", "password"))
    for entry in made.sign_ins:
        shown.add_row(entry.role, plain(entry.name), plain(entry.password))
    out.print(f"Sign in at {made.address}:")
    out.print(shown)


def add_to(app: typer.Typer) -> None:
    add(app, demo)
