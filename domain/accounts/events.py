"""What can be said of an account, and what happens to it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from domain.attributes import Attributes
from domain.kernel import Event, Instant
from domain.reservations import Claim
from domain.values import Country, Name, Text, WebDomain


class Registration(Text):
    """Where and as what a company is registered, as in (DE, HRB Charlottenburg, 12345)."""

    country: Country
    registry: Name
    number: Name

    @property
    def claim(self) -> Claim:
        """What only one account may have; spaces, dots, dashes and case do not tell two numbers apart."""
        return Claim("registration", (self.country, _bare(self.registry), _bare(self.number)))


def _bare(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum()) or text


class AccountRole(StrEnum):
    PROSPECT = "prospect"
    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    DISTRIBUTOR = "distributor"
    PARTNER = "partner"


class Relationship(StrEnum):
    """How closely we work together (Kotler's levels of relationship)."""

    BASIC = "basic"
    REACTIVE = "reactive"
    ACCOUNTABLE = "accountable"
    PROACTIVE = "proactive"
    PARTNERSHIP = "partnership"


CadenceDays = Annotated[int, Field(ge=1, le=3650)]
"""We mean to be in contact at least once in so many days."""


class AccountDetails(BaseModel):
    """What an account is called and how it is described."""

    legal_name: Name | None = None
    domain: WebDomain | None = None
    country: Country | None = None
    industry: Name | None = None
    relationship: Relationship | None = None
    cadence_days: CadenceDays | None = None


class AccountRow(AccountDetails):
    """All that is said of an account at the beginning, and by an import."""

    registration: Registration | None = None
    roles: tuple[AccountRole, ...] = ()
    owner: UUID | None = None
    team: UUID | None = None
    parent: UUID | None = None
    attributes: Attributes = Field(default_factory=dict)


DETAILS = tuple(AccountDetails.model_fields)
ROW = tuple(AccountRow.model_fields)


def row(source: Any) -> dict[str, Any]:
    """The importable fields of a command, an event or a state; roles sorted and each once."""
    return {name: getattr(source, name) for name in ROW} | {"roles": tuple(sorted(set(source.roles)))}


class AccountOpened(Event, AccountRow, topic="account.opened"):
    pass


class AccountImported(Event, AccountRow, topic="account.imported"):
    """A source told of an account that we did not know."""

    source: str
    source_id: str
    run: UUID


class AccountReimported(Event, AccountRow, topic="account.reimported"):
    """The source says something new; events for what changed by it follow."""

    run: UUID


class AccountImportUndone(Event, topic="account.import_undone"):
    """`run` never was; with `withdrawn` the account came with it and goes with it."""

    run: UUID
    withdrawn: bool


class AccountDetailsChanged(Event, AccountDetails, topic="account.details_changed"):
    """All details from now on."""


class AccountRegistered(Event, topic="account.registered"):
    registration: Registration | None


class AccountRolesChanged(Event, topic="account.roles_changed"):
    """All roles from now on."""

    roles: tuple[AccountRole, ...]


class AccountOwnerAssigned(Event, topic="account.owner_assigned"):
    """Owner and team from `since` on, until a later `since`; what was assigned later stays."""

    owner: UUID | None
    team: UUID | None
    since: Instant


class AccountParentChanged(Event, topic="account.parent_changed"):
    parent: UUID | None


class AccountAttributesSet(Event, topic="account.attributes_set"):
    """All attributes from now on, checked by version `definitions` of the tenant's fields."""

    attributes: Attributes
    definitions: int


class AccountsDeclaredDifferent(Event, topic="account.declared_different"):
    """Someone looked: in spite of the likeness these are other entities."""

    others: tuple[UUID, ...]


class AccountClosed(Event, topic="account.closed"):
    reason: str | None = None


class AccountReopened(Event, topic="account.reopened"):
    pass


class AccountMerged(Event, topic="account.merged"):
    """The account goes; what comes for it goes to `into`."""

    into: UUID


class AccountAbsorbed(Event, topic="account.absorbed"):
    """`account` was merged into this one, which now holds its `registrations` too."""

    account: UUID
    registrations: tuple[Registration, ...] = ()


class AccountMergeUndone(Event, topic="account.merge_undone"):
    """The account stands for itself again."""

    into: UUID


class AccountAbsorptionUndone(Event, topic="account.absorption_undone"):
    """`account` stands for itself again, and has its registrations back."""

    account: UUID
