from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from domain.access_days import ACCESS_DAYS, AccessDaySealed, DayNotOver, DaySkipped, SealAccessDay, access_days, over
from domain.kernel import Actor, Forbidden, Role, natural_id
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
