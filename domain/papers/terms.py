"""What papers are made of: subjects, states, signatories."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.values import Email, Key, Name, Text


class PaperStatus(StrEnum):
    """Where a paper is."""

    DRAFTING = "drafting"
    INTERNAL_REVIEW = "internal_review"
    SENT = "sent"
    VIEWED = "viewed"
    PARTLY_SIGNED = "partly_signed"
    COMPLETED = "completed"
    DECLINED = "declined"
    VOIDED = "voided"
    EXPIRED = "expired"


AT_HOME = frozenset({PaperStatus.DRAFTING, PaperStatus.INTERNAL_REVIEW})
"""Nobody outside has it."""
OUT = frozenset({PaperStatus.SENT, PaperStatus.VIEWED, PaperStatus.PARTLY_SIGNED})
"""Those who sign have it."""
OVER = frozenset(PaperStatus) - AT_HOME - OUT


class SigningChannel(StrEnum):
    """How it comes to those who sign: by links of ours, or through the provider of electronic signatures that is set up."""

    LINKS = "links"
    PROVIDER = "provider"


class PaperSubject(Text):
    """What a paper is about: a noun such as `deal`, `contract` or `dispute`, its id, and a part of it, such as an amendment."""

    noun: Key
    id: UUID
    part: UUID | None = None


class ClauseUsed(Text):
    """A clause in the version that stands on the paper."""

    key: Key
    version: Annotated[int, Field(ge=1)]


class Invited(Text):
    """Somebody who is asked to sign for `party`."""

    name: Name
    email: Email
    party: Name
    contact: UUID | None = None


CONSENT = "I have read this paper and agree to sign it electronically."
"""What a signatory agrees to. A new wording is a new constant beside it: events hold the words that were agreed to."""
