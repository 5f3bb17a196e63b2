"""Days and instants in a body as they are documented: ISO texts, never numbers, and never an instant where a day is meant.

The models' own validators read both generously, because events and snapshots that are stored pass through them; what callers
send is held to the schema here, in one place, whatever the command.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic_core import CoreSchema, SchemaValidator, core_schema

_FORMS = {"date": r"^\d{4}-\d{2}-\d{2}$", "datetime": r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:"}
_VALUES = {"cls", "default", "metadata", "serialization"}
"""Parts of a schema that hold values and classes, not schemas."""


def validator_of(model: type[BaseModel]) -> Any:
    """The model's validator; where the model holds days or instants, one that takes them as ISO texts only."""
    schema: Any = model.__pydantic_core_schema__
    strict = _strict(schema)
    # prebuilt validators are the generous ones of the models inside
    return model.__pydantic_validator__ if strict is schema else SchemaValidator(strict, _use_prebuilt=False)


def _strict(part: Any) -> Any:
    """The part of a schema with its days and instants strict; the very same where it has none."""
    if isinstance(part, dict):
        made = {name: below if name in _VALUES else _strict(below) for name, below in part.items()}
        # a field may be called type, too: then its schema stands there
        if isinstance(kind := part.get("type"), str) and kind in _FORMS:
            return _written(part)
        return made if any(made[name] is not part[name] for name in part) else part
    if isinstance(part, list | tuple):
        items = [_strict(below) for below in part]
        return type(part)(items) if any(new is not old for new, old in zip(items, part, strict=True)) else part
    return part


def _written(part: Any) -> CoreSchema:
    kind = part["type"]
    text = core_schema.str_schema(pattern=_FORMS[kind], strict=True)
    return core_schema.custom_error_schema(
        core_schema.chain_schema([text, part]), custom_error_type=f"{kind}_form", custom_error_message="no ISO text"
    )
