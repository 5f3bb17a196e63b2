"""Suppliers: what they may deliver where, their score from what happened, and bands that block orders."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import hypothesis
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.accounts import OpenAccount, accounts
from domain.dispute_rules import STARTING_DISPUTE_RULES, ChangeDisputeRules, DisputeRulesChanged, EvidenceKind, EvidenceNeed, Reason
from domain.disputes.commands import Comment
from domain.disputes.terms import Party
from domain.kernel import SYSTEM, Actor, Command, Event, Forbidden, Invalid, NotFound, Refused, Role, natural_id
from domain.settings import SETTINGS_ID, settings
from domain.suppliers import commands as c
from domain.suppliers import events as e
from domain.suppliers import scorecards, supplier_id, suppliers
from domain.suppliers.decider import MonthNotBegun, NotQualified, QualificationIncomplete, ScorecardFaulty, SupplierBlocked
from domain.suppliers.scoring import STARTING_SCORECARD, band_of, fault, figures, months_until, score
from domain.suppliers.state import Activity, Supplier
from domain.suppliers.terms import Band, Measure, Qualification, Weight
from tests.domain import strategies
from tests.domain.dispute_world import HEAD, NOBODY, claim, money, opened
from tests.domain.world import World
from tests.spec import NOW, Spec

ACME = natural_id("test", "acme")
BUYER = Actor(natural_id("test", "bea"), frozenset({Role.PROCUREMENT}))
ADMIN = Actor(natural_id("test", "ada"), frozenset({Role.ADMIN}))
TODAY = NOW.date()


@dataclass
class Store:
    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.world.do(accounts, ACME, OpenAccount(legal_name="Acme", roles=("supplier",)))

    def run(self, command: Any, by: Actor = BUYER) -> tuple[Any, ...] | Refused:
        return self.world.run(suppliers, supplier_id(ACME), command, by)

    def do(self, command: Any, by: Actor = BUYER) -> tuple[Event, ...]:
        outcome = self.run(command, by)
        assert not isinstance(outcome, Refused), f"{outcome.rule}: {outcome.detail}"
        return outcome

    def refused(self, rule: type[Refused], command: Any, by: Actor = BUYER) -> Refused:
        outcome = self.run(command, by)
        assert isinstance(outcome, rule), outcome
        assert outcome.detail.endswith((".", "!"))
        return outcome

    def quiet(self, command: Any) -> None:
        assert self.run(command) == ()

    @property
    def supplier(self) -> Supplier:
        found: Supplier = self.world.state(suppliers, supplier_id(ACME))
        return found

    def ordered(self, number: int = 1, **other: Any) -> c.RecordOrder:
        return c.RecordOrder(account=ACME, order=f"PO-{number}", on=TODAY, **other)

    def delivered(self, number: int = 1, late: bool = False, units: int = 10, rejected: int = 0) -> c.RecordDelivery:
        due = date(2026, 2, 27) if late else TODAY
        return c.RecordDelivery(
            account=ACME,
            order="PO-1",
            delivery=f"D-{number}",
            due_on=due,
            delivered_on=TODAY,
            units=Decimal(units),
            rejected=Decimal(rejected),
        )

    def invoiced(self, number: int, agreed: str, invoiced: str) -> c.RecordInvoice:
        return c.RecordInvoice(account=ACME, invoice=f"I-{number}", on=TODAY, agreed=money(agreed), invoiced=money(invoiced))

    def scored(self, month: str = "2026-03") -> c.ScoreSupplier:
        return c.ScoreSupplier(account=ACME, month=month)


def qualify(status: Qualification, **other: Any) -> c.QualifySupplier:
    return c.QualifySupplier(**{"account": ACME, "commodity": "steel", "region": "emea", "status": status} | other)


def test_a_supplier_is_qualified_for_a_commodity_in_a_region():
    store = Store()
    store.do(qualify(Qualification.CANDIDATE))
    store.do(qualify(Qualification.CONDITIONAL, until=date(2026, 6, 30), conditions="Weekly inspection"))
    store.do(qualify(Qualification.QUALIFIED, until=date(2027, 6, 30)))
    store.quiet(qualify(Qualification.QUALIFIED, until=date(2027, 6, 30)))
    (changed,) = store.do(qualify(Qualification.DISQUALIFIED, reason="Child labour"))
    assert isinstance(changed, e.SupplierQualified)
    assert changed.previous is Qualification.QUALIFIED


def test_a_qualification_says_until_when_on_which_conditions_and_why_not():
    store = Store()
    store.refused(QualificationIncomplete, qualify(Qualification.QUALIFIED))
    store.refused(QualificationIncomplete, qualify(Qualification.QUALIFIED, until=date(2026, 3, 1)))
    store.refused(QualificationIncomplete, qualify(Qualification.CONDITIONAL, until=date(2027, 1, 1)))
    store.refused(QualificationIncomplete, qualify(Qualification.DISQUALIFIED))
    store.refused(QualificationIncomplete, qualify(Qualification.CANDIDATE, until=date(2027, 1, 1)))
    store.refused(Invalid, qualify(Qualification.CANDIDATE, account=NOBODY))
    unknown = store.world.run(suppliers, supplier_id(NOBODY), qualify(Qualification.CANDIDATE, account=NOBODY), BUYER)
    assert isinstance(unknown, NotFound)


def test_a_qualification_lapses_after_its_last_day():
    store = Store()
    store.do(qualify(Qualification.QUALIFIED, until=TODAY))
    store.quiet(c.RecordLapsedQualifications())
    store.world.now = NOW.replace(day=3)
    (lapsed,) = store.do(c.RecordLapsedQualifications())
    assert isinstance(lapsed, e.SupplierQualificationLapsed)
    store.quiet(c.RecordLapsedQualifications())


def test_nothing_is_ordered_from_who_is_disqualified_for_it():
    store = Store()
    store.do(qualify(Qualification.DISQUALIFIED, reason="Child labour"))
    store.refused(NotQualified, store.ordered(commodity="steel", region="emea"))
    store.do(store.ordered(commodity="steel", region="apac"))
    store.do(store.ordered(2, commodity="steel", region="emea"), SYSTEM)  # the past is recorded as it was


def test_nothing_is_ordered_after_a_qualification_has_ended():
    store = Store()
    store.do(qualify(Qualification.QUALIFIED, until=TODAY))
    store.do(store.ordered(commodity="steel", region="emea"))
    late = c.RecordOrder(account=ACME, order="PO-9", on=date(2026, 3, 3), commodity="steel", region="emea")
    store.refused(NotQualified, late)


def test_what_is_told_twice_counts_once():
    store = Store()
    for command in (store.ordered(), store.delivered(), store.invoiced(1, "100", "101")):
        store.do(command)
        store.quiet(command)
    assert store.supplier.months["2026-03"] == Activity(1, 1, 1, Decimal(10), Decimal(0), 1, Decimal("1.00"))
    store.refused(Invalid, store.delivered(2, units=1, rejected=2))
    mixed = c.RecordInvoice(account=ACME, invoice="I-9", on=TODAY, agreed=money("1"), invoiced=money("1", "USD"))
    store.refused(Invalid, mixed)


def test_without_activity_there_is_no_score():
    store = Store()
    store.do(qualify(Qualification.CANDIDATE))
    store.quiet(store.scored())
    assert score(figures(store.supplier, "2026-03", STARTING_SCORECARD)) is None


def test_a_score_is_made_of_what_was_measured():
    store = Store()
    for number in range(20):
        store.do(store.ordered(number))
    store.do(store.delivered(1))
    store.do(store.delivered(2, late=True, rejected=5))
    store.do(store.invoiced(1, "100", "105"))
    (scored,) = store.do(store.scored())
    assert isinstance(scored, e.SupplierScored)
    measured = {f.measure: (f.of, f.value, f.points) for f in scored.figures}
    assert measured == {
        Measure.ON_TIME: (2, 50, 50),
        Measure.QUALITY: (20, 75, 75),
        Measure.PRICE_VARIANCE: (1, 5, 50),
        Measure.DISPUTES: (20, 0, 100),
    }
    # nothing was answered, so the other 90 percent share the whole: (50*30 + 75*30 + 50*15 + 100*15) / 90
    assert (scored.score, scored.band, scored.blocks_orders) == (Decimal("66.67"), "approved", False)
    store.quiet(store.scored())


def test_a_score_ends_when_the_activity_lies_too_far_back():
    store = Store()
    store.do(store.delivered())
    store.do(store.scored())
    store.world.now = NOW.replace(year=2027)
    (ended,) = store.do(store.scored("2027-03"))
    assert isinstance(ended, e.SupplierScored)
    assert (ended.score, ended.band, ended.previous) == (None, None, Decimal("100.00"))
    store.quiet(store.scored("2027-03"))
    store.refused(MonthNotBegun, store.scored("2027-04"))


def test_a_band_may_block_orders():
    store = Store()
    store.do(store.delivered(late=True, rejected=10))
    store.do(store.scored())
    refusal = store.refused(SupplierBlocked, store.ordered(7))
    assert refusal.data == {"score": "0.00", "band": "blocked"}
    store.do(store.ordered(7), SYSTEM)


def test_cases_and_answers_count_in_the_score():
    desk = opened()
    desk.do(claim(account=natural_id("test", "globex")), case=natural_id("test", "other"))
    supplier = desk.supplier()
    assert supplier is not None
    desk.world.do(suppliers, supplier_id(ACME), c.RecordOrder(account=ACME, order="PO-1", on=TODAY))
    supplier = desk.supplier()
    assert supplier is not None
    (figure,) = figures(supplier, "2026-03", STARTING_SCORECARD)
    assert (figure.measure, figure.value, figure.points) == (Measure.DISPUTES, 100, 0)


def test_a_claim_lowers_the_score_of_the_same_months_and_a_quick_answer_to_it_may_raise_it():
    desk = opened()
    answered = desk.now
    for number in range(20):
        desk.world.do(suppliers, supplier_id(ACME), c.RecordOrder(account=ACME, order=f"PO-{number}", on=TODAY))
    late = c.RecordDelivery(
        account=ACME, delivery="D-1", order="PO-1", due_on=date(2026, 1, 5), delivered_on=date(2026, 3, 1), units=10, rejected=5
    )
    desk.world.do(suppliers, supplier_id(ACME), late)
    claimed = desk.supplier()
    assert claimed is not None
    unclaimed = replace(claimed, cases={})
    # (0*30 + 50*30 + 100*15) / 75 without the case; one case for 20 orders is 5 of 100, half the points: (1500 + 50*15) / 75
    assert score(figures(unclaimed, "2026-03", STARTING_SCORECARD)) == Decimal("40.00")
    assert score(figures(claimed, "2026-03", STARTING_SCORECARD)) == Decimal("30.00")
    desk.do(Comment(text="We look.", by=Party.THEM), at=answered)
    quick = desk.supplier()
    assert quick is not None
    # answered within a day is worth 100, and weighs 10: (1500 + 750 + 100*10) / 85
    assert score(figures(quick, "2026-03", STARTING_SCORECARD)) == Decimal("38.24")


def weights(*percents: int) -> tuple[Weight, ...]:
    return tuple(Weight(measure=m, percent=p) for m, p in zip(Measure, percents, strict=False))


def bands(*floors: str) -> tuple[Band, ...]:
    return tuple(Band(key=f"b{n}", name=f"Band {n}", at_least=Decimal(floor)) for n, floor in enumerate(floors))


def test_weights_add_up_to_a_hundred_and_bands_leave_no_gap():
    card = Spec(scorecards).by(HEAD)
    card.when(c.DefineScorecard(weights=weights(50, 49), bands=bands("0"))).refused(ScorecardFaulty)
    card.when(c.DefineScorecard(weights=weights(50, 50), bands=bands("10"))).refused(ScorecardFaulty)
    card.when(c.DefineScorecard(weights=weights(50, 50), bands=bands("0", "0"))).refused(ScorecardFaulty)
    gap = (Band(key="low", name="Low", at_least=Decimal(0), below=Decimal(40)), Band(key="high", name="High", at_least=Decimal(50)))
    assert "from 40 to 50" in card.when(c.DefineScorecard(weights=weights(100), bands=gap)).refused(ScorecardFaulty).detail
    overlap = (Band(key="low", name="Low", at_least=Decimal(0), below=Decimal(60)), Band(key="high", name="High", at_least=Decimal(50)))
    card.when(c.DefineScorecard(weights=weights(100), bands=overlap)).refused(ScorecardFaulty)
    ended = (Band(key="all", name="All", at_least=Decimal(0), below=Decimal(99)),)
    card.when(c.DefineScorecard(weights=weights(100), bands=ended)).refused(ScorecardFaulty)
    (defined,) = card.when(c.DefineScorecard(weights=weights(60, 40), bands=bands("50", "0"), months=6)).events
    assert isinstance(defined, e.ScorecardDefined)
    assert [(b.at_least, b.below) for b in defined.bands] == [(0, 50), (50, None)]
    again = card.given(defined).when(c.DefineScorecard(weights=weights(60, 40), bands=bands("50", "0"), months=6))
    again.nothing()
    card.by(BUYER).when(c.DefineScorecard(weights=weights(60, 40), bands=bands("0"))).refused(Forbidden)


@given(st.sets(st.decimals(0, 100, places=2), max_size=6), st.decimals(0, 100, places=2))
def test_every_score_lies_in_exactly_one_band(floors, points):
    ordered = sorted({Decimal(0), *floors})
    covered = bands(*map(str, ordered))
    assert fault(weights(100), covered) is None
    card = scorecards.evolve(STARTING_SCORECARD, e.ScorecardDefined(version=1, weights=weights(100), bands=covered, months=1))
    assert band_of(points, card).at_least == max(floor for floor in ordered if floor <= points)


def test_months_are_counted_back_over_the_turn_of_the_year():
    assert months_until("2026-02", 4) == ("2025-11", "2025-12", "2026-01", "2026-02")
    assert months_until("0001-02", 4) == ("0001-01", "0001-02")


tenant = Spec(settings).on(SETTINGS_ID).by(HEAD)


def test_a_tenant_chooses_its_own_rules_for_disputes():
    (changed,) = tenant.when(ChangeDisputeRules(resolve_days=45, evidence=(EvidenceNeed(reason=Reason.DAMAGED, kinds=()),))).events
    assert isinstance(changed, DisputeRulesChanged)
    rules = tenant.given(changed).state.dispute_rules
    assert (rules.version, rules.resolve_days, rules.acknowledge_days) == (1, 45, 2)
    assert rules.missing(Reason.DAMAGED, frozenset()) == ()
    assert STARTING_DISPUTE_RULES.missing(Reason.DAMAGED, frozenset({EvidenceKind.PHOTO})) == ((EvidenceKind.DELIVERY_NOTE,),)
    tenant.given(changed).when(ChangeDisputeRules(resolve_days=45)).nothing()


def test_rules_for_disputes_that_contradict_themselves_are_refused():
    tenant.when(ChangeDisputeRules(root_causes=("carrier", "carrier"))).refused(Invalid)
    tenant.when(ChangeDisputeRules(warn_percents=(75, 50))).refused(Invalid)
    tenant.when(ChangeDisputeRules(write_off_limits=(*STARTING_DISPUTE_RULES.write_off_limits[:1],) * 2)).refused(Invalid)
    tenant.by(BUYER).when(ChangeDisputeRules(resolve_days=45)).refused(Forbidden)


COMMANDS = [v for v in vars(c).values() if isinstance(v, type) and issubclass(v, Command) and v not in {Command, c.DefineScorecard}]
EVENTS = [v for v in vars(e).values() if isinstance(v, type) and issubclass(v, Event) and v is not Event and v is not e.ScorecardDefined]


@hypothesis.settings(deadline=None, max_examples=60, suppress_health_check=list(hypothesis.HealthCheck))
@given(
    st.lists(st.sampled_from(EVENTS).flatmap(strategies.instances), max_size=8),
    st.lists(st.sampled_from(COMMANDS).flatmap(strategies.instances), max_size=5),
)
def test_any_history_of_a_supplier_replays_and_any_command_gives_events_or_a_named_refusal(history, commands):
    assert suppliers.fold(history) == suppliers.fold([type(v).model_validate_json(v.model_dump_json()) for v in history])
    store = Store()
    store.world.histories[supplier_id(ACME)] = history
    for command in commands:
        told = command.model_copy(update={"account": ACME}) if hasattr(command, "account") else command
        outcome = store.run(told)
        if isinstance(outcome, Refused):
            assert outcome.rule != "Refused"
            assert outcome.detail.endswith((".", "!"))


def test_every_field_of_a_supplier_can_be_stored_in_a_snapshot():
    store = Store()
    for command in (
        qualify(Qualification.QUALIFIED, until=date(2027, 6, 30)),
        store.ordered(),
        store.delivered(rejected=1),
        store.invoiced(1, "100", "101"),
        store.scored(),
    ):
        store.do(command)
    desk = opened()
    adapter: Any = TypeAdapter(Supplier)
    for state in (store.supplier, desk.supplier()):
        assert adapter.validate_json(adapter.dump_json(state)) == state
