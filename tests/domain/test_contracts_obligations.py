"""What both parties owe by a contract: when each occurrence falls due, is met with proof, waived, breached, claimed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.contracts import dispute_of
from domain.contracts import obligation_events as o
from domain.contracts.commands import GiveNotice, RenewContract, TerminateContract
from domain.contracts.obligation_commands import (
    AddObligation,
    DisputeBreach,
    EndObligation,
    MeetObligation,
    ReassignObligation,
    RecordObligations,
    WaiveObligation,
)
from domain.contracts.refusals import (
    BreachDisputed,
    ContractNotInForce,
    DayInFuture,
    NeverDue,
    NotBreached,
    ObligationUnknown,
    PenaltyElsewhere,
    ProofMissing,
    ProofUsed,
    WhichTime,
)
from domain.contracts.terms import EndCause, OccurrenceStatus, Party, Proof
from domain.kernel import SYSTEM
from domain.obligation_dates import DueAnchor, DueRule, DueUnit, Recurrence, RecurrenceUnit, Roll
from domain.settings import SETTINGS_ID
from domain.stages import EvidenceKind
from domain.standing import MemberInactive
from domain.values import Money
from tests.domain.contract_world import (
    CONTRACT,
    END,
    FIXED,
    GERMAN,
    PAPER,
    SETTINGS,
    SIGNED,
    START,
    carried,
    contract,
    drafting,
    morning,
    on,
    passing,
    registering,
    signed,
    terms,
)
from tests.domain.deal_world import ACME, ANNA, BEN, BUYER, GONE, NOBODY, SHA, eur

MONTHLY = Recurrence(every=1)
REPORT = Proof(document="reports/january.pdf", sha256=SHA)
FIRST = date(2026, 1, 31)


def adding(**changes: Any) -> AddObligation:
    """A report at the end of every month, three days of grace, told of a week ahead."""
    said: dict[str, Any] = {
        "title": "Monthly report",
        "by": Party.THEM,
        "clause": "reporting",
        "due": DueRule(on=FIRST),
        "recurrence": MONTHLY,
        "lead_days": 7,
        "grace_days": 3,
        "proof": EvidenceKind.DOCUMENT,
        "penalty": eur("500"),
    }
    return AddObligation(**(said | changes))


def owing(**changes: Any) -> Any:
    return carried(signed(), adding(**changes))


def id_of(spec: Any) -> Any:
    return next(iter(spec.state.obligations))


def held(spec: Any, day: date) -> Any:
    return spec.state.occurrences[id_of(spec), day]


def test_the_first_occurrence_is_scheduled_with_the_obligation():
    added, scheduled = signed().when(adding()).events
    assert isinstance(added, o.ObligationAdded)
    assert (added.owner, added.since) == (ANNA, SIGNED)
    assert scheduled == o.ObligationScheduled(
        obligation=added.obligation,
        occurrence=FIRST,
        due_on=FIRST,
        title="Monthly report",
        by=Party.THEM,
        owner=ANNA,
        due_from=date(2026, 1, 24),
        breached_after=date(2026, 2, 3),
    )


def test_each_occurrence_falls_due_is_breached_and_makes_room_for_the_next():
    spec, told = passing(owing(), date(2026, 4, 4))
    assert on(told, o.ObligationFellDue) == [date(2026, 1, 24), date(2026, 2, 21), date(2026, 3, 24)]
    assert on(told, o.ObligationBreached) == [date(2026, 2, 4), date(2026, 3, 4), date(2026, 4, 4)]
    (breach, *_) = [event for _, event in told if isinstance(event, o.ObligationBreached)]
    assert (breach.party, breach.penalty, breach.breached_after, breach.clause) == (ACME, eur("500"), date(2026, 2, 3), "reporting")
    assert held(spec, date(2026, 3, 31)).status is OccurrenceStatus.BREACHED
    assert held(spec, date(2026, 4, 30)).status is OccurrenceStatus.PENDING


def test_who_looks_after_months_finds_all_of_it_at_once_and_then_nothing():
    late = owing().at(morning(date(2026, 4, 4))).by(SYSTEM)
    _, told = passing(owing(), date(2026, 4, 4))
    at_once = late.when(RecordObligations()).events
    days = [(type(e), e.occurrence) for e in at_once if isinstance(e, o.ObligationFellDue | o.ObligationBreached)]
    assert sorted(days, key=str) == sorted(
        ((type(e), e.occurrence) for _, e in told if isinstance(e, o.ObligationFellDue | o.ObligationBreached)), key=str
    )
    carried(late, RecordObligations()).when(RecordObligations()).nothing()


def test_met_with_its_proof_it_is_not_breached():
    spec, _ = passing(owing(), date(2026, 2, 2))
    command = MeetObligation(obligation=id_of(spec), met_on=date(2026, 2, 1), proof=REPORT)
    met = carried(spec, command)
    (event,) = [e for e in met.events if isinstance(e, o.ObligationMet)]
    assert (event.occurrence, event.late, event.previous) == (FIRST, True, OccurrenceStatus.DUE)
    met.when(command.model_copy(update={"occurrence": FIRST})).nothing()
    _, told = passing(met, date(2026, 2, 20))
    assert not on(told, o.ObligationBreached)


def test_it_may_be_met_ahead_and_the_next_one_comes():
    spec = owing()
    met = carried(spec, MeetObligation(obligation=id_of(spec), met_on=SIGNED, proof=REPORT))
    assert held(met, FIRST).status is OccurrenceStatus.MET
    assert held(met, date(2026, 2, 28)).status is OccurrenceStatus.PENDING


def test_the_same_proof_does_not_meet_the_next_time_unless_that_is_named():
    spec = owing()
    command = MeetObligation(obligation=id_of(spec), met_on=SIGNED, proof=REPORT)
    met = carried(spec, command)
    renamed = command.model_copy(update={"proof": REPORT.model_copy(update={"document": "other name.pdf"})})
    for again in (command, renamed):
        assert str(FIRST) in str(met.when(again).refused(ProofUsed, occurrence=FIRST.isoformat()))
    both = carried(met, command.model_copy(update={"occurrence": date(2026, 2, 28)}))
    assert held(both, date(2026, 2, 28)).status is OccurrenceStatus.MET
    noted = owing(proof=EvidenceKind.NOTE)
    note = MeetObligation(obligation=id_of(noted), met_on=SIGNED, proof=Proof(note="Sent by mail"))
    carried(noted, note).when(note).refused(ProofUsed)


def test_after_a_breach_the_next_time_is_not_met_in_its_place():
    spec, _ = passing(owing(), date(2026, 2, 4))
    command = MeetObligation(obligation=id_of(spec), met_on=date(2026, 2, 4), proof=REPORT)
    spec.when(command).refused(WhichTime, occurrence=FIRST.isoformat())
    opened, _ = passing(spec, date(2026, 2, 21))
    assert held(carried(opened, command), date(2026, 2, 28)).status is OccurrenceStatus.MET, "its own time to act has come"


@pytest.mark.parametrize(
    ("proof", "needed"),
    [
        (Proof(note="done"), EvidenceKind.DOCUMENT),
        (Proof(document="a.pdf"), EvidenceKind.DOCUMENT),
        (Proof(note="done"), EvidenceKind.AMOUNT),
        (Proof(amount=eur("5")), EvidenceKind.DATE),
    ],
)
def test_met_needs_the_proof_that_the_obligation_asks_for(proof: Proof, needed: EvidenceKind):
    spec = owing(proof=needed)
    spec.when(MeetObligation(obligation=id_of(spec), met_on=SIGNED, proof=proof)).refused(ProofMissing, proof=needed.value)


def test_what_was_not_done_yet_is_not_met_and_what_is_not_owed_is_not_known():
    spec = owing()
    id = id_of(spec)
    spec.when(MeetObligation(obligation=id, met_on=SIGNED + timedelta(days=1), proof=REPORT)).refused(DayInFuture)
    spec.when(MeetObligation(obligation=NOBODY, met_on=SIGNED, proof=REPORT)).refused(ObligationUnknown)
    spec.when(MeetObligation(obligation=id, occurrence=END, met_on=SIGNED, proof=REPORT)).refused(
        ObligationUnknown, occurrences=[FIRST.isoformat()]
    )


def test_a_breach_is_made_good_late_or_waived_or_claimed():
    spec, _ = passing(owing(), date(2026, 2, 4))
    id = id_of(spec)
    cured = carried(spec, MeetObligation(obligation=id, occurrence=FIRST, met_on=date(2026, 2, 4), proof=REPORT))
    assert held(cured, FIRST).status is OccurrenceStatus.MET
    waived = carried(spec, WaiveObligation(obligation=id, occurrence=FIRST, reason="storm"))
    assert held(waived, FIRST).status is OccurrenceStatus.WAIVED
    waived.when(WaiveObligation(obligation=id, occurrence=FIRST, reason="storm")).nothing()
    decision = spec.when(DisputeBreach(obligation=id, occurrence=FIRST))
    (claimed,) = decision.events
    assert isinstance(claimed, o.ObligationDisputed)
    assert (claimed.dispute, claimed.claim, claimed.party) == (dispute_of(CONTRACT, id, FIRST), eur("500"), ACME)
    disputed = spec.given(claimed)
    disputed.when(DisputeBreach(obligation=id, occurrence=FIRST)).nothing()
    disputed.when(DisputeBreach(obligation=id, occurrence=FIRST, claim=eur("9"))).refused(BreachDisputed, dispute=str(claimed.dispute))
    disputed.when(WaiveObligation(obligation=id, occurrence=FIRST, reason="storm")).refused(BreachDisputed, dispute=str(claimed.dispute))


def test_only_a_breach_is_claimed():
    spec = owing()
    spec.when(DisputeBreach(obligation=id_of(spec), occurrence=FIRST)).refused(NotBreached, status="pending")


def test_months_keep_their_last_day_and_free_days_are_left_out():
    _, told = passing(owing(due=DueRule(on=FIRST, roll=Roll.PREVIOUS), lead_days=0), date(2026, 6, 1))
    # 31 January 2026 and 28 February are Saturdays, 31 May a Sunday
    assert on(told, o.ObligationFellDue) == [date(2026, 1, 30), date(2026, 2, 27), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 29)]


def test_a_day_that_becomes_a_holiday_moves_what_is_due():
    rule = DueRule(on=FIRST, offset=5, unit=DueUnit.BUSINESS_DAYS)
    spec = owing(due=rule)
    assert held(spec, FIRST).due_on == date(2026, 2, 6)
    holiday = replace(GERMAN, holidays=GERMAN.holidays | {date(2026, 2, 4)})
    moved = spec.knowing({SETTINGS_ID: replace(SETTINGS, calendars={"DE": holiday})}).by(SYSTEM)
    (scheduled,) = [e for e in moved.when(RecordObligations()).events if isinstance(e, o.ObligationScheduled)]
    assert (scheduled.occurrence, scheduled.due_on) == (FIRST, date(2026, 2, 9))


def test_what_is_due_with_the_term_comes_once_for_each():
    rule = DueRule(anchor=DueAnchor.TERM_END, offset=30)
    spec, told = passing(owing(due=rule, recurrence=None, lead_days=0), date(2028, 2, 10))
    assert on(told, o.ObligationFellDue) == [date(2027, 1, 30), date(2028, 1, 30)]
    assert held(spec, date(2028, 12, 31)).status is OccurrenceStatus.PENDING


def test_what_is_owed_at_the_end_is_followed_beyond_it():
    rule = DueRule(anchor=DueAnchor.TERM_END, offset=30)
    spec = carried(
        owing(due=rule, recurrence=None).at(morning(date(2026, 3, 1))), TerminateContract(on=date(2026, 4, 30), cause=EndCause.MUTUAL)
    )
    assert {key[1]: held.status for key, held in spec.state.occurrences.items()} == {
        END: OccurrenceStatus.DROPPED,
        date(2026, 4, 30): OccurrenceStatus.PENDING,
    }
    spec, told = passing(spec, date(2026, 6, 10))
    assert on(told, o.ObligationBreached) == [date(2026, 6, 3)]
    assert not spec.state.watched, "nothing is left to come"


def test_nothing_falls_due_after_the_end():
    spec = owing().at(morning(date(2026, 9, 1)))
    spec, _ = passing(spec, date(2026, 9, 1))
    spec = carried(spec, GiveNotice(sent_on=date(2026, 9, 1)))
    spec, told = passing(spec, date(2027, 3, 1))
    assert max(e.occurrence for _, e in told if isinstance(e, o.ObligationFellDue)) == END
    assert not spec.state.watched


def test_a_renewal_that_is_agreed_carries_what_recurs_on():
    spec = owing()
    spec, _ = passing(spec, date(2026, 12, 20))
    renewal = RenewContract(end=date(2027, 6, 30), signed_on=date(2026, 12, 20), paper=PAPER)
    fixed = carried(signed(terms=terms(renewal=FIXED)), adding())
    fixed, told = passing(fixed, date(2027, 2, 1))
    assert max(e.occurrence for _, e in told if isinstance(e, o.ObligationFellDue)) == END
    spec, told = passing(carried(spec, renewal), date(2027, 2, 1))
    assert max(e.occurrence for _, e in told if isinstance(e, o.ObligationFellDue)) == date(2027, 1, 31)


def test_an_obligation_ends_and_what_is_not_due_is_dropped():
    spec = owing()
    ended = spec.when(EndObligation(obligation=id_of(spec), reason="no longer needed")).events
    assert [type(event) for event in ended] == [o.ObligationEnded, o.ObligationDropped]
    spec.given(*ended).when(EndObligation(obligation=id_of(spec), reason="no longer needed")).nothing()
    spec.when(EndObligation(obligation=NOBODY, reason="no")).refused(ObligationUnknown)


def test_another_member_sees_to_it():
    spec = owing()
    id = id_of(spec)
    assert carried(spec, ReassignObligation(obligation=id, owner=BEN)).state.obligations[id].owner == BEN
    spec.when(ReassignObligation(obligation=id, owner=ANNA)).nothing()
    spec.when(ReassignObligation(obligation=id, owner=GONE)).refused(MemberInactive)
    signed().when(adding(owner=GONE)).refused(MemberInactive)


def test_what_was_due_before_it_was_followed_is_not_held_against_anyone():
    past = owing(due=DueRule(on=date(2020, 1, 1)), recurrence=Recurrence(every=1, unit=RecurrenceUnit.WEEKS))
    (key,) = past.state.occurrences
    assert key[1] == date(2025, 12, 17), "the first Wednesday from the day it was added"
    followed = owing(due=DueRule(on=date(2025, 11, 1)), since=date(2025, 11, 1))
    assert [key[1] for key in followed.state.occurrences] == [date(2026, 1, 1)], "nothing is owed before the signature"


def test_what_is_overdue_by_a_contract_that_was_signed_after_it_began_is_breached():
    began = SIGNED - timedelta(days=60)
    spec = carried(contract, registering(terms=terms(start=began, end=END)))
    due = SIGNED - timedelta(days=2)
    told = carried(spec, adding(due=DueRule(on=due), recurrence=None, grace_days=0, since=began), RecordObligations())
    assert held(told, due).status is OccurrenceStatus.BREACHED


def test_what_would_never_be_due_is_refused_with_the_day_from_which_it_is_followed():
    due = SIGNED - timedelta(days=2)
    once = adding(due=DueRule(on=due), recurrence=None)
    said = signed().when(once).refused(NeverDue, since=SIGNED.isoformat())
    assert "earlier `since`" in str(said)
    said = signed().when(once.model_copy(update={"since": due})).refused(NeverDue, since=SIGNED.isoformat())
    assert "nothing is owed before the contract is signed" in str(said)
    assert carried(contract, drafting()).when(once).refused(NeverDue)
    assert signed().when(adding(due=DueRule(anchor=DueAnchor.TERM_END, offset=30), recurrence=None)).events


def test_a_penalty_is_in_the_currency_of_the_contract():
    signed().when(adding(penalty=Money(amount=Decimal(500), currency="USD"))).refused(PenaltyElsewhere, currency="EUR")
    assert signed(terms=terms(value=None)).when(adding()).events


def test_an_obligation_of_a_draft_begins_with_the_signature():
    draft = carried(contract, drafting(), adding())
    assert not draft.state.occurrences
    over, _ = passing(signed(terms=terms(renewal=FIXED)), date(2027, 1, 2))
    over.when(adding()).refused(ContractNotInForce, status="expired")


def test_a_proof_may_be_a_contact_that_we_know():
    spec = owing(proof=EvidenceKind.CONTACT)
    known = MeetObligation(obligation=id_of(spec), met_on=SIGNED, proof=Proof(contact=BUYER))
    assert spec.when(known).events
    assert spec.when(known.model_copy(update={"proof": Proof(contact=NOBODY)})).refusal is not None
    assert START > SIGNED
