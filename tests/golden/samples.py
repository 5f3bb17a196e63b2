"""Makes one plausible value of any event's shape, the same on every run: the sample that is stored for ever.

`python -m tests.golden.samples` writes what is missing. A sample that exists is never rewritten: it stands for stored history.
"""

from __future__ import annotations

import json
import sys
import types
import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from domain.kernel import TOPICS, Event
from domain.nouns import register_all

FOLDER = Path(__file__).parent / "events"
_TEXTS = (
    "text",
    "EUR",
    "Europe/Berlin",
    "a@example.com",
    "key",
    "DE",
    "example.com",
    "a" * 64,
    "2026-01",
    "1.5",
    "#a0b1c2",
    "+49301234",
    "application/pdf",
)
_PLAIN: dict[Any, tuple[Any, ...]] = {
    str: _TEXTS,
    bool: (True,),
    int: (1, 2, 7, 12, 40),
    Decimal: (Decimal("1.50"), Decimal(1), Decimal("0.5")),
    float: (0.5,),
    UUID: (UUID("01936e4c-0000-7000-8000-00000000cafe"),),
    datetime: (datetime(2026, 3, 2, 9, 30, tzinfo=UTC),),
    AwareDatetime: (datetime(2026, 3, 2, 9, 30, tzinfo=UTC),),
    date: (date(2026, 3, 31),),
    time: (time(9, 0),),
    timedelta: (timedelta(days=3),),
    type(None): (None,),
    Any: ("anything",),
}


class CannotSample(Exception):  # noqa: N818
    """No candidate fits the annotation; add one to `_PLAIN`."""


def sample(annotation: Any) -> Any:
    """A value of the annotation, constraints and validators included."""
    adapter = TypeAdapter(annotation)
    for candidate in _candidates(annotation):
        try:
            return adapter.validate_python(candidate)
        except (ValidationError, ValueError):
            continue
    raise CannotSample(f"no sample for {annotation}")


def _candidates(annotation: Any) -> typing.Iterator[Any]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        yield from _candidates(arguments[0])
    elif origin in {typing.Union, types.UnionType}:
        for argument in arguments:
            yield from _candidates(argument)
    elif origin is typing.Literal:
        yield arguments[0]
    elif origin in {tuple, list, set, frozenset}:
        parts = arguments[:1] if len(arguments) < 2 or arguments[1] is Ellipsis else arguments
        yield origin(sample(part) for part in parts)
        yield origin()
    elif origin in {dict, Mapping} or (isinstance(origin, type) and issubclass(origin, Mapping)):
        yield {sample(arguments[0]): sample(arguments[1])}
        yield {}
    elif isinstance(annotation, typing.TypeAliasType if hasattr(typing, "TypeAliasType") else ()):
        yield from _candidates(annotation.__value__)
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield next(iter(annotation))
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield build(annotation)
    elif annotation in _PLAIN:
        yield from _PLAIN[annotation]
    elif isinstance(annotation, type):  # a subclass such as a pydantic date
        for known, values in _PLAIN.items():
            if isinstance(known, type) and issubclass(annotation, known):
                yield from values


def build(model: type[BaseModel]) -> BaseModel:
    """A model with every field filled, optional ones too."""
    values = {}
    for name, field in model.model_fields.items():
        annotated = typing.Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        values[name] = sample(annotated)
    try:
        return model(**values)
    except ValidationError:
        # fields that exclude each other: only what must be there
        required = {name: value for name, value in values.items() if model.model_fields[name].is_required()}
        return model(**required)


def file_of(event: type[Event]) -> Path:
    return FOLDER / f"{event.topic}@{event.schema_version}.json"


def stored_events() -> list[type[Event]]:
    """Every event of the product (the tests' own are not stored)."""
    register_all()
    return [cls for topic, cls in sorted(TOPICS.items()) if cls.__module__.startswith("domain.")]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for event in stored_events():
        file = file_of(event)
        if not file.exists():
            raw = build(event).model_dump(mode="json")
            file.write_text(json.dumps(raw, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            sys.stderr.write(f"wrote {file.name}\n")


if __name__ == "__main__":
    main()
