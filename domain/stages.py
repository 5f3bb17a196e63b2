"""Stages: what a pipeline's version is made of, and which moves and gates follow from it."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from domain.values import Key, Name, Text


class StageKind(StrEnum):
    """What a stage means for the deal in it."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Category(StrEnum):
    """Forecast categories, lowest first. Omitted never counts."""

    OMITTED = "omitted"
    PIPELINE = "pipeline"
    BEST_CASE = "best_case"
    COMMIT = "commit"
    CLOSED = "closed"


class Chain(StrEnum):
    """A line of approvers; they run side by side, and all that a stage names must have agreed before a deal leaves it."""

    COMMERCIAL = "commercial"
    FINANCE = "finance"
    LEGAL = "legal"


class EvidenceKind(StrEnum):
    """The artefact that proves an exit criterion."""

    NOTE = "note"
    DATE = "date"
    DOCUMENT = "document"
    CONTACT = "contact"
    AMOUNT = "amount"


class Criterion(Text):
    """Something the buyer did, and the artefact that proves it. Its key is unique within a pipeline's version."""

    key: Key
    label: Name
    evidence: EvidenceKind


class Stage(Text):
    """A step of the way. `probability` in percent; `max_days` is how long a deal may stay before it counts as stalled.

    `approvals`: the chains (`commercial`, `finance`, `legal`) that must have agreed to the terms before a deal goes on from here.
    """

    key: Key
    name: Name
    order: Annotated[int, Field(ge=0, le=999)]
    kind: StageKind = StageKind.OPEN
    probability: Annotated[int, Field(ge=0, le=100)]
    category: Category
    max_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    exit_criteria: tuple[Criterion, ...] = ()
    approvals: tuple[Key, ...] = ()


class Transition(Text):
    """A move that is allowed: out of one stage, into another."""

    leave: Key
    enter: Key


class Unmet(Text):
    """One thing that is missing: the exit criterion `criterion` of `stage`, or something of the deal itself (`stage` None)."""

    criterion: str
    label: str
    evidence: EvidenceKind | None = None
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class PipelineVersion:
    """One version of a pipeline, stages in order."""

    number: int
    stages: tuple[Stage, ...]
    transitions: tuple[Transition, ...] = ()

    def stage(self, key: str) -> Stage | None:
        """The stage called `key`, None if this version has none."""
        for stage in self.stages:
            if stage.key == key:
                return stage
        return None

    @property
    def first(self) -> Stage:
        """Where a new deal begins."""
        return next(s for s in self.stages if s.kind is StageKind.OPEN)

    def of_kind(self, kind: StageKind) -> tuple[Stage, ...]:
        return tuple(s for s in self.stages if s.kind is kind)

    def allows(self, leave: Stage, enter: Stage) -> bool:
        """Whether a deal may be moved from one stage into the other. Nothing leaves won or lost: that is a reopening."""
        if leave.kind is not StageKind.OPEN or leave.key == enter.key:
            return False
        return not self.transitions or any(t.leave == leave.key and t.enter == enter.key for t in self.transitions)

    def ways(self, leave: Stage) -> tuple[str, ...]:
        """The stages that a deal in `leave` may be moved to."""
        return tuple(s.key for s in self.stages if self.allows(leave, s))

    def left(self, leave: Stage, enter: Stage) -> tuple[Stage, ...]:
        """The open stages that a move leaves behind, skipped ones included; none when it goes back or is lost."""
        if enter.kind is StageKind.LOST:
            return ()
        end = enter.order if enter.kind is StageKind.OPEN else 1_000
        return tuple(s for s in self.stages if s.kind is StageKind.OPEN and leave.order <= s.order < end)

    def unmet(self, leave: Stage, enter: Stage, held: Container[str]) -> tuple[Unmet, ...]:
        """The exit criteria of every stage left that are not among the `held` ones."""
        return tuple(
            Unmet(criterion=c.key, label=c.label, evidence=c.evidence, stage=s.key)
            for s in self.left(leave, enter)
            for c in s.exit_criteria
            if c.key not in held
        )

    def criterion(self, key: str) -> tuple[Stage, Criterion] | None:
        """The exit criterion called `key`, with its stage."""
        for stage in self.stages:
            for criterion in stage.exit_criteria:
                if criterion.key == key:
                    return stage, criterion
        return None
