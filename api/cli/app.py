"""The command tree. Modules of commands are imported here and nowhere else, heavy things inside the commands that need them."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from api.cli import (
    accounts,
    approvals,
    audit,
    backups,
    contracts,
    deals,
    demo,
    disputes,
    documents,
    encryption_keys,
    fields,
    follow_ups,
    forecast,
    imports,
    interactions,
    operate,
    papers,
    pipelines,
    privacy,
    processes,
    products,
    proofs,
    rates,
    replay,
    settings,
    suppliers,
    teams,
    tenants,
    today,
    wording,
    workflows,
)
from api.cli.outcomes import MEANINGS

ORDER = (
    *("deals", "approvals", "papers", "contracts", "disputes", "suppliers", "documents", "forecast"),
    *("accounts", "contacts", "interactions", "followups", "today", "replay", "proofs", "audit", "import"),
    *("templates", "clauses", "products", "rates", "pipelines", "teams", "fields", "settings"),
    *(
        "up",
        "down",
        "status",
        "demo",
        "doctor",
        "backup",
        "restore",
        "tenant",
        "user",
        "key",
        "privacy",
        "keys",
        "projections",
        "workflows",
        "migrate",
        "api",
        "worker",
        "projector",
    ),
)
"""First what people come for, then what keeps it running."""


class Concord(TyperGroup):
    """Commands in the order of `ORDER`, any others last; a value that an option cannot take is told in our own words."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as refused:
            cause: Any = refused.__cause__ or refused.__context__
            if hasattr(cause, "errors"):
                from api.malformed import told_of

                refused.message = f"{told_of(cause.errors(include_url=False))[0]['message']}."
            raise

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


app = typer.Typer(
    cls=Concord,
    name="concord",
    help="Concord: every number can be replayed, explained and proven.",
    epilog="\b\nExit codes:\n" + "\n".join(f"  {int(code):>3}  {meaning}" for code, meaning in MEANINGS.items()),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (
    deals,
    approvals,
    disputes,
    suppliers,
    documents,
    forecast,
    accounts,
    interactions,
    follow_ups,
    contracts,
    papers,
    today,
    replay,
    proofs,
    audit,
    imports,
    products,
    rates,
    wording,
    pipelines,
    teams,
    fields,
    settings,
    processes,
    demo,
    operate,
    backups,
    tenants,
    privacy,
    encryption_keys,
    workflows,
):
    group.add_to(app)


def main() -> None:
    """Run one command; the exit code says how it ended (see `api/cli/outcomes.py`)."""
    app()
    sys.exit(0)
