"""What the domain says to each record: decided on loaded states, in groups. A dry run stops here; a run appends what was decided.

Both go the same way, so that the plan says what the run does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.deals import ImportDeal
from domain.deals.importing import difference
from domain.imports import Provenance
from domain.kernel import DECIDERS, Actor, Context, Event, On, Read, Refused
from infra.database import Tenant
from infra.event_store import Store
from infra.event_store.states import Loaded
from infra.event_store.store import Step
from infra.ids import uuid7
from workflows.imports.records import Record
from workflows.imports.report import Outcome


@dataclass(slots=True)
class Work:
    """A record's steps, and what came of deciding them."""

    record: Record
    steps: list[Step]
    outcome: Outcome = "unchanged"
    reason: str = ""
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)
    events: int = 0


class Deciding:
    """Decides chunks of work. States of everything but deals are kept for the whole run: rows refer to them."""

    def __init__(self, store: Store, tenant: Tenant, by: Actor, now: datetime, *, conflicts: str = "keep") -> None:
        self._store, self._tenant, self._by, self._now = store, tenant, by, now
        self._take_source = conflicts == "source"
        self._kept: dict[UUID, Any] = {}

    async def state(self, read: Read) -> Any:
        """The state of one stream, with what was decided in this run."""
        await self._load([read], {})
        return self._kept[read.id]

    async def decide(self, works: Sequence[Work]) -> None:
        """Fill in the outcome of each. Rows see what rows before them decided."""
        states: dict[UUID, Any] = {}
        await self._load([Read(s.decider.name, s.stream) for w in works for s in w.steps[:1]], states)
        wanted = self._references(works, states)
        while wanted:
            await self._load(wanted, states)
            wanted = self._references(works, states)
        for work in works:
            self._decide(work, states)

    def _references(self, works: Sequence[Work], states: dict[UUID, Any]) -> list[Read]:
        missing: dict[UUID, Read] = {}
        for work in works:
            for step in work.steps:
                own = self._known(step.stream, states)
                facts = {**self._kept, **states} if step.decider.name != "deal" else self._kept
                for read in step.decider.reads(own, step.command, facts):
                    if read.id not in states and read.id not in self._kept:
                        missing[read.id] = read
        return list(missing.values())

    def _known(self, stream: UUID, states: dict[UUID, Any]) -> Any:
        return states[stream] if stream in states else self._kept.get(stream)

    async def _load(self, reads: Sequence[Read], states: dict[UUID, Any]) -> None:
        unknown = [r for r in {r.id: r for r in reads}.values() if r.id not in states and r.id not in self._kept]
        loads = (self._store.load(self._tenant, DECIDERS[r.decider], r.id) for r in unknown)
        found: list[Loaded] = await asyncio.gather(*loads)
        for read, loaded in zip(unknown, found, strict=True):
            (states if read.decider == "deal" else self._kept)[read.id] = loaded.state

    def _decide(self, work: Work, states: dict[UUID, Any]) -> None:
        stream = work.steps[0].stream
        before = state = self._known(stream, states)
        happened: list[Event] = []
        elsewhere: list[On] = []
        work.changes, conflicting = _compared(before, work.steps[0])
        if conflicting and not self._take_source and work.steps[0].decider.name != "deal":
            work.outcome = "conflict"
            work.reason = f"changed here and at the source: {', '.join(conflicting)}; what is here stays"
            return
        try:
            for step in work.steps:
                facts = {r.id: self._known(r.id, states) for r in step.decider.reads(state, step.command, self._kept)}
                context = Context(self._now, self._by, facts, uuid7, step.effective_at, step.stream)
                for event in step.decider.decide(state, step.command, context):
                    if isinstance(event, On):
                        elsewhere.append(event)
                    else:
                        happened.append(event)
                        state = step.decider.evolve(state, event)
        except Refused as refusal:
            work.outcome, work.reason = "rejected", f"{refusal.rule}: {refusal.detail}"
            return
        self._settle(work, before, happened, conflicting)
        if happened:
            (states if work.steps[0].decider.name == "deal" else self._kept)[stream] = state
        for other in elsewhere:
            decider = DECIDERS[other.target.decider]
            self._kept[other.target.id] = decider.evolve(self._known(other.target.id, states), other.event)
        work.events = len(happened) + len(elsewhere)

    def _settle(self, work: Work, before: Any, happened: Sequence[Event], conflicting: Sequence[str]) -> None:
        if not happened:
            return
        if before is None or getattr(before, "withdrawn", False):
            work.outcome, work.changes = "created", {}
            return
        kept = [name for event in happened for name in getattr(event, "kept", ())]
        if kept:
            work.outcome = "conflict"
            work.reason = f"changed here and at the source: {', '.join(kept)}; what is here stays"
        else:
            work.outcome = "updated"
            work.reason = "the source says something new" + (" and it goes before what is here" if conflicting else "")


def _compared(state: Any, step: Step) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """(what the source says anew: field -> before, after; the fields in which people said something else meanwhile)."""
    provenance: Provenance | None = getattr(state, "provenance", None)
    if provenance is None or step.decider.name == "deal":
        return _deal_changes(state, step, provenance), []
    told = {name: getattr(step.command, name) for name in provenance.said if hasattr(step.command, name)}
    news = {name: value for name, value in told.items() if _plain(provenance.said[name]) != _plain(value)}
    changes = {name: (_text(provenance.said[name]), _text(value)) for name, value in news.items()}
    ours = [n for n in news if hasattr(state, n) and _plain(getattr(state, n)) not in (_plain(provenance.said[n]), _plain(news[n]))]
    return changes, ours


def _deal_changes(deal: Any, step: Step, provenance: Provenance | None) -> dict[str, tuple[str, str]]:
    if provenance is None:
        return {}
    assert isinstance(step.command, ImportDeal)
    wanted, _ = difference(deal, step.command)
    return {name: (_text(provenance.said.get(name)), _text(value)) for name, value in wanted.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list, set, frozenset)):
        return tuple(sorted(map(str, value)))
    return value


def _text(value: Any) -> str:
    return "" if value is None else str(value)
