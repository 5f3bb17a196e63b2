"""The zone in which times are shown, and in which those are read that name none: the tenant's, whatever the machine's own may be.

Two people who compare what they see, each on a machine of their own, see the same times; and each time says its offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from api.cli.outcomes import Ended

if TYPE_CHECKING:
    from api.cli.client import Client


@dataclass(slots=True)
class Clock:
    """Asks for the zone once, when the first time is shown or read. UTC where no tenant is asked, or it does not answer."""

    _client: Client | None = None
    _zone: tzinfo | None = None

    def of(self, client: Client) -> None:
        """From here on as this client's tenant has it."""
        self._client, self._zone = client, None

    @property
    def zone(self) -> tzinfo:
        """The zone."""
        if self._zone is None:
            self._zone = self._asked()
        return self._zone

    @property
    def today(self) -> date:
        """The day that it is there."""
        return datetime.now(self.zone).date()

    def _asked(self) -> tzinfo:
        if self._client is None:
            return UTC
        try:
            return ZoneInfo(self._client.get("/v1/settings")["item"]["zone"])
        except Ended:
            return UTC
        finally:
            # tables are drawn when the command's connection is closed already
            self._client.close()


clock = Clock()
"""This command's."""


def written(at: datetime) -> str:
    """`2026-03-31 09:00+02`, as PostgreSQL writes it, and `--as-of` reads it; `2026-03-31 07:00Z` in UTC."""
    text = at.isoformat(sep=" ", timespec="minutes")
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text.removesuffix(":00")
