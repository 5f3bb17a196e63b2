"""Deciding again: a command told back from the events that followed from it, and put to the same rules or to others.

Commands are not stored, their events are. A command is told back by taking its fields from the events (and from the state before) by
name; it counts as found only where deciding it again, on the state and facts of its time, gives exactly the recorded events. So a wrong
guess is never shown, and what the events do not determine is said to be undetermined. Ids that a decision drew are taken from its
events, and instants that it read from the clock may be a few seconds earlier than those recorded.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from itertools import count
from typing import Any, get_origin
from uuid import UUID

from pydantic import BaseModel, ValidationError

from domain.kernel import Command, Context, Decider, Event, Invalid, On, Refused

SLACK = timedelta(seconds=30)
"""How long before it was recorded a decision may have looked at the clock."""
_DRAWN = UUID("ffffffff-0000-8000-8000-000000000000").int
_ALIASES: Mapping[str, tuple[str, ...]] = {"to": ("to", "stage")}
"""Fields of commands that their events call otherwise."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision came to: events, each with its stream, or the refusal."""

    events: tuple[tuple[UUID, Event], ...] = ()
    refusal: Refused | None = None


@dataclass(slots=True)
class _Drawing:
    """Gives ids that can be told from all others, and remembers what they stand for."""

    numbers: Iterator[int] = field(default_factory=count)
    stands_for: dict[UUID, UUID] = field(default_factory=dict)

    def __call__(self) -> UUID:
        return UUID(int=_DRAWN + next(self.numbers))

    def same(self, drawn: UUID, recorded: UUID) -> bool:
        return self.stands_for.setdefault(drawn, recorded) == recorded


def commands_of(decider: Decider[Any]) -> list[type[Command]]:
    """The commands that the decider's modules define or import."""
    home = decider.decide.__module__
    package = home.rpartition(".")[0]
    names = [home]
    if package != "domain":
        names += [found.name for found in pkgutil.iter_modules(sys.modules[package].__path__, f"{package}.")]
    found = {value for name in names for value in vars(import_module(name)).values() if _is_command(value)}
    return sorted(found, key=lambda command: (command.__module__, command.__name__))


def _is_command(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Command) and value is not Command and bool(value.__doc__)


def told_back(decider: Decider[Any], state: Any, events: Sequence[Event]) -> Iterator[Command]:
    """Commands that may have led to the events, those with the most fields of theirs first."""
    found: list[tuple[int, Command]] = []
    for command in commands_of(decider):
        for from_state in (False, True):
            values = dict(_values(command, state if from_state else None, events))
            required = {name for name, info in command.model_fields.items() if info.is_required()}
            if not required <= values.keys():
                continue
            try:
                made = command.model_validate({name: _plain(value) for name, value in values.items()})
            except (ValidationError, ValueError):
                continue
            if all(made != other or type(made) is not type(other) for _, other in found):
                found.append((len(values), made))
    found.sort(key=lambda one: -one[0])
    return (command for _, command in found)


def _values(command: type[Command], state: Any, events: Sequence[Event]) -> Iterator[tuple[str, Any]]:
    for name, info in command.model_fields.items():
        for source in (*events, state):
            alias = next((a for a in _ALIASES.get(name, (name,)) if source is not None and hasattr(source, a)), None)
            if alias is None:
                continue
            value = getattr(source, alias)
            if get_origin(info.annotation) is tuple and not isinstance(value, tuple | list):
                # what was named together came to an event each
                value = tuple(getattr(event, alias) for event in events if hasattr(event, alias))
            yield name, value
            break


def _plain(value: Any) -> Any:
    match value:
        case BaseModel():
            return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
        case tuple() | list():
            return tuple(_plain(one) for one in value)
        case Mapping():
            return {key: _plain(found) for key, found in value.items()}
        case _:
            return value


def decide_again(decider: Decider[Any], state: Any, command: Command, ctx: Context) -> tuple[Outcome, Callable[[UUID, UUID], bool]]:
    """What the command comes to, and which id a drawn one stands for. Never refuses: a refusal is an outcome."""
    drawing = _Drawing()
    try:
        found = decider.decide(state, command, ctx._replace(new_id=drawing))
    except Refused as refusal:
        return Outcome(refusal=refusal), drawing.same
    except (TypeError, LookupError, AttributeError, ValueError):
        # a guess at the command that the decider does not know, or not in this state
        return Outcome(refusal=Invalid("This command makes no sense here.")), drawing.same
    events = tuple((one.target.id, one.event) if isinstance(one, On) else (ctx.own_id, one) for one in found)
    return Outcome(events), drawing.same


def differences(outcome: Outcome, recorded: Sequence[tuple[UUID, Event]], same_id: Callable[[UUID, UUID], bool]) -> list[str]:
    """Why the outcome is not the recorded one, each in a sentence; empty: it is."""
    if outcome.refusal is not None:
        return [f"It would have been refused by {outcome.refusal.rule}: {outcome.refusal.detail}"]
    found: list[str] = []
    for number in range(max(len(outcome.events), len(recorded))):
        if number >= len(outcome.events):
            found.append(f"{recorded[number][1].topic} would not have followed.")
        elif number >= len(recorded):
            found.append(f"{outcome.events[number][1].topic} would have followed besides.")
        else:
            (stream, event), (then, was) = outcome.events[number], recorded[number]
            if type(event) is not type(was) or not _same(stream, then, same_id):
                found.append(f"{event.topic} would have followed instead of {was.topic}.")
                continue
            found += [
                f"{name} of {event.topic} would be {_told(getattr(event, name))} instead of {_told(getattr(was, name))}."
                for name in type(event).model_fields
                if not _same(getattr(event, name), getattr(was, name), same_id)
            ]
    return found


def _same(decided: Any, recorded: Any, same_id: Callable[[UUID, UUID], bool]) -> bool:
    match decided, recorded:
        case UUID(), UUID():
            return decided == recorded or (decided.int >= _DRAWN and same_id(decided, recorded))
        case datetime(), datetime():
            return abs(decided - recorded) <= SLACK
        case BaseModel(), BaseModel():
            return type(decided) is type(recorded) and all(
                _same(getattr(decided, name), getattr(recorded, name), same_id) for name in type(decided).model_fields
            )
        case ((tuple() | list()), (tuple() | list())):
            return len(decided) == len(recorded) and all(_same(a, b, same_id) for a, b in zip(decided, recorded, strict=True))
        case Mapping(), Mapping():
            return decided.keys() == recorded.keys() and all(_same(decided[key], recorded[key], same_id) for key in decided)
        case _:
            return bool(decided == recorded)


def _told(value: Any) -> str:
    if isinstance(value, tuple | list):
        return "nothing" if not value else f"[{', '.join(map(_told, value))}]"
    if isinstance(value, BaseModel):
        return "{" + ", ".join(f"{name} {_told(getattr(value, name))}" for name in type(value).model_fields) + "}"
    return "nothing" if value is None else str(getattr(value, "value", value))
