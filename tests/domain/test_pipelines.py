"""Pipelines: versioned definitions, gates over skipped stages, pipelines made of another system's stages."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.default_pipeline import SourceStage, default_pipeline, guessed_kind, imported_pipeline, imported_pipeline_id, stage_named
from domain.kernel import NotFound
from domain.pipelines import (
    DEFAULT_PIPELINE,
    Category,
    Criterion,
    DefinePipeline,
    EvidenceKind,
    Pipeline,
    PipelineInvalid,
    PipelineReinstated,
    PipelineRetired,
    PipelineRetiredAlready,
    PipelineVersionDefined,
    ReinstatePipeline,
    RetirePipeline,
    Stage,
    StageKind,
    Transition,
    pipelines,
    problems,
)
from tests.spec import Spec

pipeline = Spec(pipelines).on(DEFAULT_PIPELINE)
OPEN = Stage(key="talk", name="Talk", order=1, probability=20, category=Category.PIPELINE)
DEAL = Stage(key="deal", name="Deal", order=2, probability=60, category=Category.BEST_CASE)
WON = Stage(key="won", name="Won", order=3, kind=StageKind.WON, probability=100, category=Category.CLOSED)
LOST = Stage(key="lost", name="Lost", order=4, kind=StageKind.LOST, probability=0, category=Category.OMITTED)
SMALL = DefinePipeline(name="Small", stages=(OPEN, DEAL, WON, LOST))
defined = PipelineVersionDefined(version=1, name="Small", stages=SMALL.stages)


def folded(command: DefinePipeline) -> Pipeline:
    state = pipelines.fold(pipeline.when(command).events)
    assert state is not None
    return state


def test_the_first_definition_is_version_one():
    pipeline.when(SMALL).then(defined)


def test_another_definition_is_the_next_version_and_the_old_one_stays():
    other = SMALL.model_copy(update={"stages": (OPEN, WON, LOST)})
    second = PipelineVersionDefined(version=2, name="Small", stages=other.stages)
    pipeline.given(defined).when(other).then(second)
    state = pipeline.given(defined, second).state
    assert state is not None
    assert [v.number for v in state.versions] == [1, 2]
    assert state.version(1) is not None
    assert state.version(None) is state.latest
    assert state.version(3) is None


def test_the_same_definition_again_is_quiet_in_whatever_order_its_stages_come():
    pipeline.given(defined).when(SMALL).nothing()
    pipeline.given(defined).when(SMALL.model_copy(update={"stages": SMALL.stages[::-1]})).nothing()


def test_a_pipeline_is_retired_and_reinstated_once():
    pipeline.given(defined).when(RetirePipeline(reason="merged")).then(PipelineRetired(reason="merged"))
    retired = pipeline.given(defined, PipelineRetired())
    retired.when(RetirePipeline()).nothing()
    retired.when(ReinstatePipeline()).then(PipelineReinstated())
    pipeline.given(defined).when(ReinstatePipeline()).nothing()


def test_a_retired_pipeline_gets_no_new_version():
    other = SMALL.model_copy(update={"stages": (OPEN, WON, LOST)})
    pipeline.given(defined, PipelineRetired()).when(other).refused(PipelineRetiredAlready)
    pipeline.given(defined, PipelineRetired()).when(SMALL).nothing()


def test_a_pipeline_that_was_never_defined_cannot_be_retired():
    pipeline.when(RetirePipeline()).refused(NotFound)


CRITERION = Criterion(key="met", label="Met us", evidence=EvidenceKind.DATE)


@pytest.mark.parametrize(
    ("stages", "transitions", "says"),
    [
        ((OPEN, OPEN.model_copy(update={"order": 9}), WON, LOST), (), "Two stages are called 'talk'"),
        ((OPEN, DEAL.model_copy(update={"order": 1}), WON, LOST), (), "Two stages have the order 1"),
        ((WON, LOST), (), "no open stage"),
        ((OPEN, LOST), (), "a won stage"),
        ((OPEN, WON), (), "a lost stage"),
        ((OPEN.model_copy(update={"category": Category.CLOSED}), WON, LOST), (), "cannot be closed"),
        ((OPEN, WON.model_copy(update={"probability": 90}), LOST), (), "its probability is 100"),
        ((OPEN, WON, LOST.model_copy(update={"max_days": 3})), (), "nothing leaves it"),
        ((*tuple(s.model_copy(update={"exit_criteria": (CRITERION,)}) for s in (OPEN, DEAL)), WON, LOST), (), "Two exit criteria"),
        (SMALL.stages, (Transition(leave="talk", enter="nowhere"),), "does not exist"),
        (SMALL.stages, (Transition(leave="won", enter="talk"),), "leaves a closed stage"),
        (SMALL.stages, (Transition(leave="talk", enter="won"), Transition(leave="talk", enter="lost")), "No way leads to Deal"),
        (
            SMALL.stages,
            (Transition(leave="talk", enter="deal"), Transition(leave="talk", enter="lost"), Transition(leave="deal", enter="won")),
            "No way leads from Deal to a lost stage",
        ),
    ],
)
def test_a_definition_that_contradicts_itself_is_refused(stages, transitions, says):
    refusal = pipeline.when(DefinePipeline(name="Bad", stages=stages, transitions=transitions)).refused(PipelineInvalid)
    assert any(says in problem for problem in refusal.data["problems"])


def test_declared_transitions_are_the_only_ones():
    ways = tuple(
        Transition(leave=a, enter=b) for a, b in (("talk", "deal"), ("deal", "won"), ("deal", "lost"), ("talk", "lost"), ("deal", "talk"))
    )
    version = folded(SMALL.model_copy(update={"transitions": ways})).latest
    talk, deal = version.first, version.stage("deal")
    assert deal is not None
    assert version.ways(talk) == ("deal", "lost")
    assert version.ways(deal) == ("talk", "won", "lost")


def test_without_transitions_open_stages_lead_everywhere_and_closed_ones_nowhere():
    version = folded(SMALL).latest
    assert version.ways(version.first) == ("deal", "won", "lost")
    assert version.ways(version.of_kind(StageKind.WON)[0]) == ()


def test_the_default_pipeline_is_sound_and_has_the_known_probabilities():
    version = folded(default_pipeline()).latest
    assert [(s.name, s.probability) for s in version.stages] == [
        ("Qualify", 10), ("Discover", 25), ("Propose", 50), ("Negotiate", 70), ("Paper", 90), ("Won", 100), ("Lost", 0),
    ]  # fmt: skip
    assert all(s.exit_criteria and s.max_days for s in version.stages if s.kind is StageKind.OPEN)


def test_a_gate_asks_for_every_stage_left_skipped_ones_included():
    version = folded(default_pipeline()).latest
    qualify, propose, won, lost = (version.stage(key) for key in ("qualify", "propose", "won", "lost"))
    assert qualify
    assert propose
    assert won
    assert lost
    assert [u.criterion for u in version.unmet(qualify, propose, set())] == ["need_stated", "economic_buyer_met", "budget_named"]
    assert [u.criterion for u in version.unmet(qualify, propose, {"need_stated", "budget_named"})] == ["economic_buyer_met"]
    assert len(version.unmet(qualify, won, set())) == sum(len(s.exit_criteria) for s in version.stages)
    assert version.unmet(qualify, lost, set()) == ()
    assert version.unmet(propose, qualify, set()) == ()


def test_the_stages_of_a_source_become_a_pipeline_with_won_and_lost():
    definition = imported_pipeline("maven", [SourceStage(n) for n in ("Prospecting", "Engaging", "Won", "Lost")])
    assert [(s.key, s.kind, s.probability) for s in definition.stages] == [
        ("prospecting", StageKind.OPEN, 33), ("engaging", StageKind.OPEN, 66), ("won", StageKind.WON, 100), ("lost", StageKind.LOST, 0),
    ]  # fmt: skip
    assert definition.source == "maven"
    assert not any(s.exit_criteria for s in definition.stages)


def test_what_a_source_tells_of_its_stages_counts_before_guesses():
    stages = [SourceStage("Signed off", StageKind.OPEN, 80, Category.COMMIT), SourceStage("Paid", StageKind.WON)]
    version = folded(imported_pipeline("other", stages)).latest
    signed, paid, lost = version.stages
    assert (signed.kind, signed.probability, signed.category) == (StageKind.OPEN, 80, Category.COMMIT)
    assert (paid.kind, lost.name, lost.kind) == (StageKind.WON, "Lost", StageKind.LOST)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Closed Won", StageKind.WON),
        ("closedwon", StageKind.WON),
        ("Closed Lost", StageKind.LOST),
        ("closedlost", StageKind.LOST),
        ("Disqualified", StageKind.LOST),
        ("Wonderful talk", StageKind.OPEN),
        ("Contract sent", StageKind.OPEN),
    ],
)
def test_won_and_lost_are_recognised_by_name(name, kind):
    assert guessed_kind(name) is kind


def test_a_later_import_keeps_the_keys_of_known_stages_and_adds_new_ones():
    first = folded(imported_pipeline("crm", [SourceStage("Début"), SourceStage("Closed Won")]))
    again = imported_pipeline("crm", [SourceStage("Fin"), SourceStage("Début"), SourceStage("Closed Won")], known=first)
    assert {s.name: s.key for s in again.stages} == {
        "Début": "debut", "Fin": "fin", "Closed Won": "closed_won", "Lost": "lost",
    }  # fmt: skip
    same = imported_pipeline("crm", [SourceStage("Début"), SourceStage("Closed Won")], known=first)
    pipeline.given(PipelineVersionDefined(version=1, name=same.name, stages=first.latest.stages, source="crm")).when(same).nothing()


def test_a_stage_is_found_by_its_source_name_whatever_its_case():
    version = folded(imported_pipeline("crm", [SourceStage("In Talks"), SourceStage("IN TALKS")])).latest
    assert [s.key for s in version.of_kind(StageKind.OPEN)] == ["in_talks", "in_talks_2"]
    exact, folded_ = stage_named(version, "IN TALKS"), stage_named(version, " in  talks ")
    assert exact
    assert folded_
    assert (exact.key, folded_.key) == ("in_talks_2", "in_talks")
    assert stage_named(version, "elsewhere") is None


def test_each_pipeline_of_a_source_has_a_stream_of_its_own():
    assert len({imported_pipeline_id("a"), imported_pipeline_id("b"), imported_pipeline_id("a", "x"), DEFAULT_PIPELINE}) == 4


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cf"]), min_size=1, max_size=60)


@given(st.lists(st.builds(SourceStage, NAMES, st.none() | st.sampled_from(StageKind), st.none() | st.integers(0, 100)), max_size=12))
@settings(max_examples=80, deadline=None)
def test_whatever_a_source_calls_its_stages_the_pipeline_is_sound(stages):
    first = imported_pipeline("crm", stages)
    assert problems(first.stages, ()) == []
    again = imported_pipeline("crm", stages, known=folded(first))
    assert {s.name: s.key for s in first.stages}.items() <= {s.name: s.key for s in again.stages}.items()
    assert problems(again.stages, ()) == []


STAGES = st.builds(
    Stage,
    key=st.sampled_from("abcdef"),
    name=st.just("S"),
    order=st.integers(0, 6),
    kind=st.sampled_from(StageKind),
    probability=st.sampled_from([0, 50, 100]),
    category=st.sampled_from(Category),
)
TRANSITIONS = st.builds(Transition, leave=st.sampled_from("abcdefg"), enter=st.sampled_from("abcdefg"))
EVENTS = (
    st.builds(PipelineVersionDefined, version=st.integers(-1, 3), name=st.just("P"), stages=st.lists(STAGES, max_size=4).map(tuple))
    | st.builds(PipelineRetired)
    | st.builds(PipelineReinstated)
)
COMMANDS = (
    st.builds(
        DefinePipeline,
        name=st.just("P"),
        stages=st.lists(STAGES, max_size=6).map(tuple),
        transitions=st.lists(TRANSITIONS, max_size=6).map(tuple),
    )
    | st.just(SMALL)
    | st.just(default_pipeline())
    | st.builds(RetirePipeline)
    | st.builds(ReinstatePipeline)
)


@given(st.lists(EVENTS, max_size=8))
@settings(deadline=None)
def test_any_history_of_a_pipeline_replays(events):
    pipelines.fold(events)


@given(st.lists(COMMANDS, max_size=10))
@settings(deadline=None)
def test_any_command_gives_events_or_a_named_refusal_and_repeating_it_is_quiet(commands):
    spec = pipeline
    for command in commands:
        decision = spec.when(command)
        if decision.refusal is None:
            spec = spec.given(*decision.events)
            spec.when(command).nothing()
