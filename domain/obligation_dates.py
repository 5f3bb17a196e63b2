"""When an obligation falls due: a day, counted from the contract's own days, once or again and again. Pure arithmetic.

An occurrence is known by its nominal day, which follows from the rule alone; on which day it is due may move with
a calendar of holidays.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

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
