"""A source's stages read as those of a pipeline that is here already: as said, by name with its confidence, or asked. Never guessed silently."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from domain.stages import Stage, StageKind
from workflows.imports.faults import BadMapping
from workflows.imports.matching import Vocabulary
from workflows.imports.questions import counted
from workflows.imports.references import KnownPipeline
from workflows.imports.report import MatchReport
from workflows.imports.settled import Settled
from workflows.imports.stages import FoundPipeline, FoundStage

_ONLY_ONE = 0.95
"""How sure it is that a won (lost) stage means the only won (lost) one of a pipeline."""


def read_onto(settled: Settled, known: Sequence[KnownPipeline], named: Collection[str]) -> None:
    """Put the source's stages onto the pipeline that was said. `named`: stages that histories and columns name.

    Stages without any row stay out. Raises BadMapping when there is no such pipeline, or no such stage in it.
    """
    said = settled.overrides.pipeline
    if said is None or not settled.pipelines:
        return
    target = _chosen(said, known)
    settled.onto = target.id
    told = {name: stage for name, override in settled.overrides.stages.items() if override.to for stage in [_stage(override.to, target)]}
    words = Vocabulary()
    for stage in target.stages:
        if stage.kind is StageKind.OPEN:
            words.add({stage.name: stage.name, stage.key: stage.name})
    read: dict[str, str] = {}
    for found in settled.pipelines.values():
        here = {stage.label: _place(settled, stage, target, told, words) for stage in found.stages if stage.rows or stage.value in named}
        read |= {label: stage.name for label, stage in here.items() if stage is not None}
        found.names = {value: read[label] for value, label in found.names.items() if label in read}
        found.stages = _stages(found, target, here)
    settled.opened_stage = {table: read.get(label, label) for table, label in settled.opened_stage.items()}


def _chosen(said: str, known: Sequence[KnownPipeline]) -> KnownPipeline:
    found = [p for p in known if p.name.casefold() == said.casefold() or str(p.id) == said]
    if len(found) == 1:
        return found[0]
    if found:
        raise BadMapping(f"several pipelines here are called {said!r}; say the id of the one that is meant", pipeline=said)
    names = ", ".join(repr(p.name) for p in known) or "none yet"
    raise BadMapping(f"there is no pipeline {said!r} here; there is {names}", pipeline=said)


def _stage(said: str, target: KnownPipeline) -> Stage:
    for stage in target.stages:
        if said.casefold() in (stage.name.casefold(), stage.key):
            return stage
    raise BadMapping(f"{target.name!r} has no stage {said!r}; it has {', '.join(s.name for s in target.stages)}", stage=said)


def _place(settled: Settled, found: FoundStage, target: KnownPipeline, told: dict[str, Stage], words: Vocabulary) -> Stage | None:
    """The stage here for one of the source; None while nobody has said."""
    named = {stage.name: stage for stage in target.stages}
    alike = [stage for stage in target.stages if stage.kind is found.kind]
    match = words.match(found.label) if found.kind is StageKind.OPEN else None
    stage, confidence, how = told.get(found.label) or told.get(found.value), 1.0, "said so"
    if stage is None and found.kind is not StageKind.OPEN and len(alike) == 1:
        stage, confidence, how = alike[0], _ONLY_ONE, f"the only {found.kind} stage"
    if stage is None and match is not None and match.taken and match.to is not None:
        stage, confidence, how = named[match.to], match.confidence, match.how
    if stage is None:
        text = f"Which stage of {target.name!r} is {found.label!r} ({counted(found.rows, 'row')})?"
        near = {match.to: match.confidence, **dict(match.others)} if match is not None and match.to else {}
        options = [(s.name, s.name + (f" ({near[s.name]:.0%} alike)" if s.name in near else "")) for s in alike or target.stages]
        answer = settled.questions.ask(f"stage:{found.label}", text, options, None, found.rows)
        if answer is None:
            return None
        stage, how = named[answer], "answered"
    report = MatchReport(field="stage", value=found.label, means=stage.name, confidence=confidence, how=how, rows=found.rows)
    settled.matches.append(report)
    return stage


def _stages(found: FoundPipeline, target: KnownPipeline, here: dict[str, Stage | None]) -> list[FoundStage]:
    """All stages of the pipeline here, so that what the source does not place begins in the first of them."""
    rows = {stage.name: 0 for stage in target.stages}
    for stage in found.stages:
        if (place := here.get(stage.label)) is not None:
            rows[place.name] += stage.rows
    why = f"a stage of {target.name!r}"
    return [
        FoundStage(s.key, s.name, found.value, s.order, s.probability, s.kind, why, rows[s.name])
        for s in sorted(target.stages, key=lambda s: s.order)
    ]
