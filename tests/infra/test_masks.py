"""Masked words: gone from what is read at once and in every process, and from nothing but the event that held them."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from domain.deals.events import DealNextStepSet
from domain.follow_ups import FollowUpAdded
from infra.codec import Codec
from infra.erased_list import ErasedList
from infra.keys import Keys
from infra.masks import Masked, Span

DEAL, JO, AT = UUID(int=1), UUID(int=7), "2027-03-02T09:00:00+00:00"
SAID = DealNextStepSet(next_step="Call Jo Weber")


def _masked(state: bytes, *spans: Span) -> Masked:
    return Masked("acme", JO, DEAL, 2, sha256(state).hexdigest(), spans, AT, "DSR-1")


def _keys(folder: Path) -> Keys:
    return Keys.open(folder / "keys.db", folder / "root.key")


def test_masked_words_are_read_by_no_process_any_more(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("infra.keys.LOOK", 0)
    keys, other = _keys(tmp_path), Codec(_keys(tmp_path))
    heard: list[int] = []
    other.on_forgotten(lambda: heard.append(1))
    state = other.encode("acme", DEAL, 2, SAID)
    entry = _masked(state, Span("/next_step", 5, 13))
    assert other.decode("acme", DEAL, 2, SAID.topic, state) == SAID
    heard.clear()
    assert keys.mask([entry]) == 1
    assert keys.mask([entry]) == 0
    for codec in (Codec(keys), other):
        assert codec.decode("acme", DEAL, 2, SAID.topic, state).next_step == "Call [erased]"
    assert other.stored("acme", DEAL, 2, SAID.topic, state)[2] == ["Jo Weber"]
    # states that were folded of it have to go
    assert heard == [1]
    assert ErasedList(tmp_path / "erased.list").masks() == [entry]
    assert ErasedList(tmp_path / "erased.list").read() == []


def test_words_of_others_and_of_another_event_in_the_same_place_stay(tmp_path: Path):
    codec = Codec(keys := _keys(tmp_path))
    state = codec.encode("acme", DEAL, 2, SAID)
    keys.mask([_masked(state, Span("/next_step", 5, 13))])
    assert codec.decode("acme", DEAL, 3, SAID.topic, state) == SAID
    assert codec.decode("other", DEAL, 2, SAID.topic, state) == SAID
    another = DealNextStepSet(next_step="Call Kim Weberman")
    assert codec.decode("acme", DEAL, 2, SAID.topic, codec.encode("acme", DEAL, 2, another)) == another


def test_words_of_two_people_are_cut_one_after_the_other_and_out_of_sealed_texts_too(tmp_path: Path):
    codec = Codec(keys := _keys(tmp_path))
    keys.obtain("acme", [DEAL])
    said = FollowUpAdded(follow_up=JO, text="Jo and Kim", owner=JO, due=date(2027, 3, 2), zone="Jo")
    state = codec.encode("acme", DEAL, 2, said)
    keys.mask([_masked(state, Span("/text", 0, 2), Span("/zone", 0, 2))])
    shown = codec.stored("acme", DEAL, 2, said.topic, state)[0]
    assert shown["text"] == "[erased] and Kim"
    keys.mask([_masked(state, Span("/text", 13, 16))._replace(person=UUID(int=8))])
    found = codec.decode("acme", DEAL, 2, said.topic, state)
    assert (found.text, found.zone) == ("[erased] and [erased]", "[erased]")
    keys.forget("acme", [DEAL], "DSR-2")
    assert codec.decode("acme", DEAL, 2, said.topic, state).text == "[erased]"
