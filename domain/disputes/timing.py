"""What time brings to a case: clocks that warn and run out, levels of escalation, dates that pass."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from domain.dispute_rules import DisputeRules
from domain.disputes import commands as c
from domain.disputes import corrective_events as x
from domain.disputes import events as e
from domain.disputes.clock_events import (
    DisputeClocksSet,
    DisputeClockWarned,
    DisputeEscalated,
    DisputeEscalationLifted,
    DisputeSettlementOverdue,
)
from domain.disputes.clocks import Clock, clocks, readings
from domain.disputes.evolution import evolve
from domain.disputes.guards import check_status, moment, settings_of
from domain.disputes.refusals import LevelNotHigher
from domain.disputes.settling import AGREED
from domain.disputes.state import UNRESOLVED, Dispute
from domain.disputes.terms import ClockKind, Status
from domain.kernel import Context, Event, Outcome
from domain.settings import Settings
from domain.values import Money

TOP = 3
"""The level from which a contract notice goes out."""
_LAST_DAY = date(9000, 1, 1)
"""No clock runs past this day: beyond it, calendars and databases end."""


def record_due(case: Dispute, _command: c.RecordDue, ctx: Context) -> Outcome:
    """Everything that has fallen due by now and is not recorded yet."""
    settings = settings_of(ctx)
    return tuple(_due(case, settings, ctx.now))


def _due(case: Dispute, settings: Settings, now: datetime) -> Iterator[Event]:
    if case.status in UNRESOLVED:
        running = [clock for clock in clocks(case, settings) if clock.stopped_at is None]
        if case.status is Status.OPENED and _passed(running, ClockKind.ACKNOWLEDGE, now):
            yield e.DisputeInvestigationStarted(why=e.Investigating.NOT_ACKNOWLEDGED, previous=case.status, at=now)
        yield from _lifted(case, settings, now)
        yield from _raised(case, settings.dispute_rules, running, now)
    if case.agreed_at is not None and (late := settle_due(case, settings)) is not None and late <= now:
        left = Money(amount=case.open_gross, currency=case.currency)
        yield DisputeSettlementOverdue(agreed_at=case.agreed_at, due=late, open=left, owner=case.owner)
    action = case.corrective
    if action is not None and action.open:
        for step, due in action.due.items():
            if due <= now and step not in action.done | action.missed:
                yield x.CorrectiveStepMissed(round=action.round, step=step, due=due, owner=case.owner)


def _passed(running: list[Clock], kind: ClockKind, now: datetime) -> bool:
    return any(clock.kind is kind and (at := clock.passed_at(100)) is not None and at <= now for clock in running)


def settle_due(case: Dispute, settings: Settings) -> datetime | None:
    """When an agreement that is not carried out yet is overdue, unless that is recorded: after the day agreed on, in our zone."""
    if case.status not in AGREED or case.agreed is None or case.agreed_at is None or case.overdue_for == case.agreed_at:
        return None
    day = case.agreed.terms.settle_by
    if day is None:
        return case.agreed_at + timedelta(days=settings.dispute_rules.settle_days)
    return settings.working_calendar(case.our_calendar).at(min(day, _LAST_DAY) + timedelta(days=1), time.min)


def levels(clock: Clock, rules: DisputeRules) -> tuple[int, ...]:
    """The percents at which a clock raises the case to level 1, 2, 3. One not acknowledged goes no further than the first."""
    return rules.escalate_percents[:1] if clock.kind is ClockKind.ACKNOWLEDGE else rules.escalate_percents


def _raised(case: Dispute, rules: DisputeRules, running: list[Clock], now: datetime) -> Iterator[Event]:
    """Warnings, and each level that a running clock has come to and that the case is not at yet."""
    level = case.level
    for clock in running:
        for number, percent in enumerate(levels(clock, rules), start=1):
            at = clock.passed_at(percent)
            if at is None or at > now or number <= level or (clock.kind, clock.started_at, percent, at) in case.noticed:
                continue
            yield DisputeEscalated(
                level=number,
                previous=level,
                contract_notice=number == TOP,
                at=now,
                clock=clock.kind,
                percent=percent,
                started_at=clock.started_at,
                passed_at=at,
            )
            level = number
        if (warning := _warning(case, rules, clock, now)) is not None:
            yield warning


def _warning(case: Dispute, rules: DisputeRules, clock: Clock, now: datetime) -> DisputeClockWarned | None:
    """The latest warning that has come; none any more once the clock has run out."""
    due = clock.passed_at(100)
    if due is not None and due <= now:
        return None
    for percent in reversed(rules.warn_percents):
        at = clock.passed_at(percent)
        if at is not None and at <= now:
            if (clock.kind, clock.started_at, percent, at) in case.noticed:
                return None
            return DisputeClockWarned(
                clock=clock.kind,
                party=clock.party,
                percent=percent,
                started_at=clock.started_at,
                passed_at=at,
                due_at=due,
                owner=case.owner,
            )
    return None


def _lifted(case: Dispute, settings: Settings, now: datetime) -> Iterator[Event]:
    """A level that clocks raised the case to is taken back where, by all facts known now, none of them had run out so far."""
    if case.level <= case.level_by_hand:
        return
    reached = case.level_by_hand
    for clock in clocks(case, settings):
        for number, percent in enumerate(levels(clock, settings.dispute_rules), start=1):
            at = clock.passed_at(percent)
            if at is not None and at <= now:
                reached = max(reached, number)
    if reached < case.level:
        yield DisputeEscalationLifted(level=reached, previous=case.level, at=now, late_fact=True)


def next_due(case: Dispute, settings: Settings, now: datetime) -> datetime | None:
    """When time will bring the next thing to record; None while nothing runs. Meanwhile facts may change that."""
    return min((at for at in _coming(case, settings) if at > now), default=None)


def _coming(case: Dispute, settings: Settings) -> Iterator[datetime]:
    rules = settings.dispute_rules
    if case.status in UNRESOLVED:
        for clock in clocks(case, settings):
            if clock.stopped_at is None:
                for percent in (*rules.warn_percents, *levels(clock, rules)):
                    at = clock.passed_at(percent)
                    if at is not None:
                        yield at
    if (late := settle_due(case, settings)) is not None:
        yield late
    action = case.corrective
    if action is not None and action.open:
        yield from (due for step, due in action.due.items() if step not in action.done | action.missed)


def due(case: Dispute, settings: Settings, now: datetime) -> bool:
    """Whether something has fallen due that is not recorded yet, or clocks stand elsewhere because a calendar or limit changed."""
    return next(_due(case, settings, now), None) is not None or readings(case, settings) != case.readings


def attended(case: Dispute) -> bool:
    """Whether time may still bring something to the case: it is worked on, or its corrective action is open."""
    return case.status in UNRESOLVED or (case.corrective is not None and case.corrective.open)


def clocks_set(case: Dispute | None, ctx: Context) -> tuple[Event, ...]:
    """Follows whatever moved a clock: how all of them stand now; nothing if none moved."""
    if case is None:
        return ()
    settings = settings_of(ctx)
    now = readings(case, settings)
    return () if now == case.readings else (DisputeClocksSet(readings=now, rules=settings.dispute_rules.version),)


def after(case: Dispute | None, outcome: Outcome) -> Dispute | None:
    """The case once the events of its own stream have happened."""
    for event in outcome:
        if isinstance(event, Event):
            case = evolve(case, event)
    return case


def escalate(case: Dispute, command: c.EscalateDispute, ctx: Context) -> Outcome:
    """Raises LevelNotHigher."""
    check_status(case, UNRESOLVED, "escalated")
    if command.level == case.level:
        return ()
    if command.level < case.level:
        raise LevelNotHigher(f"The case is at level {case.level} already; lift that, or choose a higher one.", level=case.level)
    raised = DisputeEscalated(
        level=command.level, previous=case.level, contract_notice=command.level == TOP, at=moment(case, ctx), note=command.note
    )
    return (raised,)


def lift(case: Dispute, command: c.LiftEscalation, ctx: Context) -> Outcome:
    if command.level >= case.level:
        return ()
    return (DisputeEscalationLifted(level=command.level, previous=case.level, at=moment(case, ctx), note=command.note),)
