"""What a person says about the files: a small TOML file (`--map`), options, and answers to questions.

source = "maven"                     # ids here are derived from it: keep it the same for the next export
currency = "USD"                     # of amounts that name none
zone = "Europe/Berlin"               # in which the files' dates are days
deleted = "skip"                     # rows that the source marks as deleted; or "close": what is here of them, or "import"
pipeline = "Way to signing"          # the pipeline here that takes the source's stages; without it the source gets one of its own
supply = true                        # suppliers and disputes alone; accounts of the files are suppliers. So it is where procurement imports
amounts = "as-reported"              # or "list-price": for open deals without an amount but with a product

[files."pipeline.csv"]
kind = "deals"                       # or "ignored"
dates = "dmy"                        # iso, mdy or dmy
decimals = "comma"                   # point or comma
encoding = "cp1252"                  # where it is not UTF-8
[files."pipeline.csv".columns]
"Phase" = "stage"                    # a field; "attribute" keeps the column as it is, "-" leaves it out

[values.product]
"GTXPro" = "GTX Pro"                 # "+" makes it a new one, "-" leaves it out

[stages."Engaging"]
kind = "open"                        # open, won or lost
probability = 50
order = 2
to = "Discover"                      # the stage of the `pipeline` named above; without it by name, or asked

[answers]
"dates:pipeline.csv:Closed" = "mdy"
"""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.values import Currency, Zone
from workflows.imports.faults import BadMapping
from workflows.imports.fields import Kind


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileOverride(_Strict):
    """What one file is and how it is read."""

    kind: Kind | None = None
    dates: Literal["iso", "mdy", "dmy"] | None = None
    decimals: Literal["point", "comma"] | None = None
    encoding: Annotated[str, Field(max_length=40)] | None = None
    columns: dict[str, str] = Field(default_factory=dict)


class StageOverride(_Strict):
    """What a stage of the source is here."""

    kind: Literal["open", "won", "lost"] | None = None
    probability: Annotated[Decimal, Field(ge=0, le=100)] | None = None
    order: int | None = None
    to: Annotated[str, Field(max_length=200)] | None = None


class Overrides(_Strict):
    """All that a person has said. Everything left out is guessed, shown, or asked."""

    source: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")] | None = None
    currency: Currency | None = None
    zone: Zone | None = None
    deleted: Literal["skip", "close", "import"] = "skip"
    pipeline: Annotated[str, Field(max_length=200)] | None = None
    amounts: Literal["as-reported", "list-price"] | None = None
    conflicts: Literal["keep", "source"] = "keep"
    supply: bool = False
    files: dict[str, FileOverride] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    stages: dict[str, StageOverride] = Field(default_factory=dict)
    answers: dict[str, str] = Field(default_factory=dict)

    def file(self, table: str) -> FileOverride:
        """What was said about a table, by its name or, for a workbook, by the file's."""
        return self.files.get(table) or self.files.get(table.split("#", 1)[0]) or _NOTHING

    def answering(self, answers: dict[str, str]) -> Overrides:
        """With more answers; later ones win."""
        return self.model_copy(update={"answers": {**self.answers, **answers}})


_NOTHING = FileOverride()


def read_overrides(path: Path) -> Overrides:
    """The mapping file at `path`. Raises BadMapping with the line or the entry at fault."""
    try:
        return Overrides.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as cause:
        raise BadMapping(f"the mapping file {path} cannot be read; check the path", file=str(path)) from cause
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise BadMapping(f"the mapping file {path.name} is not TOML: {cause}", file=str(path)) from cause
    except ValidationError as cause:
        first = cause.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadMapping(
            f"the mapping file {path.name} says something unknown at {where}: {first['msg']}", file=str(path), at=where
        ) from cause
