"""What a read model is: its tables, and the handler that folds each event into them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar

from domain.kernel import Event
from projections.batch import Entry
from projections.rows import Rows
from projections.tables import Table
from projections.writing import Cursor


class Projection(ABC):
    """A read model. Subclasses name it, declare `tables` and the `events` they read, and fold them in `handle`.

    `handle` is pure but for `rows`, works on the event's own stream alone, and never refuses: a row that is missing is
    passed over. It runs again, in effective order, when a late fact arrives; so it must not count on being called once.
    """

    name: ClassVar[str]
    tables: ClassVar[tuple[Table, ...]]
    events: ClassVar[tuple[type[Event], ...]]
    topics: ClassVar[frozenset[str]]
    derived: ClassVar[bool] = False
    """Whether SQL makes its rows of the log, in `derive`; then it reads no `events`."""

    def __init_subclass__(cls) -> None:
        cls.topics = frozenset(event.topic for event in cls.events)

    @abstractmethod
    def handle(self, rows: Rows, entry: Entry) -> None:
        """Fold one event into the rows of its stream."""

    async def derive(  # noqa: B027  most read models are folded, not derived
        self, cursor: Cursor, after: int, last: int, suffix: str = ""
    ) -> None:
        """Add the rows of the events after a position up to another; `suffix`: into the table that a rebuild makes."""


def by_name(projections: Iterable[Projection]) -> Mapping[str, Projection]:
    """The projections of a process by name. Raises ValueError where two share a name or a table."""
    found: dict[str, Projection] = {}
    tables: set[str] = set()
    for projection in projections:
        names = {table.name for table in projection.tables}
        if projection.name in found or tables & names:
            raise ValueError(f"two read models share the name {projection.name!r} or a table of {sorted(tables & names)}")
        found[projection.name] = projection
        tables |= names
    return found
