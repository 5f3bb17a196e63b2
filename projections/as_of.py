"""When a question is about: now, what the log held at a position, or what we now know was so at an instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from projections.tables import NOW_ENDS, Table, ancestors, moment


class Basis(StrEnum):
    """known: what the log held then. happened: what we now know was so then."""

    KNOWN = "known"
    HAPPENED = "happened"


@dataclass(frozen=True, slots=True)
class AsOf:
    """A resolved `as_of`: a position and its instant, or None for now. Query parameters are named `as_of_*`."""

    basis: Basis = Basis.KNOWN
    position: int | None = None
    instant: datetime | None = None

    @property
    def now(self) -> bool:
        """Whether the question is about what stands at this moment."""
        return self.position is None and self.instant is None

    @property
    def params(self) -> Mapping[str, Any]:
        """To be passed with every query that uses `of`."""
        if self.now:
            return {}
        if self.basis is Basis.KNOWN:
            return {"as_of": self.position, "as_of_nodes": ancestors(self.position or 0)}
        assert self.instant is not None, "what happened is asked as of an instant"
        return {"as_of": self.instant, "as_of_nodes": ancestors(moment(self.instant))}

    def of(self, table: Table, *columns: str) -> str:
        """SQL of a relation, in parentheses: the table's rows (of all columns, or some) as they stood."""
        names = ", ".join(columns or (*table.columns, *NOW_ENDS))
        if self.now:
            return f"(SELECT {names} FROM {table.name})"
        time, at = ("known", "%(as_of)s::bigint") if self.basis is Basis.KNOWN else ("true", "%(as_of)s::timestamptz")
        return (
            f"(SELECT {names} FROM {table.name} WHERE {time}_from <= {at} UNION ALL SELECT {names} FROM {table.past} "
            f"WHERE {time}_node = ANY (%(as_of_nodes)s::bigint[]) AND {time}_from <= {at} AND {time}_to > {at})"
        )


NOW = AsOf()
