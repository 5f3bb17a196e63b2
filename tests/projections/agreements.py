"""Generated contracts of both sides over several years: renewed by silence, amended, ended by notice, with what is owed by them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from domain.calendars import Calendar
from domain.contract_dates import NoticeRule, Renewal, add_months, next_term_end, notice_deadline, send_by
from domain.contracts import amendment_events as a
from domain.contracts import events as e
from domain.contracts import obligation_events as o
from domain.contracts.terms import OccurrenceStatus, Party, Proof, RenewalWay, RenewedBy, Side, SignedPaper, TermChanges, Terms, ValuePer
from domain.obligation_dates import DueRule, Recurrence, RecurrenceUnit
from domain.stages import EvidenceKind
from domain.values import Money
from tests.projections.companies import MEMBERS, TEAMS, Timed, identity, setting

BEGIN, END = date(2023, 1, 2), date(2026, 6, 30)
_CALENDAR = Calendar()
_PAPER = SignedPaper(reference="contract.pdf", sha256="9f" * 32)
_HASH = "0a" * 32


def _at(day: date) -> datetime:
    return datetime.combine(day, time(9), UTC)


class _Written:
    """One contract's events, each with its instant and version."""

    def __init__(self, number: int) -> None:
        self.stream, self.events = identity(6, number), list[Timed]()

    def on(self, day: date, *events: e.Event) -> None:
        self.events += [(_at(day), self.stream, len(self.events) + 1 + n, event) for n, event in enumerate(events)]


def _dates(start: date, end: date, rule: NoticeRule, ends_on: date | None = None) -> e.ContractDatesSet:
    deadline = notice_deadline(rule, end, _CALENDAR)
    sent = send_by(rule, deadline, _CALENDAR)
    return e.ContractDatesSet(
        term_start=start, term_end=end, deadline=deadline, send_by=sent, ends_on=ends_on, renewal_on=deadline - timedelta(days=90)
    )


def contract(number: int, accounts: int, chance: random.Random) -> list[Timed]:
    """From its draft to its end, or to what is told of it by `END`; its events in order of time."""
    written, signed = _Written(number), BEGIN + timedelta(days=chance.randrange((END - BEGIN).days - 30))
    months, member = chance.choice((12, 12, 24)), chance.randrange(len(MEMBERS))
    rule = NoticeRule(count=chance.choice((1, 3)), unit="months")
    start = signed + timedelta(days=7)
    end = add_months(start, months) - timedelta(days=1)
    terms = Terms(
        start=start,
        end=end,
        value=Money(amount=Decimal(chance.randrange(5_000, 900_000)), currency=chance.choice(("EUR", "EUR", "USD"))),
        value_per=ValuePer.YEAR,
        renewal=Renewal(kind="auto_renew", months=12),
        notice=rule,
    )
    drafted = e.ContractDrafted(
        title=f"Contract {number} for {chance.choice(('service', 'supply', 'software'))}",
        number=f"C-{number:05}",
        side=chance.choice(list(Side)),
        party=identity(4, chance.randrange(accounts)),
        owner=MEMBERS[member],
        team=TEAMS[member % len(TEAMS)],
        terms=terms,
        zone="UTC",
    )
    written.on(signed - timedelta(days=9), drafted)
    if chance.random() < 0.1:
        return written.events
    written.on(signed - timedelta(days=5), e.ContractSubmitted(content=_HASH, by=drafted.owner), e.ContractApproved(content=_HASH))
    activated = e.ContractActivated(terms=terms, content=_HASH, signed_on=signed, paper=_PAPER)
    written.on(signed, activated, _dates(start, end, rule))
    owed = _owed(number, drafted, start, chance)
    written.on(signed, *owed[0][1])
    for day, events in sorted([*owed[1:], *_terms(drafted, terms, chance)], key=lambda told: told[0]):
        if day >= END or (written.events and isinstance(written.events[-1][3], e.ContractTerminated)):
            break
        written.on(day, *events)
    return written.events


def _terms(drafted: e.ContractDrafted, terms: Terms, chance: random.Random) -> Iterator[tuple[date, tuple[e.Event, ...]]]:
    """Term after term: alerts, a missed window and a further term by silence, until somebody gives notice."""
    assert terms.notice is not None
    assert terms.end is not None
    start, end = terms.start, terms.end
    for number in range(20):
        dates = _dates(start, end, terms.notice)
        assert dates.send_by
        assert dates.deadline
        if chance.random() < 0.3:
            amendment = identity(7, chance.randrange(2**40))
            changes = TermChanges(payment_days=chance.randrange(10, 60))
            about = {"amendment": amendment, "title": "Terms of payment", "effective_on": start, "changes": changes}
            changed = terms.model_copy(update={"payment_days": changes.payment_days})
            signed = a.ContractAmended(**about, terms=changed, signed_on=start, paper=_PAPER)
            yield (
                start + timedelta(days=3),
                (a.ContractAmendmentProposed(**about, by=drafted.owner), a.ContractAmendmentApproved(amendment=amendment), signed),
            )
        yield dates.send_by - timedelta(days=120), (e.ContractExpiring(term_end=end, send_by=dates.send_by),)
        yield (
            dates.send_by - timedelta(days=30),
            (e.ContractRenewalStarted(way=RenewalWay.REVIEW, term_end=end, deadline=dates.deadline, owner=drafted.owner),),
        )
        if chance.random() < 0.25:
            sent = dates.send_by - timedelta(days=5)
            notice = e.ContractNoticeGiven if chance.random() < 0.5 else e.ContractNoticeReceived
            given = notice(notice=drafted.party, sent_on=sent, counted_on=sent, deadline=dates.deadline, in_time=True, ends_on=end)
            yield sent, (given, _dates(start, end, terms.notice, end))
            yield end + timedelta(days=1), (e.ContractTerminated(on=end, notice=drafted.party),)
            return
        following = next_term_end(terms.end, end, 12)
        missed = e.NoticeWindowMissed(deadline=dates.deadline, term_end=end, renews_until=following, owner=drafted.owner)
        yield dates.deadline + timedelta(days=1), (missed,)
        start, previous, end = end + timedelta(days=1), end, following
        renewed = e.ContractRenewed(by=RenewedBy.SILENCE, previous_end=previous, term_start=start, term_end=end)
        yield start, (renewed, _dates(start, end, terms.notice))
        if number % 2 == 0 and chance.random() < 0.2:
            heir = chance.randrange(len(MEMBERS))
            yield start + timedelta(days=9), (e.ContractOwnerAssigned(owner=MEMBERS[heir], team=TEAMS[heir % len(TEAMS)]),)


def _owed(number: int, drafted: e.ContractDrafted, start: date, chance: random.Random) -> list[tuple[date, tuple[e.Event, ...]]]:
    """A report each quarter: mostly met, sometimes late, let go, or not done; the first entry is what comes with the signature."""
    obligation, by = identity(8, number), chance.choice(list(Party))
    added = o.ObligationAdded(
        obligation=obligation, title="Quarterly report", by=by, owner=drafted.owner, due=DueRule(on=start + timedelta(days=80)),
        recurrence=Recurrence(every=3, unit=RecurrenceUnit.MONTHS), lead_days=14, grace_days=3, proof=EvidenceKind.NOTE, since=start,
        penalty=Money(amount=Decimal(500), currency="EUR"),
    )  # fmt: skip

    def due(count: int) -> date:
        return add_months(start + timedelta(days=80), 3 * count)

    def scheduled(count: int) -> o.ObligationScheduled:
        day = due(count)
        return o.ObligationScheduled(
            obligation=obligation, occurrence=day, due_on=day, title="Quarterly report", by=by, owner=drafted.owner,
            due_from=day - timedelta(days=14), breached_after=day + timedelta(days=3),
        )  # fmt: skip

    told: list[tuple[date, tuple[e.Event, ...]]] = [(start, (added, scheduled(0)))]
    for count in range(14):
        day = due(count)
        facts = {"obligation": obligation, "occurrence": day, "due_on": day}
        fell = o.ObligationFellDue(**facts, title="Quarterly report", by=by, owner=drafted.owner)
        told.append((day - timedelta(days=14), (fell, scheduled(count + 1))))
        proof = {"proof": Proof(note="Sent by mail")}
        throw = chance.random()
        if throw < 0.8:
            met = o.ObligationMet(**facts, **proof, met_on=day, late=False, previous=OccurrenceStatus.DUE)
            told.append((day, (met,)))
        elif throw < 0.9:
            told.append((day, (o.ObligationWaived(**facts, previous=OccurrenceStatus.DUE, reason="Nothing to report"),)))
        else:
            breached = o.ObligationBreached(
                **facts, title="Quarterly report", by=by, party=drafted.party, owner=drafted.owner, breached_after=day + timedelta(days=3),
                penalty=Money(amount=Decimal(500), currency="EUR"),
            )  # fmt: skip
            told.append((day + timedelta(days=4), (breached,)))
            if throw < 0.96:
                late = o.ObligationMet(**facts, **proof, met_on=day + timedelta(days=20), late=True, previous=OccurrenceStatus.BREACHED)
                told.append((day + timedelta(days=20), (late,)))
    return told


def contracts(count: int, *, accounts: int = 1000, seed: int = 1) -> list[Timed]:
    """Everything that happened, in order, after what `companies.setting` tells."""
    chance = random.Random(seed)
    happened = [timed for number in range(count) for timed in contract(number, accounts, chance)]
    happened.sort(key=lambda timed: (timed[0], timed[1], timed[2]))
    known = [(_at(BEGIN - timedelta(days=40)), stream, version, event) for _, stream, version, event in setting(accounts)]
    return [*known, *happened]
