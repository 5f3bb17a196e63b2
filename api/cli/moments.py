"""`--as-of`: sent as it is written, and read by the API, which knows the tenant's zone; what is no moment is refused here already."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from api.cli.outcomes import Ended
from api.cli.zones import clock
from api.instants import has_zone, in_words, read_moment, written_moment

if TYPE_CHECKING:
    from api.cli.client import Client


def as_of_text(written: str | None) -> str | None:
    """What the API's `as_of` takes; None: now. Raises ValueError, which says what can be written."""
    if written is None:
        return None
    try:
        return written_moment(written) if in_words(written) else None
    except ValueError as error:
        raise ValueError(f"--as-of {written!r}: {error}.") from None


def asked_at(as_of: str | None) -> int | datetime | None:
    """The log position or the instant that is meant; None: now. Raises ValueError on what is no moment or still to come."""
    text = as_of_text(as_of)
    if text is None:
        return None
    return read_moment(text, UTC if has_zone(text) else clock.zone, datetime.now(UTC))


def recorded_at(client: Client, position: int) -> datetime:
    """When what stands at this position of the log was recorded. Raises Problem for who may not read the log."""
    found = client.get("/v1/events", {"after": max(position - 1, 0), "limit": 1})["events"]
    return datetime.fromisoformat(found[0]["recorded_at"]) if found else datetime.now(UTC)


def instant_asked(client: Client, as_of: str | None) -> datetime | None:
    """The instant up to which ages are counted; None for a log position, of which only readers of the log can tell when it was."""
    at = asked_at(as_of)
    try:
        return recorded_at(client, at) if isinstance(at, int) else at or datetime.now(UTC)
    except Ended:
        return None


def moment_params(as_of: str | None, basis: str) -> dict[str, str | None]:
    """Query parameters of a read."""
    return {"as_of": as_of_text(as_of), "basis": None if as_of is None else str(basis)}


def moment_words(as_of: str | None, basis: str) -> str:
    """What a heading says about the moment; empty for now."""
    at = as_of_text(as_of)
    if at is None:
        return ""
    where = "" if has_zone(at) else f" ({clock.zone})"
    return f"as of {in_words(at)}{where}, " + ("as known then" if str(basis) == "known" else "as we now know it was")
