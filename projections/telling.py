"""Histories in plain sentences: what happened, to whom, by whom, with today's or that moment's names instead of ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Context, Decimal
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel

from domain.kernel import SYSTEM, Event, Recorded
from domain.values import Money
from projections.accounts import ACCOUNTS
from projections.contacts import CONTACTS
from projections.contract_tables import CONTRACTS, OBLIGATIONS
from projections.deals import DEALS
from projections.dispute_tables import DISPUTES
from projections.members import MEMBERS, TEAMS
from projections.papers import PAPERS, SIGNATORIES
from projections.pipelines import PIPELINES, PRODUCTS
from projections.reading import Reading

E = TypeVar("E", bound=Event)
Sentence = Callable[[Any, "Names"], str]
TELLING: dict[type[Event], Sentence] = {}
"""How each event is told, in the past tense, without who did it and when."""
_NAMED = (
    (MEMBERS, "id", "name"),
    (TEAMS, "id", "name"),
    (ACCOUNTS, "id", "legal_name"),
    (CONTACTS, "id", "name"),
    (PRODUCTS, "id", "name"),
    (PIPELINES, "id", "name"),
    (DEALS, "id", "title"),
    (CONTRACTS, "id", "title"),
    (OBLIGATIONS, "obligation", "title"),
    (DISPUTES, "id", "title"),
    (PAPERS, "id", "title"),
    (SIGNATORIES, "signatory", "name"),
)


_TWO_POINTS = re.compile(r"(?<!\.)\.\.(?=\s|$)")


class Told(BaseModel):
    """An event in one sentence. `late`: it was so (`effective_at`) before it was recorded."""

    position: int
    stream: UUID
    topic: str
    recorded_at: datetime
    effective_at: datetime
    late: bool
    actor: UUID
    actor_name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Names:
    """What ids are called."""

    found: Mapping[UUID, str] = field(default_factory=dict)

    def of(self, id: UUID | None, none: str = "nobody") -> str:
        """The name; `none` for None; a plain word for what is not known, or was not yet."""
        return none if id is None else self.found.get(id, "someone or something unknown")

    def all(self, ids: Sequence[UUID], none: str = "nobody") -> str:
        """Names as a list in words."""
        return listed([self.of(id) for id in ids], none)


def telling(event: type[E]) -> Callable[[Callable[[E, Names], str]], Callable[[E, Names], str]]:
    """Register how an event is told. Raises TypeError where it is told already."""

    def register(function: Callable[[E, Names], str]) -> Callable[[E, Names], str]:
        if TELLING.setdefault(event, function) is not function:
            raise TypeError(f"{event.__name__} is told twice")
        return function

    return register


def listed(words: Sequence[str], none: str = "nothing") -> str:
    """Words in a row: a, b and c."""
    if not words:
        return none
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def plain(value: Any) -> str:
    """A value as a sentence says it."""
    match value:
        case None:
            return "nothing"
        case Money():
            return str(value)
        case Enum():
            return str(value.value).replace("_", " ")
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M %Z")
        case date():
            return value.isoformat()
        case tuple() | list():
            return listed([plain(item) for item in value])
        case _:
            return str(value)


def rounded(rate: Decimal) -> str:
    """A rate to six significant digits, as a sentence says it; what stands before the point stays whole."""
    return f"{Context(prec=max(6, rate.adjusted() + 2)).plus(rate).normalize():f}"


def because(reason: str | None) -> str:
    """The reason in brackets behind a sentence, if there is one."""
    return f" ({reason.replace('_', ' ')})" if reason else ""


def fields_set(attributes: Mapping[str, Any]) -> str:
    """The tenant's own fields, in words."""
    told = [f"{key.replace('_', ' ')} is {plain(value)}" for key, value in sorted(attributes.items())]
    return f"The fields of its own: {listed(told, 'none')}."


def sentence(event: Event, names: Names) -> str:
    """The event in one sentence."""
    function = TELLING.get(type(event))
    if function is None:
        noun, _, verb = event.topic.partition(".")
        return f"{noun.capitalize()}: {verb.replace('_', ' ')}."
    # a name that ends with a point ends the sentence, too; three points are somebody's own
    return _TWO_POINTS.sub(".", function(event, names))


async def tell(reading: Reading, events: Sequence[Recorded]) -> list[Told]:
    """The events in sentences, in their order, with the names as they stood at the reading's moment."""
    names = await resolve(reading, {id for e in events for id in (e.actor, *mentioned(e.event))})
    return [
        Told(
            position=e.position,
            stream=e.originator_id,
            topic=e.event.topic,
            recorded_at=e.recorded_at,
            effective_at=e.effective_at,
            late=e.effective_at < e.recorded_at,
            actor=e.actor,
            actor_name=names.of(e.actor),
            sentence=sentence(e.event, names),
        )
        for e in events
    ]


async def resolve(reading: Reading, ids: set[UUID]) -> Names:
    """What these ids are called, in the order of the ids, so that an answer has the same bytes whatever plan the database chose.

    Those that nobody knows stay out.
    """
    union = " UNION ALL ".join(
        f"SELECT {id}, {name} FROM {reading.as_of.of(table, id, name)} AS n WHERE {id} = ANY (%(ids)s)" for table, id, name in _NAMED
    )
    found = await reading.rows(f"{union} ORDER BY 1, 2", {"ids": list(ids)})
    return Names({SYSTEM.id: "Concord"} | {id: name for id, name in found if name is not None})


def mentioned(value: Any) -> Iterator[UUID]:
    """Every id in an event."""
    if isinstance(value, UUID):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from mentioned(getattr(value, name))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from mentioned(item)
