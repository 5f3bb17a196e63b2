"""What Concord takes from other systems: the kinds of tables, their fields, and the words by which columns name them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What the rows of a table are."""

    ACCOUNTS = "accounts"
    CONTACTS = "contacts"
    PRODUCTS = "products"
    USERS = "users"
    TEAMS = "teams"
    STAGES = "stages"
    DISPUTES = "disputes"
    DEALS = "deals"
    LINES = "lines"
    HISTORY = "history"
    DEAL_ACCOUNTS = "deal_accounts"
    MERGES = "merges"
    IGNORED = "ignored"


ORDER = tuple(Kind)
"""The order in which kinds are imported: what is referred to comes first."""


class Type(StrEnum):
    """How a field's text is read. A reference is resolved against other records, by id or by name."""

    TEXT = "text"
    ID = "id"
    REFERENCE_ID = "reference by id"
    REFERENCE_NAME = "reference by name"
    CATEGORY = "category"
    DATE = "date"
    INSTANT = "instant"
    MONEY = "money"
    NUMBER = "number"
    PERCENT = "percent"
    FLAG = "yes or no"
    COUNTRY = "country"
    CURRENCY = "currency"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a kind. `weight`: how much a column of this name says that the table is of this kind (0 to 3)."""

    key: str
    type: Type
    words: tuple[str, ...]
    weight: float = 1.0
    required: bool = False


def normalised(header: str) -> str:
    """A header as words: `StageName`, `stage_name` and `Stage name` are all "stage name"; HubSpot's `property_` is dropped."""
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", header.strip())
    text = re.sub(r"([A-Za-z])(\d)", r"\1 \2", text)
    text = re.sub(r"[^0-9a-z%]+", " ", text.lower()).strip()
    return text.removeprefix("property ")


def _field(key: str, type_: Type, words: str, weight: float = 1.0, *, required: bool = False) -> Field:
    return Field(key, type_, tuple(w.strip() for w in words.split("|")), weight, required)


_T = Type
_OWNER_ID = "owner id|hubspot owner id|account owner id|opportunity owner id"
_CREATED = "created date|create date|createdate|created at|created on|created|date created"
_DELETED = "is deleted|deleted|isdeleted|fivetran deleted"

FIELDS: dict[Kind, tuple[Field, ...]] = {
    Kind.ACCOUNTS: (
        _field("id", _T.ID, "id|account id|company id|record id|record id company|account number id|customer id", 0.2),
        _field(
            "name",
            _T.TEXT,
            "account|account name|company|company name|name|organisation|organization|customer|customer name",
            1,
            required=True,
        ),
        _field("industry", _T.CATEGORY, "sector|industry|branch|vertical", 2),
        _field("country", _T.COUNTRY, "country|office location|billing country|country region|headquarters|location|land", 1.5),
        _field("domain", _T.TEXT, "website|domain|company domain name|web site|url|homepage", 1.5),
        _field("parent_id", _T.REFERENCE_ID, "parent id|parent account id|hs parent company id|parent company id", 1.5),
        _field("parent_name", _T.REFERENCE_NAME, "subsidiary of|parent|parent account|parent company|parent name", 2),
        _field("owner_id", _T.REFERENCE_ID, _OWNER_ID, 0.5),
        _field("owner_name", _T.REFERENCE_NAME, "owner|account owner|company owner|account manager", 0.5),
        _field("relationship", _T.CATEGORY, "relationship|relationship type|account type", 1),
        _field("created_at", _T.INSTANT, _CREATED, 0.2),
        _field("deleted", _T.FLAG, _DELETED, 0),
        _field("merged_into", _T.REFERENCE_ID, "master record id|merged into|hs merged object ids", 1.5),
    ),
    Kind.CONTACTS: (
        _field("id", _T.ID, "id|contact id|record id|vid|record id contact", 0.2),
        _field("name", _T.TEXT, "contact name|full name|name|contact", 1),
        _field("first_name", _T.TEXT, "first name|firstname|given name", 0.7),
        _field("last_name", _T.TEXT, "last name|lastname|surname|family name", 0.7),
        _field("email", _T.TEXT, "email|e mail|email address|work email", 0.7),
        _field("phone", _T.TEXT, "phone|phone number|business phone|work phone|telephone", 1),
        _field("mobile", _T.TEXT, "mobile phone|mobile|mobile phone number|mobilephone|cell phone", 1),
        _field("title", _T.TEXT, "job title|jobtitle|title|position", 1),
        _field(
            "account_id",
            _T.REFERENCE_ID,
            "account id|company id|associated company id|associatedcompanyid|primary associated company id|associated company ids",
            1,
        ),
        _field(
            "account_name",
            _T.REFERENCE_NAME,
            "account name|company name|account|company|associated company|primary company|organisation|organization",
            0.7,
        ),
        _field(
            "opted_out", _T.FLAG, "has opted out of email|email opt out|unsubscribed from all email|hs email optout|opted out of email", 1
        ),
        _field("created_at", _T.INSTANT, _CREATED, 0.2),
        _field("deleted", _T.FLAG, _DELETED, 0),
        _field("merged_into", _T.REFERENCE_ID, "master record id|merged into", 0.2),
    ),
    Kind.PRODUCTS: (
        _field("id", _T.ID, "id|product id|record id|product 2 id|sku id", 0.2),
        _field("name", _T.TEXT, "product|product name|name|item|article", 1, required=True),
        _field("code", _T.TEXT, "product code|sku|hs sku|code|article number|stock keeping unit", 2),
        _field("family", _T.CATEGORY, "series|family|product family|category|product line|product group", 2),
        _field("price", _T.MONEY, "sales price|list price|price|unit price|standard price|retail price", 3),
        _field("currency", _T.CURRENCY, "currency iso code|currency|price currency", 0.2),
        _field("unit", _T.TEXT, "unit|unit of measure|quantity unit of measure", 1),
        _field("active", _T.FLAG, "is active|active", 0.2),
        _field("deleted", _T.FLAG, _DELETED, 0),
    ),
    Kind.USERS: (
        _field("id", _T.ID, "id|user id|owner id|record id|employee id", 0.2),
        _field(
            "name",
            _T.TEXT,
            "sales agent|user|name|full name|agent|sales rep|representative|employee|owner name",
            1.2,
            required=True,
        ),
        _field("first_name", _T.TEXT, "first name|firstname|given name", 1.5),
        _field("last_name", _T.TEXT, "last name|lastname|surname|family name", 1.5),
        _field("email", _T.TEXT, "email|e mail|email address|work email", 1),
        _field("manager_id", _T.REFERENCE_ID, "manager id|reports to id", 2),
        _field("manager_name", _T.REFERENCE_NAME, "manager|manager name|reports to|supervisor", 2.5),
        _field("team", _T.REFERENCE_NAME, "team|regional office|office|region|sales team|team name|business unit|division|department", 1.5),
        _field("active", _T.FLAG, "is active|active", 0.5),
        _field("deleted", _T.FLAG, _DELETED, 0),
    ),
    Kind.TEAMS: (
        _field("owner_id", _T.REFERENCE_ID, "owner id|user id|member id", 1, required=True),
        _field("team_id", _T.ID, "team id", 2, required=True),
        _field("primary", _T.FLAG, "is team primary|primary", 2),
    ),
    Kind.DISPUTES: (
        _field("id", _T.ID, "id|dispute id|case id|claim id|dispute number|case number|claim number", 0.3),
        _field(
            "disputed", _T.MONEY, "disputed amount|amount in dispute|amount disputed|disputed|claimed amount|claim amount", 3, required=True
        ),
        _field("tax", _T.MONEY, "disputed tax|tax|vat|tax amount", 0.3),
        _field(
            "document", _T.TEXT, "invoice|invoice number|invoice no|invoice id|document|document number|bill number", 1.5, required=True
        ),
        _field("line", _T.TEXT, "invoice line|line|line number|position|item", 0.5),
        _field("title", _T.TEXT, "title|subject|description|dispute|claim", 0.5),
        _field("reason", _T.CATEGORY, "dispute reason|reason|reason code|claim reason", 1),
        _field("status", _T.CATEGORY, "status|state|dispute status", 0.2),
        _field("total", _T.MONEY, "invoice total|invoice amount|total amount|gross amount|total|amount", 1),
        _field("currency", _T.CURRENCY, "currency|currency iso code|invoice currency", 0.2),
        _field("opened_on", _T.DATE, "opened on|opened|raised on|dispute date|claim date|disputed on|date", 1),
        _field("due_on", _T.DATE, "due date|due on|due|payment due|payable on", 1),
        _field("discount_on", _T.DATE, "discount date|discount until|discount due", 0.5),
        _field("account_id", _T.REFERENCE_ID, "supplier id|vendor id|account id|company id", 1),
        _field("account_name", _T.REFERENCE_NAME, "supplier|supplier name|vendor|vendor name|account|account name|company", 1),
        _field("owner_id", _T.REFERENCE_ID, _OWNER_ID, 0.5),
        _field("owner_name", _T.REFERENCE_NAME, "owner|case owner|buyer|responsible|handled by", 0.5),
    ),
    Kind.STAGES: (
        _field("id", _T.ID, "stage id|id|api name", 1),
        _field("label", _T.TEXT, "label|stage label|master label|stage|stage name|stage label name", 1, required=True),
        _field("pipeline_id", _T.ID, "pipeline id|pipeline", 1.5),
        _field("order", _T.NUMBER, "display order|sort order|order|position", 2.5),
        _field("probability", _T.PERCENT, "probability|default probability|probability %|win probability", 0.7),
        _field("won", _T.FLAG, "closed won|is won|won", 0.7),
        _field("closed", _T.FLAG, "is closed|closed", 0.5),
        _field("deleted", _T.FLAG, _DELETED, 0),
    ),
    Kind.DEALS: (
        _field("id", _T.ID, "id|opportunity id|deal id|record id|record id deal|opp id|deal record id", 1),
        _field("name", _T.TEXT, "opportunity name|deal name|dealname|name|opportunity|deal|title|topic", 1),
        _field(
            "account_id",
            _T.REFERENCE_ID,
            "account id|company id|associated company ids|associated company id|primary associated company id|customer id",
            0.5,
        ),
        _field(
            "account_name",
            _T.REFERENCE_NAME,
            "account|account name|company|company name|associated company|associated company primary|customer|customer name",
            0.5,
        ),
        _field(
            "stage",
            _T.CATEGORY,
            "deal stage|stage|stage name|dealstage|deal pipeline stage id|sales stage|opportunity stage|status",
            3,
            required=True,
        ),
        _field("pipeline", _T.CATEGORY, "pipeline|deal pipeline id|pipeline id|sales process|record type", 0.7),
        _field("amount", _T.MONEY, "amount|close value|deal value|value|deal amount|opportunity amount|total|revenue", 1),
        _field("currency", _T.CURRENCY, "currency iso code|currency|deal currency code|amount currency|opportunity currency", 0.2),
        _field("close_date", _T.DATE, "close date|closedate|closed date|expected close date|closing date|estimated close date", 2),
        _field("opened_on", _T.DATE, "engage date|start date|open date|opened on|opportunity date", 1.5),
        _field("created_at", _T.INSTANT, _CREATED, 0.2),
        _field("stage_since", _T.INSTANT, "last stage change date|stage since|last stage changed date|date entered current stage", 1),
        _field("owner_id", _T.REFERENCE_ID, _OWNER_ID, 0.5),
        _field(
            "owner_name",
            _T.REFERENCE_NAME,
            "sales agent|owner|deal owner|opportunity owner|owner name|sales rep|salesperson|account executive|owner full name",
            0.7,
        ),
        _field("product", _T.REFERENCE_NAME, "product|product name|item", 0.5),
        _field("probability", _T.TEXT, "probability|probability %|deal probability|win probability|hs deal stage probability", 0.7),
        _field("category", _T.CATEGORY, "forecast category name|forecast category|hs forecast category|hs manual forecast category", 1),
        _field("closed", _T.FLAG, "is closed|closed|hs is closed", 1),
        _field("won", _T.FLAG, "is won|won|is closed won|hs is closed won", 1),
        _field("next_step", _T.TEXT, "next step|hs next step|next steps", 0.7),
        _field("lost_reason", _T.TEXT, "closed lost reason|lost reason|loss reason|reason lost", 1),
        _field("lead_source", _T.TEXT, "lead source|deal source|original source", 0.3),
        _field("deleted", _T.FLAG, _DELETED, 0),
    ),
    Kind.LINES: (
        _field("id", _T.ID, "id|line item id|record id|opportunity line item id", 0.2),
        _field("deal_id", _T.REFERENCE_ID, "opportunity id|deal id|associated deal ids", 1, required=True),
        _field("product_id", _T.REFERENCE_ID, "product 2 id|product id|hs product id", 1),
        _field("product", _T.REFERENCE_NAME, "product|product name|name", 0.3),
        _field("quantity", _T.NUMBER, "quantity|qty", 3, required=True),
        _field("unit_price", _T.MONEY, "unit price|sales price|price", 2),
        _field("discount", _T.PERCENT, "discount|discount %", 1),
        _field("total", _T.MONEY, "total price|amount|net price", 1),
        _field("deleted", _T.FLAG, _DELETED, 0),
    ),
    Kind.HISTORY: (
        _field("deal_id", _T.REFERENCE_ID, "opportunity id|deal id", 1, required=True),
        _field("stage", _T.CATEGORY, "stage name|to stage|new stage|stage|dealstage", 1),
        _field("field", _T.CATEGORY, "field|property|property name|name", 0.3),
        _field("value", _T.CATEGORY, "new value|value", 1),
        _field(
            "at",
            _T.INSTANT,
            "timestamp|changed at|change date|entered at|entered on|valid from|last modified date|last modified|created date|fivetran start",
            1.5,
            required=True,
        ),
        _field("amount", _T.MONEY, "amount", 0.2),
        _field("close_date", _T.DATE, "close date", 0.2),
        _field("deleted", _T.FLAG, _DELETED, 0),
    ),
    Kind.DEAL_ACCOUNTS: (
        _field("deal_id", _T.REFERENCE_ID, "deal id|opportunity id", 2, required=True),
        _field("account_id", _T.REFERENCE_ID, "company id|account id", 2, required=True),
    ),
    Kind.MERGES: (
        _field("kept_id", _T.REFERENCE_ID, "deal id|company id|account id|kept id", 1, required=True),
        _field("merged_id", _T.REFERENCE_ID, "merged deal id|merged company id|merged account id|merged id", 3, required=True),
    ),
}

FILE_WORDS: tuple[tuple[str, Kind], ...] = (
    ("dispute", Kind.DISPUTES),
    ("open invoice", Kind.DISPUTES),
    ("history", Kind.HISTORY),
    ("merged", Kind.MERGES),
    ("line item", Kind.LINES),
    ("stage", Kind.STAGES),
    ("opportunit", Kind.DEALS),
    ("deal", Kind.DEALS),
    ("pipeline", Kind.DEALS),
    ("contact", Kind.CONTACTS),
    ("account", Kind.ACCOUNTS),
    ("compan", Kind.ACCOUNTS),
    ("product", Kind.PRODUCTS),
    ("user", Kind.USERS),
    ("owner", Kind.USERS),
    ("team", Kind.USERS),
    ("agent", Kind.USERS),
)
"""Words in a file's name that hint at its kind, the more telling ones first."""


def field_of(kind: Kind, key: str) -> Field | None:
    """The field of a kind by its key; None if it has no such field."""
    return next((f for f in FIELDS.get(kind, ()) if f.key == key), None)
