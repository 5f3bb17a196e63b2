"""What somebody has to react to in a deal that time passed over, and who is told of it, in which words.

A concern is an event that still holds: the deal has stalled in this stage, this close date has passed. What was overdue
before we knew of it, such as the close date of an imported deal, shows on the board and in the forecast, but nobody is
sent a message about it: an import of thousands of rows would send thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.deals import DealCloseDateLapsed, DealStalled
from domain.deals.events import StageFacts
from domain.deals.state import Deal
from domain.kernel import Event, Recorded
from domain.notifications import Notify
from infra.event_store.envelope import event_id
from workflows.clocks import lapses_at, stalls_at
from workflows.titles import titled

"""Characters that a notification's title may have."""


@dataclass(frozen=True, slots=True)
class Concern:
    """`id`: of the event that says so; `kind`: of the notification that tells the owner."""

    id: UUID
    kind: str


STALLED, LAPSED = "deal_stalled", "close_date_lapsed"
ESCALATED = "_escalated"
"""Appended to the kind of what the manager is told."""


def has_concerns(deal: Deal) -> bool:
    """Whether `concerns` may find any; answered without the deal's history."""
    return deal.open and (deal.stalled or deal.close_date in deal.lapsed)


def concerns(deal: Deal, history: Sequence[Recorded]) -> tuple[Concern, ...]:
    """The concerns of an open deal, found in its history, oldest event first."""
    found = []
    stalled, entered = _latest(history, DealStalled), _latest(history, StageFacts)
    if deal.stalled and stalled and entered and _came_later(stalls_at(deal), entered):
        found.append(Concern(_id(stalled), STALLED))
    lapsed = _latest(history, DealCloseDateLapsed)
    if deal.close_date is not None and deal.close_date in deal.lapsed and lapsed:
        dated = next((r for r in reversed(history) if r is not lapsed and getattr(r.event, "close_date", None) == deal.close_date), None)
        if dated and _came_later(lapses_at(deal.close_date, deal.zone), dated):
            found.append(Concern(_id(lapsed), LAPSED))
    return tuple(found)


def _latest(history: Sequence[Recorded], kind: type[Event]) -> Recorded | None:
    return next((r for r in reversed(history) if isinstance(r.event, kind)), None)


def _came_later(instant: datetime | None, known: Recorded) -> bool:
    """Whether the clock ran out after we had learnt what set it."""
    return instant is not None and instant > known.recorded_at


def _id(recorded: Recorded) -> UUID:
    return event_id(recorded.originator_id, recorded.originator_version)


def reminder(concern: Concern, deal: Deal, about: UUID, owner: UUID) -> Notify:
    """What the owner is told."""
    if concern.kind == STALLED:
        title = titled(deal.title, f" has stalled in {deal.stage_name}")
        body = (
            f"It has been in {deal.stage_name} for more than the {deal.max_days} days that the stage allows. "
            "Take the next step with the buyer, move it back, or close it as lost."
        )
    else:
        title = titled(deal.title, f" was expected to close on {deal.close_date}")
        body = "That day has passed and the deal is still open. Say on which day it will close now, or close it."
    return Notify(member=owner, kind=concern.kind, noun="deal", about=about, cause=concern.id, title=title, body=body)


def escalation(concern: Concern, deal: Deal, about: UUID, manager: UUID) -> Notify:
    """What the manager is told, when the owner has not reacted."""
    state = f" is still stalled in {deal.stage_name}" if concern.kind == STALLED else f" is still open after {deal.close_date}"
    body = "Its owner was reminded and nothing has changed since. Agree with them what happens next, or assign another owner."
    if deal.owner is None:
        body = "It has no owner. Assign one."
    kind = concern.kind + ESCALATED
    return Notify(member=manager, kind=kind, noun="deal", about=about, cause=concern.id, title=titled(deal.title, state), body=body)
