"""What is sold, and the ways to signing: products by name, and each version of each pipeline with its stages."""

from __future__ import annotations

from domain.pipelines import PipelineReinstated, PipelineRetired, PipelineVersionDefined
from domain.products import ProductAdded, ProductDescribed, ProductImported, ProductImportUndone, ProductRestored, ProductRetired
from domain.settings import SettingsChanged
from projections.batch import Entry
from projections.projection import Projection
from projections.rows import Rows
from projections.tables import Table

PRODUCTS = Table(
    "products",
    ("id",),
    {"id": "uuid NOT NULL", "name": "text NOT NULL", "code": "text", "family": "text", "active": "bool NOT NULL"},
)
PIPELINES = Table(
    "pipelines",
    ("id",),
    {"id": "uuid NOT NULL", "version": "int8 NOT NULL", "name": "text NOT NULL", "source": "text", "retired": "bool NOT NULL"},
)
STAGES = Table(
    "pipeline_stages",
    ("pipeline", "version", "key"),
    {
        "pipeline": "uuid NOT NULL",
        "version": "int8 NOT NULL",
        "key": "text NOT NULL",
        "name": "text NOT NULL",
        "kind": "text NOT NULL",
        "place": "int8 NOT NULL",
        "probability": "int8 NOT NULL",
        "max_days": "int8",
    },
)
PRACTICE = Table(
    "practice",
    ("id",),
    {"id": "uuid NOT NULL", "currency": "text NOT NULL", "zone": "text NOT NULL", "fiscal_year_start": "int8 NOT NULL"},
)
"""The tenant's own settings: at most one row; none means those of `domain.settings.Settings()`."""


class Pipelines(Projection):
    """Products, pipelines and settings as they stood at any time."""

    name = "pipelines"
    tables = (PRODUCTS, PIPELINES, STAGES, PRACTICE)
    events = (
        ProductAdded,
        ProductImported,
        ProductImportUndone,
        ProductDescribed,
        ProductRetired,
        ProductRestored,
        PipelineVersionDefined,
        PipelineRetired,
        PipelineReinstated,
        SettingsChanged,
    )

    def handle(self, rows: Rows, entry: Entry) -> None:
        match entry.event:
            case ProductAdded() | ProductImported() as e:
                rows.put(PRODUCTS, name=e.name, code=e.code, family=e.family, active=True)
            case ProductImportUndone(withdrawn=True):
                rows.close(PRODUCTS)
            case ProductDescribed(name=name, code=code, family=family):
                rows.change(PRODUCTS, name=name, code=code, family=family)
            case ProductRetired():
                rows.change(PRODUCTS, active=False)
            case ProductRestored():
                rows.change(PRODUCTS, active=True)
            case PipelineVersionDefined() as e:
                rows.put(PIPELINES, version=e.version, name=e.name, source=e.source, retired=False)
                for stage in e.stages:
                    rows.put(
                        STAGES,
                        version=e.version,
                        key=stage.key,
                        name=stage.name,
                        kind=stage.kind.value,
                        place=stage.order,
                        probability=stage.probability,
                        max_days=stage.max_days,
                    )
            case PipelineRetired():
                rows.change(PIPELINES, retired=True)
            case PipelineReinstated():
                rows.change(PIPELINES, retired=False)
            case SettingsChanged(currency=currency, zone=zone, fiscal_year_start=start):
                rows.put(PRACTICE, currency=currency, zone=zone, fiscal_year_start=start)
