"""Teams: who works together, below which other team, led by whom."""

from uuid import UUID

from pydantic import BaseModel

from api.nouns import Noun
from api.registers import add_reads
from domain.teams import AppointManager, DissolveTeam, FormTeam, MoveTeam, RenameTeam, RestoreTeam, teams
from infra.access import Action

_ID = "01936e4c-0000-7000-8000-000000000003"


class TeamView(BaseModel):
    """A team; `manager` null: the post is vacant."""

    name: str
    parent: UUID | None
    manager: UUID | None
    active: bool


noun = Noun("team", "teams", teams)
add_reads(noun, TeamView, Action.MEMBER_READ, topics="team.")
noun.opens(FormTeam, Action.MEMBER_CHANGE, operation="form_team", summary="Begin a team", example={"name": "North", "parent": None})
for path, command, operation, summary, example in (
    ("/rename", RenameTeam, "rename_team", "Call the team something else", {"name": "North and East"}),
    ("/move", MoveTeam, "move_team", "Put the team below another, or on top", {"parent": _ID}),
    ("/manager", AppointManager, "appoint_manager", "Say who leads the team", {"manager": _ID}),
    ("/dissolve", DissolveTeam, "dissolve_team", "Give nothing new to the team", {}),
    ("/restore", RestoreTeam, "restore_team", "Use the team again", {}),
):
    noun.changes(path, command, Action.MEMBER_CHANGE, operation=operation, summary=summary, example=example)
router = noun.router
