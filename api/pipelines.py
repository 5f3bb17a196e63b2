"""Pipelines: versioned definitions of the way to signing."""

from pydantic import BaseModel

from api.nouns import Noun
from api.registers import add_reads
from domain.pipelines import DefinePipeline, Pipeline, PipelineInvalid, PipelineRetiredAlready, ReinstatePipeline, RetirePipeline, pipelines
from domain.stages import Stage, Transition
from infra.access import Action

_STAGES = [
    {"key": "qualify", "name": "Qualify", "order": 1, "probability": 10, "category": "pipeline", "max_days": 30},
    {"key": "won", "name": "Won", "order": 8, "kind": "won", "probability": 100, "category": "closed"},
    {"key": "lost", "name": "Lost", "order": 9, "kind": "lost", "probability": 0, "category": "omitted"},
]


class VersionView(BaseModel):
    """One version, stages in order."""

    number: int
    stages: list[Stage]
    transitions: list[Transition]


class PipelineView(BaseModel):
    """A pipeline with all its versions, oldest first."""

    name: str
    source: str | None
    retired: bool
    versions: list[VersionView]


def _show(pipeline: Pipeline) -> PipelineView:
    versions = [VersionView(number=v.number, stages=list(v.stages), transitions=list(v.transitions)) for v in pipeline.versions]
    return PipelineView(name=pipeline.name, source=pipeline.source, retired=pipeline.retired, versions=versions)


noun = Noun("pipeline", "pipelines", pipelines)
add_reads(noun, PipelineView, Action.CATALOGUE_READ, topics="pipeline.", show=_show)
noun.opens(
    DefinePipeline,
    Action.PIPELINE_CHANGE,
    operation="define_pipeline",
    summary="Lay down a pipeline",
    example={"name": "Renewals", "stages": _STAGES},
    raises=(PipelineInvalid,),
)
noun.changes(
    "/versions",
    DefinePipeline,
    Action.PIPELINE_CHANGE,
    operation="define_pipeline_version",
    summary="Lay down the next version",
    example={"name": "Renewals", "stages": _STAGES},
    raises=(PipelineInvalid, PipelineRetiredAlready),
)
noun.changes(
    "/retire",
    RetirePipeline,
    Action.PIPELINE_CHANGE,
    operation="retire_pipeline",
    summary="Take no new deals",
    example={"reason": "Replaced"},
)
noun.changes(
    "/reinstate", ReinstatePipeline, Action.PIPELINE_CHANGE, operation="reinstate_pipeline", summary="Take new deals again", example={}
)
router = noun.router
