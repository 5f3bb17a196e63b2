"""The command tree. Modules of commands are imported here and nowhere else, heavy things inside the commands that need them."""

from __future__ import annotations

import sys

import typer

from api.cli import accounts, deals, forecast, imports, operate, processes, replay, tenants, today

app = typer.Typer(
    name="concord",
    help="Concord: every number can be replayed, explained and proven.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (deals, forecast, accounts, today, replay, imports, processes, operate, tenants):
    group.add_to(app)


def main() -> None:
    """Run one command; the exit code says how it ended (see `api/cli/outcomes.py`)."""
    app()
    sys.exit(0)
