"""How the demo's log begins: the tenant, its pipeline, settings, fields, products and rates; then what runs on every day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from random import Random

from domain.attributes import Attributed, AttributeType, DefineAttribute, attributes, attributes_id
from domain.default_pipeline import default_pipeline
from domain.kernel import Role, natural_id
from domain.pipelines import DEFAULT_PIPELINE, pipelines
from domain.products import ChangePrice, RetireProduct, products
from domain.rates import DatedRate, RecordRates, rates, rates_id
from domain.settings import SETTINGS_ID, ChangeSettings, DefineCalendar, settings
from domain.tenants import TENANT_ID, CreateTenant, tenants
from workflows.demo.approving import laid_down
from workflows.demo.calendar import HOME, HOME_ZONE, Region
from workflows.demo.catalogue import ARTICLES, LEGACY
from workflows.demo.recording import Do, Told
from workflows.demo.simulation import Story, Wait
from workflows.demo.staff import Hiring, staffed
from workflows.demo.world import COMPANY, World

_FIRST_RATES = {"USD": 1.09, "GBP": 0.855}
"""Per EUR, before the walk begins."""
_KNOWN_BEFORE = 60
"""Days of rates that are there from the beginning."""
_NOON = time(12)
"""UTC, after which the day's rates are told."""
_PRICE_RISE = Decimal("3.5")


def founded(world: World, slug: str, hiring: Hiring) -> Story:
    """The beginning. Its first command's id holds the plan."""
    made = CreateTenant(slug=slug, name=COMPANY, simulated=True)
    yield world.do(tenants, TENANT_ID, made, new=True, id=world.plan.founding)
    yield world.do(pipelines, DEFAULT_PIPELINE, default_pipeline(), new=True)
    for number, command in enumerate(_house_rules(world)):
        told: Told = yield world.do(settings, SETTINGS_ID, command, new=number == 0)
        world.settings = settings.fold(told.events, world.settings)
    for fields in _FIELDS:
        yield tuple(world.do(attributes, attributes_id(field.noun), field) for field in fields)
    yield from staffed(world, hiring)
    world.prices.ids.update({article.code: natural_id("product", "demo", article.code) for article in ARTICLES})
    yield tuple(world.do(products, world.prices.ids[article.code], article.command, new=True) for article in ARTICLES)
    walk = _Walk(world)
    yield walk.told([world.plan.first_day - timedelta(days=n) for n in range(_KNOWN_BEFORE, 0, -1)])
    world.begin(_daily_rates(world, walk))
    world.begin(_price_changes(world))
    world.begin(laid_down(world))


def _house_rules(world: World) -> tuple[DefineCalendar, ChangeSettings]:
    return (
        DefineCalendar(key=HOME, zone=HOME_ZONE, holidays=world.diary.holidays),
        ChangeSettings(currency="EUR", zone=HOME_ZONE, fiscal_year_start=1, country=HOME, calendar=HOME),
    )


_FIELDS = (
    (
        DefineAttribute(noun=Attributed.ACCOUNT, key="production_sites", label="Production sites", type=AttributeType.NUMBER),
        DefineAttribute(noun=Attributed.CONTACT, key="language", label="Language", type=AttributeType.TEXT),
        DefineAttribute(
            noun=Attributed.DEAL,
            key="application",
            label="Application",
            type=AttributeType.CHOICE,
            options=("Condition monitoring", "Level and flow", "Line automation", "Quality inspection", "Retrofit"),
        ),
    ),
    (
        DefineAttribute(
            noun=Attributed.ACCOUNT,
            key="erp_system",
            label="ERP system",
            type=AttributeType.CHOICE,
            options=("SAP", "Microsoft Dynamics", "Oracle", "proALPHA", "other"),
        ),
        DefineAttribute(noun=Attributed.DEAL, key="site", label="Installation site", type=AttributeType.TEXT),
    ),
)
"""The tenant's own fields, one of each noun at a time."""


class _Walk:
    """Rates that wander like real ones: a little every day, drawn back to where they came from."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random: Random = world.chance("rates")
        self._rates = dict(_FIRST_RATES)

    def told(self, days: list[date]) -> tuple[Do, ...]:
        """The rates of some days, as one command for each currency."""
        return tuple(
            self._world.do(
                rates,
                rates_id("EUR", quote),
                RecordRates(base="EUR", quote=quote, source="Simulated reference rates", rates=tuple(self._next(quote, days))),
            )
            for quote in self._rates
        )

    def _next(self, quote: str, days: list[date]) -> Iterator[DatedRate]:
        for day in days:
            home, rate = _FIRST_RATES[quote], self._rates[quote]
            self._rates[quote] = rate * (1 + self._random.gauss(0, 0.0035)) + 0.01 * (home - rate)
            exact = Decimal(self._rates[quote]).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
            self._world.rates[quote] = exact
            yield DatedRate(day=day, rate=exact)


def _daily_rates(world: World, walk: _Walk) -> Story:
    for day in world.diary.days:
        yield Wait(world.diary.slot(Region.NORTH, datetime.combine(day, _NOON, UTC)))
        yield walk.told([day])


def _price_changes(world: World) -> Story:
    """Sensors cost more from each January on; the previous series goes out of sale after half a year."""
    desk = world.having(Role.DEAL_DESK)
    yield world.office(days=180)
    yield world.do(products, world.prices.ids[LEGACY.code], RetireProduct(), desk)
    for year in range(world.plan.first_day.year + 1, world.plan.end.year + 1):
        january = datetime(year, 1, 1, tzinfo=UTC)
        if january < world.now:
            continue
        yield Wait(world.diary.office(january))
        yield tuple(
            world.do(products, world.prices.ids[article.code], ChangePrice(price=world.prices.raised(article.code, _PRICE_RISE)), desk)
            for article in ARTICLES
            if article.family == "Sensors" and article is not LEGACY
        )
