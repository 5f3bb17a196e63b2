"""The story of one deal: opened, worked on from stage to stage, moved through its gates, won or lost, sometimes taken up again."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.deals import (
    AdvanceDeal,
    AssignOwner,
    BuyerRole,
    ChangeLines,
    Deal,
    DealPerson,
    OpenDeal,
    ReopenDeal,
    ReverseWin,
    SetDealAttributes,
    SetPaymentTerms,
    Source,
    deals,
)
from domain.kernel import Role
from domain.values import Money
from workflows.demo import texts
from workflows.demo.catalogue import discounted
from workflows.demo.conversations import talk
from workflows.demo.customers import became_customer
from workflows.demo.dealing import DAYS, STAGES, WAY, Dealing, Opening, Part
from workflows.demo.simulation import Act, Story
from workflows.demo.world import World

_LOST_IN = {"qualify": 0.22, "discover": 0.3, "propose": 0.27, "negotiate": 0.17, "paper": 0.04}
_LOST_WHY = {
    "price": 0.24, "competitor": 0.22, "no_decision": 0.2, "no_budget": 0.12, "timing": 0.1, "product_fit": 0.06, "relationship": 0.04,
    "other": 0.02,
}  # fmt: skip
_REVERSED = 64
"""One win in so many is taken back."""
_MAY_COME_BACK = {"no_budget", "timing", "no_decision", "competitor"}


def pursued(world: World, opening: Opening, won: Callable[[Opening, Deal], None], id: UUID | None = None) -> Story:
    """One deal from beginning to end; `won` is called when it is, and stays so. `id`: of one that was opened already."""
    pursuit = _Pursuit(world, opening)
    if id is None:
        yield from pursuit.open()
    else:
        pursuit.id = id
    while (yield from pursuit.run()):
        pass
    if pursuit.deal.won_on is not None:
        world.begin(became_customer(world, opening.account))
        won(opening, pursuit.deal)


class _Pursuit(Dealing):
    """What becomes of the deal is thrown at its opening; when, and by which way, follows from how its owner works."""

    def __init__(self, world: World, opening: Opening) -> None:
        super().__init__(world, opening)
        odds = (
            0.34
            * opening.owner.habits.wins
            * (2.2 if opening.source is Source.RENEWAL else 1.0)
            * (0.8 if opening.worth > 250_000 else 1.0)
        )
        self.wins = self.random.random() < odds
        self.ends_in = self._weighted(_LOST_IN)
        self.why = self._weighted(_LOST_WHY)
        self.tries = 0
        self.application = self.random.choice(list(texts.PROJECTS))

    def _weighted(self, table: dict[str, float]) -> str:
        return self.random.choices(list(table), list(table.values()))[0]

    # --- opening ------------------------------------------------------------------------------------------------------

    def open(self) -> Part:
        world, opening, random = self.world, self.opening, self.random
        currency = self.account.company.land.currency
        rate = world.rates[currency]
        site = random.choice(texts.SITES)
        project = random.choice(texts.PROJECTS[self.application]).format(line=random.randint(1, 6))
        title = opening.reference or random.choice(texts.NAMES).format(what=project, where=self.account.company.short)
        lines = opening.lines or (world.prices.lines(random, opening.worth, currency, rate) if random.random() < 0.5 else ())
        amount = None if lines else Money(amount=(Decimal(opening.worth) * rate).quantize(Decimal(100)), currency=currency)
        champion = self.account.buyers[0]
        far = random.uniform(1.6, 3.2) if random.random() < 0.12 else random.uniform(0.8, 1.15)
        wish = self.today() + timedelta(days=round(self.rest("qualify") * far) + 5)
        command = OpenDeal(
            title=title,
            account=self.account.id,
            lines=lines,
            amount=amount,
            close_date=self.aligned(wish),
            zone=self.account.company.land.zone,
            owner=opening.owner.id,
            source=opening.source,
            source_reference=opening.reference,
            people=(DealPerson(contact=champion.id, role=BuyerRole.CHAMPION),),
            next_step=self.filled(random.choice(texts.STEPS["qualify"])),
            next_step_on=world.diary.working_day(self.today() + timedelta(days=random.randint(2, 6))),
            attributes={"application": self.application},
        )
        yield world.do(deals, self.id, command, opening.owner, new=True)
        if random.random() < 0.4:
            yield world.next_slot(self.owner)
            yield self.do(SetDealAttributes(attributes={"site": site}))

    # --- from stage to stage ------------------------------------------------------------------------------------------

    def run(self) -> Generator[Act, Any, bool]:
        """Work from the stage it is in to an end; true when it begins anew after that."""
        while True:
            stage = self.deal.stage
            if self.opening.rests_in == stage:
                yield from self._rest_here(stage)
            fate = None if self.wins or self.opening.rests_in else self.ends_in
            yield from self._work(stage, lingering=stage == fate)
            if stage == fate:
                return (yield from self._lost())
            if stage == WAY[-1]:
                return (yield from self._won())
            back = WAY.index(stage) > 1 and self.opening.rests_in is None and self.random.random() < 0.04
            if back:
                reason = self.random.choice(list(texts.BACK_NOTES))
                yield from self.move(AdvanceDeal(to=WAY[WAY.index(stage) - 1], reason=reason, note=texts.BACK_NOTES[reason]))
            else:
                yield from self._forward(stage)

    def _work(self, stage: str, *, lingering: bool) -> Part:
        factor = (1.5 if lingering else 1.0) * (0.55 if self.opening.rests_in else 1.0)
        stay = DAYS[stage] * self.pace * factor * self.random.lognormvariate(0, 0.35)
        if lingering and self.why == "no_decision":
            stay, self.silent = stay + self.random.uniform(20, 80), True
        touches = max(1, min(6, round(stay / (15 if self.silent else 8))))
        for _ in range(touches):
            yield self.world.after(self.owner, stay / touches * self.random.uniform(0.8, 1.2))
            yield from self.touch(stage)
        self.silent = False

    def _rest_here(self, stage: str) -> Part:
        """Stay to the end of the history, at work; some wait at the end for those who have to agree to what they offered."""
        plan = self.world.plan
        asks = stage in {"negotiate", "paper"} and self.opening.number.endswith((".1", ".2"))
        while True:
            yield self.world.after(self.owner, self.random.uniform(0.6, 1.4) if asks else self.random.uniform(4, 9))
            if asks and plan.until - self.world.now < timedelta(days=3.5):
                yield from self._ask_for_more(stage)
            yield from self.touch(stage)

    def _ask_for_more(self, stage: str) -> Part:
        """Ask to go on with a discount that somebody has to agree to; nobody has answered yet when the history ends."""
        if self.deal.lines:
            percent = self.random.choice((14, 18, 24))
            yield self.do(ChangeLines(lines=discounted(self.deal.lines, percent), reason="Last offer"))
            yield self.world.next_slot(self.owner)
        yield self.do(SetPaymentTerms(payment_days=60))
        yield self.world.next_slot(self.owner)
        if stage == WAY[-1]:
            yield from self._won()
        else:
            yield from self._forward(stage)

    def _forward(self, stage: str) -> Part:
        missing = [c.key for c in STAGES[stage].exit_criteria if c.key not in self.deal.evidence]
        following = WAY[WAY.index(stage) + 1]
        if following == "propose" and self.boss_unnamed and self.random.random() < 0.9:
            yield self.name_boss()
            yield self.world.next_slot(self.owner)
        if following == "paper":
            yield self.next_step(following)
            yield self.world.next_slot(self.owner)
        yield from self.move(AdvanceDeal(to=following, evidence=tuple(self.proof(key) for key in missing)))

    # --- ends ---------------------------------------------------------------------------------------------------------

    def _won(self) -> Generator[Act, Any, bool]:
        random = self.random
        missing = tuple(self.proof(c.key) for c in STAGES[WAY[-1]].exit_criteria if c.key not in self.deal.evidence)
        number = random.randint(4_500_000, 4_599_999)
        today = self.today()
        if random.random() < 0.6:
            command = AdvanceDeal(
                to="won", evidence=missing, signed_on=today - timedelta(days=random.choice((0, 0, 1, 2))), signature=f"C-{number}"
            )
        else:
            command = AdvanceDeal(to="won", evidence=missing, order_reference=f"PO {number}", ordered_on=today)
        yield from self.move(command)
        self.world.wins += 1
        reversed_later = self.world.wins % _REVERSED == _REVERSED // 8
        yield self.world.after(self.owner, random.uniform(1, 6))
        yield from talk(self.world, random, self.account, self.owner, texts.KICK_OFF, deal=self.id)
        if not reversed_later:
            return False
        yield self.world.after(self.owner, random.uniform(8, 25))
        finance = self.world.having(Role.FINANCE)
        again = self.aligned(self.today() + timedelta(days=random.randint(20, 50)))
        yield self.do(ReverseWin(reason=random.choice(texts.REVERSAL_REASONS), close_date=again), finance)
        yield from self._inherited()
        self._anew(random.random() < 0.5, WAY[-1])
        return True

    def _lost(self) -> Generator[Act, Any, bool]:
        random, why = self.random, self.why
        rival = random.choice(texts.RIVALS) if why in {"price", "competitor", "relationship"} and random.random() < 0.8 else None
        yield from self.move(AdvanceDeal(to="lost", reason=why, note=texts.LOST_NOTES[why], competitor=rival))
        if why not in _MAY_COME_BACK or self.tries or random.random() > 0.1:
            return False
        yield self.world.after(self.owner, random.uniform(45, 130))
        again = self.aligned(self.today() + timedelta(days=round(self.rest(self.ends_in)) + 10))
        yield from talk(self.world, random, self.account, self.owner, texts.REOPENED, deal=self.id)
        yield self.world.next_slot(self.owner)
        yield self.do(ReopenDeal(reason=random.choice(texts.REOPEN_REASONS), close_date=again))
        yield from self._inherited()
        self._anew(random.random() < 0.5, self.ends_in)
        return True

    def _inherited(self) -> Part:
        """An open deal needs somebody who is still there."""
        if self.deal.owner != self.owner.id:
            yield self.do(AssignOwner(owner=self.owner.id))

    def _anew(self, wins: bool, stage: str) -> None:
        self.tries += 1
        self.wins = wins
        self.ends_in = self.random.choice(WAY[WAY.index(stage) :])
        self.why = self._weighted(_LOST_WHY)
