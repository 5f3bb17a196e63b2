"""Which causal chain an event of a contract is a part of: that of a breach, from its day to what is agreed about the renewal.

A chain is known by the id of the case in which the breach is, or would be, claimed; so it begins before the case does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from domain.contracts import events as e
from domain.contracts import obligation_events as o
from domain.contracts.state import Contract, Occurrence
from domain.contracts.terms import OccurrenceStatus
from domain.kernel import natural_id
from domain.price_talk import ContractPriceTalkPrepared, DealPriceTalkPrepared

Breach = tuple[UUID, date, Occurrence]
"""The obligation, the nominal day of its occurrence, and what came of it."""


def dispute_of(contract: UUID, obligation: UUID, occurrence: date) -> UUID:
    """The stream of the dispute in which a breach is claimed: one for each occurrence, whoever opens it and how often."""
    return natural_id("dispute", "obligation", str(contract), str(obligation), occurrence.isoformat())


def dispute_after(case: UUID) -> UUID:
    """The stream of the dispute in which a breach is claimed again, once the `case` in which it was claimed before is void."""
    return natural_id("dispute", "claimed again", str(case))


def breaches_of_term(contract: Contract) -> tuple[Breach, ...]:
    """What was not done in the term that runs, by its due day: what counts as breached, and what was claimed."""
    days = contract.dates
    if days is None or days.term_end is None:
        return ()
    return tuple(sorted(_breached(contract, days.term_start, days.term_end), key=lambda b: (b[2].due_on, str(b[0]), b[1])))


def _breached(contract: Contract, start: date, end: date) -> Iterator[Breach]:
    for (obligation, nominal), held in contract.occurrences.items():
        if (held.status is OccurrenceStatus.BREACHED or held.dispute is not None) and start <= held.due_on <= end:
            yield obligation, nominal, held


def latest_chain(contract: Contract, id: UUID) -> UUID | None:
    """The chain that the talk about the renewal goes on: of the term's last breach that was claimed, else of its last; None: of none."""
    found = breaches_of_term(contract)
    claimed = [breach for breach in found if breach[2].dispute is not None] or found
    return dispute_of(id, *claimed[-1][:2]) if claimed else None


def chain(contract: Contract | None, event: Any, id: UUID) -> UUID | None:
    """See `Decider.chain`. What is said of the renewal goes on one chain, and names the others (`PriceTalk`)."""
    match event:
        case o.ObligationBreached() | o.ObligationDisputed():
            return dispute_of(id, event.obligation, event.occurrence)
        case o.ObligationMet(previous=OccurrenceStatus.BREACHED) | o.ObligationWaived(previous=OccurrenceStatus.BREACHED):
            return dispute_of(id, event.obligation, event.occurrence)
        case (
            e.ContractRenewalStarted()
            | ContractPriceTalkPrepared()
            | DealPriceTalkPrepared()
            | e.ContractRenewalReviewed()
            | e.ContractRenewed()
        ) if contract is not None:
            return latest_chain(contract, id)
    return None
