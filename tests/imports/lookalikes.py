"""Files that look like the real ones, faults included, from a seed: a vendor's sample pipeline, Salesforce and HubSpot exports."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

SYLLABLES = "kon zot lex fin bet dom gan hat ism nam pla run sil tou umb ver war xin yea zum".split()
PRODUCTS = (
    ("RTX Basic", "RTX", "550"),
    ("RTX Pro", "RTX", "4821"),
    ("KG Special", "KG", "55"),
    ("RTX Plus Pro", "RTX", "5482"),
    ("RTK 500", "RTK", "26768"),
)
AGENTS = "Ada Moss,Bo Lind,Cy Rhee,Di Ngo,Ed Falk,Flo Jung,Gus Orr,Hal Pike".split(",")
MANAGERS = "Max Boss,Nia Lead".split(",")


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], *, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(header)
        writer.writerows(rows)
    return path


@dataclass(frozen=True)
class Company:
    """What was generated, to compare with."""

    folder: Path
    accounts: list[str]
    deals: list[dict[str, str]]

    def count(self, **cells: str) -> int:
        """Deals whose cells are these."""
        return sum(all(d[k] == v for k, v in cells.items()) for d in self.deals)


def names(count: int, chance: random.Random) -> list[str]:
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))).capitalize()] = None
    return list(made)


def company(folder: Path, *, deals: int = 200, dates: str = "iso", seed: int = 1, unambiguous: bool = True) -> Company:
    """A folder like the vendor's sample. Faults: a product and a branch misspelt, a country misspelt and one that is two, open deals
    without account, prospects without dates, lost deals of value 0, agents who own nothing. `dates`: iso, mdy or dmy.
    """
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    accounts = names(40, chance)
    rows = []
    for i, name in enumerate(accounts):
        sector = chance.choice(["technolgy", "retail", "medical", "software"])
        country = "Philipines" if i == 3 else "Korea" if i == 4 else chance.choice(["United States", "Germany", "Kenya"])
        rows.append(
            (
                name,
                sector,
                chance.randint(1980, 2015),
                f"{chance.randint(10, 9000)}.{chance.randint(10, 99)}",
                country,
                accounts[0] if i % 9 == 8 else "",
            )
        )
    write(folder / "accounts.csv", ("account", "sector", "year_established", "revenue", "office_location", "subsidiary_of"), rows)
    write(folder / "products.csv", ("product", "series", "sales_price"), PRODUCTS)
    write(
        folder / "sales_teams.csv",
        ("sales_agent", "manager", "regional_office"),
        [(a, MANAGERS[i % 2], ("East", "West")[i % 2]) for i, a in enumerate(AGENTS)],
    )
    made = [_deal(i, accounts, dates, chance, unambiguous=unambiguous) for i in range(deals)]
    write(folder / "sales_pipeline.csv", list(made[0]), [list(d.values()) for d in made])
    return Company(folder, accounts, made)


def _deal(number: int, accounts: Sequence[str], dates: str, chance: random.Random, *, unambiguous: bool) -> dict[str, str]:
    stage = chance.choices(["Won", "Lost", "Engaging", "Prospecting"], [48, 28, 18, 6])[0]
    opened = date(2016, 10, 20) + timedelta(days=chance.randint(0, 300))
    if not unambiguous:
        opened = opened.replace(day=min(opened.day, 12))
    closed = opened + timedelta(days=chance.randint(3, 140))
    if not unambiguous:
        closed = (opened + timedelta(days=40)).replace(day=min(closed.day, 12))
    product, _, price = chance.choice(PRODUCTS)
    is_open = stage in ("Engaging", "Prospecting")
    return {
        "opportunity_id": f"{number:04d}{''.join(chance.choices('ABCDEFGHJK', k=4))}",
        "sales_agent": chance.choice(AGENTS[:6]),
        "product": "RTXPro" if product == "RTX Pro" else product,
        "account": "" if is_open and chance.random() < 0.6 else chance.choice(accounts),
        "deal_stage": stage,
        "engage_date": "" if stage == "Prospecting" else written(opened, dates),
        "close_date": "" if is_open else written(closed, dates),
        "close_value": "" if is_open else "0" if stage == "Lost" else str(int(int(price) * chance.uniform(0.9, 1.1))),
    }


def written(day: date, dates: str) -> str:
    """The day as the variant writes it, without leading zeros where that one has none."""
    return {"iso": day.isoformat(), "mdy": f"{day.month}/{day.day}/{day.year}", "dmy": f"{day.day}/{day.month}/{day.year}"}[dates]


SALESFORCE_STAGES = ("Prospecting", "Needs Analysis", "Negotiation/Review", "Closed Won", "Closed Lost")


def salesforce(folder: Path, *, deals: int = 60, seed: int = 2, snake: bool = False) -> list[dict[str, str]]:
    """Salesforce's data export (or, with `snake`, a warehouse fed from it): ids, soft deletes, a merged account, stage histories."""
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)

    def header(*names_: str) -> list[str]:
        return [_snake(n) for n in names_] if snake else list(names_)

    accounts = [(f"001{i:012d}AAA", name) for i, name in enumerate(names(12, chance))]
    rows = [(id_, "false", "", name, "Customer", "", "Germany", "Software", "1000000", "005000000000001AAA") for id_, name in accounts]
    rows.append(("001900000000001AAA", "true", accounts[0][0], "Merged Away", "", "", "", "", "", ""))
    rows.append(("001900000000002AAA", "true", "", "Deleted Outright", "", "", "", "", "", ""))
    columns = ("Id", "IsDeleted", "MasterRecordId", "Name", "Type", "ParentId", "BillingCountry", "Industry", "AnnualRevenue", "OwnerId")
    write(folder / "Account.csv", header(*columns), rows)
    users = [
        ("005000000000001AAA", "ada@example.com", "Moss", "Ada", "true", "005000000000002AAA"),
        ("005000000000002AAA", "bo@example.com", "Lind", "Bo", "true", ""),
    ]
    columns = ("Id", "Username", "LastName", "FirstName", "IsActive", "ManagerId")
    write(folder / "User.csv", header(*columns), users)
    made, histories = [], []
    for i in range(deals):
        reached = chance.randint(0, 4)
        stage = SALESFORCE_STAGES[reached]
        closed = reached >= 3
        opened = date(2018, 1, 3) + timedelta(days=chance.randint(0, 400))
        deal = {
            "Id": f"006{i:012d}AAA",
            "IsDeleted": "true" if i % 20 == 19 else "false",
            "AccountId": "" if i % 15 == 7 else chance.choice(accounts)[0],
            "Name": f"Deal {i}",
            "StageName": stage,
            "Amount": "" if i % 11 == 5 else f"{chance.randint(1, 900)}00.5",
            "Probability": str((10, 20, 90, 100, 0)[reached]),
            "CloseDate": (opened + timedelta(days=90)).isoformat(),
            "IsClosed": str(closed).lower(),
            "IsWon": str(reached == 3).lower(),
            "CurrencyIsoCode": chance.choice(["EUR", "USD"]),
            "OwnerId": "005000000000001AAA",
            "CreatedDate": f"{opened}T09:30:00.000Z",
            "Custom__c": "kept",
        }
        made.append(deal)
        path = [*SALESFORCE_STAGES[: min(reached, 2) + 1], *([stage] if closed else [])]
        for step, name in enumerate(path):
            histories.append(
                (
                    f"008{i:06d}{step:06d}AAA",
                    deal["Id"],
                    name,
                    deal["Amount"],
                    deal["CloseDate"],
                    f"{opened + timedelta(days=step * 10)}T10:00:00.000Z",
                )
            )
    write(folder / "Opportunity.csv", header(*made[0]), [list(d.values()) for d in made])
    chance.shuffle(histories)
    write(folder / "OpportunityHistory.csv", header("Id", "OpportunityId", "StageName", "Amount", "CloseDate", "CreatedDate"), histories)
    return made


def _snake(name: str) -> str:
    out = "".join("_" + c.lower() if c.isupper() and i and not name[i - 1].isupper() else c.lower() for i, c in enumerate(name))
    return out.replace("__", "_")


def hubspot(folder: Path, *, deals: int = 40, seed: int = 3) -> list[dict[str, str]]:
    """A warehouse fed from HubSpot: hashed stage ids with a file of labels, property histories, associations, merged deals."""
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    stages = [
        ("s-new==", "New Lead", "0.1", "0", "FALSE"),
        ("s-demo==", "Demo", "0.4", "1", "FALSE"),
        ("s-won==", "Signed Up", "1.0", "2", "TRUE"),
        ("s-lost==", "Gone", "0.0", "3", "FALSE"),
    ]
    write(
        folder / "deal_pipeline_stage_data.csv",
        ("_fivetran_deleted", "stage_id", "label", "pipeline_id", "probability", "display_order", "closed_won", "is_closed"),
        [("FALSE", s, label, "p-1==", p, o, w, w) for s, label, p, o, w in stages]
        + [("TRUE", "s-old==", "Old", "p-1==", "0.2", "9", "FALSE", "FALSE")],
    )
    companies = [(str(2000 + i), "false", name, "2019-07-05 20:35:26", "United States") for i, name in enumerate(names(8, chance))]
    write(folder / "company_data.csv", ("id", "is_deleted", "property_name", "property_createdate", "property_country"), companies)
    made, histories, associations = [], [], []
    for i in range(deals):
        reached = chance.randint(0, 3)
        day = date(2019, 10, 4) + timedelta(days=i)
        deal = {
            "deal_id": str(7000 + i),
            "is_deleted": "true" if i == 5 else "false",
            "deal_pipeline_id": "p-1==",
            "deal_pipeline_stage_id": "" if i == 6 else stages[reached][0],
            "owner_id": "",
            "property_dealname": f"HS {i}",
            "property_amount": str(100 * i),
            "property_closedate": f"{day + timedelta(days=30)} 00:00:00",
            "property_createdate": f"{day} 3:15:52",
        }
        made.append(deal)
        histories += [
            (deal["deal_id"], f"{day + timedelta(days=step)} 03:15:52.379", "CONTACTS", "dealstage", stages[step][0])
            for step in range(min(reached, 1) + 1)
        ]
        histories.append((deal["deal_id"], f"{day} 03:15:52.379", "CONTACTS", "amount", deal["property_amount"]))
        associations.append((chance.choice(companies)[0], deal["deal_id"]))
    write(folder / "deal_data.csv", list(made[0]), [list(d.values()) for d in made])
    write(folder / "deal_property_history_data.csv", ("deal_id", "timestamp", "source", "name", "value"), histories)
    write(folder / "deal_company_data.csv", ("company_id", "deal_id"), associations)
    write(folder / "merged_deal_data.csv", ("deal_id", "merged_deal_id"), [("7000", "7001"), ("7000", "7002")])
    return made
