"""Until when an approver has time: by their own working calendar, less of it in the last week of a fiscal quarter."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from domain.approval_policies import ApprovalRules
from domain.calendars import Calendar
from domain.periods import Period, PeriodKind
from domain.settings import Settings


def calendar_of(settings: Settings, zone: str | None) -> Calendar:
    """The calendar of a member: the tenant's one of their zone, else the tenant's own hours and holidays at their local time."""
    own = settings.working_calendar()
    if zone is None or zone == own.zone:
        return own
    return next((c for _, c in sorted(settings.calendars.items()) if c.zone == zone), replace(own, zone=zone))


def due_at(settings: Settings, rules: ApprovalRules, zone: str | None, asked_at: datetime) -> datetime:
    """When the time of a member in `zone` is over, who is asked at `asked_at`. Raises NoWorkingDay where nobody could work.

    A business day is the working hours of one day, so that what is asked at three in the afternoon is due at three on the next
    working day.
    """
    calendar = calendar_of(settings, zone)
    today = calendar.local_date(asked_at)
    quarter = Period.containing(today, PeriodKind.FISCAL_QUARTER, settings.fiscal_year_start)
    if (quarter.last - today).days < rules.last_days:
        return calendar.add_time(asked_at, timedelta(hours=rules.last_hours))
    opens, closes = calendar.hours(calendar.next_working_day(today))
    return calendar.add_time(asked_at, (closes - opens) * rules.business_days)
