"""Whether a caller sees the thing that a document or a paper belongs to: any noun that says by which action it is read."""

from __future__ import annotations

from api.callers import Caller
from api.execution import sees
from api.nouns import SUBJECTS
from domain.documents import Subject


async def sees_subject(caller: Caller, subject: Subject) -> bool:
    """Whether the caller may see the thing today."""
    if subject.noun not in SUBJECTS:
        return False
    noun, action = SUBJECTS[subject.noun]
    return await sees(caller, action, noun.sight, (await caller.doors.store.load(caller.tenant, noun.decider, subject.id)).state)
