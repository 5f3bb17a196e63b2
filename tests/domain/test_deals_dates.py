"""Close dates, pushes, and what the daily sweep records."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from domain.deals import (
    CloseDateInPast,
    CloseDateReasonNeeded,
    CloseDateTooFar,
    DealClosed,
    DealCloseDateLapsed,
    DealCloseDateMoved,
    DealStalled,
    MoveCloseDate,
    RecordCloseDateLapsed,
    RecordStalled,
)
from tests.domain.deal_world import ANNA, LOST, TODAY, WON, deal, entered, opened
from tests.spec import NOW

APRIL_15 = date(2026, 4, 15)


def moved(to: date, **changes) -> DealCloseDateMoved:
    fields = {"close_date": to, "previous": APRIL_15, "pushed": False, "pushes": 0}
    return DealCloseDateMoved.model_validate(fields | changes)


def test_a_close_date_moves_within_its_month_without_being_a_push():
    deal.given(opened()).when(MoveCloseDate(close_date=date(2026, 4, 29))).then(moved(date(2026, 4, 29)))


def test_the_same_close_date_is_quiet():
    deal.given(opened()).when(MoveCloseDate(close_date=APRIL_15)).nothing()


def test_a_move_into_a_later_month_is_a_push_and_counted():
    first = moved(date(2026, 5, 1), pushed=True, pushes=1, reason="Holidays")
    deal.given(opened()).when(MoveCloseDate(close_date=date(2026, 5, 1), reason="Holidays")).then(first)
    deal.given(opened(), first).when(MoveCloseDate(close_date=date(2027, 1, 1), reason="Budget")).then(
        moved(date(2027, 1, 1), previous=date(2026, 5, 1), pushed=True, pushes=2, reason="Budget")
    )


def test_a_move_to_an_earlier_month_is_no_push():
    deal.given(opened()).when(MoveCloseDate(close_date=date(2026, 3, 31), reason="Sooner")).then(moved(date(2026, 3, 31), reason="Sooner"))


@pytest.mark.parametrize("days", [15, -15])
def test_a_move_of_more_than_fourteen_days_needs_a_reason(days):
    there = APRIL_15 + timedelta(days=days)
    deal.given(opened()).when(MoveCloseDate(close_date=there)).refused(CloseDateReasonNeeded, days=15)
    assert deal.given(opened()).when(MoveCloseDate(close_date=there, reason="Buyer asked")).events


def test_a_move_of_fourteen_days_needs_no_reason():
    assert deal.given(opened()).when(MoveCloseDate(close_date=APRIL_15 - timedelta(days=14))).events


def test_no_one_sets_a_date_that_has_passed_where_the_deal_is():
    yesterday = TODAY - timedelta(days=1)
    deal.given(opened()).when(MoveCloseDate(close_date=yesterday, reason="x")).refused(CloseDateInPast, today=TODAY.isoformat())
    honolulu = deal.given(opened(zone="Pacific/Honolulu"))
    honolulu.when(MoveCloseDate(close_date=yesterday, reason="x")).then(moved(yesterday, reason="x"))
    deal.given(opened(zone="Asia/Tokyo")).at(NOW.replace(hour=16)).when(MoveCloseDate(close_date=TODAY, reason="x")).refused(
        CloseDateInPast
    )


def test_a_day_too_far_away_to_be_meant_is_refused_and_one_that_was_recorded_stays():
    deal.given(opened()).when(MoveCloseDate(close_date=date.max, reason="Some day")).refused(CloseDateTooFar, latest="2199-12-31")
    assert deal.given(opened()).when(MoveCloseDate(close_date=date(2199, 12, 31), reason="Some day")).events
    deal.given(opened(close_date=date.max)).when(MoveCloseDate(close_date=date.max)).nothing()


@pytest.mark.parametrize("closing", [WON, LOST])
def test_the_close_date_of_a_closed_deal_stays(closing):
    deal.given(opened(), closing).when(MoveCloseDate(close_date=TODAY)).refused(DealClosed)


def test_a_date_that_passed_is_recorded_once():
    lapsed = DealCloseDateLapsed(close_date=APRIL_15, owner=ANNA)
    later = deal.at(NOW.replace(month=4, day=16))
    later.given(opened()).when(RecordCloseDateLapsed()).then(lapsed)
    later.given(opened(), lapsed).when(RecordCloseDateLapsed()).nothing()


def test_each_date_that_passes_is_recorded():
    spec = deal.given(opened(), DealCloseDateLapsed(close_date=APRIL_15), moved(date(2026, 4, 20)))
    spec.at(NOW.replace(month=4, day=20)).when(RecordCloseDateLapsed()).nothing()
    spec.at(NOW.replace(month=4, day=21)).when(RecordCloseDateLapsed()).then(DealCloseDateLapsed(close_date=date(2026, 4, 20), owner=ANNA))


def test_a_date_passes_at_midnight_where_the_deal_is():
    midnight_in_tokyo = NOW.replace(month=4, day=15, hour=15)
    deal.given(opened(zone="Asia/Tokyo")).at(midnight_in_tokyo - timedelta(seconds=1)).when(RecordCloseDateLapsed()).nothing()
    assert deal.given(opened(zone="Asia/Tokyo")).at(midnight_in_tokyo).when(RecordCloseDateLapsed()).events


def test_the_date_of_a_closed_deal_does_not_lapse():
    deal.given(opened(), WON).at(NOW.replace(year=2027)).when(RecordCloseDateLapsed()).nothing()


def test_a_deal_stalls_once_when_it_stays_longer_than_its_stage_allows():
    stalled = DealStalled(stage="qualify", since=NOW, days=15, max_days=14, owner=ANNA)
    deal.given(opened()).at(NOW + timedelta(days=14)).when(RecordStalled()).nothing()
    deal.given(opened()).at(NOW + timedelta(days=15)).when(RecordStalled()).then(stalled)
    deal.given(opened(), stalled).at(NOW + timedelta(days=16)).when(RecordStalled()).nothing()


def test_a_deal_may_stall_again_in_the_next_stage():
    stalled = DealStalled(stage="qualify", since=NOW, days=15, max_days=14)
    there = entered("discover", since=NOW + timedelta(days=20))
    spec = deal.given(opened(), stalled, there)
    spec.at(NOW + timedelta(days=50)).when(RecordStalled()).nothing()
    spec.at(NOW + timedelta(days=51)).when(RecordStalled()).then(
        DealStalled(stage="discover", since=NOW + timedelta(days=20), days=31, max_days=30, owner=ANNA)
    )


def test_a_closed_deal_and_a_stage_without_limit_never_stall():
    much_later = deal.at(NOW + timedelta(days=1000))
    much_later.given(opened(), LOST).when(RecordStalled()).nothing()
    much_later.given(opened(max_days=None)).when(RecordStalled()).nothing()
