from __future__ import annotations

from datetime import date, time

import pytest

from domain.kernel import Actor, Forbidden, Invalid, NotFound, Role, natural_id
from domain.settings import SETTINGS_ID, CalendarDefined, ChangeSettings, DefineCalendar, Holiday, SettingsChanged, settings
from tests.spec import Spec

tenant = Spec(settings).on(SETTINGS_ID)
may_day = Holiday(day=date(2026, 5, 1), name="Tag der Arbeit")
berlin = CalendarDefined(key="DE-BE", zone="Europe/Berlin", weekend=(6, 7), holidays=(may_day,), opens=time(9), closes=time(17))
define = DefineCalendar(key="DE-BE", zone="Europe/Berlin", holidays=(may_day,))


def test_settings_left_away_stay():
    changed = SettingsChanged(currency="USD", zone="UTC", fiscal_year_start=4, country=None, calendar=None)
    tenant.when(ChangeSettings(currency="USD", fiscal_year_start=4)).then(changed)
    tenant.given(changed).when(ChangeSettings(currency="USD")).nothing()
    assert tenant.given(changed).state.fiscal_year_start == 4


def test_only_finance_and_administration_change_settings():
    seller = Actor(natural_id("test", "seller"), frozenset({Role.SALES_DIRECTOR}))
    tenant.by(seller).when(ChangeSettings(currency="USD")).refused(Forbidden)
    tenant.by(seller).when(define).refused(Forbidden)


def test_a_calendar_is_defined_as_a_whole():
    tenant.when(define).then(berlin)
    tenant.given(berlin).when(define).nothing()
    renamed = define.model_copy(update={"holidays": (Holiday(day=may_day.day, name="May Day"),)})
    assert tenant.given(berlin).when(renamed).events


@pytest.mark.parametrize(
    "change",
    [
        {"weekend": (1, 2, 3, 4, 5, 6, 7)},
        {"opens": time(17), "closes": time(9)},
        {"holidays": (may_day, Holiday(day=may_day.day, name="Again"))},
    ],
)
def test_a_calendar_by_which_nobody_could_work_is_refused(change: dict[str, object]):
    tenant.when(DefineCalendar(**{**dict(define), **change})).refused(Invalid)


def test_our_own_calendar_is_one_that_is_defined():
    tenant.when(ChangeSettings(calendar="DE-BE")).refused(NotFound, calendar="DE-BE")
    state = tenant.given(berlin, *tenant.given(berlin).when(ChangeSettings(calendar="DE-BE")).events).state
    assert not state.working_calendar().is_working_day(may_day.day)
    assert state.working_calendar("FR") == state.working_calendar()


def test_without_a_calendar_monday_to_friday_are_worked_in_our_zone():
    calendar = tenant.state.working_calendar()
    assert calendar.zone == "UTC"
    assert calendar.is_working_day(may_day.day)
    assert not calendar.is_working_day(date(2026, 5, 2))
