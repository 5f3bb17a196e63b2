"""Telling members: through notifications in the log, each once per member, kind and cause."""

from __future__ import annotations

import logging
from typing import Protocol
from uuid import UUID

from domain.kernel import SYSTEM, NotFound
from domain.members import Member, members
from domain.notifications import Notify, notification_id, notifications
from domain.teams import Team, teams
from infra.database import Tenant
from infra.event_store import Store
from workflows.moves import step_id

_HEIGHT = 20
"""How many posts an escalation climbs at most."""

_log = logging.getLogger("concord.workflows")


async def tell(store: Store, tenant: Tenant, notice: Notify) -> None:
    """Raise the notification; quiet where it stands already. A member whom we do not know is passed over."""
    stream = notification_id(notice.member, notice.kind, notice.cause)
    try:
        await store.execute(
            tenant,
            notifications,
            stream,
            notice,
            by=SYSTEM,
            command_id=step_id(notice.cause, notice.kind, str(notice.member)),
            causation_id=notice.cause,
        )
    except NotFound:
        _log.warning("nobody is told of %s of %s %s: there is no member %s", notice.kind, notice.noun, notice.about, notice.member)


class Owned(Protocol):
    """What somebody is responsible for, as a member of a team."""

    @property
    def owner(self) -> UUID | None: ...
    @property
    def team(self) -> UUID | None: ...


async def manager_for(store: Store, tenant: Tenant, thing: Owned) -> UUID | None:
    """Who is told when the owner does not react: the owner's manager, else who leads the team of the thing or the teams above it.

    A vacant post, or one whose holder has left, passes up. None where there is nobody.
    """
    if thing.owner is not None:
        above = await _member(store, tenant, thing.owner)
        for _ in range(_HEIGHT):
            manager = above.manager if above is not None else None
            if manager is None:
                break
            above = await _member(store, tenant, manager)
            if above is not None and above.active and manager != thing.owner:
                return manager
    team: UUID | None = thing.team
    for _ in range(_HEIGHT):
        if team is None:
            return None
        found: Team | None = (await store.load(tenant, teams, team)).state
        if found is None:
            return None
        if found.manager is not None and found.manager != thing.owner:
            leader = await _member(store, tenant, found.manager)
            if leader is not None and leader.active:
                return found.manager
        team = found.parent
    return None


async def _member(store: Store, tenant: Tenant, id: UUID) -> Member | None:
    member: Member | None = (await store.load(tenant, members, id)).state
    return member
