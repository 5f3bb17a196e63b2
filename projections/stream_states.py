"""A thing's state after each of its events, as plain values, and what of it changed between two moments, by which event.

States hold what decisions read. Whatever else an event says stands in the event itself, which a difference names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from domain.kernel import Decider, Recorded
from projections.as_of import AsOf, Basis

_NAMES = ("id", "key", "number", "line", "name")
"""By what a list's things are told apart, so that one that was put before others changes nothing else."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A field with another value: the path in dots, both values (None: there was none), and the last event that changed it."""

    field: str
    before: Any
    after: Any
    event: Recorded


def values(value: Any) -> Any:
    """A state as JSON has it; sets in order, decimals as text. Total."""
    match value:
        case None | bool() | int() | str() if not isinstance(value, Enum):
            return value
        case Enum():
            return values(value.value)
        case UUID() | Decimal():
            return str(value)
        case datetime() | date():
            return value.isoformat().replace("+00:00", "Z")
        case BaseModel():
            return {name: values(getattr(value, name)) for name in type(value).model_fields}
        case Mapping():
            return {str(values(key)): values(found) for key, found in value.items()}
        case set() | frozenset():
            return sorted((values(found) for found in value), key=str)
        case tuple() if hasattr(value, "_asdict"):
            return values(value._asdict())
        case list() | tuple():
            return [values(found) for found in value]
        case _ if is_dataclass(value):
            return {field.name: values(getattr(value, field.name)) for field in fields(value)}
        case _:
            return str(value)


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Plain values by their path in dots."""
    if isinstance(value, dict) and value:
        return {at: leaf for key, found in value.items() for at, leaf in flat(found, f"{path}.{key}" if path else key).items()}
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return flat(_named(value), path)
    return {path: value}


def _named(things: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    for name in _NAMES:
        keys = [str(thing.get(name)) for thing in things if thing.get(name) is not None]
        if len(set(keys)) == len(things):
            return dict(zip(keys, things, strict=True))
    return {str(number): thing for number, thing in enumerate(things, 1)}


def upto(history: Iterable[Recorded], as_of: AsOf) -> list[Recorded]:
    """The events that count at a moment, in the order in which they do: as they were recorded, or as they were so."""
    if as_of.now:
        return list(history)
    if as_of.basis is Basis.KNOWN:
        return [r for r in history if r.position <= (as_of.position or 0)]
    assert as_of.instant is not None, "what happened is asked as of an instant"
    return sorted((r for r in history if r.effective_at <= as_of.instant), key=lambda r: (r.effective_at, r.position))


def difference(decider: Decider[Any], history: Sequence[Recorded], earlier: int) -> list[Changed]:
    """What the events from number `earlier` of the history on (0: from the beginning) changed, in the order of the fields.

    A field that was changed and changed back is none.
    """
    state = decider.fold(r.event for r in history[:earlier])
    first = before = flat(values(state)) if state is not None else {}
    last: dict[str, Recorded] = {}
    for recorded in history[earlier:]:
        state = decider.evolve(state, recorded.event)
        after = flat(values(state)) if state is not None else {}
        for field in before.keys() | after.keys():
            if before.get(field) != after.get(field):
                last[field] = recorded
        before = after
    return [
        Changed(field, first.get(field), before.get(field), event)
        for field, event in sorted(last.items())
        if first.get(field) != before.get(field)
    ]


_REASONS = ("reason", "note", "comment", "why")


def reason_of(recorded: Recorded) -> str | None:
    """What the event itself says about why, in the words or the code that were given."""
    for name in _REASONS:
        if name in type(recorded.event).model_fields and (found := getattr(recorded.event, name)):
            return str(values(found))
    return None
