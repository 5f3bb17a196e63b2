"""Carrying out commands for a caller: the access check sits inside the decision, on exactly the state that the append guards.

So a right that was moved meanwhile cannot be used by a stale read, and the hot path loads each stream once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from api.callers import Caller
from api.conventions import Write
from domain.kernel import Command, Context, Decider, NotFound, Outcome, Refused
from infra.access import Action, Object
from infra.event_store import Executed, StaleVersion

Thing = Callable[[Any], Object]
"""What an access decision sees of a state."""


class OutOfReach(Refused):
    """The caller's roles allow this, but not for somebody else's."""

    status = 403


@dataclass(frozen=True, slots=True)
class Guarded(Decider[Any]):
    """A decider behind an access check; under the same name, because it is the same aggregate."""

    def __post_init__(self) -> None:
        """It is registered already."""


def absent() -> NotFound:
    """The one answer for what is not there and for what the caller may not know of (S3)."""
    return NotFound("There is no such thing, or you may not know of it.")


def _decide(inner: Decider[Any], caller: Caller, action: Action, thing: Thing, state: Any, command: Any, ctx: Context) -> Outcome:
    if state is None or getattr(state, "withdrawn", False) or not caller.may(action, thing(state)):
        raise absent()
    return inner.decide(state, command, ctx)


async def create(caller: Caller, write: Write, decider: Decider[Any], stream: UUID, command: Command, *, new: bool) -> Executed:
    """Begin a stream, with an id made just now (`new`) or a natural one. What may be begun is checked before, from the command."""
    return await caller.doors.store.execute(
        caller.tenant,
        decider,
        stream,
        command,
        by=caller.actor,
        expected_version=0 if new else None,
        effective_at=write.effective_at,
        command_id=write.command_id,
        fingerprint=write.fingerprint,
    )


async def change(
    caller: Caller, write: Write, decider: Decider[Any], stream: UUID, command: Command, action: Action, thing: Thing
) -> Executed:
    """Change what is there and within the caller's reach. Raises NotFound for everything else."""
    guarded = Guarded(
        decider.name,
        decider.initial,
        partial(_decide, decider, caller, action, thing),
        decider.evolve,
        decider.reads,
        decider.state_version,
    )
    try:
        return await caller.doors.store.execute(
            caller.tenant,
            guarded,
            stream,
            command,
            by=caller.actor,
            expected_version=write.expected_version,
            effective_at=write.effective_at,
            command_id=write.command_id,
            fingerprint=write.fingerprint,
        )
    except StaleVersion:
        # a wrong ETag must not tell that something is there
        await seen(caller, decider, stream, action, thing)
        raise


async def seen(caller: Caller, decider: Decider[Any], stream: UUID, action: Action, thing: Thing) -> Any:
    """The state, if it is there and within the caller's reach; with its version. Raises NotFound."""
    loaded = await caller.doors.store.load(caller.tenant, decider, stream)
    if loaded.state is None or getattr(loaded.state, "withdrawn", False) or not caller.may(action, thing(loaded.state)):
        raise absent()
    return loaded
