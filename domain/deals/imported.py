"""What a source tells of a deal: the events of importing, telling anew, and taking back. Never gated, and dated as told."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field

from domain.attributes import Attributes
from domain.deals.events import StageFacts
from domain.deals.terms import Line
from domain.kernel import Event
from domain.values import Money


class DealImported(StageFacts, topic="deal.imported"):
    """A deal came from another system, as that tells it, closed perhaps. `needs_attention` names the fields it lacks."""

    run: UUID
    source: str
    source_id: str
    title: str
    account: UUID | None = None
    amount: Money | None = None
    annual: Money | None = None
    lines: tuple[Line, ...] = ()
    close_date: date | None = None
    zone: str
    owner: UUID | None = None
    team: UUID | None = None
    next_step: str | None = None
    next_step_on: date | None = None
    attributes: Attributes = Field(default_factory=dict)
    needs_attention: tuple[str, ...] = ()
    won_on: date | None = None
    reason: str | None = None
    note: str | None = None
    competitor: str | None = None


class DealReimported(Event, topic="deal.reimported"):
    """The source says something new: `said` is its whole row, in plain values. What changes by it follows as events of
    its own; in the fields in `kept` what people set in Concord stays.
    """

    run: UUID
    said: dict[str, Any]
    kept: tuple[str, ...] = ()


class DealStageReported(StageFacts, topic="deal.stage_reported"):
    """The source tells that the deal was in this stage since then; never gated. `current` is False for a stage that lies
    before the one the deal is in now: it belongs to the past only.
    """

    run: UUID
    current: bool
    previous: str
    won_on: date | None = None
    reason: str | None = None
    note: str | None = None
    competitor: str | None = None


class DealImportUndone(Event, topic="deal.import_undone"):
    """An import was taken back. `withdrawn`: the deal itself is gone, for that import brought it. Else what goes back
    follows as events of its own.
    """

    run: UUID
    withdrawn: bool
