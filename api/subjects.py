"""Whether a caller reaches the thing that a document or a paper belongs to: any noun that says by which action it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api.callers import Caller
from api.execution import Facts, Sight, sees
from api.nouns import SUBJECTS
from domain.documents import Subject
from domain.kernel import Read
from infra.access import Action, Object


async def sees_subject(caller: Caller, subject: Subject, action: Action | None = None) -> bool:
    """Whether the caller may see the thing today, or do `action` where the thing is what it is done to."""
    if subject.noun not in SUBJECTS:
        return False
    noun, reading = SUBJECTS[subject.noun]
    state = (await caller.doors.store.load(caller.tenant, noun.decider, subject.id)).state
    return await sees(caller, action or reading, noun.sight, state)


def _links(state: Any, facts: Facts) -> Iterator[Read]:
    subject = state.subject
    if subject.noun in SUBJECTS:
        noun, _ = SUBJECTS[subject.noun]
        yield Read(noun.decider.name, subject.id)
        if (known := facts.get(subject.id)) is not None:
            yield from noun.sight.links(known, facts)


def _thing(state: Any, facts: Facts) -> Object:
    known = facts.get(state.subject.id)
    if known is None or getattr(known, "withdrawn", False):
        return Object()
    return SUBJECTS[state.subject.noun][0].sight.thing(known, facts)


THROUGH_SUBJECT = Sight(_thing, _links)
"""The sight of what belongs to a `subject`: whoever reaches that, reaches it."""
