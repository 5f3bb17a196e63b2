"""Rows to records: accounts, products, teams and users, and what other rows only mention."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from workflows.imports.cells import RowValues, read_rows
from workflows.imports.faults import Fault
from workflows.imports.fields import Kind
from workflows.imports.records import AccountRecord, ContactRecord, GoneRecord, ProductRecord, Record, TeamRecord, UserRecord, Values
from workflows.imports.settled import FoundTable, Settled

_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")
_EMAIL = re.compile(r"[^\x00-\x20@<>,;]{1,64}@[^\x00-\x20@<>,;.]+(\.[^\x00-\x20@<>,;.]+)+")
_PHONE = re.compile(r"[+(]?[0-9][0-9 ()./x-]{2,38}")
LONGEST_NAME = 200
_SPACE_OF = {Kind.ACCOUNTS: "account", Kind.PRODUCTS: "product", Kind.USERS: "user"}


@dataclass(slots=True)
class Skipped:
    """A row that is left out on purpose, and why: deleted at the source, or merged into another."""

    kind: Kind
    id: str
    table: str
    row: int
    reason: str
    attention: tuple[str, ...] = ()


Converted = Record | Skipped | Fault


@dataclass(slots=True)
class Seen:
    """Ids met so far, to reject a second row of the same id in one kind, and merged ids to follow."""

    ids: dict[Kind, dict[str, tuple[str, int]]] = field(default_factory=dict)

    def again(self, kind: Kind, id_: str, table: str, row: int) -> tuple[str, int] | None:
        """Where the id was met before, if it was."""
        met = self.ids.setdefault(kind, {})
        before = met.setdefault(id_, (table, row))
        return None if before == (table, row) else before


def key_of(found: Values, by_id: str, by_name: str) -> str | None:
    """What a reference points to, by id if there is one, else by name. (Resolved names come as one-tuples.)"""
    if key := found.get(by_id):
        # HubSpot lists all associated companies, the primary one first
        return str(key).split(";", 1)[0].strip()
    name = found.get(by_name)
    return None if name is None else name[0]


def convert_accounts(table: FoundTable, settled: Settled, seen: Seen) -> Iterator[Converted]:
    """Companies. Parents and owners that no table lists are left out and noted as an attribute."""
    for read in read_rows(table, settled):
        values = read.values
        name = str(values.get("name", ""))
        id_ = str(values.get("id") or name)
        if rejection := _rejection(table, read, settled, seen, id_, name):
            yield rejection
            continue
        record = AccountRecord(Kind.ACCOUNTS, id_, name[:LONGEST_NAME].rstrip(), table.name, read.number, read.attributes)
        if industry := values.get("industry"):
            record.industry = str(settled.industries.get(industry, industry))[:LONGEST_NAME]
        if "country" in values:
            record.country, written = values["country"]
            if record.country is None:
                record.attributes["country_as_reported"] = written
        record.domain = _domain(values.get("domain"), record.attributes)
        record.parent = _known(settled, "account", key_of(values, "parent_id", "parent_name"), record.attributes, "parent_as_reported")
        if record.parent == id_:
            record.parent, record.attention = None, (*record.attention, "it was its own parent; imported without one")
        record.owner = _known(settled, "user", key_of(values, "owner_id", "owner_name"), record.attributes, "owner_as_reported")
        record.created_at = values.get("created_at")
        yield record


def convert_products(table: FoundTable, settled: Settled, seen: Seen) -> Iterator[Converted]:
    """Things sold, with their list price."""
    for read in read_rows(table, settled):
        values = read.values
        name = str(values.get("name", ""))
        id_ = str(values.get("id") or name)
        if rejection := _rejection(table, read, settled, seen, id_, name):
            yield rejection
            continue
        record = ProductRecord(Kind.PRODUCTS, id_, name[:LONGEST_NAME].rstrip(), table.name, read.number, read.attributes)
        record.code, record.family, record.unit = values.get("code"), values.get("family"), values.get("unit")
        if price := values.get("price"):
            record.price = price[0]
            record.currency = values.get("currency") or price[1] or settled.currency
        else:
            record.attention = ("no price",)
        _note_activity(record, values)
        yield record


def convert_users(table: FoundTable, settled: Settled, seen: Seen) -> Iterator[Converted]:
    """People who work there. What is no e-mail address is dropped from that field: exports hash or mask them."""
    teams = team_of(settled)
    for read in read_rows(table, settled):
        values = read.values
        full = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
        name = str(values.get("name") or full)
        id_ = str(values.get("id") or name)
        if rejection := _rejection(table, read, settled, seen, id_, name):
            yield rejection
            continue
        record = UserRecord(Kind.USERS, id_, name[:LONGEST_NAME].rstrip(), table.name, read.number, read.attributes)
        email = values.get("email")
        record.email = email if email and len(email) <= 254 and _EMAIL.fullmatch(email) else None
        record.manager = _known(settled, "user", key_of(values, "manager_id", "manager_name"), record.attributes, "manager_as_reported")
        if record.manager == id_:
            record.manager = None
        record.team = teams.get(id_) or values.get("team")
        _note_activity(record, values)
        yield record


def convert_contacts(table: FoundTable, settled: Settled, seen: Seen) -> Iterator[Converted]:
    """People at customers. Addresses and numbers that are none (exports mask them) stay as attributes, sealed like the rest of the person."""
    for read in read_rows(table, settled):
        values = read.values
        full = f"{values.get('first_name', '')} {values.get('last_name', '')}".strip()
        name = str(values.get("name") or full)
        id_ = str(values.get("id") or values.get("email") or name)
        if rejection := _rejection(table, read, settled, seen, id_, name):
            yield rejection
            continue
        record = ContactRecord(Kind.CONTACTS, id_, name[:LONGEST_NAME].rstrip(), table.name, read.number, read.attributes)
        record.email = _matching(values, "email", _EMAIL, 254, record.attributes)
        record.phone = _matching(values, "phone", _PHONE, 40, record.attributes)
        record.mobile = _matching(values, "mobile", _PHONE, 40, record.attributes)
        record.title = values["title"][:LONGEST_NAME].rstrip() if "title" in values else None
        record.account = _known(settled, "account", key_of(values, "account_id", "account_name"), record.attributes, "account_as_reported")
        record.created_at = values.get("created_at")
        record.opted_out = values.get("opted_out", (False,))[0]
        if record.opted_out:
            record.attributes["opted_out_at_source"] = "yes"
        yield record


def _matching(values: Values, key: str, shape: re.Pattern[str], longest: int, attributes: dict[str, str]) -> str | None:
    """The value if it is what the domain takes; else it is kept as an attribute."""
    text: str | None = values.get(key)
    if text is None or (len(text) <= longest and shape.fullmatch(text)):
        return text
    attributes[f"{key}_as_reported"] = text
    return None


def _note_activity(record: ProductRecord | UserRecord, values: Values) -> None:
    """Whether it is in use at the source. What is not, says so in an attribute, so that a change of it is news."""
    record.active = values.get("active", (True,))[0]
    if not record.active:
        record.attributes["inactive_at_source"] = "yes"


def team_of(settled: Settled) -> dict[str, str]:
    """Users' teams by tables of who is in which; the primary one where there are several."""
    teams: dict[str, str] = {}
    for table in settled.of(Kind.TEAMS):
        for read in read_rows(table, settled):
            owner, team = read.values.get("owner_id"), read.values.get("team_id")
            if owner and team and (owner not in teams or read.values.get("primary", (False,))[0]):
                teams[owner] = team
    return teams


def mentioned(settled: Settled) -> Iterator[Record]:
    """Things that rows refer to and no table lists: teams, managers, and names that are to be created."""
    listed: dict[str, str] = {}
    offices: dict[str, str] = {}
    for table in settled.of(Kind.USERS):
        for read in read_rows(table, settled):
            if team := read.values.get("team"):
                listed.setdefault(str(team).casefold(), str(team))
                if manager := key_of(read.values, "manager_id", "manager_name"):
                    offices.setdefault(manager, str(team))
    for team in listed.values():
        yield TeamRecord(Kind.TEAMS, team, team[:LONGEST_NAME], "", 0)
    for team in team_of(settled).values():
        if listed.setdefault(team.casefold(), team) == team:
            yield TeamRecord(Kind.TEAMS, team, team[:LONGEST_NAME], "", 0)
    for name, key in settled.names["user"].mentioned.items():
        # a manager sits in the office of the people managed, if any is told
        yield UserRecord(Kind.USERS, key, name[:LONGEST_NAME], "", 0, team=offices.get(key))
    for name, key in settled.names["account"].mentioned.items():
        yield AccountRecord(Kind.ACCOUNTS, key, name[:LONGEST_NAME], "", 0)
    for name, key in settled.names["product"].mentioned.items():
        yield ProductRecord(Kind.PRODUCTS, key, name[:LONGEST_NAME], "", 0, attention=("no price",))


def _rejection(table: FoundTable, read: RowValues, settled: Settled, seen: Seen, id_: str, name: str) -> Converted | None:
    """Why the row is not imported, if so: unreadable cells, no name, deleted or merged at the source, or an id met before."""
    if read.faults:
        return read.faults[0]
    if not name:
        column = table.mapping.column_of("name")
        header = table.mapping.columns[column].column if column is not None else None
        return Fault(table.name, read.number, header, "", f"the row has no name, and {table.kind} need one")
    return left_out(table, read, settled, seen, id_)


def left_out(table: FoundTable, read: RowValues, settled: Settled, seen: Seen, id_: str) -> Converted | None:
    """Why a row is not imported as it stands: deleted or merged at the source, or an id met before."""
    values = read.values
    if into := values.get("merged_into"):
        return Skipped(table.kind, id_, table.name, read.number, f"merged into {into} at the source")
    if settled.overrides.deleted != "import" and values.get("deleted", (False,))[0]:
        return GoneRecord(table.kind, id_, str(values.get("name") or id_), table.name, read.number)
    if (space := _SPACE_OF.get(table.kind)) and id_ in settled.names[space].same:
        return Skipped(table.kind, id_, table.name, read.number, "is here already, from elsewhere; rows refer to that one")
    if before := seen.again(table.kind, id_, table.name, read.number):
        where = f"row {before[1]}" + (f" of {before[0]}" if before[0] != table.name else "")
        column = table.mapping.column_of("id")
        header = table.mapping.columns[column].column if column is not None else None
        return Fault(table.name, read.number, header, id_, f"{id_!r} was in {where} already; an id may stand once")
    return None


def _known(settled: Settled, space: str, key: str | None, attributes: dict[str, str], kept_as: str) -> str | None:
    """The key if something in the files or the tenant has it; else it is kept as an attribute, so that nothing is lost."""
    if key is not None:
        key = settled.names[space].same.get(key, key)
    if key is None or settled.knows(space, key):
        return key
    attributes[kept_as] = key
    return None


def known_reference(settled: Settled, space: str, key: str | None, attributes: dict[str, str], kept_as: str) -> str | None:
    """As `_known`, for deals."""
    return _known(settled, space, key, attributes, kept_as)


def _domain(text: str | None, attributes: dict[str, str]) -> str | None:
    if not text:
        return None
    bare = re.sub(r"^[a-z]+://", "", text.strip().lower()).split("/")[0].split(":")[0].removeprefix("www.")
    if len(bare) <= 253 and _DOMAIN.fullmatch(bare):
        return bare
    attributes["website_as_reported"] = text
    return None
