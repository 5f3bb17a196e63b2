"""`concord workflows status | reconcile`: what Temporal carries, and starting from the log anew what it should carry."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, ParamSpec

import typer

from api.cli.formats import count, plain, table
from api.cli.here import of_this_machine
from api.cli.options import Json
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.progress import bars
from api.cli.servers import reached
from api.cli.tree import group

if TYPE_CHECKING:
    from temporalio.client import Client

    from infra.database import Tenant
    from infra.opening import Opened

P = ParamSpec("P")
Tenants = Annotated[str | None, typer.Option("--tenant", help="This tenant only (default: all).")]


def _at_once(command: Callable[P, None]) -> Callable[P, NoReturn]:
    """End the process as soon as the command is done: collecting a Temporal client while the interpreter ends may crash it."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> NoReturn:
        code = 0
        try:
            command(*args, **kwargs)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    return wrapped


def _each_tenant(slug: str | None, action: Callable[[Opened, Client, Tenant], Awaitable[Any]]) -> list[Any]:
    import asyncio

    from infra.migrations import list_tenants
    from infra.opening import opened
    from infra.temporal import connect

    async def go() -> list[Any]:
        settings = reached()
        assert settings.database_url is not None
        if settings.temporal_address is None:
            raise Ended("TEMPORAL_ADDRESS is not set: set it to where Temporal runs, like host:7233.", Exit.UNREACHABLE)
        tenants = [t for t in list_tenants(settings.database_url) if slug in (None, t.slug)]
        if not tenants:
            raise Ended(f"There is no tenant {slug}; `concord tenant list` shows those there are.", Exit.NOT_FOUND)
        async with opened(settings) as process:
            client = await connect(settings.temporal_address, settings.temporal_namespace)
            return [await action(process, client, tenant) for tenant in tenants]

    return asyncio.run(go())


@_at_once
@told
@of_this_machine
def status(tenant: Tenants = None, as_json: Json = False) -> None:
    """What waits in the log, and what Temporal runs: of deals, approvals, contracts, disputes and papers.

    Example:
      concord workflows status --json
    """
    from workflows.status import status as status_of

    found = _each_tenant(tenant, lambda process, client, one: status_of(process.database, client, one))
    away = any(part.running is None for one in found for part in one.carried)
    if as_json:
        say_json([asdict(one) for one in found])
        sys.exit(Exit.UNREACHABLE if away else Exit.DONE)
    numbers = ("log", "unsettled", "take-up", "mail")
    made = table("tenant", *numbers, right=numbers)
    carried = table("tenant", "workflows of", "running", "waiting", right=("running", "waiting"))
    for one in found:
        made.add_row(plain(one.tenant), *(f"{n:,}" for n in (one.head, one.unsettled, one.take_up.waiting, one.outbox.waiting)))
        for part in one.carried:
            running = "[red]no answer[/]" if part.running is None else f"{part.running:,}"
            carried.add_row(plain(one.tenant) if part is one.carried[0] else "", f"{part.noun}s", running, f"{part.waiting:,}")
    out.print(made)
    out.print()
    out.print(carried)
    out.print(
        "[dim]log: its last position. unsettled: moves asked for and neither carried out nor refused. take-up, mail: events that the "
        "background and the outbox have still to look at. running: in Temporal; waiting: events that have still to wake one.[/]"
    )
    if away:
        raise Ended("Temporal does not answer: check TEMPORAL_ADDRESS and that it runs. Nothing is lost.", Exit.UNREACHABLE)


@_at_once
@told
@of_this_machine
def reconcile(tenant: Tenants = None, as_json: Json = False) -> None:
    """Start the workflow of every open deal, approval, contract, dispute and paper that does not run, from the log; end those whose deal is over. Nothing is done twice.

    Example:
      concord workflows reconcile --tenant acme
    """
    from workflows.reconcile import reconcile as start_again

    with bars(transient=True) as bar:

        async def again(process: Opened, client: Client, one: Tenant) -> dict[str, Any]:
            advance = bar(f"Reconciling {one.slug}", total=0)
            done = await start_again(process.database, process.store, client, one, advance)
            return {"tenant": one.slug, **asdict(done)}

        found = _each_tenant(tenant, again)
    if as_json:
        say_json(found)
        return
    for one in found:
        over = f" {count(one['over'], 'workflow')} of deals that are over told to end." if one["over"] else ""
        others = [count(one[noun], noun.removesuffix("s")) for noun in ("approvals", "contracts", "disputes", "papers")]
        out.print(
            f"{plain(one['tenant'])}: {count(one['deals'], 'open deal')} carried, {count(one['moves'], 'move')} to be carried out; "
            f"{', '.join(others[:-1])} and {others[-1]} looked after.{over}"
        )


def add_to(app: typer.Typer) -> None:
    group(app, "workflows", "Workflows: what Temporal carries; start anew what it lost", ("status", status), ("reconcile", reconcile))
