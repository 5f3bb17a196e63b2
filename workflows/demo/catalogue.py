"""What the demo's company sells: sensors, controllers, software and services, and the lines of a deal made of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from random import Random
from uuid import UUID

from domain.deals import Line, Period
from domain.products import AddProduct, Charge
from domain.values import Money


@dataclass(frozen=True, slots=True)
class Article:
    """A product on the list; `price` in EUR. `per_sensor`: how many go with a hundred sensors of a deal, 0 for what is not counted so."""

    code: str
    name: str
    family: str
    price: Decimal
    charge: Charge = Charge.ONE_OFF
    unit: str = "piece"
    per_hundred: int = 0

    @property
    def command(self) -> AddProduct:
        price = Money(amount=self.price, currency="EUR")
        return AddProduct(name=self.name, code=self.code, price=price, unit=self.unit, charge=self.charge, family=self.family)


def _article(code: str, name: str, family: str, price: str, charge: Charge = Charge.ONE_OFF, unit: str = "piece", per: int = 0) -> Article:
    return Article(code, name, family, Decimal(price), charge, unit, per)


SENSORS = (
    _article("VX-100", "VX-100 inductive proximity sensor", "Sensors", "42.00"),
    _article("VX-220", "VX-220 photoelectric sensor", "Sensors", "96.00"),
    _article("VX-310", "VX-310 ultrasonic level sensor", "Sensors", "245.00"),
    _article("VX-450", "VX-450 vibration sensor", "Sensors", "380.00"),
    _article("VX-520", "VX-520 pressure transmitter", "Sensors", "310.00"),
    _article("VX-610", "VX-610 electromagnetic flow meter", "Sensors", "1180.00"),
    _article("VX-700", "VX-700 3D vision sensor", "Sensors", "4950.00"),
)
LEGACY = _article("VX-90", "VX-90 inductive sensor (previous series)", "Sensors", "38.50")
CONTROLLERS = (
    _article("VC-20", "VC-20 edge gateway", "Controllers", "890.00", per=6),
    _article("VC-50", "VC-50 machine controller", "Controllers", "3450.00", per=2),
)
SOFTWARE = (
    _article("VO-MON", "Condition monitoring, per sensor", "Software", "6.50", Charge.MONTHLY, "sensor", 100),
    _article("VO-PRED", "Predictive maintenance, per line", "Software", "1450.00", Charge.MONTHLY, "line", 1),
    _article("VO-SITE", "Site licence", "Software", "18000.00", Charge.YEARLY, "site", 0),
)
SERVICES = (
    _article("VS-COM", "Commissioning", "Services", "1150.00", unit="day", per=4),
    _article("VS-TRN", "Training on site", "Services", "1600.00", unit="day", per=1),
    _article("VS-CAL", "Calibration contract, per device", "Services", "95.00", Charge.YEARLY, "device", 30),
    _article("VS-SUP", "Premium support", "Services", "9800.00", Charge.YEARLY, "site", 0),
)
ARTICLES = (*SENSORS, LEGACY, *CONTROLLERS, *SOFTWARE, *SERVICES)

_PERIODS = {Charge.MONTHLY: Period.MONTH, Charge.YEARLY: Period.YEAR}
_CENT = Decimal("0.01")


class PriceList:
    """The articles with the ids of their products, and what they cost by now."""

    def __init__(self) -> None:
        self.ids: dict[str, UUID] = {}
        self.prices = {article.code: article.price for article in ARTICLES}

    def raised(self, code: str, percent: Decimal) -> Money:
        """The new list price of an article after a rise, kept from now on."""
        self.prices[code] = (self.prices[code] * (100 + percent) / 100).quantize(_CENT, ROUND_HALF_EVEN)
        return Money(amount=self.prices[code], currency="EUR")

    def lines(self, random: Random, worth: int, currency: str, rate: Decimal) -> tuple[Line, ...]:
        """Lines of about `worth` EUR in all, priced in `currency` at `rate` of it per EUR; equipment, and often what goes with it."""
        sensors = random.sample(SENSORS, 1 if worth < 40_000 else 2)
        pieces = [max(4, round(worth * 0.55 / len(sensors) / float(self.prices[s.code]) / 2) * 2) for s in sensors]
        chosen = list(zip(sensors, pieces, strict=True))
        total = min(sum(pieces), 2000)
        chosen += [
            (article, max(1, min(round(total * article.per_hundred / 100), round(worth * 0.3 / float(article.price)))))
            for article in (*CONTROLLERS, *SOFTWARE[:2], *SERVICES[:3])
            if random.random() < (0.6 if article.charge is Charge.ONE_OFF else 0.45)
        ]
        if worth > 90_000:
            chosen += [(article, 1) for article in (SOFTWARE[2], SERVICES[3]) if random.random() < 0.6]
        return tuple(self._line(random, article, quantity, currency, rate) for article, quantity in chosen)

    def renewal(self, lines: tuple[Line, ...], percent: Decimal) -> tuple[Line, ...]:
        """The recurring ones among the lines, for another term, at a higher price."""
        return tuple(
            line.model_copy(update={"unit_price": line.unit_price.times((100 + percent) / 100), "discount": Decimal(0)})
            for line in lines
            if line.period is not None
        )

    def _line(self, random: Random, article: Article, quantity: int, currency: str, rate: Decimal) -> Line:
        price = Money(amount=(self.prices[article.code] * rate).quantize(_CENT, ROUND_HALF_EVEN), currency=currency)
        period = _PERIODS.get(article.charge)
        months = None if period is None else random.choice((12, 12, 24, 36))
        return Line(product=self.ids[article.code], quantity=Decimal(quantity), unit_price=price, period=period, months=months)


def discounted(lines: tuple[Line, ...], percent: int) -> tuple[Line, ...]:
    """The same lines with a discount on equipment and software, services excepted."""
    return tuple(
        line.model_copy(update={"discount": Decimal(percent)}) if line.period is None or line.months != 12 else line for line in lines
    )
