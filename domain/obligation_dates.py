"""When an obligation falls due: a day, counted from the contract's own days, once or again and again. Pure arithmetic.

An occurrence is known by its nominal day, which follows from the rule alone; on which day it is due may move with
a calendar of holidays.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from domain.calendars import Calendar
from domain.contract_dates import add_months
from domain.periods import month_number
from domain.values import Text


class DueAnchor(StrEnum):
    """What the first nominal day is counted from."""

    DATE = "date"
    TERM_START = "term_start"
    TERM_END = "term_end"


class DueUnit(StrEnum):
    DAYS = "days"
    BUSINESS_DAYS = "business_days"
    MONTHS = "months"


class Roll(StrEnum):
    """What becomes of a due day on which nobody works."""

    NONE = "none"
    NEXT = "next"
    PREVIOUS = "previous"


class DueRule(Text):
    """Due `offset` units after the nominal day (before it, if negative), moved to a working day if `roll` says so.

    The first nominal day is `on`, or the first or last day of the term.
    """

    anchor: DueAnchor = DueAnchor.DATE
    on: date | None = None
    offset: Annotated[int, Field(ge=-3660, le=3660)] = 0
    unit: DueUnit = DueUnit.DAYS
    roll: Roll = Roll.NONE

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.anchor is DueAnchor.DATE) != (self.on is not None):
            raise ValueError("`on` is the first day of an obligation anchored to a date; others take theirs from the term")
        return self


class RecurrenceUnit(StrEnum):
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


class Recurrence(Text):
    """Again every `every` units from the first nominal day on, while the contract lasts or through `until`."""

    every: Annotated[int, Field(ge=1, le=1200)]
    unit: RecurrenceUnit = RecurrenceUnit.MONTHS
    until: date | None = None


def first_nominal(rule: DueRule, term_start: date, term_end: date | None) -> date | None:
    """The nominal day of the first occurrence in a term; None where the term's end, from which it is counted, is not known."""
    return {DueAnchor.DATE: rule.on, DueAnchor.TERM_START: term_start, DueAnchor.TERM_END: term_end}[rule.anchor]


def nominal(first: date, recurrence: Recurrence, number: int) -> date:
    """The nominal day of the occurrence `number`, from 0. Months are counted from the first, so that the 31st comes back."""
    if recurrence.unit is RecurrenceUnit.MONTHS:
        return add_months(first, number * recurrence.every)
    days = recurrence.every * (7 if recurrence.unit is RecurrenceUnit.WEEKS else 1)
    return first + timedelta(days=number * days)


def next_nominal(first: date, recurrence: Recurrence | None, after: date | None) -> date | None:
    """The first nominal day that lies after a day; None where there is none."""
    if after is None or first > after:
        return first
    if recurrence is None:
        return None
    if recurrence.unit is RecurrenceUnit.MONTHS:
        number = (month_number(after) - month_number(first)) // recurrence.every
    else:
        number = (after - first).days // (recurrence.every * (7 if recurrence.unit is RecurrenceUnit.WEEKS else 1))
    while (day := nominal(first, recurrence, number)) <= after:
        number += 1
    return None if recurrence.until is not None and day > recurrence.until else day


def due_day(rule: DueRule, day: date, calendar: Calendar) -> date:
    """The day on which the occurrence of a nominal day is due."""
    if rule.unit is DueUnit.MONTHS:
        day = add_months(day, rule.offset)
    elif rule.unit is DueUnit.DAYS:
        day += timedelta(days=rule.offset)
    elif rule.offset:
        day = calendar.add(day, rule.offset)
    if rule.roll is Roll.NONE:
        return day
    return calendar.next_working_day(day) if rule.roll is Roll.NEXT else calendar.previous_working_day(day)
