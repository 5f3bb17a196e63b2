"""The numbers and codes in the deals' rules that a tenant may choose, with their starting values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DealRules:
    """All (default). Days are calendar days in the deal's zone."""

    commit_next_step_within: int = 14
    """Commit needs a next step dated within so many days from today."""
    close_date_reason_over: int = 14
    """Moving the close date by more than so many days needs a reason."""
    push_cap_from: int = 3
    """From so many pushes on, the category is capped at best case."""
    back_reasons: tuple[str, ...] = ("scope_changed", "budget_changed", "stakeholder_changed", "criteria_reopened", "wrong_stage", "other")
    lost_reasons: tuple[str, ...] = ("price", "competitor", "no_budget", "no_decision", "timing", "product_fit", "relationship", "other")


RULES = DealRules()
