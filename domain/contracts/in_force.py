"""Which terms are in force on which day: what was signed, and the amendments and renewals since, in the order of their effect."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from domain.contract_dates import Ends, NoticeBefore, RenewalKind
from domain.contracts.refusals import TermsUnsound
from domain.contracts.state import Change, Contract
from domain.contracts.terms import TermChanges, Terms
from domain.values import LATEST_DAY

EARLIEST, LATEST = date(1900, 1, 1), LATEST_DAY
"""Outside of these years nobody means what is written."""
_DAY = timedelta(days=1)
_CHANGING = ("end", "value", "value_per", "payment_days", "renewal", "notice")


def terms_on(contract: Contract, day: date) -> Terms:
    """The terms in force on `day`; before the first day, those that will be."""
    terms = contract.terms
    for change in _in_order(contract):
        if change.effective_on <= day:
            terms = amended(terms, change.changes)
            if change.start is not None:
                terms = terms.model_copy(update={"start": change.start})
    return terms


def _in_order(contract: Contract) -> list[Change]:
    return sorted(contract.changes, key=lambda change: change.effective_on)


def amended(terms: Terms, changes: TermChanges) -> Terms:
    """`terms` with `changes`; whether that makes sense, `check_sound` says."""
    update: dict[str, Any] = {name: value for name in _CHANGING if (value := getattr(changes, name)) is not None}
    if changes.renewal is not None and changes.renewal.kind is RenewalKind.EVERGREEN:
        update.setdefault("end", None)
    if changes.clauses or changes.dropped_clauses:
        clauses = {clause.key: clause for clause in terms.clauses if clause.key not in changes.dropped_clauses}
        update["clauses"] = tuple((clauses | {clause.key: clause for clause in changes.clauses}).values())
    return terms.model_copy(update=update)


def coming_end(contract: Contract, day: date) -> date | None:
    """The last day of the term that runs on `day`, by everything agreed so far that takes effect before, or on the day after it."""
    end = terms_on(contract, day).end
    if end is None:
        return None
    agreed = [change for change in _in_order(contract) if not change.silent and change.effective_on > day]
    for change in agreed:
        if change.effective_on > end + _DAY:
            break
        if change.changes.renewal is not None and change.changes.renewal.kind is RenewalKind.EVERGREEN:
            return None
        end = change.changes.end or end
    return end


def ends_of(contract: Contract, day: date) -> Ends:
    """When the contract can end, as things stand on `day`."""
    terms, end = terms_on(contract, day), coming_end(contract, day)
    agreed = contract.terms.end
    for change in _in_order(contract):
        if not change.silent and change.changes.end is not None and (end is None or change.changes.end <= end):
            agreed = change.changes.end
    return Ends(contract.terms.start, terms.renewal, terms.notice, end, agreed)


def check_days(said: BaseModel) -> None:
    """Refuse what names a day outside of the years in which the days of contracts lie, wherever in it. Raises TermsUnsound."""
    for name, day in _days_of(said):
        if not EARLIEST <= day <= LATEST:
            raise TermsUnsound(
                f"The days of a contract lie between {EARLIEST} and {LATEST}; correct {day} (`{name}`).", field=name, day=day.isoformat()
            )


def _days_of(said: BaseModel) -> Iterator[tuple[str, date]]:
    for name, value in said:
        if isinstance(value, BaseModel):
            yield from ((f"{name}.{inner}", day) for inner, day in _days_of(value))
        elif isinstance(value, date) and not isinstance(value, datetime):
            yield name, value


def check_sound(terms: Terms) -> None:
    """Refuse terms by which no contract could be kept. Raises TermsUnsound."""
    if fault := _fault(terms):
        raise TermsUnsound(fault)


def _fault(terms: Terms) -> str | None:
    kind, notice = terms.renewal.kind, terms.notice
    if not (EARLIEST <= terms.start <= LATEST and EARLIEST <= (terms.end or terms.start) <= LATEST):
        return f"A term lies between {EARLIEST} and {LATEST}; correct its days."
    if terms.end is not None and terms.end < terms.start:
        return "The term ends before it begins; swap the days."
    if (terms.end is None) != (kind is RenewalKind.EVERGREEN):
        return "An evergreen contract has no end, and every other one has; give `end`, or leave it away."
    if notice is None and kind is not RenewalKind.FIXED:
        return "A contract that goes on by itself needs a rule for notice; say how it can be ended."
    if notice is not None and terms.end is None and notice.before is NoticeBefore.TERM_END:
        return "An evergreen contract has no term to end; let notice be given before the end of a period."
    if notice is not None and terms.end is not None and notice.before is NoticeBefore.PERIOD_END and terms.renewal.period_months is None:
        return "Notice before the end of a period needs the length of the periods; give `period_months`."
    if terms.value is not None and terms.value.amount < 0:
        return "A contract is not worth less than nothing; its side says who pays."
    if len({clause.key for clause in terms.clauses}) != len(terms.clauses):
        return "Two clauses have the same key; give each its own."
    return None
