"""The two clocks: exact to the second against a slow oracle, whatever happened and in whatever order it was learnt."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from domain.calendars import Calendar
from domain.dispute_rules import Reason
from domain.disputes import commands as c
from domain.disputes.clock_events import DisputeClocksSet
from domain.disputes.clocks import clocks
from domain.disputes.evolution import marked
from domain.disputes.state import Dispute
from domain.disputes.terms import ClockKind, Mark, MarkKind, Party, Severity, Side, Status
from domain.disputes.timing import due
from domain.kernel import Actor, Role
from domain.settings import SETTINGS_ID, ChangeSettings, DefineCalendar, Settings
from domain.settings import settings as tenant_settings
from domain.suppliers.events import SupplierAnswered
from tests.domain.clock_oracle import PERCENTS, Oracle, Tally, utc
from tests.domain.dispute_world import ACME, BEA, CASE, CHIEF, SUPPLIER, Desk, investigating, opened, selling
from tests.spec import NOW

HISTORIES = int(os.environ.get("CONCORD_CLOCK_HISTORIES", "40"))
"""`make chaos` takes 5,000."""
DAYS = {ClockKind.ACKNOWLEDGE: 2, ClockKind.FIRST_ANSWER: 5, ClockKind.REPLY: 5, ClockKind.RESOLVE: 30}
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo")
HOURS = ((time(9), time(17)), (time(8, 15), time(16, 45)), (time(0), time(23, 45)), (time(13), time(13, 30)))
HEARD = (
    (MarkKind.ACKNOWLEDGED, Party.THEM),
    (MarkKind.ACKNOWLEDGED, Party.US),
    (MarkKind.ANSWERED, Party.THEM),
    (MarkKind.ANSWERED, Party.US),
    (MarkKind.AWAITING, None),
    (MarkKind.AWAITING, None),
    (MarkKind.RESUMED, None),
    (MarkKind.RESOLVED, None),
    (MarkKind.REOPENED, None),
)


def some_calendar(chance: random.Random) -> Calendar:
    weekend = frozenset(chance.choice([{6, 7}, {5, 6}, {7}, set(), {1, 2, 3, 6, 7}]))
    days = frozenset(date(2026, 1, 1) + timedelta(days=chance.randrange(500)) for _ in range(chance.randrange(25)))
    opens, closes = chance.choice(HOURS)
    return Calendar(chance.choice(ZONES), weekend, days, opens, closes)


def some_marks(chance: random.Random) -> list[Mark]:
    """Weeks around both changes of the clocks; facts often close together, some at the very instant of another."""
    at = utc(2026, chance.choice([3, 10]), 20) + timedelta(seconds=chance.randrange(14 * 86_400))
    marks = [Mark(kind=MarkKind.OPENED, at=at)]
    over = False
    for _ in range(chance.randrange(8)):
        kind, party = chance.choice(HEARD)
        if kind is MarkKind.REOPENED and not over:
            continue
        over = kind is MarkKind.RESOLVED or (over and kind is not MarkKind.REOPENED)
        at += timedelta(seconds=chance.choice([0, chance.randrange(4_000), chance.randrange(86_400), chance.randrange(12 * 86_400)]))
        at += timedelta(seconds=kind is MarkKind.REOPENED)
        marks.append(Mark(kind=kind, at=at, party=party))
    return marks


def as_learnt(marks: list[Mark], chance: random.Random) -> tuple[Mark, ...]:
    """Facts come in any order; of those of one instant the order in which they were learnt counts."""
    learnt = marks[:1]
    order = sorted(marks[1:], key=lambda mark: (chance.random() if chance.random() < 0.4 else 0, mark.at))
    known: tuple[Mark, ...] = tuple(learnt)
    for mark in order:
        known = marked(known, mark)
    return known


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_clocks_are_exact_to_the_second(seed: int):
    chance = random.Random(seed)
    ours, theirs = some_calendar(chance), some_calendar(chance)
    settings = Settings(calendars={"ours": ours, "theirs": theirs})
    side, critical = chance.choice(list(Side)), chance.random() < 0.5
    severity = Severity.CRITICAL if critical else Severity.NORMAL
    known = as_learnt(some_marks(chance), chance)
    case = Dispute(
        side=side,
        account=ACME,
        title="",
        reason=Reason.TERMS,
        severity=severity,
        currency="EUR",
        status=Status.OPENED,
        owner=BEA,
        our_calendar="ours",
        their_calendar="theirs",
        marks=known,
    )
    days = DAYS | ({ClockKind.RESOLVE: 5} if critical else {})
    expected = Oracle(list(known), side, {Party.US: ours, Party.THEM: theirs}, days, critical=critical).tally()
    found = clocks(case, settings)
    assert sorted((k.kind, k.party, k.started_at) for k in found) == sorted((t.kind, t.party, t.started) for t in expected)
    for clock in found:
        tally = next(t for t in expected if (t.kind, t.started, t.stopped) == (clock.kind, clock.started_at, clock.stopped_at))
        assert clock.limit == tally.limit
        assert clock.paused_at == tally.paused
        assert {p: at for p in PERCENTS if (at := clock.passed_at(p)) is not None} == tally.passed, (clock, tally)
        if not tally.running:
            assert clock.spent() == tally.known


def test_the_oracle_counts_an_easy_week_right():
    """Monday 10:00 to Wednesday 10:00 are two business days of eight hours."""
    office = Calendar(opens=time(9), closes=time(17))
    marks = [Mark(kind=MarkKind.OPENED, at=utc(2026, 3, 2, 10))]
    tallies = Oracle(marks, Side.BUY, {Party.US: office, Party.THEM: office}, DAYS, critical=False).tally()
    acknowledge = next(t for t in tallies if t.kind is ClockKind.ACKNOWLEDGE)
    assert isinstance(acknowledge, Tally)
    assert acknowledge.passed[100] == utc(2026, 3, 4, 10)
    assert next(t for t in tallies if t.kind is ClockKind.RESOLVE).passed[50] == utc(2026, 3, 17, 10)


def reading(desk: Desk, kind: ClockKind):
    return next(r for r in reversed(desk.case().readings) if r.kind is kind)


def test_raising_a_claim_starts_what_is_owed_and_our_own_clock():
    desk = opened()  # Monday 9:00 UTC
    kinds = {r.kind: r for r in desk.case().readings}
    assert kinds[ClockKind.ACKNOWLEDGE].due_at == utc(2026, 3, 3, 17)
    assert kinds[ClockKind.FIRST_ANSWER].due_at == utc(2026, 3, 6, 17)
    assert kinds[ClockKind.RESOLVE].due_at == NOW + timedelta(days=30)
    assert kinds[ClockKind.RESOLVE].warn_at == (NOW + timedelta(days=15), NOW + timedelta(days=22.5))
    assert [k.party for k in kinds.values()] == [Party.THEM, Party.THEM, Party.US]


def test_a_critical_case_is_resolved_in_business_days():
    desk = opened(severity=Severity.CRITICAL)
    assert reading(desk, ClockKind.RESOLVE).due_at == utc(2026, 3, 6, 17)
    desk.do(c.ChangeDispute(severity=Severity.NORMAL))
    assert reading(desk, ClockKind.RESOLVE).due_at == NOW + timedelta(days=30)


def test_waiting_for_the_supplier_pauses_ours_and_runs_theirs():
    desk = investigating()
    desk.do(c.Comment(text="We look.", by=Party.THEM))
    desk.wait(days=10).do(c.AwaitSupplier(question="Which price list?"))
    resolve, reply = reading(desk, ClockKind.RESOLVE), reading(desk, ClockKind.REPLY)
    assert (resolve.due_at, resolve.paused_at, resolve.spent) == (None, desk.now, 10 * 86_400)
    assert (reply.party, reply.due_at) == (Party.THEM, utc(2026, 3, 18, 17))
    desk.wait(days=4).do(c.Comment(text="That of January."), by=SUPPLIER)
    assert desk.case().status is Status.INVESTIGATING
    assert reading(desk, ClockKind.RESOLVE).due_at == NOW + timedelta(days=34)
    assert reading(desk, ClockKind.REPLY).stopped_at == desk.now


def test_a_late_fact_is_reckoned_as_if_it_had_been_known():
    desk = investigating()
    desk.do(c.Comment(text="We look.", by=Party.THEM))
    desk.wait(days=10).do(c.AwaitSupplier(question="Which price list?"))
    desk.wait(days=6)
    letter = desk.now - timedelta(days=5)
    desk.do(c.Comment(text="It came on Friday.", by=Party.THEM), by=CHIEF, at=letter)
    assert desk.case().status is Status.INVESTIGATING
    assert reading(desk, ClockKind.RESOLVE).due_at == NOW + timedelta(days=31)
    assert reading(desk, ClockKind.REPLY).stopped_at == letter


def test_what_came_before_the_question_was_asked_is_no_answer_to_it():
    desk = investigating()
    asked = desk.wait(days=3).now
    desk.do(c.AwaitSupplier(question="Which price list?"))
    desk.wait(days=1).do(c.Comment(text="Received.", by=Party.THEM), by=CHIEF, at=asked - timedelta(days=1))
    assert desk.case().status is Status.AWAITING_SUPPLIER
    assert reading(desk, ClockKind.FIRST_ANSWER).stopped_at == asked - timedelta(days=1)


def test_each_party_has_its_own_calendar():
    desk = Desk()
    admin = Actor(BEA, frozenset({Role.ADMIN}))
    tokyo = DefineCalendar(key="JP", zone="Asia/Tokyo", weekend=(6, 7), holidays=({"day": "2026-03-03", "name": "Hina"},))
    desk.world.do(tenant_settings, SETTINGS_ID, tokyo, admin)
    from tests.domain.dispute_world import claim

    desk.do(claim(their_calendar="JP"))
    # 18:00 there: the day is over; the next is a holiday; two days of eight hours end on Thursday, 17:00 there
    assert reading(desk, ClockKind.ACKNOWLEDGE).due_at == utc(2026, 3, 5, 8)


def test_a_holiday_that_is_learnt_of_later_moves_what_is_due():
    desk = opened()
    admin = Actor(BEA, frozenset({Role.ADMIN}))
    desk.world.do(
        tenant_settings, SETTINGS_ID, DefineCalendar(key="own", zone="UTC", holidays=({"day": "2026-03-03", "name": "Day"},)), admin
    )
    desk.quiet(c.RecordDue())
    desk.world.do(tenant_settings, SETTINGS_ID, ChangeSettings(calendar="own"), admin)
    tenant = desk.world.state(tenant_settings, SETTINGS_ID)
    assert due(desk.case(), tenant, desk.now)
    desk.do(c.RecordDue())
    assert reading(desk, ClockKind.ACKNOWLEDGE).due_at == utc(2026, 3, 4, 17)
    assert not due(desk.case(), tenant, desk.now)


def test_of_a_customers_claim_we_owe_the_answer():
    desk = Desk()
    desk.do(selling())
    assert {r.party for r in desk.case().readings} == {Party.US}
    desk.wait(hours=1).do(c.Comment(text="We look into it."))
    assert desk.case().status is Status.ACKNOWLEDGED
    assert reading(desk, ClockKind.FIRST_ANSWER).stopped_at == desk.now


def test_an_internal_note_answers_nobody():
    desk = opened()
    events = desk.do(c.Comment(text="They always do that.", visibility="internal"))
    assert len(events) == 1
    assert desk.count(DisputeClocksSet) == 1


def test_a_reopened_case_has_its_time_anew():
    from tests.domain.dispute_world import closed
    from tests.domain.test_disputes_endings import NEW

    desk = closed()
    desk.wait(days=8).do(c.ReopenDispute(reason="They billed it again.", evidence=(NEW,)))
    assert reading(desk, ClockKind.RESOLVE).due_at == desk.now + timedelta(days=30)
    assert sum(r.kind is ClockKind.RESOLVE for r in desk.case().readings) == 2


def test_the_suppliers_days_to_answer_follow_from_the_earliest_answer_known():
    desk = opened()
    desk.wait(days=3).do(c.Comment(text="We look."), by=SUPPLIER)
    supplier = desk.supplier()
    assert supplier is not None
    assert supplier.cases[CASE].days == 3
    desk.do(c.Comment(text="They called on Tuesday.", by=Party.THEM), by=CHIEF, at=NOW + timedelta(days=1))
    supplier = desk.supplier()
    assert supplier is not None
    assert supplier.cases[CASE].days == 1
    assert isinstance(desk.world.histories[next(k for k, d in desk.world.deciders.items() if d.name == "supplier")][-1], SupplierAnswered)


def test_without_marks_there_are_no_clocks():
    draft = replace(investigating().case(), marks=())
    assert clocks(draft, Settings()) == ()
