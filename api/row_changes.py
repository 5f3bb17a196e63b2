"""What was recorded of rows between two moments: who changed them, when and why, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from projections.as_of import AsOf
from projections.list_difference import changes_between
from projections.log_search import hits
from projections.reading import Reading
from projections.stream_states import reason_of

MOST = 5
"""Events that are told of each row; of the others, how many there are."""


class RowChange(BaseModel):
    """An event of the row's own: who did what, when, and why where that was said."""

    position: int
    recorded_at: datetime
    actor: UUID
    actor_name: str
    topic: str
    sentence: str
    why: str | None


async def changes_told(opened: Reading, earlier: AsOf, rows: Sequence[UUID]) -> dict[UUID, tuple[list[RowChange], int]]:
    """By row, its latest changes between the two moments, oldest first, and how many there are; none for a row without own events."""
    between = await changes_between(opened, earlier, rows, most=MOST)
    events = await opened.events(sorted(position for positions, _ in between.values() for position in positions))
    told: dict[int, RowChange] = {}
    for event, hit in zip(events, await hits(opened, events), strict=True):
        who: dict[str, Any] = {name: getattr(hit, name) for name in RowChange.model_fields if name != "why"}
        told[hit.position] = RowChange(**who, why=reason_of(event))
    return {id: ([told[position] for position in positions], many) for id, (positions, many) in between.items()}
