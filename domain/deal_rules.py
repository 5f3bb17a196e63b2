"""The numbers and codes in the rules for deals that a tenant chooses, with their starting values: a part of its settings."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from domain.kernel import Command, Event, Invalid
from domain.values import Key


class CommitNeed(StrEnum):
    """What a deal may be asked for before it counts as commit."""

    AMOUNT = "amount"
    CLOSE_DATE = "close_date"
    NEXT_STEP = "next_step"
    ECONOMIC_BUYER = "economic_buyer"
    APPROVALS = "approvals"


@dataclass(frozen=True, slots=True)
class DealRules:
    """All (default). Days are calendar days in the deal's zone."""

    commit_needs: tuple[str, ...] = tuple(CommitNeed)
    """What commit asks for: an amount above zero, a close date that has not passed, and so on."""
    commit_next_step_within: int = 14
    """Commit needs a next step dated within so many days from today."""
    close_date_reason_over: int = 14
    """Moving the close date by more than so many days needs a reason."""
    push_cap_from: int = 3
    """From so many pushes on, the category is capped at best case."""
    back_reasons: tuple[str, ...] = ("scope_changed", "budget_changed", "stakeholder_changed", "criteria_reopened", "wrong_stage", "other")
    lost_reasons: tuple[str, ...] = ("price", "competitor", "no_budget", "no_decision", "timing", "product_fit", "relationship", "other")
    version: int = 0
    """How often they were changed; 0 are those that every tenant begins with."""


STARTING = DealRules()
CHOSEN = tuple(f.name for f in fields(DealRules) if f.name != "version")


class DealRulesChanged(Event, topic="settings.deal_rules_changed"):
    """All rules for deals from now on. Decisions that one of them bears on name the `version` they used."""

    version: int
    commit_needs: tuple[str, ...]
    commit_next_step_within: int
    close_date_reason_over: int
    push_cap_from: int
    back_reasons: tuple[str, ...]
    lost_reasons: tuple[str, ...]


Codes = Annotated[tuple[Key, ...], Field(min_length=1, max_length=50)]


class ChangeDealRules(Command):
    """Change rules for deals; those left away stay. What was decided before stays as it was decided.

    `commit_needs`: what commit asks for. `commit_next_step_within`: days from today in which a next step must lie for it.
    `close_date_reason_over`: days by which a close date moves without a reason. `push_cap_from`: pushes from which on the
    category is capped at best case. `back_reasons`, `lost_reasons`: the codes to choose from; `other` needs a note with a loss.
    """

    commit_needs: tuple[CommitNeed, ...] | None = None
    commit_next_step_within: Annotated[int, Field(ge=0, le=3650)] | None = None
    close_date_reason_over: Annotated[int, Field(ge=0, le=3650)] | None = None
    push_cap_from: Annotated[int, Field(ge=1, le=1000)] | None = None
    back_reasons: Codes | None = None
    lost_reasons: Codes | None = None


def change_deal_rules(current: DealRules, command: ChangeDealRules) -> tuple[Event, ...]:
    """Raises Invalid for a code that is named twice."""
    wanted: dict[str, Any] = {name: getattr(current, name) for name in CHOSEN}
    wanted |= {name: value for name in command.model_fields_set if (value := getattr(command, name)) is not None}
    wanted["commit_needs"] = tuple(need.value for need in CommitNeed if need in wanted["commit_needs"])
    for name in ("back_reasons", "lost_reasons"):
        if len(set(wanted[name])) != len(wanted[name]):
            raise Invalid(f"A code is named twice in {name}; name it once.")
    if all(getattr(current, name) == value for name, value in wanted.items()):
        return ()
    return (DealRulesChanged(version=current.version + 1, **wanted),)


def deal_rules_after(event: DealRulesChanged) -> DealRules:
    """The rules that an event made."""
    return DealRules(**{f.name: getattr(event, f.name) for f in fields(DealRules)})
