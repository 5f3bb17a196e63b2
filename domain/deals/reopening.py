"""Ways out of the ordinary: a lost deal opens again, a win is taken back, a deal goes on in another pipeline."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from domain.deals.commands import MigratePipeline, ReopenDeal, ReverseWin
from domain.deals.dates import check_close_date, moved
from domain.deals.events import DealPipelineMigrated, DealReopened, DealWinReversed
from domain.deals.forecasting import standing, today
from domain.deals.moves import check_no_move
from domain.deals.references import stage_in, version_in, version_of
from domain.deals.refusals import DealNotWon, ReversalNeedsFinance, StageNotOpen, StageUnknown, WinNeedsReversal
from domain.deals.state import Deal
from domain.kernel import Context, Event, Role
from domain.stages import PipelineVersion, Stage, StageKind


def reopen(deal: Deal, command: ReopenDeal, ctx: Context) -> tuple[Event, ...]:
    """Raises WinNeedsReversal, CloseDateInPast, CloseDateTooFar."""
    if deal.open:
        return ()
    if deal.kind is StageKind.WON:
        raise WinNeedsReversal("This deal is won; ask finance to reverse the win.")
    version = version_of(deal, ctx)
    dated, date_moved = _dated(deal, command.close_date, command.reason, ctx)
    facts = standing(dated, deal.pipeline, version, _stage_left(deal, version), ctx.at, ctx)
    return (DealReopened(**facts, previous=deal.stage, reason=command.reason), *date_moved)


def reverse_win(deal: Deal, command: ReverseWin, ctx: Context) -> tuple[Event, ...]:
    """Raises ReversalNeedsFinance, DealNotWon, CloseDateInPast, CloseDateTooFar. Concord itself holds no role, so it reverses nothing."""
    if not ctx.actor.has(Role.FINANCE, Role.FINANCE_CHIEF):
        raise ReversalNeedsFinance("Only finance reverses a win; ask someone there.", roles=[Role.FINANCE.value, Role.FINANCE_CHIEF.value])
    if deal.kind is not StageKind.WON:
        raise DealNotWon(f"This deal is {deal.stage_name}, not won; there is nothing to reverse.", stage=deal.stage)
    version = version_of(deal, ctx)
    dated, date_moved = _dated(deal, command.close_date, command.reason, ctx)
    facts = standing(dated, deal.pipeline, version, _stage_left(deal, version), ctx.at, ctx)
    return (DealWinReversed(**facts, previous=deal.stage, reason=command.reason, won_on=deal.won_on), *date_moved)


def _dated(deal: Deal, close_date: date | None, reason: str, ctx: Context) -> tuple[Deal, tuple[Event, ...]]:
    """The deal with the date it is to be open with, which must not have passed, and the event if that is another one."""
    wanted = close_date or deal.close_date
    if wanted is not None:
        check_close_date(wanted, today(deal, ctx), deal.zone)
    if wanted is None or wanted == deal.close_date:
        return deal, ()
    event = moved(deal, wanted, reason)
    return replace(deal, close_date=wanted, pushes=event.pushes), (event,)


def _stage_left(deal: Deal, version: PipelineVersion) -> Stage:
    """Where the deal was before it closed; the first stage where no one told."""
    stage = version.stage(deal.left) if deal.left else None
    return stage if stage and stage.kind is StageKind.OPEN else version.first


def migrate(deal: Deal, command: MigratePipeline, ctx: Context) -> tuple[Event, ...]:
    """Evidence stays where the new version asks for the same. Raises PipelineUnavailable, StageUnknown, StageNotOpen, MovePending."""
    version = version_in(command.pipeline, command.version, ctx, for_new=command.pipeline != deal.pipeline)
    same = version.stage(deal.stage)
    if (command.pipeline, version.number) == (deal.pipeline, deal.pipeline_version):
        return ()
    check_no_move(deal)
    if same is not None and command.to not in {None, same.key}:
        raise StageUnknown(
            f"The deal stays in {same.name}, which is there too; migrate without naming a stage, then move it.", stages=[same.key]
        )
    if same is None and command.to is None:
        stages = [s.key for s in version.of_kind(StageKind.OPEN)]
        raise StageUnknown(f"There is no stage {deal.stage!r} there; name the stage to go on in.", stages=stages)
    stage = same or stage_in(version, command.to or "")
    if stage.kind is not StageKind.OPEN:
        raise StageNotOpen(f"{stage.name} is {stage.kind.value}; migrate into an open stage, then move the deal.", stage=stage.key)
    asked = {c.key: c.evidence for s in version.stages for c in s.exit_criteria}
    dropped = tuple(key for key, proof in deal.evidence.items() if key not in asked or proof.shows != {asked[key]})
    since = deal.since if same is not None else ctx.at
    return (
        DealPipelineMigrated(
            **standing(deal, command.pipeline, version, stage, since, ctx),
            previous=deal.stage,
            previous_pipeline=deal.pipeline,
            previous_version=deal.pipeline_version,
            dropped=dropped,
        ),
    )
