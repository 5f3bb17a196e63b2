"""Attributes: the typed fields that a tenant adds to accounts, contacts and deals, because every branch has its own.

One stream per noun, `attributes_id(noun)`; its version counts the changes, and whoever stores values records the version
they were checked by. Values are kept in one canonical form, so that equal values compare equal: numbers as decimal text,
dates as ISO 8601, choices by their option, several choices as a sorted tuple.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, StrictBool

from domain.kernel import ERASED, AlreadyExists, Command, Context, Decider, Event, Invalid, NotFound, Read, natural_id
from domain.values import Key, Name

AttributeValue = StrictBool | Annotated[str, Field(max_length=20_000, pattern=r"^[^\x00]*$")] | tuple[str, ...]
Attributes = Annotated[dict[str, AttributeValue], Field(max_length=200)]
"""Values by key, as stored."""
ErasableAttributes = Annotated[Attributes, BeforeValidator(lambda value: {} if value == ERASED else value)]
"""Attributes of a person, to be marked `Personal`: once erased there are none."""
AttributeChanges = Annotated[dict[str, AttributeValue | None], Field(max_length=200)]
"""New values by key; None removes one."""


class Attributed(StrEnum):
    """What can have attributes."""

    ACCOUNT = "account"
    CONTACT = "contact"
    DEAL = "deal"


class AttributeType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    CHOICES = "choices"


def attributes_id(noun: Attributed | str) -> UUID:
    """The stream with the definitions for `noun`."""
    return natural_id("attributes", str(noun))


class AttributeDefined(Event, topic="attribute.defined"):
    noun: str
    key: str
    label: str
    type: AttributeType
    options: tuple[str, ...] = ()
    required: bool = False


class AttributeChanged(Event, topic="attribute.changed"):
    """Label, options or requirement changed; the type never does, because values of the old one are stored."""

    key: str
    label: str
    options: tuple[str, ...] = ()
    required: bool = False


class AttributeRetired(Event, topic="attribute.retired"):
    """No new values; the stored ones stay readable."""

    key: str


class DefineAttribute(Command):
    """Add a field to accounts, contacts or deals."""

    noun: Attributed
    key: Key
    label: Name
    type: AttributeType
    options: tuple[Name, ...] = ()
    required: bool = False


class ChangeAttribute(Command):
    """Change a field's label, options or whether it is required; options may be added, and dropped for new values."""

    key: Key
    label: Name
    options: tuple[Name, ...] = ()
    required: bool = False


class RetireAttribute(Command):
    """Take a field out of use."""

    key: Key


class AttributeRefused(Invalid):
    """A value does not fit its definition; `data["fields"]` says which and why."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One field: what may stand in it."""

    label: str
    type: AttributeType
    options: tuple[str, ...] = ()
    required: bool = False
    retired: bool = False


@dataclass(frozen=True, slots=True)
class AttributeSchema:
    """All fields of one noun, at one version."""

    version: int = 0
    fields: Mapping[str, Definition] = field(default_factory=dict)


def schema_read(noun: Attributed) -> Read:
    return Read("attributes", attributes_id(noun))


def validated(
    schema: AttributeSchema | None,
    changes: Mapping[str, AttributeValue | None],
    current: Mapping[str, AttributeValue],
    *,
    complete: bool = False,
) -> dict[str, AttributeValue]:
    """All values after `changes`, in canonical form. Raises AttributeRefused, naming every field at fault.

    A column that an import left and nobody defined may stay or be removed, not changed. With `complete`, required
    fields must be there (at opening); otherwise they may only not be removed.
    """
    fields = schema.fields if schema is not None else {}
    after, faults = dict(current), dict[str, str]()
    for key, value in changes.items():
        definition = fields.get(key)
        if value is None:
            if definition is not None and definition.required and not definition.retired:
                faults[key] = "is required and cannot be removed"
            after.pop(key, None)
        elif key in current and current[key] == value:
            continue
        elif definition is None or definition.retired:
            faults[key] = "is not a defined field" if definition is None else "is out of use"
        else:
            try:
                after[key] = _CANONICAL[definition.type](value, definition)
            except (ValueError, InvalidOperation):
                faults[key] = f"must be {_WANTED[definition.type]}" + (f": {', '.join(definition.options)}" if definition.options else "")
    if complete:
        missing = (key for key, d in fields.items() if d.required and not d.retired and key not in after and key not in faults)
        faults.update(dict.fromkeys(missing, "is required"))
    if faults:
        raise AttributeRefused("; ".join(f"{key} {why}" for key, why in faults.items()) + ".", fields=faults)
    return after


def _text(value: AttributeValue, _definition: Definition) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value.strip()


def _number(value: AttributeValue, _definition: Definition) -> str:
    number = Decimal(_text(value, _definition))
    if not number.is_finite() or abs(number) >= Decimal("1e15"):
        raise ValueError
    if number != number.quantize(Decimal("0.000001")):
        raise ValueError
    return f"{number.normalize() + 0:f}"


def _date(value: AttributeValue, definition: Definition) -> str:
    return date.fromisoformat(_text(value, definition)).isoformat()


def _boolean(value: AttributeValue, _definition: Definition) -> bool:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004  every fault of a value is reported the same way
    return value


def _choice(value: AttributeValue, definition: Definition) -> str:
    if not isinstance(value, str) or value not in definition.options:
        raise ValueError
    return value


def _choices(value: AttributeValue, definition: Definition) -> tuple[str, ...]:
    if not isinstance(value, tuple) or not set(value) <= set(definition.options):
        raise ValueError
    return tuple(sorted(set(value)))


_CANONICAL: dict[AttributeType, Callable[[AttributeValue, Definition], AttributeValue]] = {
    AttributeType.TEXT: _text,
    AttributeType.NUMBER: _number,
    AttributeType.DATE: _date,
    AttributeType.BOOLEAN: _boolean,
    AttributeType.CHOICE: _choice,
    AttributeType.CHOICES: _choices,
}
_WANTED = {
    AttributeType.TEXT: "text",
    AttributeType.NUMBER: "a number with at most 15 digits before the point and 6 after",
    AttributeType.DATE: "a date like 2026-03-31",
    AttributeType.BOOLEAN: "true or false",
    AttributeType.CHOICE: "one of its options",
    AttributeType.CHOICES: "a list of its options",
}


def _check_options(type: AttributeType, options: tuple[str, ...]) -> None:  # noqa: A002  the field's own name
    chosen = type in {AttributeType.CHOICE, AttributeType.CHOICES}
    if chosen and not options:
        raise Invalid("A choice needs at least one option; name them.")
    if not chosen and options:
        raise Invalid(f"A {type.value} field has no options; leave them away or make it a choice.")
    if len(set(options)) != len(options):
        raise Invalid("Two options are the same; name each once.")


def decide(state: AttributeSchema, command: Any, ctx: Context) -> tuple[Event, ...]:
    match command:
        case DefineAttribute(noun=noun, key=key, label=label, type=type_, options=options, required=required):
            if ctx.stream is not None and ctx.stream != attributes_id(noun):
                raise Invalid(f"The fields of a {noun} are defined in their own stream.", stream=str(attributes_id(noun)))
            _check_options(type_, options)
            known = state.fields.get(key)
            if known == Definition(label, type_, options, required):
                return ()
            if known is not None and not (known.retired and known.type == type_):
                raise AlreadyExists(f"The field {key} is defined already; change it, or choose another key.", key=key)
            return (AttributeDefined(noun=noun, key=key, label=label, type=type_, options=options, required=required),)
        case ChangeAttribute(key=key, label=label, options=options, required=required):
            current = _known(state, key)
            _check_options(current.type, options)
            if current == Definition(label, current.type, options, required):
                return ()
            return (AttributeChanged(key=key, label=label, options=options, required=required),)
        case RetireAttribute(key=key):
            if key in state.fields and state.fields[key].retired:
                return ()
            _known(state, key)
            return (AttributeRetired(key=key),)
        case _:
            raise TypeError(f"attributes know no {type(command).__name__}")


def _known(state: AttributeSchema, key: str) -> Definition:
    known = state.fields.get(key)
    if known is None or known.retired:
        raise NotFound(f"There is no field {key} in use; define it first.", key=key)
    return known


def evolve(state: AttributeSchema, event: Event) -> AttributeSchema:
    match event:
        case AttributeDefined(key=key, label=label, type=type_, options=options, required=required):
            definition = Definition(label, type_, options, required)
        case AttributeChanged(key=key, label=label, options=options, required=required) if key in state.fields:
            definition = replace(state.fields[key], label=label, options=options, required=required)
        case AttributeRetired(key=key) if key in state.fields:
            definition = replace(state.fields[key], retired=True)
        case _:
            return state
    return AttributeSchema(state.version + 1, {**state.fields, key: definition})


attributes = Decider("attributes", initial=AttributeSchema(), decide=decide, evolve=evolve)
