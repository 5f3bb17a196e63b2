"""Contracts and the days that count: what lists and calendars say is what the events say, now and at any past moment."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.contracts import events as e
from domain.contracts import obligation_events as o
from domain.kernel import Invalid
from projections.accounts import Accounts
from projections.as_of import NOW, AsOf, Basis
from projections.batch import in_effective_order
from projections.contract_calendar import ContractDay, contract_calendar, near_days
from projections.contract_list import SORTS, contract_list
from projections.contract_tables import CONTRACTS, DAYS, OBLIGATIONS
from projections.contracts import Contracts
from projections.members import Members
from projections.reading import Reader, Reading
from projections.rows import Rows
from tests.projections import agreements, companies
from tests.projections.world import Fact, World, instant, world

ALL = (Contracts, Accounts, Members)


@pytest.fixture
async def here(database_url) -> AsyncIterator[World]:
    async with world(database_url, *(model() for model in ALL)) as made:
        tenant = made.tenant("t")
        companies.write(made.url, tenant, agreements.contracts(80, accounts=20))
        await made.runner.catch_up(tenant)
        yield made


def reading(here: World, as_of: AsOf = NOW):
    return Reader(here.database, here.store).read(here.tenant("t"), *ALL, as_of=as_of)


async def moments(here: World) -> list[AsOf]:
    head = await here.store.head(here.tenant("t"))
    at = sorted(random.Random(5).sample(range(200, head), 5))
    found = await here.store.at(here.tenant("t"), at)
    return [AsOf(basis, r.position, r.recorded_at) for r in found for basis in Basis]


async def replayed(here: World, moment: AsOf) -> dict[str, list[dict[str, Any]]]:
    """The rows that the handlers hold after the events up to a moment."""
    projection, rows = Contracts(), Rows(Contracts.tables)
    streams: dict[UUID, list[Any]] = {}
    for entry in await here.log(here.tenant("t")):
        held = entry.position <= (moment.position or 0) if moment.basis is Basis.KNOWN else True
        if entry.event.topic in Contracts.topics and (held or moment.now):
            streams.setdefault(entry.stream, []).append(entry)
    for stream, events in streams.items():
        for number, (since, entry) in enumerate(in_effective_order(events), 1):
            if moment.now or moment.basis is Basis.KNOWN or (moment.instant is not None and since <= moment.instant):
                rows.begin(stream, number, since)
                projection.handle(rows, entry)
    return {
        name: sorted((v.row for versions in buffer.current.values() for v in versions.values()), key=repr)
        for name, buffer in rows.buffers.items()
    }


async def answered(here: World, moment: AsOf) -> dict[str, list[dict[str, Any]]]:
    found = {}
    async with here.database.tenant(here.tenant("t")) as cursor:
        for table in (CONTRACTS, OBLIGATIONS, DAYS):
            await cursor.execute(f"SELECT {', '.join(table.columns)} FROM {moment.of(table)} AS t", moment.params)
            found[table.name] = sorted((dict(zip(table.columns, row, strict=True)) for row in await cursor.fetchall()), key=repr)
    return found


async def pages(asked: Reading, listing: Any, **more: Any) -> list[Any]:
    found, cursor = [], None
    while True:
        page = await listing(asked, cursor=cursor, **more)
        found.extend(page.items)
        if (cursor := page.next) is None:
            return found


async def test_any_past_moment_equals_its_replay(here) -> None:
    for moment in [NOW, *await moments(here)]:
        assert await answered(here, moment) == await replayed(here, moment), moment


async def test_a_list_shows_each_contract_once_in_order_and_narrowed(here) -> None:
    async with reading(here) as asked:
        everything = await pages(asked, contract_list, limit=17)
        assert len({card.id for card in everything}) == len(everything) == 80
        for sort in SORTS:
            for descending in (False, True):
                cards = await pages(asked, contract_list, sort=sort, descending=descending, limit=33)
                assert {card.id for card in cards} == {card.id for card in everything}
        sent = [(not card.ends_on and card.send_by) or date.max for card in await pages(asked, contract_list, sort="send_by")]
        assert sent == sorted(sent)
        to_send = await pages(asked, contract_list, send_by_before=date(2027, 1, 1))
        assert {c.id for c in to_send} == {c.id for c in everything if not c.ends_on and c.send_by and c.send_by < date(2027, 1, 1)}
        one = everything[0]
        assert {c.owner for c in await pages(asked, contract_list, owner=one.owner)} == {one.owner}
        assert {c.party for c in await pages(asked, contract_list, party=one.party)} == {one.party}
        assert [c.id for c in await pages(asked, contract_list, text=one.number.lower())] == [one.id]
        assert all(one.party_name in c.party_name for c in await pages(asked, contract_list, text=one.party_name))
        assert {c.status for c in await pages(asked, contract_list, live=True)} <= {"active", "expiring"}
        assert {c.status for c in await pages(asked, contract_list, live=False)}.isdisjoint({"active", "expiring"})
        assert all(c.breaches for c in await pages(asked, contract_list, breached=True))
        with pytest.raises(Invalid):
            await contract_list(asked, sort="id; DROP TABLE contracts")
        with pytest.raises(Invalid):
            await contract_list(asked, colour="red")


async def test_the_calendar_shows_the_days_of_a_range_in_order(here) -> None:
    first, before = date(2025, 3, 1), date(2025, 9, 1)
    for moment in [NOW, *(await moments(here))[:2]]:
        async with reading(here, moment) as asked:
            everything = await pages(asked, contract_calendar, limit=200)
            ranged = await pages(asked, contract_calendar, first=first, before=before, limit=23)
            assert [d.id for d in ranged] == [d.id for d in everything if first <= d.day < before]
            assert [(d.day, d.id) for d in ranged] == sorted((d.day, d.id) for d in ranged)
            open_days = await pages(asked, contract_calendar, only_open=True)
            assert {d.id for d in open_days} == {d.id for d in everything if d.open}
            owed = await pages(asked, contract_calendar, only_obligations=True, descending=True)
            assert {d.id for d in owed} == {d.id for d in everything if d.kind == "obligation"}
            one = owed[0]
            for name in ("owner", "team", "party", "side", "contract", "obligation", "responsible", "by", "status", "kind"):
                narrowed = await pages(asked, contract_calendar, **{name: getattr(one, name)})
                assert {d.id for d in narrowed} == {d.id for d in everything if getattr(d, name) == getattr(one, name)}, name


async def test_a_days_fate_is_what_the_events_say(here) -> None:
    log = [x for x in await here.log(here.tenant("t")) if x.event.topic in Contracts.topics]
    async with reading(here) as asked:
        days: list[ContractDay] = await pages(asked, contract_calendar, limit=200)
    fates: dict[tuple[UUID, date], str] = {}
    for entry in log:
        event = entry.event
        match event:
            case o.ObligationScheduled(occurrence=day):
                fates[entry.stream, day] = "pending"
            case o.ObligationFellDue() | o.ObligationMet() | o.ObligationWaived() | o.ObligationBreached():
                fates[entry.stream, event.occurrence] = event.topic.removeprefix("obligation.").replace("fell_", "")
    assert {(d.contract, d.occurrence): d.status for d in days if d.kind == "obligation"} == fates
    missed = {(x.stream, x.event.deadline) for x in log if isinstance(x.event, e.NoticeWindowMissed)}
    assert {(d.contract, d.day) for d in days if d.kind == "deadline" and d.status == "missed"} == missed
    renewed = {(x.stream, x.event.previous_end) for x in log if isinstance(x.event, e.ContractRenewed)}
    assert {(d.contract, d.day) for d in days if d.status == "renewed"} == renewed
    ended = {(x.stream, x.event.on) for x in log if isinstance(x.event, e.ContractTerminated)}
    assert {(d.contract, d.day) for d in days if d.kind == "end" and d.status == "done"} == ended
    gone = {x.stream for x in log if isinstance(x.event, e.ContractTerminated)}
    assert not [d for d in days if d.contract in gone and d.open and d.kind != "obligation"]


async def test_what_awaits_a_member_are_near_ends_and_what_is_due(here) -> None:
    async with reading(here) as asked:
        days: list[ContractDay] = await pages(asked, contract_calendar, limit=200)
        near = {
            d.id: d
            for d in days
            if (d.open and d.contract_status == "expiring" and d.kind != "obligation") or d.status in {"due", "breached"}
        }
        found = []
        for member in companies.MEMBERS:
            theirs = await near_days(asked, member)
            assert {d.owner if d.kind != "obligation" else d.responsible for d in theirs} <= {member}
            assert [(d.day, d.id) for d in theirs] == sorted((d.day, d.id) for d in theirs)
            found += theirs
    assert {d.id for d in found} == near.keys()
    assert {d.kind for d in found} >= {"obligation", "deadline"}


async def test_days_move_with_an_amendment_and_a_withdrawn_notice_opens_them_again(database_url) -> None:
    id = UUID(int=0xC0)
    drafted, activated, dates = (timed[3] for timed in _signed(id))
    moved = dates.model_copy(update={"term_end": dates.term_end + timedelta(days=30), "send_by": dates.send_by + timedelta(days=30)})
    notice = {"notice": id, "sent_on": date(2026, 1, 9), "counted_on": date(2026, 1, 9), "in_time": True, "ends_on": moved.term_end}
    events = (
        drafted,
        activated,
        dates,
        moved,
        e.ContractNoticeGiven(**notice),
        moved.model_copy(update={"ends_on": moved.term_end}),
        e.ContractNoticeWithdrawn(notice=id, by="us", reason="We stay"),
        moved,
    )
    async with told(database_url, id, *events) as days:
        assert (await days(3))["term_end"] == (dates.term_end, "open")
        assert (await days(4))["term_end"] == (moved.term_end, "open")
        assert (await days(6))["end"] == (moved.term_end, "open")
        assert (await days(6))["send_by"] == (moved.send_by, "done")
        assert not {"term_end", "renewal"} & (await days(6)).keys(), "what ends is not renewed"
        assert await days(8) == await days(4)


async def test_once_the_end_is_known_there_is_no_notice_to_send_until_that_is_revoked(database_url) -> None:
    id = UUID(int=0xC1)
    drafted, activated, dates = (timed[3] for timed in _signed(id))
    on, last = dates.send_by - timedelta(days=40), dates.term_end
    ends = dates.model_copy(update={"ends_on": on})
    agreed, revoked = e.ContractTerminationAgreed(on=on, cause="for_cause"), e.ContractTerminationRevoked(on=on, reason="Mended")
    missed = e.NoticeWindowMissed(deadline=dates.deadline, term_end=last, owner=drafted.owner)
    ran_out = (drafted, activated, dates, agreed, ends, revoked, dates, missed, e.ContractExpired(on=last))
    async with told(database_url, id, *ran_out) as days:
        assert await days(5) == {"end": (on, "open")}
        assert await days(7) == await days(3)
        assert (await days(3)).keys() == {"send_by", "deadline", "renewal", "term_end"}
        assert await days(9) == {"send_by": (dates.send_by, "missed"), "deadline": (dates.deadline, "missed"), "end": (last, "done")}


async def test_a_contract_that_has_ended_leaves_no_day_for_notice_that_never_came(database_url) -> None:
    id = UUID(int=0xC2)
    drafted, activated, dates = (timed[3] for timed in _signed(id))
    on = dates.send_by - timedelta(days=40)
    async with told(database_url, id, drafted, activated, dates, e.ContractTerminated(on=on, cause="for_cause")) as days:
        assert await days(4) == {"end": (on, "done")}


Days = Callable[[int], Awaitable[dict[str, tuple[date, str]]]]


@asynccontextmanager
async def told(database_url: str, contract: UUID, *events: Any) -> AsyncIterator[Days]:
    """The days of one contract of these events after so many of them: by kind, with what became of each."""
    async with world(database_url, *(model() for model in ALL)) as here:
        tenant = here.tenant("t")
        here.write(tenant, [Fact(contract, event) for event in events])
        await here.runner.catch_up(tenant)

        async def days(at: int) -> dict[str, tuple[date, str]]:
            async with reading(here, AsOf(Basis.KNOWN, at, instant(at))) as asked:
                return {d.kind: (d.day, d.status) for d in await pages(asked, contract_calendar)}

        yield days


def _signed(id: UUID) -> list[Any]:
    """The first contract of the generator that was signed, told of `id`."""
    for number in range(20):
        told = agreements.contract(number, 5, random.Random(number))
        if len(told) > 4:
            return [(at, id, version, event) for at, _, version, event in told if version in {1, 4, 5}]
    raise AssertionError("none was signed")
