"""What imported things share: where they came from, what the source last said, and how a run is taken back.

A row that says what it said before is quiet. A row that says something new changes only what is new in it, so that what
people corrected in Concord since stays. Taking a run back returns to what the source said before that run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from domain.kernel import Command, Refused, natural_id

_KEPT = 20
"""How many runs of one thing can be taken back, newest first."""


class UndoImport(Command):
    """Take back what the import run `run` did to this thing; quiet where it did nothing."""

    run: UUID


class LaterImport(Refused):
    """A later run changed the same thing; that one has to be undone first."""


class ChangedSinceImport(Refused):
    """People have worked on the thing since it was imported, so the import cannot be taken back as if it never was."""


def imported_id(noun: str, source: str, source_id: str) -> UUID:
    """The stream of the `noun` that `source` knows as `source_id`: the same in every run."""
    return natural_id(noun, "imported", source, source_id)


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a source said of a thing, run by run, newest last. A thing whose only run was undone has no rows."""

    source: str
    source_id: str
    rows: tuple[tuple[UUID, Mapping[str, Any]], ...] = ()

    @property
    def said(self) -> Mapping[str, Any]:
        """What the source said last."""
        return self.rows[-1][1] if self.rows else {}

    def news(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The fields in which `row` differs from what was said last."""
        return {name: value for name, value in row.items() if name not in self.said or self.said[name] != value}

    def heard(self, run: UUID, row: Mapping[str, Any]) -> Provenance:
        """With what `run` said; a second word of the same run takes the place of the first."""
        rows = self.rows[:-1] if self.rows and self.rows[-1][0] == run else self.rows
        return replace(self, rows=(*rows, (run, row))[-_KEPT:])

    def without(self, run: UUID) -> Provenance:
        """As if `run` had said nothing."""
        return replace(self, rows=tuple(r for r in self.rows if r[0] != run))

    def spoke(self, run: UUID) -> bool:
        """Whether `run` said something that can be taken back."""
        return any(r == run for r, _ in self.rows)

    def before(self, run: UUID) -> Mapping[str, Any]:
        """What the source had said before `run` spoke; nothing if that run brought the thing."""
        rows = [row for r, row in self.rows if r != run]
        return rows[-1] if rows else {}

    def returning(self, run: UUID, current: Mapping[str, Any]) -> dict[str, Any] | None:
        """What changes when `run` is taken back: {} nothing, None: the thing itself goes, for that run brought it.

        A field that people changed since the run keeps their value. Raises LaterImport when a later run spoke, and
        ChangedSinceImport when the thing itself would go although it was worked on.
        """
        if not self.spoke(run):
            return {}
        if self.rows[-1][0] != run:
            raise LaterImport("A later import changed this too; undo that one first.", later=str(self.rows[-1][0]))
        before = self.before(run)
        changed = sorted(name for name, value in self.said.items() if name in current and current[name] != value)
        if not before:
            if changed:
                raise ChangedSinceImport(
                    f"This was changed since the import ({', '.join(changed)}); close it instead, or set the fields back first.",
                    fields=changed,
                )
            return None
        return {name: value for name, value in before.items() if self.said.get(name) != value and name not in changed}
