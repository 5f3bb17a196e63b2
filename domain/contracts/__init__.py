"""Contracts: what was agreed with another party, from the draft to its end, and what both owe each other by it."""

from domain.contracts import commands, events, obligation_commands, obligation_events

__all__ = ["commands", "events", "obligation_commands", "obligation_events"]
