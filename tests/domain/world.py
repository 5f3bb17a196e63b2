"""Several streams in memory, driven through their deciders as the store drives them, without its database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.kernel import DECIDERS, SYSTEM, Actor, Command, Context, Decider, Event, NotFound, On, Read, Refused
from tests.spec import NOW, counting_ids


@dataclass
class World:
    """`run` carries out a command and keeps its events; `state` is folded anew from what was kept."""

    histories: dict[UUID, list[Event]] = field(default_factory=dict)
    deciders: dict[UUID, Decider[Any]] = field(default_factory=dict)
    now: datetime = NOW
    new_id: Any = field(default_factory=counting_ids)

    def state(self, decider: Decider[Any], stream: UUID) -> Any:
        return decider.fold(self.histories.get(stream, ()))

    def run(
        self, decider: Decider[Any], stream: UUID, command: Command, by: Actor = SYSTEM, effective_at: datetime | None = None
    ) -> tuple[Event | On, ...] | Refused:
        """What came of it. Events reach the streams only if the whole decision holds."""
        state = self.state(decider, stream)
        read: dict[UUID, Decider[Any]] = {stream: decider}
        facts: dict[UUID, Any] = {}
        asked: set[Read] = set()
        while new := [r for r in decider.reads(state, command, facts) if r not in asked]:
            for r in new:
                asked.add(r)
                if r.id in read and read[r.id].name != r.decider:
                    return NotFound(f"There is no {r.decider} with the id {r.id}; it is another thing's.")  # as the store answers
                facts[r.id] = None
                if r.decider in DECIDERS:  # a noun that a test does not import has no streams in its world
                    read[r.id] = DECIDERS[r.decider]
                    facts[r.id] = self.state(DECIDERS[r.decider], r.id) if r.id in self.histories else None
        context = Context(now=self.now, actor=by, facts=facts, new_id=self.new_id, effective_at=effective_at, stream=stream)
        try:
            outcome = tuple(decider.decide(state, command, context))
        except Refused as refusal:
            return refusal
        for item in outcome:
            target, event = (item.target.id, item.event) if isinstance(item, On) else (stream, item)
            assert target in read, f"{event} is for a stream that was not read"
            self.histories.setdefault(target, []).append(event)
            self.deciders[target] = read[target]
        return outcome

    def do(self, decider: Decider[Any], stream: UUID, command: Command, by: Actor = SYSTEM) -> tuple[Event | On, ...]:
        """As `run`, where a refusal is a mistake of the test."""
        outcome = self.run(decider, stream, command, by)
        assert not isinstance(outcome, Refused), f"refused: {outcome.rule}: {outcome.detail}"
        return outcome
