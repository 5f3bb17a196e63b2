"""How a case ends, settled or not: withdrawn, voided, written off, closed with its root cause; and how it is taken up again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from domain.dispute_rules import DisputeRules
from domain.disputes import commands as c
from domain.disputes import events as e
from domain.disputes.authority import authority
from domain.disputes.corrective_events import CorrectiveActionCancelled
from domain.disputes.entries import Movement
from domain.disputes.evolution import moved, traces
from domain.disputes.guards import check_amount, check_status, line_of, moment, rules_of, speaker, words
from domain.disputes.ledger import NOTHING, Bucket, Ledger, Part, ledger_of
from domain.disputes.lines import IN_WORK, left
from domain.disputes.locks import free, lock
from domain.disputes.offers import ON_TABLE
from domain.disputes.opening import attached
from domain.disputes.refusals import (
    ClaimantOnly,
    CodeUnknown,
    DisputeNotThere,
    EvidenceNotNew,
    LineTwice,
    MoreThanOpen,
    NoteNeeded,
    NothingOpen,
    ReopeningTooLate,
    RootCauseMissing,
)
from domain.disputes.state import OVER, Dispute, Line
from domain.disputes.terms import Side, Status
from domain.imports import ChangedSinceImport, UndoImport
from domain.kernel import Context, Event, On, Outcome
from domain.suppliers.counting import discounted
from domain.values import Money


def _emptied(case: Dispute, target: Bucket | None) -> tuple[tuple[Movement, ...], Ledger]:
    """All that is open goes to `target`, or out of the case; and the ledger after that."""
    movements = []
    for line in case.lines.values():
        part = line.account.open
        if part == NOTHING:
            continue
        movements.append(
            left(line, part)
            if target is None
            else Movement(line=line.id, source=Bucket.OPEN, target=target, gross=part.gross, tax=part.tax)
        )
    lines = moved(case.lines, movements)
    return tuple(movements), ledger_of((line.account for line in lines.values()), case.currency)


def _freed(case: Dispute, ctx: Context) -> Iterator[On]:
    for line in case.lines.values():
        yield from free(ctx, case.account, line.reference, ctx.own_id)


def _uncounted(case: Dispute, ctx: Context) -> Iterator[On]:
    """A case that should not have been says nothing of the supplier."""
    if case.side is Side.BUY and case.status is not Status.DRAFT:
        yield from discounted(ctx, case.account, ctx.own_id)


def _cancelled(case: Dispute, ctx: Context) -> Iterator[Event]:
    """What was not rightly claimed asks for no corrective action."""
    if case.corrective is not None and case.corrective.open:
        yield CorrectiveActionCancelled(round=case.corrective.round, reason="The claim was given up.", at=moment(case, ctx))


def withdraw(case: Dispute, command: c.WithdrawDispute, ctx: Context) -> Outcome:
    """Raises ClaimantOnly."""
    if case.status is Status.WITHDRAWN:
        return ()
    party = speaker(ctx, command.by, case.claimant)
    if party is not case.claimant:
        raise ClaimantOnly("A claim is withdrawn by the side that raised it; turn it down, or counter it, instead.")
    check_status(case, {*IN_WORK, *ON_TABLE}, "withdrawn")
    movements, ledger = _emptied(case, Bucket.WITHDRAWN)
    withdrawn = e.DisputeWithdrawn(party=party, reason=command.reason, movements=movements, ledger=ledger, at=moment(case, ctx))
    return (withdrawn, *_cancelled(case, ctx), *_freed(case, ctx), *_uncounted(case, ctx))


def void(case: Dispute, command: c.VoidDispute, ctx: Context) -> Outcome:
    if case.status is Status.VOIDED:
        return ()
    check_status(case, {Status.DRAFT, Status.OPENED}, "voided")
    return _voided(case, command.reason, ctx)


def _voided(case: Dispute, reason: str, ctx: Context) -> Outcome:
    movements, ledger = _emptied(case, None)
    voided = e.DisputeVoided(reason=reason, movements=movements, ledger=ledger, at=moment(case, ctx))
    return (voided, *_cancelled(case, ctx), *_freed(case, ctx), *_uncounted(case, ctx))


def undo_import(case: Dispute, command: UndoImport, ctx: Context) -> Outcome:
    """A case that came with the run is voided, unless somebody has worked on it since; what its clocks did meanwhile goes with it.

    Raises ChangedSinceImport.
    """
    if case.run != command.run or case.status is Status.VOIDED:
        return ()
    if case.handled:
        raise ChangedSinceImport(
            f"Somebody has worked on this case since; it is {words(case.status)}. "
            + ("It stays as it ended." if case.status in OVER else "Withdraw it instead, or settle it.")
        )
    return _voided(case, "The import that brought it was undone.", ctx)


def write_off(case: Dispute, command: c.WriteOffDispute, ctx: Context) -> Outcome:
    """Raises NothingOpen, CodeUnknown, NoteNeeded, AuthorityMissing, NoRate."""
    if case.status is Status.WRITTEN_OFF:
        return ()
    check_status(case, {Status.INVESTIGATING, Status.PROPOSED}, "written off")
    opened = case.open_gross
    if not opened:
        raise NothingOpen("Nothing is open; withdraw the case, or add a line.")
    _check_code(command.reason, command.note, rules_of(ctx).write_off_reasons, "reason for a write-off")
    right = authority(Money(amount=opened, currency=case.currency), command.member, ctx)
    movements, ledger = _emptied(case, Bucket.WRITTEN_OFF)
    return (
        e.DisputeWrittenOff(
            reason=command.reason, note=command.note, movements=movements, ledger=ledger, authority=right, at=moment(case, ctx)
        ),
    )


def _check_code(code: str, note: str | None, codes: Iterable[str], what: str) -> None:
    known = list(codes)
    if code not in known:
        raise CodeUnknown(f"There is no {what} {code!r}; choose one of {', '.join(known)}.", codes=known, given=code)
    if code == "other" and note is None:
        raise NoteNeeded(f'The {what} "other" needs a note; say what it was.')


def find_root_cause(case: Dispute, command: c.FindRootCause, ctx: Context) -> Outcome:
    check_status(case, frozenset(Status) - OVER - {Status.DRAFT}, "given a root cause")
    return tuple(_cause(case, command.root_cause, command.note, rules_of(ctx)))


def _cause(case: Dispute, root_cause: str, note: str | None, rules: DisputeRules) -> Iterator[Event]:
    _check_code(root_cause, note, rules.root_causes, "root cause")
    if case.root_cause != root_cause:
        yield e.DisputeRootCauseFound(root_cause=root_cause, note=note, rules=rules.version)


def close(case: Dispute, command: c.CloseDispute, ctx: Context) -> Outcome:
    """Raises RootCauseMissing, CodeUnknown, NoteNeeded."""
    if case.status is Status.CLOSED:
        return ()
    check_status(case, {Status.SETTLED, Status.WRITTEN_OFF}, "closed")
    rules, at = rules_of(ctx), moment(case, ctx)
    cause = command.root_cause or case.root_cause
    if cause is None:
        raise RootCauseMissing("Name the root cause first, so that it need not happen again.", codes=list(rules.root_causes))
    found = tuple(_cause(case, cause, command.note, rules)) if command.root_cause is not None else ()
    until = at + timedelta(days=rules.reopen_days)
    return (*found, e.DisputeClosed(root_cause=cause, at=at, reopen_until=until, rules=rules.version), *_freed(case, ctx))


def reopen(case: Dispute, command: c.ReopenDispute, ctx: Context) -> Outcome:
    """Raises ReopeningTooLate, EvidenceNotNew, MoreThanOpen, LineInOtherCase."""
    check_status(case, {Status.CLOSED}, "reopened")
    at, until = moment(case, ctx), case.reopen_until
    if case.closed_at is None or until is None or at < case.closed_at:
        raise DisputeNotThere("The case was not closed yet at that time.", status=case.status.value)
    if max(at, ctx.now) > until:
        raise ReopeningTooLate(
            f"This case could be taken up again until {until.isoformat()}; open a new one.", reopen_until=until.isoformat()
        )
    new = [piece for piece in command.evidence if not traces(piece) & case.known_evidence]
    if not new:
        raise EvidenceNotNew("A closed case is taken up on new evidence only; all of this is in the case already.")
    movements = tuple(_back(case, command))
    lines = moved(case.lines, movements)
    ledger = ledger_of((line.account for line in lines.values()), case.currency)
    reopened = e.DisputeReopened(reason=command.reason, movements=movements, ledger=ledger, at=at, rules=rules_of(ctx).version)
    pieces = (attached(piece, speaker(ctx, None), ctx) for piece in new)
    # What was reversed or split away as a whole is in this case no more, and may be another's; of what was split in part the rest is.
    here = [line for line in case.lines.values() if line.account.original != NOTHING]
    locked = (on for line in here for on in lock(ctx, case.account, line.reference, ctx.own_id))
    return (reopened, *pieces, *locked)


def _back(case: Dispute, command: c.ReopenDispute) -> Iterator[Movement]:
    """What is open again of each line: as much as is told, or all; what was paid first, then what was written off."""
    asked: dict[UUID, Decimal | None] = {}
    for item in command.lines:
        if item.line in asked:
            raise LineTwice("A line is named twice; name it once, with the whole amount.", line=str(item.line))
        asked[line_of(case, item.line).id] = item.amount if item.amount is None else check_amount(item.amount, case.currency)
    for line in case.lines.values():
        if command.lines and line.id not in asked:
            continue
        most = line.account.paid.gross + line.account.written_off.gross
        amount = asked.get(line.id)
        if amount is not None and amount > most:
            raise MoreThanOpen(
                f"Of this line {Money(amount=most, currency=case.currency)} was paid or written off; no more can be open again.",
                line=str(line.id),
                open=str(most),
            )
        yield from _returned(line, most if amount is None else amount, case.currency)


def _returned(line: Line, amount: Decimal, currency: str) -> Iterator[Movement]:
    for bucket in (Bucket.PAID, Bucket.WRITTEN_OFF):
        taken = min(amount, line.account.of(bucket).gross)
        if taken:
            part: Part = line.account.share(taken, currency, bucket)
            yield Movement(line=line.id, source=bucket, target=Bucket.OPEN, gross=part.gross, tax=part.tax)
            amount -= taken
