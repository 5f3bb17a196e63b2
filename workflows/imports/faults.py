"""What can be wrong with a file, a row or an import as a whole, each with what to do about it."""

from __future__ import annotations

from typing import NamedTuple

from domain.kernel import Refused


class Fault(NamedTuple):
    """Why one row of a file cannot be taken as it stands.

    row: the line of the file on which the row begins, as an editor numbers it (sheet row for XLSX). column: None where it is the row itself.
    """

    table: str
    row: int
    column: str | None
    value: str
    reason: str


class Unreadable(Refused):
    """The file is not a table that can be read."""

    status = 422


class BadMapping(Refused):
    """The mapping file or an answer names something that is not there."""

    status = 422


class AnswersNeeded(Refused):
    """Something in the files can be read in more than one way, and only a person can say which is meant."""

    status = 422


class NothingToImport(Refused):
    """None of the files holds anything that Concord imports."""

    status = 422
