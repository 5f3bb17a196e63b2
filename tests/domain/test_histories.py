"""What holds of every noun: any history replays, any command gives events or a named refusal, and every event can be stored."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import domain.accounts.decisions
import domain.attributes
import domain.authority
import domain.contacts.decisions
import domain.follow_ups
import domain.interactions
import domain.members
import domain.notifications
import domain.products
import domain.rates
import domain.reservations
import domain.settings
import domain.teams
import domain.tenants
from domain.accounts.state import above
from domain.attributes import attributes_id
from domain.hierarchy import upward
from domain.kernel import ERASED, SYSTEM, TOPICS, Actor, Command, Decider, Event, Refused, Role
from domain.rates import rates_id
from domain.settings import SETTINGS_ID
from domain.tenants import TENANT_ID
from tests.domain.strategies import IDS, instances
from tests.domain.world import World

NOUNS: dict[str, tuple[Decider[Any], list[Any], list[UUID]]] = {
    "account": (domain.accounts.decisions.accounts, [domain.accounts, domain.accounts.decisions], IDS),
    "attributes": (domain.attributes.attributes, [domain.attributes], [attributes_id("account")]),
    "contact": (domain.contacts.decisions.contacts, [domain.contacts, domain.contacts.decisions], IDS),
    "interaction": (domain.interactions.interactions, [domain.interactions, domain.follow_ups], IDS),
    "member": (domain.members.members, [domain.members, domain.authority], IDS),
    "notification": (domain.notifications.notifications, [domain.notifications], IDS),
    "product": (domain.products.products, [domain.products], IDS),
    "rates": (domain.rates.rates, [domain.rates], [rates_id("EUR", "USD"), rates_id("USD", "JPY")]),
    "reservation": (domain.reservations.reservations, [domain.reservations], IDS),
    "settings": (domain.settings.settings, [domain.settings], [SETTINGS_ID]),
    "team": (domain.teams.teams, [domain.teams], IDS),
    "tenant": (domain.tenants.tenants, [domain.tenants], [TENANT_ID]),
}
ACTORS = [SYSTEM, Actor(IDS[0], frozenset({Role.ADMIN})), Actor(IDS[1], frozenset({Role.ACCOUNT_MANAGER}))]


def words(noun: str, base: type) -> list[type[Any]]:
    """The event or command classes that a noun's modules define or pass on."""
    found = {value for module in NOUNS[noun][1] for value in vars(module).values() if isinstance(value, type) and issubclass(value, base)}
    return sorted((c for c in found if c is not base and not c.__name__.startswith("_")), key=lambda c: c.__name__)


def histories(noun: str) -> st.SearchStrategy[list[Event]]:
    return st.lists(st.one_of(*(instances(c) for c in words(noun, Event))), max_size=12)


def stored(event: Event) -> Event:
    """What the log gives back."""
    return type(event).model_validate_json(event.model_dump_json())


@pytest.mark.parametrize("noun", NOUNS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_history_replays(noun: str, data: st.DataObject):
    history = data.draw(histories(noun))
    decider = NOUNS[noun][0]
    assert decider.fold(history) == decider.fold([stored(e) for e in history])


@pytest.mark.parametrize("noun", NOUNS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_command_on_any_history_gives_events_or_a_named_refusal(noun: str, data: st.DataObject):
    decider, _, streams = NOUNS[noun]
    world = World()
    stream = data.draw(st.sampled_from(streams))
    world.histories[stream] = data.draw(histories(noun))
    commands = data.draw(st.lists(st.one_of(*(instances(c) for c in words(noun, Command))), max_size=6))
    for command in commands:
        outcome = world.run(decider, stream, command, data.draw(st.sampled_from(ACTORS)))
        if isinstance(outcome, Refused):
            assert outcome.rule != "Refused"
            assert outcome.detail.endswith((".", "!")), outcome.detail
            assert 400 <= outcome.status < 500


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_happens_each_registration_has_one_holder_and_no_account_stands_above_itself(data: st.DataObject):
    accounts = NOUNS["account"][0]
    world = World()
    commands = st.one_of(*(instances(c) for c in words("account", Command)))
    for stream, command in data.draw(st.lists(st.tuples(st.sampled_from(IDS), commands), min_size=5, max_size=30)):
        world.run(accounts, stream, command)
        states = {id: state for id in IDS if (state := world.state(accounts, id)) is not None}
        holders: dict[Any, UUID] = {}
        for id, state in states.items():
            chain = upward(state.parent, states, above)
            if state.merged_into is None:
                assert id not in chain
            if state.merged_into is None and not state.withdrawn:
                for registration in state.held:
                    assert holders.setdefault(registration.claim, id) == id
                    held = world.state(domain.reservations.reservations, registration.claim.read.id)
                    assert held.holder == id


def test_every_event_of_these_nouns_is_stored_and_read_back_unchanged():
    seen = set()

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.one_of(*(instances(c) for noun in NOUNS for c in words(noun, Event))))
    def round_trip(event: Event) -> None:
        seen.add(event.topic)
        assert TOPICS[event.topic] is type(event)
        assert stored(event) == event

    round_trip()
    assert len(seen) > 30


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(*(instances(c) for noun in NOUNS for c in words(noun, Event) if c.personal)))
def test_an_event_whose_person_was_erased_still_loads_and_folds(event: Event):
    raw = json.loads(event.model_dump_json())
    erased = raw | {name: ERASED for name in event.personal if raw[name] is not None}
    loaded = type(event).model_validate_json(json.dumps(erased))
    for decider, _, _ in NOUNS.values():
        decider.fold([loaded])
