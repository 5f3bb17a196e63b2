"""Members: who works here, in which roles, who stands in for whom."""

from uuid import UUID

from pydantic import BaseModel, Field

from api.nouns import Noun
from api.registers import add_reads
from domain.authority import (
    Delegate,
    Delegation,
    LimitKind,
    OwnAuthority,
    RevokeDelegation,
    SetApprovalLimit,
    SetMemberAccount,
    SetRoles,
)
from domain.kernel import Role
from domain.members import (
    AddMember,
    ChangeMember,
    DeactivateMember,
    Member,
    ReactivateMember,
    SetManager,
    SetTeam,
    members,
)
from domain.values import Money
from infra.access import Action

_ID = "01936e4c-0000-7000-8000-000000000002"


class MemberView(BaseModel):
    """A member; `zone` null: the tenant's."""

    name: str
    email: str | None
    roles: list[Role]
    team: UUID | None
    manager: UUID | None
    zone: str | None
    active: bool
    account: UUID | None = Field(description="The account that a person from outside speaks for.")
    limits: dict[LimitKind, Money]
    delegations: list[Delegation]


def _show(member: Member) -> MemberView:
    return MemberView(**{name: getattr(member, name) for name in MemberView.model_fields} | {"roles": sorted(member.roles)})


noun = Noun("member", "members", members)
add_reads(noun, MemberView, Action.MEMBER_READ, topics="member.", show=_show)
noun.opens(
    AddMember,
    Action.MEMBER_CHANGE,
    operation="add_member",
    summary="Take a person into the tenant",
    example={"name": "Ana Souza", "email": "ana@example.com", "roles": ["account_manager"], "zone": "Europe/Lisbon"},
)
for path, command, operation, summary, example in (
    ("", ChangeMember, "change_member", "Change name, address or zone", {"name": "Ana Souza"}),
    ("/roles", SetRoles, "set_roles", "Set all roles from now on", {"roles": ["sales_manager"]}),
    ("/team", SetTeam, "set_team", "Put the member into a team, or none", {"team": _ID}),
    ("/manager", SetManager, "set_manager", "Say who is asked when the member's own authority ends", {"manager": _ID}),
    (
        "/limits",
        SetApprovalLimit,
        "set_limit",
        "Set how much the member may approve",
        {"kind": "deal", "limit": {"amount": "10000", "currency": "EUR"}},
    ),
    ("/account", SetMemberAccount, "set_member_account", "Say which account a person from outside speaks for", {"account": _ID}),
    ("/delegations", Delegate, "delegate", "Let another member stand in", {"to": _ID, "first_day": "2027-03-01", "last_day": "2027-03-12"}),
    ("/delegations/revoke", RevokeDelegation, "revoke_delegation", "End a delegation", {"delegation": _ID}),
    ("/deactivate", DeactivateMember, "deactivate_member", "Let the member do nothing any more", {}),
    ("/reactivate", ReactivateMember, "reactivate_member", "Let the member work again", {}),
):
    noun.changes(path, command, Action.MEMBER_CHANGE, operation=operation, summary=summary, example=example, raises=(OwnAuthority,))
router = noun.router
