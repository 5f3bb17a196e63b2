"""The companies that the demo's company deals with: customers, suppliers, distributors and partners. All invented."""

from __future__ import annotations

from dataclasses import dataclass

from domain.accounts import AccountRole
from workflows.demo.calendar import Region
from workflows.demo.people import ascii_only

_CUSTOMERS = """
Brauer Maschinenbau GmbH|machinery|DE
Marwede Automotive SE|automotive|DE
Thornley Foods plc|food|GB
Cedar Ridge Foods Inc.|food|US
Officine Bertolani S.p.A.|machinery|IT
Norlund Pulp AB|pulp and paper|SE
Hollstedt Antriebstechnik GmbH|machinery|DE
Aciers de Lorval SA|metals|FR
Lakeshore Motion Inc.|machinery|US
Merwestad Logistics B.V.|logistics|NL
Ostheim Pharma AG|pharma|DE
Kestrel Packaging Ltd|packaging|GB
Straits Marine Automation Pte. Ltd.|marine|SG
Laiterie du Vercors SAS|food|FR
Wislanka Mleczarnia S.A.|food|PL
Rheinfels Chemie AG|chemicals|DE
Hamanako Seimitsu K.K.|machinery|JP
Skagerrak Wind A/S|energy|DK
Tri-County Water Authority|water|US
Embotelladora del Turia S.A.|food|ES
Marwede Gusswerk GmbH|automotive|DE|Marwede Automotive SE
Thornley Bakeries Ltd|food|GB|Thornley Foods plc
Norlund Energi AB|energy|SE|Norlund Pulp AB
Marwede Polska Sp. z o.o.|automotive|PL|Marwede Automotive SE
Rheinfels Wasserwerke GmbH|water|DE|Rheinfels Chemie AG
Almtal Papier AG|pulp and paper|AT
Granite Peak Mining Corp.|mining|US
Garonne Aéro SAS|aerospace|FR
Pennine Vale Water plc|water|GB
Sarnen Biotech AG|pharma|CH
Lichtenau Logistik GmbH|logistics|DE
Pastificio Montalba S.r.l.|food|IT
Allegan Semiconductor Inc.|semiconductors|US
Zuiderhaven Terminals B.V.|logistics|NL
Talleres Arrizabal S.L.|machinery|ES
Caledon Distillers Ltd|food|GB
Wittgen Energie AG|energy|DE
Kelmbach Getränketechnik GmbH|food|DE
Shannonside Biologics DAC|pharma|IE
Harlan & Boone Packaging LLC|packaging|US
Kvarnholm Robotics AB|machinery|SE
Eaux de Provence-Sud SA|water|FR
Tsukigaoka Foods K.K.|food|JP
Bielsko Castings Sp. z o.o.|metals|PL
Tannhof Molkerei eG|food|DE
Cartiere del Serio S.p.A.|pulp and paper|IT
Bayou Chemical Partners LP|chemicals|US
Aarslev Food A/S|food|DK
Wexcombe Aerospace Ltd|aerospace|GB
Birsfeld Präzision AG|machinery|CH
Renovables Ebro Norte S.A.|energy|ES
Prairie Wind Energy LLC|energy|US
Donaufeld Stahl GmbH|metals|AT
Pharmacie Centrale Tessier SA|pharma|FR
Polderzicht Glastuinbouw B.V.|food|NL
Saint-Maurice Pulp Inc.|pulp and paper|CA
Siebenbach Fördertechnik GmbH|machinery|DE
Ceramiche Rivalta S.p.A.|building materials|IT
Harrowgate Pumps Ltd|machinery|GB
Jurong Bay Polymers Pte. Ltd.|chemicals|SG
Vättern Mejeri AB|food|SE
Summit Valve Co.|machinery|US
Logistique Carmeaux SAS|logistics|FR
Kirishima Denshi K.K.|semiconductors|JP
Gerau Kunststoffe GmbH|chemicals|DE
Aguas del Segre S.A.|water|ES
Northern Shield Mining Ltd.|mining|CA
Farmaceutici Lodovisi S.p.A.|pharma|IT
Tamar Valley Creamery Ltd|food|GB
Verrerie de Brissac SA|building materials|FR
Great Basin Lithium Inc.|mining|US
Haringvliet Chemie N.V.|chemicals|NL
Palmetto Bottling Co.|food|US
Motori Valdarno S.r.l.|machinery|IT
Bergslagen Gruvor AB|mining|SE
Ohio River Castings Inc.|metals|US
"""
_SUPPLIERS = """
Ventura Halbleiter GmbH|semiconductors|DE
Formby Cables Ltd|cables|GB
Hsinchu Board Works Ltd.|circuit boards|TW
Lombarda Pressofusione S.r.l.|castings|IT
Elbtal Leiterplatten GmbH|circuit boards|DE
Calibra Metrology s.r.o.|calibration|CZ
Rapid Freight Hanse GmbH|freight|DE
Naniwa Ceramics K.K.|ceramics|JP
Steckverbinder Kolbe KG|connectors|DE
Nordisk Batteri A/S|batteries|DK
Magyar Precíziós Kft.|machining|HU
Optik Wetzler GmbH|optics|DE
Sunfield Components Inc.|components|US
Vogtland Gusstechnik GmbH|castings|DE
Blaustern Büroservice GmbH|services|DE
Cobalt Hosting Ltd|services|GB
"""
_DISTRIBUTORS = """
Nordic Control Supply AB|distribution|SE
Iberautomatica Distribución S.L.|distribution|ES
Pacific Rim Controls Inc.|distribution|US
Messtechnik Vertrieb Süd GmbH|distribution|DE
Sakura Instrument Trading K.K.|distribution|JP
"""
_PARTNERS = """
Integra Anlagenbau GmbH|engineering|DE
Lumen Systems Integration Ltd|engineering|GB
Keystone Controls Engineering LLC|engineering|US
SCADA Werkstatt GmbH|engineering|DE
"""
_FORMS = set(
    "GmbH AG SE SA SAS AB A/S KG eG Ltd Ltd. plc DAC Inc. Corp. Co. LLC LP S.p.A. S.r.l. S.L. S.A. S.A B.V. N.V. K.K. Kft. s.r.o.".split()
)
_FORMS |= {"Sp.", "z", "o.o.", "Pte."}
_PARTICLES = {"&", "de", "du", "del", "di", "Office"}
_BOTH = {"Hollstedt Antriebstechnik GmbH", "Bielsko Castings Sp. z o.o."}
"""Customers that we also buy from."""


@dataclass(frozen=True, slots=True)
class Land:
    """What follows from where a company is."""

    region: Region
    zone: str
    currency: str
    registry: str
    dial: int
    """What a telephone number begins with."""


_LANDS = {
    "DE": Land(Region.NORTH, "Europe/Berlin", "EUR", "HRB", 49),
    "AT": Land(Region.NORTH, "Europe/Vienna", "EUR", "FN", 43),
    "CH": Land(Region.NORTH, "Europe/Zurich", "EUR", "CHE", 41),
    "SE": Land(Region.NORTH, "Europe/Stockholm", "EUR", "Bolagsverket", 46),
    "DK": Land(Region.NORTH, "Europe/Copenhagen", "EUR", "CVR", 45),
    "NL": Land(Region.NORTH, "Europe/Amsterdam", "EUR", "KVK", 31),
    "PL": Land(Region.NORTH, "Europe/Warsaw", "EUR", "KRS", 48),
    "CZ": Land(Region.NORTH, "Europe/Prague", "EUR", "OR", 420),
    "HU": Land(Region.NORTH, "Europe/Budapest", "EUR", "Cg", 36),
    "FR": Land(Region.WEST, "Europe/Paris", "EUR", "RCS", 33),
    "GB": Land(Region.WEST, "Europe/London", "GBP", "Companies House", 44),
    "IE": Land(Region.WEST, "Europe/Dublin", "EUR", "CRO", 353),
    "IT": Land(Region.WEST, "Europe/Rome", "EUR", "REA", 39),
    "ES": Land(Region.WEST, "Europe/Madrid", "EUR", "RM", 34),
    "US": Land(Region.OVERSEAS, "America/New_York", "USD", "EIN", 1),
    "CA": Land(Region.OVERSEAS, "America/Toronto", "USD", "BN", 1),
    "JP": Land(Region.OVERSEAS, "Asia/Tokyo", "USD", "Houmukyoku", 81),
    "SG": Land(Region.OVERSEAS, "Asia/Singapore", "USD", "UEN", 65),
    "TW": Land(Region.OVERSEAS, "Asia/Taipei", "USD", "MOEA", 886),
}


@dataclass(frozen=True, slots=True)
class Company:
    """A company as the demo knows it before any account is opened."""

    name: str
    industry: str
    country: str
    roles: tuple[AccountRole, ...]
    parent: str | None = None

    @property
    def land(self) -> Land:
        return _LANDS[self.country]

    @property
    def short(self) -> str:
        """What people call it: without the legal form."""
        words = [word for word in self.name.split() if word not in _FORMS]
        return " ".join(words[:3] if len(words) > 2 and words[1] in _PARTICLES else words[:2])

    @property
    def domain(self) -> str:
        words = ascii_only(self.name).lower().replace("&", "and").replace("-", "").split()
        return "-".join("".join(c for c in word if c.isalnum()) for word in words[:3] if word not in {"gmbh", "ag"}) + ".example"


def _of(table: str, *roles: AccountRole) -> list[Company]:
    found = []
    for line in table.strip().splitlines():
        name, industry, country, *parent = line.split("|")
        both = (AccountRole.SUPPLIER,) if name in _BOTH else ()
        found.append(Company(name, industry, country, (*roles, *both), parent[0] if parent else None))
    return found


def customers() -> list[Company]:
    """In the order in which a smaller company has them; a parent before its subsidiaries."""
    return _of(_CUSTOMERS, AccountRole.PROSPECT)


def suppliers() -> list[Company]:
    return _of(_SUPPLIERS, AccountRole.SUPPLIER)


def resellers() -> list[Company]:
    """Distributors and partners."""
    return [*_of(_DISTRIBUTORS, AccountRole.DISTRIBUTOR), *_of(_PARTNERS, AccountRole.PARTNER, AccountRole.PROSPECT)]
