"""Random events and commands, from their own field types and small pools, so that they meet each other."""

from __future__ import annotations

import types
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from domain.kernel import natural_id
from tests.spec import NOW

IDS = [natural_id("pool", str(n)) for n in range(4)]
RUNS = [natural_id("run", str(n)) for n in range(2)]
NAMES = ["Acme", "ACME Inc.", "Globex GmbH", "1", "true", "2026-03-01"]
POOLS: dict[str, list[str]] = {
    "zone": ["UTC", "Europe/Berlin", "America/New_York"],
    "currency": ["EUR", "USD", "JPY"],
    "base": ["EUR", "USD"],
    "quote": ["USD", "JPY"],
    "country": ["DE", "US"],
    "email": ["a@example.com", "b@example.com"],
    "phone": ["+49 30 123", "555-0100"],
    "mobile": ["+49 170 1"],
    "domain": ["acme.com", "globex.de"],
    "calendar": ["DE"],
    "slug": ["acme"],
    "kind": ["stalled"],
    "noun": ["deal"],
    "key": ["tier", "size"],
    "options": ["1", "true"],
    "code": ["A1", "a1", "B2"],
}
DAYS = [NOW.date() + timedelta(days=d) for d in (-400, -1, 0, 1, 40)]


def values(annotation: Any, name: str) -> st.SearchStrategy[Any]:
    """Values for a field of this type and name; not all of them are valid."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return values(args[0], name)
    if origin in {Union, types.UnionType}:
        return st.one_of(*(values(arg, name) for arg in args))
    if origin is tuple:
        return st.lists(values(args[0], name), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(st.sampled_from(POOLS["key"]), values(args[1], name), max_size=2)
    if annotation is type(None):
        return st.none()
    if annotation is UUID:
        return st.sampled_from(RUNS if name == "run" else IDS)
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return st.sampled_from([1, 2, 6, 7])
    if annotation is Decimal:
        return st.sampled_from([Decimal(0), Decimal("1.5"), Decimal("99.99"), Decimal(-2)])
    if annotation is date:
        return st.sampled_from(DAYS)
    if annotation is time:
        return st.sampled_from([time(8), time(9, 30), time(17)])
    if isinstance(annotation, type) and issubclass(annotation, datetime):
        return st.sampled_from([NOW, NOW - timedelta(days=40), NOW - timedelta(hours=1)])
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return st.sampled_from(list(annotation))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return instances(annotation)
    if getattr(annotation, "__name__", "") == "AwareDatetime":
        return st.sampled_from([NOW, NOW - timedelta(days=40), NOW - timedelta(hours=1)])
    assert annotation is str, f"no strategy for {name}: {annotation}"
    return st.sampled_from(POOLS.get(name, NAMES))


def instances(cls: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Valid instances of an event or command class; optional fields are sometimes left away."""
    hints = get_type_hints(cls, include_extras=True)
    required = {n: values(hints[n], n) for n, f in cls.model_fields.items() if f.is_required()}
    optional = {n: values(hints[n], n) for n, f in cls.model_fields.items() if not f.is_required()}
    return (
        st.fixed_dictionaries(required, optional=optional).map(lambda fields: _built(cls, fields)).filter(lambda found: found is not None)
    )


def _built(cls: type[BaseModel], fields: dict[str, Any]) -> BaseModel | None:
    try:
        return cls(**fields)
    except ValidationError:
        return None
