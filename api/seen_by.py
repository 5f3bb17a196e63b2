"""What somebody else could see: answers narrowed by a member's rights at the moment asked about, for auditors."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from api.callers import Caller, RoleMissing
from domain.kernel import NotFound
from infra.access import Action, Standing, allowed, roles_for
from projections.as_of import AsOf


class SeenBy(BaseModel):
    """The parameter of reads that can be narrowed so."""

    as_seen_by: Annotated[
        UUID | None,
        Field(
            description="A member: only what their rights at that moment let them see. For auditors and administrators.",
            examples=["01936e4c-0000-7000-8000-000000000003"],
        ),
    ] = None


async def judged_by(caller: Caller, asked: SeenBy, as_of: AsOf) -> tuple[Standing, bool]:
    """Whose rights narrow an answer, and whether those of the moment do: the member's that was asked for, else the caller's today.

    Raises as `eyes_of`.
    """
    eyes = await eyes_of(caller, asked, as_of)
    return (caller.standing, False) if eyes is None else (eyes, True)


async def check_might(caller: Caller, asked: SeenBy, action: Action, as_of: AsOf) -> None:
    """Of what everybody sees the same who may see it at all. Raises NotFound where the member's rights did not let them then, as `eyes_of`."""
    eyes = await eyes_of(caller, asked, as_of)
    if eyes is not None and not allowed(eyes, action):
        raise unseen()


def unseen() -> NotFound:
    """What is there, and was not to be seen by the member whose eyes were asked for."""
    return NotFound("That member could not see it then.")


async def eyes_of(caller: Caller, asked: SeenBy, as_of: AsOf) -> Standing | None:
    """The rights that the member had at the moment; None where nobody's were asked for.

    Rights are those that the log told of then, whatever the basis: they are what that member was judged by. Today's rights
    decide whether the caller may ask at all. Raises RoleMissing, NotFound for a member who never was.
    """
    if asked.as_seen_by is None:
        return None
    if not caller.may(Action.LOG_READ):
        raise RoleMissing("Only auditors and administrators ask what others could see.", roles=sorted(roles_for(Action.LOG_READ)))
    return await caller.doors.directory.standing_at(caller.tenant, asked.as_seen_by, as_of.position)
