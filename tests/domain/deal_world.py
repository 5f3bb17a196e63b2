"""A deal and what stands around it, for tests: accounts, members, contacts, products and the default pipeline."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid5

from domain.accounts import Account
from domain.contacts.state import Contact
from domain.deals import (
    BuyerRole,
    Deal,
    DealEvidenceRecorded,
    DealOpened,
    DealPerson,
    DealStageEntered,
    DealStageRequested,
    Direction,
    EnterStage,
    Evidence,
    Line,
    OpenDeal,
    Source,
    deals,
)
from domain.default_pipeline import default_pipeline
from domain.kernel import Actor, Context, Event, Role, natural_id
from domain.members import Member
from domain.pipelines import DEFAULT_PIPELINE, Category, Pipeline, PipelineVersion, StageKind, pipelines
from domain.products import Product
from domain.values import Money
from tests.spec import NOW, Spec

TODAY = NOW.date()
ACME, CLOSED, MERGED, GLOBEX = (natural_id("test", name) for name in ("acme", "closed", "merged", "globex"))
ANNA, BEN, GONE = (natural_id("test", name) for name in ("anna", "ben", "gone"))
BUYER, CHAMPION, FORGOTTEN = (natural_id("test", name) for name in ("buyer", "champion", "forgotten"))
SAW, OLD_SAW = (natural_id("test", name) for name in ("saw", "old saw"))
SMALL, RETIRED, NOBODY = (natural_id("test", name) for name in ("small", "retired", "nobody"))
TEAM = natural_id("test", "team")
DEAL = natural_id("test", "the deal")
FINANCE = Actor(natural_id("test", "finance"), frozenset({Role.FINANCE}))
SELLER = Actor(ANNA, frozenset({Role.ACCOUNT_MANAGER}))
SHA = "ab" * 32


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def defined() -> Pipeline:
    events = pipelines.decide(None, default_pipeline(), Context(now=NOW))
    state = pipelines.fold(e for e in events if isinstance(e, Event))
    assert state is not None
    return state


PIPELINE = defined()
VERSION = PIPELINE.latest
FACTS = {
    DEFAULT_PIPELINE: PIPELINE,
    RETIRED: Pipeline("Old", PIPELINE.versions, retired=True),
    ACME: Account(legal_name="Acme"),
    GLOBEX: Account(legal_name="Globex"),
    CLOSED: Account(legal_name="Gone Ltd", closed=True),
    MERGED: Account(legal_name="Acme Inc", merged_into=ACME),
    ANNA: Member(name="Anna", team=TEAM),
    BEN: Member(name="Ben"),
    GONE: Member(name="Gone", active=False),
    BUYER: Contact(name="Bea Buyer"),
    CHAMPION: Contact(name="Cy Champion"),
    FORGOTTEN: Contact(name="[erased]", erased=True),
    SAW: Product(name="Saw"),
    OLD_SAW: Product(name="Old saw", retired=True),
}
deal = Spec(deals).knowing(FACTS).on(DEAL).by(SELLER)


def opening(**changes: object) -> OpenDeal:
    fields = {"title": "Saws for Acme", "account": ACME, "amount": eur("100"), "close_date": date(2026, 4, 15), "owner": ANNA}
    return OpenDeal.model_validate({**fields, **changes})


def stage_facts(key: str, version: PipelineVersion = VERSION, **changes: object) -> dict[str, object]:
    stage = version.stage(key)
    assert stage is not None
    facts: dict[str, object] = {
        "pipeline": DEFAULT_PIPELINE,
        "pipeline_version": version.number,
        "stage": stage.key,
        "stage_name": stage.name,
        "kind": stage.kind,
        "probability": stage.probability,
        "stage_probability": stage.probability,
        "category": Category.BEST_CASE if stage.category is Category.COMMIT else stage.category,
        "default_category": stage.category,
        "max_days": stage.max_days,
        "since": NOW,
    }
    return facts | changes


def opened(**changes: object) -> DealOpened:
    fields = {
        "title": "Saws for Acme",
        "account": ACME,
        "amount": eur("100.00"),
        "close_date": date(2026, 4, 15),
        "zone": "UTC",
        "owner": ANNA,
        "team": TEAM,
        "source": Source.DIRECT,
    }
    return DealOpened.model_validate(stage_facts("qualify") | fields | changes)


PROOFS = {
    "need_stated": Evidence(criterion="need_stated", note="Blades wear out"),
    "economic_buyer_met": Evidence(criterion="economic_buyer_met", contact=BUYER),
    "budget_named": Evidence(criterion="budget_named", amount=eur("120")),
    "proposal_received": Evidence(criterion="proposal_received", document="P-1", sha256=SHA),
    "decision_date_named": Evidence(criterion="decision_date_named", on=date(2026, 4, 1)),
    "terms_agreed": Evidence(criterion="terms_agreed", document="mail of 3 March", sha256=SHA),
    "signatory_named": Evidence(criterion="signatory_named", contact=BUYER),
}


def proven(*criteria: str) -> tuple[DealEvidenceRecorded, ...]:
    """The events that record the usual evidence for these criteria."""
    found = []
    for key in criteria:
        known = VERSION.criterion(key)
        assert known is not None
        stage, criterion = known
        fields = PROOFS[key].model_dump(exclude_none=True) | {"label": criterion.label, "stage": stage.key, "kind": criterion.evidence}
        found.append(DealEvidenceRecorded.model_validate(fields))
    return tuple(found)


ALL_PROVEN = proven(*PROOFS)
ECONOMIC_BUYER = (DealPerson(contact=BUYER, role=BuyerRole.ECONOMIC_BUYER),)
SOON = TODAY + timedelta(days=7)


def requested(to: str, from_stage: str = "qualify", **changes: object) -> DealStageRequested:
    stage, here = VERSION.stage(to), VERSION.stage(from_stage)
    assert stage is not None
    assert here is not None
    direction = {StageKind.WON: Direction.WON, StageKind.LOST: Direction.LOST}.get(stage.kind)
    direction = direction or (Direction.FORWARD if stage.order > here.order else Direction.BACK)
    fields = {
        "from_stage": from_stage,
        "to": to,
        "to_name": stage.name,
        "kind": stage.kind,
        "direction": direction,
        "requested_at": NOW,
    }
    return DealStageRequested.model_validate(fields | changes)


def request_id(spec: Spec[Deal | None]):
    """The id of the last event given, by which a workflow refers to the request."""
    return uuid5(DEAL, str(len(spec.events)))


def entered(to: str, previous: str = "qualify", **changes: object) -> DealStageEntered:
    asked = requested(to, previous)
    fields = {"previous": previous, "direction": asked.direction, "request": NOBODY}
    return DealStageEntered.model_validate(stage_facts(to) | fields | changes)


def carried_out(spec: Spec[Deal | None]) -> Spec[Deal | None]:
    """The pending move of `spec`, which the last event asked for, carried out."""
    state = spec.state
    assert state is not None
    assert state.pending is not None
    return spec.given(*spec.when(EnterStage(to=state.pending.asked.to, request=request_id(spec))).events)


def line(price: str = "10", currency: str = "EUR", **changes: object) -> Line:
    fields = {"product": SAW, "unit_price": Money(amount=Decimal(price), currency=currency)}
    return Line.model_validate({**fields, **changes})


WON = entered("won", "paper", won_on=TODAY, signature="S-1")
LOST = entered("lost", "propose", reason="price", since=NOW)
