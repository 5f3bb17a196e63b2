"""Options that many commands share, each spelt and explained in one place."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Basis(StrEnum):
    """As `projections.as_of.Basis`, which is heavier to import."""

    KNOWN = "known"
    HAPPENED = "happened"


Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
TenantName = Annotated[str | None, typer.Option("--tenant", help="The tenant (default: CONCORD_TENANT, else `default`).")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="WHEN", help="A past moment: 2026-03-31 (its end), 2026-03-31T09:00, yesterday, 90d (days ago), or a log position.",
    ),
]  # fmt: skip
OfBasis = Annotated[Basis, typer.Option("--basis", help="known: what the log held then. happened: what we now know was so then.")]
AsSeenBy = Annotated[
    str | None,
    typer.Option("--as-seen-by", metavar="MEMBER", help="Only what this member could see then: name, mail address or id; for auditors."),
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many rows.")]
All = Annotated[bool, typer.Option("--all", help="All rows.")]
After = Annotated[str | None, typer.Option("--after", metavar="CURSOR", help="Go on after the rows before, as they told.")]
Wait = Annotated[
    int, typer.Option("--wait", min=0, max=30, metavar="SECONDS", help="How long to wait until it has settled; 0 returns at once.")
]
Owner = Annotated[str | None, typer.Option("--owner", help="Of this member: name, mail address or id.")]
Team = Annotated[str | None, typer.Option("--team", help="Of this team: name or id.")]
PipelineName = Annotated[str | None, typer.Option("--pipeline", help="In this pipeline: name or id.")]
Text = Annotated[str | None, typer.Option("--text", help="With this text in the title or the account's name.")]
PeriodName = Annotated[str | None, typer.Option("--period", metavar="PERIOD", help="Closing in 2026-Q3, FY2026-Q3 or 2026-07.")]
Note = Annotated[str | None, typer.Option("--note", help="What there is to say.")]
IfVersion = Annotated[int | None, typer.Option("--if-version", help="Only if it still is at this version, as `show --json` told it.")]
