"""The tenant's rules for deals as decisions read them, and which decisions do.

Rules stand in the stream of settings. What a decision reads is guarded in its append, so only those read it that a rule may
bear on: the many others then neither load it nor wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from domain.deal_rules import STARTING, DealRules
from domain.deals import commands as c
from domain.deals.state import Deal
from domain.imports import UndoImport
from domain.kernel import Command, Context, Read
from domain.pipelines import Pipeline
from domain.settings import SETTINGS_READ, Settings
from domain.stages import Category, PipelineVersion, StageKind

_ALWAYS = (c.MoveCloseDate, c.SetCategory, c.ClearCategory, c.MigratePipeline, c.ReopenDeal, c.ReverseWin)
_NEVER = (c.RefuseMove, c.WithdrawMove)


def rules_of(ctx: Context) -> DealRules:
    """The rules that hold for the decision. Raises KeyError where `rule_reads` did not ask for them."""
    known: Settings | None = ctx.fact(SETTINGS_READ)
    return STARTING if known is None else known.deal_rules


def rule_reads(deal: Deal | None, command: Command, facts: Mapping[UUID, Any]) -> Iterator[Read]:
    """The settings, where a rule may bear on what the command leads to; known once its pipeline was read."""
    if isinstance(command, _ALWAYS) or _bears(deal, command, facts):
        yield SETTINGS_READ


def _bears(deal: Deal | None, command: Command, facts: Mapping[UUID, Any]) -> bool:
    if isinstance(command, c.AdvanceDeal):
        return deal is not None and _needs_reason(deal, _version(facts, deal.pipeline, deal.pipeline_version), command.to)
    if isinstance(command, _NEVER) and (deal is None or not deal.approvals):
        return False
    if deal is not None and Category.COMMIT in {deal.category_override, deal.default_category}:
        return True
    match command:
        case c.OpenDeal(pipeline=pipeline):
            version = _version(facts, pipeline, None)
            return version is not None and version.first.category is Category.COMMIT
        case c.ImportDeal(pipeline=pipeline):
            # the stages that follow in the same row read no more than this
            places = {pipeline} if deal is None else {pipeline, deal.pipeline}
            return any(_commits(version) for place in places for version in _versions(facts, place))
        case c.EnterStage(to=stage) | c.ImportStage(stage=stage) | c.CloseImported(stage=stage) if deal is not None:
            # what a source tells is about the latest version
            number = deal.pipeline_version if isinstance(command, c.EnterStage) else None
            version = _version(facts, deal.pipeline, number)
            found = version.stage(stage) if version else None
            return found is not None and found.category is Category.COMMIT
        case UndoImport() if deal is not None:
            # the deal goes back to a stage that its source told
            return any(map(_commits, _versions(facts, deal.pipeline)))
    return False


def _needs_reason(deal: Deal, version: PipelineVersion | None, to: str) -> bool:
    if version is None:
        return False
    here, there = version.stage(deal.stage), version.stage(to)
    if here is None or there is None:
        return False
    return there.kind is StageKind.LOST or (there.kind is StageKind.OPEN and there.order <= here.order)


def _commits(version: PipelineVersion) -> bool:
    return any(stage.category is Category.COMMIT for stage in version.stages)


def _versions(facts: Mapping[UUID, Any], pipeline: UUID) -> tuple[PipelineVersion, ...]:
    known: Pipeline | None = facts.get(pipeline)
    return known.versions if known else ()


def _version(facts: Mapping[UUID, Any], pipeline: UUID, number: int | None) -> PipelineVersion | None:
    known: Pipeline | None = facts.get(pipeline)
    return known.version(number) if known else None
