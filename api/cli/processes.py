"""Starting and stopping: everything at once on one machine, or each process by itself."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

from api.cli.options import Json
from api.cli.outcomes import told
from api.cli.servers import reached
from api.cli.tree import add


@told
def up(
    detach: Annotated[bool, typer.Option("--detach", help="Return when all is ready; `concord down` stops it.")] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Add the demo company as a tenant of its own.")] = False,
) -> None:
    """Start PostgreSQL, Temporal, API, worker and projector on this machine; Ctrl-C stops them and loses nothing.

    Examples:
      concord up
      concord up --detach --demo
    """
    from api.up import up as start
    from infra.settings import Settings

    sys.exit(start(Settings.from_environment(), detach=detach, demo=demo))


@told
def down() -> None:
    """Stop everything that runs below CONCORD_HOME.

    Example:
      concord down
    """
    from api.up import down as stop
    from infra.settings import Settings

    sys.exit(stop(Settings.from_environment()))


@told
def status(as_json: Json = False) -> None:
    """Show what runs below CONCORD_HOME, with addresses and sign-ins.

    Examples:
      concord status
      concord status --json
    """
    from api.up import status as show
    from infra.settings import Settings

    sys.exit(show(Settings.from_environment(), as_json=as_json))


@partial(told, trace=True)
def api() -> None:
    """Serve HTTP (one process; run as many as you like behind a load balancer).

    Example:
      CONCORD_HTTP_PORT=8080 concord api
    """
    from api.serve import serve

    serve(reached())


@partial(told, trace=True)
def worker() -> None:
    """Carry workflows: moves, clocks, reminders, the daily sweep, outgoing notifications.

    Example:
      concord worker
    """
    from workflows.worker import finish, main

    reached()
    finish(main())


@partial(told, trace=True)
def projector() -> None:
    """Fold every tenant's log into its read models.

    Example:
      concord projector
    """
    import asyncio

    from projections.process import run_projector

    asyncio.run(run_projector(reached()))


def add_to(app: typer.Typer) -> None:
    add(app, up, down, status, api, worker, projector)
