"""What time does to a dispute: clocks that are set, warn and run out, and the escalation that lies over its state."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.disputes.terms import ClockKind, Party, Reading
from domain.kernel import Event
from domain.values import Money


class DisputeClocksSet(Event, topic="dispute.clocks_set"):
    """How the clocks stand by all facts known, each with the instant at which it runs out; follows whatever moved one of them."""

    readings: tuple[Reading, ...]
    rules: int = 0


class DisputeClockWarned(Event, topic="dispute.clock_warned"):
    """A clock, which started at `started_at`, came to `percent` of its limit at `passed_at`."""

    clock: ClockKind
    party: Party
    percent: int
    started_at: datetime
    passed_at: datetime
    due_at: datetime | None
    owner: UUID


class DisputeEscalated(Event, topic="dispute.escalated"):
    """The case is raised to `level`: 1 category lead, 2 head, 3 executive, with a contract notice.

    By `clock` which came to `percent` of its limit at `passed_at`, or else by a person, with a note.
    """

    level: int
    previous: int
    contract_notice: bool
    at: datetime
    clock: ClockKind | None = None
    percent: int | None = None
    started_at: datetime | None = None
    passed_at: datetime | None = None
    note: str | None = None


class DisputeEscalationLifted(Event, topic="dispute.escalation_lifted"):
    """The case is at `level` again (0: not escalated): a person says so, or late facts show that the clock had not run out."""

    level: int
    previous: int
    at: datetime
    late_fact: bool = False
    note: str | None = None


class DisputeSettlementOverdue(Event, topic="dispute.settlement_overdue"):
    """What was agreed at `agreed_at` was to be settled by `due`, and `open` is not."""

    agreed_at: datetime
    due: datetime
    open: Money
    owner: UUID
