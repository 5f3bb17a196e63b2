"""Clauses: pieces of agreed wording, each in versions. A paper keeps the versions that it was prepared with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from domain.kernel import AlreadyExists, Command, Context, Decider, Event, NotFound, Read, natural_id
from domain.papers.wording import check_wording
from domain.values import Key, Name, Prose, Text

UNLISTED = "_unlisted"
"""A clause of a key with this end takes the place of the key's own on papers that list no items: `scope_unlisted` that of `scope`."""


class ClauseWording(Text):
    """What a clause says. Empty lines separate paragraphs; blanks such as `{their_name}` are filled in."""

    title: Name
    text: Prose


class ClauseVersionDefined(Event, topic="clause.version_defined"):
    """From now on the clause reads so; papers prepared before keep what they had."""

    key: str
    number: int
    wording: ClauseWording


class ClauseRetired(Event, topic="clause.retired"):
    """Not for new papers any more."""


class DefineClause(Command):
    """Word a clause, anew or for the first time. Quiet if it reads so already."""

    key: Key
    wording: ClauseWording


class RetireClause(Command):
    """Keep a clause from new papers."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause: `versions` in order, the first one being number 1."""

    key: str
    versions: tuple[ClauseWording, ...]
    retired: bool = False

    @property
    def number(self) -> int:
        """The latest version's number."""
        return len(self.versions)

    @property
    def wording(self) -> ClauseWording:
        """As it reads now."""
        return self.versions[-1]


def clause_id(key: str) -> UUID:
    return natural_id("clause", key)


def clause_read(key: str) -> Read:
    return Read("clause", clause_id(key))


def decide(clause: Clause | None, command: Any, ctx: Context) -> tuple[Event, ...]:
    match command:
        case DefineClause(key=key, wording=wording):
            if ctx.stream is not None and ctx.stream != clause_id(key):
                raise AlreadyExists("A clause keeps its key; define another one instead.", key=key)
            check_wording(wording.title, wording.text)
            if clause is not None and not clause.retired and clause.wording == wording:
                return ()
            return (ClauseVersionDefined(key=key, number=clause.number + 1 if clause else 1, wording=wording),)
    if clause is None:
        raise NotFound("There is no such clause; define it first.")
    match command:
        case RetireClause():
            return () if clause.retired else (ClauseRetired(),)
        case _:
            raise TypeError(f"a clause knows no {type(command).__name__}")


def evolve(clause: Clause | None, event: Event) -> Clause | None:
    match event:
        case ClauseVersionDefined(key=key, wording=wording):
            return Clause(key, (*(clause.versions if clause else ()), wording))
        case ClauseRetired() if clause is not None:
            return replace(clause, retired=True)
        case _:
            return clause


clauses: Decider[Clause | None] = Decider("clause", initial=None, decide=decide, evolve=evolve)
