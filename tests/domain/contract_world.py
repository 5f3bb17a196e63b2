"""A contract and what stands around it, for tests: the world of deals, our calendar with holidays, and days to move through."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.calendars import Calendar
from domain.contract_dates import NoticeBefore, NoticeCounts, NoticeRule, NoticeUnit, Renewal, RenewalKind
from domain.contracts import Contract, contracts
from domain.contracts.commands import (
    ActivateContract,
    ApproveContract,
    DraftContract,
    RecordAlert,
    RecordDates,
    RecordNoticeWindow,
    RecordRenewalStarted,
    RecordTermEnd,
    RegisterContract,
    SendForSignature,
    SubmitContract,
)
from domain.contracts.obligation_commands import RecordObligations
from domain.contracts.terms import Side, SignedPaper, Terms, ValuePer
from domain.kernel import SYSTEM, Actor, Command, Context, Event, Role, natural_id
from domain.settings import SETTINGS_ID, Settings
from tests.domain.deal_world import ACME, ANNA, BEN, FACTS, SHA, eur
from tests.spec import Spec

CONTRACT = natural_id("test", "the contract")
LAWYER = Actor(natural_id("test", "lawyer"), frozenset({Role.LEGAL}))
MANAGER = Actor(ANNA, frozenset({Role.ACCOUNT_MANAGER}))
BERLIN = "Europe/Berlin"
GERMAN = Calendar(
    BERLIN, frozenset({6, 7}), frozenset({date(2026, 10, 3), date(2026, 12, 25), date(2026, 12, 26), date(2027, 1, 1)}), time(9), time(17)
)
SETTINGS = replace(Settings(), zone=BERLIN, calendar="DE", calendars={"DE": GERMAN})
PAPER = SignedPaper(reference="contracts/acme.pdf", sha256=SHA)
SIGNED_PAPER = SignedPaper(reference="contracts/acme-signed.pdf", sha256="cd" * 32)
THREE_MONTHS = NoticeRule(count=3, unit=NoticeUnit.MONTHS, counts=NoticeCounts.RECEIVED, delivery_days=3)
YEARLY = Renewal(kind=RenewalKind.AUTO_RENEW, months=12)
FIXED = Renewal(kind=RenewalKind.FIXED)
EVERGREEN = Renewal(kind=RenewalKind.EVERGREEN, period_months=3)
BEFORE_PERIOD = NoticeRule(count=6, unit=NoticeUnit.MONTHS, before=NoticeBefore.PERIOD_END)
OTHER = natural_id("test", "another contract")
START, END = date(2026, 1, 1), date(2026, 12, 31)
SIGNED = date(2025, 12, 15)


def morning(day: date, zone: str = BERLIN) -> datetime:
    """Ten past midnight there: the day has just begun."""
    return datetime.combine(day, time(0, 10), ZoneInfo(zone)).astimezone(UTC)


contract = Spec(contracts).knowing({**FACTS, SETTINGS_ID: SETTINGS}).on(CONTRACT).by(MANAGER).at(morning(SIGNED))


def terms(**changes: Any) -> Terms:
    """A year worth 120,000 EUR, renewed by silence for another unless notice is received three months before."""
    said: dict[str, Any] = {
        "start": START,
        "end": END,
        "value": eur("120000"),
        "value_per": ValuePer.YEAR,
        "renewal": YEARLY,
        "notice": THREE_MONTHS,
    }
    return Terms(**(said | changes))


def drafting(**changes: Any) -> DraftContract:
    said: dict[str, Any] = {"title": "Saws", "side": Side.SELL, "party": ACME, "owner": ANNA, "terms": terms(), "zone": BERLIN}
    return DraftContract(**(said | changes))


def registering(**changes: Any) -> RegisterContract:
    said: dict[str, Any] = {**dict(drafting()), "signed_on": SIGNED, "paper": PAPER}
    return RegisterContract(**(said | changes))


def carried(spec: Spec[Contract | None], *commands: Command) -> Spec[Contract | None]:
    """The contract after these commands, none of which may be refused."""
    for command in commands:
        spec = spec.given(*spec.when(command).events)
    return spec


def signed(**changes: Any) -> Spec[Contract | None]:
    """A contract on the day it was signed, having gone through all states."""
    reviewed = carried(contract, drafting(**changes), SubmitContract())
    state = reviewed.state
    assert state is not None
    assert state.content is not None
    approved = carried(reviewed.by(LAWYER), ApproveContract(content=state.content))
    return carried(approved.by(MANAGER), SendForSignature(paper=PAPER), ActivateContract(signed_on=SIGNED, paper=SIGNED_PAPER))


draft = carried(contract, drafting())
reviewed = carried(draft, SubmitContract())
CONTENT = (reviewed.state and reviewed.state.content) or ""
approved = carried(reviewed.by(LAWYER), ApproveContract(content=CONTENT)).by(draft.actor)
"""A contract on its way to being signed, and the hash of what was read on it."""

CLOCK = (RecordDates(), RecordObligations(), RecordAlert(), RecordRenewalStarted(), RecordNoticeWindow(), RecordTermEnd())
"""Everything that the clock asks about, in the order in which it is asked."""


def passing(spec: Spec[Contract | None], until: date) -> tuple[Spec[Contract | None], list[tuple[date, Event]]]:
    """Each day up to `until` with what the clock records on it; the contract in the end."""
    told: list[tuple[date, Event]] = []
    day, state = spec.now.astimezone(ZoneInfo(BERLIN)).date(), spec.state
    facts = {SETTINGS_ID: spec.facts[SETTINGS_ID]}
    while day <= until:
        ctx = Context(now=morning(day), facts=facts, stream=spec.stream)
        for command in CLOCK:
            # folded once for all days, as the store's cache does
            for event in contracts.decide(state, command, ctx):
                assert isinstance(event, Event)
                told.append((day, event))
                state = contracts.evolve(state, event)
        day += timedelta(days=1)
    return spec.given(*(event for _, event in told)).at(morning(until)), told


def on(told: list[tuple[date, Event]], kind: type[Event]) -> list[date]:
    """The days on which events of a kind were recorded."""
    return [day for day, event in told if isinstance(event, kind)]


__all__ = ["ACME", "ANNA", "BEN", "SYSTEM"]
