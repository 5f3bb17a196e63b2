"""What imports cut short comes to the same as the long way: events without a second check, bytes, states on the way, repeated values."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta
from uuid import uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.deals import CloseImported, ImportDeal, ImportStage, deals
from domain.deals.imported import DealImported
from domain.deals.state import passing
from domain.default_pipeline import SourceStage, imported_pipeline
from domain.kernel import NAMESPACE, Context, natural_id
from domain.pipelines import pipelines
from domain.stages import StageKind
from domain.values import Money
from tests.imports.lookalikes import company
from workflows.imports import Overrides, run

RUN, PIPELINE = natural_id("run"), natural_id("pipeline")
NOW = datetime(2024, 6, 1, tzinfo=UTC)
STAGES = [
    SourceStage("New", StageKind.OPEN, 10, None),
    SourceStage("Talks", StageKind.OPEN, 60, None),
    SourceStage("Won", StageKind.WON, None, None),
    SourceStage("Lost", StageKind.LOST, None, None),
]
DEFINED = pipelines.fold(pipelines.decide(None, imported_pipeline("vendor", STAGES, None, ""), Context(NOW, stream=PIPELINE)))
KEYS = {stage.name: stage.key for stage in DEFINED.latest.stages}
days = st.dates(date(2020, 1, 1), date(2024, 5, 31)).map(lambda d: datetime(d.year, d.month, d.day, tzinfo=UTC))


def context(at=None):
    return Context(NOW, facts={PIPELINE: DEFINED}, effective_at=at, stream=natural_id("deal"))


def opening(stage="New", **more):
    values = {"run": RUN, "source": "vendor", "source_id": "1", "title": "A", "pipeline": PIPELINE, "stage": KEYS[stage]}
    return ImportDeal(**values, amount=Money(amount=5, currency="EUR"), attributes={"a": "b"}, **more)


@given(
    began=st.none() | days,
    later=st.lists(st.tuples(st.sampled_from(["New", "Talks", "Won", "Lost"]), st.none() | days), max_size=4),
)
def test_a_deal_carried_through_its_past_without_its_row_tells_the_same_events(began, later):
    (first,) = deals.decide(None, opening(), context(began))
    short, long = passing(first), deals.evolve(None, first)
    for stage, since in later:
        command = ImportStage if DEFINED.latest.stage(KEYS[stage]).kind is StageKind.OPEN else CloseImported
        told = command(run=RUN, stage=KEYS[stage], since=since)
        by_short, by_long = (deals.decide(state, told, context(since)) for state in (short, long))
        assert by_short == by_long
        for event in by_long:
            short, long = deals.evolve(short, event), deals.evolve(long, event)


@given(since=days)
def test_a_closing_that_the_source_tells_leaves_no_category_to_correct(since):
    (first,) = deals.decide(None, opening("Talks"), context(since))
    (event,) = deals.decide(deals.evolve(None, first), CloseImported(run=RUN, stage=KEYS["Won"]), context(since + timedelta(days=1)))
    assert (event.category, event.kind) == ("closed", "won")


def test_an_event_of_checked_values_is_the_event_that_checking_makes():
    (event,) = deals.decide(None, opening(), context())
    assert event == DealImported(**dict(event))
    assert DealImported.model_validate_json(event.model_dump_json()) == event


def test_an_event_of_checked_values_lacks_no_field_and_has_no_other():
    values = dict(deals.decide(None, opening(), context())[0])
    with pytest.raises(TypeError, match="surplus"):
        DealImported.trusted(**values, surplus=1)
    del values["title"]
    with pytest.raises(TypeError, match="title"):
        DealImported.trusted(**values)


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_a_derived_id_is_the_uuid5_of_its_parts(parts):
    id_ = natural_id(*parts)
    plain = uuid5(NAMESPACE, "\x1f".join(parts))
    assert id_ == plain
    assert (hash(id_), str(id_), id_.bytes, id_.version, id_.is_safe) == (hash(plain), str(plain), plain.bytes, 5, plain.is_safe)
    assert pickle.loads(pickle.dumps(id_)) == plain


async def test_what_is_stored_is_what_pydantic_writes(store, tenant, tmp_path):
    company(tmp_path, deals=50)
    await run(store, tenant, [tmp_path], Overrides(currency="EUR", source="vendor"))
    plain = 0
    for recorded in await store.read(tenant, 0, 1000):
        cls = type(recorded.event)
        if not cls.personal:
            plain += 1
            state = store.codec.encode("acme", recorded.originator_id, recorded.originator_version, recorded.event)
            assert state == cls.__pydantic_serializer__.to_json(recorded.event)
    assert plain > 100
