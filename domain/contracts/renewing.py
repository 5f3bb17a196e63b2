"""What becomes of a term: how its end is prepared, renewed by agreement, and what its passing leads to. Never silently."""

from __future__ import annotations

from datetime import date, timedelta

from domain.contract_dates import RenewalKind, next_term_end
from domain.contracts import commands as c
from domain.contracts import events as e
from domain.contracts.amending import check_in_force, check_no_end
from domain.contracts.days import KnownEnd, known_end, today
from domain.contracts.in_force import LATEST, coming_end, ends_of, terms_on
from domain.contracts.refusals import EndTooEarly, NotRenewable, TermsUnsound
from domain.contracts.signing import check_past
from domain.contracts.state import Contract
from domain.contracts.terms import RenewalWay, RenewedBy
from domain.kernel import Context, Event

_DAY = timedelta(days=1)


def renew(contract: Contract, command: c.RenewContract, ctx: Context) -> tuple[Event, ...]:
    """Raises ContractNotInForce, NoticeStands, NotRenewable, EndTooEarly, TermsUnsound, DayInFuture."""
    check_in_force(contract)
    end = coming_end(contract, today(contract, ctx))
    if end is None:
        raise NotRenewable("An evergreen contract goes on by itself; propose an amendment to change it.")
    if command.end == end and contract.changes and contract.changes[-1].changes.end == end:
        return ()
    check_no_end(contract)
    check_past(command.signed_on, contract.zone, ctx)
    if command.end <= end:
        raise EndTooEarly(f"The term runs to {end}; a further one ends later.", after=end.isoformat())
    if command.end > LATEST:
        raise TermsUnsound(f"A term ends by {LATEST}; correct the day.")
    return (
        e.ContractRenewed(
            by=RenewedBy.AGREEMENT,
            previous_end=end,
            term_start=end + _DAY,
            term_end=command.end,
            value=command.value.rounded() if command.value is not None else None,
            signed_on=command.signed_on,
            paper=command.paper,
            owner=contract.owner,
        ),
    )


def conclude_review(contract: Contract, command: c.ConcludeRenewalReview, ctx: Context) -> tuple[Event, ...]:
    """Raises ContractNotInForce, NotRenewable."""
    check_in_force(contract)
    end = coming_end(contract, today(contract, ctx))
    if end is None:
        raise NotRenewable("An evergreen contract has no term whose end could be reviewed; give notice to end it.")
    held = contract.reviewed.get(end)
    if held is not None and (held.outcome, held.note) == (command.outcome, command.note):
        return ()
    return (e.ContractRenewalReviewed(term_end=end, outcome=command.outcome, note=command.note, scorecard=contract.scorecard),)


def starts_renewal(contract: Contract, day: date) -> bool:
    """Whether the end of the term is to be prepared now."""
    days = contract.dates
    if not contract.in_force or days is None or days.term_end is None or days.renewal_on is None or days.ends_on is not None:
        return False
    return days.renewal_on <= day <= (days.deadline or days.term_end) and days.term_end not in contract.renewals_started


def record_renewal_started(contract: Contract, command: c.RecordRenewalStarted, ctx: Context) -> tuple[Event, ...]:
    days = contract.dates
    if days is None or days.term_end is None or not starts_renewal(contract, today(contract, ctx)):
        return ()
    return (
        e.ContractRenewalStarted(
            way=RenewalWay.DEAL if command.deal is not None else RenewalWay.REVIEW,
            term_end=days.term_end,
            deadline=days.deadline,
            deal=command.deal,
            scorecard=contract.scorecard,
            owner=contract.owner,
            note=command.note,
            rules=days.rules,
        ),
    )


def record_alert(contract: Contract, _command: c.RecordAlert, ctx: Context) -> tuple[Event, ...]:
    """The alert with the fewest days that has come, once for each day to send notice by."""
    days, day = contract.dates, today(contract, ctx)
    ripe = due_alert(contract, day)
    if days is None or days.send_by is None or ripe is None:
        return ()
    return (
        e.ContractAlertRaised(
            days=ripe,
            left=(days.send_by - day).days,
            send_by=days.send_by,
            deadline=days.deadline,
            term_end=days.term_end,
            owner=contract.owner,
            rules=days.rules,
        ),
    )


def due_alert(contract: Contract, day: date) -> int | None:
    """The alert to raise on `day`, by its days; None where none is due, or a later one was raised."""
    days = contract.dates
    if not contract.in_force or days is None or days.send_by is None or days.ends_on is not None or day > days.send_by:
        return None
    left = (days.send_by - day).days
    ripe = min((ahead for ahead in days.alert_days if left <= ahead), default=None)
    raised = min((ahead for send_by, ahead in contract.alerted if send_by == days.send_by), default=None)
    return ripe if ripe is not None and (raised is None or ripe < raised) else None


def missed(contract: Contract, day: date) -> date | None:
    """The deadline that has passed without a notice, if that was not recorded."""
    days = contract.dates
    if not contract.in_force or days is None or days.deadline is None or days.ends_on is not None:
        return None
    return days.deadline if days.deadline < day and days.deadline not in contract.missed else None


def record_notice_window(contract: Contract, _command: c.RecordNoticeWindow, ctx: Context) -> tuple[Event, ...]:
    day = today(contract, ctx)
    deadline, end = missed(contract, day), contract.dates.term_end if contract.dates is not None else None
    if deadline is None or end is None:
        return ()
    return (e.NoticeWindowMissed(deadline=deadline, term_end=end, renews_until=_further(contract, end), owner=contract.owner),)


def _further(contract: Contract, end: date) -> date | None:
    """The last day of the term that follows the one to `end` if nobody does anything."""
    ends = ends_of(contract, end)
    return next_term_end(ends.agreed_end or end, end, ends.renewal.months) if ends.renewal.months is not None else None


def last_day(contract: Contract, day: date) -> KnownEnd | None:
    """The last day of the contract or of its term, whichever comes first, and what makes it so; None where neither is known."""
    end = coming_end(contract, day)
    known = known_end(contract, end)
    if known is not None and (end is None or known.on <= end):
        return known
    return KnownEnd(end, "term") if end is not None else None


def record_term_end(contract: Contract, _command: c.RecordTermEnd, ctx: Context) -> tuple[Event, ...]:
    """One end at a time: who looks late looks again, until it is quiet."""
    day = today(contract, ctx)
    last = last_day(contract, day)
    if not contract.in_force or last is None or last.on >= day:
        return ()
    end = coming_end(contract, day)
    match last.by:
        case "termination":
            agreed = contract.termination
            assert agreed is not None
            return (e.ContractTerminated(on=last.on, cause=agreed.cause, note=agreed.note),)
        case "notice":
            assert contract.notice is not None
            if last.on == end:
                return (e.ContractExpired(on=last.on, notice=contract.notice.id),)
            return (e.ContractTerminated(on=last.on, notice=contract.notice.id),)
        case "successor":
            return _succeeded(contract, last.on, end)
    return _ran_out(contract, last.on, ctx)


def _succeeded(contract: Contract, on: date, end: date | None) -> tuple[Event, ...]:
    follows = contract.successor
    assert follows is not None
    if on != end:
        return (e.ContractSuperseded(on=on, successor=follows.successor),)
    return (
        e.ContractRenewed(
            by=RenewedBy.SUCCESSOR,
            previous_end=on,
            term_start=follows.takes_over_on,
            successor=follows.successor,
            owner=contract.owner,
        ),
    )


def _ran_out(contract: Contract, end: date, ctx: Context) -> tuple[Event, ...]:
    if terms_on(contract, end).renewal.kind is not RenewalKind.AUTO_RENEW or (until := _further(contract, end)) is None or until > LATEST:
        return (e.ContractExpired(on=end),)
    renewed = e.ContractRenewed(by=RenewedBy.SILENCE, previous_end=end, term_start=end + _DAY, term_end=until, owner=contract.owner)
    # who looks only after the end of the term has seen neither; the window closed first
    return (*record_notice_window(contract, c.RecordNoticeWindow(), ctx), renewed)
