"""A deal as its decisions see it, and how each event changes that. Total: an event that makes no sense changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5

from domain.attributes import AttributeValue
from domain.deals import events as e
from domain.deals.imported import DealImported, DealImportUndone, DealReimported, DealStageReported
from domain.deals.provenance import opening_row, report, stage_row
from domain.deals.terms import DealPerson, Evidence, Line
from domain.imports import Provenance
from domain.kernel import Event
from domain.price_talk import DealPriceTalkPrepared, PriceTalk
from domain.stages import Category, StageKind
from domain.values import Money


@dataclass(frozen=True, slots=True)
class PendingMove:
    """A requested move that has not settled. `version` is the version of the event that asked, in the deal's stream."""

    version: int
    asked: e.DealStageRequested

    def request(self, deal: UUID) -> UUID:
        """The id of the event that asked: uuid5 of stream and version, as the event store derives it."""
        return uuid5(deal, str(self.version))


@dataclass(frozen=True, slots=True)
class Deal:
    """What decisions about a deal read."""

    title: str
    pipeline: UUID
    pipeline_version: int
    stage: str
    stage_name: str
    kind: StageKind
    stage_probability: int
    default_category: Category
    max_days: int | None
    since: datetime
    """When it came into its stage."""
    category: Category
    """The effective forecast category, as last recorded."""
    zone: str
    source: str
    version: int = 1
    """How many events it has had, which is the version of its stream."""
    account: UUID | None = None
    owner: UUID | None = None
    team: UUID | None = None
    amount: Money | None = None
    annual: Money | None = None
    lines: tuple[Line, ...] = ()
    payment_days: int | None = None
    """Within how many days the buyer pays; None: the usual ones."""
    close_date: date | None = None
    pushes: int = 0
    lapsed: frozenset[date] = frozenset()
    """The close dates whose passing was recorded."""
    stalled: bool = False
    """Whether it was recorded that it stays too long in this stage."""
    left: str | None = None
    """The open stage it was in before it closed."""
    won_on: date | None = None
    probability_override: int | None = None
    category_override: Category | None = None
    people: tuple[DealPerson, ...] = ()
    next_step: str | None = None
    next_step_on: date | None = None
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    pending: PendingMove | None = None
    approvals: tuple[str, ...] = ()
    """The chains of approvers that the pending move waits for; while there are any, the terms stay as they are and no gate opens."""
    approval: UUID | None = None
    """The stream of its approvals, once approvers were asked."""
    provenance: Provenance | None = None
    reports: frozenset[tuple[str, str, str]] = frozenset()
    """The stages that the source told, each with its instant and, for a closing, how it closed."""
    stage_reported: bool = False
    """Whether it is in its stage because the source says so, not by a move in Concord."""
    price_talk: PriceTalk | None = None
    """What happened in the term of the contract that it is to renew."""
    withdrawn: bool = False
    """Whether the import that brought it was undone."""

    @property
    def open(self) -> bool:
        """Neither won nor lost."""
        return self.kind is StageKind.OPEN

    @property
    def probability(self) -> int:
        """The effective one, in percent."""
        return self.stage_probability if self.probability_override is None else self.probability_override

    @property
    def needs_attention(self) -> tuple[str, ...]:
        """The fields that an imported deal lacks and that gates will ask for."""
        return tuple(name for name in ASKED_FOR if getattr(self, name) is None)


ASKED_FOR = ("account", "close_date", "amount", "owner")
"""The fields that a deal cannot do without; only imported ones may lack them for a while."""


def _placed(event: e.StageFacts) -> dict[str, Any]:
    closed = event.kind is not StageKind.OPEN
    placed: dict[str, Any] = {
        "pipeline": event.pipeline,
        "pipeline_version": event.pipeline_version,
        "stage": event.stage,
        "stage_name": event.stage_name,
        "kind": event.kind,
        "stage_probability": event.stage_probability,
        "default_category": event.default_category,
        "max_days": event.max_days,
        "since": event.since,
        "category": event.category,
        "stalled": False,
    }
    if closed:
        placed |= {"probability_override": None, "category_override": None}
    return placed


def _opened(event: e.DealOpened) -> Deal:
    return Deal(
        **_placed(event),
        title=event.title,
        account=event.account,
        amount=event.amount,
        annual=event.annual,
        lines=event.lines,
        close_date=event.close_date,
        zone=event.zone,
        owner=event.owner,
        team=event.team,
        source=str(event.source),
        people=event.people,
        next_step=event.next_step,
        next_step_on=event.next_step_on,
        attributes=event.attributes,
    )


def _imported(event: DealImported, version: int) -> Deal:
    rows = ((event.run, opening_row(event)),)
    return _brought(event, version, Provenance(event.source, event.source_id, rows), frozenset({report(event)}))


def passing(event: DealImported) -> Deal:
    """A deal that has just come, as far as the next stage that its source tells needs it: all but what the source's row said.

    To carry a deal through its past without the costliest part of its state, which nothing reads on the way.
    """
    return _brought(event, 1, Provenance(event.source, event.source_id), frozenset({report(event)}))


def _brought(event: DealImported, version: int, provenance: Provenance, reports: frozenset[tuple[str, str, str]]) -> Deal:
    return _made(
        {
            **_BLANK_VALUES,
            **_placed(event),
            "version": version,
            "title": event.title,
            "account": event.account,
            "amount": event.amount,
            "annual": event.annual,
            "lines": event.lines,
            "close_date": event.close_date,
            "zone": event.zone,
            "owner": event.owner,
            "team": event.team,
            "source": event.source,
            "next_step": event.next_step,
            "next_step_on": event.next_step_on,
            "attributes": event.attributes,
            "provenance": provenance,
            "reports": reports,
            "won_on": event.won_on,
            "stage_reported": True,
        }
    )


_SETTLED: dict[str, Any] = {"pending": None, "approvals": ()}
"""Approvals hang on the pending move, and end with it."""


def _entered(deal: Deal, event: e.DealStageEntered) -> dict[str, Any]:
    left = deal.stage if deal.open and event.kind is not StageKind.OPEN else deal.left
    return _placed(event) | _SETTLED | {"left": left, "won_on": event.won_on, "stage_reported": False}


def _back_open(_deal: Deal, event: e.DealReopened | e.DealWinReversed) -> dict[str, Any]:
    return _placed(event) | _SETTLED | {"won_on": None, "left": None, "stage_reported": False}


def _migrated(deal: Deal, event: e.DealPipelineMigrated) -> dict[str, Any]:
    evidence = {key: value for key, value in deal.evidence.items() if key not in event.dropped}
    return _placed(event) | {"evidence": evidence, "stage_reported": False}


def _proven(deal: Deal, event: e.DealEvidenceRecorded) -> dict[str, Any]:
    proof = Evidence.model_construct(
        criterion=event.criterion,
        note=event.note,
        on=event.on,
        document=event.document,
        sha256=event.sha256,
        contact=event.contact,
        amount=event.amount,
    )
    return {"evidence": {**deal.evidence, event.criterion: proof}}


def _retracted(deal: Deal, event: e.DealEvidenceRetracted) -> dict[str, Any]:
    return {"evidence": {key: value for key, value in deal.evidence.items() if key != event.criterion}}


def _reimported(deal: Deal, event: DealReimported) -> dict[str, Any]:
    return {"provenance": deal.provenance.heard(event.run, event.said)} if deal.provenance else {}


def _reported(deal: Deal, event: DealStageReported) -> dict[str, Any]:
    if deal.provenance is None:
        return {}
    reports = deal.reports | {report(event)}
    row = {**deal.provenance.said, **(stage_row(event) if event.current else {})}
    changes = {"reports": reports, "provenance": deal.provenance.heard(event.run, row)}
    if not event.current:
        return changes
    left = deal.stage if deal.open and event.kind is not StageKind.OPEN else deal.left
    return _placed(event) | changes | {"left": left, "won_on": event.won_on, "stage_reported": True}


def _undone(deal: Deal, event: DealImportUndone) -> dict[str, Any]:
    if event.withdrawn:
        return {"withdrawn": True, **_SETTLED}
    return {"provenance": deal.provenance.without(event.run)} if deal.provenance else {}


_CHANGES: dict[type[Event], Callable[[Deal, Any], dict[str, Any]]] = {
    e.DealStageRequested: lambda d, v: {"pending": PendingMove(d.version + 1, v)},
    e.DealStageEntered: _entered,
    e.DealMoveRefused: lambda _d, _v: _SETTLED,
    e.DealMoveWithdrawn: lambda _d, _v: _SETTLED,
    e.DealApprovalRequested: lambda _d, v: {"approvals": v.chains, "approval": v.approval},
    e.DealPaymentTermsSet: lambda _d, v: {"payment_days": v.payment_days},
    e.DealReopened: _back_open,
    e.DealWinReversed: _back_open,
    e.DealPipelineMigrated: _migrated,
    e.DealEvidenceRecorded: _proven,
    e.DealEvidenceRetracted: _retracted,
    e.DealAmountChanged: lambda _d, v: {"amount": v.amount, "annual": v.annual, "lines": ()},
    e.DealLinesChanged: lambda _d, v: {"amount": v.amount, "annual": v.annual, "lines": v.lines},
    e.DealCloseDateMoved: lambda _d, v: {"close_date": v.close_date, "pushes": v.pushes},
    e.DealCloseDateLapsed: lambda d, v: {"lapsed": d.lapsed | {v.close_date}},
    e.DealStalled: lambda _d, _v: {"stalled": True},
    e.DealCommitLost: lambda _d, _v: {},
    e.DealForecastCategoryChanged: lambda _d, v: {"category": v.category},
    e.DealCategorySet: lambda _d, v: {"category_override": v.called},
    e.DealCategoryCleared: lambda _d, _v: {"category_override": None},
    e.DealProbabilityOverridden: lambda _d, v: {"probability_override": v.probability},
    e.DealProbabilityCleared: lambda _d, _v: {"probability_override": None},
    e.DealOwnerAssigned: lambda _d, v: {"owner": v.owner, "team": v.team},
    e.DealAccountSet: lambda _d, v: {"account": v.account},
    e.DealNextStepSet: lambda _d, v: {"next_step": v.next_step, "next_step_on": v.next_step_on},
    e.DealPeopleSet: lambda _d, v: {"people": v.people},
    DealPriceTalkPrepared: lambda _d, v: {"price_talk": v.talk},
    e.DealRenamed: lambda _d, v: {"title": v.title},
    e.DealAttributesSet: lambda _d, v: {"attributes": v.attributes},
    DealReimported: _reimported,
    DealStageReported: _reported,
    DealImportUndone: _undone,
}


_SLOTS = tuple((getattr(Deal, f.name).__get__, getattr(Deal, f.name).__set__) for f in fields(Deal))
_SET = {f.name: getattr(Deal, f.name).__set__ for f in fields(Deal)}
_BLANK = Deal(
    title="",
    pipeline=UUID(int=0),
    pipeline_version=0,
    stage="",
    stage_name="",
    kind=StageKind.OPEN,
    stage_probability=0,
    default_category=Category.OMITTED,
    max_days=None,
    since=datetime.min.replace(tzinfo=UTC),
    category=Category.OMITTED,
    zone="",
    source="",
)
_PUTS = [put for _, put in _SLOTS]
_BLANK_VALUES = {f.name: getattr(_BLANK, f.name) for f in fields(Deal)}
"""Every field at its default, in order, to make a deal from without going by the constructor."""


def _made(values: Mapping[str, Any]) -> Deal:
    """A deal of a value for every field, in their order."""
    new = object.__new__(Deal)
    for put, value in zip(_PUTS, values.values(), strict=True):
        put(new, value)
    return new


def _changed(deal: Deal, changes: Mapping[str, Any]) -> Deal:
    """As dataclasses.replace, in a third of the time: every command and every load comes by here."""
    new = object.__new__(Deal)
    for get, put in _SLOTS:
        put(new, get(deal))
    for name, value in changes.items():
        _SET[name](new, value)
    return new


def evolve(deal: Deal | None, event: Event) -> Deal | None:
    """The deal after `event`; None while it has not begun."""
    if deal is None:
        if isinstance(event, e.DealOpened):
            return _opened(event)
        return _imported(event, 1) if isinstance(event, DealImported) else None
    if isinstance(event, DealImported) and deal.withdrawn:
        return _imported(event, deal.version + 1)
    change = _CHANGES.get(type(event))
    if change is None:
        return _changed(deal, {"version": deal.version + 1})
    return _changed(deal, {**change(deal, event), "version": deal.version + 1})
