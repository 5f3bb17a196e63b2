"""When a read is about: now, or what was known at an earlier instant or position, or what we now know was so then."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from api.callers import Caller
from api.instants import MOMENT, InTheFuture, has_zone, read_moment, written_moment
from api.problems import RequestMalformed
from domain.kernel import Invalid
from domain.settings import SETTINGS_ID, settings
from domain.values import zone
from projections.as_of import NOW, AsOf, Basis
from projections.at_least import ProjectionBehind

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST = datetime.fromisoformat("0001-01-02T00:00:00+00:00")


def _written_day(value: object) -> object:
    # the library also takes a number of seconds for a day
    if isinstance(value, str) and _DAY.fullmatch(value) is None:
        raise ValueError("use a day like 2026-03-31")
    return value


Day = Annotated[date, BeforeValidator(_written_day)]
"""A day in a query."""


class AheadOfLog(Invalid):
    """A position or an instant was named that the log has not reached."""


class Moment(BaseModel):
    """The parameters that every read takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    as_of: Annotated[
        Annotated[str, AfterValidator(written_moment), Field(max_length=40, json_schema_extra={"pattern": MOMENT})] | None,
        Field(
            description="A past moment: a day (its end), a time, `yesterday`, `90d` (days ago) or a log position. Days and times "
            "without an offset are in the tenant's zone; the day that is not over yet is now. A moment to come is refused "
            "(AheadOfLog). Left away: now.",
            examples=["2026-03-31", "2026-03-31T09:00:00Z", "90d"],
        ),
    ] = None
    basis: Annotated[Basis, Field(description="known: what the log held then. happened: what we now know was so then.")] = Basis.KNOWN
    at_least: Annotated[
        int | None, Field(ge=0, le=10**18, description="Wait (2 s at most) until the answer stands at least on this log position.")
    ] = None


At = Annotated[Moment, Query()]

PROBLEMS = (AheadOfLog, ProjectionBehind)


async def resolve(caller: Caller, moment: Moment, called: str = "as_of") -> AsOf:
    """The moment as position and instant. `called`: the parameter that named it. Raises AheadOfLog, RequestMalformed."""
    if moment.as_of is None:
        return NOW
    store = caller.doors.store
    here = UTC if has_zone(moment.as_of) else zone((await store.load(caller.tenant, settings, SETTINGS_ID)).state.zone)
    try:
        position = read_moment(moment.as_of, here, datetime.now(UTC))
    except InTheFuture as error:
        raise AheadOfLog(f"{called}: {error}.", **{called: moment.as_of}) from None
    except ValueError as error:
        raise RequestMalformed(f"{called}: {error}.", errors=[]) from None
    if position is None:
        return NOW
    if isinstance(position, datetime):
        at = max(position, _FIRST)
        return AsOf(moment.basis, await store.position_at(caller.tenant, at), at)
    if position == 0:
        return AsOf(moment.basis, 0, _FIRST)
    found = await store.at(caller.tenant, [position])
    if not found:
        raise AheadOfLog(f"{called} names a position that the log has not reached; use an earlier one.", **{called: position})
    return AsOf(moment.basis, position, found[0].recorded_at)


def told(as_of: AsOf) -> dict[str, object]:
    """What an answer says about its own moment."""
    return {"as_of": as_of.position, "basis": as_of.basis}
