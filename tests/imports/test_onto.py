"""A source's stages on a pipeline that is here already: by name with its confidence, as said, or asked; else the source gets its own."""

from __future__ import annotations

import pytest

from domain.deals import deals
from domain.default_pipeline import default_pipeline, imported_pipeline_id
from domain.imports import imported_id
from domain.kernel import SYSTEM, natural_id
from domain.pipelines import RetirePipeline, pipelines
from tests.imports.lookalikes import company, salesforce, write
from workflows.imports import AnswersNeeded, Directory, KnownPipeline, Overrides, inspect, plan, run, undo
from workflows.imports.faults import BadMapping
from workflows.imports.fields import Kind
from workflows.imports.overrides import StageOverride

EUR = Overrides(currency="EUR", source="vendor")
ONTO = EUR.model_copy(update={"pipeline": "way to signing"})
WAY = natural_id("way")
HERE = Directory(pipelines=(KnownPipeline(WAY, "Way to signing", default_pipeline().stages),))
SAID = ONTO.answering({"stage:Prospecting": "Qualify", "stage:Engaging": "Discover"})


@pytest.fixture
async def way(store, tenant):
    """The pipeline with which every tenant starts."""
    await store.execute(tenant, pipelines, WAY, default_pipeline(), by=SYSTEM)
    return WAY


async def deal(store, tenant, key, source="vendor"):
    return (await store.load(tenant, deals, imported_id("deal", source, key))).state


def test_stages_that_nothing_here_is_like_are_asked_about_and_never_guessed(tmp_path):
    company(tmp_path)
    found = inspect([tmp_path], ONTO, directory=HERE)
    asked = {q.key: q for q in found.unanswered}
    assert set(asked) == {"stage:Prospecting", "stage:Engaging"}
    assert [o.value for o in asked["stage:Engaging"].options] == ["Qualify", "Discover", "Propose", "Negotiate", "Paper"]
    assert {(m.value, m.means, m.confidence) for m in found.matches if m.field == "stage"} == {("Won", "Won", 0.95), ("Lost", "Lost", 0.95)}


async def test_nothing_is_stored_while_a_stage_has_no_place(store, tenant, way, tmp_path):
    company(tmp_path)
    head = await store.head(tenant)
    with pytest.raises(AnswersNeeded, match="Which stage of 'Way to signing' is"):
        await run(store, tenant, [tmp_path], ONTO, directory=HERE)
    assert await store.head(tenant) == head


async def test_deals_stand_on_the_pipeline_that_was_said_past_included(store, tenant, way, tmp_path):
    made = company(tmp_path)
    planned = await plan(store, tenant, [tmp_path], SAID, directory=HERE)
    done = await run(store, tenant, [tmp_path], SAID, directory=HERE)
    assert done.counts == planned.counts
    assert done.counts[Kind.DEALS].created == len(made.deals)
    assert (await store.load(tenant, pipelines, imported_pipeline_id("vendor"))).version == 0, "the source gets no pipeline of its own"
    for stage, key in (("Prospecting", "qualify"), ("Engaging", "discover"), ("Won", "won"), ("Lost", "lost")):
        state = await deal(store, tenant, next(d["opportunity_id"] for d in made.deals if d["deal_stage"] == stage))
        assert (state.pipeline, state.stage) == (way, key)
    won = next(d for d in made.deals if d["deal_stage"] == "Won")
    history = await store.history(tenant, imported_id("deal", "vendor", won["opportunity_id"]))
    assert [r.event.stage for r in history] == ["discover", "won"], "when it was engaged, it was discovered"
    assert (await run(store, tenant, [tmp_path], SAID, directory=HERE)).events == 0
    await undo(store, tenant, done.run)
    assert not (await store.load(tenant, pipelines, way)).state.retired


async def test_names_that_are_nearly_the_same_are_taken_with_their_confidence(store, tenant, way, tmp_path):
    header = ("deal id", "deal name", "stage", "amount", "close date", "account")
    stages = ["discover", "Propose ", "Negotiat", "Closed Won", "Closed Lost"]
    write(tmp_path / "deals.csv", header, [(str(i), "A", stage, "5", "2030-01-02", "Acme") for i, stage in enumerate(stages)])
    found = inspect([tmp_path], ONTO, directory=HERE)
    told = {m.value: (m.means, m.confidence) for m in found.matches if m.field == "stage"}
    assert told["discover"] == ("Discover", 1.0)
    assert told["Negotiat"][0] == "Negotiate"
    assert 0.9 <= told["Negotiat"][1] < 0.96
    assert (told["Closed Won"], told["Closed Lost"]) == (("Won", 0.95), ("Lost", 0.95))
    assert not found.unanswered
    await run(store, tenant, [tmp_path], ONTO, directory=HERE)
    assert [(await deal(store, tenant, str(i))).stage for i in range(5)] == ["discover", "propose", "negotiate", "won", "lost"]


async def test_a_mapping_file_says_which_stage_is_which(store, tenant, way, tmp_path):
    made = salesforce(tmp_path)
    places = {"Prospecting": "qualify", "Needs Analysis": "Discover", "Negotiation/Review": "negotiate"}
    said = Overrides(currency="EUR", pipeline="Way to signing", stages={name: StageOverride(to=to) for name, to in places.items()})
    await run(store, tenant, [tmp_path], said, directory=HERE)
    won = next(d for d in made if d["IsWon"] == "true" and d["IsDeleted"] == "false")
    history = await store.history(tenant, imported_id("deal", "salesforce", won["Id"]))
    assert [getattr(r.event, "stage", None) for r in history] == ["qualify", "discover", "negotiate", "won"]


def test_a_pipeline_or_a_stage_that_is_not_here_is_refused_with_those_that_are(tmp_path):
    company(tmp_path)
    with pytest.raises(BadMapping, match="there is no pipeline 'Moon' here; there is 'Way to signing'"):
        inspect([tmp_path], EUR.model_copy(update={"pipeline": "Moon"}), directory=HERE)
    wrong = ONTO.model_copy(update={"stages": {"Engaging": StageOverride(to="Moonshot")}})
    with pytest.raises(BadMapping, match="'Way to signing' has no stage 'Moonshot'; it has Qualify, Discover"):
        inspect([tmp_path], wrong, directory=HERE)


async def test_a_retired_pipeline_takes_nothing(store, tenant, way, tmp_path):
    company(tmp_path)
    await store.execute(tenant, pipelines, way, RetirePipeline(reason="old"), by=SYSTEM)
    with pytest.raises(Exception, match="retired; name another"):
        await run(store, tenant, [tmp_path], SAID, directory=HERE)


async def test_without_a_word_the_source_gets_a_pipeline_of_its_own(store, tenant, way, tmp_path):
    made = company(tmp_path, deals=20)
    await run(store, tenant, [tmp_path], EUR, directory=HERE)
    state = await deal(store, tenant, made.deals[0]["opportunity_id"])
    assert state.pipeline == imported_pipeline_id("vendor")
