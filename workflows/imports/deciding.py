"""What the domain says to each record: decided on loaded states, in groups. A dry run stops here; a run appends what was decided.

Both go the same way, so that the plan says what the run does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.deals import ImportDeal
from domain.deals.imported import DealImported
from domain.deals.importing import difference
from domain.deals.state import Deal, passing
from domain.imports import Provenance
from domain.kernel import DECIDERS, Actor, Context, Event, On, Read, Refused
from infra.database import Tenant
from infra.event_store import Loaded, Step, Store
from infra.ids import uuid7
from workflows.imports.records import Record
from workflows.imports.report import Outcome

_NOTHING = Loaded(None, 0)


@dataclass(slots=True)
class Work:
    """A record's steps, and what came of deciding them. decided: stream, version, event, when it was so. guards: what was only read."""

    record: Record
    steps: list[Step]
    outcome: Outcome = "unchanged"
    reason: str = ""
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)
    decided: list[tuple[UUID, int, Event, datetime | None]] = field(default_factory=list)
    guards: dict[UUID, int] = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)


class Deciding:
    """Decides chunks of work. States of everything but deals are kept for the whole run: rows refer to them."""

    def __init__(self, store: Store, tenant: Tenant, by: Actor, now: datetime, *, conflicts: str = "keep") -> None:
        self._store, self._tenant, self._by, self._now = store, tenant, by, now
        self._take_source = conflicts == "source"
        # by number, because a UUID's own hash is a Python call
        self._kept: dict[int, Loaded] = {}
        self._deals: dict[int, Loaded] = {}
        self._facts = _States(self)
        self._guards: dict[int, dict[UUID, int]] = {}
        """For lists of reads, which deals that read alike share: the versions they are at."""
        self.first_of_source = False
        """No deal of this source was ever stored, so none has to be looked for. (If one is there after all, its append conflicts.)"""

    async def state(self, read: Read) -> Any:
        """The state of one stream, with what was decided in this run."""
        await self._load([read])
        return self._known(read.id).state

    async def look_up(self, reads: Sequence[Read]) -> None:
        """Load several at once, for `state`. What is known of deals from before is forgotten."""
        self._deals.clear()
        await self._load(reads)

    async def decide(self, works: Sequence[Work]) -> None:
        """Fill in the outcome of each. Rows see what rows before them decided."""
        self._deals.clear()
        self._guards.clear()
        known = self.first_of_source and works and works[0].steps[0].decider.name == "deal"
        await self._load([] if known else [Read(w.steps[0].decider.name, w.steps[0].stream) for w in works])
        while wanted := self._unread(works):
            await self._load(wanted)
        for work in works:
            self._decide(work)

    def _unread(self, works: Sequence[Work]) -> list[Read]:
        """What decisions will read and is not loaded. Later steps of a deal read no more than its first does, whatever rows before do."""
        missing: dict[int, Read] = {}
        alike: dict[int, list[Read]] = {}
        for work in works:
            decider, stream, command, _ = work.steps[0]
            state = self._known(stream).state
            # all that new deals read is of their pipeline: it is asked once for each
            pipeline = command.pipeline.int if state is None and isinstance(command, ImportDeal) else None
            reads = alike.get(pipeline) if pipeline is not None else None
            if reads is None:
                reads = list(decider.reads(state, command, self._facts))
                for read in reads:
                    if not self._holds(read.id):
                        missing[read.id.int] = read
                if pipeline is not None:
                    alike[pipeline] = reads
            work.reads = reads
        return list(missing.values())

    def _known(self, stream: UUID) -> Loaded:
        number = stream.int
        return self._deals.get(number) or self._kept.get(number) or _NOTHING

    def _holds(self, stream: UUID) -> bool:
        return stream.int in self._kept or stream.int in self._deals

    async def _load(self, reads: Sequence[Read]) -> None:
        unknown = [r for r in {r.id.int: r for r in reads}.values() if not self._holds(r.id)]
        if not unknown:
            return
        found: list[Loaded] = await asyncio.gather(*(self._store.load(self._tenant, DECIDERS[r.decider], r.id) for r in unknown))
        for read, loaded in zip(unknown, found, strict=True):
            self._keep(read.decider, read.id, loaded)

    def _keep(self, decider: str, stream: UUID, loaded: Loaded) -> None:
        (self._deals if decider == "deal" else self._kept)[stream.int] = loaded

    def _decide(self, work: Work) -> None:
        first = work.steps[0]
        decider, stream = first.decider, first.stream
        own = self._known(stream)
        state, version = own.state, own.version
        is_deal = decider.name == "deal"
        if own.version and not is_deal:
            work.changes, conflicting = _compared(state, first)
            if conflicting and not self._take_source:
                work.outcome = "conflict"
                work.reason = f"changed here and at the source: {', '.join(conflicting)}; what is here stays"
                return
        elsewhere: list[tuple[On, datetime | None]] = []
        facts = self._facts
        last = work.steps[-1]
        if is_deal:
            work.guards = self._guards_of(work.reads)
        try:
            for step in work.steps:
                if own.version and not is_deal and step is not first and not work.decided:
                    break  # it says what it said before, and what people did here since stays
                if not is_deal:
                    for read in decider.reads(state, step.command, facts):
                        if read.id not in work.guards:
                            work.guards[read.id] = self._known(read.id).version
                context = Context(self._now, self._by, facts, uuid7, step.effective_at, stream)
                for event in decider.decide(state, step.command, context):
                    if isinstance(event, On):
                        elsewhere.append((event, step.effective_at))
                        continue
                    version += 1
                    work.decided.append((stream, version, event, step.effective_at))
                    # nothing reads a deal after its last step, and its state is the costliest to make
                    if not is_deal:
                        state = decider.evolve(state, event)
                    elif step is not last:
                        state = passing(event) if state is None and isinstance(event, DealImported) else decider.evolve(state, event)
        except Refused as refusal:
            work.outcome, work.reason, work.decided = "rejected", f"{refusal.rule}: {refusal.detail}", []
            return
        if is_deal and own.version and work.decided:
            work.changes = _changes_of(own.state, first)
        _settle(work, own.state)
        if work.decided and not is_deal:
            self._keep(decider.name, stream, Loaded(state, version))
        for other, effective_at in elsewhere:
            self._decided_elsewhere(work, other, effective_at)

    def _guards_of(self, reads: list[Read]) -> dict[UUID, int]:
        guards = self._guards.get(id(reads))
        if guards is None:
            guards = self._guards[id(reads)] = {read.id: self._known(read.id).version for read in reads}
        return guards

    def _decided_elsewhere(self, work: Work, other: On, effective_at: datetime | None) -> None:
        """An event for another stream, such as a reservation."""
        before = self._known(other.target.id)
        after = Loaded(DECIDERS[other.target.decider].evolve(before.state, other.event), before.version + 1)
        self._keep(other.target.decider, other.target.id, after)
        work.decided.append((other.target.id, after.version, other.event, effective_at))


class _States(Mapping[UUID, Any]):
    """The states that were loaded, as decisions look them up: what is not there has no events."""

    def __init__(self, deciding: Deciding) -> None:
        self.known, self.holds = deciding._known, deciding._holds  # noqa: SLF001  it is a view of it

    def __getitem__(self, stream: UUID) -> Any:
        return self.known(stream).state

    def __contains__(self, stream: object) -> bool:
        return isinstance(stream, UUID) and self.holds(stream)

    def get(self, stream: UUID, default: Any = None) -> Any:
        return self[stream] if self.holds(stream) else default

    def __iter__(self) -> Iterator[UUID]:
        raise TypeError("states are looked up one by one")

    def __len__(self) -> int:
        raise TypeError("states are looked up one by one")


def _settle(work: Work, before: Any) -> None:
    there = before is not None and not getattr(before, "withdrawn", False)
    work.outcome, work.reason = outcome_of([event for _, _, event, _ in work.decided], there=there)
    if work.outcome in ("created", "unchanged"):
        work.changes = {}


def outcome_of(events: Sequence[Event], *, there: bool) -> tuple[Outcome, str]:
    """What came of a row, and why. `there`: its thing was here before."""
    if not events:
        return "unchanged", ""
    if not there:
        return "created", ""
    kept = [name for event in events for name in getattr(event, "kept", ())]
    if kept:
        return "conflict", f"changed here and at the source: {', '.join(kept)}; what is here stays"
    return "updated", "the source says something new"


def _compared(state: Any, step: Step) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """(what the source says anew: field -> before, after; the fields in which people said something else meanwhile)."""
    provenance: Provenance | None = getattr(state, "provenance", None)
    if provenance is None:
        return {}, []
    told = {name: getattr(step.command, name) for name in provenance.said if hasattr(step.command, name)}
    news = {name: value for name, value in told.items() if _plain(provenance.said[name]) != _plain(value)}
    changes = {name: (_text(provenance.said[name]), _text(value)) for name, value in news.items()}
    ours = [n for n in news if hasattr(state, n) and _plain(getattr(state, n)) not in (_plain(provenance.said[n]), _plain(news[n]))]
    return changes, ours


def _changes_of(deal: Deal, step: Step) -> dict[str, tuple[str, str]]:
    """What the source says anew of a deal: field -> before, after."""
    if deal.provenance is None or not isinstance(step.command, ImportDeal):
        return {}
    wanted, _ = difference(deal, step.command)
    return {name: (_text(deal.provenance.said.get(name)), _text(value)) for name, value in wanted.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list, set, frozenset)):
        return tuple(sorted(map(str, value)))
    return value


def _text(value: Any) -> str:
    return "" if value is None else str(value)
