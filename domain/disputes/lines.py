"""What moves the original of a case: lines that are added, reversed, or split off into a case of their own."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from domain.disputes import commands as c
from domain.disputes import events as e
from domain.disputes.clock_events import DisputeClocksSet
from domain.disputes.clocks import readings
from domain.disputes.entries import CaseLine, Movement
from domain.disputes.evolution import evolve, moved, stated
from domain.disputes.guards import check_status, line_of, parts_of, rules_of, settings_of
from domain.disputes.ledger import NOTHING, Bucket, Part, ledger_of
from domain.disputes.locks import free, lock
from domain.disputes.opening import new_lines
from domain.disputes.refusals import CaseIdTaken, NothingOpen, NothingToSplit, StillOpen
from domain.disputes.state import Dispute, Line
from domain.disputes.terms import Status
from domain.kernel import Context, Event, On, Outcome, Read

IN_WORK = (Status.OPENED, Status.ACKNOWLEDGED, Status.INVESTIGATING, Status.AWAITING_SUPPLIER)
"""Raised, and no offer on the table: an offer is about all that is open, so that may not change under it."""
CHANGEABLE = frozenset({Status.DRAFT, Status.REOPENED, *IN_WORK})


_LONGEST_TITLE = 200


def case_read(id: UUID) -> Read:
    return Read("dispute", id)


def add_lines(case: Dispute, command: c.AddDisputeLines, ctx: Context) -> Outcome:
    check_status(case, CHANGEABLE, "given lines")
    known = [line.reference.parts for line in case.lines.values()]
    lines = new_lines(command.lines, case.currency, known, ctx)
    after = {**case.lines, **stated(lines)}
    ledger = ledger_of((line.account for line in after.values()), case.currency)
    locked = () if case.status is Status.DRAFT else tuple(on for new in lines for on in lock(ctx, case.account, new.reference, ctx.own_id))
    return (e.DisputeLinesAdded(lines=lines, ledger=ledger), *locked)


def reverse_line(case: Dispute, command: c.ReverseDisputeLine, ctx: Context) -> Outcome:
    """Raises NothingOpen, and StillOpen for the last open line of a case that was raised: that is withdrawn or voided."""
    check_status(case, CHANGEABLE, "relieved of lines")
    line = line_of(case, command.line)
    part = line.account.open
    if not part.gross:
        raise NothingOpen("Nothing of this line is open; it cannot be reversed.", line=str(line.id))
    if case.status is not Status.DRAFT and part.gross == case.open_gross:
        raise StillOpen("This is all that is open; withdraw the case, or void it.", line=str(line.id))
    movement = left(line, part)
    lines = moved(case.lines, (movement,))
    ledger = ledger_of((known.account for known in lines.values()), case.currency)
    freed = free(ctx, case.account, line.reference, ctx.own_id) if lines[line.id].account.original == NOTHING else ()
    return (e.DisputeLineReversed(line=line.id, reason=command.reason, movement=movement, ledger=ledger), *freed)


def left(line: Line, part: Part) -> Movement:
    """What leaves the case, and its original with it."""
    return Movement(line=line.id, source=Bucket.OPEN, target=None, gross=part.gross, tax=part.tax)


def split(case: Dispute, command: c.SplitDispute, ctx: Context) -> Outcome:
    """Raises CaseIdTaken, NothingToSplit. The child has come as far as the case had, with its evidence and its clocks."""
    known: Dispute | None = ctx.fact(case_read(command.child))
    if known is not None and known.parent == ctx.own_id:
        return ()  # this split, repeated
    if known is not None or command.child == ctx.own_id:
        raise CaseIdTaken("The id for the new case is taken; send another one.", child=str(command.child))
    check_status(case, IN_WORK, "split")
    parts = parts_of(case, command.lines)
    if sum(part.gross for part in parts.values()) == case.open_gross:
        raise NothingToSplit("That is all that is open; leave something in this case.", open=str(case.open_gross))
    return tuple(_split(case, command, parts, ctx))


def _split(case: Dispute, command: c.SplitDispute, parts: dict[UUID, Part], ctx: Context) -> Iterator[Event | On]:
    child = case_read(command.child)
    movements = tuple(left(case.lines[id], part) for id, part in parts.items())
    lines = moved(case.lines, movements)
    ledger = ledger_of((line.account for line in lines.values()), case.currency)
    yield e.DisputeSplit(child=command.child, reason=command.reason, movements=movements, ledger=ledger)
    for id in parts:
        reference = case.lines[id].reference
        yield from lock(ctx, case.account, reference, command.child, shared_by=ctx.own_id)
        if lines[id].account.original == NOTHING:
            yield from free(ctx, case.account, reference, ctx.own_id)
    begun = _child(case, command, parts, ctx)
    yield On(child, begun)
    state = evolve(None, begun)
    assert state is not None
    yield On(child, DisputeClocksSet(readings=readings(state, settings_of(ctx)), rules=rules_of(ctx).version))


def _title(case: Dispute) -> str:
    """What a part is called that nobody gave a name: as the case, and which part it is, so that the two can be told apart."""
    part = f" (part {case.splits + 2})"
    return case.title[: _LONGEST_TITLE - len(part)].rstrip() + part


def _child(case: Dispute, command: c.SplitDispute, parts: dict[UUID, Part], ctx: Context) -> e.DisputeSplitOff:
    lines = tuple(
        CaseLine(id=ctx.new_id(), reference=case.lines[id].reference, gross=part.gross, tax=part.tax) for id, part in parts.items()
    )
    named = {(line.reference.kind, line.reference.document.casefold()) for line in lines}
    opened_at = case.opened_at
    assert opened_at is not None, "a case that is worked on was raised"
    return e.DisputeSplitOff(
        side=case.side,
        account=case.account,
        title=command.title or _title(case),
        reason=case.reason,
        reason_text=case.reason_text,
        severity=case.severity,
        lines=lines,
        documents=tuple(d for d in case.documents if (d.kind, d.number.casefold()) in named),
        ledger=ledger_of((line.account for line in stated(lines).values()), case.currency),
        owner=case.owner,
        team=case.team,
        commodity=case.commodity,
        region=case.region,
        our_calendar=case.our_calendar,
        their_calendar=case.their_calendar,
        contract=case.contract,
        obligation=case.obligation,
        parent=ctx.own_id,
        root=case.root or ctx.own_id,
        status=case.status,
        opened_at=opened_at,
        marks=case.marks,
        evidence=tuple(case.evidence.values()),
        rules=rules_of(ctx).version,
    )
