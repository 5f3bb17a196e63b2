"""The pipeline that every tenant starts with, and pipelines made of the stages of another system."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from domain.kernel import natural_id
from domain.pipelines import DefinePipeline, Pipeline
from domain.stages import Category, Chain, Criterion, EvidenceKind, PipelineVersion, Stage, StageKind


def default_pipeline() -> DefinePipeline:
    """Qualify, Discover, Propose, Negotiate, Paper, Won, Lost (default); what the buyer does opens each gate.

    Out of Negotiate, and again out of Paper if the terms got worse by then, approvers have to agree as the policy says.
    """
    return DefinePipeline(
        name="Way to signing",
        stages=(
            _open(
                "qualify", "Qualify", 10, 10, Category.PIPELINE, 14,
                Criterion(key="need_stated", label="The buyer stated the need and what it costs them", evidence=EvidenceKind.NOTE),
            ),
            _open(
                "discover", "Discover", 20, 25, Category.PIPELINE, 30,
                Criterion(key="economic_buyer_met", label="The economic buyer met us", evidence=EvidenceKind.CONTACT),
                Criterion(key="budget_named", label="The buyer named a budget", evidence=EvidenceKind.AMOUNT),
            ),
            _open(
                "propose", "Propose", 30, 50, Category.BEST_CASE, 30,
                Criterion(key="proposal_received", label="The buyer received our proposal", evidence=EvidenceKind.DOCUMENT),
                Criterion(key="decision_date_named", label="The buyer named the date of the decision", evidence=EvidenceKind.DATE),
            ),
            _approved(_open(
                "negotiate", "Negotiate", 40, 70, Category.BEST_CASE, 21,
                Criterion(key="terms_agreed", label="The buyer agreed to the commercial terms in writing", evidence=EvidenceKind.DOCUMENT),
            )),
            _approved(_open(
                "paper", "Paper", 50, 90, Category.COMMIT, 21,
                Criterion(key="signatory_named", label="The buyer named who signs", evidence=EvidenceKind.CONTACT),
            )),
            _won(60),
            _lost(70),
        ),
    )  # fmt: skip


def _open(key: str, name: str, order: int, probability: int, category: Category, max_days: int | None, *criteria: Criterion) -> Stage:
    return Stage(key=key, name=name, order=order, probability=probability, category=category, max_days=max_days, exit_criteria=criteria)


def _approved(stage: Stage) -> Stage:
    """A stage that nothing leaves before everybody whom the policy names has agreed to the terms."""
    return stage.model_copy(update={"approvals": tuple(Chain)})


def _won(order: int, key: str = "won", name: str = "Won") -> Stage:
    return Stage(key=key, name=name, order=order, kind=StageKind.WON, probability=100, category=Category.CLOSED)


def _lost(order: int, key: str = "lost", name: str = "Lost") -> Stage:
    return Stage(key=key, name=name, order=order, kind=StageKind.LOST, probability=0, category=Category.OMITTED)


@dataclass(frozen=True, slots=True)
class SourceStage:
    """A stage as another system names it; what it does not say is guessed from the name and from its place."""

    name: str
    kind: StageKind | None = None
    probability: int | None = None
    category: Category | None = None


def imported_pipeline_id(source: str, name: str = "") -> UUID:
    """The stream of the pipeline that holds the stages of `source` (and of its pipeline `name`, where it has several)."""
    return natural_id("pipeline", "imported", source, name)


_WON = re.compile(r"\bwon\b|closed_?won|\bsigned\b", re.IGNORECASE)
_LOST = re.compile(r"\blost\b|closed_?lost|\b(disqualified|abandoned|rejected|cancell?ed|dead)\b", re.IGNORECASE)


def guessed_kind(name: str) -> StageKind:
    """Won or lost where the name says so, else open."""
    if _LOST.search(name):
        return StageKind.LOST
    return StageKind.WON if _WON.search(name) else StageKind.OPEN


def imported_pipeline(source: str, stages: Iterable[SourceStage], known: Pipeline | None = None, name: str = "") -> DefinePipeline:
    """The pipeline of a source's stages, in the order given; ungated, as the past is never gated.

    Stages of `known` stay, with their keys, so that deals imported before keep their place. A won and a lost stage are
    added where the source names none. Probabilities that the source does not tell rise evenly from stage to stage.
    """
    told = list({stage.name: stage for stage in stages}.values())
    kept = [s for s in known.latest.stages if s.name not in {t.name for t in told}] if known else []
    earlier = {s.name: s for s in known.latest.stages} if known else {}
    kinds = {t.name: t.kind or guessed_kind(t.name) for t in told}
    opens = [t for t in told if kinds[t.name] is StageKind.OPEN]
    taken = {s.key for s in earlier.values()}
    result = [s for s in kept if s.kind is StageKind.OPEN]
    for place, stage in enumerate(opens, start=1):
        probability = stage.probability if stage.probability is not None else 100 * place // (len(opens) + 1)
        category = stage.category if stage.category not in {None, Category.CLOSED} else Category.PIPELINE
        result.append(_open(_key(stage.name, earlier, taken), stage.name, 0, probability, category or Category.PIPELINE, None))
    if not result:
        result.append(_open(_key("Open", earlier, taken), "Open", 0, 50, Category.PIPELINE, None))
    won = [s for s in kept if s.kind is StageKind.WON] + [
        _won(0, _key(t.name, earlier, taken), t.name) for t in told if kinds[t.name] is StageKind.WON
    ]
    lost = [s for s in kept if s.kind is StageKind.LOST] + [
        _lost(0, _key(t.name, earlier, taken), t.name) for t in told if kinds[t.name] is StageKind.LOST
    ]
    result += won or [_won(0, _key("Won", earlier, taken))]
    result += lost or [_lost(0, _key("Lost", earlier, taken))]
    title = f"{source}: {name}" if name else source
    return DefinePipeline(
        name=f"{title} (imported)", stages=tuple(s.model_copy(update={"order": n}) for n, s in enumerate(result, start=1)), source=source
    )


def stage_named(version: PipelineVersion, name: str) -> Stage | None:
    """The stage that a source calls `name`: exactly, or else but for case and spaces."""
    for stage in version.stages:
        if stage.name == name:
            return stage
    folded = " ".join(name.casefold().split())
    return next((s for s in version.stages if " ".join(s.name.casefold().split()) == folded), None)


def _key(name: str, earlier: dict[str, Stage], taken: set[str]) -> str:
    if name in earlier:
        return earlier[name].key
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40]
    stem = slug if slug[:1].isalpha() else f"stage_{slug or natural_id('stage', name).hex[:8]}"
    key, number = stem, 1
    while key in taken:
        number += 1
        key = f"{stem}_{number}"
    taken.add(key)
    return key
