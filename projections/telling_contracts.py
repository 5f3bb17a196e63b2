"""How what happens to contracts is told."""

from __future__ import annotations

from datetime import date

from domain.contract_dates import NoticeRule, Renewal, RenewalKind
from domain.contract_rules import ContractRulesChanged
from domain.contracts import amendment_events as a
from domain.contracts import events as e
from domain.contracts.terms import Party, RenewalWay, RenewedBy, Side, TermChanges, Terms, ValuePer
from domain.values import Money
from projections.telling import Names, because, listed, plain, telling


def days(count: int, what: str = "day") -> str:
    """`1 day`, `30 days`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _worth(value: Money | None, per: ValuePer) -> str:
    return "" if value is None else f" for {value} {'for the term' if per is ValuePer.TERM else f'a {per.value}'}"


def _lasting(start: date, end: date | None) -> str:
    return f"from {plain(start)} to {plain(end)}" if end else f"from {plain(start)} on, without an end"


def _renewing(renewal: Renewal) -> str:
    match renewal.kind:
        case RenewalKind.FIXED:
            return "ending by itself"
        case RenewalKind.AUTO_RENEW:
            return f"renewing itself by {days(renewal.months or 0, 'month')}"
        case RenewalKind.EVERGREEN:
            return "running until notice is given"


def _notice(rule: NoticeRule | None) -> str:
    if rule is None:
        return ""
    unit = plain(rule.unit).removesuffix("s")
    return f", with notice of {days(rule.count, unit)} to the end of {'a period' if rule.before.value == 'period_end' else 'the term'}"


def _terms(terms: Terms) -> str:
    return f"{_lasting(terms.start, terms.end)}{_worth(terms.value, terms.value_per)}, {_renewing(terms.renewal)}{_notice(terms.notice)}"


def _changes(changes: TermChanges) -> str:
    found = []
    if changes.end:
        found.append(f"it ends on {plain(changes.end)}")
    if changes.value:
        found.append(f"it is worth {changes.value}{f' a {changes.value_per.value}' if changes.value_per else ''}")
    if changes.payment_days is not None:
        found.append(f"invoices are paid within {days(changes.payment_days)}")
    if changes.renewal:
        found.append(f"it goes on {_renewing(changes.renewal)}")
    if changes.notice:
        found.append(f"notice is{_notice(changes.notice).removeprefix(', with notice')}")
    if changes.clauses:
        found.append(f"the clauses {listed([c.key for c in changes.clauses])} read anew")
    if changes.dropped_clauses:
        found.append(f"the clauses {listed(list(changes.dropped_clauses))} fall away")
    return listed(found)


@telling(e.ContractDrafted)
def _(event: e.ContractDrafted, names: Names) -> str:
    number = f" ({event.number})" if event.number else ""
    whence = f", from the deal {names.of(event.deal)}" if event.deal else ""
    follows = f", to follow {names.of(event.renews)}" if event.renews else ""
    what = "sales" if event.side is Side.SELL else "purchase"
    return (
        f"The {what} contract “{event.title}”{number} with {names.of(event.party)} was drafted{whence}{follows}: {_terms(event.terms)}; "
        f"{names.of(event.owner)} is responsible."
    )


@telling(e.ContractRevised)
def _(event: e.ContractRevised, _: Names) -> str:
    return f"The draft says now: “{event.title}”, {_terms(event.terms)}."


@telling(e.ContractDiscarded)
def _(event: e.ContractDiscarded, _: Names) -> str:
    return f"The draft was given up{because(event.reason)}."


@telling(e.ContractSubmitted)
def _(_e: e.ContractSubmitted, _: Names) -> str:
    return "A review was asked for."


@telling(e.ContractReturned)
def _(event: e.ContractReturned, _: Names) -> str:
    return f"It went back to draft, from {plain(event.previous)}{because(event.reason)}."


@telling(e.ContractApproved)
def _(event: e.ContractApproved, _: Names) -> str:
    return f"It was approved for signature{because(event.note)}."


@telling(e.ContractConsentAsked)
def _(event: e.ContractConsentAsked, _: Names) -> str:
    what = "The amendment" if event.amendment else "It"
    return f"{what} waits for the consent of {listed(list(event.chains))}, to exactly the content {event.content[:12]}."


@telling(e.ContractSentForSignature)
def _(event: e.ContractSentForSignature, _: Names) -> str:
    return f"The paper {event.paper.reference} went out to be signed."


@telling(e.ContractRecalled)
def _(event: e.ContractRecalled, _: Names) -> str:
    return f"The paper {event.reference} was {event.why}; it may be sent again."


@telling(e.ContractActivated)
def _(event: e.ContractActivated, _: Names) -> str:
    if event.registered:
        return f"The contract, signed on {plain(event.signed_on)}, was taken over: {_terms(event.terms)}."
    return f"All have signed, on {plain(event.signed_on)}; it is in force {_terms(event.terms)}."


@telling(e.ContractDatesSet)
def _(event: e.ContractDatesSet, _: Names) -> str:
    if event.ends_on:
        return f"The days that count: it ends on {plain(event.ends_on)}."
    found = []
    if event.term_end:
        found.append(f"its term ends on {plain(event.term_end)}")
    if event.deadline:
        found.append(f"notice has to be given by {plain(event.deadline)}")
    if event.send_by:
        found.append(f"sent by {plain(event.send_by)}")
    if event.renewal_on:
        found.append(f"its renewal begins on {plain(event.renewal_on)}")
    return f"The days that count: {listed(found, 'it runs until notice is given')}."


@telling(e.ContractExpiring)
def _(event: e.ContractExpiring, _: Names) -> str:
    if event.ends_on:
        return f"Its end comes near: {plain(event.ends_on)}."
    sent = f"; notice is to be sent by {plain(event.send_by)}" if event.send_by else ""
    return f"The end of its term comes near: {plain(event.term_end)}{sent}."


@telling(e.ContractResumed)
def _(_e: e.ContractResumed, _: Names) -> str:
    return "Its end is far away again."


@telling(e.ContractAlertRaised)
def _(event: e.ContractAlertRaised, names: Names) -> str:
    told = f", and {names.of(event.owner)} was told" if event.owner else ""
    return f"{days(event.left).capitalize()} were left to send notice by {plain(event.send_by)}{told}."


def _noticed(event: e.NoticeFacts) -> str:
    late = "" if event.in_time or event.deadline is None else f", too late for {plain(event.deadline)}"
    how = f" by {event.how}" if event.how else ""
    return f"{how}, sent on {plain(event.sent_on)}, counting from {plain(event.counted_on)}{late}; it ends on {plain(event.ends_on)}."


@telling(e.ContractNoticeGiven)
def _(event: e.ContractNoticeGiven, _: Names) -> str:
    return f"We gave notice{_noticed(event)}"


@telling(e.ContractNoticeReceived)
def _(event: e.ContractNoticeReceived, _: Names) -> str:
    return f"They gave notice{_noticed(event)}"


@telling(e.ContractNoticeDelivered)
def _(event: e.ContractNoticeDelivered, _: Names) -> str:
    return f"Our notice arrived on {plain(event.received_on)}, {'in time' if event.in_time else 'too late'}; it ends on {plain(event.ends_on)}."


@telling(e.ContractNoticeWithdrawn)
def _(event: e.ContractNoticeWithdrawn, _: Names) -> str:
    return f"{'Our' if event.by is Party.US else 'Their'} notice no longer holds{because(event.reason)}."


@telling(e.NoticeWindowMissed)
def _(event: e.NoticeWindowMissed, _: Names) -> str:
    follows = f"; it will renew itself until {plain(event.renews_until)}" if event.renews_until else ""
    return f"The last day to give notice, {plain(event.deadline)}, passed without one{follows}."


@telling(e.ContractRenewalStarted)
def _(event: e.ContractRenewalStarted, names: Names) -> str:
    if event.way is RenewalWay.DEAL:
        return f"The renewal deal {names.of(event.deal)} was opened for the end on {plain(event.term_end)}."
    return f"A renewal review began, for the end on {plain(event.term_end)}{because(event.note)}."


@telling(e.ContractRenewalReviewed)
def _(event: e.ContractRenewalReviewed, _: Names) -> str:
    return f"The renewal review came to: {plain(event.outcome)}{because(event.note)}."


@telling(e.ContractSuccessorSigned)
def _(event: e.ContractSuccessorSigned, names: Names) -> str:
    return f"{names.of(event.successor)} was signed and takes over on {plain(event.takes_over_on)}."


@telling(e.ContractRenewed)
def _(event: e.ContractRenewed, names: Names) -> str:
    until = f" until {plain(event.term_end)}" if event.term_end else ""
    worth = f", for {event.value}" if event.value else ""
    match event.by:
        case RenewedBy.SILENCE:
            return f"Nobody gave notice: it renewed itself{until}{worth}."
        case RenewedBy.AGREEMENT:
            return f"Both agreed on a further term{until}{worth}."
        case RenewedBy.SUCCESSOR:
            return f"It goes on as {names.of(event.successor)}, from {plain(event.term_start)}."


@telling(e.ContractExpired)
def _(event: e.ContractExpired, _: Names) -> str:
    return f"It ran out; its last day was {plain(event.on)}."


@telling(e.ContractTerminationAgreed)
def _(event: e.ContractTerminationAgreed, _: Names) -> str:
    return f"It will end on {plain(event.on)}, {plain(event.cause)}{because(event.note)}."


@telling(e.ContractTerminationRevoked)
def _(event: e.ContractTerminationRevoked, _: Names) -> str:
    return f"It does not end on {plain(event.on)} after all{because(event.reason)}."


@telling(e.ContractTerminated)
def _(event: e.ContractTerminated, _: Names) -> str:
    why = plain(event.cause) if event.cause else "by notice"
    return f"It was terminated, {why}; its last day was {plain(event.on)}{because(event.note)}."


@telling(e.ContractSuperseded)
def _(event: e.ContractSuperseded, names: Names) -> str:
    return f"{names.of(event.successor)} took its place after {plain(event.on)}."


@telling(a.ContractAmendmentProposed)
def _(event: a.ContractAmendmentProposed, _: Names) -> str:
    return (
        f"The amendment “{event.title}” was proposed, from {plain(event.effective_on)}: {_changes(event.changes)}{because(event.reason)}."
    )


@telling(a.ContractAmendmentApproved)
def _(event: a.ContractAmendmentApproved, _: Names) -> str:
    return f"The amendment was approved for signature{because(event.note)}."


@telling(a.ContractAmendmentDropped)
def _(event: a.ContractAmendmentDropped, _: Names) -> str:
    return f"The amendment was given up{because(event.reason)}."


@telling(a.ContractAmended)
def _(event: a.ContractAmended, _: Names) -> str:
    return (
        f"The amendment “{event.title}” was signed on {plain(event.signed_on)}; from {plain(event.effective_on)} on "
        f"{_changes(event.changes)}."
    )


@telling(e.ContractOwnerAssigned)
def _(event: e.ContractOwnerAssigned, names: Names) -> str:
    before = f" from {names.of(event.previous)}" if event.previous else ""
    return f"The contract went{before} to {names.of(event.owner)}{f' in {names.of(event.team)}' if event.team else ''}."


@telling(e.ContractCalendarSet)
def _(event: e.ContractCalendarSet, _: Names) -> str:
    by = f" by the calendar {event.calendar}" if event.calendar else ""
    return f"Its days are counted in {event.zone}{by}."


@telling(e.ContractScorecardLinked)
def _(event: e.ContractScorecardLinked, _: Names) -> str:
    return "The supplier's scorecard goes into the talk about its renewal." if event.scorecard else "No scorecard goes into its renewal."


@telling(ContractRulesChanged)
def _(event: ContractRulesChanged, _: Names) -> str:
    bands = listed([f"{listed([str(day) for day in band.days])} days before for those worth {band.above} a year" for band in event.alerts])
    return (
        f"Rules for contracts, version {event.version}: there are alerts {bands}; the manager is told from {event.manager_from} days on; "
        f"a renewal begins {event.renewal_lead_days} days before the last day for notice."
    )
