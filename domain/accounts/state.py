"""An account as decisions read it, folded from its events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from domain.accounts.events import (
    DETAILS,
    AccountAbsorbed,
    AccountAbsorptionUndone,
    AccountAttributesSet,
    AccountClosed,
    AccountDetailsChanged,
    AccountImported,
    AccountImportUndone,
    AccountMerged,
    AccountMergeUndone,
    AccountOpened,
    AccountOwnerAssigned,
    AccountParentChanged,
    AccountRegistered,
    AccountReimported,
    AccountReopened,
    AccountRole,
    AccountRolesChanged,
    AccountsDeclaredDifferent,
    Registration,
    Relationship,
    row,
)
from domain.attributes import AttributeValue
from domain.imports import Provenance
from domain.kernel import Event, Read


class Ownership(NamedTuple):
    """Who owned it from `since` until the next one."""

    since: datetime
    owner: UUID | None
    team: UUID | None


ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Account:
    """An account, as decisions read it; `ownership` in order of time, the last one being today's."""

    legal_name: str | None = None
    domain: str | None = None
    country: str | None = None
    industry: str | None = None
    relationship: Relationship | None = None
    cadence_days: int | None = None
    registration: Registration | None = None
    roles: tuple[AccountRole, ...] = ()
    parent: UUID | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    ownership: tuple[Ownership, ...] = ()
    closed: bool = False
    withdrawn: bool = False
    merged_into: UUID | None = None
    absorbed: Mapping[UUID, tuple[Registration, ...]] = field(default_factory=dict)
    different_from: frozenset[UUID] = frozenset()
    provenance: Provenance | None = None

    @property
    def open(self) -> bool:
        """Whether new things may happen to it: neither closed, merged away nor withdrawn with its import."""
        return not (self.closed or self.withdrawn or self.merged_into)

    @property
    def owner(self) -> UUID | None:
        return self.ownership[-1].owner if self.ownership else None

    @property
    def team(self) -> UUID | None:
        return self.ownership[-1].team if self.ownership else None

    @property
    def carried(self) -> tuple[Registration, ...]:
        """Registrations of the accounts that were merged into this one."""
        return tuple(r for registrations in self.absorbed.values() for r in registrations)

    @property
    def held(self) -> tuple[Registration, ...]:
        """Every registration that is reserved for this account, each once."""
        own = () if self.registration is None else (self.registration,)
        return tuple({r.claim: r for r in (*self.carried, *own)}.values())

    def owned_at(self, instant: datetime) -> Ownership:
        """Who owned it at `instant`."""
        return next((o for o in reversed(self.ownership) if o.since <= instant), Ownership(ALWAYS, None, None))


def account_read(id: UUID) -> Read:
    return Read("account", id)


def above(account: Account) -> UUID | None:
    """What stands above an account: the one it was merged into, else its parent."""
    return account.merged_into or account.parent


def _begun(event: AccountOpened | AccountImported) -> Account:
    """The account that begins with `event`; who owns it then has owned it always, as far as we know."""
    said = row(event)
    owner, team = said.pop("owner"), said.pop("team")
    return Account(**said, ownership=(Ownership(ALWAYS, owner, team),))


def _assigned(ownership: tuple[Ownership, ...], new: Ownership) -> tuple[Ownership, ...]:
    """In order of time; of two for the same moment the one said last holds."""
    others = (o for o in ownership if o.since != new.since)
    return tuple(sorted((*others, new), key=lambda o: o.since))


def evolve(account: Account | None, event: Event) -> Account | None:
    match event:
        case AccountOpened():
            return _begun(event)
        case AccountImported(source=source, source_id=source_id, run=run):
            return replace(_begun(event), provenance=Provenance(source, source_id).heard(run, row(event)))
    if account is None:
        return None
    match event:
        case AccountReimported(run=run) if account.provenance is not None:
            return replace(account, provenance=account.provenance.heard(run, row(event)))
        case AccountImportUndone(run=run, withdrawn=withdrawn) if account.provenance is not None:
            return replace(account, provenance=account.provenance.without(run), withdrawn=withdrawn)
        case AccountDetailsChanged():
            return replace(account, **{name: getattr(event, name) for name in DETAILS})
        case AccountRegistered(registration=registration):
            return replace(account, registration=registration)
        case AccountRolesChanged(roles=roles):
            return replace(account, roles=roles)
        case AccountOwnerAssigned(owner=owner, team=team, since=since):
            return replace(account, ownership=_assigned(account.ownership, Ownership(since, owner, team)))
        case AccountParentChanged(parent=parent):
            return replace(account, parent=parent)
        case AccountAttributesSet(attributes=attributes):
            return replace(account, attributes=attributes)
        case AccountsDeclaredDifferent(others=others):
            return replace(account, different_from=account.different_from | set(others))
        case AccountClosed():
            return replace(account, closed=True)
        case AccountReopened():
            return replace(account, closed=False)
        case AccountMerged(into=into):
            return replace(account, merged_into=into)
        case AccountMergeUndone():
            return replace(account, merged_into=None)
        case AccountAbsorbed(account=other, registrations=registrations):
            return replace(account, absorbed={**account.absorbed, other: registrations})
        case AccountAbsorptionUndone(account=other):
            return replace(account, absorbed={id: r for id, r in account.absorbed.items() if id != other})
        case _:
            return account
