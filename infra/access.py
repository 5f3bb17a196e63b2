"""Who may do what to which object: one table of action by role, default deny, asked as `allowed()` or as SQL by `scope()`.

A member holds several roles and reaches what any of them reaches. Whatever is not written in `RULES` is refused. Other
tenants are out of reach by construction: a standing belongs to one tenant, and every object is read from its schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

from domain.kernel import Actor, Role


class Reach(IntEnum):
    """How far a role's right goes: each of the first five holds all before it."""

    NONE = 0
    OWN = 1
    TEAM = 2
    TREE = 3
    ALL = 4
    SUPPLIERS = 5
    """Accounts in the role of a supplier, whoever owns them; apart from the order above."""
    PARTY = 6
    """What is with the account that a person from outside speaks for; apart from the order above too."""


class Action(StrEnum):
    """What can be done, as the access log names it."""

    DEAL_READ = "deal.read"
    DEAL_OPEN = "deal.open"
    DEAL_CHANGE = "deal.change"
    DEAL_ASSIGN = "deal.assign"
    DEAL_REVERSE_WIN = "deal.reverse_win"
    ACCOUNT_READ = "account.read"
    ACCOUNT_OPEN = "account.open"
    ACCOUNT_CHANGE = "account.change"
    ACCOUNT_MERGE = "account.merge"
    CONTACT_READ = "contact.read"
    CONTACT_CHANGE = "contact.change"
    INTERACTION_READ = "interaction.read"
    INTERACTION_RECORD = "interaction.record"
    DOCUMENT_READ = "document.read"
    DOCUMENT_UPLOAD = "document.upload"
    CONTRACT_READ = "contract.read"
    CONTRACT_DRAFT = "contract.draft"
    CONTRACT_CHANGE = "contract.change"
    CONTRACT_APPROVE = "contract.approve"
    CONTRACT_KEEP = "contract.keep"
    CONTRACT_ASSIGN = "contract.assign"
    CONTRACT_CONFIGURE = "contract.configure"
    APPROVAL_READ = "approval.read"
    APPROVAL_DECIDE = "approval.decide"
    APPROVAL_WITHDRAW = "approval.withdraw"
    APPROVAL_POLICY_CHANGE = "approval_policy.change"
    DELEGATION_OWN = "delegation.own"
    DISPUTE_READ = "dispute.read"
    DISPUTE_OPEN = "dispute.open"
    DISPUTE_CHANGE = "dispute.change"
    DISPUTE_CONFIGURE = "dispute.configure"
    SUPPLIER_READ = "supplier.read"
    SUPPLIER_CHANGE = "supplier.change"
    SUPPLIER_RECORD = "supplier.record"
    PORTAL_READ = "portal.read"
    PORTAL_ANSWER = "portal.answer"
    PAPER_READ = "paper.read"
    PAPER_PREPARE = "paper.prepare"
    PAPER_REVIEW = "paper.review"
    WORDING_CHANGE = "wording.change"
    FORECAST_READ = "forecast.read"
    CATALOGUE_READ = "catalogue.read"
    CATALOGUE_CHANGE = "catalogue.change"
    PIPELINE_CHANGE = "pipeline.change"
    RATE_CHANGE = "rate.change"
    SETTINGS_CHANGE = "settings.change"
    RETENTION_CHANGE = "retention.change"
    MEMBER_READ = "member.read"
    MEMBER_CHANGE = "member.change"
    TODAY_READ = "today.read"
    IMPORT_READ = "import.read"
    IMPORT_RUN = "import.run"
    IMPORT_SUPPLY = "import.supply"
    LOG_READ = "log.read"
    STREAM_READ = "stream.read"
    CHAIN_READ = "causal_chain.read"
    KEY_OWN = "key.own"
    NOTIFICATION_OWN = "notification.own"
    PRIVACY_READ = "privacy.read"
    PRIVACY_KEEP = "privacy.keep"
    PRIVACY_ERASE = "privacy.erase"
    OPERATE = "operate"


_AM, _SM, _SD, _SC = Role.ACCOUNT_MANAGER, Role.SALES_MANAGER, Role.SALES_DIRECTOR, Role.SALES_CHIEF
_WATCHING = dict.fromkeys(
    (Role.DEAL_DESK, Role.FINANCE, Role.FINANCE_CHIEF, Role.LEGAL, Role.EXECUTIVE, Role.AUDITOR, Role.ADMIN), Reach.ALL
)
_BUYING = dict.fromkeys((Role.PROCUREMENT, Role.CATEGORY_LEAD, Role.PROCUREMENT_HEAD, Role.AP_CLERK), Reach.SUPPLIERS)
_SEEING: dict[Role, Reach] = {_AM: Reach.TEAM, _SM: Reach.TREE, _SD: Reach.ALL, _SC: Reach.ALL, **_WATCHING}
_SELLING: dict[Role, Reach] = {_AM: Reach.OWN, _SM: Reach.TREE, _SD: Reach.ALL, _SC: Reach.ALL}
_LEADING: dict[Role, Reach] = {_SM: Reach.TREE, _SD: Reach.ALL, _SC: Reach.ALL}
_CARING: dict[Role, Reach] = {**_SELLING, _AM: Reach.TEAM, **_BUYING}
_DISPUTING: dict[Role, Reach] = {**_CARING, **dict.fromkeys((Role.FINANCE, Role.FINANCE_CHIEF, Role.LEGAL, Role.ADMIN), Reach.ALL)}
_BUYERS_LEADING = dict.fromkeys((Role.CATEGORY_LEAD, Role.PROCUREMENT_HEAD), Reach.SUPPLIERS)
_AGREEING: dict[Role, Reach] = {
    **_SELLING,
    **_BUYERS_LEADING,
    Role.PROCUREMENT: Reach.SUPPLIERS,
    **dict.fromkeys((Role.DEAL_DESK, Role.LEGAL, Role.ADMIN), Reach.ALL),
}
_WITH_US: dict[Role, Reach] = {Role.SUPPLIER: Reach.PARTY, Role.CUSTOMER: Reach.PARTY}
_INSIDE: dict[Role, Reach] = dict.fromkeys(set(Role) - {Role.PARTNER, Role.SUPPLIER, Role.CUSTOMER}, Reach.ALL)

_ANSWERING: dict[Role, Reach] = {
    role: reach for role, reach in {**dict.fromkeys(_INSIDE, Reach.OWN), **_SEEING}.items() if role is not Role.AUDITOR
}
"""Whoever sees an approval may be told what they may do about it; who decides is a rule of the domain."""


def _only(*roles: Role) -> dict[Role, Reach]:
    return dict.fromkeys(roles, Reach.ALL)


RULES: Mapping[Action, Mapping[Role, Reach]] = {
    Action.DEAL_READ: _SEEING,
    Action.DEAL_OPEN: {**_SELLING, Role.ADMIN: Reach.ALL},
    Action.DEAL_CHANGE: {**_SELLING, Role.DEAL_DESK: Reach.ALL, Role.ADMIN: Reach.ALL},
    Action.DEAL_ASSIGN: {**_LEADING, Role.ADMIN: Reach.ALL},
    Action.DEAL_REVERSE_WIN: _only(Role.FINANCE, Role.FINANCE_CHIEF),
    Action.ACCOUNT_READ: {**_SEEING, **_BUYING},
    Action.ACCOUNT_OPEN: {**_SELLING, **_BUYING, Role.ADMIN: Reach.ALL},
    Action.ACCOUNT_CHANGE: {**_SELLING, **_BUYING, Role.ADMIN: Reach.ALL},
    Action.ACCOUNT_MERGE: {**_only(_SD, _SC, Role.PROCUREMENT_HEAD, Role.ADMIN)},
    Action.CONTACT_READ: {**_SEEING, **_BUYING},
    Action.CONTACT_CHANGE: {**_CARING, Role.ADMIN: Reach.ALL},
    Action.INTERACTION_READ: {**_SEEING, **_BUYING},
    Action.INTERACTION_RECORD: {**_CARING, Role.DEAL_DESK: Reach.ALL, Role.LEGAL: Reach.ALL, Role.ADMIN: Reach.ALL},
    Action.DOCUMENT_READ: _INSIDE,
    Action.DOCUMENT_UPLOAD: {role: reach for role, reach in _INSIDE.items() if role is not Role.AUDITOR},
    Action.CONTRACT_READ: {**_SEEING, **_BUYING},
    Action.CONTRACT_DRAFT: _AGREEING,
    Action.CONTRACT_CHANGE: _AGREEING,
    Action.CONTRACT_APPROVE: _only(Role.LEGAL, Role.FINANCE_CHIEF, Role.EXECUTIVE),
    Action.CONTRACT_KEEP: {**_CARING, **_AGREEING, _AM: Reach.TEAM, Role.FINANCE: Reach.ALL, Role.FINANCE_CHIEF: Reach.ALL},
    Action.CONTRACT_ASSIGN: {**_LEADING, **_BUYERS_LEADING, Role.LEGAL: Reach.ALL, Role.ADMIN: Reach.ALL},
    Action.CONTRACT_CONFIGURE: _only(Role.LEGAL, Role.ADMIN),
    Action.APPROVAL_READ: {**dict.fromkeys(_INSIDE, Reach.OWN), **_SEEING},
    Action.APPROVAL_DECIDE: _ANSWERING,
    Action.APPROVAL_WITHDRAW: _ANSWERING,
    Action.APPROVAL_POLICY_CHANGE: _only(Role.FINANCE_CHIEF, Role.ADMIN),
    Action.DELEGATION_OWN: dict.fromkeys(_ANSWERING, Reach.OWN),
    Action.DISPUTE_READ: {**_SEEING, **_BUYING},
    Action.DISPUTE_OPEN: _DISPUTING,
    Action.DISPUTE_CHANGE: _DISPUTING,
    Action.DISPUTE_CONFIGURE: _only(Role.PROCUREMENT_HEAD, Role.FINANCE_CHIEF, Role.ADMIN),
    Action.SUPPLIER_READ: {**_WATCHING, **_BUYING},
    Action.SUPPLIER_CHANGE: {Role.CATEGORY_LEAD: Reach.SUPPLIERS, Role.PROCUREMENT_HEAD: Reach.SUPPLIERS, Role.ADMIN: Reach.ALL},
    Action.SUPPLIER_RECORD: {**_BUYING, Role.ADMIN: Reach.ALL},
    Action.PORTAL_READ: _WITH_US,
    Action.PORTAL_ANSWER: _WITH_US,
    Action.PAPER_READ: {**_SEEING, **_BUYING},
    Action.PAPER_PREPARE: {**_CARING, Role.DEAL_DESK: Reach.ALL, Role.LEGAL: Reach.ALL, Role.ADMIN: Reach.ALL},
    Action.PAPER_REVIEW: {
        **_LEADING,
        **_only(Role.DEAL_DESK, Role.LEGAL, Role.FINANCE_CHIEF, Role.ADMIN),
        **dict.fromkeys((Role.CATEGORY_LEAD, Role.PROCUREMENT_HEAD), Reach.SUPPLIERS),
    },
    Action.WORDING_CHANGE: _only(Role.LEGAL, Role.DEAL_DESK, Role.ADMIN),
    Action.FORECAST_READ: _SEEING,
    Action.CATALOGUE_READ: _INSIDE,
    Action.CATALOGUE_CHANGE: _only(_SC, Role.DEAL_DESK, Role.ADMIN),
    Action.PIPELINE_CHANGE: _only(_SC, Role.ADMIN),
    Action.RATE_CHANGE: _only(Role.FINANCE, Role.FINANCE_CHIEF, Role.ADMIN),
    Action.SETTINGS_CHANGE: _only(Role.FINANCE_CHIEF, Role.ADMIN),
    Action.RETENTION_CHANGE: _only(Role.ADMIN),
    Action.MEMBER_READ: _INSIDE,
    Action.MEMBER_CHANGE: _only(Role.ADMIN),
    Action.TODAY_READ: _INSIDE,
    Action.IMPORT_READ: _only(_SD, _SC, Role.AUDITOR, Role.ADMIN),
    Action.IMPORT_RUN: _only(_SC, Role.ADMIN),
    # imports of their own, of suppliers and what is disputed with them
    Action.IMPORT_SUPPLY: dict.fromkeys((Role.PROCUREMENT, Role.CATEGORY_LEAD, Role.PROCUREMENT_HEAD), Reach.SUPPLIERS),
    Action.LOG_READ: _only(Role.AUDITOR, Role.ADMIN),
    Action.STREAM_READ: _INSIDE,
    Action.CHAIN_READ: _INSIDE,
    Action.KEY_OWN: _INSIDE,
    Action.NOTIFICATION_OWN: dict.fromkeys(_INSIDE, Reach.OWN),
    Action.PRIVACY_READ: _only(Role.AUDITOR, Role.LEGAL, Role.ADMIN),
    Action.PRIVACY_KEEP: _only(Role.LEGAL, Role.ADMIN),
    Action.PRIVACY_ERASE: _only(Role.ADMIN),
    Action.OPERATE: _only(Role.ADMIN),
}
"""Action by role. External roles (partner, supplier, customer) reach what is with their own account, through the portal alone."""


def roles_for(action: Action) -> frozenset[Role]:
    """The roles that may do it at all, to whatever object."""
    return frozenset(role for role, reach in RULES[action].items() if reach)


_READS = {action.partition(".")[0]: action for action in Action if action.endswith(".read")}
_WHOSE = {
    Reach.OWN: " (of what they own)",
    Reach.TEAM: " (of what their team owns)",
    Reach.TREE: " (of what those they lead own)",
    Reach.SUPPLIERS: " (of suppliers)",
}


def reading_of(action: Action) -> Action | None:
    """The right to read what the action is done to; None where there is none of its own."""
    return _READS.get(action.partition(".")[0])


def who_may(action: Action) -> str:
    """The roles that may do it and to whose things, in words."""
    reaches = {role: reach for role, reach in RULES[action].items() if reach}
    return ", ".join(role.replace("_", " ") + _WHOSE.get(reaches[role], "") for role in Role if role in reaches)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the log says of a member at this moment."""

    member: UUID
    roles: frozenset[Role] = frozenset()
    teams: frozenset[UUID] = frozenset()
    """The teams the member belongs to."""
    mates: frozenset[UUID] = frozenset()
    """The members of those teams."""
    tree: frozenset[UUID] = frozenset()
    """Those teams, the teams the member leads, and every team below."""
    below: frozenset[UUID] = frozenset()
    """The members of the tree."""
    account: UUID | None = None
    """The account that a person from outside speaks for."""
    active: bool = True

    @property
    def actor(self) -> Actor:
        """The member as decisions see it."""
        return Actor(id=self.member, roles=self.roles)

    def reaches(self, action: Action) -> frozenset[Reach]:
        """The reach of each of the member's roles; empty: refused."""
        return _reaches(self.roles, action) if self.active else frozenset()


@lru_cache(maxsize=4096)
def _reaches(roles: frozenset[Role], action: Action) -> frozenset[Reach]:
    rule = RULES.get(action, {})
    return frozenset(reach for role in roles if (reach := rule.get(role, Reach.NONE)))


@dataclass(frozen=True, slots=True)
class Object:
    """What an access decision sees of a thing. `owners`: any of them counts, as an account's and its deal's may."""

    owners: frozenset[UUID] = frozenset()
    teams: frozenset[UUID] = frozenset()
    supplier: bool = False
    party: UUID | None = None
    """The account it is with, where a person of that account may have a part in it."""
    involved: frozenset[UUID] = frozenset()
    """Members who reach it whosever it is: they were asked about it."""

    @classmethod
    def of(cls, owner: UUID | None, team: UUID | None = None, *, supplier: bool = False, party: UUID | None = None) -> Object:
        """A thing with one owner and one team, either of them perhaps unknown."""
        return cls(_NOBODY if owner is None else frozenset((owner,)), _NOBODY if team is None else frozenset((team,)), supplier, party)


_NOBODY: frozenset[UUID] = frozenset()


def allowed(standing: Standing, action: Action, thing: Object | None = None) -> bool:
    """Whether the member may do it: to `thing`, or at all where None."""
    reaches = standing.reaches(action)
    if thing is None or Reach.ALL in reaches:
        return bool(reaches)
    return any(_within(standing, reach, thing) for reach in reaches) or (bool(reaches) and standing.member in thing.involved)


def _within(standing: Standing, reach: Reach, thing: Object) -> bool:
    match reach:
        case Reach.SUPPLIERS:
            return thing.supplier
        case Reach.PARTY:
            return standing.account is not None and thing.party == standing.account
        case Reach.OWN:
            return standing.member in thing.owners
        case Reach.TEAM:
            return standing.member in thing.owners or not (
                standing.mates.isdisjoint(thing.owners) and standing.teams.isdisjoint(thing.teams)
            )
        case Reach.TREE:
            return standing.member in thing.owners or not (
                standing.below.isdisjoint(thing.owners) and standing.tree.isdisjoint(thing.teams)
            )
        case _:
            return reach is Reach.ALL


@dataclass(frozen=True, slots=True)
class Scope:
    """A condition for WHERE, and its parameters by name: true exactly for the rows that `allowed()` allows (S20)."""

    sql: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def everything(self) -> bool:
        return self.sql == "true"


def scope(
    standing: Standing, action: Action, *, owner: str = "owner", team: str | None = None, supplier: str = "false", party: str | None = None
) -> Scope:
    """The rows of a list that the member may act on.

    `owner`, `team`: the columns (or expressions) that hold them, `team` None where a row has only an owner; `supplier`: a
    condition true for suppliers' rows; `party`: the column of the account that a row is with, None where no outsider has a part in
    it. All are the caller's own SQL, never a user's. A row without owner and team is seen by those only who see all.
    """
    reaches = standing.reaches(action)
    if Reach.ALL in reaches:
        return Scope("true")
    parts: list[str] = []
    params: dict[str, Any] = {}
    if ordered := reaches - {Reach.SUPPLIERS, Reach.PARTY}:
        owners, teams = {Reach.TREE: (standing.below, standing.tree), Reach.TEAM: (standing.mates, standing.teams)}.get(
            max(ordered), (frozenset[UUID](), frozenset[UUID]())
        )
        parts.append(f"coalesce({owner} = ANY(%(scope_owners)s), false)")
        params["scope_owners"] = sorted(owners | {standing.member})
        if teams and team is not None:
            parts.append(f"coalesce({team} = ANY(%(scope_teams)s), false)")
            params["scope_teams"] = sorted(teams)
    if Reach.SUPPLIERS in reaches:
        parts.append(f"({supplier})")
    if Reach.PARTY in reaches and party is not None and standing.account is not None:
        parts.append(f"coalesce({party} = %(scope_party)s, false)")
        params["scope_party"] = standing.account
    return Scope(f"({' OR '.join(parts)})" if parts else "false", params)
