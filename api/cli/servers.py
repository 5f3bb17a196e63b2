"""The servers that an operator's command works on: found, and asked whether they answer, before anything is begun."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.settings import Settings

PATIENCE = 5.0
"""Seconds that a command waits for a database that does not answer; one that is starting needs a moment."""


def reached() -> Settings:
    """The settings of the environment with every address filled in; the database has answered.

    Raises ServerDown, which says what does not run or answer, and InvalidSettings.
    """
    from infra.doctor import reach_postgres
    from infra.embedded.services import connected
    from infra.settings import Settings

    settings = connected(Settings.from_environment())
    assert settings.database_url is not None
    reach_postgres(settings.database_url, PATIENCE).close()
    # should it go away later, the command's own sentence says so, once; the pool would say so for each connection and attempt
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    return settings
