"""Suppliers: what they may deliver where, and how they are scored from what happened."""

from domain.suppliers import commands, events, terms
from domain.suppliers.decider import scorecards, suppliers
from domain.suppliers.events import SCORECARD_ID, supplier_id
from domain.suppliers.state import Scorecard, Supplier

__all__ = ["SCORECARD_ID", "Scorecard", "Supplier", "commands", "events", "scorecards", "supplier_id", "suppliers", "terms"]
