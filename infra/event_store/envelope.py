"""The envelope around an event: its metadata as stored, its identity, and the canonical bytes that proofs hash."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

ENVELOPE_VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIXED = struct.Struct(">BQqq16sQ")


def event_id(stream: UUID, version: int) -> UUID:
    """The identity of an event, derived so that it never has to be stored: uuid5 of its stream and version."""
    return uuid5(stream, str(version))


def encode_meta(actor: UUID, command: UUID, correlation: UUID, on_behalf_of: UUID | None, causation: UUID | None) -> bytes:
    """A byte of flags, then 16 bytes each of actor, command and correlation, then of what the flags say is there."""
    both = command.bytes
    fixed = actor.bytes + both + (both if correlation is command else correlation.bytes)
    if on_behalf_of is None and causation is None:
        return b"\0" + fixed
    flags = _ON_BEHALF * (on_behalf_of is not None) | _CAUSED * (causation is not None)
    return bytes((flags,)) + fixed + b"".join([found.bytes for found in (on_behalf_of, causation) if found is not None])


@dataclass(frozen=True, slots=True)
class Meta:
    """Who caused an event, and through which command."""

    actor: UUID
    command_id: UUID
    correlation_id: UUID
    on_behalf_of: UUID | None = None
    causation_id: UUID | None = None

    def encode(self) -> bytes:
        """See `encode_meta`."""
        return encode_meta(self.actor, self.command_id, self.correlation_id, self.on_behalf_of, self.causation_id)

    @classmethod
    def decode(cls, stored: bytes) -> Meta:
        """The inverse of `encode`; b"" (an event stored through the library's own Application) is the nil actor's."""
        if not stored:
            return _UNKNOWN
        flags = stored[0]
        ids = [UUID(bytes=stored[at : at + 16]) for at in range(1, len(stored), 16)]
        return cls(
            actor=ids[0],
            command_id=ids[1],
            correlation_id=ids[2],
            on_behalf_of=ids[3] if flags & _ON_BEHALF else None,
            causation_id=ids[-1] if flags & _CAUSED else None,
        )


_ON_BEHALF, _CAUSED = 1, 2
_NIL = UUID(int=0)
_UNKNOWN = Meta(_NIL, _NIL, _NIL)


def microseconds(instant: datetime) -> int:
    """Whole microseconds since 1970-01-01T00:00:00Z, exactly."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def canonical(
    position: int, recorded_at: datetime, effective_at: datetime, stream: UUID, version: int, topic: str, meta: bytes, state: bytes
) -> bytes:
    """The bytes that a Merkle leaf hashes. Fixed from the first event; a change needs a new version byte.

    version byte, position u64, recorded_at and effective_at in µs i64, stream 16 bytes, version u64, then topic, meta and
    state each behind its length as u32; all big-endian, topic in UTF-8, meta and state as stored.
    """
    name = topic.encode()
    return b"".join(
        (
            _FIXED.pack(ENVELOPE_VERSION, position, microseconds(recorded_at), microseconds(effective_at), stream.bytes, version),
            len(name).to_bytes(4, "big"),
            name,
            len(meta).to_bytes(4, "big"),
            meta,
            len(state).to_bytes(4, "big"),
            state,
        )
    )
