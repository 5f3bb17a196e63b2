"""What happens to the corrective action (8D) that a case may demand: part of the case's stream, and may outlast the case."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.disputes.terms import EightD, Party
from domain.kernel import Event, Personal


class CorrectiveActionDemanded(Event, topic="corrective_action.demanded"):
    """The case repeats others (or a person asks for it): containment, root cause and measures are due. `round`: 2 and later
    where the measures before had no effect.
    """

    round: int
    repeats: tuple[UUID, ...]
    at: datetime
    d3_due: datetime
    d4_due: datetime
    d5_due: datetime
    note: str | None = None
    rules: int = 0


class CorrectiveStepDone(Event, topic="corrective_action.step_done"):
    """A discipline is fulfilled. `causes`: with D4, codes from the list of root causes."""

    round: int
    step: EightD
    party: Party
    text: Personal[str]
    causes: tuple[str, ...]
    at: datetime


class CorrectiveStepMissed(Event, topic="corrective_action.step_missed"):
    """The day of a discipline passed without it."""

    round: int
    step: EightD
    due: datetime
    owner: UUID


class CorrectiveActionChecked(Event, topic="corrective_action.checked"):
    """Somebody looked whether the measures had their effect."""

    round: int
    effective: bool
    note: str
    at: datetime


class CorrectiveActionClosed(Event, topic="corrective_action.closed"):
    round: int
    at: datetime


class CorrectiveActionCancelled(Event, topic="corrective_action.cancelled"):
    """It is demanded no more."""

    round: int
    reason: str
    at: datetime
