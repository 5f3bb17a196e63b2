"""Working on a deal, one look after the other: conversations, dates put right, next steps, evidence, calls; and its moves."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID

from domain.approvals import approval_id
from domain.deals import (
    AdvanceDeal,
    BuyerRole,
    ChangeAmount,
    ChangeLines,
    ClearCategory,
    ClearProbability,
    Deal,
    DealPerson,
    EnterStage,
    Evidence,
    Line,
    MoveCloseDate,
    OverrideProbability,
    RecordEvidence,
    RefuseMove,
    SetCategory,
    SetNextStep,
    SetPaymentTerms,
    SetPeople,
    Source,
    commit_unmet,
    deals,
)
from domain.deals.approving import NOUN
from domain.default_pipeline import default_pipeline
from domain.kernel import SYSTEM, Actor, Command
from domain.stages import Category, EvidenceKind, Stage, StageKind
from workflows.demo import texts
from workflows.demo.approving import consent, rejected
from workflows.demo.calendar import quarter_end
from workflows.demo.catalogue import discounted
from workflows.demo.conversations import talk, words
from workflows.demo.recording import Do, Told
from workflows.demo.simulation import Act
from workflows.demo.world import Account, Person, World
from workflows.moves import step_id

STAGES: dict[str, Stage] = {s.key: s for s in default_pipeline().stages if s.kind is StageKind.OPEN}
WAY = tuple(STAGES)
DAYS = {"qualify": 8.0, "discover": 15.0, "propose": 16.0, "negotiate": 12.0, "paper": 9.0}
"""How long a deal stays in a stage on average."""
Part = Generator[Act, Any, None]


@dataclass(frozen=True, slots=True)
class Opening:
    """What a deal begins with. `worth` in EUR; `lines` of a renewal; `rests_in`: where it is to be when the history ends."""

    number: str
    account: Account
    owner: Person
    worth: int
    source: Source = Source.DIRECT
    lines: tuple[Line, ...] = ()
    rests_in: str | None = None
    reference: str | None = None


class Dealing:
    """A deal in the hands of its owner. The deal's own story alone writes to it while people work."""

    def __init__(self, world: World, opening: Opening) -> None:
        self.world, self.opening = world, opening
        self.random: Random = world.chance("deal", opening.number)
        self.account = opening.account
        self.id: UUID = world.ids.at(world.now)
        pace = opening.owner.habits.pace * self.random.lognormvariate(0, 0.3) * (1.35 if opening.worth > 150_000 else 0.9)
        # what has to be somewhere on a day does not dawdle
        self.pace = 0.7 if opening.rests_in else pace
        self.silent = False

    @property
    def deal(self) -> Deal:
        return self.world.deals[self.id]

    @property
    def owner(self) -> Person:
        found = self.world.deals.get(self.id)
        person = self.opening.owner if found is None or found.owner is None else self.world.person(found.owner)
        return person.heir or person

    def today(self) -> date:
        return self.world.today(self.account.company.land.zone)

    def do(self, command: Command, by: Person | None = None) -> Do:
        return self.world.do(deals, self.id, command, by or self.owner)

    def filled(self, text: str) -> str:
        return text.format(**words(self.random, self.account))

    def rest(self, stage: str) -> float:
        """Days from the beginning of a stage to signing, on average."""
        return sum(DAYS[key] for key in WAY[WAY.index(stage) :]) * self.pace

    def aligned(self, wish: date) -> date:
        """Often the end of the quarter, if that is near; always a working day to come."""
        end, tomorrow = quarter_end(wish), self.today() + timedelta(days=1)
        if abs((end - wish).days) < 25 and self.random.random() < 0.5:
            wish = self.world.diary.working_day_before(end - timedelta(days=self.random.randrange(4)))
        return self.world.diary.working_day(max(wish, tomorrow))

    def touch(self, stage: str) -> Part:
        """One look at the deal: a conversation, dates put right, the next step, something of the stage's own."""
        random, world = self.random, self.world
        if random.random() < 0.62:
            note = random.choice(texts.SILENCE if self.silent else texts.TALKS[stage])
            promise = random.choice(texts.PROMISES) if random.random() < 0.5 else None
            yield from talk(world, random, self.account, self.owner, note, deal=self.id, promise=promise)
            yield world.next_slot(self.owner)
        yield from self._dates(stage)
        if not self.silent and random.random() < (0.95 if stage == WAY[-1] else 0.6):
            yield self.next_step(stage)
            yield world.next_slot(self.owner)
        yield from self._particular(stage)

    def next_step(self, stage: str) -> Do:
        on = self.world.diary.working_day(self.today() + timedelta(days=self.random.randint(3, 11)))
        return self.do(SetNextStep(next_step=self.filled(self.random.choice(texts.STEPS[stage])), next_step_on=on))

    def _dates(self, stage: str) -> Part:
        """Push the close date when it cannot be held, as far as the owner cares; sometimes it can be earlier."""
        deal, random, today = self.deal, self.random, self.today()
        assert deal.close_date is not None
        care = self.owner.habits.care
        likely = today + timedelta(days=round(self.rest(stage) * 0.8) + 3)
        late = (likely - deal.close_date).days
        if deal.close_date < today:
            wanted, reasons = self.aligned(likely) if random.random() < 0.35 + care / 2 else None, texts.PUSH_REASONS
        elif late > 10 and (deal.close_date - today).days < 21:
            wanted, reasons = self.aligned(likely) if random.random() < care * 0.8 else None, texts.PUSH_REASONS
        else:
            wanted, reasons = self.aligned(likely) if late < -20 and random.random() < 0.25 else None, texts.PULL_REASONS
        if wanted is not None and wanted != deal.close_date:
            yield self.do(MoveCloseDate(close_date=wanted, reason=random.choice(reasons)))
            yield self.world.next_slot(self.owner)

    def _particular(self, stage: str) -> Part:
        """What happens in this stage and in no other, each once; evidence as the buyer gives it."""
        random, deal = self.random, self.deal
        missing = [c.key for c in STAGES[stage].exit_criteria if c.key not in deal.evidence]
        if missing and random.random() < 0.45:
            yield self.do(RecordEvidence(evidence=self.proof(missing[0])))
            yield self.world.next_slot(self.owner)
        if stage == "discover" and random.random() < 0.5 and self.boss_unnamed:
            yield self.name_boss()
        elif stage == "discover" and not deal.lines and random.random() < 0.3 and deal.amount is not None:
            guess = deal.amount.times(Decimal(random.choice((70, 80, 90, 115, 130))) / 100)
            yield self.do(ChangeAmount(amount=guess, reason="Estimate after the plant tour"))
        elif stage == "propose" and not deal.lines:
            currency = self.account.company.land.currency
            lines = self.world.prices.lines(random, self.opening.worth, currency, self.world.rates[currency])
            yield self.do(ChangeLines(lines=lines, reason="Proposal 1"))
        elif stage == "propose" and deal.probability_override is None and random.random() < 0.07:
            yield self.do(OverrideProbability(probability=random.choice((20, 30, 60, 75)), reason="Own judgement after the presentation"))
        elif stage == "negotiate" and deal.probability_override is not None and random.random() < 0.5:
            yield self.do(ClearProbability())
        elif stage == "negotiate" and deal.lines and not any(line.discount for line in deal.lines) and random.random() < 0.6:
            yield self.do(
                ChangeLines(lines=discounted(deal.lines, random.choice((3, 5, 5, 8, 10, 12, 15, 18, 25))), reason="Volume discount")
            )
            if random.random() < 0.4:
                yield self.world.next_slot(self.owner)
                yield self.do(SetPaymentTerms(payment_days=random.choice((30, 45, 45, 60))))
        elif stage == "paper" and deal.lines and random.random() < 0.15:
            yield self.do(SetPaymentTerms(payment_days=random.choice((30, 45, 60))))
        else:
            yield from self._call(stage)

    @property
    def boss_unnamed(self) -> bool:
        """Whether nobody was named yet who decides about the money, though one is known."""
        named = any(person.role is BuyerRole.ECONOMIC_BUYER for person in self.deal.people)
        return not named and self.account.buyer("economic") is not None

    def name_boss(self) -> Do:
        boss = self.account.buyer("economic")
        assert boss is not None
        return self.do(SetPeople(people=(*self.deal.people, DealPerson(contact=boss.id, role=BuyerRole.ECONOMIC_BUYER))))

    def _call(self, stage: str) -> Part:
        """Call the category: the hopeful say commit early, the silent hide what they have, the dead deal is left out."""
        deal, hope, throw = self.deal, self.owner.habits.hope, self.random.random()
        if self.silent and deal.stalled and deal.category_override is None and throw < 0.3:
            yield self.do(SetCategory(category=Category.OMITTED))
        elif stage == "negotiate" and deal.category_override is None and throw < hope * 0.7:
            if not commit_unmet(deal, self.today()):
                yield self.do(SetCategory(category=Category.COMMIT))
        elif stage in {"propose", "negotiate"} and deal.category_override is None and throw > 0.82 + hope / 5:
            yield self.do(SetCategory(category=Category.PIPELINE))
        elif deal.category_override is not None and throw < 0.2:
            yield self.do(ClearCategory())

    # --- moves ---------------------------------------------------------------------------------------------------------

    def move(self, command: AdvanceDeal) -> Part:
        """Ask for a move; a moment later the deal's workflow carries it out, on behalf of whoever asked."""
        by = self.owner
        told: Told = yield self.do(command, by)
        request = told.id_of(-1)
        approval = yield from consent(self, told, request, by)
        system = Actor(id=SYSTEM.id, on_behalf_of=by.id)

        def step(name: str, wanted: Command) -> Do:
            return Do(deals, self.id, wanted, system, id=step_id(request, name), correlation=told.command, causation=request)

        if rejected(approval) and approval is not None:
            detail = f"The approvers said no: {approval.comment}"
            yield step("refuse", RefuseMove(request=request, rule="ApprovalRejected", detail=detail))
            yield from self._offer_less(command)
            return
        stream = approval_id(NOUN, self.id) if approval is not None else None
        entered: Told = yield step("enter", EnterStage(to=command.to, request=request, approval=stream))
        assert entered.events, "a move that was asked for is carried out"

    def _offer_less(self, command: AdvanceDeal) -> Part:
        """After a no: talk, take some of the discount back, and ask again."""
        yield self.world.after(self.owner, self.random.uniform(0.5, 3))
        lines = tuple(line.model_copy(update={"discount": min(line.discount, Decimal(10))}) for line in self.deal.lines)
        if lines != self.deal.lines:
            yield self.do(ChangeLines(lines=lines, reason="After the approvers' no"))
        if (self.deal.payment_days or 0) > 45:
            yield self.do(SetPaymentTerms(payment_days=45))
        yield self.world.next_slot(self.owner)
        yield from self.move(command)

    def proof(self, criterion: str) -> Evidence:
        """What shows that the buyer did it."""
        kind = next(c.evidence for stage in STAGES.values() for c in stage.exit_criteria if c.key == criterion)
        deal, random = self.deal, self.random
        boss = self.account.buyer("economic") or self.account.buyers[0]
        match kind:
            case EvidenceKind.NOTE:
                return Evidence(criterion=criterion, note=self.filled("{who}: unplanned stops cost about {n} hours a month on line {line}"))
            case EvidenceKind.CONTACT:
                return Evidence(criterion=criterion, contact=boss.id)
            case EvidenceKind.AMOUNT:
                assert deal.amount is not None
                return Evidence(criterion=criterion, amount=deal.amount.times(Decimal(random.choice((90, 100, 110))) / 100))
            case EvidenceKind.DATE:
                return Evidence(criterion=criterion, on=self.world.diary.working_day(self.today() + timedelta(days=random.randint(14, 40))))
            case EvidenceKind.DOCUMENT:
                name = f"{criterion.replace('_', '-')}-{random.randint(1000, 9999)}.pdf"
                return Evidence(criterion=criterion, document=name, sha256=sha256(f"{self.id}:{name}".encode()).hexdigest())
