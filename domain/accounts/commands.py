"""What can be asked of an account, and how it may be refused."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from domain.accounts.events import AccountDetails, AccountRole, AccountRow, Registration
from domain.attributes import AttributeChanges
from domain.kernel import Command, Refused
from domain.values import Name


class OpenAccount(Command, AccountRow):
    """Begin an account. `similar`: what the search found; `different_from`: those said to be another entity."""

    legal_name: Name
    roles: tuple[AccountRole, ...] = Field(min_length=1)
    similar: tuple[UUID, ...] = ()
    different_from: tuple[UUID, ...] = ()


class ImportAccount(Command, AccountRow):
    """What a source says of an account; anything may be missing, and it is quiet if it said so before."""

    source: Name
    source_id: Name
    run: UUID


class ChangeAccount(Command, AccountDetails):
    """Change details; fields left away stay, null clears. `similar` and `different_from` as at opening."""

    similar: tuple[UUID, ...] = ()
    different_from: tuple[UUID, ...] = ()


class RegisterAccount(Command):
    """Set or clear where the company is registered."""

    registration: Registration | None


class SetAccountRoles(Command):
    roles: tuple[AccountRole, ...] = Field(min_length=1)


class AssignAccountOwner(Command):
    """Owner and team from now on, or from the date given with the command."""

    owner: UUID | None
    team: UUID | None = None


class SetAccountParent(Command):
    parent: UUID | None


class SetAccountAttributes(Command):
    """Change some attributes; null removes one."""

    attributes: AttributeChanges


class DeclareDifferent(Command):
    """Say that other accounts, however alike, are other entities."""

    others: tuple[UUID, ...] = Field(min_length=1)


class CloseAccount(Command):
    reason: Name | None = None


class ReopenAccount(Command):
    pass


class MergeAccount(Command):
    """Say that the account is the same company as `into`, which stays."""

    into: UUID


class UndoMerge(Command):
    """Say that it is a company of its own after all; quiet where it is not merged."""


class AccountIsClosed(Refused):
    """The account is closed; it can be reopened."""


class MergedAway(Refused):
    """The account was merged into `data["into"]`; act there."""


class LooksAlike(Refused):
    """It may be an account that we have; going on needs the word that it is a different entity.

    `data["candidates"]` are `{account, name, reason}` with reason `domain` or `name`.
    """
