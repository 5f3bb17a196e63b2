"""Where texts of other things name a person, as administrators and legal see it before they decide about these texts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.audit_search import MODELS
from api.callers import Caller
from api.moments import Moment
from api.reading import reading
from infra.privacy.mentions import Mention
from projections.telling import resolve

Also = Annotated[
    tuple[Annotated[str, Field(min_length=2, max_length=200, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")], ...],
    Field(max_length=20, description="Other words for the person, such as the family name alone.", examples=[["Weber"]]),
]


class MentionsAsked(BaseModel):
    """By which other words the person may be named."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    also: Also = ()


class MentionView(BaseModel):
    """Words that name the person. `id`, `noun`, `name`: the thing whose text it is; `field`: which text of the event at `position`."""

    position: int
    day: date
    noun: str
    id: UUID
    name: str | None
    topic: str
    field: str
    words: str
    sentence: str


class MentionList(BaseModel):
    """All there are, oldest first."""

    person: UUID
    count: int
    items: list[MentionView]


async def views(caller: Caller, found: Sequence[Mention]) -> list[dict[str, Any]]:
    """Each with today's name of the thing; None for what has none."""
    if not found:
        return []
    async with reading(caller, Moment(), *MODELS) as opened:
        names = await resolve(opened, {mention.stream for mention in found})
    return [
        {
            "position": mention.position,
            "day": mention.day.date(),
            "noun": mention.topic.partition(".")[0],
            "id": mention.stream,
            "name": names.found.get(mention.stream),
            "topic": mention.topic,
            "field": mention.span.field[1:].replace("/", "."),
            "words": mention.text[mention.span.start : mention.span.end],
            "sentence": mention.sentence,
        }
        for mention in found
    ]
