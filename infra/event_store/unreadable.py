"""Stored events that cannot be read back, each named by where it stands: altered bytes, or the event of a newer Concord."""

from __future__ import annotations

from uuid import UUID

from domain.kernel import Event
from infra.codec import Codec, UndecodableEvent


class Unreadable(UndecodableEvent):
    """A stored event cannot be read; `position` is None where whoever read it did not know it."""

    def __init__(self, why: str, tenant: str, stream: UUID, version: int, position: int | None) -> None:
        super().__init__(why)
        self.tenant, self.stream, self.version, self.position = tenant, stream, version, position


def decoded(codec: Codec, tenant: str, stream: UUID, version: int, topic: str, state: bytes, position: int | None = None) -> Event:
    """The event. Raises Unreadable, whatever its bytes have become."""
    try:
        return codec.decode(tenant, stream, version, topic, state)
    except UndecodableEvent as error:
        raise Unreadable(str(error), tenant, stream, version, position) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # altered bytes may be any JSON at all, where the code that lifts and opens events expects an object
        why = f"version {version} of stream {stream} ({topic}) does not have its event's shape"
        raise Unreadable(why, tenant, stream, version, position) from error
