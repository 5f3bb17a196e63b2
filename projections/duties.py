"""Separation of duties: what the log shows that an auditor looks at, each finding with its events and a sentence.

The rules of the domain refuse most of it when it is asked for. These findings are computed from the events alone, so that they also show
what came by import, by a right given for a moment, or around the rules. A finding is no verdict.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from pydantic import BaseModel

from domain.kernel import SYSTEM, Recorded
from projections.log_search import Search, positions_of
from projections.reading import Reading
from projections.telling import resolve, tell

MOST = 100_000
"""Events of one kind that are looked at."""


class Duty(StrEnum):
    """What is looked at."""

    OWN_REQUEST = "own_request"
    """Who asked for consent, whose own it was, or who acted for them, gave it."""
    OWN_DELEGATE = "own_delegate"
    """Consent came from somebody whom the requester had named as their own delegate."""
    OWN_VENDOR = "own_vendor"
    """Who opened a supplier's account, or qualified it, settled, wrote off or closed a dispute with it."""
    OVERRIDE = "override"
    """A probability or forecast category was set by hand, or a won deal was turned back."""
    BACKDATED = "backdated"
    """A fact counts from days before it was recorded."""


class Finding(BaseModel):
    """Something to look at. `positions`: the events that show it; `members`: whose doing it was."""

    duty: Duty
    sentence: str
    positions: list[int]
    members: list[UUID]
    subject: UUID


_GRANTING = ("approval.requested", "approval.step_approved")
_OVERRIDES = ("deal.probability_overridden", "deal.category_set", "deal.win_reversed")
_CASES = ("dispute.drafted", "dispute.split_off")
_ENDINGS = ("dispute.settlement_started", "dispute.document_recorded", "dispute.settled", "dispute.written_off", "dispute.closed")
_VENDORS = ("account.opened", "supplier.qualified", "supplier.invoiced")
Found = AsyncIterator[Finding]


async def findings(reading: Reading, *, duties: Iterable[Duty] = tuple(Duty), days: int = 7, limit: int = 200) -> list[Finding]:
    """Up to `limit` findings of each kind, in the order of their last events. `days`: back-dated by at least so many.

    As the log stood at the reading's moment; by what happened, of facts that were so by then.
    """
    found: list[Finding] = []
    for duty in duties:
        count = 0
        async for finding in _LOOKS[duty](reading, days):
            found.append(finding)
            count += 1
            if count >= limit:
                break
    return found


async def _events(reading: Reading, topics: Iterable[str], late_days: int | None = None) -> list[Recorded]:
    """All events of these kinds up to the moment, oldest first."""
    positions: list[int] = []
    for topic in (*topics,) or (None,):
        positions += await positions_of(reading, Search(topic=topic, late_days=late_days), oldest_first=True, limit=MOST)
    return await reading.events(sorted(positions))


async def _agreements(reading: Reading) -> AsyncIterator[tuple[Recorded, Recorded]]:
    """Each consent that was given, behind the request that it was given to."""
    rounds: dict[tuple[UUID, int], Recorded] = {}
    for recorded in await _events(reading, _GRANTING):
        event: Any = recorded.event
        if event.topic == "approval.requested":
            rounds[recorded.originator_id, event.round] = recorded
        elif (asked := rounds.get((recorded.originator_id, event.round))) is not None:
            yield asked, recorded


async def _own_requests(reading: Reading, _days: int) -> Found:
    async for asked, given in _agreements(reading):
        request, consent = cast("Any", asked.event), cast("Any", given.event)
        own = {asked.on_behalf_of, request.requested_by, request.owner, *request.parties} - {None, SYSTEM.id}
        if both := sorted(own & {given.actor, given.on_behalf_of, consent.by, consent.approver}):
            names = await resolve(reading, set(both))
            sentence = f"{names.all(both)} had a part in the request for {request.title!r}, and in the consent to it."
            yield _finding(Duty.OWN_REQUEST, sentence, request.about, both, asked, given)


async def _own_delegates(reading: Reading, _days: int) -> Found:
    named = {(r.originator_id, cast("Any", r.event).to): r for r in await _events(reading, ("member.delegated",))}
    async for asked, given in _agreements(reading):
        request, by = cast("Any", asked.event), cast("Any", given.event).by
        since = named.get((request.requested_by, by))
        if since is not None and since.position < given.position:
            names = await resolve(reading, {request.requested_by, by})
            who = names.of(request.requested_by)
            sentence = f"{names.of(by)} gave consent to {request.title!r}, asked for by {who}, who had named them as delegate."
            yield _finding(Duty.OWN_DELEGATE, sentence, request.about, [request.requested_by, by], since, asked, given)


async def _own_vendors(reading: Reading, _days: int) -> Found:
    with_account = {r.originator_id: cast("Any", r.event).account for r in await _events(reading, _CASES)}
    disputed = set(with_account.values())
    brought: dict[tuple[UUID, UUID], Recorded] = {}
    for recorded in await _events(reading, _VENDORS):
        account = getattr(recorded.event, "account", recorded.originator_id)
        if account in disputed and recorded.actor != SYSTEM.id:
            brought.setdefault((account, recorded.actor), recorded)
    told: set[tuple[UUID, UUID]] = set()
    for recorded in await _events(reading, _ENDINGS):
        account = with_account.get(recorded.originator_id)
        first = brought.get((account, recorded.actor)) if account is not None else None
        if account is None or first is None or (recorded.originator_id, recorded.actor) in told:
            continue
        told.add((recorded.originator_id, recorded.actor))
        names = await resolve(reading, {account, recorded.actor, recorded.originator_id})
        what, then = (event.topic.partition(".")[2].replace("_", " ") for event in (first.event, recorded.event))
        sentence = (
            f"{names.of(recorded.actor)} brought in {names.of(account)} ({what}) and decided about the dispute with it, "
            f"{names.of(recorded.originator_id)} ({then})."
        )
        yield _finding(Duty.OWN_VENDOR, sentence, recorded.originator_id, [recorded.actor], first, recorded)


async def _overrides(reading: Reading, _days: int) -> Found:
    for recorded in await _events(reading, _OVERRIDES):
        [told] = await tell(reading, [recorded])
        yield _finding(Duty.OVERRIDE, f"By hand, by {told.actor_name}: {told.sentence}", recorded.originator_id, [recorded.actor], recorded)


async def _backdated(reading: Reading, days: int) -> Found:
    for recorded in await _events(reading, (), late_days=days):
        [told] = await tell(reading, [recorded])
        late = (recorded.recorded_at - recorded.effective_at).days
        sentence = f"Recorded {late:,} days after it was so, by {told.actor_name}: {told.sentence}"
        yield _finding(Duty.BACKDATED, sentence, recorded.originator_id, [recorded.actor], recorded)


def _finding(duty: Duty, sentence: str, subject: UUID, members: list[UUID], *events: Recorded) -> Finding:
    return Finding(duty=duty, sentence=sentence, subject=subject, members=members, positions=[event.position for event in events])


_LOOKS: Mapping[Duty, Callable[[Reading, int], Found]] = {
    Duty.OWN_REQUEST: _own_requests,
    Duty.OWN_DELEGATE: _own_delegates,
    Duty.OWN_VENDOR: _own_vendors,
    Duty.OVERRIDE: _overrides,
    Duty.BACKDATED: _backdated,
}
