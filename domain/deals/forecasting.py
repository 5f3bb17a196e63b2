"""What a deal counts for in the forecast: its probability, its category, and what commit asks for."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.deal_rules import STARTING, CommitNeed, DealRules
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
from domain.deals.rules import rules_of
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


def commit_unmet(deal: Deal, on: date, rules: DealRules = STARTING) -> tuple[Unmet, ...]:
    """What of the requirements of commit the deal lacks on a day."""
    found, needs = [], rules.commit_needs
    if CommitNeed.AMOUNT in needs and (deal.amount is None or deal.amount.amount <= 0):
        found.append(Unmet(criterion="amount", label="An amount above zero", evidence=EvidenceKind.AMOUNT))
    if CommitNeed.CLOSE_DATE in needs and (deal.close_date is None or deal.close_date < on):
        found.append(Unmet(criterion="close_date", label="A close date that has not passed", evidence=EvidenceKind.DATE))
    within = timedelta(days=rules.commit_next_step_within)
    dated = deal.next_step is not None and deal.next_step_on is not None and on <= deal.next_step_on <= on + within
    if CommitNeed.NEXT_STEP in needs and not dated:
        label = f"A next step dated within {rules.commit_next_step_within} days"
        found.append(Unmet(criterion="next_step", label=label, evidence=EvidenceKind.DATE))
    if CommitNeed.ECONOMIC_BUYER in needs and not any(person.role is BuyerRole.ECONOMIC_BUYER for person in deal.people):
        found.append(Unmet(criterion="economic_buyer", label="A named economic buyer", evidence=EvidenceKind.CONTACT))
    if CommitNeed.APPROVALS in needs:
        found.extend(Unmet(criterion=chain, label=f"The {chain} approval, which is open") for chain in deal.approvals)
    return tuple(found)


def effective(deal: Deal, kind: StageKind, default: Category, on: date, ctx: Context) -> tuple[Category, tuple[str, ...], int]:
    """The category that counts in a stage of that kind and default on a day: the lower of call and cap.

    With what caps it, and the version of the rules that said so (0 where none was asked).
    """
    if kind is not StageKind.OPEN:
        return (Category.CLOSED if kind is StageKind.WON else Category.OMITTED), (), 0
    called = deal.category_override or default
    if _RANK[called] <= _RANK[Category.BEST_CASE]:
        return called, (), 0
    rules = rules_of(ctx)
    capped: tuple[str, ...] = ("pushes",) if deal.pushes >= rules.push_cap_from else ()
    capped += tuple(u.criterion for u in commit_unmet(deal, on, rules))
    return Category.BEST_CASE if capped else called, capped, rules.version


def recategorised(deal: Deal, ctx: Context) -> tuple[Event, ...]:
    """The change of the effective category that follows from what has just happened, if any."""
    if deal.withdrawn:
        return ()
    category, capped, rules = effective(deal, deal.kind, deal.default_category, local_date(ctx.at, deal.zone), ctx)
    if category is deal.category:
        return ()
    return (DealForecastCategoryChanged(category=category, previous=deal.category, capped_by=capped, rules=rules),)


def standing(deal: Deal, pipeline: UUID, version: PipelineVersion, stage: Stage, since: datetime, ctx: Context) -> dict[str, Any]:
    """The facts of the deal's being in `stage` from `since`, as every event that puts it there tells them."""
    open_ = stage.kind is StageKind.OPEN
    override = deal.probability_override if open_ else None
    category, _, rules = effective(deal, stage.kind, stage.category, local_date(since, deal.zone), ctx)
    return stage_facts(pipeline, version, stage, since) | {
        "probability": stage.probability if override is None else override,
        "category": category,
        "rules": rules,
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
    rules = rules_of(ctx)
    if command.category is Category.COMMIT and (unmet := commit_unmet(deal, today(deal, ctx), rules)):
        wanted = "; ".join(u.label for u in unmet)
        raise CommitNotMet(f"Commit needs what this deal lacks: {wanted}. Supply it, then call the deal again.", unmet=unmet)
    return (DealCategorySet(called=command.category, rules=rules.version),)


def clear_category(deal: Deal, _command: ClearCategory, _ctx: Context) -> tuple[Event, ...]:
    return () if deal.category_override is None else (DealCategoryCleared(default_category=deal.default_category),)


def record_commit_lost(deal: Deal, _command: RecordCommitLost, ctx: Context) -> tuple[Event, ...]:
    if deal.category is not Category.COMMIT:
        return ()
    rules = rules_of(ctx)
    unmet = commit_unmet(deal, today(deal, ctx), rules)
    return (DealCommitLost(unmet=unmet, owner=deal.owner, rules=rules.version),) if unmet else ()
