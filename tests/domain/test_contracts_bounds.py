"""Contracts know the days of three centuries: what lies outside is refused, and what older histories hold of it stops no clock."""

from __future__ import annotations

from datetime import date

import pytest

from domain.contracts import obligation_events as o
from domain.contracts.commands import ProposeAmendment, TerminateContract
from domain.contracts.events import ContractTerminationAgreed
from domain.contracts.in_force import LATEST
from domain.contracts.obligation_commands import AddObligation, MeetObligation, RecordObligations
from domain.contracts.refusals import TermsUnsound
from domain.contracts.terms import EndCause, OccurrenceStatus, Party, Proof, TermChanges
from domain.kernel import natural_id
from domain.obligation_dates import DueRule, Recurrence, RecurrenceUnit
from domain.stages import EvidenceKind
from tests.domain.contract_world import BEFORE_PERIOD, EVERGREEN, SIGNED, morning, passing, registering, signed, terms
from tests.domain.deal_world import ANNA
from workflows.contract_clocks import next_due

FAR, LONG_AGO = date(9999, 12, 31), date(1, 1, 1)
DAILY = Recurrence(every=1, unit=RecurrenceUnit.DAYS)
OWED = natural_id("test", "what is owed on a far day")
evergreen = signed(terms=terms(end=None, renewal=EVERGREEN, notice=BEFORE_PERIOD))


def owing(on: date, **more: object) -> AddObligation:
    return AddObligation.model_validate({"title": "Never", "by": Party.THEM, "due": DueRule(on=on), **more})


@pytest.mark.parametrize("command", [
    owing(FAR, recurrence=DAILY),
    owing(date(2200, 1, 1)),
    owing(LONG_AGO),
    owing(date(2026, 2, 1), since=LONG_AGO),
    owing(date(2026, 2, 1), recurrence=Recurrence(every=1, until=FAR)),
    MeetObligation(obligation=OWED, met_on=LONG_AGO, proof=Proof(note="Done")),
    TerminateContract(on=FAR, cause=EndCause.MUTUAL),
    ProposeAmendment(title="Later", effective_on=FAR, changes=TermChanges(payment_days=10)),
    ProposeAmendment(title="Longer", effective_on=SIGNED, changes=TermChanges(end=FAR)),
    registering(signed_on=LONG_AGO),
])  # fmt: skip
def test_every_day_that_a_contract_is_given_lies_between_1900_and_2199(command):
    refusal = evergreen.when(command).refused(TermsUnsound)
    assert "between 1900-01-01 and 2199-12-31" in refusal.detail


def _stored(on: date) -> tuple[o.ObligationAdded, o.ObligationScheduled]:
    """What a history from before the rule may hold."""
    added = o.ObligationAdded(
        obligation=OWED,
        title="Never",
        by=Party.THEM,
        owner=ANNA,
        due=DueRule(on=on),
        recurrence=DAILY,
        lead_days=14,
        grace_days=0,
        proof=EvidenceKind.NOTE,
        since=SIGNED,
    )
    facts = {"obligation": OWED, "occurrence": on, "title": "Never", "by": Party.THEM, "owner": ANNA}
    return added, o.ObligationScheduled(**facts, due_on=on, due_from=date(9999, 12, 17), breached_after=on)


def test_a_far_day_of_an_older_history_stops_no_clock_and_falls_away_in_words():
    spec = evergreen.given(*_stored(FAR))
    assert spec.state is not None
    assert next_due(spec.state, morning(SIGNED)) is not None
    later, told = passing(spec, date(2026, 1, 2))
    (dropped,) = [event for _, event in told if isinstance(event, o.ObligationDropped)]
    assert (dropped.occurrence, dropped.reason) == (FAR, f"No contract lasts beyond {LATEST}.")
    assert later.state is not None
    assert later.state.occurrences[OWED, FAR].status is OccurrenceStatus.DROPPED
    later.when(RecordObligations()).nothing()


def test_a_termination_for_a_far_day_of_an_older_history_stops_no_clock():
    spec = evergreen.given(ContractTerminationAgreed(on=FAR, cause=EndCause.MUTUAL))
    assert spec.state is not None
    assert next_due(spec.state, morning(SIGNED)) is not None
    passing(spec, date(2026, 1, 2))


def test_what_was_met_on_a_far_day_has_no_next():
    met = o.ObligationMet(
        obligation=OWED,
        occurrence=FAR,
        due_on=FAR,
        met_on=SIGNED,
        late=False,
        previous=OccurrenceStatus.PENDING,
        proof=Proof(note="Done"),
    )
    evergreen.given(*_stored(FAR), met).when(RecordObligations()).nothing()
