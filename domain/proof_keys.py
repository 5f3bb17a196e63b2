"""The keys that sign checkpoints of a tenant's log: every one that ever did, in the order in which they began.

A checkpoint is verified with the list of keys, so the list is part of the log, and a key stays on it after it has retired.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, Field

from domain.kernel import SYSTEM, Command, Context, Decider, Event, Forbidden, Refused, Role, natural_id

PROOF_KEYS = natural_id("proof_keys")
"""The one stream of keys in a tenant's log."""

VerifierKey = Annotated[str, Field(pattern=r"^[^\s+]{1,255}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$")]
"""`name+id+base64(0x01 ‖ public key)` (c2sp.org/signed-note); the name is that of the log."""
Overlap = Annotated[int, Field(ge=0, le=365, description="For how many days the keys before go on signing, too.", examples=[7])]


class OtherLog(Refused):
    """A log is known by one name; `name` says by which."""


class ProofKeyAdded(Event, topic="proof_key.added"):
    """From now on this key signs, the `number`th of the log."""

    number: int
    vkey: str


class ProofKeyRetired(Event, topic="proof_key.retired"):
    """From `signs_until` on this key signs nothing new; what it signed stays valid."""

    vkey: str
    signs_until: AwareDatetime


class AddProofKey(Command):
    """Let a new key sign; those before it retire once they have overlapped. Asked again for the same key, nothing happens.

    `new_log`: it is for a log under another name, because this one does not continue what was signed under the old one.
    """

    vkey: VerifierKey
    overlap_days: Overlap = 7
    new_log: bool = False


@dataclass(frozen=True, slots=True)
class ProofKey:
    """`signs_until`: None while nobody has replaced it."""

    number: int
    vkey: str
    signs_until: datetime | None = None

    def signs(self, now: datetime) -> bool:
        return self.signs_until is None or now < self.signs_until


@dataclass(frozen=True, slots=True)
class ProofKeys:
    """Every key there was, oldest first."""

    keys: tuple[ProofKey, ...] = ()


def name_of(vkey: str) -> str:
    """The log that a key signs for."""
    return vkey.partition("+")[0]


def decide(state: ProofKeys, command: AddProofKey, ctx: Context) -> tuple[Event, ...]:
    keys = state.keys
    if ctx.actor.id != SYSTEM.id and not ctx.actor.has(Role.ADMIN):
        raise Forbidden("Only administration rotates the keys that sign checkpoints; ask an administrator.", roles=[Role.ADMIN])
    if any(key.vkey == command.vkey for key in keys):
        return ()
    if keys and (name_of(command.vkey) == (name := name_of(keys[-1].vkey))) is command.new_log:
        raise OtherLog(f"This log is known as {name}; a key of another name begins another log.", name=name)
    until = ctx.now + timedelta(days=command.overlap_days)
    retired = tuple(ProofKeyRetired(vkey=key.vkey, signs_until=until) for key in keys if key.signs_until is None)
    return (ProofKeyAdded(number=len(keys) + 1, vkey=command.vkey), *retired)


def evolve(state: ProofKeys, event: Event) -> ProofKeys:
    match event:
        case ProofKeyAdded(number=number, vkey=vkey):
            return ProofKeys((*state.keys, ProofKey(number, vkey)))
        case ProofKeyRetired(vkey=vkey, signs_until=until):
            return ProofKeys(tuple(replace(key, signs_until=until) if key.vkey == vkey else key for key in state.keys))
        case _:
            return state


proof_keys: Decider[ProofKeys] = Decider("proof_keys", initial=ProofKeys(), decide=decide, evolve=evolve)
