"""`concord deals`: the commands about deals, gathered."""

from __future__ import annotations

import typer

from api.cli import deals_change, deals_move, deals_read
from api.cli.tree import group


def add_to(app: typer.Typer) -> None:
    deals = group(app, "deals", "Deals: the board, the way to signing, and what is said of each")
    for commands in (deals_read, deals_move, deals_change):
        commands.add_to(deals)
