"""Where the demo's deals come from: the seasons, partners and campaigns, renewals of what was won, and what has to be open today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from random import Random

from domain.accounts import AccountRole
from domain.deals import Deal, Source
from workflows.attending_contracts import renewal_title
from workflows.demo.calendar import season
from workflows.demo.dealing import DAYS, WAY, Opening
from workflows.demo.selling import pursued
from workflows.demo.simulation import Story, Wait
from workflows.demo.world import Account, Person, World

_A_DAY = 1.05
"""Deals that begin on an average working day of a whole company."""
_RESTING = 4
"""Deals of a whole company that are sure to be in each stage when the history ends."""
_CAMPAIGNS = ("Fair Hannover", "Webinar predictive maintenance", "Mailing water works", "Trade press autumn")
_RENEWED_AFTER, _YEAR = 300, timedelta(days=365)
"""Days after signing at which a renewal begins."""


class Market:
    """Opens deals, each as a story of its own."""

    def __init__(self, world: World, sold: Callable[[Opening, Deal], bool]) -> None:
        self._world, self._sold = world, sold
        self._random: Random = world.chance("market")

    def opens(self) -> Story:
        """Deals begin on every working day, more in some seasons; before the end, those that must be open then."""
        world, random = self._world, self._random
        for working_day, day in enumerate(world.diary.days):
            yield Wait(world.diary.office(datetime.combine(day, time.min, UTC)))
            count = self._poisson(_A_DAY * world.plan.size / 100 * season(day, world.plan))
            for number in range(count):
                account = self._account()
                yield world.after(account.owner, random.uniform(0.0, 0.4))
                self._begin(f"{working_day}.{number}", account)

    def rests(self) -> Story:
        """The deals that are on their way on the last day, some in every stage."""
        world = self._world
        begins = sorted(
            (-(sum(DAYS[key] for key in WAY[: WAY.index(stage)]) * 0.8 + 9 + 3 * n), stage, n)
            for stage in WAY
            for n in range(world.plan.scaled(_RESTING, least=2))
        )
        for days, stage, number in begins:
            account = self._account()
            at = world.plan.until + timedelta(days=days)
            yield world.after(account.owner, max((at - world.now).total_seconds() / 86400, 0.0))
            self._begin(f"rests.{stage}.{number}", account, rests_in=stage)

    def _begin(self, number: str, account: Account, rests_in: str | None = None) -> None:
        world, random = self._world, self._random
        source = random.choices((Source.DIRECT, Source.CAMPAIGN, Source.PARTNER_REGISTRATION), (0.62, 0.22, 0.16))[0]
        worth = round(random.lognormvariate(10.7, 0.85) * (1.4 if account.customer else 1.0) / 500) * 500
        owner = account.owner if random.random() < 0.9 else random.choice(world.sellers(account.owner.region))
        opening = Opening(number, account, owner, min(max(worth, 6_000), 900_000), source, rests_in=rests_in)
        world.begin(pursued(world, opening, self._won))

    def _account(self) -> Account:
        """One that buys, the big ones more often; who is new is looked after first."""
        buying = [a for a in self._world.accounts if a.buyers and a.company.roles[0] is not AccountRole.SUPPLIER]
        return self._random.choices(buying, [min(a.weight, 6.0) for a in buying])[0]

    def _won(self, opening: Opening, deal: Deal) -> None:
        """What recurs is to be renewed; where a contract follows, by that."""
        if self._sold(opening, deal):
            return
        random = self._world.chance("renewal", opening.number)
        lines = self._world.prices.renewal(deal.lines, Decimal(random.choice((0, 2, 3, 4))))
        if not lines or random.random() > 0.85:
            return
        worth = round(float(sum(line.quantity * line.unit_price.amount for line in lines)))
        reference = renewal_title(deal.title, (self._world.today() + _YEAR).year)
        again = replace(
            opening,
            number=f"{opening.number}.r",
            worth=max(worth, 2_000),
            source=Source.RENEWAL,
            lines=lines,
            rests_in=None,
            reference=reference,
        )
        self._world.begin(self._renewed(again))

    def _renewed(self, opening: Opening) -> Story:
        world = self._world
        yield world.after(opening.owner, _RENEWED_AFTER + world.chance("when", opening.number).uniform(-20, 20))
        if opening.account in world.accounts:
            world.begin(pursued(world, replace(opening, owner=opening.account.owner), self._won))

    def _poisson(self, mean: float) -> int:
        """A Poisson throw by multiplication (Knuth)."""
        limit, product, count = 2.718281828459045**-mean, self._random.random(), 0
        while product > limit:
            product *= self._random.random()
            count += 1
        return count


def heirs(world: World, leaving: Person) -> Sequence[Person]:
    """Who can take over from somebody who leaves."""
    return [p for p in world.sellers(leaving.region) if p is not leaving]
