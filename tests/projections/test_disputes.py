"""Rows of disputes say what the cases' own states say, after every event of any history, and facts that come late are counted right."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.disputes import commands as c
from domain.disputes import disputes
from domain.disputes.ledger import Bucket
from domain.disputes.state import Dispute
from domain.disputes.terms import Party, Visibility
from domain.kernel import Event, Recorded, natural_id
from infra.event_store.envelope import Meta
from projections.batch import Entry
from projections.dispute_case import Case, case_of
from projections.dispute_shared import shared_case
from projections.dispute_tables import AMOUNTS, DISPUTES, LINES, SETTLEMENTS
from projections.disputes import Disputes
from projections.rows import Row, Rows
from tests.domain.dispute_world import BUYER, CASE, CHIEF, SUPPLIER, Desk, investigating, line, offer
from tests.domain.test_disputes_histories import CASES, STEPS, Play

QUIETLY = settings(deadline=None, suppress_health_check=list(HealthCheck))
START = datetime(2026, 3, 2, tzinfo=UTC)
META = Meta(uuid4(), uuid4(), uuid4()).encode()


def entries(history: list[Event]) -> list[Entry]:
    """A stream's events, recorded an hour apart."""
    at = [START + timedelta(hours=n) for n in range(len(history))]
    return [Entry(n + 1, CASE, n + 1, event, META, at[n], at[n]) for n, event in enumerate(history)]


def fold(told: list[Entry]) -> Rows:
    rows, projection = Rows(Disputes.tables), Disputes()
    for number, entry in enumerate(told, 1):
        rows.begin(CASE, number, entry.effective_at)
        projection.handle(rows, entry)
    rows.begin(CASE, len(told) + 1, START)
    return rows


def agrees(row: Row, rows: Rows, case: Dispute) -> None:
    assert row["version"] == case.version
    assert row["status"] == case.status.value
    plain = ("account", "owner", "team", "title", "currency", "parent", "opened_at", "closed_at", "root_cause")
    assert {name: row[name] for name in plain} == {name: getattr(case, name) for name in plain}
    assert (row["side"], row["reason"], row["severity"], row["escalation"]) == (case.side, case.reason, case.severity, case.level)
    ledger = case.ledger.gross
    assert [row[name] for name in AMOUNTS] == [ledger.original, *(ledger.of(bucket) for bucket in Bucket)]
    assert row["original"] == sum((row[name] for name in AMOUNTS[1:]), Decimal(0))
    held = {r["line"]: r for r in rows.all(LINES)}
    assert held.keys() == case.lines.keys()
    for id, stated in case.lines.items():
        for bucket in Bucket:
            part = stated.account.of(bucket)
            assert (held[id][bucket.value], held[id][f"{bucket.value}_tax"]) == (part.gross, part.tax)
        assert (held[id]["original"], held[id]["original_tax"]) == (stated.account.original.gross, stated.account.original.tax)
    assert {s["document"] for s in rows.all(SETTLEMENTS) if not s["reversed"]} == case.settlements.keys()
    running = [r.due_at for r in case.readings if r.stopped_at is None and r.paused_at is None and r.due_at is not None]
    assert row["due_at"] == min(running, default=None)


@settings(QUIETLY, max_examples=40)
@given(st.sampled_from(["EUR", "JPY", "KWD"]), STEPS)
def test_after_every_event_of_any_history_the_rows_say_what_the_state_says(currency, steps):
    play = Play(currency)
    for step in steps:
        play.step(*step)
    for id in play.cases:
        history = play.desk.world.histories.get(id, [])
        rows, projection, case = Rows(Disputes.tables), Disputes(), None
        for entry in entries(history):
            case = disputes.evolve(case, entry.event)
            rows.begin(CASE, entry.position, entry.effective_at)
            projection.handle(rows, entry)
            assert case is not None
            row = rows.get(DISPUTES)
            assert row is not None
            agrees(row, rows, case)


@settings(QUIETLY, max_examples=40)
@given(STEPS, st.randoms(use_true_random=False))
def test_facts_that_came_late_leave_amounts_status_and_clocks_as_they_are_known(steps, chance: random.Random):
    """A late fact is folded where it was so; what was recorded last still says the status, and amounts add up in any order."""
    play = Play("EUR")
    for step in steps:
        play.step(*step)
    for id in CASES:
        told = entries(play.desk.world.histories.get(id, []))
        if len(told) < 4:
            continue
        moved = told[:]
        late = moved.pop(chance.randrange(2, len(moved)))
        moved.insert(chance.randrange(1, len(moved)), late)
        straight, bent = fold(told).get(DISPUTES), fold(moved).get(DISPUTES)
        assert straight is not None
        assert bent is not None
        names = (*AMOUNTS, "status", "due_at", "due_clock", "resolve_due_at", "paused_at", "version")
        assert {n: bent[n] for n in names} == {n: straight[n] for n in names}


def recorded(history: list[Event]) -> list[Recorded]:
    return [
        Recorded(CASE, e.version, e.position, e.event, e.recorded_at, e.effective_at, natural_id("test", "someone"), None, CASE, CASE, None)
        for e in entries(history)
    ]


def view(desk: Desk) -> tuple[Dispute, Case, list[Recorded]]:
    history = recorded(desk.world.histories[CASE])
    return desk.case(), case_of(desk.case(), history), history


def test_a_case_tells_its_pauses_with_what_was_asked_and_what_came_of_each_offer():
    desk = investigating()
    asked_at = desk.wait(hours=5).now
    desk.do(c.AwaitSupplier(question="Which list?"))
    answered_at = desk.wait(hours=30).now
    desk.do(c.Comment(text="That of May.", by=Party.THEM))
    desk.do(c.ProposeSettlement(terms=offer(credit="119.00")))
    desk.do(c.ProposeSettlement(terms=offer(credit="19.00", pay="100.00"), by=Party.THEM))
    desk.do(c.ProposeSettlement(terms=offer(credit="60.00", pay="59.00")))
    desk.do(c.RejectSettlement(offer=desk.case().offer.id, note="No.", by=Party.THEM))
    _, case, _ = view(desk)
    [resolve] = [clock for clock in case.clocks if clock.kind == "resolve"]
    assert [(p.since, p.until, p.question) for p in resolve.pauses] == [(asked_at, answered_at, "Which list?")]
    assert resolve.limit - resolve.spent < 30 * 24 * 3600
    assert [(o.party, o.outcome, o.reply) for o in case.offers] == [
        ("us", "countered", None),
        ("them", "countered", None),
        ("us", "rejected", "No."),
    ]
    assert case.balanced


CANARY = "zebra"


def full_of_canaries() -> Desk:
    """A case in which everything that is internal carries the word."""
    desk = investigating(line(10), line(20), title="Claim")
    inside: dict[str, Any] = {"visibility": Visibility.INTERNAL}
    desk.do(c.Comment(text=f"{CANARY} among us", **inside))
    desk.do(c.AttachEvidence(evidence={"kind": "other", "document": f"{CANARY}.pdf", "note": CANARY, **inside}))
    desk.do(c.AttachEvidence(evidence={"kind": "other", "document": "shown.pdf"}))
    shown = [id for id, piece in desk.case().evidence.items() if piece.evidence.document == "shown.pdf"]
    desk.do(c.RetractEvidence(evidence=shown[0], reason=CANARY))
    desk.do(c.EscalateDispute(level=2, note=CANARY))
    desk.do(c.LiftEscalation(note=CANARY))
    desk.do(c.DemandCorrectiveAction(note=CANARY))
    desk.do(c.ReverseDisputeLine(line=desk.line_ids()[1], reason=CANARY))
    desk.do(c.RecordCorrectiveStep(step="d3", text=CANARY, by=Party.US))
    desk.do(c.RecordSettlement(kind="concession", amount="19.00", on=START.date(), note=CANARY))
    desk.do(c.ReverseSettlement(document=next(iter(desk.case().settlements)), reason=CANARY))
    return desk


@pytest.mark.parametrize("ending", [None, c.WriteOffDispute(reason="other", note=CANARY)])
def test_nothing_internal_is_in_what_the_other_side_sees(ending):
    desk = full_of_canaries()
    if ending is not None:
        desk.do(ending, by=CHIEF)
        desk.do(c.CloseDispute(root_cause="other", note=CANARY))
        desk.do(c.ReopenDispute(reason=CANARY, evidence=({"kind": "other", "document": CANARY, "visibility": "internal"},)))
    state, case, history = view(desk)
    assert CANARY in case.model_dump_json()
    shown = shared_case(state, case, history).model_dump_json()
    assert CANARY not in shown
    assert "shown.pdf" in shown
    for member in (BUYER.id, SUPPLIER.id):
        assert str(member) not in shown


def test_what_both_sides_may_see_is_there():
    desk = investigating()
    desk.do(c.Comment(text="Hello", by=Party.THEM))
    desk.do(c.AwaitSupplier(question="When?"))
    state, case, history = view(desk)
    shown = shared_case(state, case, history)
    assert [(said.text, said.yours) for said in shown.comments] == [("Hello", True)]
    assert {clock.kind for clock in shown.clocks} == {"acknowledge", "first_answer", "reply"}
    assert "They asked you: When?" in [told.what for told in shown.history]
