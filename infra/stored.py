"""How stored events are read: their shape and types are checked again, the rules that held when they were written are not.

A rule costs more than the reading (a line of a deal has its texts stripped and its prices matched, field by field), and
whatever was stored must load under later, stricter rules as well.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic_core import SchemaValidator

_BOUNDS, _LENGTHS = (
    frozenset({"gt", "ge", "lt", "le", "multiple_of", "max_digits", "decimal_places"}),
    frozenset({"min_length", "max_length"}),
)
_RULES = {
    "str": _LENGTHS | {"pattern", "strip_whitespace", "to_lower", "to_upper"},
    **dict.fromkeys(("decimal", "int", "float", "date", "datetime"), _BOUNDS),
    **dict.fromkeys(("dict", "list", "tuple", "set", "frozenset"), _LENGTHS),
}
"""What pydantic's core schemas call the rules about a value, by the type of the value."""
_LEAVES = {"cls", "config", "default", "default_factory", "members", "metadata", "serialization"}
"""Parts of a core schema that hold values, not schemas."""


def reader(shape: type[BaseModel]) -> SchemaValidator:
    """Reads the JSON of an instance of `shape` that was validated before it was written. Raises ValidationError where it is none."""
    # a nested model would bring its own validator, with its rules
    return SchemaValidator(_without_rules(shape.__pydantic_core_schema__), _use_prebuilt=False)


def _without_rules(schema: Any) -> Any:
    if isinstance(schema, (list, tuple)):
        return type(schema)(_without_rules(part) for part in schema)
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    if not isinstance(kind, str):  # names and their schemas
        return {name: _without_rules(part) for name, part in schema.items()}
    if kind in {"function-after", "function-before"}:
        # a shape that is used twice is known by its name, which its outermost rule bears
        return _without_rules(schema["schema"]) | ({"ref": schema["ref"]} if "ref" in schema else {})
    if kind == "json-or-python":
        return _without_rules(schema["json_schema"])
    if kind == "chain":  # a text of digits, and the number that it spells
        return _without_rules(schema["steps"][-1])
    rules = _RULES.get(kind, ())
    return {name: part if name in _LEAVES else _without_rules(part) for name, part in schema.items() if name not in rules}
