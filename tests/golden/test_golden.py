"""What was stored once loads for ever: one sample per topic and version, written when the shape was new and never again."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from domain.kernel import TOPICS
from domain.nouns import register_all
from infra.codec import Codec, UndecodableEvent
from tests.golden.samples import FOLDER, file_of, stored_events

register_all()
FILES = sorted(FOLDER.glob("*.json"))


def test_every_topic_and_version_has_its_sample():
    missing = [file_of(event).name for event in stored_events() if not file_of(event).exists()]
    assert not missing, f"run `python -m tests.golden.samples` and commit: {missing}"


def test_there_are_samples():
    assert len(FILES) > 50


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_a_stored_sample_loads(file):
    topic, version = file.stem.rsplit("@", 1)
    raw = json.loads(file.read_text(encoding="utf-8"))
    if int(version) > 1:
        raw["$version"] = int(version)
    event = Codec().decode("acme", uuid4(), 1, topic, json.dumps(raw).encode())
    assert type(event) is TOPICS[topic]


def test_a_version_newer_than_the_code_is_refused():
    topic = stored_events()[0].topic
    with pytest.raises(UndecodableEvent, match="newer"):
        Codec().decode("acme", uuid4(), 1, topic, b'{"$version": 99}')


def test_an_unknown_topic_is_refused():
    with pytest.raises(UndecodableEvent, match="knows no event"):
        Codec().decode("acme", uuid4(), 1, "deal.teleported", b"{}")
