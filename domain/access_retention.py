"""How long a tenant keeps its access log: for ever, until an administrator says otherwise. A part of its settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from domain.kernel import Command, Event, Invalid

SHORTEST = 365
"""Days that an access log is kept at least. The database has the same floor (infra/sql/access_retention.sql)."""


class RetentionTooShort(Invalid):
    """The access log is kept for a year at least; `shortest` says for how many days."""


class AccessRetentionChanged(Event, topic="settings.access_retention_changed"):
    """Days of the access log that are older than `keep_days` are removed from now on; None: it is kept for ever."""

    keep_days: int | None


class ChangeAccessRetention(Command):
    """Say for how many days the access log is kept, or null: for ever. What is older is removed, a whole sealed day at a time."""

    keep_days: Annotated[int, Field(ge=1, le=36_500)] | None


def change_access_retention(current: int | None, command: ChangeAccessRetention) -> tuple[Event, ...]:
    """Raises RetentionTooShort."""
    keep = command.keep_days
    if keep is not None and keep < SHORTEST:
        raise RetentionTooShort(
            f"The access log is kept for {SHORTEST} days at least, not for {keep}: name {SHORTEST} or more, or keep it for ever.",
            shortest=SHORTEST,
        )
    return () if keep == current else (AccessRetentionChanged(keep_days=keep),)
