"""The decider of papers: prepared, reviewed by somebody else, sent, signed by all, sealed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from domain.backdating import check_dating
from domain.contacts import check_contact, contact_read
from domain.documents import attach, document_reads
from domain.kernel import Command, Context, Decider, Event, NotFound, On, Outcome, Read
from domain.papers import agreements, offers
from domain.papers import commands as c
from domain.papers import events as e
from domain.papers.refusals import (
    OwnPaper,
    PaperChanged,
    PaperIsOut,
    PaperNotInState,
    PaperNotReviewed,
    SignatoryTwice,
    SignatoryUnknown,
    SignaturesMissing,
    SigningDayPast,
    SigningDayTooFar,
    SigningOver,
)
from domain.papers.state import Paper, Signatory, evolve
from domain.papers.terms import AT_HOME, CONSENT, OUT, OVER, PaperStatus
from domain.settings import SETTINGS_READ
from domain.values import LATEST_DAY, zone

USUAL_DAYS = 30
"""How long those who sign have, unless a day is named."""


def _person(ctx: Context) -> UUID:
    return ctx.actor.on_behalf_of or ctx.actor.id


def _check_status(paper: Paper, *needed: PaperStatus) -> None:
    if paper.status not in needed:
        raise PaperNotInState(
            f"This paper is {paper.status.value.replace('_', ' ')}; it has to be {' or '.join(s.value.replace('_', ' ') for s in needed)}.",
            status=paper.status.value,
            needed=[status.value for status in needed],
        )


def _draft(paper: Paper | None, command: c.DraftPaper, ctx: Context) -> Outcome:
    if paper is not None and paper.status not in AT_HOME:
        raise PaperIsOut("Those who sign have this paper; void it, then prepare another.", status=paper.status.value)
    # the same on paper may be about something else, such as another product of the same name
    same = (command.data_sha256, command.document.sha256, command.content)
    if paper is not None and (paper.data_sha256, paper.document.sha256, paper.content) == same:
        return ()
    hashes = (command.document.sha256, command.data_sha256)
    _, attached = attach(ctx, "paper", hashes)
    said = {name: getattr(command, name) for name in c.DraftPaper.model_fields if name != "subject"}
    return (e.PaperDrafted(about=command.subject, **said, revision=paper.revision + 1 if paper else 1, by=_person(ctx)), *attached)


def _request_review(paper: Paper, _command: c.RequestReview, ctx: Context) -> Outcome:
    if paper.status is PaperStatus.INTERNAL_REVIEW:
        return ()
    _check_status(paper, PaperStatus.DRAFTING)
    return (e.PaperReviewRequested(by=_person(ctx)),)


def _review(paper: Paper, command: c.ReviewPaper, ctx: Context) -> Outcome:
    _check_status(paper, PaperStatus.INTERNAL_REVIEW)
    if paper.by in {ctx.actor.id, ctx.actor.on_behalf_of}:
        raise OwnPaper("You prepared this paper; ask somebody else to review it.")
    if command.document != paper.document.sha256:
        raise PaperChanged("The paper was prepared anew since you read it; read it again, then decide.", document=paper.document.sha256)
    if command.allowed and paper.allowed == command.document:
        return ()
    return (e.PaperReviewed(allowed=command.allowed, note=command.note, document=command.document, by=_person(ctx)),)


def _send(paper: Paper, command: c.SendPaper, ctx: Context) -> Outcome:
    _check_status(paper, *AT_HOME_IN_ORDER)
    if paper.review and paper.allowed != paper.document.sha256:
        raise PaperNotReviewed("Somebody else has to review this paper first; ask for it.", template=paper.template)
    offers.check_consent(paper, ctx)
    given = [(one.email.casefold(), one.party.casefold()) for one in command.signatories]
    if twice := sorted({email for email, party in given if given.count((email, party)) > 1}):
        raise SignatoryTwice("One address is named twice; name each person once.", emails=twice)
    for one in command.signatories:
        if one.contact is not None:
            check_contact(ctx, one.contact)
    expires_at = _expiry(command, ctx)
    named = [
        e.PaperSignatoryNamed(signatory=ctx.new_id(), party=one.party, contact=one.contact, name=one.name, email=one.email)
        for one in command.signatories
    ]
    sent = e.PaperSent(
        signatories=tuple(event.signatory for event in named),
        channel=command.channel,
        expires_at=expires_at,
        document=paper.document.sha256,
        by=_person(ctx),
    )
    return (*named, sent, *agreements.sent(paper, ctx))


def _expiry(command: c.SendPaper, ctx: Context) -> datetime:
    """The end of the last day, in the tenant's zone."""
    settings = ctx.fact(SETTINGS_READ)
    here = zone(settings.zone if settings else "UTC")
    today = ctx.now.astimezone(here).date()
    day = command.expires_on or today + timedelta(days=USUAL_DAYS)
    if day < today:
        raise SigningDayPast(f"{day} is over; give today or a later day.", expires_on=day.isoformat(), today=today.isoformat())
    if day > LATEST_DAY:
        raise SigningDayTooFar(f"{day} is too far away; choose {LATEST_DAY} or earlier.", expires_on=day.isoformat())
    return datetime.combine(day + timedelta(days=1), time(), here)


def _signatory(paper: Paper, id: UUID) -> Signatory:
    known = paper.signatories.get(id)
    if known is None:
        raise SignatoryUnknown("Nobody of this id is asked to sign this paper; choose one of its signatories.", signatory=str(id))
    return known


def _check_in_time(paper: Paper, ctx: Context) -> None:
    assert paper.expires_at is not None, "what is out has an end"
    if ctx.now >= paper.expires_at:
        raise SigningOver("The time for signing this paper is over; ask who sent it for a new one.")


def _link(paper: Paper, command: c.RecordLink, ctx: Context) -> Outcome:
    _check_status(paper, *OUT_IN_ORDER)
    _signatory(paper, command.signatory)
    _check_in_time(paper, ctx)
    return (e.PaperLinkIssued(signatory=command.signatory, mailed=command.mailed),)


def _view(paper: Paper, command: c.ViewPaper, _ctx: Context) -> Outcome:
    if paper.status not in OUT or _signatory(paper, command.signatory).viewed:
        return ()
    return (e.PaperViewed(signatory=command.signatory),)


def _sign(paper: Paper, command: c.SignPaper, ctx: Context) -> Outcome:
    if _signatory(paper, command.signatory).signed:
        return ()
    _check_status(paper, *OUT_IN_ORDER)
    _check_in_time(paper, ctx)
    if command.document != paper.document.sha256:
        raise PaperChanged("This is not the paper that was sent; open the link again.", document=paper.document.sha256)
    signed = e.PaperSigned(
        signatory=command.signatory, document=command.document, consent=CONSENT, typed_name=command.typed_name, source=command.source
    )
    return (signed,)


def _decline(paper: Paper, command: c.DeclinePaper, ctx: Context) -> Outcome:
    known = _signatory(paper, command.signatory)
    if paper.status is PaperStatus.DECLINED:
        return ()
    _check_status(paper, *OUT_IN_ORDER)
    _check_in_time(paper, ctx)
    if known.signed:
        raise PaperNotInState("You have signed this paper already; ask who sent it to void it.", status=paper.status.value, needed=[])
    return (e.PaperDeclined(signatory=command.signatory, reason=command.reason), *agreements.recalled(paper, "declined", ctx))


def _seal(paper: Paper, command: c.SealPaper, ctx: Context) -> Outcome:
    if paper.status is PaperStatus.COMPLETED:
        return ()
    _check_status(paper, *OUT_IN_ORDER)
    if not paper.signed_by_all:
        missing = sorted({s.party for s in paper.signatories.values() if not s.signed})
        raise SignaturesMissing("Not everybody has signed this paper; wait for the others.", missing=missing)
    _, attached = attach(ctx, "paper", (command.document.sha256,))
    said = {name: getattr(command, name) for name in c.SealPaper.model_fields}
    return (e.PaperCompleted(**said), *attached)


def _void(paper: Paper, command: c.VoidPaper, ctx: Context) -> Outcome:
    if paper.status is PaperStatus.VOIDED:
        return ()
    if paper.status in OVER:
        _check_status(paper, *AT_HOME_IN_ORDER, *OUT_IN_ORDER)
    return (e.PaperVoided(reason=command.reason, by=_person(ctx)), *agreements.recalled(paper, "voided", ctx))


def _expire(paper: Paper, _command: c.ExpirePaper, ctx: Context) -> Outcome:
    """Quiet where it makes no sense: a timer may fire late, and more than once."""
    due = paper.expires_at is not None and ctx.now >= paper.expires_at
    if paper.status not in OUT or not due or paper.signed_by_all:
        return ()
    return (e.PaperExpired(), *agreements.recalled(paper, "expired", ctx))


AT_HOME_IN_ORDER = tuple(status for status in PaperStatus if status in AT_HOME)
OUT_IN_ORDER = tuple(status for status in PaperStatus if status in OUT)
_HANDLERS: dict[type[Command], Callable[[Paper, Any, Context], Outcome]] = {
    c.RequestReview: _request_review,
    c.ReviewPaper: _review,
    c.SendPaper: _send,
    c.RecordLink: _link,
    c.ViewPaper: _view,
    c.SignPaper: _sign,
    c.DeclinePaper: _decline,
    c.SealPaper: _seal,
    c.VoidPaper: _void,
    c.ExpirePaper: _expire,
}


def decide(paper: Paper | None, command: Any, ctx: Context) -> tuple[Event | On, ...]:
    """The events that follow from a command, possibly none, or a refusal (`domain/papers/refusals.py`)."""
    check_dating(ctx)
    if isinstance(command, c.DraftPaper):
        return tuple(_draft(paper, command, ctx))
    if paper is None:
        raise NotFound("There is no such paper; prepare it first.")
    handler = _HANDLERS.get(type(command))
    if handler is None:
        raise TypeError(f"a paper knows no {type(command).__name__}")
    return tuple(handler(paper, command, ctx))


def reads(paper: Paper | None, command: Any, facts: Mapping[UUID, Any]) -> Iterator[Read]:
    """The documents that it is made of; who is asked to sign; the contract that is signed by it, or the deal that it offers."""
    if isinstance(command, c.SendPaper):
        yield from offers.offer_reads(paper, facts)
    if isinstance(command, c.SendPaper | c.DeclinePaper | c.VoidPaper | c.ExpirePaper):
        yield from agreements.agreement_reads(paper)
    match command:
        case c.DraftPaper(document=document, data_sha256=data):
            yield from document_reads((document.sha256, data))
        case c.SealPaper(document=document):
            yield from document_reads((document.sha256,))
        case c.SendPaper(signatories=signatories):
            yield SETTINGS_READ
            yield from (contact_read(one.contact) for one in signatories if one.contact is not None)


papers: Decider[Paper | None] = Decider("paper", initial=None, decide=decide, evolve=evolve, reads=reads, personal=True)
