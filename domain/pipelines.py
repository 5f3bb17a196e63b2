"""Pipelines: versioned definitions of the way to signing. A deal keeps the version it entered with until it is migrated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from domain.kernel import Command, Context, Decider, Event, Invalid, NotFound, Refused, natural_id
from domain.stages import Category, Chain, Criterion, EvidenceKind, PipelineVersion, Stage, StageKind, Transition, Unmet
from domain.values import Name

__all__ = [
    "DEFAULT_PIPELINE",
    "Category",
    "Criterion",
    "DefinePipeline",
    "EvidenceKind",
    "Pipeline",
    "PipelineInvalid",
    "PipelineReinstated",
    "PipelineRetired",
    "PipelineRetiredAlready",
    "PipelineVersion",
    "PipelineVersionDefined",
    "ReinstatePipeline",
    "RetirePipeline",
    "Stage",
    "StageKind",
    "Transition",
    "Unmet",
    "pipelines",
    "problems",
]

DEFAULT_PIPELINE = natural_id("pipeline", "default")
"""The stream of every tenant's first pipeline; `default_pipeline()` in `domain/default_pipeline.py` defines it."""


class PipelineVersionDefined(Event, topic="pipeline.version_defined"):
    """The way to signing was laid down anew; deals opened from now on follow this version."""

    version: int
    name: str
    stages: tuple[Stage, ...]
    transitions: tuple[Transition, ...] = ()
    source: str | None = None


class PipelineRetired(Event, topic="pipeline.retired"):
    """No new deals go this way; those on it carry on."""

    reason: str | None = None


class PipelineReinstated(Event, topic="pipeline.reinstated"):
    """A retired pipeline takes new deals again."""


class DefinePipeline(Command):
    """Lay down a pipeline, or its next version; quiet when it says what the latest version says.

    Without `transitions` a deal may go forward and back to any open stage, and from any open stage to won or lost.
    With them, only along them. `source` names the system whose stages these are.
    """

    name: Name
    stages: Annotated[tuple[Stage, ...], Field(max_length=50)]
    transitions: Annotated[tuple[Transition, ...], Field(max_length=500)] = ()
    source: Name | None = None


class RetirePipeline(Command):
    """Take no new deals into this pipeline."""

    reason: Name | None = None


class ReinstatePipeline(Command):
    """Take new deals into a retired pipeline again."""


class PipelineInvalid(Invalid):
    """The definition contradicts itself; `problems` lists every contradiction."""


class PipelineRetiredAlready(Refused):
    """A retired pipeline gets no new version; reinstate it first."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """All versions, oldest first: a deal may stand on any of them."""

    name: str
    versions: tuple[PipelineVersion, ...] = ()
    source: str | None = None
    retired: bool = False

    @property
    def latest(self) -> PipelineVersion:
        return self.versions[-1]

    def version(self, number: int | None) -> PipelineVersion | None:
        """The version with that number; the latest for None; None if there is none."""
        if number is None:
            return self.versions[-1] if self.versions else None
        return next((v for v in self.versions if v.number == number), None)


def problems(stages: tuple[Stage, ...], transitions: tuple[Transition, ...]) -> list[str]:
    """Every contradiction in a definition, each as a sentence; empty when it is sound."""
    found: list[str] = []
    ordered = sorted(stages, key=lambda s: s.order)
    by_kind = {kind: [s for s in ordered if s.kind is kind] for kind in StageKind}
    found += [f"Two stages are called {key!r}." for key in _repeated(s.key for s in stages)]
    found += [f"Two stages have the order {order}." for order in _repeated(str(s.order) for s in stages)]
    found += [f"Two exit criteria are called {key!r}." for key in _repeated(c.key for s in stages for c in s.exit_criteria)]
    if not by_kind[StageKind.OPEN]:
        found.append("There is no open stage to begin in.")
    if not by_kind[StageKind.WON]:
        found.append("There must be a won stage.")
    if not by_kind[StageKind.LOST]:
        found.append("There must be a lost stage.")
    for stage in ordered:
        found += _of_stage(stage)
    known = {s.key for s in stages}
    found += [
        f"The transition {t.leave} to {t.enter} names a stage that does not exist." for t in transitions if not {t.leave, t.enter} <= known
    ]
    found += [
        f"The transition {s.key} to {t.enter} leaves a closed stage; closed deals are reopened, not moved."
        for t in transitions
        for s in stages
        if s.key == t.leave and s.kind is not StageKind.OPEN
    ]
    return found or _unreachable(PipelineVersion(0, tuple(ordered), transitions))


def _repeated(keys: Iterable[str]) -> list[str]:
    seen, twice = set[str](), set[str]()
    for key in keys:
        (twice if key in seen else seen).add(key)
    return sorted(twice)


_CLOSED = {StageKind.WON: (100, Category.CLOSED), StageKind.LOST: (0, Category.OMITTED)}


def _of_stage(stage: Stage) -> list[str]:
    if stage.kind is StageKind.OPEN:
        unknown = [key for key in stage.approvals if key not in set(Chain)]
        found = [f"{stage.name} asks for the approval {key!r}; there are {', '.join(Chain)}." for key in unknown]
        return [*found, f"{stage.name} is open, so its category cannot be closed."] if stage.category is Category.CLOSED else found
    probability, category = _CLOSED[stage.kind]
    found = []
    if (stage.probability, stage.category) != (probability, category):
        found.append(f"{stage.name} is {stage.kind}, so its probability is {probability} and its category {category}.")
    if stage.exit_criteria or stage.approvals or stage.max_days:
        found.append(f"{stage.name} is {stage.kind}: nothing leaves it, so it has no exit criteria, approvals or days.")
    return found


def _unreachable(version: PipelineVersion) -> list[str]:
    reached = _reach(version, version.first)
    found = [f"No way leads to {s.name}." for s in version.stages if s.key not in reached]
    lost = {s.key for s in version.of_kind(StageKind.LOST)}
    return found + [
        f"No way leads from {s.name} to a lost stage." for s in version.of_kind(StageKind.OPEN) if lost.isdisjoint(_reach(version, s))
    ]


def _reach(version: PipelineVersion, start: Stage) -> set[str]:
    reached, todo = {start.key}, [start]
    while todo:
        leave = todo.pop()
        new = [s for s in version.stages if s.key not in reached and version.allows(leave, s)]
        reached.update(s.key for s in new)
        todo += new
    return reached


def decide(pipeline: Pipeline | None, command: Command, _ctx: Context) -> tuple[Event, ...]:
    """The events that follow. Raises PipelineInvalid, PipelineRetiredAlready, NotFound."""
    if isinstance(command, DefinePipeline):
        return _define(pipeline, command)
    if pipeline is None:
        raise NotFound("There is no such pipeline; define it first.")
    match command:
        case RetirePipeline(reason=reason):
            return () if pipeline.retired else (PipelineRetired(reason=reason),)
        case ReinstatePipeline():
            return (PipelineReinstated(),) if pipeline.retired else ()
    raise TypeError(f"a pipeline does not know {type(command).__name__}")


def _define(pipeline: Pipeline | None, command: DefinePipeline) -> tuple[Event, ...]:
    stages = tuple(sorted(command.stages, key=lambda s: s.order))
    if found := problems(stages, command.transitions):
        raise PipelineInvalid(f"This pipeline cannot work: {found[0]} Correct the definition and send it again.", problems=found)
    if pipeline is not None:
        latest = pipeline.latest
        if (pipeline.name, pipeline.source, latest.stages, latest.transitions) == (
            command.name,
            command.source,
            stages,
            command.transitions,
        ):
            return ()
        if pipeline.retired:
            raise PipelineRetiredAlready("This pipeline is retired; reinstate it before giving it a new version.")
    number = pipeline.latest.number + 1 if pipeline else 1
    return (
        PipelineVersionDefined(version=number, name=command.name, stages=stages, transitions=command.transitions, source=command.source),
    )


def evolve(pipeline: Pipeline | None, event: Event) -> Pipeline | None:
    """Total: an event that makes no sense here changes nothing."""
    match event:
        case PipelineVersionDefined():
            version = PipelineVersion(event.version, event.stages, event.transitions)
            if pipeline is None:
                return Pipeline(event.name, (version,), event.source)
            others = tuple(v for v in pipeline.versions if v.number != version.number)
            return replace(pipeline, name=event.name, source=event.source, versions=(*others, version))
        case PipelineRetired() if pipeline:
            return replace(pipeline, retired=True)
        case PipelineReinstated() if pipeline:
            return replace(pipeline, retired=False)
    return pipeline


pipelines: Decider[Pipeline | None] = Decider("pipeline", None, decide, evolve)
