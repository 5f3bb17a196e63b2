"""The auditor's way into the log: search it by anything, and draw samples that anybody can draw again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field
from starlette.responses import Response

from api.callers import Caller, LogReader
from api.instants import MOMENT, written_moment
from api.moments import PROBLEMS, Moment, resolve
from api.problems import documented
from api.reading import Found, Searched, Slice, page, reading, stood
from api.seen_by import SeenBy, check_might
from domain.kernel import TOPICS, Invalid, NotFound
from infra.access import Action
from projections.as_of import Basis
from projections.catalogue import read_models
from projections.log_search import Hit, Search, hits, search
from projections.paging import Page
from projections.sampling import sample

MODELS = tuple(type(model) for model in read_models())
"""Sentences name whatever there is."""
NOUN = "^[a-z_]{1,40}$"
router = APIRouter(prefix="/v1/audit", tags=["audit"])

WrittenMoment = Annotated[
    Annotated[str, AfterValidator(written_moment), Field(max_length=40, json_schema_extra={"pattern": MOMENT})] | None,
    Field(description="A moment, written as `as_of` is.", examples=["2026-03-31"]),
]


class SearchAsked(Slice, SeenBy):
    """What is looked for in the log; what is left away may be anything. `since` and `until` are by when it was recorded, both included."""

    actor: Annotated[UUID | None, Field(description="Who did it.")] = None
    on_behalf_of: Annotated[UUID | None, Field(description="For whom it was done, by a delegate.")] = None
    since: WrittenMoment = None
    until: WrittenMoment = None
    noun: Annotated[str | None, Field(pattern=NOUN, examples=["deal"])] = None
    id: Annotated[UUID | None, Field(description="The thing whose events they are.")] = None
    topic: Annotated[
        str | None, Field(pattern=r"^[a-z_]{1,40}\.[a-z_]{1,60}$", description="The kind of event.", examples=["deal.stage_entered"])
    ] = None
    correlation: Annotated[UUID | None, Field(description="What it followed from: the first command of all that came of it.")] = None
    text: Annotated[
        Searched | None,
        Field(
            description="Beginnings of words, all in the event's own texts, codes and numbers or its kind. Personal texts are not searched."
        ),
    ] = None
    late_days: Annotated[int | None, Field(ge=1, le=36_500, description="So at least so many whole days before it was recorded.")] = None
    sort: Annotated[Literal["position", "-position"], Field(description="Oldest or newest first.")] = "-position"


def check_known(noun: str | None, topic: str | None = None) -> None:
    """Refuse a noun or an event that no log can hold: an empty answer would read as "there was none". Raises Invalid."""
    nouns = sorted({known.partition(".")[0] for known in TOPICS})
    if noun is not None and noun not in nouns:
        raise Invalid(f"There is no noun {noun}; choose one of these: {', '.join(nouns)}.", nouns=nouns)
    if topic is not None and topic not in TOPICS:
        alike = sorted(known for known in TOPICS if known.partition(".")[0] == topic.partition(".")[0])
        raise Invalid(f"There is no event {topic}; choose one of these: {', '.join(alike or nouns)}.", events=alike)


async def first_of(caller: Caller, written: str | None) -> int | None:
    """The first position that is not before the moment `since`; of a day, its beginning. Raises AheadOfLog, RequestMalformed."""
    if written is None:
        return None
    asked = await resolve(caller, Moment(as_of=written), "since")
    if written.isdecimal():
        return int(written)
    if (before := day_before(written)) is not None:
        # the day begins where the one before it ends
        return ((await resolve(caller, Moment(as_of=before), "since")).position or 0) + 1
    instant = asked.instant
    if instant is None:
        return await caller.doors.store.head(caller.tenant) + 1
    return await caller.doors.store.position_at(caller.tenant, instant - timedelta(microseconds=1)) + 1


def day_before(written: str) -> str | None:
    """The day before a day, in the same manner of writing; None for what is no day."""
    if written in {"today", "yesterday"}:
        return {"today": "yesterday", "yesterday": "2d"}[written]
    if written.endswith("d"):
        ago = int(written[:-1]) + 1
        return f"{ago}d" if ago < 100_000 else "0"
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None
    return "0" if day == date.min else (day - timedelta(days=1)).isoformat()


async def last_of(caller: Caller, written: str | None) -> int | None:
    """The last position that is not after the moment `until`; of a day, its end. Raises AheadOfLog, RequestMalformed."""
    return None if written is None else (await resolve(caller, Moment(as_of=written), "until")).position


@router.get("/events", response_model=Found[Hit], operation_id="search_log", responses=documented(Invalid, NotFound, *PROBLEMS))
async def search_log(caller: LogReader, asked: Annotated[SearchAsked, Query()]) -> Response:
    """Everything that happened, in sentences, narrowed by who, when, what, through what and words; pages stay as they are."""
    check_known(asked.noun, asked.topic)
    wanted = Search(
        **{name: getattr(asked, name) for name in ("actor", "on_behalf_of", "noun", "topic", "correlation", "text", "late_days")},
        stream=asked.id,
        first=await first_of(caller, asked.since),
        last=await last_of(caller, asked.until),
    )
    async with reading(caller, asked, *MODELS) as opened:
        await check_might(caller, asked, Action.LOG_READ, opened.as_of)
        found = await search(opened, wanted, oldest_first=asked.sort == "position", limit=asked.limit, cursor=asked.cursor)
        return page(Page(**dict(found)), opened.as_of)


class SampleAsked(Moment, SeenBy):
    """What a sample is drawn of, how large, and by which seed. Its population is what the log held at `as_of`."""

    seed: Annotated[str, Field(pattern=r"^[!-~]{1,100}$", examples=["2026-Q1"], description="Any text without spaces.")]
    size: Annotated[int, Field(ge=1, le=1000)] = 25
    of: Annotated[str, Field(pattern=NOUN, description="`events`, or a noun, whose things are drawn by their first events.")] = "events"


class Sample(BaseModel):
    """The members drawn, in the order of their lots. `population`: among how many; `at`: as the log stood at this position."""

    seed: str
    of: str
    population: int
    at: int
    items: list[Hit]
    method: str


class SampleThen(Sample):
    """The sample, and the moment it is about."""

    as_of: int | None
    basis: Basis


_METHOD = "smallest SHA-256 of '<seed>:<position>' first, over the positions of {members} up to position {last}"


@router.get("/sample", response_model=SampleThen, operation_id="draw_sample", responses=documented(Invalid, NotFound, *PROBLEMS))
async def draw_sample(caller: LogReader, asked: Annotated[SampleAsked, Query()]) -> Response:
    """A sample that the same seed and position draw again, anywhere and ever: see `method`, and check it with `sha256sum`."""
    check_known(None if asked.of == "events" else asked.of)
    async with reading(caller, asked, *MODELS) as opened:
        await check_might(caller, asked, Action.LOG_READ, opened.as_of)
        drawn, population = await sample(opened, seed=asked.seed, size=asked.size, of=asked.of)
        last = opened.as_of.position if opened.as_of.position is not None else opened.position
        members = "all events" if asked.of == "events" else f"the first events of all things of the noun {asked.of}"
        found = Sample(
            seed=asked.seed,
            of=asked.of,
            population=population,
            at=last,
            items=await hits(opened, await opened.events(drawn)),
            method=_METHOD.format(members=members, last=last),
        )
        return stood(found, opened.as_of, opened.position)
