"""How everything in the files is read: what was found, decided and answered, as the conversion of rows needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.imports import imported_id
from workflows.imports.dates import DateOrder
from workflows.imports.fields import Kind
from workflows.imports.mapping import TableMapping
from workflows.imports.overrides import Overrides
from workflows.imports.profile import TableProfile
from workflows.imports.questions import Questions
from workflows.imports.references import Names
from workflows.imports.report import MatchReport
from workflows.imports.stages import FoundPipeline
from workflows.imports.values import Separator

_NOUNS = {"account": "account", "product": "product", "user": "member"}


@dataclass(slots=True)
class FoundTable:
    """A table with what was learnt about it. `left_out` says why a recognised table is not read after all."""

    mapping: TableMapping
    profile: TableProfile
    left_out: str | None = None

    @property
    def kind(self) -> Kind:
        return Kind.IGNORED if self.left_out else self.mapping.kind

    @property
    def name(self) -> str:
        return self.mapping.table.name


@dataclass(slots=True)
class Settled:
    """How everything in the files is read."""

    source: str
    zone: ZoneInfo
    currency: str | None
    tables: list[FoundTable]
    questions: Questions
    overrides: Overrides
    dates: dict[tuple[str, int], DateOrder] = field(default_factory=dict)
    separators: dict[tuple[str, int], Separator] = field(default_factory=dict)
    fractions: set[tuple[str, int]] = field(default_factory=set)
    names: dict[str, Names] = field(default_factory=dict)
    ids: dict[str, set[str]] = field(default_factory=dict)
    here: dict[str, set[str]] = field(default_factory=dict)
    """Keys (`=` and a stream id) of what the tenant has already."""
    teams: dict[UUID, UUID] = field(default_factory=dict)
    """The teams of members whom the tenant has already."""
    countries: dict[str, str | None] = field(default_factory=dict)
    industries: dict[str, str] = field(default_factory=dict)
    pipelines: dict[str, FoundPipeline] = field(default_factory=dict)
    onto: UUID | None = None
    """The pipeline here that takes the source's stages; None: one of the source's own does."""
    stage_labels: dict[str, str] = field(default_factory=dict)
    importer: UUID | None = None
    """The member who imports; None: Concord itself does."""
    close_deleted: bool = False
    use_list_prices: bool = False
    list_prices: dict[str, tuple[Decimal, str | None]] = field(default_factory=dict)
    opened_stage: dict[str, str] = field(default_factory=dict)
    history_fields: dict[str, frozenset[str]] = field(default_factory=dict)
    matches: list[MatchReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def of(self, kind: Kind) -> list[FoundTable]:
        """The tables of a kind that are read."""
        return [t for t in self.tables if t.kind is kind]

    def own(self, space: str, id_: str) -> str:
        """The key of what an import of this source makes of one of its ids."""
        return _own(_NOUNS[space], self.source, id_)

    def knows(self, space: str, key: str) -> bool:
        """Whether a key is of something in the files or here: by its id in the source too, when an earlier import brought it."""
        if key.startswith("=") or key in self.ids[space] or key in self.names[space].mentioned:
            return True
        if self.own(space, key) not in self.here[space]:
            return False
        self.ids[space].add(key)
        return True

    def label(self, space: str, key: str) -> str:
        """What a thing is called, in the files or else here."""
        labels = self.names[space].labels
        return labels.get(key) or labels.get(self.own(space, key), key)


@lru_cache(maxsize=100_000)
def _own(noun: str, source: str, id_: str) -> str:
    return f"={imported_id(noun, source, id_)}"
