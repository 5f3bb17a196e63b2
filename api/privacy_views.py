"""What is asked and answered about a person's data."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.mentions import Also, MentionView
from domain.kernel import Command, Forbidden
from domain.privacy import CaseNumber, Mentions, PersonKind
from infra.identity_passwords import LONGEST


class PasswordNeeded(Forbidden):
    """In a browser session this takes the password once more: send `name` and `password` with it."""


class Case(Command):
    """What it is filed under: a number, never a name, because it stays in the log."""

    case: CaseNumber


class Hold(Case):
    """`until`: the last day; null: until it is released."""

    until: date | None = None


class Proven(Case):
    """In a session `name` and `password` prove who asks; a key needs neither."""

    name: Annotated[str | None, Field(max_length=254)] = None
    password: Annotated[str | None, Field(max_length=LONGEST, json_schema_extra={"format": "password"})] = None


class Erasing(Proven):
    """`mentions`: what becomes of texts of other things that name them, as `mentions` of the person lists these; to be said where
    there are any. `also`: other words by which such texts name them.
    """

    mentions: Mentions | None = None
    also: Also = ()


class Handing(Proven):
    """`also`: other words by which texts of other things name them."""

    also: Also = ()


class HoldView(BaseModel):
    """A hold in force today."""

    case: str
    until: date | None


class PersonView(BaseModel):
    """What stands about a person. `erased`: the case; `carried_out`: everything that follows from it is done."""

    id: UUID
    kind: PersonKind
    holds: list[HoldView]
    erased: str | None
    carried_out: bool


class KeptEvent(BaseModel):
    """One event that is kept of the person. `day`: when it was so (UTC)."""

    day: date
    recorded_at: datetime
    position: int
    topic: str
    stream: UUID
    data: dict[str, Any]


class Copy(BaseModel):
    """All that is kept of a person, oldest first. `position`: of the event that says it was handed out.

    `mentions`: where texts of other things name them.
    """

    person: UUID
    kind: PersonKind
    case: str
    exported_at: datetime
    position: int | None
    events: list[KeptEvent]
    mentions: list[MentionView]


class CaseRecord(BaseModel):
    """Something done about a person's data: never whose by name, always by whom and for which case.

    Of an erasure, `mentioned` is how often texts of other things named them, and `mentions` what was decided about these.
    """

    id: UUID
    position: int
    recorded_at: datetime
    actor: UUID
    what: str
    person: UUID
    case: str | None
    mentions: Mentions | None
    mentioned: int | None


class CaseRecords(BaseModel):
    """A page, oldest first. `next` goes into `after`; null: that was all."""

    items: list[CaseRecord]
    next: int | None


class RecordsAsked(BaseModel):
    """Which: those after a position, of one case or person."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    after: Annotated[int, Field(ge=0, le=10**18)] = 0
    limit: Annotated[int, Field(ge=1, le=200)] = 50
