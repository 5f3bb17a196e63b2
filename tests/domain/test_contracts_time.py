"""What time makes of contracts: alerts, deadlines, silence, expiry, and the ends that people bring about; a day at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.calendars import Calendar
from domain.contract_dates import NoticeRule, NoticeUnit
from domain.contracts.commands import (
    ConcludeRenewalReview,
    ConfirmNoticeDelivery,
    GiveNotice,
    ReceiveNotice,
    RecordAlert,
    RecordDates,
    RecordNoticeWindow,
    RecordRenewalStarted,
    RecordTermEnd,
    RenewContract,
    RevokeTermination,
    TerminateContract,
    WithdrawNotice,
)
from domain.contracts.events import (
    ContractAlertRaised,
    ContractDatesSet,
    ContractExpired,
    ContractExpiring,
    ContractNoticeDelivered,
    ContractNoticeGiven,
    ContractNoticeReceived,
    ContractRenewalStarted,
    ContractRenewed,
    ContractResumed,
    ContractTerminated,
    ContractTerminationAgreed,
    NoticeWindowMissed,
)
from domain.contracts.refusals import ContractNotInForce, DayInFuture, EndTooEarly, EndTooLate, NoNotice, NoticeStands, NotRenewable
from domain.contracts.terms import ContractStatus, EndCause, RenewalOutcome, RenewalWay, RenewedBy
from domain.settings import SETTINGS_ID
from tests.domain.contract_world import (
    BEFORE_PERIOD,
    BERLIN,
    END,
    EVERGREEN,
    FIXED,
    GERMAN,
    PAPER,
    SETTINGS,
    SIGNED,
    SYSTEM,
    carried,
    contract,
    morning,
    on,
    passing,
    registering,
    signed,
    terms,
)
from tests.domain.deal_world import ANNA, eur

SENT_BY, DEADLINE = date(2026, 9, 25), date(2026, 9, 30)
"""Three working days of the post before 30 September 2026, a Wednesday, is Friday the 25th."""


def test_signing_sets_the_days_that_count():
    (days,) = [event for event in signed().events if isinstance(event, ContractDatesSet)]
    assert (days.term_start, days.term_end, days.deadline, days.send_by) == (date(2026, 1, 1), END, DEADLINE, SENT_BY)
    assert (days.renewal_on, days.ends_on, days.periods, days.calendar) == (DEADLINE - timedelta(days=90), None, False, "DE")
    assert (days.alert_days, days.annual) == ((120, 90, 60, 30, 14, 7), eur("120000"))


def test_alerts_come_so_many_days_before_notice_has_to_be_sent_and_then_silence_renews():
    spec, told = passing(signed(), date(2027, 1, 2))
    assert on(told, ContractAlertRaised) == [SENT_BY - timedelta(days=days) for days in (120, 90, 60, 30, 14, 7)]
    assert on(told, ContractExpiring) == [SENT_BY - timedelta(days=120)]
    assert on(told, ContractRenewalStarted) == [DEADLINE - timedelta(days=90)]
    assert on(told, NoticeWindowMissed) == [date(2026, 10, 1)], "at the deadline, which has passed when the next day begins"
    assert on(told, ContractRenewed) == [date(2027, 1, 1)]
    (renewed,) = [event for _, event in told if isinstance(event, ContractRenewed)]
    assert (renewed.by, renewed.previous_end, renewed.term_start, renewed.term_end) == (
        RenewedBy.SILENCE,
        END,
        date(2027, 1, 1),
        date(2027, 12, 31),
    )
    assert spec.state.status is ContractStatus.ACTIVE
    assert spec.state.dates.deadline == date(2027, 9, 30)


def test_smaller_contracts_are_alerted_of_less_often():
    _, told = passing(signed(terms=terms(value=eur("5000"))), END)
    assert [event.days for _, event in told if isinstance(event, ContractAlertRaised)] == [60, 30, 14, 7]


def test_a_value_without_a_rate_counts_as_the_highest():
    dollars = terms(value=eur("5000").model_copy(update={"currency": "USD"}))
    (days,) = [event for event in carried(contract, registering(terms=dollars)).events if isinstance(event, ContractDatesSet)]
    assert (days.annual, days.alert_days[0]) == (None, 120)


def test_who_looks_late_finds_one_alert_and_not_six():
    late = signed().at(morning(SENT_BY - timedelta(days=20))).by(SYSTEM)
    (alert,) = [event for event in late.when(RecordAlert()).events if isinstance(event, ContractAlertRaised)]
    assert (alert.days, alert.left) == (30, 20)
    carried(late, RecordAlert()).when(RecordAlert()).nothing()


def test_who_looks_years_late_finds_each_term_in_order():
    spec = signed().at(morning(date(2029, 6, 1))).by(SYSTEM)
    found = []
    while events := spec.when(RecordTermEnd()).events:
        found += events
        spec = spec.given(*events)
    assert [event.term_end for event in found if isinstance(event, ContractRenewed)] == [date(y, 12, 31) for y in (2027, 2028, 2029)]
    assert [event.deadline for event in found if isinstance(event, NoticeWindowMissed)] == [date(y, 9, 30) for y in (2026, 2027, 2028)]


@pytest.mark.parametrize("command", [RecordAlert(), RecordNoticeWindow(), RecordTermEnd(), RecordDates(), RecordRenewalStarted()])
def test_the_clock_is_quiet_before_it_is_time(command):
    signed().when(command).nothing()


def test_the_clock_is_quiet_on_the_last_day_itself():
    spec, _ = passing(signed(), DEADLINE)
    spec.when(RecordNoticeWindow()).nothing()
    spec, _ = passing(spec, END)
    spec.when(RecordTermEnd()).nothing()


def test_a_notice_in_time_ends_the_contract_with_its_term():
    spec = carried(signed().at(morning(date(2026, 9, 1))), GiveNotice(sent_on=date(2026, 8, 31)))
    (given,) = [event for event in spec.events if isinstance(event, ContractNoticeGiven)]
    assert (given.counted_on, given.deadline, given.in_time, given.ends_on) == (date(2026, 9, 3), DEADLINE, True, END)
    assert spec.state.status is ContractStatus.EXPIRING
    spec, told = passing(spec, date(2027, 2, 1))
    assert on(told, ContractExpired) == [date(2027, 1, 1)]
    assert not on(told, NoticeWindowMissed)
    assert not on(told, ContractAlertRaised)
    assert spec.state.status is ContractStatus.EXPIRED


def test_a_notice_that_comes_too_late_ends_the_term_after_the_next():
    spec = carried(signed().at(morning(date(2026, 10, 2))), ReceiveNotice(received_on=date(2026, 10, 1)))
    (received,) = [event for event in spec.events if isinstance(event, ContractNoticeReceived)]
    assert (received.in_time, received.ends_on) == (False, date(2027, 12, 31))
    spec, told = passing(spec, date(2028, 1, 2))
    assert on(told, ContractRenewed) == [date(2027, 1, 1)]
    assert on(told, ContractExpired) == [date(2028, 1, 1)]


def test_a_letter_that_arrives_late_changes_the_end():
    spec = carried(signed().at(morning(date(2026, 9, 25))), GiveNotice(sent_on=SENT_BY))
    assert spec.state.notice.ends_on == END, "three working days later is the deadline itself"
    late = carried(spec.at(morning(date(2026, 10, 2))), ConfirmNoticeDelivery(received_on=date(2026, 10, 1)))
    (delivered,) = [event for event in late.events if isinstance(event, ContractNoticeDelivered)]
    assert (delivered.in_time, delivered.ends_on) == (False, date(2027, 12, 31))
    assert late.state.dates.ends_on == date(2027, 12, 31)
    late.when(ConfirmNoticeDelivery(received_on=date(2026, 10, 1))).nothing()
    late.when(ConfirmNoticeDelivery(received_on=date(2026, 9, 1))).refused(EndTooEarly)
    signed().when(ConfirmNoticeDelivery(received_on=SIGNED)).refused(NoNotice)


def test_a_notice_found_after_the_renewal_by_silence_counts_from_the_day_it_came():
    spec, _ = passing(signed(), date(2027, 1, 10))
    found = carried(spec, ReceiveNotice(received_on=date(2026, 9, 15)))
    (received,) = [event for event in found.events if isinstance(event, ContractNoticeReceived)]
    assert (received.in_time, received.ends_on) == (True, END)
    ended = carried(found.by(SYSTEM), RecordTermEnd())
    assert (ended.state.status, ended.state.ended_on) == (ContractStatus.TERMINATED, END)


def test_a_notice_from_before_the_contract_was_signed_is_refused_with_the_day():
    spec = signed().at(morning(date(2026, 6, 1)))
    for early in (GiveNotice(sent_on=date(2020, 1, 1)), ReceiveNotice(received_on=date(2020, 1, 1))):
        said = spec.when(early).refused(EndTooEarly, after=SIGNED.isoformat())
        assert str(SIGNED) in str(said)
    assert spec.when(GiveNotice(sent_on=SIGNED)).events


def test_one_notice_holds_until_it_is_withdrawn():
    spec = carried(signed().at(morning(date(2026, 6, 1))), GiveNotice(sent_on=date(2026, 6, 1)))
    spec.when(GiveNotice(sent_on=date(2026, 6, 1))).nothing()
    spec.when(ReceiveNotice(received_on=date(2026, 6, 1))).refused(NoticeStands, ends_on=END.isoformat())
    spec.when(GiveNotice(sent_on=date(2026, 6, 2))).refused(NoticeStands)
    withdrawn = spec.when(WithdrawNotice(reason="they stay")).events
    assert [type(event) for event in withdrawn][1:] == [ContractDatesSet]
    again = spec.given(*withdrawn)
    assert again.state.status is ContractStatus.EXPIRING, "its first alert is near anyway"
    again.when(WithdrawNotice(reason="they stay")).nothing()


def test_a_contract_whose_notice_is_withdrawn_early_resumes():
    spec = carried(signed().at(morning(date(2026, 3, 1))), GiveNotice(sent_on=date(2026, 3, 1)))
    events = spec.when(WithdrawNotice(reason="they stay")).events
    assert isinstance(events[-1], ContractResumed)
    assert spec.given(*events).state.status is ContractStatus.ACTIVE


def test_notice_is_not_given_ahead_nor_on_what_is_over():
    spec = signed()
    spec.when(GiveNotice(sent_on=SIGNED + timedelta(days=1))).refused(DayInFuture)
    spec.when(GiveNotice(sent_on=SIGNED, received_on=SIGNED - timedelta(days=1))).refused(EndTooEarly)
    over, _ = passing(signed(terms=terms(renewal=FIXED)), date(2027, 1, 2))
    over.when(GiveNotice(sent_on=END)).refused(ContractNotInForce, status="expired")
    contract.given(*contract.when(registering()).events[:1]).when(GiveNotice(sent_on=SIGNED)).refused(ContractNotInForce, status="draft")


def test_a_fixed_contract_expires_and_is_alerted_of_before_its_end():
    spec, told = passing(signed(terms=terms(renewal=FIXED, notice=None)), date(2027, 1, 2))
    assert spec.events[-1] == ContractExpired(on=END)
    assert not on(told, NoticeWindowMissed)
    assert on(told, ContractAlertRaised)[-1] == date(2026, 12, 24), "a week before the last day"


def test_an_evergreen_contract_ends_with_the_period_that_the_notice_leaves_time_for():
    evergreen = terms(end=None, renewal=EVERGREEN, notice=BEFORE_PERIOD)
    spec, told = passing(signed(terms=evergreen), date(2026, 4, 1))
    assert not told, "nothing ends by itself"
    days = spec.state.dates
    assert (days.term_end, days.deadline, days.send_by, days.periods) == (None, None, None, True)
    spec = carried(spec, GiveNotice(sent_on=date(2026, 3, 31)))
    assert spec.state.dates.ends_on == date(2026, 9, 30), "six months to the end of a quarter"
    spec, told = passing(spec, date(2026, 10, 2))
    assert told[-1] == (date(2026, 10, 1), ContractTerminated(on=date(2026, 9, 30), notice=spec.state.notice.id))


def test_a_termination_ends_it_on_its_day_or_at_once():
    spec = signed().at(morning(date(2026, 5, 4)))
    ahead = carried(spec, TerminateContract(on=date(2026, 5, 31), cause=EndCause.MUTUAL))
    assert isinstance(ahead.events[-3], ContractTerminationAgreed)
    ahead.when(TerminateContract(on=date(2026, 5, 31), cause=EndCause.MUTUAL)).nothing()
    _, told = passing(ahead, date(2026, 6, 2))
    assert on(told, ContractTerminated) == [date(2026, 6, 1)]
    at_once = carried(spec, TerminateContract(on=date(2026, 5, 3), cause=EndCause.FOR_CAUSE))
    assert at_once.state.status is ContractStatus.TERMINATED
    spec.when(TerminateContract(on=date(2025, 5, 3), cause=EndCause.OTHER)).refused(EndTooEarly)
    fixed = signed(terms=terms(renewal=FIXED)).at(morning(date(2026, 5, 4)))
    fixed.when(TerminateContract(on=date(2027, 5, 3), cause=EndCause.OTHER)).refused(EndTooLate, ends_on=END.isoformat())


def test_a_termination_can_be_taken_back():
    spec = carried(signed().at(morning(date(2026, 1, 5))), TerminateContract(on=date(2026, 5, 31), cause=EndCause.MUTUAL))
    again = carried(spec, RevokeTermination(reason="agreed otherwise"))
    assert (again.state.status, again.state.dates.ends_on) == (ContractStatus.ACTIVE, None)
    again.when(RevokeTermination(reason="agreed otherwise")).nothing()


def test_a_further_term_that_was_agreed_comes_without_a_word_of_silence():
    renewal = RenewContract(end=date(2027, 6, 30), value=eur("60000"), signed_on=date(2026, 6, 1), paper=PAPER)
    spec = carried(signed().at(morning(date(2026, 6, 20))), renewal)
    assert spec.state.status is ContractStatus.ACTIVE
    assert spec.state.dates.term_end == date(2027, 6, 30)
    spec.when(renewal).nothing()
    spec, told = passing(spec, date(2027, 7, 1))
    assert [event.by for _, event in told if isinstance(event, ContractRenewed)] == [RenewedBy.SILENCE]
    assert on(told, NoticeWindowMissed) == [date(2027, 4, 1)]
    assert spec.state.dates.term_end == date(2028, 6, 30), "further terms are counted from the end that was agreed"


def test_a_renewal_is_refused_where_it_makes_no_sense():
    spec = signed().at(morning(date(2026, 6, 2)))
    one = RenewContract(end=date(2027, 6, 30), signed_on=date(2026, 6, 1), paper=PAPER)
    spec.when(one.model_copy(update={"end": END})).refused(EndTooEarly)
    spec.when(one.model_copy(update={"signed_on": date(2026, 7, 1)})).refused(DayInFuture)
    carried(spec, GiveNotice(sent_on=date(2026, 6, 1))).when(one).refused(NoticeStands)
    evergreen = signed(terms=terms(end=None, renewal=EVERGREEN, notice=BEFORE_PERIOD))
    evergreen.when(one.model_copy(update={"signed_on": SIGNED})).refused(NotRenewable)
    evergreen.when(ConcludeRenewalReview(outcome=RenewalOutcome.END)).refused(NotRenewable)


def test_the_preparation_of_a_renewal_names_the_deal_or_says_that_it_is_a_review():
    spec = signed().at(morning(DEADLINE - timedelta(days=90))).by(SYSTEM)
    (started,) = [e for e in spec.when(RecordRenewalStarted(deal=ANNA)).events if isinstance(e, ContractRenewalStarted)]
    assert (started.way, started.deal, started.term_end, started.deadline) == (RenewalWay.DEAL, ANNA, END, DEADLINE)
    review = carried(spec, RecordRenewalStarted(note="The account is closed."))
    review.when(RecordRenewalStarted(deal=ANNA)).nothing()
    concluded = carried(review, ConcludeRenewalReview(outcome=RenewalOutcome.RENEGOTIATE, note="5 % less"))
    assert concluded.state.reviewed[END].outcome is RenewalOutcome.RENEGOTIATE
    concluded.when(ConcludeRenewalReview(outcome=RenewalOutcome.RENEGOTIATE, note="5 % less")).nothing()


def test_a_holiday_that_is_defined_later_moves_the_days():
    rule = NoticeRule(count=10, unit=NoticeUnit.BUSINESS_DAYS)
    spec = signed(terms=terms(notice=rule))
    assert spec.state.dates.deadline == date(2026, 12, 16)
    holiday = Calendar(BERLIN, GERMAN.weekend, GERMAN.holidays | {date(2026, 12, 24)})
    moved = spec.knowing({SETTINGS_ID: replace(SETTINGS, calendars={"DE": holiday})}).by(SYSTEM)
    (days,) = moved.when(RecordDates()).events
    assert isinstance(days, ContractDatesSet)
    assert days.deadline == date(2026, 12, 15)


def test_the_day_ends_where_the_contract_is():
    tokyo = signed(zone="Asia/Tokyo")
    before, after = morning(date(2026, 10, 1), "Asia/Tokyo") - timedelta(minutes=11), morning(date(2026, 10, 1), "Asia/Tokyo")
    assert not [e for e in tokyo.at(before).when(RecordNoticeWindow()).events if isinstance(e, NoticeWindowMissed)]
    assert [e for e in tokyo.at(after).when(RecordNoticeWindow()).events if isinstance(e, NoticeWindowMissed)]
