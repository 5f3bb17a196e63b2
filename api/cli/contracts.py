"""`concord contracts`: what was agreed, until when, and what is owed by it."""

from __future__ import annotations

import typer

from api.cli import contracts_change, contracts_dispute, contracts_make, contracts_owed, contracts_read, contracts_revise


def add_to(app: typer.Typer) -> None:
    contracts = typer.Typer(
        help="Contracts: list and calendar, terms on a day, signing, amendments, notice, and what is owed.",
        short_help="Contracts: list and calendar, signing, notice, and what is owed",
        no_args_is_help=True,
    )
    for module in (contracts_read, contracts_make, contracts_revise, contracts_change, contracts_owed, contracts_dispute):
        module.add_to(contracts)
    app.add_typer(contracts, name="contracts")
