"""What holds of every deal: any history replays, any command gives events or a named refusal, nothing contradicts itself."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from inspect import getmembers, isclass
from typing import Any, Literal, get_args, get_origin
from uuid import uuid5

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

import domain.deals
from domain.deals import Deal, EnterStage, Evidence, ImportDeal, OpenDeal, deals, line_total
from domain.deals.state import evolve
from domain.default_pipeline import SourceStage, imported_pipeline, imported_pipeline_id
from domain.imports import UndoImport
from domain.kernel import SYSTEM, Command, Context, Event, Refused, natural_id
from domain.pipelines import DEFAULT_PIPELINE, Category, StageKind, pipelines
from domain.values import Money
from tests.domain import strategies
from tests.domain.deal_world import ACME, ANNA, BEN, BUYER, CLOSED, DEAL, FACTS, FINANCE, GONE, NOBODY, PROOFS, SAW, SELLER, SHA, VERSION
from tests.spec import NOW, counting_ids

THEIRS = imported_pipeline_id("maven")
IMPORTED = pipelines.fold(
    pipelines.decide(None, imported_pipeline("maven", [SourceStage("Talking"), SourceStage("Qualify")]), Context(now=NOW))
)
WORLD: dict[Any, Any] = {**FACTS, THEIRS: IMPORTED}
ACTORS = [SYSTEM, SELLER, FINANCE]
POOLS: dict[str, st.SearchStrategy[Any]] = {
    "to": st.sampled_from([*(s.key for s in VERSION.stages), "talking", "nowhere"]),
    "stage": st.sampled_from(["talking", "qualify", "won", "lost", "nowhere"]),
    "criterion": st.sampled_from([*PROOFS, "mood"]),
    "reason": st.sampled_from(["price", "scope_changed", "other", "whim"]),
    "account": st.sampled_from([ACME, ACME, CLOSED, NOBODY]),
    "owner": st.sampled_from([ANNA, ANNA, BEN, GONE]),
    "team": st.none(),
    "contact": st.sampled_from([BUYER, BUYER, NOBODY]),
    "product": st.sampled_from([SAW, SAW, NOBODY]),
    "pipeline": st.sampled_from([DEFAULT_PIPELINE, THEIRS, NOBODY]),
    "version": st.sampled_from([1, 2]),
    "pipeline_version": st.none(),
    "run": st.sampled_from([natural_id("run", "1"), natural_id("run", "2")]),
    "request": st.sampled_from([uuid5(DEAL, str(n)) for n in range(2, 9)]),
    "unit_price": st.builds(
        Money, amount=st.sampled_from([Decimal("0.333"), Decimal("19.99")]), currency=st.sampled_from(["EUR", "EUR", "JPY"])
    ),
    "quantity": st.sampled_from([Decimal(1), Decimal("2.5"), Decimal(999999999999999)]),
    "discount": st.sampled_from([Decimal(0), Decimal("12.5")]),
    "attributes": st.just({}),
    "said": st.sampled_from([{}, {"title": "Told"}, {"title": "Else", "amount": "5.00 EUR", "stage": "talking"}]),
    "sha256": st.sampled_from([SHA, None]),
    "evidence": st.lists(st.sampled_from(list(PROOFS.values())), max_size=7).map(tuple),
}


def words(base: type) -> list[type[Any]]:
    found = {c for module in (domain.deals, domain.deals.events, domain.deals.imported) for _, c in getmembers(module, isclass)}
    abstract = {base, domain.deals.StageFacts}
    return sorted((c for c in found if issubclass(c, base) and c not in abstract), key=lambda c: c.__name__)


def instances(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Commands and events from small pools, so that they meet each other."""
    hints = strategies.get_type_hints(cls, include_extras=True)
    made = {name: _field(hints[name], name) for name in cls.model_fields}
    required = {n: s for n, s in made.items() if cls.model_fields[n].is_required()}
    optional = {n: s for n, s in made.items() if n not in required}
    built = st.fixed_dictionaries(required, optional=optional).map(lambda given_: strategies._built(cls, given_))
    return built.filter(lambda found: found is not None)


def _field(hint: Any, name: str) -> st.SearchStrategy[Any]:
    if name == "evidence" and hint is Evidence:
        return st.sampled_from(list(PROOFS.values())) | instances(Evidence)
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if name == "lines":
        return st.lists(instances(domain.deals.Line), max_size=3).map(tuple)
    return POOLS[name] if name in POOLS else strategies.values(hint, name)


EVENTS = st.one_of(*(instances(c) for c in words(Event)))
LATER = [c for c in words(Command) if c not in {OpenDeal, ImportDeal}] + [UndoImport]
COMMANDS = st.one_of(*(instances(c) for c in LATER), instances(ImportDeal), instances(domain.deals.AdvanceDeal))
SOUND_MOVES = st.builds(
    domain.deals.AdvanceDeal,
    to=POOLS["to"],
    evidence=st.just(tuple(PROOFS.values())),
    reason=st.sampled_from(["price", "scope_changed"]),
    signed_on=st.sampled_from([None, NOW.date()]),
)
CARRIED_OUT = st.just("the pending move is carried out")
STEPS = st.sampled_from([COMMANDS, COMMANDS, COMMANDS, SOUND_MOVES, CARRIED_OUT]).flatmap(lambda kind: kind)
BEGINNINGS = st.one_of(
    st.builds(
        OpenDeal,
        title=st.just("Saws"),
        account=st.just(ACME),
        owner=st.just(ANNA),
        amount=st.just(Money(amount=Decimal(100), currency="EUR")),
        close_date=st.sampled_from([NOW.date(), NOW.date() + timedelta(days=40)]),
        zone=st.sampled_from(["UTC", "Asia/Tokyo"]),
    ),
    st.builds(
        ImportDeal,
        run=POOLS["run"],
        source=st.just("maven"),
        source_id=st.just("1"),
        title=st.just("Saws"),
        pipeline=st.just(THEIRS),
        stage=st.sampled_from(["talking", "won"]),
        account=st.sampled_from([ACME, None]),
    ),
)
QUIETLY = settings(deadline=None, suppress_health_check=list(HealthCheck))


def decided(deal: Deal | None, command: Any, actor: Any = SYSTEM, now: Any = NOW) -> tuple[Any, ...] | Refused:
    facts: dict[Any, Any] = {}
    while new := [read.id for read in deals.reads(deal, command, facts) if read.id not in facts]:
        facts.update({id: WORLD.get(id) for id in new})
    try:
        return tuple(deals.decide(deal, command, Context(now=now, actor=actor, facts=facts, new_id=counting_ids(), stream=DEAL)))
    except Refused as refusal:
        return refusal


def stored(event: Event) -> Event:
    return type(event).model_validate_json(event.model_dump_json())


def check(deal: Deal) -> None:
    """What is true of a deal, whatever happened to it."""
    assert (deal.kind is StageKind.WON) == (deal.category is Category.CLOSED)
    assert deal.probability == {StageKind.WON: 100, StageKind.LOST: 0}.get(deal.kind, deal.probability)
    assert 0 <= deal.probability <= 100
    assert deal.kind is not StageKind.LOST or deal.category is Category.OMITTED
    assert deal.open or deal.probability_override is None
    assert deal.open or deal.pending is None or deal.stage_reported
    assert not (deal.open and deal.won_on)
    if deal.amount is not None:
        assert deal.amount.amount >= 0
        assert deal.amount == deal.amount.rounded()
    if deal.lines and deal.provenance is None:
        assert deal.amount is not None
        assert deal.amount.amount == sum((line_total(line) for line in deal.lines), Decimal(0))


@given(st.lists(EVENTS, max_size=15))
@settings(QUIETLY, max_examples=150)
def test_any_history_replays(history):
    state = deals.fold(history)
    assert state == deals.fold([stored(event) for event in history])
    if state is not None:
        assert state.version <= len(history)


@given(st.lists(EVENTS, max_size=8), st.lists(COMMANDS, max_size=4), st.sampled_from(ACTORS))
@settings(QUIETLY, max_examples=150)
def test_any_command_on_any_history_gives_events_or_a_named_refusal(history, commands, actor):
    state = deals.fold(history)
    for command in commands:
        outcome = decided(state, command, actor)
        if isinstance(outcome, Refused):
            assert outcome.rule != "Refused"
            assert outcome.detail.endswith((".", "!"))
            assert 400 <= outcome.status < 500


@given(BEGINNINGS, st.lists(st.tuples(STEPS, st.sampled_from(ACTORS), st.integers(0, 20)), max_size=14))
@settings(QUIETLY, max_examples=400)
def test_on_any_way_that_commands_lead_a_deal_never_contradicts_itself(beginning, steps):
    now, history = NOW, list[Event]()
    first = decided(None, beginning)
    assert not isinstance(first, Refused)
    history += first
    for command, actor, days in steps:
        now += timedelta(days=days)
        state = deals.fold(history)
        if not isinstance(command, Command | UndoImport):
            if state is None or state.pending is None:
                continue
            command = EnterStage(to=state.pending.asked.to, request=state.pending.request(DEAL))  # noqa: PLW2901
        outcome = decided(state, command, actor, now)
        if isinstance(outcome, Refused):
            continue
        history += outcome
        after = deals.fold(history)
        assert after is not None
        assert after.version == len(history)
        if not after.withdrawn:
            check(after)
            again = decided(after, command, actor, now)
            assert isinstance(again, Refused) or again == (), f"{command!r} acts twice"
    assert deals.fold([stored(event) for event in history]) == deals.fold(history)


def test_every_field_of_a_deal_can_be_stored_in_a_snapshot():
    adapter = TypeAdapter(Deal)
    (event,) = decided(None, OpenDeal(title="Saws", account=ACME, owner=ANNA, amount=Money.zero("EUR"), close_date=NOW.date()))
    state = evolve(None, event)
    assert state is not None
    assert adapter.validate_json(adapter.dump_json(state)) == state
    assert {f.name for f in fields(Deal)} >= {"stage", "pending", "evidence", "provenance"}
