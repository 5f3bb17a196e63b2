"""Exports of Salesforce and HubSpot, known by name: from their own export pages, their APIs, and warehouses fed from them.

A shape is known by headers that only it has. Header words are normalised, so that `StageName` (Salesforce's data export),
`stage_name` (a warehouse) and `Stage Name` are one; the labels of Salesforce reports and HubSpot's export page are given beside them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from workflows.imports.fields import Kind, normalised


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of table as one system exports it.

    any_of: one of these sets of header words must be there, all of it. columns: header words -> our field, where our own words would
    not find it. ignored: columns that say nothing to Concord (the exporter's bookkeeping).
    """

    system: str
    kind: Kind
    label: str
    any_of: tuple[frozenset[str], ...]
    columns: dict[str, str] = field(default_factory=dict)
    none_of: frozenset[str] = frozenset()
    note: str = ""


def _words(*sets: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(w.strip() for w in s.split(",")) for s in sets)


_SF, _HS = "salesforce", "hubspot"

SHAPES: tuple[Shape, ...] = (
    Shape(
        _SF, Kind.HISTORY, "Salesforce Opportunity, every version of each row",
        _words("stage name, is closed, fivetran start, fivetran end"),
        {"id": "deal_id", "fivetran start": "at", "stage name": "stage", "created date": "-", "name": "-", "is won": "-", "is closed": "-"},
        note="each version of an opportunity gives the stage it was in from then on",
    ),
    Shape(
        _SF, Kind.HISTORY, "Salesforce OpportunityFieldHistory",
        _words("opportunity id, field, new value, created date"),
        {"created date": "at", "id": "-", "old value": "-"},
    ),
    Shape(
        _SF, Kind.HISTORY, "Salesforce OpportunityHistory",
        _words("opportunity id, stage name, created date", "opportunity id, to stage, last modified date", "opportunity id, to stage, last modified"),
        {"created date": "at", "id": "-", "to stage": "stage", "from stage": "-", "last modified": "at"},
        none_of=frozenset({"quantity"}),
    ),
    Shape(
        _SF, Kind.DEALS, "Salesforce Opportunity",
        _words("stage name, close date, is won", "stage name, close date, account id", "stage name, close date, owner id"),
        {"id": "id", "type": "attribute", "expected revenue": "attribute"},
    ),
    Shape(
        _SF, Kind.DEALS, "Salesforce opportunity report",
        _words("opportunity name, stage, close date", "opportunity id, stage, opportunity owner"),
        {"amount converted": "attribute"},
    ),
    Shape(
        _SF, Kind.LINES, "Salesforce OpportunityLineItem",
        _words("opportunity id, quantity, unit price", "opportunity id, product 2 id, quantity"),
    ),
    Shape(
        _SF, Kind.ACCOUNTS, "Salesforce Account",
        _words("master record id, billing country", "billing country, parent id, annual revenue", "account name, billing country, account owner"),
        {"type": "relationship"},
        none_of=frozenset({"last name"}),
    ),
    Shape(
        _SF, Kind.CONTACTS, "Salesforce Contact",
        _words(
            "account id, email, last name, reports to id", "email, last name, lead source, mailing street", "account id, last name, email, phone",
            "account name, last name, email, contact owner",
        ),
        none_of=frozenset({"converted date", "converted account id", "profile id"}),
    ),
    Shape(_SF, Kind.USERS, "Salesforce User", _words("user role id, profile id", "username, is active, manager id"), {"username": "-"}),
    Shape(_SF, Kind.PRODUCTS, "Salesforce Product", _words("product code, family, is active", "product code, product family, product name")),
    Shape(_SF, Kind.STAGES, "Salesforce OpportunityStage", _words("master label, is closed, is won, sort order")),
    Shape(
        _HS, Kind.HISTORY, "HubSpot deal property history",
        _words("deal id, timestamp, source, value, name"),
        {"name": "field", "timestamp": "at", "source": "-", "source id": "-"},
    ),
    Shape(_HS, Kind.MERGES, "HubSpot merged deals", _words("deal id, merged deal id")),
    Shape(_HS, Kind.DEAL_ACCOUNTS, "HubSpot deal and company associations", _words("deal id, company id")),
    Shape(
        _HS, Kind.STAGES, "HubSpot pipeline stages",
        _words("stage id, label, pipeline id", "stage id, label, display order"),
        {"active": "-", "created at": "-", "updated at": "-"},
    ),
    Shape(
        _HS, Kind.DEALS, "HubSpot deals",
        _words(
            "deal name, deal stage, pipeline", "deal name, deal stage, deal owner", "deal name, deal stage, close date",
            "deal id, dealname, deal pipeline stage id", "dealname, dealstage",
        ),
        {"portal id": "-", "deal type": "attribute", "description": "attribute"},
    ),
    Shape(
        _HS, Kind.ACCOUNTS, "HubSpot companies",
        _words(
            "record id, company name", "company domain name, company owner", "id, name, annualrevenue, createdate",
            "company id, name, createdate", "id, name, hs lastmodifieddate, domain",
        ),
        {"lead status": "attribute"},
        none_of=frozenset({"deal name", "deal stage", "dealstage"}),
    ),
    Shape(
        _HS, Kind.CONTACTS, "HubSpot contacts",
        _words("first name, last name, email, lifecycle stage", "record id, first name, last name, email", "firstname, lastname, email"),
        none_of=frozenset({"owner id", "user id"}),
    ),
    Shape(_HS, Kind.TEAMS, "HubSpot owners and teams", _words("owner id, team id")),
    Shape(_HS, Kind.USERS, "HubSpot owners", _words("owner id, first name, last name, email")),
)  # fmt: skip

NOT_IMPORTED: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"table", "field", "description"}), "a data dictionary: it describes columns and holds no records"),
    (frozenset({"converted date", "converted account id"}), "leads: Concord imports opportunities, not leads"),
    (frozenset({"order number", "activated date"}), "orders: Concord does not import orders yet"),
    (frozenset({"activity date", "who id", "what id"}), "activities: Concord does not import activities yet"),
    (frozenset({"who id", "what id", "is all day event"}), "activities: Concord does not import activities yet"),
    (frozenset({"forecast user id", "parent role id"}), "roles of another system: they grant nothing here"),
)
"""Tables that are recognised and left out, by header words, each with the reason."""

BOOKKEEPING = frozenset(
    """fivetran synced|fivetran active|fivetran end|fivetran start|fivetran deleted|system modstamp|last modified by id|last viewed date|
    last referenced date|portal id|photo url|has open activity|has overdue task|has opportunity line item|pricebook 2 id|synced quote id|
    record type id|jigsaw company id|created by id|last modified date|last activity date|fiscal|fiscal quarter|fiscal year""".replace(
        "\n", ""
    )
    .replace("    ", "")
    .split("|")
)
"""Columns that exporters add for themselves. They are left out, and the inspection says so."""


def recognise(header: tuple[str, ...]) -> Shape | str | None:
    """The shape that a header has, the reason why such a table is left out, or None when it is of no known system."""
    words = {normalised(h) for h in header}
    for signature, reason in NOT_IMPORTED:
        if signature <= words:
            return reason
    return next((s for s in SHAPES if not words & s.none_of and any(signature <= words for signature in s.any_of)), None)
