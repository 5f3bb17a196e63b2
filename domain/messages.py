"""What events and commands share: they are values, checked where they come in from outside and made without a check after that."""

from __future__ import annotations

from typing import Any, NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict

_put = object.__setattr__
_M = TypeVar("_M", bound=BaseModel)


def unchecked(cls: type[_M], values: dict[str, Any], given: set[str]) -> _M:
    """A model of exactly these values, which somebody has checked. `given`: the fields that were not left to their default."""
    made = object.__new__(cls)
    _put(made, "__dict__", values)
    _put(made, "__pydantic_fields_set__", given)
    _put(made, "__pydantic_extra__", None)
    _put(made, "__pydantic_private__", None)
    return made


class Message(BaseModel):
    """An event or a command."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def trusted(cls, **values: Any) -> Self:
        """One made of values that a validated command, a definition or an earlier event brought: they are not checked again.

        Checking a large event costs more than deciding it. Raises TypeError for a field that is missing or unknown.
        """
        blank = _BLANKS.get(cls)
        if blank is None:
            defaults = {n: f.default for n, f in cls.model_fields.items() if not f.is_required() and f.default_factory is None}
            blank = _BLANKS[cls] = _Blank(defaults, set(cls.model_fields), cls.model_fields.keys() - defaults.keys())
        filled = {**blank.defaults, **values}
        # with all that have no default, as many as there are fields are exactly the fields
        if len(filled) != len(blank.names) or not values.keys() >= blank.required:
            raise TypeError(f"{cls.__name__}: {', '.join(sorted(filled.keys() ^ blank.names))} missing or unknown")
        return unchecked(cls, filled, blank.names)


class _Blank(NamedTuple):
    defaults: dict[str, Any]
    names: set[str]
    required: set[str]


_BLANKS: dict[type[Message], _Blank] = {}
