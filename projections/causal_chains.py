"""Causal chains: what came of one fact across nouns, found by the correlation id that its events share.

A chain is known by the id of a case (`domain/disputes/decider.py`), so what happened in the case itself is its stream. This read
model holds where the rest lies: the breach before it, cases split off from it, the supplier's score, the renewal's price talk.

The log's index (`projections/log_index.py`) cannot stand in for it: there an event has the one correlation id that it was stored with,
here a price talk ends the chain of every breach it speaks of, and what clocks read or a chain of its own brought about is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.contracts import events as c
from domain.contracts import obligation_events as o
from domain.deals import DealOpened
from domain.disputes import clock_events, corrective_events
from domain.disputes import events as d
from domain.disputes.clock_events import DisputeClocksSet
from domain.kernel import TOPICS, Recorded
from domain.price_talk import ContractPriceTalkPrepared, DealPriceTalkPrepared
from domain.suppliers import events as s
from infra.event_store.envelope import Meta
from infra.event_store.loader import COLUMNS
from projections.as_of import Basis
from projections.batch import Entry
from projections.projection import Projection
from projections.reading import Reading
from projections.rows import Rows
from projections.tables import Table

CHAIN_STEPS = Table(
    "chain_steps",
    ("stream", "position", "correlation"),
    {"stream": "uuid NOT NULL", "position": "int8 NOT NULL", "correlation": "uuid NOT NULL", "topic": "text NOT NULL"},
    ("(correlation)",),
    ("(correlation)",),
)
LONGEST = 1000
"""Steps that are told of one chain, the first ones."""
NOUN_OF: Mapping[str, str] = {
    "contract": "contract",
    "corrective_action": "dispute",
    "deal": "deal",
    "dispute": "dispute",
    "obligation": "contract",
    "supplier": "supplier",
}
"""What the first part of a topic is about."""
_OF_A_CASE = {d.__name__, clock_events.__name__, corrective_events.__name__}
_IN_A_CASE = tuple(event for event in TOPICS.values() if event.__module__ in _OF_A_CASE and event is not DisputeClocksSet)
"""What clocks read after each fact is told of the case, not of the chain: it brings nothing about."""
_CASES = frozenset(_IN_A_CASE)


class CausalChains(Projection):
    """One row for each event that is on the chain of another stream."""

    name = "causal_chains"
    tables = (CHAIN_STEPS,)
    events = (
        o.ObligationBreached,
        o.ObligationDisputed,
        o.ObligationMet,
        o.ObligationWaived,
        c.ContractRenewalStarted,
        ContractPriceTalkPrepared,
        c.ContractRenewalReviewed,
        c.ContractRenewed,
        DealOpened,
        DealPriceTalkPrepared,
        s.SupplierDisputeCounted,
        s.SupplierDisputeDiscounted,
        s.SupplierAnswered,
        s.SupplierScored,
        *_IN_A_CASE,
    )

    def handle(self, rows: Rows, entry: Entry) -> None:
        event = entry.event
        if type(event) in _CASES and not isinstance(event, d.DisputeSplitOff) and not rows.all(CHAIN_STEPS):
            return  # of a case that is a chain of its own
        meta = Meta.decode(entry.meta)
        chains = set() if meta.correlation_id in {meta.command_id, entry.stream} else {meta.correlation_id}
        if isinstance(event, ContractPriceTalkPrepared | DealPriceTalkPrepared):
            # it ends the chain of everything that was not done in the term, whichever of them it was told on
            chains |= {breach.chain for breach in event.talk.breaches}
        for correlation in sorted(chains):
            rows.put(CHAIN_STEPS, correlation=correlation, position=entry.position, topic=event.topic)


async def scored_before(reading: Reading, events: Sequence[Recorded]) -> s.SupplierScored | None:
    """The supplier's last score ahead of the first one among the events of a chain; None: there was none, or the chain has none."""
    first = next((recorded for recorded in events if isinstance(recorded.event, s.SupplierScored)), None)
    if first is None:
        return None
    found = await reading.rows(
        f"SELECT {COLUMNS} FROM events WHERE stream = %(stream)s AND version < %(version)s AND topic = %(topic)s ORDER BY version DESC LIMIT 1",
        {"stream": first.originator_id, "version": first.originator_version, "topic": s.SupplierScored.topic},
    )
    scored = reading.log.decode(reading.tenant, found[0]).event if found else None
    return scored if isinstance(scored, s.SupplierScored) else None


async def chain(reading: Reading, id: UUID) -> list[Recorded]:
    """The events of a chain as they stood at the reading's moment, oldest first; empty: there is no such chain."""
    if reading.as_of.now:
        then = "position <= %(reached)s"
    else:
        then = "position <= %(as_of)s" if reading.as_of.basis is Basis.KNOWN else "effective_at <= %(as_of)s"
    found = await reading.rows(
        f"SELECT {COLUMNS} FROM events WHERE position = ANY (ARRAY(SELECT position FROM "
        f"{reading.as_of.of(CHAIN_STEPS, 'position', 'correlation')} AS s WHERE correlation = %(chain)s)) AND {then} "
        f"UNION ALL SELECT {COLUMNS} FROM events WHERE stream = %(chain)s AND topic = ANY (%(topics)s) AND {then} "
        "ORDER BY effective_at, position LIMIT %(most)s",
        {"chain": id, "topics": [event.topic for event in _IN_A_CASE], "reached": reading.position, "most": LONGEST},
    )
    return [reading.log.decode(reading.tenant, row) for row in found]
