"""Disputes: claims about lines of documents, from the first word to the settled cent; with a supplier, or a customer's with us.

Concepts, a file each: `ledger` (the identity), `clocks` (computed from facts), `locks` (a line in one open case), `opening`,
`lines` (added, reversed, split), `course` (acknowledged, looked into, waiting), `offers`, `settling`, `ending`, `timing`
(warnings and levels), `corrective` (8D); `evolution` folds the events into `state`, `decider` ties all.
"""

from domain.disputes import clock_events, commands, corrective_events, events, refusals, terms
from domain.disputes.clocks import clocks, readings
from domain.disputes.decider import disputes
from domain.disputes.locks import locks
from domain.disputes.state import Dispute

__all__ = [
    "Dispute",
    "clock_events",
    "clocks",
    "commands",
    "corrective_events",
    "disputes",
    "events",
    "locks",
    "readings",
    "refusals",
    "terms",
]
