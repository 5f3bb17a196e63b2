"""A tiny aggregate for tests of the machinery: a counter with a limit, that may read another counter first."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.kernel import Command, Decider, Event, On, Personal, Read, Refused


class CounterRaised(Event, topic="test.counter_raised"):
    by: int


class CounterSigned(Event, topic="test.counter_signed"):
    name: Personal[str]


class Raise(Command):
    by: int = 1
    unless_over: UUID | None = None  # refuse when this other counter is above 10
    also: UUID | None = None  # raise this one too


class Sign(Command):
    name: str


class TooHigh(Refused):
    """The counter would pass 100, or the other is above 10."""


@dataclass(frozen=True, slots=True)
class Counter:
    total: int = 0


def _reads(_state, command, _facts):
    match command:
        case Raise(unless_over=other, also=also):
            return tuple(Read("test_counter", i) for i in (other, also) if i is not None)
    return ()


def _decide(counter, command, ctx):
    match command:
        case Sign(name=name):
            return (CounterSigned(name=name),)
        case Raise(by=0):
            return ()
        case Raise(by=by, unless_over=other, also=also):
            if counter.total + by > 100:
                raise TooHigh("start another counter", total=counter.total)
            if other and (read := ctx.facts[other]) and read.total > 10:
                raise TooHigh("wait until the other counter is low", total=read.total)
            raised = CounterRaised(by=by)
            return (raised, On(Read("test_counter", also), raised)) if also else (raised,)
    raise TypeError(command)


def _evolve(counter: Counter, event: Event) -> Counter:
    match event:
        case CounterRaised(by=by):
            return Counter(counter.total + by)
    return counter


counters = Decider("test_counter", Counter(), _decide, _evolve, _reads)
