"""What stays owed of a contract that ends, how a termination is taken back, and claims that have something to claim."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from domain.contracts import dispute_of
from domain.contracts import obligation_events as o
from domain.contracts.chain import dispute_after
from domain.contracts.commands import RecordTermEnd, RevokeTermination, TerminateContract
from domain.contracts.obligation_commands import AddObligation, DisputeBreach, MeetObligation, RecordObligations, WaiveObligation
from domain.contracts.refusals import BreachDisputed, ContractNotInForce, NothingClaimed, ObligationUnknown, PenaltyNotPositive
from domain.contracts.terms import ContractStatus, EndCause, OccurrenceStatus, Party, Proof
from domain.disputes.state import Dispute
from domain.disputes.terms import Status
from domain.obligation_dates import DueAnchor, DueRule, Recurrence, RecurrenceUnit
from domain.values import Money
from projections.batch import Entry
from projections.contract_tables import CONTRACTS, DAYS
from projections.contracts import Contracts
from projections.rows import Rows
from tests.domain.contract_world import CONTRACT, carried, contract, morning, on, passing, registering
from tests.domain.deal_world import eur
from tests.domain.dispute_world import opened

DAILY = Recurrence(every=1, unit=RecurrenceUnit.DAYS)
FIRST, NOW, LAST = date(2026, 3, 1), date(2026, 3, 22), date(2026, 3, 10)
ENDING = TerminateContract(on=LAST, cause=EndCause.MUTUAL)


def owing(**changes: object) -> AddObligation:
    said = {"title": "Daily report", "by": Party.THEM, "due": DueRule(on=FIRST), "recurrence": DAILY, "since": FIRST, **changes}
    return AddObligation.model_validate(said)


def running(**changes: object):
    """A contract whose daily report nobody has written until 22 March 2026; what comes within two weeks is due already."""
    begun = carried(contract.at(morning(FIRST)), registering(), owing(**changes))
    return carried(begun.at(morning(NOW)), RecordObligations())


def statuses(spec) -> dict[date, OccurrenceStatus]:
    return {key[1]: held.status for key, held in spec.state.occurrences.items()}


def test_of_a_contract_that_has_ended_only_what_was_due_by_its_last_day_stays_owed():
    before = running()
    assert statuses(before)[date(2026, 4, 4)] is OccurrenceStatus.DUE
    ended = carried(before, ENDING)
    found = statuses(ended)
    assert {day for day, status in found.items() if status is OccurrenceStatus.BREACHED} == {date(2026, 3, n) for n in range(1, 11)}
    assert {status for day, status in found.items() if day > LAST} == {OccurrenceStatus.DROPPED}
    (id,) = ended.state.obligations
    late = MeetObligation(obligation=id, occurrence=date(2026, 3, 25), met_on=NOW, proof=Proof(note="Done"))
    ended.when(late).refused(ObligationUnknown)
    ended.when(RecordObligations()).nothing()


def shown(spec) -> tuple[dict, dict[date, tuple[str, bool]]]:
    """The contract's row, and what calendars show of each time that something is owed."""
    projection, rows = Contracts(), Rows(Contracts.tables)
    for position, event in enumerate(spec.events, 1):
        if event.topic in Contracts.topics:
            rows.begin(CONTRACT, position, spec.now)
            projection.handle(rows, Entry(position, CONTRACT, position, event, b"", spec.now, spec.now))
    row = rows.get(CONTRACTS)
    assert row is not None
    return row, {day["occurrence"]: (day["status"], day["open"]) for day in rows.all(DAYS) if day["obligation"]}


def test_lists_and_calendars_show_what_stays_owed_and_what_a_revoked_termination_brings_back():
    row, days = shown(carried(running(), ENDING))
    assert (row["status"], row["breaches"]) == ("terminated", 10)
    assert {value for day, value in days.items() if day > LAST} == {("dropped", False)}
    assert {value for day, value in days.items() if day <= LAST} == {("breached", False)}
    assert shown(carried(running(), ENDING, RevokeTermination(reason="Mistyped"), RecordObligations()))[1] == shown(running())[1]
    assert row["breaches"] < shown(running())[0]["breaches"] == 21


def test_a_coming_end_drops_what_would_be_due_after_it_though_its_time_to_act_has_come():
    last = date(2026, 3, 25)
    agreed = carried(running(), TerminateContract(on=last, cause=EndCause.MUTUAL))
    assert {day for day, status in statuses(agreed).items() if status is OccurrenceStatus.DUE} == {date(2026, 3, n) for n in range(22, 26)}
    again = carried(agreed, RevokeTermination(reason="We go on"), RecordObligations())
    assert statuses(again) == statuses(running())


def test_what_is_due_after_the_end_by_its_own_rule_stays_owed():
    keys = running(due=DueRule(anchor=DueAnchor.TERM_END, offset=10), recurrence=None, title="Keys")
    _, told = passing(carried(keys, TerminateContract(on=date(2026, 3, 25), cause=EndCause.MUTUAL)), date(2026, 4, 6))
    assert on(told, o.ObligationBreached) == [date(2026, 4, 5)]


def test_a_termination_that_has_ended_the_contract_is_revoked_and_what_fell_away_is_owed_again():
    ended = carried(running(), ENDING)
    assert (ended.state.status, ended.state.ended_on) == (ContractStatus.TERMINATED, LAST)
    again = carried(ended, RevokeTermination(reason="The day was mistyped"), RecordObligations())
    assert (again.state.status, again.state.ended_on, again.state.termination) == (ContractStatus.ACTIVE, None, None)
    assert statuses(again) == statuses(running())
    again.when(RevokeTermination(reason="The day was mistyped")).nothing()
    agreed = carried(running(), TerminateContract(on=NOW, cause=EndCause.MUTUAL))
    over = carried(agreed.at(morning(date(2026, 3, 23))), RecordTermEnd())
    assert carried(over, RevokeTermination(reason="We go on")).state.in_force
    contract.given(*contract.when(registering()).events[:1]).when(RevokeTermination(reason="x")).refused(ContractNotInForce)


@pytest.mark.parametrize("amount", ["-300", "0"])
def test_a_penalty_is_more_than_nothing(amount):
    running().when(owing(title="Another", penalty=eur(amount))).refused(PenaltyNotPositive)


def test_a_claim_asks_for_something():
    spec = running()
    (id,) = spec.state.obligations
    claim = DisputeBreach(obligation=id, occurrence=FIRST)
    spec.when(claim).refused(NothingClaimed)
    spec.when(claim.model_copy(update={"claim": eur("-1")})).refused(NothingClaimed)
    (claimed,) = spec.when(claim.model_copy(update={"claim": eur("40")})).events
    assert claimed.claim == Money(amount=Decimal(40), currency="EUR")


def test_what_was_claimed_in_a_case_that_is_void_is_claimed_anew_or_let_go():
    spec = running(penalty=eur("500"))
    (id,) = spec.state.obligations
    claim, first = DisputeBreach(obligation=id, occurrence=FIRST), dispute_of(CONTRACT, id, FIRST)
    case = opened().case()

    def standing(status: Status, at, of: Dispute = case):
        return claimed.knowing({**claimed.facts, at: replace(of, status=status)})

    claimed = carried(spec, claim)
    standing(Status.OPENED, first).when(claim).nothing()
    let_go = WaiveObligation(obligation=id, occurrence=FIRST, reason="storm")
    standing(Status.OPENED, first).when(let_go).refused(BreachDisputed)
    void = standing(Status.VOIDED, first)
    assert void.when(let_go).events
    (again,) = void.when(claim).events
    assert isinstance(again, o.ObligationDisputed)
    assert again.dispute == dispute_after(first) != first
    claimed = void.given(again)
    standing(Status.DRAFT, again.dispute).when(claim).nothing()
