"""Words that files misspell: countries to ISO 3166-1, branches of industry, and what stages are usually called."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from workflows.imports.matching import Vocabulary

_ALIASES = """
US=USA|U.S.|U.S.A.|United States of America|America|Estados Unidos|Vereinigte Staaten
GB=UK|U.K.|United Kingdom|Great Britain|England|Scotland|Wales|Northern Ireland|Vereinigtes Königreich
DE=Deutschland|Federal Republic of Germany|Allemagne
FR=Frankreich|République française
ES=España|Spanien
IT=Italia|Italien
NL=Holland|The Netherlands|Nederland|Niederlande
CH=Schweiz|Suisse|Svizzera
AT=Österreich
BE=Belgique|België|Belgien
DK=Danmark|Dänemark
SE=Sverige|Schweden
NO=Norge|Norwegen
FI=Suomi|Finnland
PL=Polska|Polen
CZ=Czechia|Czech Republic|Tschechien
TR=Turkey|Türkiye|Türkei
RU=Russian Federation|Russland
CN=PRC|People's Republic of China|Mainland China
HK=Hong Kong SAR
TW=Republic of China
JP=Nippon
KR=South Korea|Republic of Korea|Korea, Republic of
KP=North Korea|Korea, Democratic People's Republic of
VN=Viet Nam
AE=UAE|Emirates
CD=DR Congo|DRC|Democratic Republic of the Congo
CG=Republic of the Congo|Congo
CI=Ivory Coast
BR=Brasil|Brasilien
MX=México|Mexiko
PH=The Philippines|Republic of the Philippines
IE=Republic of Ireland|Eire
SA=KSA
ZA=RSA|Republic of South Africa
"""
_INDUSTRIES = """accounting aerospace agriculture apparel automotive banking biotechnology chemicals communications construction consulting
consumer_goods defence education electronics employment energy engineering entertainment environmental finance financial_services
food_and_beverage government healthcare hospitality human_resources information_technology insurance legal logistics machinery manufacturing
marketing media medical mining non-profit pharmaceuticals professional_services real_estate recreation recruiting retail services shipping
software sports technology telecommunications textiles transportation travel utilities wholesale"""

# What common stage names mean, in the order in which deals pass through them, with the probability that Salesforce and HubSpot ship
# with (Salesforce: Prospecting 10 to Negotiation 90; HubSpot: Appointment scheduled 20 to Contract sent 90).
STAGE_WORDS: tuple[tuple[str, str, int, str], ...] = (
    ("lead", "open", 5, "new|lead|incoming|inbound|suspect"),
    ("prospecting", "open", 10, "prospecting|prospect|prospects|qualify|identified"),
    ("qualification", "open", 20, "qualification|qualified|qualified to buy|appointment scheduled|appointmentscheduled|qualifiedtobuy|discovery"),
    ("analysis", "open", 30, "needs analysis|discover|analysis|engaging|engaged|meeting|contacted|working"),
    ("value", "open", 50, "value proposition|presentation scheduled|presentationscheduled|demo|evaluation|id decision makers|solution"),
    ("proposal", "open", 65, "proposal|proposal price quote|propose|quote|quoted|perception analysis|decision maker bought in|decisionmakerboughtin"),
    ("negotiation", "open", 80, "negotiation|negotiation review|negotiate|negotiating|contract sent|contractsent|verbal|commit"),
    ("paper", "open", 90, "paper|contract|signing|signature|legal"),
    ("won", "won", 100, "won|closed won|closedwon|close won|signed|gewonnen|success|sold|win|closed - won"),
    ("lost", "lost", 0, "lost|closed lost|closedlost|close lost|verloren|dead|disqualified|abandoned|cancelled|canceled|rejected|no decision"),
)  # fmt: skip


@cache
def country_words() -> Vocabulary:
    """Names and codes of countries (ISO 3166-1 as IANA's time zone database lists them, and what people call them), to alpha-2 codes."""
    words = Vocabulary()
    table = files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text(encoding="utf-8")
    names = dict(line.split("\t", 1) for line in table.splitlines() if line and not line.startswith("#"))
    words.add({code: code for code in names})
    words.add(
        {name.replace("(", "").replace(")", "") if "Korea" not in name and "Congo" not in name else name: c for c, name in names.items()}
    )
    for line in _ALIASES.strip().splitlines():
        code, aliases = line.split("=")
        words.add(dict.fromkeys(aliases.split("|"), code))
    return words


@cache
def country_names() -> dict[str, str]:
    """Alpha-2 codes to the English names, for people to choose from."""
    table = files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text(encoding="utf-8")
    return dict(line.split("\t", 1) for line in table.splitlines() if line and not line.startswith("#"))


AMBIGUOUS_COUNTRIES: dict[str, tuple[str, ...]] = {
    "korea": ("KR", "KP"),
    "congo": ("CD", "CG"),
    "guinea": ("GN", "GQ", "GW"),
    "samoa": ("WS", "AS"),
}
"""Names that several countries answer to, the likelier first. They are asked about."""


@cache
def industry_words() -> Vocabulary:
    """Branches of industry, by their usual English words."""
    words = Vocabulary()
    words.add(w.replace("_", " ") for w in _INDUSTRIES.split())
    return words
