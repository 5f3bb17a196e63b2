"""A deal of another system, and the commands that take it over."""

from __future__ import annotations

from datetime import UTC, datetime

from domain.deals import (
    ImportDeal,
)
from domain.default_pipeline import SourceStage, imported_pipeline, imported_pipeline_id
from domain.kernel import SYSTEM, Context, Event, natural_id
from domain.pipelines import pipelines
from tests.domain.deal_world import ACME, ANNA, deal, eur
from tests.spec import NOW, Spec

THEIRS = imported_pipeline_id("maven")
DEFINED = pipelines.decide(
    None, imported_pipeline("maven", [SourceStage(n) for n in ("Prospecting", "Engaging", "Won", "Lost")]), Context(now=NOW)
)
FIRST, SECOND = natural_id("run", "1"), natural_id("run", "2")
ENGAGED = datetime(2016, 10, 20, tzinfo=UTC)
CLOSED = datetime(2017, 3, 1, tzinfo=UTC)
spec = deal.knowing({THEIRS: pipelines.fold(e for e in DEFINED if isinstance(e, Event))}).by(SYSTEM)


def row(run=FIRST, **changes) -> ImportDeal:
    fields = {
        "run": run,
        "source": "maven",
        "source_id": "1C1I7A6R",
        "title": "GTX for Acme",
        "pipeline": THEIRS,
        "stage": "engaging",
        "account": ACME,
        "owner": ANNA,
        "amount": eur("1054"),
        "close_date": CLOSED.date(),
        "attributes": {"series": "GTX"},
    }
    return ImportDeal.model_validate(fields | changes)


def taken(*commands, start: Spec = spec) -> Spec:
    """After these commands, each at its own instant if one is given beside it."""
    for item in commands:
        command, since = item if isinstance(item, tuple) else (item, None)
        decision = (start.backdated(since) if since else start).when(command)
        start = start.given(*decision.events)
    return start
