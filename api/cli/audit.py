"""`concord audit`: what an auditor does with the log as a whole."""

from __future__ import annotations

import typer

from api.cli.audit_bundles import bundle, verify, verify_log
from api.cli.tree import group


def add_to(app: typer.Typer) -> None:
    commands = ("bundle", bundle), ("verify", verify), ("verify-log", verify_log)
    group(app, "audit", "Evidence: take it away, verify it offline, find what was altered", *commands)
