"""What time brings: warnings, levels of escalation, late settlements, and the dates of a corrective action."""

from __future__ import annotations

from datetime import timedelta

from domain.disputes import commands as c
from domain.disputes import corrective_events as x
from domain.disputes import events as e
from domain.disputes import refusals as r
from domain.disputes.clock_events import DisputeClockWarned, DisputeEscalated, DisputeEscalationLifted, DisputeSettlementOverdue
from domain.disputes.terms import ClockKind, EightD, Party, Status
from domain.disputes.timing import due, next_due
from domain.settings import Settings
from tests.domain.clock_oracle import utc
from tests.domain.dispute_world import (
    CASE,
    CHIEF,
    CHILD,
    GLOBEX,
    SUPPLIER,
    Desk,
    agreed,
    claim,
    credit_note,
    investigating,
    kinds,
    line,
    offer,
    opened,
    selling,
)

STEPS = (EightD.D3, EightD.D4, EightD.D5, EightD.D6, EightD.D7)


def drive(desk: Desk, until: timedelta) -> list[tuple[str, object]]:
    """As the workflow does: looks whenever something falls due, up to so long from now."""
    end, told = desk.now + until, list[tuple[str, object]]()
    while (at := next_due(desk.case(), Settings(), desk.now)) is not None and at <= end:
        desk.world.now = at
        for event in desk.do(c.RecordDue()):
            match event:
                case DisputeClockWarned(clock=clock, percent=percent):
                    told.append((f"{clock} {percent}", at))
                case DisputeEscalated(level=level, clock=clock):
                    told.append((f"{clock} level {level}", at))
                case e.DisputeInvestigationStarted():
                    told.append(("investigating", at))
                case x.CorrectiveStepMissed(step=step):
                    told.append((f"missed {step}", at))
                case DisputeSettlementOverdue():
                    told.append(("overdue", at))
        desk.quiet(c.RecordDue())
    desk.world.now = end
    return told


def test_a_claim_that_nobody_answers_warns_and_climbs_to_the_top():
    desk = opened()  # Monday, 9:00
    told = drive(desk, timedelta(days=70))
    assert told[:9] == [
        ("acknowledge 50", utc(2026, 3, 2, 17)),
        ("acknowledge 75", utc(2026, 3, 3, 13)),
        ("investigating", utc(2026, 3, 3, 17)),
        ("acknowledge level 1", utc(2026, 3, 3, 17)),
        ("first_answer 50", utc(2026, 3, 4, 13)),
        ("first_answer 75", utc(2026, 3, 5, 15)),
        ("first_answer level 2", utc(2026, 3, 11, 13)),
        ("first_answer level 3", utc(2026, 3, 13, 17)),
        ("resolve 50", utc(2026, 3, 17, 9)),
    ]
    assert told[9:] == [("resolve 75", utc(2026, 3, 24, 21))]
    assert desk.case().level == 3
    assert desk.last(DisputeEscalated).contract_notice
    assert next_due(desk.case(), Settings(), desk.now) is None


def test_what_is_resolved_in_time_warns_nobody():
    desk = opened()
    desk.wait(hours=2).do(credit_note("119.00"), by=SUPPLIER)
    assert drive(desk, timedelta(days=100)) == []
    assert not due(desk.case(), Settings(), desk.now)


def test_when_nobody_looked_for_long_only_what_still_matters_is_told():
    desk = investigating()
    desk.do(c.Comment(text="We look."), by=SUPPLIER)
    desk.wait(days=46)
    assert kinds(desk.do(c.RecordDue())) == ["escalated", "escalated"]
    assert (desk.case().level, desk.last(DisputeEscalated).clock) == (2, ClockKind.RESOLVE)


def test_a_late_fact_that_shows_the_answer_was_in_time_takes_the_escalation_back():
    desk = opened().wait(days=1)
    desk.do(c.AcknowledgeDispute(by=Party.THEM))
    drive(desk, timedelta(days=7))
    assert desk.case().level == 1
    letter = utc(2026, 3, 5, 12)
    desk.do(c.Comment(text="Their letter lay in the wrong tray.", by=Party.THEM), by=CHIEF, at=letter)
    (lifted, *_) = desk.do(c.RecordDue())
    assert isinstance(lifted, DisputeEscalationLifted)
    assert (lifted.level, lifted.late_fact) == (0, True)
    desk.quiet(c.RecordDue())


def test_an_answer_that_came_too_late_leaves_the_level():
    desk = investigating()
    drive(desk, timedelta(days=6))
    assert desk.case().level == 1
    desk.do(c.Comment(text="Sorry."), by=SUPPLIER)
    desk.quiet(c.RecordDue())
    assert desk.case().level == 1


def test_a_clock_that_a_late_fact_moves_warns_again_at_its_new_time():
    desk = investigating()
    desk.do(c.Comment(text="We look."), by=SUPPLIER)
    drive(desk, timedelta(days=16))
    assert desk.last(DisputeClockWarned).percent == 50
    desk.do(c.AwaitSupplier(question="Which list?"), by=CHIEF, at=desk.now - timedelta(days=10))
    desk.do(c.Comment(text="That of May.", by=Party.THEM), by=CHIEF, at=desk.now - timedelta(days=3))
    assert drive(desk, timedelta(days=7)) == [("resolve 50", utc(2026, 3, 24, 9))]


def test_a_person_escalates_and_takes_it_back():
    desk = investigating()
    desk.do(c.EscalateDispute(level=2, note="They do not call back."))
    assert (desk.case().level, desk.last(DisputeEscalated).contract_notice) == (2, False)
    desk.quiet(c.EscalateDispute(level=2, note="Again."))
    desk.refused(r.LevelNotHigher, c.EscalateDispute(level=1, note="Lower."))
    desk.do(c.LiftEscalation(note="They called."))
    desk.quiet(c.LiftEscalation(note="They called."))
    assert desk.case().level == 0
    Desk().all().do(claim())
    settled = opened()
    settled.do(c.WithdrawDispute(reason="Enough."))
    settled.refused(r.DisputeNotThere, c.EscalateDispute(level=1, note="Late."))


def test_what_a_person_took_back_a_clock_does_not_raise_again_for_the_same():
    desk = investigating()
    drive(desk, timedelta(days=6))
    assert desk.case().level == 1
    desk.do(c.LiftEscalation(note="We know."))
    desk.quiet(c.RecordDue())
    drive(desk, timedelta(days=4))
    assert desk.case().level == 2


def test_an_agreement_that_is_not_carried_out_is_told_once():
    desk = agreed(offer(credit="119.00", settle_by="2026-03-05"))
    assert ("overdue", utc(2026, 3, 6)) in drive(desk, timedelta(days=20))
    assert desk.count(DisputeSettlementOverdue) == 1
    assert desk.last(DisputeSettlementOverdue).open.amount == 119
    without = agreed(offer(credit="119.00"))
    assert ("overdue", utc(2026, 3, 16, 9)) in drive(without, timedelta(days=20))
    done = agreed(offer(credit="119.00", settle_by="2026-03-05"))
    done.do(credit_note("119.00"))
    assert drive(done, timedelta(days=20)) == []


def repeated() -> Desk:
    """A second case with the same supplier for the same reason, 80 days after the first."""
    desk = opened().wait(days=80)
    desk.do(claim(line(20)), case=CHILD)
    return desk


def test_a_case_that_repeats_within_ninety_days_demands_a_corrective_action():
    desk = repeated()
    demanded = desk.last(x.CorrectiveActionDemanded, CHILD)
    assert demanded.repeats == (CASE,)
    hours = [(at - demanded.at).total_seconds() / 3600 for at in (demanded.d3_due, demanded.d4_due, demanded.d5_due)]
    assert hours == [48, 14 * 24, 30 * 24]
    assert desk.last(e.DisputeOpened, CHILD).repeats == (CASE,)


def test_what_lies_further_back_or_was_another_matter_demands_nothing():
    for desk, other in (
        (opened().wait(days=91), claim(line(20))),
        (opened().wait(days=10), claim(line(20), account=GLOBEX)),
        (opened().wait(days=10), claim(line(20), reason="terms")),
        (opened().wait(days=10), selling(line(20))),
    ):
        desk.do(other, case=CHILD)
        assert desk.count(x.CorrectiveActionDemanded, CHILD) == 0
    withdrawn = opened()
    withdrawn.do(c.WithdrawDispute(reason="Ours."))
    withdrawn.do(claim(line(20)), case=CHILD)
    assert withdrawn.count(x.CorrectiveActionDemanded, CHILD) == 0


def test_the_dates_of_a_corrective_action_pass_one_by_one():
    desk = repeated()
    desk.do(c.WithdrawDispute(reason="Enough."), case=CASE)
    demanded = desk.last(x.CorrectiveActionDemanded, CHILD)
    desk.do(c.RecordCorrectiveStep(step=EightD.D3, text="Stock is blocked."), by=SUPPLIER, case=CHILD)
    missed = []
    while (at := next_due(desk.case(CHILD), Settings(), desk.now)) is not None:
        desk.world.now = at
        missed += [v for v in desk.do(c.RecordDue(), case=CHILD) if isinstance(v, x.CorrectiveStepMissed)]
    assert [(m.step, m.due) for m in missed] == [(EightD.D4, demanded.d4_due), (EightD.D5, demanded.d5_due)]


def done(desk: Desk, *steps: EightD) -> None:
    for step in steps:
        desk.do(c.RecordCorrectiveStep(step=step, text="Done.", causes=("training",)), case=CHILD)


def test_steps_come_in_their_order():
    desk = repeated()
    refusal = desk.refused(r.StepOutOfOrder, c.RecordCorrectiveStep(step=EightD.D5, text="New gauge."), case=CHILD)
    assert refusal.data["missing"] == ["d3", "d4"]
    done(desk, EightD.D3)
    desk.quiet(c.RecordCorrectiveStep(step=EightD.D3, text="Done."), case=CHILD)


def test_operator_error_alone_is_no_root_cause():
    desk = repeated()
    done(desk, EightD.D3)

    def cause(*causes: str) -> c.RecordCorrectiveStep:
        return c.RecordCorrectiveStep(step=EightD.D4, text="He slipped.", causes=causes)

    desk.refused(r.OperatorErrorAlone, cause("operator_error"), case=CHILD)
    desk.refused(r.OperatorErrorAlone, cause("operator_error", "operator_error"), case=CHILD)
    desk.refused(r.CodeUnknown, cause(), case=CHILD)
    desk.refused(r.CodeUnknown, cause("bad_luck"), case=CHILD)
    desk.do(cause("operator_error", "missing_control"), case=CHILD)


def test_it_closes_after_its_effect_was_checked():
    desk = repeated()
    done(desk, *STEPS[:3])
    assert desk.refused(r.StepOutOfOrder, c.CheckCorrectiveAction(effective=True, note="Fine."), case=CHILD).data["missing"] == ["d6", "d7"]
    done(desk, *STEPS[3:])
    assert kinds(desk.do(c.CheckCorrectiveAction(effective=True, note="No case since."), case=CHILD)) == ["checked", "closed"]
    desk.refused(r.CorrectiveActionNotOpen, c.CheckCorrectiveAction(effective=True, note="Again."), case=CHILD)


def test_without_effect_it_begins_anew():
    desk = repeated()
    done(desk, *STEPS)
    desk.wait(days=20).do(c.CheckCorrectiveAction(effective=False, note="It happened again."), case=CHILD)
    action = desk.case(CHILD).corrective
    assert action is not None
    assert (action.round, action.done, action.due[EightD.D3]) == (2, frozenset(), desk.now + timedelta(hours=48))


def test_a_claim_that_is_given_up_asks_for_no_corrective_action():
    desk = repeated()
    assert kinds(desk.do(c.WithdrawDispute(reason="Ours."), case=CHILD))[:2] == ["withdrawn", "cancelled"]
    other = repeated()
    other.do(c.VoidDispute(reason="Twice."), case=CHILD)
    action = other.case(CHILD).corrective
    assert action is not None
    assert not action.open


def test_one_may_be_demanded_and_cancelled_by_hand():
    desk = opened()
    desk.refused(r.CorrectiveActionNotOpen, c.RecordCorrectiveStep(step=EightD.D3, text="?"))
    desk.do(c.DemandCorrectiveAction(note="Serious enough."))
    desk.quiet(c.DemandCorrectiveAction(note="Serious enough."))
    desk.do(c.CancelCorrectiveAction(reason="The supplier left."))
    desk.quiet(c.CancelCorrectiveAction(reason="The supplier left."))
    assert desk.case().status is Status.OPENED
