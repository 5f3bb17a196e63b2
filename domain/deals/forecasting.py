"""What a deal counts for in the forecast: its probability, its category, and what commit asks for."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.deals.commands import ClearCategory, ClearProbability, OverrideProbability, RecordCommitLost, SetCategory
from domain.deals.events import (
    DealCategoryCleared,
    DealCategorySet,
    DealCommitLost,
    DealForecastCategoryChanged,
    DealProbabilityCleared,
    DealProbabilityOverridden,
)
from domain.deals.refusals import CommitNotMet
from domain.deals.rules import RULES
from domain.deals.state import Deal
from domain.deals.terms import BuyerRole
from domain.kernel import Context, Event
from domain.stages import Category, EvidenceKind, PipelineVersion, Stage, StageKind, Unmet
from domain.values import zone

_RANK = {category: rank for rank, category in enumerate(Category)}


def local_date(instant: datetime, zone_name: str) -> date:
    """The date at `instant` in a zone."""
    return instant.astimezone(zone(zone_name)).date()


def today(deal: Deal, ctx: Context) -> date:
    """Today's date where the deal is."""
    return local_date(ctx.now, deal.zone)


def commit_unmet(deal: Deal, on: date) -> tuple[Unmet, ...]:
    """What of the requirements of commit the deal lacks on a day (default)."""
    found = []
    if deal.amount is None or deal.amount.amount <= 0:
        found.append(Unmet(criterion="amount", label="An amount above zero", evidence=EvidenceKind.AMOUNT))
    if deal.close_date is None or deal.close_date < on:
        found.append(Unmet(criterion="close_date", label="A close date that has not passed", evidence=EvidenceKind.DATE))
    within = timedelta(days=RULES.commit_next_step_within)
    if deal.next_step is None or deal.next_step_on is None or not on <= deal.next_step_on <= on + within:
        label = f"A next step dated within {RULES.commit_next_step_within} days"
        found.append(Unmet(criterion="next_step", label=label, evidence=EvidenceKind.DATE))
    if not any(person.role is BuyerRole.ECONOMIC_BUYER for person in deal.people):
        found.append(Unmet(criterion="economic_buyer", label="A named economic buyer", evidence=EvidenceKind.CONTACT))
    found.extend(Unmet(criterion=approval, label=f"The approval {approval}, which is open") for approval in deal.approvals)
    return tuple(found)


def effective(deal: Deal, kind: StageKind, default: Category, on: date) -> tuple[Category, tuple[str, ...]]:
    """The category that counts in a stage of that kind and default on a day, and what caps it: the lower of call and cap."""
    if kind is not StageKind.OPEN:
        return (Category.CLOSED if kind is StageKind.WON else Category.OMITTED), ()
    called = deal.category_override or default
    if _RANK[called] <= _RANK[Category.BEST_CASE]:
        return called, ()
    capped: tuple[str, ...] = ("pushes",) if deal.pushes >= RULES.push_cap_from else ()
    capped += tuple(u.criterion for u in commit_unmet(deal, on))
    return (Category.BEST_CASE, capped) if capped else (called, ())


def recategorised(deal: Deal, ctx: Context) -> tuple[Event, ...]:
    """The change of the effective category that follows from what has just happened, if any."""
    if deal.withdrawn:
        return ()
    category, capped = effective(deal, deal.kind, deal.default_category, local_date(ctx.at, deal.zone))
    if category is deal.category:
        return ()
    return (DealForecastCategoryChanged(category=category, previous=deal.category, capped_by=capped),)


def standing(deal: Deal, pipeline: UUID, version: PipelineVersion, stage: Stage, since: datetime) -> dict[str, Any]:
    """The facts of the deal's being in `stage` from `since`, as every event that puts it there tells them."""
    open_ = stage.kind is StageKind.OPEN
    override = deal.probability_override if open_ else None
    return stage_facts(pipeline, version, stage, since) | {
        "probability": stage.probability if override is None else override,
        "category": effective(deal, stage.kind, stage.category, local_date(since, deal.zone))[0],
    }


def stage_facts(pipeline: UUID, version: PipelineVersion, stage: Stage, since: datetime) -> dict[str, Any]:
    """The facts of a stage itself."""
    return {
        "pipeline": pipeline,
        "pipeline_version": version.number,
        "stage": stage.key,
        "stage_name": stage.name,
        "kind": stage.kind,
        "probability": stage.probability,
        "stage_probability": stage.probability,
        "category": stage.category,
        "default_category": stage.category,
        "max_days": stage.max_days,
        "since": since,
    }


def override_probability(deal: Deal, command: OverrideProbability, _ctx: Context) -> tuple[Event, ...]:
    if deal.probability_override == command.probability:
        return ()
    return (DealProbabilityOverridden(probability=command.probability, stage_probability=deal.stage_probability, reason=command.reason),)


def clear_probability(deal: Deal, _command: ClearProbability, _ctx: Context) -> tuple[Event, ...]:
    return () if deal.probability_override is None else (DealProbabilityCleared(probability=deal.stage_probability),)


def set_category(deal: Deal, command: SetCategory, ctx: Context) -> tuple[Event, ...]:
    """Raises CommitNotMet. Too many pushes do not refuse a call of commit: it is remembered, and counts as best case."""
    if deal.category_override is command.category:
        return ()
    if command.category is Category.COMMIT and (unmet := commit_unmet(deal, today(deal, ctx))):
        wanted = "; ".join(u.label for u in unmet)
        raise CommitNotMet(f"Commit needs what this deal lacks: {wanted}. Supply it, then call the deal again.", unmet=unmet)
    return (DealCategorySet(called=command.category),)


def clear_category(deal: Deal, _command: ClearCategory, _ctx: Context) -> tuple[Event, ...]:
    return () if deal.category_override is None else (DealCategoryCleared(default_category=deal.default_category),)


def record_commit_lost(deal: Deal, _command: RecordCommitLost, ctx: Context) -> tuple[Event, ...]:
    if deal.category is not Category.COMMIT:
        return ()
    unmet = commit_unmet(deal, today(deal, ctx))
    return (DealCommitLost(unmet=unmet, owner=deal.owner),) if unmet else ()
