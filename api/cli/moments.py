"""`--as-of`: a moment as people write it, as the API takes it."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

_DAYS_AGO = re.compile(r"(\d{1,5})d")


def as_of_text(written: str | None, now: datetime | None = None) -> str | None:
    """What the API's `as_of` takes: an instant with its offset, or a log position. None stays None: now.

    A day means its end, in this machine's zone; a time without an offset is in that zone too. Raises ValueError.
    """
    if written is None:
        return None
    text = written.strip().lower()
    if text.isdecimal():
        return text
    local = (now or datetime.now().astimezone()).astimezone()
    if text in {"now", "today"}:
        return None
    if text == "yesterday":
        text = "1d"
    if found := _DAYS_AGO.fullmatch(text):
        return _end_of(local.date() - timedelta(days=int(found[1]))).isoformat()
    try:
        return _end_of(date.fromisoformat(text)).isoformat()
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError(
            f"--as-of {written!r} is no moment: use 2026-03-31, 2026-03-31T09:00, yesterday, 7d (days ago) or a log position."
        ) from None
    # a time without an offset is the wall clock's here
    return (at if at.tzinfo else at.astimezone()).isoformat(timespec="microseconds")


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.max).astimezone()


def moment_params(as_of: str | None, basis: str) -> dict[str, str | None]:
    """Query parameters of a read."""
    return {"as_of": as_of_text(as_of), "basis": None if as_of is None else str(basis)}


def moment_words(as_of: str | None, basis: str) -> str:
    """What a heading says about the moment; empty for now."""
    at = as_of_text(as_of)
    if at is None:
        return ""
    shown = f"position {int(at):,}" if at.isdecimal() else datetime.fromisoformat(at).strftime("%Y-%m-%d %H:%M")
    return f"as of {shown}, " + ("as known then" if str(basis) == "known" else "as we now know it was")
