"""`concord audit`: what an auditor does with the log as a whole."""

from __future__ import annotations

import typer

from api.cli.audit_access import days, export
from api.cli.audit_access import verify as verify_copy
from api.cli.audit_bundles import bundle, verify, verify_log
from api.cli.audit_search import access, findings, sample, search
from api.cli.audit_things import decision, diff, state
from api.cli.tree import group


def add_to(app: typer.Typer) -> None:
    commands = (
        *(("search", search), ("state", state), ("diff", diff), ("decision", decision)),
        *(("findings", findings), ("sample", sample), ("access", access)),
        *(("access-days", days), ("access-export", export), ("access-verify", verify_copy)),
        *(("bundle", bundle), ("verify", verify), ("verify-log", verify_log)),
    )
    group(app, "audit", "The log: search it, compare moments, replay decisions; take evidence away and verify it", *commands)
