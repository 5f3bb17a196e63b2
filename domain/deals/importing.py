"""Deals as another system tells them: taken over, told anew, taken back. The past is never gated; what people set in
Concord since stays, and so do the moves they made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from domain.deals.amounts import plain, worth
from domain.deals.commands import CloseImported, ImportDeal, ImportStage
from domain.deals.events import (
    DealAccountSet,
    DealAmountChanged,
    DealAttributesSet,
    DealCloseDateMoved,
    DealLinesChanged,
    DealNextStepSet,
    DealOwnerAssigned,
    DealRenamed,
)
from domain.deals.forecasting import local_date, stage_facts, standing
from domain.deals.imported import DealImported, DealImportUndone, DealReimported, DealStageReported
from domain.deals.provenance import ATTRIBUTE, STAGE, report, told, typed
from domain.deals.references import stage_in, version_in
from domain.deals.refusals import NotImported, StageUnknown
from domain.deals.state import ASKED_FOR, Deal
from domain.imports import ChangedSinceImport, Provenance, UndoImport
from domain.kernel import AlreadyExists, Context, Event
from domain.stages import PipelineVersion, Stage, StageKind
from domain.values import Money

_GROUPS = (("lines", "amount", "annual"), ("owner", "team"), ("next_step", "next_step_on"))
"""Fields that change together."""
_INSTEAD = {
    StageKind.OPEN: "lose the deal instead, with a note",
    StageKind.WON: "it stays won; have the win reversed instead, if it was none",
    StageKind.LOST: "it stays lost",
}
"""What to do with a deal whose import cannot be taken back."""


def import_deal(deal: Deal | None, command: ImportDeal, ctx: Context) -> tuple[Event, ...]:
    """Raises PipelineUnavailable, StageUnknown, CurrencyMixed, AmountNegative, AmountTooLarge, AlreadyExists."""
    amount, annual = _worth(command)
    if deal is None or deal.withdrawn:
        return (_imported(command, amount, annual, ctx),)
    if deal.provenance is None:
        raise AlreadyExists("This deal was not imported; match the row with it by hand, or leave it out.")
    row = _row(command, amount, annual, deal.provenance.said)
    if not deal.provenance.news(row):
        return ()
    wanted, kept = difference(deal, command)
    said = {**deal.provenance.said, **row}
    events: list[Event] = [DealReimported(run=command.run, said=said, kept=kept), *_changes(deal, wanted)]
    if "opened_in" in wanted:
        version = version_in(deal.pipeline, None, ctx)
        since = _since(command.stage_since, ctx)
        stage = stage_in(version, command.stage)
        events.append(_stage_reported(deal, command, version, stage, since, ctx, current=True))
    return tuple(events)


def difference(deal: Deal, command: ImportDeal) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What a row told anew would change, in plain values, and the fields in which people's values would be kept.

    For a preview of an import. A new `opened_in` counts only while the deal is where the source put it.
    """
    provenance = deal.provenance
    if provenance is None:
        return {}, ()
    current, said = told(deal), provenance.said
    news = provenance.news(_row(command, *_worth(command), said))
    news = {name: value for name, value in news.items() if name == "opened_in" or current.get(name) != value}
    if news.get("opened_in", said.get("stage")) == said.get("stage") or said.get("stage") != said.get("opened_in"):
        news.pop("opened_in", None)
    ours = _ours(deal, current, said)
    kept = tuple(sorted(name for name in news if name in ours))
    return {name: value for name, value in news.items() if name not in ours}, kept


def _ours(deal: Deal, current: Mapping[str, Any], said: Mapping[str, Any]) -> set[str]:
    """The fields in which people have said something since; all of them once the deal was closed in Concord."""
    moved = not deal.stage_reported
    if moved and not deal.open:
        return {*current, *said}
    ours = {name for name in {*current, *said} if name not in {"opened_in", *STAGE} and current.get(name) != said.get(name)}
    for group in _GROUPS:
        if not ours.isdisjoint(group):
            ours.update(group)
    return ours | {"opened_in", *STAGE} if moved else ours


def _worth(command: ImportDeal) -> tuple[Money | None, Money | None]:
    """What the source says the deal is worth: its own amount before the sum of the lines, which may be older."""
    if command.amount is not None:
        return plain(command.amount, command.annual)
    return worth(command.lines) if command.lines else (None, None)


def _row(command: ImportDeal, amount: Money | None, annual: Money | None, said: Mapping[str, Any]) -> dict[str, Any]:
    values = command.model_copy(update={"amount": amount, "annual": annual})
    row = told(values) | {"opened_in": command.stage}
    # an owner who changes teams leaves what was sold in the old one there, as deals opened in Concord do
    if said.get("team") is not None and row["owner"] == said.get("owner"):
        row["team"] = said["team"]
    return row


def _since(told_at: datetime | None, ctx: Context) -> datetime:
    since = told_at or ctx.at
    return since if since.tzinfo is UTC else since.astimezone(UTC)


def _won_on(stage: Stage, command: ImportDeal | ImportStage | CloseImported, since: datetime, zone: str, ctx: Context) -> date | None:
    """The day the deal books on. None where the source tells none: the day of the import is not it."""
    if stage.kind is not StageKind.WON:
        return None
    told_at = command.since if not isinstance(command, ImportDeal) else command.stage_since
    won_on = None if isinstance(command, ImportStage) else command.won_on
    return won_on or (local_date(since, zone) if told_at or ctx.effective_at else None)


def _imported(command: ImportDeal, amount: Money | None, annual: Money | None, ctx: Context) -> DealImported:
    version = version_in(command.pipeline, command.pipeline_version, ctx)
    stage = stage_in(version, command.stage)
    since = _since(command.stage_since, ctx)
    values = {"account": command.account, "close_date": command.close_date, "amount": amount, "owner": command.owner}
    return DealImported.trusted(
        **stage_facts(command.pipeline, version, stage, since),
        **values,
        run=command.run,
        source=command.source,
        source_id=command.source_id,
        title=command.title,
        annual=annual,
        lines=command.lines,
        zone=command.zone,
        team=command.team,
        next_step=command.next_step,
        next_step_on=command.next_step_on,
        attributes=command.attributes,
        needs_attention=tuple([name for name in ASKED_FOR if values[name] is None]),
        won_on=_won_on(stage, command, since, command.zone, ctx),
        reason=command.reason,
        note=command.note,
        competitor=command.competitor,
    )


def import_stage(deal: Deal, command: ImportStage | CloseImported, ctx: Context) -> tuple[Event, ...]:
    """Quiet for what was told before, and once people moved the deal. Raises NotImported, StageUnknown."""
    if deal.provenance is None:
        raise NotImported("This deal did not come from another system; move it instead.")
    version = version_in(deal.pipeline, None, ctx)
    stage = stage_in(version, command.stage)
    if isinstance(command, CloseImported) and stage.kind is StageKind.OPEN:
        closed = [s.key for s in version.stages if s.kind is not StageKind.OPEN]
        raise StageUnknown(f"{stage.name} is open; name the stage in which the deal closed.", stages=closed)
    undated = command.since is None and ctx.effective_at is None
    if not deal.stage_reported or (undated and deal.stage == stage.key):
        return ()
    since = _since(command.since, ctx)
    # an open stage that was told without its date begins when we heard of it; a closing comes after it nonetheless
    closes = deal.open and stage.kind is not StageKind.OPEN
    dates_it = stage.kind is StageKind.WON and deal.stage == stage.key and deal.won_on is None
    current = since >= deal.since or closes or dates_it
    event = _stage_reported(deal, command, version, stage, since, ctx, current=current)
    return () if report(event) in deal.reports else (event,)


def settles_category(event: Event) -> bool:
    """Whether the event itself says what the forecast counts from now on: a closing does, for nothing called holds beyond it."""
    return isinstance(event, DealStageReported) and event.current and event.kind is not StageKind.OPEN


def _stage_reported(
    deal: Deal,
    command: ImportDeal | ImportStage | CloseImported,
    version: PipelineVersion,
    stage: Stage,
    since: datetime,
    ctx: Context,
    *,
    current: bool,
) -> DealStageReported:
    how: dict[str, Any] = {}
    if not isinstance(command, ImportStage):
        how = {"reason": command.reason, "note": command.note, "competitor": command.competitor}
    how["won_on"] = _won_on(stage, command, since, deal.zone, ctx)
    facts = standing(deal, deal.pipeline, version, stage, since, ctx)
    return DealStageReported.trusted(**facts, **how, run=command.run, current=current, previous=deal.stage)


def _changes(deal: Deal, wanted: Mapping[str, Any]) -> Iterator[Event]:
    """The events by which the fields in `wanted` (plain values) become so."""

    def value(name: str) -> Any:
        return typed(name, wanted[name]) if name in wanted else getattr(deal, name)

    if "title" in wanted:
        yield DealRenamed(title=wanted["title"], previous=deal.title)
    if "account" in wanted:
        yield DealAccountSet(account=value("account"), previous=deal.account)
    if not wanted.keys().isdisjoint(("owner", "team")):
        yield DealOwnerAssigned(owner=value("owner"), team=value("team"), previous=deal.owner, previous_team=deal.team)
    if not wanted.keys().isdisjoint(("lines", "amount", "annual")):
        lines, amount, annual = value("lines"), value("amount"), value("annual")
        if lines and amount is not None:
            yield DealLinesChanged(lines=lines, amount=amount, annual=annual, previous=deal.amount)
        else:
            yield DealAmountChanged(amount=amount, annual=annual, previous=deal.amount)
    if "close_date" in wanted:
        # a source's new date is reported, not put off by us: it counts as no push
        yield DealCloseDateMoved(close_date=value("close_date"), previous=deal.close_date, pushed=False, pushes=deal.pushes)
    if not wanted.keys().isdisjoint(("next_step", "next_step_on")):
        yield DealNextStepSet(next_step=value("next_step"), next_step_on=value("next_step_on"))
    own = {name.removeprefix(ATTRIBUTE): typed(name, plain) for name, plain in wanted.items() if name.startswith(ATTRIBUTE)}
    if own:
        after = {key: v for key, v in {**deal.attributes, **own}.items() if v is not None}
        yield DealAttributesSet(attributes=after)


def undo_import(deal: Deal, command: UndoImport, ctx: Context) -> tuple[Event, ...]:
    """Quiet where that run said nothing. Raises LaterImport, ChangedSinceImport."""
    provenance = deal.provenance
    if provenance is None or not provenance.spoke(command.run):
        return ()
    if provenance.rows[-1][0] == command.run and not provenance.before(command.run) and (worked := _worked(deal)):
        raise ChangedSinceImport(f"This was worked on since the import ({', '.join(worked)}); {_INSTEAD[deal.kind]}.", fields=worked)
    current = told(deal) | ({} if deal.stage_reported else dict.fromkeys(STAGE))
    back = provenance.returning(command.run, current)
    if back is None:
        return (DealImportUndone(run=command.run, withdrawn=True),)
    ours = _ours(deal, told(deal), provenance.said)
    wanted = {name: value for name, value in back.items() if name not in ours}
    events: list[Event] = [DealImportUndone(run=command.run, withdrawn=False), *_changes(deal, wanted)]
    if wanted.keys() & {*STAGE} and {"stage", "stage_since"} <= provenance.before(command.run).keys():
        events.append(_stage_before(deal, provenance, command, ctx))
    return tuple(events)


def _stage_before(deal: Deal, provenance: Provenance, command: UndoImport, ctx: Context) -> DealStageReported:
    """The stage that the source had told before that run."""
    row = provenance.before(command.run)
    run = next(run for run, _ in reversed(provenance.rows) if run != command.run)
    version = version_in(deal.pipeline, None, ctx)
    since = datetime.fromisoformat(row["stage_since"])
    return DealStageReported(
        **standing(deal, deal.pipeline, version, stage_in(version, row["stage"]), since, ctx),
        run=run,
        current=True,
        previous=deal.stage,
        won_on=typed("won_on", row.get("won_on")),
        reason=row.get("reason"),
        note=row.get("note"),
        competitor=row.get("competitor"),
    )


def _worked(deal: Deal) -> list[str]:
    """What people did with the deal beyond the fields that its source tells."""
    did = {
        "moved": not deal.stage_reported or deal.pending is not None,
        "evidence": bool(deal.evidence),
        "people": bool(deal.people),
        "forecast": deal.probability_override is not None or deal.category_override is not None,
    }
    return [what for what, so in did.items() if so]
