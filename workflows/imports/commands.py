"""Records to commands: which stream each thing has, what is told of it, and when that was so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from domain.accounts import AccountRole, ImportAccount, accounts
from domain.attributes import Attributes, AttributeValue
from domain.contacts import Channel, Consent, ImportContact, RecordConsent, contacts
from domain.deals import CloseImported, ImportDeal, ImportStage, deals
from domain.deals.commands import Lines
from domain.deals.terms import Line
from domain.disputes import disputes
from domain.imports import imported_id
from domain.members import DeactivateMember, ImportMember, members
from domain.messages import unchecked
from domain.products import ImportProduct, RetireProduct, products
from domain.stages import PipelineVersion
from domain.teams import ImportTeam, teams
from domain.values import Money, Name, Prose, minor_digits
from infra.event_store import Step
from workflows.imports.claims import claim_of
from workflows.imports.records import (
    AccountRecord,
    ContactRecord,
    DealRecord,
    DisputeRecord,
    LineRecord,
    ProductRecord,
    Record,
    TeamRecord,
    UserRecord,
)

LONGEST_TEXT = 20_000
MOST_ATTRIBUTES = 200
_NAME, _PROSE, _LINES, _ATTRIBUTES = (TypeAdapter[Any](kind).validator.validate_python for kind in (Name, Prose, Lines, Attributes))


@dataclass(frozen=True, slots=True)
class ImportedPipeline:
    """A pipeline here that holds stages of the source: label -> key, and which keys are closed."""

    id: UUID
    keys: dict[str, str]
    closed: frozenset[str]

    @classmethod
    def of(cls, id_: UUID, version: PipelineVersion) -> ImportedPipeline:
        """From the version as it is defined now."""
        return cls(id_, {s.name: s.key for s in version.stages}, frozenset(s.key for s in version.stages if s.kind != "open"))


class Commands:
    """Makes the steps of each record. `beginning`: the earliest instant that the source reports; what is undated was there by then.
    `teams`: the teams of members who are here already; a deal goes to its owner's. `supply`: accounts are suppliers.
    """

    def __init__(
        self, source: str, run: UUID, zone: str, beginning: datetime | None, teams: Mapping[UUID, UUID], *, supply: bool = False
    ) -> None:
        self.run = run
        self._roles = (AccountRole.SUPPLIER,) if supply else ()
        self._teams = dict(teams)
        self._source, self._zone, self._beginning = source, zone, beginning
        self.pipelines: dict[str, ImportedPipeline] = {}
        self._ids: dict[tuple[str, str], UUID] = {}
        self._money: dict[tuple[Decimal, str], Money] = {}
        self._lines: dict[tuple[str | None, str, Decimal, Decimal], Line] = {}
        self._openings: dict[tuple[UUID, str], dict[str, Any]] = {}
        self._closings: dict[tuple[str, datetime | None, date | None, str | None], CloseImported] = {}
        self._makers: dict[type[Record], Callable[[Any], list[Step]]] = {
            TeamRecord: self._team,
            UserRecord: self._user,
            ProductRecord: self._product,
            AccountRecord: self._account,
            ContactRecord: self._contact,
            DealRecord: self._deal,
            DisputeRecord: self._dispute,
        }

    def of(self, record: Record) -> list[Step]:
        """The steps, all or none of which hold. Raises pydantic's ValidationError where a value is not what the domain takes."""
        return self._makers[type(record)](record)

    def id_of(self, noun: str, key: str | None) -> UUID | None:
        """The stream of a thing of the source, or the one that the key names outright."""
        if key is None:
            return None
        if key.startswith("="):
            return UUID(key[1:])
        known = self._ids.get((noun, key))
        if known is None:
            known = imported_id(noun, self._source, key)
            if noun != "deal":
                self._ids[noun, key] = known
        return known

    def _told(self, record: Record) -> dict[str, Any]:
        return {"source": self._source, "source_id": record.id[:200], "run": self.run}

    def _step(self, noun: str, decider: Any, record: Record, command: Any, at: datetime | None = None) -> list[Step]:
        stream = self.id_of(noun, record.id)
        assert stream is not None
        return [Step(decider, stream, command, at or self._beginning)]

    def _team(self, record: TeamRecord) -> list[Step]:
        return self._step("team", teams, record, ImportTeam(name=record.name, **self._told(record)))

    def _user(self, record: UserRecord) -> list[Step]:
        command = ImportMember(
            name=record.name,
            email=record.email,
            manager=self.id_of("member", record.manager),
            team=self.id_of("team", record.team),
            attributes=_attributes(record),
            **self._told(record),
        )
        steps = self._step("member", members, record, command)
        if command.team is not None:
            self._teams[steps[0].stream] = command.team
        return steps if record.active else [*steps, Step(members, steps[0].stream, DeactivateMember())]

    def _product(self, record: ProductRecord) -> list[Step]:
        price = self._amount(record.price, record.currency)
        attributes = _attributes(record)
        optional = {"unit": record.unit[:200]} if record.unit else {}
        command = ImportProduct(
            name=record.name,
            code=record.code[:200] if record.code else None,
            price=price,
            family=record.family[:200] if record.family else None,
            attributes=attributes,
            **optional,
            **self._told(record),
        )
        steps = self._step("product", products, record, command)
        return steps if record.active else [*steps, Step(products, steps[0].stream, RetireProduct())]

    def _account(self, record: AccountRecord) -> list[Step]:
        command = ImportAccount(
            legal_name=record.name,
            domain=record.domain,
            country=record.country,
            industry=record.industry,
            roles=self._roles,
            owner=self.id_of("member", record.owner),
            parent=self.id_of("account", record.parent),
            attributes=_attributes(record),
            **self._told(record),
        )
        return self._step("account", accounts, record, command, record.created_at)

    def _contact(self, record: ContactRecord) -> list[Step]:
        command = ImportContact(
            name=record.name,
            email=record.email,
            phone=record.phone,
            mobile=record.mobile,
            title=record.title,
            account=self.id_of("account", record.account),
            attributes=_attributes(record),
            **self._told(record),
        )
        steps = self._step("contact", contacts, record, command, record.created_at)
        if record.opted_out:
            consent = RecordConsent(channel=Channel.EMAIL, consent=Consent.WITHDRAWN, origin=f"import from {self._source}")
            steps.append(Step(contacts, steps[0].stream, consent))
        return steps

    def _dispute(self, record: DisputeRecord) -> list[Step]:
        return self._step("dispute", disputes, record, claim_of(record, self.id_of, self._told(record)), record.opened_at)

    def closing(self, deal: UUID, stage: str, reason: str) -> Step:
        """The step by which the source closes a deal that it imported before."""
        return Step(deals, deal, CloseImported(run=self.run, stage=stage, reason=reason))

    def _deal(self, record: DealRecord) -> list[Step]:
        pipeline = self.pipelines[record.pipeline]
        stream = imported_id("deal", self._source, record.id)
        first = record.stages[0]
        owner = self.id_of("member", record.owner)
        lines = tuple([self._line(line, record.currency) for line in record.lines])
        opening = ImportDeal.trusted(
            **self._opening(pipeline, pipeline.keys[first.label]),
            title=_NAME(record.name),
            source_id=_NAME(record.id[:200]),
            account=self.id_of("account", record.account),
            owner=owner,
            team=self._teams.get(owner) if owner is not None else None,
            lines=_LINES(lines) if len(lines) > 1 else lines,
            amount=self._amount(record.amount, record.currency),
            close_date=record.close_date,
            next_step=_PROSE(record.next_step[:LONGEST_TEXT]) if record.next_step else None,
            attributes=_ATTRIBUTES(_attributes(record)) if record.attributes else {},
        )
        steps = [Step(deals, stream, opening, first.since)]
        for stage in record.stages[1:]:
            key = pipeline.keys[stage.label]
            if key in pipeline.closed:
                won_on = record.close_date if record.won else None
                reason = record.lost_reason[:200].rstrip() if record.lost_reason else None
                steps.append(Step(deals, stream, self._closing(key, stage.since, won_on, reason), stage.since))
            else:
                told = ImportStage(run=self.run, stage=key, since=stage.since)
                steps.append(Step(deals, stream, told, stage.since))
        return steps

    def _opening(self, pipeline: ImportedPipeline, stage: str) -> dict[str, Any]:
        """What all deals of a stage share, checked once. A row's own texts are checked one by one, the rest is made of checked values."""
        known = self._openings.get((pipeline.id, stage))
        if known is None:
            checked = ImportDeal(
                title="-", source_id="-", pipeline=pipeline.id, stage=stage, zone=self._zone, run=self.run, source=self._source
            )
            shared = ("run", "source", "pipeline", "stage", "zone")
            known = self._openings[pipeline.id, stage] = {name: getattr(checked, name) for name in shared}
        return known

    def _closing(self, stage: str, since: datetime | None, won_on: date | None, reason: str | None) -> CloseImported:
        """The command, made once for all deals that closed alike on the same day."""
        key = stage, since, won_on, reason
        known = self._closings.get(key)
        if known is None:
            if len(self._closings) > 100_000:
                self._closings.clear()
            known = self._closings[key] = CloseImported(run=self.run, stage=stage, since=since, won_on=won_on, reason=reason)
        return known

    def _amount(self, amount: Decimal | None, currency: str | None) -> Money | None:
        """Money, made once per distinct amount. A value without any currency is none."""
        if amount is None or currency is None:
            return None
        key = amount, currency
        money = self._money.get(key)
        if money is None:
            if len(self._money) > 100_000:
                self._money.clear()
            # with the digits of its currency from the start, where that says the same: rounding then has nothing to do
            exact = amount.quantize(Decimal(1).scaleb(-minor_digits(currency)))
            money = self._money[key] = Money(amount=exact if exact == amount else amount, currency=currency)
        return money

    def _line(self, line: LineRecord, currency: str | None) -> Line:
        price = self._amount(line.unit_price, currency)
        if price is None:
            raise ValueError("no currency is known for the line's price; say which with --answer currency=EUR")
        key = line.product, line.label, line.quantity, line.discount
        known = self._lines.get(key)
        if known is None or price.amount < 0:
            if len(self._lines) > 100_000:
                self._lines.clear()
            product = self.id_of("product", line.product)
            known = self._lines[key] = Line(
                product=product, label=line.label, quantity=line.quantity, unit_price=price, discount=line.discount
            )
        # lines of one product differ in their price only, which has been checked
        return known if known.unit_price is price else unchecked(Line, {**known.__dict__, "unit_price": price}, known.model_fields_set)


def _attributes(record: Record) -> dict[str, AttributeValue]:
    kept = record.attributes
    if len(kept) > MOST_ATTRIBUTES:
        kept = dict(sorted(kept.items())[:MOST_ATTRIBUTES])
    return {key: value.replace("\x00", "")[:LONGEST_TEXT] for key, value in kept.items()} if kept else {}
