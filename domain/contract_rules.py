"""The rules for contracts that a tenant chooses, with their starting values: a part of its settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from domain.kernel import Command, Event, Invalid
from domain.values import Amount, Money, Text

AlertDays = Annotated[tuple[Annotated[int, Field(ge=1, le=730)], ...], Field(min_length=1, max_length=20)]


class AlertBand(Text):
    """Contracts worth `above` or more a year, in the reporting currency, are told of so many `days` before notice has to be sent."""

    above: Annotated[Amount, Field(ge=0)]
    days: AlertDays


@dataclass(frozen=True, slots=True)
class ContractRules:
    """All (default). Days are calendar days in the contract's zone."""

    alerts: tuple[AlertBand, ...] = (
        AlertBand(above=Decimal(0), days=(60, 30, 14, 7)),
        AlertBand(above=Decimal(10_000), days=(90, 60, 30, 14, 7)),
        AlertBand(above=Decimal(100_000), days=(120, 90, 60, 30, 14, 7)),
    )
    """By yearly value; the band with the highest `above` that the value reaches. A contract of unknown value is alerted of by the last."""
    manager_from: int = 14
    """Alerts with so few days left, or fewer, are told to the owner's manager too."""
    renewal_lead_days: int = 90
    """The renewal begins to be prepared so many days before the deadline for notice."""
    version: int = 0
    """How often they were changed; 0 are those that every tenant begins with."""

    def alert_days(self, annual: Money | None) -> tuple[int, ...]:
        """How many days before notice has to be sent there are alerts, longest first."""
        bands = sorted(self.alerts, key=lambda band: band.above)
        if annual is not None:
            bands = [band for band in bands if band.above <= annual.amount] or bands[:1]
        return tuple(sorted(set(bands[-1].days), reverse=True))


STARTING = ContractRules()
CHOSEN = tuple(f.name for f in fields(ContractRules) if f.name != "version")


class ContractRulesChanged(Event, topic="settings.contract_rules_changed"):
    """All rules for contracts from now on; what they bear on names the `version` it used."""

    version: int
    alerts: tuple[AlertBand, ...]
    manager_from: int
    renewal_lead_days: int


class ChangeContractRules(Command):
    """Change rules for contracts; those left away stay. What was decided before stays as it was decided.

    `alerts`: how many days before notice has to be sent the owner is told, by yearly value. `manager_from`: from so few days left
    on, the manager is told too. `renewal_lead_days`: how long before the deadline a renewal begins to be prepared.
    """

    alerts: Annotated[tuple[AlertBand, ...], Field(min_length=1, max_length=20)] | None = None
    manager_from: Annotated[int, Field(ge=0, le=730)] | None = None
    renewal_lead_days: Annotated[int, Field(ge=0, le=730)] | None = None


def change_contract_rules(current: ContractRules, command: ChangeContractRules) -> tuple[Event, ...]:
    """Raises Invalid for two bands that begin at the same value, and where none begins at zero."""
    wanted: dict[str, Any] = {name: getattr(current, name) for name in CHOSEN}
    wanted |= {name: value for name in command.model_fields_set if (value := getattr(command, name)) is not None}
    wanted["alerts"] = _ordered(wanted["alerts"])
    if all(getattr(current, name) == value for name, value in wanted.items()):
        return ()
    return (ContractRulesChanged(version=current.version + 1, **wanted),)


def _ordered(bands: Iterable[AlertBand]) -> tuple[AlertBand, ...]:
    ordered = tuple(sorted(bands, key=lambda band: band.above))
    if len({band.above for band in ordered}) != len(ordered):
        raise Invalid("Two bands of alerts begin at the same value; give each its own.")
    if ordered and ordered[0].above != 0:
        raise Invalid("The first band of alerts has to begin at 0, or smaller contracts would have none.")
    return ordered


def contract_rules_after(event: ContractRulesChanged) -> ContractRules:
    """The rules that an event made."""
    return ContractRules(**{f.name: getattr(event, f.name) for f in fields(ContractRules)})
