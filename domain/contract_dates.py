"""When a contract ends, by when notice has to be given, and when it ends if notice is given: pure arithmetic on local dates.

A term lasts to the end of its last day. A period of notice runs from the day after the one on which notice counts, and has to be
over by the end of the last day. Months are counted as in civil law (BGB §§ 187, 188): a period of months ends on the day of
the same number, or on the month's last day where it has none. Business days are those of the calendar given.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from domain.values import Text


class NoticeUnit(StrEnum):
    """What a period of notice is counted in."""

    DAYS = "days"
    MONTHS = "months"
    BUSINESS_DAYS = "business_days"


class NoticeBefore(StrEnum):
    """To which ends a contract can be terminated: of its term, or of any of its periods."""

    TERM_END = "term_end"
    PERIOD_END = "period_end"


class NoticeCounts(StrEnum):
    """On which day notice counts as given."""

    SENT = "sent"
    RECEIVED = "received"


class RenewalKind(StrEnum):
    """What happens at the end of the term if nobody does anything."""

    FIXED = "fixed"
    AUTO_RENEW = "auto_renew"
    EVERGREEN = "evergreen"


class NoticeRule(Text):
    """`count` days, months or business days before the end. Where notice counts when received, `delivery_days` business days are
    allowed for its way.
    """

    count: Annotated[int, Field(ge=0, le=1200)]
    unit: NoticeUnit
    before: NoticeBefore = NoticeBefore.TERM_END
    counts: NoticeCounts = NoticeCounts.SENT
    delivery_days: Annotated[int, Field(ge=0, le=60)] = 0

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.counts is NoticeCounts.SENT and self.delivery_days:
            raise ValueError("notice that counts when sent needs no delivery days; leave them away, or let it count when received")
        return self


class Renewal(Text):
    """`months`: how long each further term of an auto-renewing contract lasts. `period_months`: the length of the periods, counted
    from the contract's first day, to whose ends it can be terminated; None with an evergreen contract: to any day.
    """

    kind: RenewalKind
    months: Annotated[int, Field(ge=1, le=600)] | None = None
    period_months: Annotated[int, Field(ge=1, le=120)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.kind is RenewalKind.AUTO_RENEW) != (self.months is not None):
            raise ValueError("`months` is the length of a further term: an auto-renewing contract has it, others have not")
        return self
