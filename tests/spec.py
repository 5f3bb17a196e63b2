"""Given, when, then for deciders: a test reads as the rule it checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from domain.kernel import SYSTEM, Actor, Command, Context, Decider, Event, On, Refused, natural_id

S = TypeVar("S")
OWN = natural_id("test", "own stream")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def counting_ids() -> Any:
    """Ids that are the same on every run: the first asked for, the second, ..."""
    count = 0

    def new_id() -> UUID:
        nonlocal count
        count += 1
        return natural_id("test", str(count))

    return new_id


@dataclass(frozen=True)
class Spec(Generic[S]):
    """`Spec(deals).given(opened).by(manager).when(AdvanceDeal(...)).then(DealStageRequested(...))`."""

    decider: Decider[S]
    events: tuple[Event, ...] = ()
    actor: Actor = SYSTEM
    now: datetime = NOW
    facts: Mapping[UUID, Any] = field(default_factory=dict)
    effective_at: datetime | None = None
    stream: UUID = OWN

    def given(self, *events: Event) -> Spec[S]:
        return replace(self, events=(*self.events, *events))

    def by(self, actor: Actor) -> Spec[S]:
        return replace(self, actor=actor)

    def at(self, now: datetime) -> Spec[S]:
        return replace(self, now=now)

    def knowing(self, facts: Mapping[UUID, Any]) -> Spec[S]:
        """States of other streams, by id; what a decision reads and is not given here is None."""
        return replace(self, facts={**self.facts, **facts})

    def on(self, stream: UUID) -> Spec[S]:
        """The id of the aggregate under test, for rules that compare it with others."""
        return replace(self, stream=stream)

    def backdated(self, effective_at: datetime) -> Spec[S]:
        return replace(self, effective_at=effective_at)

    @property
    def state(self) -> S:
        return self.decider.fold(self.events)

    def when(self, command: Command) -> Decision:
        state, facts = self.state, dict[UUID, Any]()
        while new := [r for r in self.decider.reads(state, command, facts) if r.id not in facts]:
            facts.update({r.id: self.facts.get(r.id) for r in new})
        context = Context(
            now=self.now, actor=self.actor, facts=facts, new_id=counting_ids(), effective_at=self.effective_at, stream=self.stream
        )
        try:
            return Decision(tuple(self.decider.decide(state, command, context)), None)
        except Refused as refusal:
            return Decision((), refusal)


@dataclass(frozen=True)
class Decision:
    """What a decider answered."""

    outcome: tuple[Event | On, ...]
    refusal: Refused | None

    @property
    def events(self) -> tuple[Event, ...]:
        """The events for the command's own stream."""
        self._accepted()
        return tuple(e for e in self.outcome if isinstance(e, Event))

    @property
    def elsewhere(self) -> Sequence[On]:
        self._accepted()
        return tuple(e for e in self.outcome if isinstance(e, On))

    def _accepted(self) -> None:
        assert self.refusal is None, f"refused: {self.refusal.rule}: {self.refusal.detail}"

    def then(self, *events: Event) -> None:
        assert self.events == events

    def nothing(self) -> None:
        self._accepted()
        assert self.outcome == ()

    def refused(self, rule: type[Refused], **data: Any) -> Refused:
        assert self.refusal is not None, f"was not refused, but gave {self.outcome}"
        assert type(self.refusal) is rule, f"refused by {self.refusal.rule}: {self.refusal.detail}"
        for key, value in data.items():
            assert self.refusal.data[key] == value
        return self.refusal
