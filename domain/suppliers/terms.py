"""The codes and figures by which a supplier is judged."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from domain.values import Exactly, Key, Name, Text

Points = Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2), Exactly(r"^[0-9]{1,3}([.][0-9]{1,2})?$")]
"""0 to 100, with at most two decimals."""
Month = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", examples=["2026-03"])]


class Qualification(StrEnum):
    """Whether a supplier may deliver a commodity in a region. `qualified` and `conditional` end on a day."""

    CANDIDATE = "candidate"
    QUALIFIED = "qualified"
    CONDITIONAL = "conditional"
    DISQUALIFIED = "disqualified"


class Measure(StrEnum):
    """What a score is made of."""

    ON_TIME = "on_time"
    QUALITY = "quality"
    PRICE_VARIANCE = "price_variance"
    DISPUTES = "disputes"
    ANSWERS = "answers"


class Weight(Text):
    """How much a measure counts, in percent."""

    measure: Measure
    percent: Annotated[int, Field(ge=0, le=100)]


class Band(Text):
    """Scores from `at_least` up to the next band's; `blocks_orders`: nothing is ordered from who is in it."""

    key: Key
    name: Name
    at_least: Points
    below: Points | None = None
    blocks_orders: bool = False


class Figure(Text):
    """One measure over the months looked at: what was counted, its value, and the points for it. `of`: orders, deliveries,
    units or cases that the value is drawn from; never 0, for without activity there is no figure.
    """

    measure: Measure
    of: Decimal
    value: Decimal
    points: Decimal
    percent: int
