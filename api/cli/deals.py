"""`concord deals`: the commands about deals, gathered."""

from __future__ import annotations

import typer

from api.cli import deals_change, deals_move, deals_read


def add_to(app: typer.Typer) -> None:
    deals = typer.Typer(
        help="Deals: the board, the way to signing, and what is said of each.",
        short_help="Deals: the board, the way to signing, and what is said of each",
        no_args_is_help=True,
    )
    for group in (deals_read, deals_move, deals_change):
        group.add_to(deals)
    app.add_typer(deals, name="deals")
