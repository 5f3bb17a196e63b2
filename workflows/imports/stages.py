"""The stages of a source: which are open, won and lost, in which order, how likely; and the pipelines that they make here.

What is said wins, then what a file of stages says, then what the rows say (closed and won flags, stated probabilities), then the name.
A pipeline here has exactly one won stage; further ones of the source are read as that one, and the report says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from domain.default_pipeline import SourceStage
from domain.stages import Category, StageKind
from workflows.imports.matching import squashed
from workflows.imports.overrides import StageOverride
from workflows.imports.profile import StageEvidence
from workflows.imports.questions import counted
from workflows.imports.vocabularies import STAGE_WORDS

_CERTAIN = 100


@dataclass(slots=True)
class FoundStage:
    """A stage as far as it is known: from a file of stages (`listed`), from the rows, or both."""

    value: str
    label: str
    pipeline: str = ""
    order: int | None = None
    probability: int | None = None
    kind: StageKind | None = None
    reason: str = ""
    rows: int = 0
    listed: bool = False


@dataclass(slots=True)
class FoundPipeline:
    """The stages of one pipeline of the source, in order, and how each value is named here."""

    value: str
    stages: list[FoundStage] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def told(self) -> list[SourceStage]:
        """For the pipeline that is defined here."""
        kept = dict.fromkeys(self.names.values())
        by_label = {s.label: s for s in reversed(self.stages)}
        return [
            SourceStage(s.label, s.kind, None if s.kind is not StageKind.OPEN else s.probability, _category(s))
            for s in (by_label[label] for label in kept)
        ]

    @property
    def first_open(self) -> str | None:
        """The label of the stage in which deals begin."""
        return next((s.label for s in self.stages if s.kind is StageKind.OPEN), None)


def _category(stage: FoundStage) -> Category | None:
    # an imported stage never promises a commit: that is for people to say here
    if stage.kind is not StageKind.OPEN or stage.probability is None:
        return None
    return Category.BEST_CASE if stage.probability >= 50 else Category.PIPELINE


def _word(label: str) -> tuple[int, StageKind, int] | None:
    """(rank, kind, probability) of a usual stage name."""
    target = squashed(label)
    for rank, (_, kind, probability, names) in enumerate(STAGE_WORDS):
        if target in {squashed(n) for n in names.split("|")}:
            return rank, StageKind(kind), probability
    for rank, (_, kind, probability, names) in enumerate(STAGE_WORDS):
        if kind != "open" and any(len(n) > 3 and squashed(n) in target for n in names.split("|")):
            return rank, StageKind(kind), probability
    return None


def build_pipelines(
    listed: Iterable[FoundStage],
    evidence: Mapping[tuple[str, str], StageEvidence],
    also_named: Iterable[str],
    said: Mapping[str, StageOverride],
) -> dict[str, FoundPipeline]:
    """Pipelines by their value in the source ("" where it names none).

    `evidence` is what rows of deals say by (pipeline, stage); `also_named` are stages that only histories name.
    """
    pipelines: dict[str, FoundPipeline] = {}
    for stage in listed:
        pipelines.setdefault(stage.pipeline, FoundPipeline(stage.pipeline)).stages.append(stage)
    home = {s.value: p.value for p in pipelines.values() for s in p.stages}
    rows_of: dict[str, int] = {}
    for (pipeline, value), seen in evidence.items():
        place = pipeline if pipeline in pipelines or value not in home else home[value]
        found = pipelines.setdefault(place, FoundPipeline(place))
        rows_of[place] = rows_of.get(place, 0) + seen.rows
        if value:
            _seen_in_rows(_stage_of(found, value), seen)
    for value in also_named:
        if value and not any(squashed(s.value) == squashed(value) for p in pipelines.values() for s in p.stages):
            _stage_of(pipelines.setdefault("", FoundPipeline("")), value)
    for each in pipelines.values():
        _settle(each, said)
    return pipelines


def _stage_of(pipeline: FoundPipeline, value: str) -> FoundStage:
    # exactly, else but for case and spaces: "Closed won" and "Closed Won" are one stage
    for stage in pipeline.stages:
        if stage.value == value:
            return stage
    same = next((s for s in pipeline.stages if squashed(s.value) and squashed(s.value) == squashed(value)), None)
    if same is not None:
        pipeline.names[value] = same.label
        return same
    stage = FoundStage(value, value, pipeline.value)
    pipeline.stages.append(stage)
    return stage


def _seen_in_rows(stage: FoundStage, seen: StageEvidence) -> None:
    stage.rows += seen.rows
    if stage.kind is None and seen.flagged:
        if seen.won * 2 > seen.flagged:
            stage.kind, stage.reason = StageKind.WON, f"{seen.won:,} of its {counted(seen.rows, 'row')} marked as won"
        elif seen.closed * 2 > seen.flagged:
            stage.kind, stage.reason = StageKind.LOST, f"{seen.closed:,} of its {counted(seen.rows, 'row')} marked as closed, not won"
        else:
            stage.kind, stage.reason = StageKind.OPEN, "its rows are marked as open"
    if stage.probability is None and seen.probability is not None:
        # a column of fractions has nothing above 1; the stages of one column share that, so 1 is rare enough to ask nothing
        stated = seen.probability * 100 if 0 < seen.probability < 1 else seen.probability
        stage.probability = int(min(max(stated, 0), 100))


def _settle(pipeline: FoundPipeline, said: Mapping[str, StageOverride]) -> None:
    for place, stage in enumerate(pipeline.stages):
        told = said.get(stage.label) or said.get(stage.value) or StageOverride()
        word = _word(stage.label)
        if told.kind is not None:
            stage.kind, stage.reason = StageKind(told.kind), "said so"
        elif stage.kind is None and word is not None:
            stage.kind, stage.reason = (
                word[1],
                f"{stage.label!r} usually is {'an open' if word[1] is StageKind.OPEN else f'the {word[1]}'} stage",
            )
        elif stage.kind is None:
            stage.kind, stage.reason = StageKind.OPEN, "nothing says that it is closed"
        if told.probability is not None:
            stage.probability = int(told.probability)
        elif stage.probability is None and word is not None:
            stage.probability = word[2]
        if stage.order is None:
            stage.order = told.order if told.order is not None else (word[0] * 100 if word else 500) + place
        elif told.order is not None:
            stage.order = told.order
    rank = {StageKind.OPEN: 0, StageKind.WON: 1, StageKind.LOST: 2}
    pipeline.stages.sort(key=lambda s: (rank[s.kind or StageKind.OPEN], s.order or 0))
    _name(pipeline)


def _name(pipeline: FoundPipeline) -> None:
    """Labels unique within the pipeline, and one won stage."""
    won = [s for s in pipeline.stages if s.kind is StageKind.WON]
    won.sort(key=lambda s: -s.rows)
    seen: dict[str, FoundStage] = {}
    for stage in pipeline.stages:
        if stage in won[1:]:
            stage.reason += f"; read as {won[0].label!r}, since a pipeline has one won stage"
            pipeline.names[stage.value] = won[0].label
            continue
        if stage.label in seen:
            stage.label = f"{stage.label} ({stage.value[:12]})"
        seen[stage.label] = stage
        pipeline.names[stage.value] = stage.label


def listed_stage(cells: Mapping[str, str], siblings: Sequence[Decimal]) -> FoundStage:
    """A stage from a row of a file of stages. `siblings` are the probabilities (0 to 1) of all stages of its pipeline.

    HubSpot marks won stages, and closed ones only sometimes; a probability of 1 is won. 0 is lost where other stages of the pipeline
    have one in between: a pipeline in which all are 0 simply has no probabilities.
    """
    probability = fraction(cells.get("probability", ""))
    won, closed = _yes(cells.get("won", "")), _yes(cells.get("closed", ""))
    value = cells.get("id") or cells["label"]
    stage = FoundStage(value, cells["label"] or value, cells.get("pipeline_id", ""), listed=True)
    order = cells.get("order", "")
    stage.order = int(float(order)) if order.replace(".", "", 1).lstrip("-").isdigit() else None
    informative = any(0 < s < 1 for s in siblings)
    if probability is not None and (informative or probability):
        stage.probability = int(probability * _CERTAIN)
    if won or (probability == 1 and informative):
        stage.kind, stage.reason = StageKind.WON, "the file of stages marks it as won"
    elif closed:
        stage.kind, stage.reason = StageKind.LOST, "the file of stages marks it as closed, not won"
    elif probability == 0 and informative:
        stage.kind, stage.reason = StageKind.LOST, "its probability is 0 where other stages have one"
    elif probability is not None and informative:
        stage.kind, stage.reason = StageKind.OPEN, "the file of stages gives it a probability between 0 and 1"
    return stage


def fraction(text: str) -> Decimal | None:
    """A probability as 0 to 1, from 0.4, 40 or 40%; None where there is none."""
    try:
        number = Decimal(text.rstrip("% "))
    except InvalidOperation:
        return None
    return number / 100 if number > 1 or text.endswith("%") else number


def _yes(text: str) -> bool:
    return text.lower() in ("true", "1", "yes", "t", "y")
