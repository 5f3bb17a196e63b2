from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from domain.access_days import (
    ACCESS_DAYS,
    AccessDayHeld,
    AccessDayKept,
    AccessDayRemoved,
    AccessDaySealed,
    DayNotOver,
    DayNotSealed,
    DaySkipped,
    Removal,
    RemoveAccessDay,
    SealAccessDay,
    access_days,
    over,
)
from domain.kernel import Actor, Forbidden, Role, natural_id
from domain.privacy import Privacy, privacy_id
from domain.settings import SETTINGS_ID, Settings
from tests.spec import Spec

DAY = date(2026, 3, 1)
log = Spec(access_days).on(ACCESS_DAYS).at(over(DAY))
seal = SealAccessDay(day=DAY, rows=0, first=None, last=None, root="0" * 64)
sealed = AccessDaySealed(**dict(seal))


def test_a_day_that_is_over_is_sealed_once():
    log.when(seal).then(sealed)
    log.given(sealed).when(seal).nothing()
    log.given(sealed).when(seal.model_copy(update={"root": "1" * 64, "rows": 3})).nothing()


def test_a_day_that_may_still_receive_rows_is_not_sealed():
    assert over(DAY) == datetime(2026, 3, 2, 0, 5, tzinfo=UTC)
    log.at(over(DAY) - timedelta(microseconds=1)).when(seal).refused(DayNotOver)


def test_no_day_is_left_out():
    later = log.given(sealed).at(over(DAY + timedelta(days=2)))
    later.when(seal.model_copy(update={"day": DAY + timedelta(days=2)})).refused(DaySkipped)
    later.when(seal.model_copy(update={"day": DAY + timedelta(days=1)})).then(sealed.model_copy(update={"day": DAY + timedelta(days=1)}))


def test_only_concord_itself_seals_days():
    log.by(Actor(natural_id("test", "admin"), frozenset({Role.ADMIN}))).when(seal).refused(Forbidden)


KEPT_FOR = {SETTINGS_ID: Settings(access_keep_days=400)}
GONE_FROM = datetime(2027, 4, 6, 0, 10, tzinfo=UTC)
"""The first moment at which DAY is older than 400 days."""
remove = RemoveAccessDay(day=DAY, rows=0, root="0" * 64)
removed = AccessDayRemoved(day=DAY, rows=0, root="0" * 64, keep_days=400, on=GONE_FROM.date())
old = log.given(sealed).at(GONE_FROM).knowing(KEPT_FOR)


def test_a_sealed_day_that_is_no_longer_kept_is_removed_once():
    old.when(remove).then(removed)
    old.given(removed).when(remove).nothing()


def test_a_day_is_kept_for_ever_or_as_long_as_was_said_and_not_a_day_less():
    old.knowing({SETTINGS_ID: None}).when(remove).refused(AccessDayKept, keep_days=None)
    old.knowing({SETTINGS_ID: Settings()}).when(remove).refused(AccessDayKept, keep_days=None)
    old.at(GONE_FROM - timedelta(days=1)).when(remove).refused(AccessDayKept, keep_days=400)


def test_only_a_sealed_day_is_removed():
    old.when(remove.model_copy(update={"day": DAY + timedelta(days=1)})).refused(DayNotSealed)
    old.when(remove.model_copy(update={"day": DAY - timedelta(days=1)})).refused(DayNotSealed)
    log.at(GONE_FROM).knowing(KEPT_FOR).when(remove).refused(DayNotSealed)


def test_a_day_with_entries_of_a_person_on_hold_stays_until_the_hold_ends():
    person = natural_id("test", "held")
    named = remove.model_copy(update={"people": (person, natural_id("test", "never held"))})

    def until(day: date | None) -> Spec:
        return old.knowing({privacy_id(person): Privacy(holds={"LIT-2027-3": day})})

    until(None).when(named).refused(AccessDayHeld, cases=["LIT-2027-3"])
    until(GONE_FROM.date()).when(named).refused(AccessDayHeld)
    until(GONE_FROM.date() - timedelta(days=1)).when(named).then(removed)
    old.when(named).then(removed)


def test_only_concord_itself_removes_days():
    old.by(Actor(natural_id("test", "admin"), frozenset({Role.ADMIN}))).when(remove).refused(Forbidden)


def test_removed_days_that_touch_are_told_as_one_and_those_that_do_not_apart():
    def gone(days: int, on: int) -> AccessDayRemoved:
        return removed.model_copy(update={"day": DAY + timedelta(days=days), "on": removed.on + timedelta(days=on)})

    days = [sealed.model_copy(update={"day": DAY + timedelta(days=n)}) for n in range(6)]
    apart = access_days.fold([*days, gone(0, 0), gone(1, 0), gone(3, 5)])
    assert apart is not None
    assert apart.removals == (
        Removal(DAY, DAY + timedelta(days=1), removed.on, 400),
        Removal(DAY + timedelta(days=3), DAY + timedelta(days=3), removed.on + timedelta(days=5), 400),
    )
    assert [apart.removed(DAY + timedelta(days=n)) for n in range(5)] == [True, True, False, True, False]
    whole = access_days.fold([gone(2, 9)], apart)
    assert whole is not None
    assert whole.removals == (Removal(DAY, DAY + timedelta(days=3), removed.on + timedelta(days=9), 400),)
    assert (whole.since, whole.through) == (DAY, DAY + timedelta(days=5))
