"""A moment as people write it: `as_of` over HTTP and `--as-of` at the command line are read here, so that both mean the same.

A day means its end, and a time without an offset the wall clock, both in the tenant's zone: everybody who asks how things stood
on a day asks about the same instant, wherever they sit. Standard library only: every command of users imports this.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

MOMENT = (
    r"^(now|today|yesterday|[0-9]{1,18}|[0-9]{1,5}d"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?)?)$"
)
"""What can be written, for JSON Schema."""
FORMS = "2026-03-31 (the end of that day), 2026-03-31T09:00, 2026-03-31T09:00:00Z, yesterday, 90d (days ago) or a log position"
SKEW = timedelta(minutes=1)
"""How far ahead of ours another clock may be before its now is the future."""

_MOMENT = re.compile(MOMENT)
# a plus sign that was not encoded in a query arrives as a space
_LOST_PLUS = re.compile(r"(.*[Tt].*) ([0-9]{2}(?::[0-9]{2})?)")
# as tables show it: 2026-03-31 09:00+02
_SHOWN = re.compile(r"^([0-9-]{10}) ([0-9]{2}:[0-9]{2})")
_HOURS = re.compile(r"(t[0-9:.]+[+-][0-9]{2})$")


class InTheFuture(ValueError):  # noqa: N818  the finding; the message says what to ask instead
    """Nothing is known of that moment yet."""


def written_moment(text: str) -> str:
    """The moment in its one spelling. Raises ValueError, which says what can be written."""
    found = _SHOWN.sub(r"\1t\2", text.strip().lower())
    if lost := _LOST_PLUS.fullmatch(found):
        found = f"{lost[1]}+{lost[2]}"
    found = _HOURS.sub(r"\1:00", found)
    if _MOMENT.fullmatch(found) is None:
        raise ValueError(f"use {FORMS}")
    return found


def has_zone(moment: str) -> bool:
    """Whether it means the same in every zone."""
    return moment.isdecimal() or moment == "now" or ("t" in moment[10:] and (moment.endswith("z") or moment[-6] in "+-"))


def read_moment(text: str, zone: tzinfo, now: datetime) -> int | datetime | None:
    """A log position, an instant, or None for now. `now` carries its offset.

    Raises ValueError on what is no moment, InTheFuture on one that is still to come; the day that is not over yet is now.
    """
    moment = written_moment(text)
    today = now.astimezone(zone).date()
    if moment.isdecimal():
        return int(moment)
    if moment in {"now", "today"}:
        return None
    if moment == "yesterday":
        return _end_of(today - timedelta(days=1), zone)
    if moment.endswith("d"):
        ago = int(moment[:-1])
        if ago >= today.toordinal():
            raise ValueError(f"{moment} is before the calendar begins; use {FORMS}")
        return None if ago == 0 else _end_of(today - timedelta(days=ago), zone)
    found = _calendar(moment)
    if not isinstance(found, datetime):
        if found > today:
            raise InTheFuture(f"{found} is still to come; ask about today or an earlier day")
        return None if found == today else _end_of(found, zone)
    at = found if found.tzinfo else found.replace(tzinfo=zone)
    if at > now + SKEW:
        raise InTheFuture(f"{moment.upper()} is still to come; ask about now or an earlier moment")
    return at


def _calendar(moment: str) -> date | datetime:
    try:
        return datetime.fromisoformat(moment.upper()) if "t" in moment else date.fromisoformat(moment)
    except ValueError:
        raise ValueError(f"{moment.upper()} is not in the calendar; use {FORMS}") from None


def utc(at: datetime) -> str:
    """The instant as JSON has it everywhere: ISO 8601 in UTC, with Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _end_of(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.max, tzinfo=zone)


def in_words(text: str) -> str:
    """The moment for a heading; empty for now. Raises ValueError."""
    moment = written_moment(text)
    if moment.isdecimal():
        return f"position {int(moment):,}"
    if moment in {"now", "today", "0d"}:
        return ""
    if moment == "yesterday":
        return "the end of yesterday"
    if moment.endswith("d"):
        return f"the end of the day {int(moment[:-1]):,} days ago"
    _calendar(moment)
    return moment.upper().replace("T", " ", 1) if "t" in moment else f"the end of {moment}"
