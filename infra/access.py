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
    FORECAST_READ = "forecast.read"
    CATALOGUE_READ = "catalogue.read"
    CATALOGUE_CHANGE = "catalogue.change"
    PIPELINE_CHANGE = "pipeline.change"
    RATE_CHANGE = "rate.change"
    SETTINGS_CHANGE = "settings.change"
    MEMBER_READ = "member.read"
    MEMBER_CHANGE = "member.change"
    TODAY_READ = "today.read"
    IMPORT_READ = "import.read"
    IMPORT_RUN = "import.run"
    LOG_READ = "log.read"
    STREAM_READ = "stream.read"
    KEY_OWN = "key.own"
    NOTIFICATION_OWN = "notification.own"
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
_INSIDE: dict[Role, Reach] = dict.fromkeys(set(Role) - {Role.PARTNER, Role.SUPPLIER, Role.CUSTOMER}, Reach.ALL)


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
    Action.FORECAST_READ: _SEEING,
    Action.CATALOGUE_READ: _INSIDE,
    Action.CATALOGUE_CHANGE: _only(_SC, Role.DEAL_DESK, Role.ADMIN),
    Action.PIPELINE_CHANGE: _only(_SC, Role.ADMIN),
    Action.RATE_CHANGE: _only(Role.FINANCE, Role.FINANCE_CHIEF, Role.ADMIN),
    Action.SETTINGS_CHANGE: _only(Role.FINANCE_CHIEF, Role.ADMIN),
    Action.MEMBER_READ: _INSIDE,
    Action.MEMBER_CHANGE: _only(Role.ADMIN),
    Action.TODAY_READ: _INSIDE,
    Action.IMPORT_READ: _only(_SD, _SC, Role.AUDITOR, Role.ADMIN),
    Action.IMPORT_RUN: _only(_SC, Role.ADMIN),
    Action.LOG_READ: _only(Role.AUDITOR, Role.ADMIN),
    Action.STREAM_READ: _INSIDE,
    Action.KEY_OWN: _INSIDE,
    Action.NOTIFICATION_OWN: dict.fromkeys(_INSIDE, Reach.OWN),
    Action.OPERATE: _only(Role.ADMIN),
}
"""Action by role. External roles (partner, supplier, customer) reach nothing until they have a portal."""


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

    @classmethod
    def of(cls, owner: UUID | None, team: UUID | None = None, *, supplier: bool = False) -> Object:
        """A thing with one owner and one team, either of them perhaps unknown."""
        return cls(_NOBODY if owner is None else frozenset((owner,)), _NOBODY if team is None else frozenset((team,)), supplier)


_NOBODY: frozenset[UUID] = frozenset()


def allowed(standing: Standing, action: Action, thing: Object | None = None) -> bool:
    """Whether the member may do it: to `thing`, or at all where None."""
    reaches = standing.reaches(action)
    if thing is None or Reach.ALL in reaches:
        return bool(reaches)
    return any(_within(standing, reach, thing) for reach in reaches)


def _within(standing: Standing, reach: Reach, thing: Object) -> bool:
    match reach:
        case Reach.SUPPLIERS:
            return thing.supplier
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


def scope(standing: Standing, action: Action, *, owner: str = "owner", team: str | None = None, supplier: str = "false") -> Scope:
    """The rows of a list that the member may act on.

    `owner`, `team`: the columns (or expressions) that hold them, `team` None where a row has only an owner; `supplier`: a
    condition true for suppliers' rows. All three are the caller's own SQL, never a user's. A row without owner and team is
    seen by those only who see all.
    """
    reaches = standing.reaches(action)
    if Reach.ALL in reaches:
        return Scope("true")
    parts: list[str] = []
    params: dict[str, Any] = {}
    if ordered := reaches - {Reach.SUPPLIERS}:
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
    return Scope(f"({' OR '.join(parts)})" if parts else "false", params)
