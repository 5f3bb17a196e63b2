"""What an import tells people and programs about itself: what it found, what it asks, what it would do or did. All of it is JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from workflows.imports.fields import Kind


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Option(_Part):
    """An answer that can be given."""

    value: str
    label: str


class Question(_Part):
    """Something that only a person can say. `default` is taken with `--yes`; without one it must be answered."""

    key: str
    text: str
    options: tuple[Option, ...]
    default: str | None = None
    rows: int = 0
    answer: str | None = None

    @property
    def open(self) -> bool:
        """Neither answered nor with a default to go on with."""
        return self.answer is None and self.default is None


class ColumnReport(_Part):
    """Where a column goes, why, and how its values are read. `alike`: how much its name is like one of the field (0 to 1), where it is
    only nearly one.
    """

    column: str
    target: str
    reason: str
    alike: float | None = None
    read_as: str | None = None
    blanks: int = 0


class TableReport(_Part):
    """What a table is. `kind` ignored: it is left out, `reason` says why."""

    name: str
    kind: Kind
    system: str | None
    label: str
    reason: str
    rows: int
    encoding: str | None
    delimiter: str | None
    sha256: str
    columns: tuple[ColumnReport, ...] = ()


class MatchReport(_Part):
    """A value of the files that is read as a known one, with the confidence (0 to 1) and why."""

    field: str
    value: str
    means: str
    confidence: float
    how: str
    rows: int


class StageReport(_Part):
    """What a stage of the source becomes."""

    pipeline: str
    stage: str
    kind: str
    probability: int | None
    reason: str
    rows: int


class Inspection(_Part):
    """What was found in the files, before anything is compared or written."""

    source: str
    source_reason: str
    currency: str | None
    zone: str
    tables: tuple[TableReport, ...]
    stages: tuple[StageReport, ...] = ()
    matches: tuple[MatchReport, ...] = ()
    questions: tuple[Question, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def unanswered(self) -> tuple[Question, ...]:
        """Questions without an answer and without a default: nothing is planned before they are answered."""
        return tuple(q for q in self.questions if q.open)


Outcome = Literal["created", "updated", "unchanged", "conflict", "rejected", "skipped"]
OUTCOMES: tuple[Outcome, ...] = ("created", "updated", "unchanged", "conflict", "rejected", "skipped")


Why = Outcome | Literal["attention"]


class RowReport(_Part):
    """What becomes of one row, and why. `changes`: field -> (before, after)."""

    table: str
    row: int
    kind: Kind
    source_id: str
    outcome: Outcome
    reason: str = ""
    changes: dict[str, tuple[str, str]] = {}
    needs_attention: tuple[str, ...] = ()


class ReasonCount(_Part):
    """A reason why rows are not simply created or unchanged: how many have it, and where the first stands (row 0: the table as a whole).

    `outcome` attention: the rows came in, and a person should look at them.
    """

    outcome: Why
    reason: str
    rows: int
    table: str
    row: int


class KindCount(_Part):
    """How many rows of a kind have which outcome.

    used: rows that say something of another row's thing (lines, histories). mentioned: things that only other rows name (managers,
    teams), which are no rows of their own but are created too, and are not in the other numbers. Rows = all outcomes + used.
    """

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    conflict: int = 0
    rejected: int = 0
    skipped: int = 0
    used: int = 0
    mentioned: int = 0
    needs_attention: int = 0


class Plan(_Part):
    """What an import would do. `reasons` counts all rows that are not simply created or unchanged, commonest reason first; `rows` tells
    them one by one, up to a limit beyond which `truncated` are left out. `mentioned`: the first of what only other rows name, by name.
    """

    inspection: Inspection
    counts: dict[Kind, KindCount]
    mentioned: dict[Kind, tuple[str, ...]] = {}
    reasons: tuple[ReasonCount, ...] = ()
    rows: tuple[RowReport, ...] = ()
    truncated: int = 0
    rejected_file: str | None = None


class Result(_Part):
    """What an import did. `run` undoes it."""

    run: UUID
    source: str
    counts: dict[Kind, KindCount]
    mentioned: dict[Kind, tuple[str, ...]] = {}
    reasons: tuple[ReasonCount, ...] = ()
    rows: tuple[RowReport, ...] = ()
    truncated: int = 0
    events: int = 0
    seconds: float = 0.0
    first_position: int | None = None
    last_position: int | None = None
    rejected_file: str | None = None
    resumed: bool = False


class Undone(_Part):
    """What taking an import back did. `kept`: entities that were changed since, each with what to do.

    already: when it was taken back before; then the numbers are of what was done this time.
    """

    run: UUID
    withdrawn: int
    restored: int
    untouched: int
    kept: tuple[RowReport, ...] = ()
    already: datetime | None = None
