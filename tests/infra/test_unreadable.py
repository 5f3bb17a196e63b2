"""Whatever the bytes of a stored event become, reading them back says which event cannot be read, and why."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.nouns import register_all
from infra.codec import Codec
from infra.event_store.unreadable import Unreadable, decoded
from tests.golden.samples import build, stored_events

register_all()
STREAM = UUID("01936e4c-0000-7000-8000-00000000000a")
ALTERED = (b"", b"\xff", b"[]", b"1", b"null", b"{", b'{"$version":"2"}', b'{"$version":[]}', b'"text"')


@pytest.mark.parametrize("event", stored_events(), ids=lambda event: event.topic)
def test_altered_bytes_of_any_event_are_named_by_where_they_stand(event) -> None:
    topic = build(event).topic
    for state in ALTERED:
        with pytest.raises(Unreadable) as found:
            decoded(Codec(), "acme", STREAM, 3, topic, state, 17)
        assert (found.value.tenant, found.value.stream, found.value.version, found.value.position) == ("acme", STREAM, 3, 17)


def test_an_event_that_is_as_it_was_is_read() -> None:
    codec = Codec()
    event = next(found for found in map(build, stored_events()) if not type(found).personal)
    assert decoded(codec, "acme", STREAM, 1, event.topic, codec.encode("acme", STREAM, 1, event)) == event
