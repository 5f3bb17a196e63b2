"""What can be asked of papers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.documents import DocumentRef, Sha256
from domain.kernel import Command
from domain.papers.content import PaperKind
from domain.papers.terms import ClauseUsed, Invited, PaperSubject, SigningChannel
from domain.values import Key, Money, Name, Prose


class PreparePaper(Command):
    """Prepare a paper about something from a template: its data, in the template's words.

    `title`: else the subject's own. `attention`: one of our contacts, named in the address. `note`: a paragraph of your own below
    the introduction. `clauses`: instead of the template's.
    """

    subject: PaperSubject
    template: Key
    title: Name | None = None
    attention: UUID | None = None
    note: Prose | None = None
    clauses: Annotated[tuple[Key, ...], Field(max_length=100)] | None = None


class RevisePaper(Command):
    """Prepare it anew from today's data and wording, while nobody outside has it; what is left away stays as it was asked for."""

    title: Name | None = None
    attention: UUID | None = None
    note: Prose | None = None
    clauses: Annotated[tuple[Key, ...], Field(max_length=100)] | None = None


class DraftPaper(Command):
    """Record a paper that was printed. Made by `PreparePaper` and `RevisePaper`, whose data it names by hash."""

    kind: PaperKind
    subject: PaperSubject
    account: UUID | None
    title: Name
    number: Name
    template: Key
    template_version: int
    clauses: tuple[ClauseUsed, ...]
    review: bool
    total: Money | None
    data_sha256: Sha256
    document: DocumentRef
    as_of: int
    content: Sha256 | None = None


class RequestReview(Command):
    """Ask somebody else to look at it."""


class ReviewPaper(Command):
    """Say whether the paper that you read (`document`, its SHA-256) may be sent."""

    allowed: bool
    document: Sha256
    note: Prose | None = None


class SendPaper(Command):
    """Send it to those who are to sign, who have until the end of a day, or of the 30th from now."""

    signatories: Annotated[tuple[Invited, ...], Field(min_length=1, max_length=20)]
    expires_on: date | None = None
    channel: SigningChannel = SigningChannel.LINKS


class IssueLink(Command):
    """Give a signatory a link, or another one."""

    signatory: UUID


class RecordLink(Command):
    """Say that a signatory was given a link."""

    signatory: UUID
    mailed: bool


class ViewPaper(Command):
    """A signatory opened it."""

    signatory: UUID


class SignPaper(Command):
    """A signatory signs: the name as entered, and the consent that was given. `document`: what was shown."""

    signatory: UUID
    document: Sha256
    typed_name: Name
    consent: Literal[True]
    source: Name


class DeclinePaper(Command):
    """A signatory will not sign."""

    signatory: UUID
    reason: Prose


class SealPaper(Command):
    """The signed file was sealed."""

    document: DocumentRef
    holder: Name
    fingerprint: Sha256
    signed_on: date


class VoidPaper(Command):
    """Take it back."""

    reason: Name


class ExpirePaper(Command):
    """Its time is over."""
