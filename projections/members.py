"""Who works here, in which team, and what is sold along which way: the names and places that other read models refer to."""

from __future__ import annotations

from domain.members import (
    MemberDeactivated,
    MemberDetailsChanged,
    MemberImported,
    MemberImportUndone,
    MemberJoined,
    MemberManagerChanged,
    MemberReactivated,
    MemberTeamChanged,
)
from domain.teams import (
    TeamDissolved,
    TeamFormed,
    TeamImported,
    TeamImportUndone,
    TeamManagerAppointed,
    TeamMoved,
    TeamRenamed,
    TeamRestored,
)
from projections.batch import Entry
from projections.projection import Projection
from projections.rows import Rows
from projections.tables import Table

MEMBERS = Table(
    "members",
    ("id",),
    {
        "id": "uuid NOT NULL",
        "team": "uuid",
        "manager": "uuid",
        "name": "text NOT NULL",
        "email": "text",
        "zone": "text",
        "active": "bool NOT NULL",
    },
    ("(team)", "(manager)"),
    personal=("name", "email"),
)
TEAMS = Table(
    "teams",
    ("id",),
    {"id": "uuid NOT NULL", "parent": "uuid", "manager": "uuid", "name": "text NOT NULL", "active": "bool NOT NULL"},
    ("(parent)", "(manager)"),
)


class Members(Projection):
    """Members and teams as they stood at any time."""

    name = "members"
    tables = (MEMBERS, TEAMS)
    events = (
        MemberJoined,
        MemberImported,
        MemberImportUndone,
        MemberDetailsChanged,
        MemberTeamChanged,
        MemberManagerChanged,
        MemberDeactivated,
        MemberReactivated,
        TeamFormed,
        TeamImported,
        TeamImportUndone,
        TeamRenamed,
        TeamMoved,
        TeamManagerAppointed,
        TeamDissolved,
        TeamRestored,
    )

    def handle(self, rows: Rows, entry: Entry) -> None:
        match entry.event:
            case MemberJoined() | MemberImported() as e:
                rows.put(MEMBERS, team=e.team, manager=e.manager, name=e.name, email=e.email, zone=e.zone, active=True)
            case MemberImportUndone(withdrawn=True):
                rows.close(MEMBERS)
            case MemberDetailsChanged(name=name, email=email, zone=zone):
                rows.change(MEMBERS, name=name, email=email, zone=zone)
            case MemberTeamChanged(team=team):
                rows.change(MEMBERS, team=team)
            case MemberManagerChanged(manager=manager):
                rows.change(MEMBERS, manager=manager)
            case MemberDeactivated():
                rows.change(MEMBERS, active=False)
            case MemberReactivated():
                rows.change(MEMBERS, active=True)
            case TeamFormed() | TeamImported() as e:
                rows.put(TEAMS, parent=e.parent, manager=e.manager, name=e.name, active=True)
            case TeamImportUndone(withdrawn=True):
                rows.close(TEAMS)
            case TeamRenamed(name=name):
                rows.change(TEAMS, name=name)
            case TeamMoved(parent=parent):
                rows.change(TEAMS, parent=parent)
            case TeamManagerAppointed(manager=manager):
                rows.change(TEAMS, manager=manager)
            case TeamDissolved():
                rows.change(TEAMS, active=False)
            case TeamRestored():
                rows.change(TEAMS, active=True)
