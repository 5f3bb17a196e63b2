"""How what happens to deals is told."""

from __future__ import annotations

from domain.deals import events as e
from domain.deals.imported import DealImported, DealImportUndone, DealReimported, DealStageReported
from domain.deals.terms import DealPerson
from domain.stages import StageKind, Unmet
from domain.values import Money
from projections.telling import Names, because, fields_set, listed, plain, telling


def _missing(unmet: tuple[Unmet, ...]) -> str:
    return listed([u.label for u in unmet])


def _closing(event: e.DealStageEntered | DealStageReported | DealImported) -> str:
    if event.kind is StageKind.WON:
        return f", booked on {plain(event.won_on)}" if event.won_on else ""
    if event.kind is StageKind.LOST:
        against = f" to {event.competitor}" if event.competitor else ""
        return f"{against}{because(event.reason)}"
    return ""


def _people(people: tuple[DealPerson, ...], names: Names) -> str:
    return listed([f"{names.of(p.contact)} as {plain(p.role)}" for p in people], "nobody")


@telling(e.DealOpened)
def _(event: e.DealOpened, names: Names) -> str:
    return (
        f"The deal “{event.title}” was opened with {names.of(event.account)} for {event.amount}, to close on {plain(event.close_date)}, "
        f"owned by {names.of(event.owner)}, in {event.stage_name}."
    )


@telling(DealImported)
def _(event: DealImported, names: Names) -> str:
    amount = f" for {event.amount}" if event.amount else ""
    lacking = f"; it lacks {listed([plain(f) for f in event.needs_attention])}" if event.needs_attention else ""
    return (
        f"The deal “{event.title}” with {names.of(event.account, 'no known account')}{amount} came from {event.source} ({event.source_id}), "
        f"in {event.stage_name}{_closing(event)}{lacking}."
    )


@telling(DealReimported)
def _(event: DealReimported, _: Names) -> str:
    kept = f"; {listed(list(event.kept))} stayed as set here" if event.kept else ""
    return f"The source said something new of the deal{kept}."


@telling(DealStageReported)
def _(event: DealStageReported, _: Names) -> str:
    return f"The source tells that the deal was in {event.stage_name} since {plain(event.since)}{_closing(event)}."


@telling(DealImportUndone)
def _(event: DealImportUndone, _: Names) -> str:
    return "The import that brought the deal was undone." if event.withdrawn else "What an import changed here was undone."


@telling(e.DealStageRequested)
def _(event: e.DealStageRequested, _: Names) -> str:
    return f"A move to {event.to_name} was asked for{because(event.reason)}."


@telling(e.DealStageEntered)
def _(event: e.DealStageEntered, _: Names) -> str:
    if event.kind is StageKind.WON:
        return f"The deal was won{_closing(event)}."
    if event.kind is StageKind.LOST:
        return f"The deal was lost{_closing(event)}."
    return f"The deal moved {'back ' if event.direction.value == 'back' else ''}to {event.stage_name}{because(event.reason)}."


@telling(e.DealMoveRefused)
def _(event: e.DealMoveRefused, _: Names) -> str:
    missing = f" Missing: {_missing(event.unmet)}." if event.unmet else ""
    return f"The move to {event.to} was refused: {event.detail}{missing}"


@telling(e.DealMoveWithdrawn)
def _(event: e.DealMoveWithdrawn, _: Names) -> str:
    return f"The move to {event.to} was taken back{because(event.note)}."


@telling(e.DealReopened)
def _(event: e.DealReopened, _: Names) -> str:
    return f"The lost deal was opened again, in {event.stage_name}{because(event.reason)}."


@telling(e.DealWinReversed)
def _(event: e.DealWinReversed, _: Names) -> str:
    return f"Finance took the win back; the deal is open again, in {event.stage_name}{because(event.reason)}."


@telling(e.DealPipelineMigrated)
def _(event: e.DealPipelineMigrated, names: Names) -> str:
    dropped = f"; the evidence for {listed(list(event.dropped))} has no place there" if event.dropped else ""
    return f"The deal went on in version {event.pipeline_version} of {names.of(event.pipeline)}, in {event.stage_name}{dropped}."


@telling(e.DealEvidenceRecorded)
def _(event: e.DealEvidenceRecorded, names: Names) -> str:
    shown = event.note or event.document or (names.of(event.contact) if event.contact else None) or event.amount or event.on
    return f"Evidence was recorded: {event.label}: {plain(shown)}."


@telling(e.DealEvidenceRetracted)
def _(event: e.DealEvidenceRetracted, _: Names) -> str:
    return f"The evidence for {plain(event.criterion).replace('_', ' ')} was taken back{because(event.reason)}."


def _from_to(previous: Money | None, amount: Money | None) -> str:
    return f"from {previous or 'unknown'} to {amount or 'unknown'}"


@telling(e.DealAmountChanged)
def _(event: e.DealAmountChanged, _: Names) -> str:
    return f"The amount went {_from_to(event.previous, event.amount)}{because(event.reason)}."


@telling(e.DealLinesChanged)
def _(event: e.DealLinesChanged, _: Names) -> str:
    return f"The lines changed, there are {len(event.lines)} now; the amount went {_from_to(event.previous, event.amount)}{because(event.reason)}."


@telling(e.DealCloseDateMoved)
def _(event: e.DealCloseDateMoved, _: Names) -> str:
    pushed = f", push number {event.pushes}" if event.pushed else ""
    before, after = (plain(day) if day else "unknown" for day in (event.previous, event.close_date))
    return f"The close date moved from {before} to {after}{pushed}{because(event.reason)}."


@telling(e.DealCloseDateLapsed)
def _(event: e.DealCloseDateLapsed, _: Names) -> str:
    return f"The close date {plain(event.close_date)} passed while the deal was open."


@telling(e.DealStalled)
def _(event: e.DealStalled, _: Names) -> str:
    return f"The deal stalled: {event.days} days in {event.stage}, where {event.max_days} are allowed."


@telling(e.DealCommitLost)
def _(event: e.DealCommitLost, _: Names) -> str:
    return f"The deal no longer fulfils what commit asks for; it lacks: {_missing(event.unmet)}."


@telling(e.DealForecastCategoryChanged)
def _(event: e.DealForecastCategoryChanged, _: Names) -> str:
    held = f", held down by {listed([c.replace('_', ' ') for c in event.capped_by])}" if event.capped_by else ""
    return f"The forecast category went from {plain(event.previous)} to {plain(event.category)}{held}."


@telling(e.DealCategorySet)
def _(event: e.DealCategorySet, _: Names) -> str:
    return f"The deal was called {plain(event.called)}."


@telling(e.DealCategoryCleared)
def _(event: e.DealCategoryCleared, _: Names) -> str:
    return f"The call was taken back; the stage's category, {plain(event.default_category)}, counts again."


@telling(e.DealProbabilityOverridden)
def _(event: e.DealProbabilityOverridden, _: Names) -> str:
    return f"The probability was set to {event.probability} %, where the stage has {event.stage_probability} %{because(event.reason)}."


@telling(e.DealProbabilityCleared)
def _(event: e.DealProbabilityCleared, _: Names) -> str:
    return f"The stage's probability, {event.probability} %, counts again."


@telling(e.DealOwnerAssigned)
def _(event: e.DealOwnerAssigned, names: Names) -> str:
    before = f" from {names.of(event.previous)}" if event.previous else ""
    return f"The deal went{before} to {names.of(event.owner)}{f' in {names.of(event.team)}' if event.team else ''}."


@telling(e.DealAccountSet)
def _(event: e.DealAccountSet, names: Names) -> str:
    return f"The deal is with {names.of(event.account, 'no known account')}{f', not {names.of(event.previous)}' if event.previous else ''}."


@telling(e.DealNextStepSet)
def _(event: e.DealNextStepSet, _: Names) -> str:
    if event.next_step is None:
        return "Nothing is planned next."
    return f"The next step: {event.next_step}{f', on {plain(event.next_step_on)}' if event.next_step_on else ''}."


@telling(e.DealPeopleSet)
def _(event: e.DealPeopleSet, names: Names) -> str:
    return f"The people who matter are {_people(event.people, names)}."


@telling(e.DealRenamed)
def _(event: e.DealRenamed, _: Names) -> str:
    return f"The deal “{event.previous}” was renamed to “{event.title}”."


@telling(e.DealAttributesSet)
def _(event: e.DealAttributesSet, _: Names) -> str:
    return fields_set(event.attributes)
