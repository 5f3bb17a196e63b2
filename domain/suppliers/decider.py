"""The deciders of suppliers and of the scorecard: which rule answers which command, and what it reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from domain.backdating import check_dating
from domain.calendars import Calendar
from domain.kernel import SYSTEM, Context, Decider, Event, Forbidden, Invalid, NotFound, Outcome, Read, Refused, Role
from domain.settings import SETTINGS_READ, Settings
from domain.suppliers import commands as c
from domain.suppliers import events as e
from domain.suppliers.scoring import STARTING_SCORECARD, band_of, fault, figures, months_until, score
from domain.suppliers.state import Scorecard, Standing, Supplier, evolve, number, place, scorecard_after
from domain.suppliers.terms import Qualification

_ENDING = frozenset({Qualification.QUALIFIED, Qualification.CONDITIONAL})
SCORECARD_READ = Read("scorecard", e.SCORECARD_ID)


class SupplierBlocked(Refused):
    """The supplier's score blocks orders; `score` and `band` say which."""


class NotQualified(Refused):
    """The supplier may not deliver this commodity in this region."""


class QualificationIncomplete(Invalid):
    """A qualification ends on a day; a condition or disqualification is put into words."""


class MonthNotBegun(Refused):
    """A month is scored once it has begun."""


class ScorecardFaulty(Invalid):
    """Weights do not add up to 100, or bands leave a gap."""


def _today(ctx: Context) -> date:
    settings: Settings | None = ctx.fact(SETTINGS_READ)
    calendar: Calendar = (settings or Settings()).working_calendar()
    return calendar.local_date(ctx.now)


def may_order(supplier: Supplier | None, commodity: str | None, region: str | None, day: date) -> Refused | None:
    """Why nothing may be ordered from a supplier, if so: the refusal, not raised. `day`: of the order."""
    if supplier is None:
        return None
    standing = supplier.qualifications.get(place(commodity, region)) if commodity is not None and region is not None else None
    if standing is not None:
        if standing.status is Qualification.DISQUALIFIED:
            return NotQualified(
                f"This supplier is disqualified for {commodity} in {region}; choose another.",
                status=standing.status,
                reason=standing.reason,
            )
        if standing.status in _ENDING and standing.until is not None and standing.until < day:
            return NotQualified(
                f"The supplier's qualification for {commodity} in {region} ended on {standing.until}; renew it first.",
                status=standing.status,
                until=standing.until.isoformat(),
            )
    if supplier.blocked and supplier.scored is not None:
        return SupplierBlocked(
            f"This supplier's score is {supplier.scored.score}, which is {supplier.scored.band_name}: nothing is ordered from it. "
            "Choose another, or have it improve.",
            score=str(supplier.scored.score),
            band=supplier.scored.band,
        )
    return None


def decide(supplier: Supplier | None, command: Any, ctx: Context) -> Outcome:
    check_dating(ctx)
    if isinstance(command, c.RecordLapsedQualifications):
        return tuple(_lapsed(supplier, ctx)) if supplier is not None else ()
    if ctx.stream is not None and ctx.stream != e.supplier_id(command.account):
        raise Invalid("A supplier has its own stream, which follows from the account.", stream=str(e.supplier_id(command.account)))
    if ctx.fact(Read("account", command.account)) is None:
        raise NotFound("There is no such account; open it first, or choose another.", account=str(command.account))
    match command:
        case c.QualifySupplier():
            return _qualified(supplier, command, ctx)
        case c.RecordOrder():
            return _ordered(supplier, command, ctx)
        case c.RecordDelivery():
            return _delivered(supplier, command)
        case c.RecordInvoice():
            return _invoiced(supplier, command)
        case c.ScoreSupplier(month=month):
            return _scored(supplier or Supplier(command.account), month, ctx)
        case _:
            raise TypeError(f"a supplier knows no {type(command).__name__}")


def _qualified(supplier: Supplier | None, command: c.QualifySupplier, ctx: Context) -> Outcome:
    status = command.status
    if status in _ENDING and command.until is None:
        raise QualificationIncomplete("A qualification ends on a day; give `until`.")
    if command.until is not None and (status not in _ENDING or command.until < _today(ctx)):
        raise QualificationIncomplete(
            "Only a qualification that is or becomes valid ends on a day to come; correct `until` or leave it away."
        )
    if status is Qualification.CONDITIONAL and command.conditions is None:
        raise QualificationIncomplete("Say on which conditions.")
    if status is Qualification.DISQUALIFIED and command.reason is None:
        raise QualificationIncomplete("Say for which reason.")
    known = supplier.qualifications.get(place(command.commodity, command.region)) if supplier is not None else None
    if known == Standing(status, command.until, command.conditions, command.reason):
        return ()
    return (e.SupplierQualified(**dict(command), previous=None if known is None else known.status),)


def _lapsed(supplier: Supplier, ctx: Context) -> Iterator[Event]:
    today = _today(ctx)
    for key, standing in supplier.qualifications.items():
        commodity, region = key.split(":")
        if standing.until is not None and standing.until < today:
            yield e.SupplierQualificationLapsed(account=supplier.account, commodity=commodity, region=region, until=standing.until)


def _ordered(supplier: Supplier | None, command: c.RecordOrder, ctx: Context) -> Outcome:
    """What a system of record tells of the past is recorded as it was."""
    if supplier is not None and number(command.order) in supplier.orders:
        return ()
    if ctx.actor.id != SYSTEM.id and (refusal := may_order(supplier, command.commodity, command.region, command.on)) is not None:
        raise refusal
    return (e.SupplierOrdered(**dict(command), month=_month(command.on)),)


def _delivered(supplier: Supplier | None, command: c.RecordDelivery) -> Outcome:
    if supplier is not None and number(command.delivery) in supplier.deliveries:
        return ()
    if command.rejected > command.units:
        raise Invalid("More units were refused than came; correct one of the two.")
    on_time = command.delivered_on <= command.due_on
    return (e.SupplierDelivered(**dict(command), on_time=on_time, month=_month(command.delivered_on)),)


def _invoiced(supplier: Supplier | None, command: c.RecordInvoice) -> Outcome:
    if supplier is not None and number(command.invoice) in supplier.invoices:
        return ()
    if command.agreed.currency != command.invoiced.currency:
        raise Invalid("Both amounts are in one currency; convert one of them first.")
    return (e.SupplierInvoiced(**dict(command), month=_month(command.on)),)


def _month(day: date) -> str:
    return f"{day:%Y-%m}"


def _scored(supplier: Supplier, month: str, ctx: Context) -> Outcome:
    if month > _month(_today(ctx)):
        raise MonthNotBegun(f"{month} has not begun; score an earlier month.", month=month)
    known: Scorecard | None = ctx.fact(SCORECARD_READ)
    scorecard = known or STARTING_SCORECARD
    measured = figures(supplier, month, scorecard)
    points = score(measured)
    before = supplier.scored
    if points is None and (before is None or before.score is None):
        return ()
    band = None if points is None else band_of(points, scorecard)
    scored = e.SupplierScored(
        account=supplier.account,
        month=month,
        since=months_until(month, scorecard.months)[0],
        score=points,
        band=None if band is None else band.key,
        band_name=None if band is None else band.name,
        blocks_orders=band is not None and band.blocks_orders,
        figures=measured,
        previous=None if before is None else before.score,
        scorecard=scorecard.version,
    )
    if before is not None and before.model_copy(update={"previous": scored.previous}) == scored:
        return ()
    return (scored,)


def reads(_supplier: Supplier | None, command: Any, _facts: Mapping[UUID, Any]) -> Iterator[Read]:
    yield SETTINGS_READ
    if not isinstance(command, c.RecordLapsedQualifications):
        yield Read("account", command.account)
    if isinstance(command, c.ScoreSupplier):
        yield SCORECARD_READ


suppliers: Decider[Supplier | None] = Decider("supplier", None, decide, evolve, reads, state_version=2)


def define(scorecard: Scorecard, command: Any, ctx: Context) -> Outcome:
    if not isinstance(command, c.DefineScorecard):
        raise TypeError(f"a scorecard knows no {type(command).__name__}")
    if ctx.actor.id != SYSTEM.id and not ctx.actor.has(Role.ADMIN, Role.PROCUREMENT_HEAD):
        raise Forbidden(
            "Only the head of procurement and administration say how suppliers are scored; ask one of them.",
            roles=[Role.PROCUREMENT_HEAD, Role.ADMIN],
        )
    if (wrong := fault(command.weights, command.bands)) is not None:
        raise ScorecardFaulty(wrong)
    bands = tuple(sorted(command.bands, key=lambda band: band.at_least))
    ends: list[Decimal | None] = [*(band.at_least for band in bands[1:]), None]
    covered = tuple(band.model_copy(update={"below": end}) for band, end in zip(bands, ends, strict=True))
    if (command.weights, covered, command.months) == (scorecard.weights, scorecard.bands, scorecard.months):
        return ()
    return (e.ScorecardDefined(version=scorecard.version + 1, weights=command.weights, bands=covered, months=command.months),)


scorecards: Decider[Scorecard] = Decider("scorecard", STARTING_SCORECARD, define, scorecard_after)
