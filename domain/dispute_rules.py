"""The numbers and codes in the rules for disputes that a tenant chooses, with their starting values: a part of its settings."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from domain.kernel import Command, Event, Invalid, Role
from domain.values import Amount, Key, Text


class Reason(StrEnum):
    """Why something is disputed; `other` says so in words."""

    PRICE_VARIANCE = "price_variance"
    QUANTITY_SHORT = "quantity_short"
    QUANTITY_OVER = "quantity_over"
    DUPLICATE_INVOICE = "duplicate_invoice"
    DAMAGED = "damaged"
    QUALITY = "quality"
    LATE_DELIVERY = "late_delivery"
    WRONG_ITEM = "wrong_item"
    TAX_FREIGHT = "tax_freight"
    MISSING_ORDER = "missing_order"
    UNMET_OBLIGATION = "unmet_obligation"
    SLA_CREDIT = "sla_credit"
    TERMS = "terms"
    OTHER = "other"


class EvidenceKind(StrEnum):
    """What a piece of evidence is; the reason of the case decides which must be there."""

    INVOICE = "invoice"
    ORDER = "order"
    CONTRACT = "contract"
    PRICE_LIST = "price_list"
    DELIVERY_NOTE = "delivery_note"
    INSPECTION = "inspection"
    PHOTO = "photo"
    MEASUREMENT = "measurement"
    CORRESPONDENCE = "correspondence"
    OTHER = "other"


class EvidenceNeed(Text):
    """Each of `kinds` is a choice: one piece of any kind in it has to be there."""

    reason: Reason
    kinds: tuple[tuple[EvidenceKind, ...], ...]


class WriteOffLimit(Text):
    """Up to `amount`, in the reporting currency, this role may write off; None: whatever amount."""

    role: Role
    amount: Annotated[Amount, Field(ge=0)] | None


_K = EvidenceKind
_NEEDS: dict[Reason, tuple[tuple[EvidenceKind, ...], ...]] = {
    Reason.PRICE_VARIANCE: ((_K.ORDER, _K.CONTRACT, _K.PRICE_LIST),),
    Reason.QUANTITY_SHORT: ((_K.DELIVERY_NOTE,),),
    Reason.QUANTITY_OVER: ((_K.DELIVERY_NOTE,), (_K.ORDER, _K.CONTRACT)),
    Reason.DUPLICATE_INVOICE: ((_K.INVOICE,),),
    Reason.DAMAGED: ((_K.PHOTO,), (_K.DELIVERY_NOTE,)),
    Reason.QUALITY: ((_K.INSPECTION,),),
    Reason.LATE_DELIVERY: ((_K.ORDER, _K.CONTRACT), (_K.DELIVERY_NOTE,)),
    Reason.WRONG_ITEM: ((_K.ORDER, _K.CONTRACT), (_K.DELIVERY_NOTE, _K.PHOTO)),
    Reason.TAX_FREIGHT: ((_K.INVOICE,),),
    Reason.MISSING_ORDER: ((_K.INVOICE,),),
    Reason.UNMET_OBLIGATION: ((_K.CONTRACT,),),
    Reason.SLA_CREDIT: ((_K.CONTRACT,), (_K.MEASUREMENT,)),
    Reason.TERMS: ((_K.CONTRACT, _K.ORDER),),
    Reason.OTHER: (),
}
_LIMITS = (
    WriteOffLimit(role=Role.AP_CLERK, amount=Decimal(100)),
    WriteOffLimit(role=Role.PROCUREMENT, amount=Decimal(100)),
    WriteOffLimit(role=Role.CATEGORY_LEAD, amount=Decimal(2_000)),
    WriteOffLimit(role=Role.PROCUREMENT_HEAD, amount=Decimal(20_000)),
    WriteOffLimit(role=Role.FINANCE_CHIEF, amount=None),
)
OPERATOR_ERROR = "operator_error"
"""The root cause that alone explains nothing: why could the error happen, and why was it not found?"""


@dataclass(frozen=True, slots=True)
class DisputeRules:
    """All (default). Days of the first four are business days, in the calendar of who owes; a business day is as long as
    the calendar's hours. All other days are 24 hours long.
    """

    acknowledge_days: int = 2
    """Who has to answer confirms within so many business days that the claim arrived; else it is looked into without."""
    first_answer_days: int = 5
    reply_days: int = 5
    """To each later question."""
    critical_resolve_days: int = 5
    resolve_days: int = 30
    """Calendar days in which a case is settled that is not critical; times of waiting for the other side do not count."""
    warn_percents: tuple[int, ...] = (50, 75)
    escalate_percents: tuple[int, ...] = (100, 150, 200)
    """At so many percent of a limit a case is raised to level 1, 2, 3."""
    reopen_days: int = 30
    repeat_days: int = 90
    """Cases with the same supplier for the same reason within so many days ask for a corrective action."""
    d3_hours: int = 48
    d4_days: int = 14
    d5_days: int = 30
    settle_days: int = 14
    """Days in which an agreement is carried out that names no day itself."""
    evidence: tuple[EvidenceNeed, ...] = tuple(EvidenceNeed(reason=r, kinds=k) for r, k in _NEEDS.items())
    write_off_limits: tuple[WriteOffLimit, ...] = _LIMITS
    write_off_reasons: tuple[str, ...] = ("uneconomic", "unprovable", "goodwill", "insolvent", "time_barred", "other")
    root_causes: tuple[str, ...] = (
        "supplier_pricing",
        "supplier_invoicing",
        "supplier_quality",
        "supplier_logistics",
        "carrier",
        "our_order",
        "our_receiving",
        "our_master_data",
        "contract_unclear",
        "system_interface",
        "missing_control",
        "training",
        OPERATOR_ERROR,
        "claim_unfounded",
        "other",
    )
    version: int = 0
    """How often they were changed; 0 are those that every tenant begins with."""

    def missing(self, reason: Reason, held: frozenset[EvidenceKind]) -> tuple[tuple[EvidenceKind, ...], ...]:
        """The choices of evidence that the reason asks for and of which nothing is held."""
        asked = next((need.kinds for need in self.evidence if need.reason is reason), ())
        return tuple(choice for choice in asked if held.isdisjoint(choice))


STARTING_DISPUTE_RULES = DisputeRules()
_CHOSEN = tuple(f.name for f in fields(DisputeRules) if f.name != "version")


class DisputeRulesChanged(Event, topic="settings.dispute_rules_changed"):
    """All rules for disputes from now on. Decisions that one of them bears on name the `version` they used."""

    version: int
    acknowledge_days: int
    first_answer_days: int
    reply_days: int
    critical_resolve_days: int
    resolve_days: int
    warn_percents: tuple[int, ...]
    escalate_percents: tuple[int, ...]
    reopen_days: int
    repeat_days: int
    d3_hours: int
    d4_days: int
    d5_days: int
    settle_days: int
    evidence: tuple[EvidenceNeed, ...]
    write_off_limits: tuple[WriteOffLimit, ...]
    write_off_reasons: tuple[str, ...]
    root_causes: tuple[str, ...]


Days = Annotated[int, Field(ge=1, le=3650)]
Codes = Annotated[tuple[Key, ...], Field(min_length=1, max_length=50)]
Percents = Annotated[tuple[Annotated[int, Field(ge=1, le=99)], ...], Field(max_length=5)]


class ChangeDisputeRules(Command):
    """Change rules for disputes; those left away stay. `evidence` replaces what the reasons named in it ask for.

    What was decided before stays as it was decided; clocks that run are measured by the new limits from their next event on.
    """

    acknowledge_days: Days | None = None
    first_answer_days: Days | None = None
    reply_days: Days | None = None
    critical_resolve_days: Days | None = None
    resolve_days: Days | None = None
    warn_percents: Percents | None = None
    escalate_percents: Annotated[tuple[Annotated[int, Field(ge=100, le=1000)], ...], Field(min_length=1, max_length=3)] | None = None
    reopen_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    repeat_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    d3_hours: Annotated[int, Field(ge=1, le=1000)] | None = None
    d4_days: Days | None = None
    d5_days: Days | None = None
    settle_days: Days | None = None
    evidence: Annotated[tuple[EvidenceNeed, ...], Field(max_length=len(Reason))] | None = None
    write_off_limits: Annotated[tuple[WriteOffLimit, ...], Field(max_length=len(Role))] | None = None
    write_off_reasons: Codes | None = None
    root_causes: Codes | None = None


def change_dispute_rules(current: DisputeRules, command: ChangeDisputeRules) -> tuple[Event, ...]:
    """Raises Invalid for a code or role that is named twice, and for percents that do not rise."""
    said = {name: value for name in command.model_fields_set if (value := getattr(command, name)) is not None}
    wanted: dict[str, Any] = {name: getattr(current, name) for name in _CHOSEN} | said
    for name in ("write_off_reasons", "root_causes"):
        if len(set(wanted[name])) != len(wanted[name]):
            raise Invalid(f"A code is named twice in {name}; name it once.")
    if len({limit.role for limit in wanted["write_off_limits"]}) != len(wanted["write_off_limits"]):
        raise Invalid("A role is named twice in write_off_limits; name it once.")
    for name in ("warn_percents", "escalate_percents"):
        if list(wanted[name]) != sorted(set(wanted[name])):
            raise Invalid(f"The percents in {name} have to rise; order them, and name each once.")
    asked = {need.reason: need for need in current.evidence} | {need.reason: need for need in said.get("evidence", ())}
    wanted["evidence"] = tuple(asked[reason] for reason in Reason if reason in asked)
    if all(getattr(current, name) == value for name, value in wanted.items()):
        return ()
    return (DisputeRulesChanged(version=current.version + 1, **wanted),)


def dispute_rules_after(event: DisputeRulesChanged) -> DisputeRules:
    """The rules that an event made."""
    values = {name: getattr(event, name) for name in _CHOSEN}
    return DisputeRules(**values, version=event.version)
