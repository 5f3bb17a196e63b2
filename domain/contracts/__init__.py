"""Contracts: what was agreed with another party, from the draft to its end, and what both owe each other by it.

Concepts, a file each: `terms` (what is agreed), `drafting`, `signing`, `amending`, `renewing`, `ending`, `obligations` and their
`scheduling`; `price_talk` (what happened in a term) and `chain` (what belongs together); `in_force` (terms on a day) and `days` (the days that count) compute; `state` and `evolution` fold the events, `decider`
ties all. The arithmetic of days is in `domain/contract_dates.py` and `domain/obligation_dates.py`.
"""

from domain.contracts import commands, events, obligation_commands, obligation_events
from domain.contracts.chain import dispute_of
from domain.contracts.decider import contracts
from domain.contracts.in_force import terms_on
from domain.contracts.state import Contract

__all__ = ["Contract", "commands", "contracts", "dispute_of", "events", "obligation_commands", "obligation_events", "terms_on"]
