"""`concord user`, once somebody is there: roles, team, whom they answer to, how much they may approve, whether they may work."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from api.cli.changes import change
from api.cli.formats import plain, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import told
from api.cli.references import MEMBER, TEAM, the_id
from api.cli.written_values import money


class LimitKind(StrEnum):
    """As `domain.authority.LimitKind`, which is heavier to import."""

    DEAL = "deal"
    WRITE_OFF = "write_off"
    SPEND = "spend"


MemberName = Annotated[str, typer.Argument(metavar="MEMBER", help="Name, mail address, or an id or the beginning or end of one.")]


@told
def roles(
    member: MemberName,
    role: Annotated[list[str], typer.Argument(metavar="ROLE...", help="All that they have from now on.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Set all roles of a member from now on.

    Example:
      concord user roles "Ana Souza" account_manager sales_manager
    """
    said = ", ".join(words(one) for one in role)
    change(MEMBER, member, "/roles", {"roles": role}, f"{plain(said)} from now on", tenant, as_json=as_json)


@told
def team(
    member: MemberName,
    name: Annotated[str | None, typer.Argument(metavar="TEAM", help="Name or id; left away: none.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Put a member into a team, or none.

    Example:
      concord user team "Ana Souza" North
    """
    where = f"In {plain(name)} now" if name else "In no team now"
    change(MEMBER, member, "/team", lambda client: {"team": the_id(client, TEAM, name)}, where, tenant, as_json=as_json)


@told
def manager(
    member: MemberName,
    name: Annotated[str | None, typer.Argument(metavar="MANAGER", help="Name, mail address or id; left away: nobody.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say whom a member answers to: who is asked when their own authority ends, and told when they are silent.

    Example:
      concord user manager "Ana Souza" "Mona Berger"
    """
    who = f"Answers to {plain(name)} now" if name else "Answers to nobody now"
    change(MEMBER, member, "/manager", lambda client: {"manager": the_id(client, MEMBER, name)}, who, tenant, as_json=as_json)


@told
def limit(
    member: MemberName,
    kind: Annotated[LimitKind, typer.Argument(help="Of what.")],
    amount: Annotated[str | None, typer.Argument(metavar="[AMOUNT]", help="Up to how much, like '10000 EUR'; left away: nothing.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Set how much a member may approve or write off.

    Example:
      concord user limit "Ana Souza" write_off "500 EUR"
    """
    body = {"kind": kind.value, "limit": money(amount) if amount else None}
    said = f"Up to {plain(amount)} for {words(kind.value)}" if amount else f"Nothing for {words(kind.value)}"
    change(MEMBER, member, "/limits", body, said, tenant, as_json=as_json)


@told
def deactivate(member: MemberName, tenant: TenantName = None, as_json: Json = False) -> None:
    """Let a member do nothing any more: sessions and keys end at once, what they did stays.

    Example:
      concord user deactivate "Ana Souza"
    """
    change(MEMBER, member, "/deactivate", {}, "May do nothing any more", tenant, as_json=as_json)


@told
def reactivate(member: MemberName, tenant: TenantName = None, as_json: Json = False) -> None:
    """Let a member work again.

    Example:
      concord user reactivate "Ana Souza"
    """
    change(MEMBER, member, "/reactivate", {}, "May work again", tenant, as_json=as_json)


COMMANDS = (
    ("roles", roles),
    ("team", team),
    ("manager", manager),
    ("limit", limit),
    ("deactivate", deactivate),
    ("reactivate", reactivate),
)
