"""The keys under which people's data is sealed: that one was replaced, when and by whom. Never the key itself.

A tenant's key wraps the keys of its people; the root key wraps every tenant's. The keys live in a store of their own (`infra/keys.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from domain.kernel import SYSTEM, Command, Context, Decider, Event, Forbidden, Role, natural_id

ENCRYPTION_KEYS = natural_id("encryption_keys")
"""The one stream of rotations in a tenant's log."""

KeyName = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,64}$")]
"""A tenant key's number, or a root key's id: 16 hexadecimal digits, which tell nothing of the key."""


class KeyKind(StrEnum):
    TENANT = "tenant"
    ROOT = "root"


class EncryptionKeyRotated(Event, topic="encryption_key.rotated"):
    """From then on all that was wrapped by the key before is wrapped by this one. The instant is the event's effective time."""

    kind: KeyKind
    key: KeyName


class RecordKeyRotation(Command):
    """Say that a key was replaced. Said again of the same key, nothing happens."""

    kind: KeyKind
    key: KeyName


@dataclass(frozen=True, slots=True)
class EncryptionKeys:
    """Every key that replaced another."""

    rotated: frozenset[tuple[KeyKind, str]] = frozenset()


def decide(state: EncryptionKeys, command: RecordKeyRotation, ctx: Context) -> tuple[Event, ...]:
    if ctx.actor.id != SYSTEM.id and not ctx.actor.has(Role.ADMIN):
        raise Forbidden("Only administration rotates the keys that seal people's data; ask an administrator.", roles=[Role.ADMIN])
    if (command.kind, command.key) in state.rotated:
        return ()
    return (EncryptionKeyRotated(kind=command.kind, key=command.key),)


def evolve(state: EncryptionKeys, event: Event) -> EncryptionKeys:
    match event:
        case EncryptionKeyRotated(kind=kind, key=key):
            return EncryptionKeys(state.rotated | {(kind, key)})
        case _:
            return state


encryption_keys: Decider[EncryptionKeys] = Decider("encryption_keys", initial=EncryptionKeys(), decide=decide, evolve=evolve)
