"""What happens to a contract's obligations: what a party has to do, again and again, and what came of each time."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from domain.contracts.terms import OccurrenceStatus, Party, Proof
from domain.kernel import Event
from domain.obligation_dates import DueRule, Recurrence
from domain.stages import EvidenceKind
from domain.values import Money


class ObligationAdded(Event, topic="obligation.added"):
    """`by` owes it, by `clause`. `owner`: our member who sees to it. Due by `due`, again by `recurrence` if there is one.

    `lead_days` before the due day somebody has to act; `grace_days` after it, it counts as breached. `proof`: what shows that it was met.
    Occurrences due before `since` are not followed.
    """

    obligation: UUID
    title: str
    by: Party
    clause: str | None = None
    owner: UUID
    due: DueRule
    recurrence: Recurrence | None = None
    lead_days: int
    grace_days: int
    proof: EvidenceKind
    penalty: Money | None = None
    penalty_text: str | None = None
    since: date


class ObligationEnded(Event, topic="obligation.ended"):
    """No further occurrence; those that are not due yet are dropped."""

    obligation: UUID
    reason: str


class ObligationReassigned(Event, topic="obligation.reassigned"):
    obligation: UUID
    owner: UUID
    previous: UUID


class OccurrenceFacts(Event):
    """Base of what happens to one occurrence. `occurrence`: its nominal day, by which it is known."""

    obligation: UUID
    occurrence: date
    due_on: date


class ObligationScheduled(OccurrenceFacts, topic="obligation.scheduled"):
    """The next occurrence is pending: to be acted on from `due_from`, breached after `breached_after`. Told anew, its days have moved."""

    title: str
    by: Party
    owner: UUID
    due_from: date
    breached_after: date


class ObligationFellDue(OccurrenceFacts, topic="obligation.fell_due"):
    """The time to act has come."""

    title: str
    by: Party
    owner: UUID


class ObligationMet(OccurrenceFacts, topic="obligation.met"):
    """It was done on `met_on`, as the proof shows; `late`: after its due day. `previous`: what it counted as before."""

    met_on: date
    late: bool
    previous: OccurrenceStatus
    proof: Proof


class ObligationWaived(OccurrenceFacts, topic="obligation.waived"):
    """It need not be done this time."""

    previous: OccurrenceStatus
    reason: str


class ObligationBreached(OccurrenceFacts, topic="obligation.breached"):
    """It was not done in time. `party`: the account of the contract; `penalty`: what the contract says it costs."""

    title: str
    by: Party
    party: UUID
    owner: UUID
    clause: str | None = None
    breached_after: date
    penalty: Money | None = None


class ObligationDisputed(OccurrenceFacts, topic="obligation.disputed"):
    """The breach is claimed in the dispute with this id; `claim` is what is asked for, if it is money."""

    dispute: UUID
    by: Party
    party: UUID
    claim: Money | None = None
    note: str | None = None


class ObligationDropped(OccurrenceFacts, topic="obligation.dropped"):
    """The occurrence will not come: the contract, or the obligation, ends before."""

    reason: str
