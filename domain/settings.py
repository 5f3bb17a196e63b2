"""A tenant's settings: the currency it reports in, its zone, fiscal year and country, calendars by name, the rules that it chooses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import Annotated, Any

from pydantic import Field

from domain.access_retention import AccessRetentionChanged, ChangeAccessRetention, change_access_retention
from domain.calendars import Calendar
from domain.contract_rules import STARTING as STARTING_CONTRACT_RULES
from domain.contract_rules import ChangeContractRules, ContractRules, ContractRulesChanged, change_contract_rules, contract_rules_after
from domain.deal_rules import STARTING, ChangeDealRules, DealRules, DealRulesChanged, change_deal_rules, deal_rules_after
from domain.dispute_rules import (
    STARTING_DISPUTE_RULES,
    ChangeDisputeRules,
    DisputeRules,
    DisputeRulesChanged,
    change_dispute_rules,
    dispute_rules_after,
)
from domain.kernel import SYSTEM, Command, Context, Decider, Event, Forbidden, Invalid, NotFound, Read, Role, natural_id
from domain.values import Country, Currency, Name, Text, Zone

SETTINGS_ID = natural_id("settings")
"""The one stream of settings in a tenant's log."""

CalendarKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$", examples=["DE-BE"])]


class Holiday(Text):
    day: date
    name: Name


class SettingsChanged(Event, topic="settings.changed"):
    """All of them from now on. `fiscal_year_start`: month 1 to 12. `calendar`: the name of our own."""

    currency: str
    zone: str
    fiscal_year_start: int
    country: str | None
    calendar: str | None


class CalendarDefined(Event, topic="settings.calendar_defined"):
    """The whole of a working calendar from now on; `weekend` in ISO weekdays, 1 Monday to 7 Sunday."""

    key: str
    zone: str
    weekend: tuple[int, ...]
    holidays: tuple[Holiday, ...]
    opens: time
    closes: time


class ChangeSettings(Command):
    """Change settings; fields left away stay."""

    currency: Currency | None = None
    zone: Zone | None = None
    fiscal_year_start: Annotated[int, Field(ge=1, le=12)] | None = None
    country: Country | None = None
    calendar: CalendarKey | None = None


class DefineCalendar(Command):
    """State on which days and hours a party works, as a whole."""

    key: CalendarKey
    zone: Zone
    weekend: tuple[Annotated[int, Field(ge=1, le=7)], ...] = (6, 7)
    holidays: tuple[Holiday, ...] = Field(default=(), max_length=5000)
    opens: time = time(9)
    closes: time = time(17)


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds until a tenant says otherwise."""

    currency: str = "EUR"
    zone: str = "UTC"
    fiscal_year_start: int = 1
    country: str | None = None
    calendar: str | None = None
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    holiday_names: Mapping[str, Mapping[date, str]] = field(default_factory=dict)
    deal_rules: DealRules = STARTING
    contract_rules: ContractRules = STARTING_CONTRACT_RULES
    dispute_rules: DisputeRules = STARTING_DISPUTE_RULES
    access_keep_days: int | None = None
    """For how many days the access log is kept; None: for ever."""

    def working_calendar(self, key: str | None = None) -> Calendar:
        """The calendar called `key`, else our own, else Monday to Friday in our zone."""
        return self.calendars.get(key or self.calendar or "") or self.calendars.get(self.calendar or "") or Calendar(zone=self.zone)


SETTINGS_READ = Read("settings", SETTINGS_ID)
_FIELDS = ("currency", "zone", "fiscal_year_start", "country", "calendar")


def _defined(settings: Settings, command: DefineCalendar) -> tuple[Event, ...]:
    holidays = tuple(sorted(command.holidays, key=lambda h: (h.day, h.name)))
    weekend = tuple(sorted(set(command.weekend)))
    if len({h.day for h in holidays}) != len(holidays):
        raise Invalid("A day is named twice among the holidays; name it once.")
    calendar = Calendar(command.zone, frozenset(weekend), frozenset(h.day for h in holidays), command.opens, command.closes)
    if calendar.fault is not None:
        raise Invalid(calendar.fault)
    if settings.calendars.get(command.key) == calendar and settings.holiday_names.get(command.key) == {h.day: h.name for h in holidays}:
        return ()
    return (
        CalendarDefined(key=command.key, zone=command.zone, weekend=weekend, holidays=holidays, opens=command.opens, closes=command.closes),
    )


def decide(settings: Settings, command: Any, ctx: Context) -> tuple[Event, ...]:
    if isinstance(command, ChangeDealRules):
        if ctx.actor.id != SYSTEM.id and not ctx.actor.has(Role.ADMIN, Role.SALES_CHIEF):
            raise Forbidden(
                "Only the sales chief and administration change the rules for deals; ask one of them.", roles=[Role.SALES_CHIEF, Role.ADMIN]
            )
        return change_deal_rules(settings.deal_rules, command)
    if isinstance(command, ChangeDisputeRules):
        if ctx.actor.id != SYSTEM.id and not ctx.actor.has(Role.ADMIN, Role.PROCUREMENT_HEAD, Role.FINANCE_CHIEF):
            raise Forbidden(
                "Only the head of procurement, the finance chief and administration change the rules for disputes; ask one of them.",
                roles=[Role.PROCUREMENT_HEAD, Role.FINANCE_CHIEF, Role.ADMIN],
            )
        return change_dispute_rules(settings.dispute_rules, command)
    if isinstance(command, ChangeContractRules):
        if ctx.actor.id != SYSTEM.id and not ctx.actor.has(Role.ADMIN, Role.LEGAL):
            raise Forbidden(
                "Only legal and administration change the rules for contracts; ask one of them.", roles=[Role.LEGAL, Role.ADMIN]
            )
        return change_contract_rules(settings.contract_rules, command)
    if isinstance(command, ChangeAccessRetention):
        if ctx.actor.id != SYSTEM.id and not ctx.actor.has(Role.ADMIN):
            raise Forbidden("Only administration says how long the access log is kept; ask an administrator.", roles=[Role.ADMIN])
        return change_access_retention(settings.access_keep_days, command)
    if ctx.actor.id != SYSTEM.id and not ctx.actor.has(Role.ADMIN, Role.FINANCE, Role.FINANCE_CHIEF):
        raise Forbidden("Only finance and administration change settings; ask one of them.", roles=[Role.FINANCE, Role.ADMIN])
    match command:
        case ChangeSettings():
            current = {name: getattr(settings, name) for name in _FIELDS}
            wanted = current | {name: value for name in command.model_fields_set if (value := getattr(command, name)) is not None}
            if wanted["calendar"] is not None and wanted["calendar"] not in settings.calendars:
                raise NotFound(f"There is no calendar {wanted['calendar']}; define it first.", calendar=wanted["calendar"])
            return () if wanted == current else (SettingsChanged(**wanted),)
        case DefineCalendar():
            return _defined(settings, command)
        case _:
            raise TypeError(f"settings know no {type(command).__name__}")


def evolve(settings: Settings, event: Event) -> Settings:
    match event:
        case SettingsChanged():
            return replace(settings, **{name: getattr(event, name) for name in _FIELDS})
        case CalendarDefined(key=key, zone=zone, weekend=weekend, holidays=holidays, opens=opens, closes=closes):
            calendar = Calendar(zone, frozenset(weekend), frozenset(h.day for h in holidays), opens, closes)
            names = {h.day: h.name for h in holidays}
            return replace(settings, calendars={**settings.calendars, key: calendar}, holiday_names={**settings.holiday_names, key: names})
        case DealRulesChanged():
            return replace(settings, deal_rules=deal_rules_after(event))
        case ContractRulesChanged():
            return replace(settings, contract_rules=contract_rules_after(event))
        case DisputeRulesChanged():
            return replace(settings, dispute_rules=dispute_rules_after(event))
        case AccessRetentionChanged(keep_days=keep_days):
            return replace(settings, access_keep_days=keep_days)
        case _:
            return settings


settings = Decider("settings", initial=Settings(), decide=decide, evolve=evolve, state_version=4)
