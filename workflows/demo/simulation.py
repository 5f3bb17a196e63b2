"""A discrete-event simulation: stories wait for instants and ask for commands; those of one instant act side by side.

A story is a generator. It yields `Wait(until)`, or a `Do`, or several at once as a tuple, and is sent what they did. All
stories that wake at an instant go in rounds: the commands of one round are carried out together, the next round follows a
moment later. So whoever needs an answer first, such as a move that is asked for and then carried out, takes two rounds.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeAlias

from workflows.demo.ids import SeededIds
from workflows.demo.recording import Do, Recorder, Told

MOMENT = timedelta(milliseconds=180)
"""Between two rounds; also how long a workflow takes to carry out a move."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Sleep until then; at once if that has passed."""

    until: datetime


Act: TypeAlias = Wait | Do | tuple[Do, ...]
Story: TypeAlias = Generator[Act, Any, None]


class Simulation:
    """Runs stories until `until`, through the recorder. `heard` is told what each command did."""

    def __init__(
        self, recorder: Recorder, ids: SeededIds, begin: datetime, until: datetime, heard: Callable[[Do, Told], None] = lambda _d, _t: None
    ) -> None:
        self.now = begin
        self._recorder = recorder
        self._ids = ids
        self._until = until
        self._heard = heard
        self._order = count()
        self._waiting: list[tuple[datetime, int, Story]] = []

    def begin(self, story: Story, at: datetime | None = None) -> None:
        """Let a story begin, now or at an instant to come."""
        heapq.heappush(self._waiting, (max(at or self.now, self.now), next(self._order), story))

    async def run(self, progress: Callable[[datetime, int], None] = lambda _at, _events: None) -> None:
        """Run to the end. `progress` is told the instant reached, and the events so far. Raises what the recorder raises."""
        while self._waiting and self._waiting[0][0] <= self._until:
            at = self._waiting[0][0]
            awake: list[tuple[Story, Any]] = []
            while self._waiting and self._waiting[0][0] == at:
                awake.append((heapq.heappop(self._waiting)[2], None))
            self.now = max(self.now, at)
            while awake:
                awake = await self._round(awake)
                self.now += MOMENT
            progress(self.now, self._recorder.events)
        self.now = self._until

    async def _round(self, awake: list[tuple[Story, Any]]) -> list[tuple[Story, Any]]:
        asking: list[tuple[Story, tuple[Do, ...], bool]] = []
        for story, answer in awake:
            try:
                act = story.send(answer)
            except StopIteration:
                continue
            if isinstance(act, Wait):
                self.begin(story, act.until)
            else:
                asking.append((story, (act,), True) if isinstance(act, Do) else (story, act, False))
        asks = [(do.id or self._ids.at(self.now), do) for _, dos, _ in asking for do in dos]
        told = iter(await self._recorder.carry_out(asks, self.now) if asks else ())
        answered = [(story, dos, alone, tuple(next(told) for _ in dos)) for story, dos, alone in asking]
        for _, dos, _, found in answered:
            for do, one in zip(dos, found, strict=True):
                self._heard(do, one)
        return [(story, found[0] if alone else found) for story, _, alone, found in answered]
