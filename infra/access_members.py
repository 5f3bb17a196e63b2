"""What the log says of each member right now: roles, teams, whether active. Read from the log itself, never from a read model,
so that a parked projection cannot keep a right alive; at most 0.8 s old, so that a revocation holds within a second (S18).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import sql

from domain.kernel import NotFound, Role
from domain.members import Member, members
from domain.teams import Team, teams
from infra.access import Standing
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.event_store.loader import COLUMNS
from infra.event_store.unreadable import Unreadable
from infra.identity_cache import Fresh


@dataclass(slots=True)
class Organisation:
    """A tenant's teams and who is in them, as far as the log was read."""

    position: int = 0
    teams: dict[UUID, Team] = field(default_factory=dict)
    members: dict[UUID, Member] = field(default_factory=dict)

    def tree(self, roots: Iterable[UUID]) -> frozenset[UUID]:
        """The teams `roots` and every team under them."""
        children: dict[UUID, list[UUID]] = defaultdict(list)
        for id, team in self.teams.items():
            if team.parent is not None:
                children[team.parent].append(id)
        found: set[UUID] = set()
        todo = list(roots)
        while todo:
            team_id = todo.pop()
            if team_id not in found:
                found.add(team_id)
                todo += children[team_id]
        return frozenset(found)

    def led_by(self, member: UUID) -> frozenset[UUID]:
        return frozenset(id for id, team in self.teams.items() if team.manager == member and not team.withdrawn)

    def inside(self, teams: frozenset[UUID]) -> frozenset[UUID]:
        """The members of those teams, inactive ones too: what was theirs stays visible to their team."""
        return frozenset(id for id, member in self.members.items() if member.team in teams)


_NOBODY = Standing(UUID(int=0), active=False)


def _judged(id: UUID, member: Member | None, organisation: Organisation) -> Standing:
    if member is None or not member.active or member.withdrawn:
        return _NOBODY
    own = frozenset({member.team}) if member.team is not None else frozenset[UUID]()
    tree = organisation.tree(own | organisation.led_by(id)) if Role.SALES_MANAGER in member.roles else own
    return Standing(id, member.roles, own, organisation.inside(own), tree, organisation.inside(tree), member.account)


class Directory:
    """Standings of members, for every tenant of the process."""

    def __init__(self, database: Database, store: Store) -> None:
        self._database = database
        self._store = store
        self._known: dict[str, Organisation] = defaultdict(Organisation)
        self._organisation = Fresh(self._read_organisation)
        self._standings = Fresh(self._read_standing)
        store.codec.on_forgotten(self._known.clear)

    async def standing(self, tenant: Tenant, member: UUID) -> Standing:
        """What the member may be judged by. A member that is unknown, withdrawn or inactive has no rights at all."""
        return await self._standings.get((tenant, member))

    async def standing_at(self, tenant: Tenant, member: UUID, position: int | None) -> Standing:
        """What the member was judged by when the log ended at `position`; None: today. Raises NotFound for a stranger."""
        if (await self._store.load(tenant, members, member)).state is None:
            raise NotFound("There is no such member; choose one of the tenant's members.", member=str(member))
        if position is None:
            return await self.standing(tenant, member)
        known = await self._organisation.get(tenant)
        query = sql.SQL(f"SELECT {COLUMNS} FROM {{}}.events WHERE stream = ANY (%s) AND position <= %s ORDER BY position").format(
            sql.Identifier(tenant.schema)
        )
        async with self._database.connection() as connection:
            rows = await (await connection.execute(query, ([*known.teams, *known.members], position))).fetchall()
        then = Organisation(position)
        for row in rows:
            event, stream = self._store.decode(tenant, row).event, row[1]
            if stream in known.teams and (team := teams.evolve(then.teams.get(stream), event)) is not None:
                then.teams[stream] = team
            elif stream in known.members and (someone := members.evolve(then.members.get(stream), event)) is not None:
                then.members[stream] = someone
        return _judged(member, then.members.get(member), then)

    async def organisation(self, tenant: Tenant) -> Organisation:
        """Who works here, in which teams: at most 0.8 s old."""
        return await self._organisation.get(tenant)

    def forget(self, tenant: Tenant, member: UUID) -> None:
        """Read the member again next time: it was just changed here."""
        self._standings.forget((tenant, member))
        self._organisation.forget(tenant)

    async def _read_standing(self, key: tuple[Tenant, UUID]) -> Standing:
        tenant, id = key
        loaded = await self._store.load(tenant, members, id)
        member: Member | None = loaded.state
        return _NOBODY if member is None else _judged(id, member, await self._organisation.get(tenant))

    async def _read_organisation(self, tenant: Tenant) -> Organisation:
        known = self._known[tenant.slug]
        query = sql.SQL(
            "SELECT stream, starts_with(min(topic), 'team.'), max(position) FROM {}.events"
            " WHERE (topic LIKE 'team.%%' OR topic LIKE 'member.%%') AND position > %s GROUP BY stream"
        ).format(sql.Identifier(tenant.schema))
        async with self._database.connection() as connection:
            changed = await (await connection.execute(query, (known.position,))).fetchall()
        if not changed:
            return known
        found = await asyncio.gather(
            *(self._store.load(tenant, teams if is_team else members, stream) for stream, is_team, _ in changed), return_exceptions=True
        )
        after = Organisation(max(position for *_, position in changed), dict(known.teams), dict(known.members))
        for (stream, is_team, _), loaded in zip(changed, found, strict=True):
            place: dict[UUID, Any] = after.teams if is_team else after.members
            if isinstance(loaded, Unreadable):
                # nobody has a right by what cannot be read, and nobody else is kept out by it; read again until it can be
                place.pop(stream, None)
                after.position = known.position
            elif isinstance(loaded, BaseException):
                raise loaded
            elif loaded.state is not None:
                place[stream] = loaded.state
        # a new object: a standing that is being computed keeps the one it has
        self._known[tenant.slug] = after
        return after
