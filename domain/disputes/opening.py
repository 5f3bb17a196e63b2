"""How a claim begins: drafted, submitted or raised at once, or told by a source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from domain.dispute_rules import EvidenceKind, Reason
from domain.disputes import commands as c
from domain.disputes import events as e
from domain.disputes.corrective import demanded
from domain.disputes.entries import CaseEvidence, CaseLine
from domain.disputes.evolution import evolve, stated
from domain.disputes.guards import check_amount, check_status, is_outside, moment, rules_of, speaker
from domain.disputes.ledger import ledger_of
from domain.disputes.locks import lock
from domain.disputes.refusals import (
    AccountUnavailable,
    CurrencyMixed,
    EvidenceMissing,
    ForOthers,
    LineTwice,
    NothingDisputed,
    ReasonTextNeeded,
)
from domain.disputes.state import Dispute
from domain.disputes.terms import DisputedDocument, DisputedLine, Evidence, Party, Side, Status, Visibility
from domain.kernel import AlreadyExists, Context, Event, On, Outcome, Read
from domain.standing import check_active, check_team, member_read
from domain.suppliers.counting import counted, supplier_read
from domain.suppliers.state import Supplier

_NONE = Decimal(0)
_SAID = tuple(name for name in e.CaseFacts.model_fields if name in c.DraftDispute.model_fields and name not in {"lines", "team"})


class AccountStanding(Protocol):
    """What a case reads of an account."""

    @property
    def open(self) -> bool: ...
    @property
    def merged_into(self) -> UUID | None: ...


class MemberStanding(Protocol):
    """What a case reads of a member."""

    @property
    def team(self) -> UUID | None: ...


def account_read(id: UUID) -> Read:
    return Read("account", id)


def check_account(id: UUID, ctx: Context) -> None:
    """Refuse an account that does not exist, or to which nothing new may happen."""
    account: AccountStanding | None = ctx.fact(account_read(id))
    if account is None:
        raise AccountUnavailable("There is no such account; open it first, or choose another.", account=str(id))
    if account.merged_into is not None:
        raise AccountUnavailable(
            "This account was merged into another; use that one.", account=str(id), merged_into=str(account.merged_into)
        )
    if not account.open:
        raise AccountUnavailable("This account is closed; reopen it, or choose another.", account=str(id))


def team_of(member: UUID, ctx: Context) -> UUID | None:
    """The member's own team."""
    found: MemberStanding | None = ctx.fact(member_read(member))
    return None if found is None else found.team


def begin(case: Dispute | None, command: c.DraftDispute, ctx: Context) -> Outcome:
    """Draft a claim, and raise it where that is asked for."""
    if case is not None:
        if not isinstance(command, c.ImportDispute) or case.source != (command.source, command.source_id):
            raise AlreadyExists("This case exists already; change it instead.")
        if case.status is not Status.VOIDED or case.run == command.run:
            return ()
    if is_outside(ctx.actor) and command.side is Side.BUY:
        raise ForOthers("A claim of ours is raised by us; raise your own on side sell.")
    check_account(command.account, ctx)
    check_active(ctx, command.owner, "owner")
    check_team(ctx, command.team)
    check_reason(command.reason, command.reason_text)
    check_documents(command.documents, command.currency)
    lines = new_lines(command.lines, command.currency, (), ctx)
    source = {"source": command.source, "source_id": command.source_id, "run": command.run} if isinstance(command, c.ImportDispute) else {}
    drafted = e.DisputeDrafted(
        **{name: getattr(command, name) for name in _SAID},
        team=command.team or team_of(command.owner, ctx),
        lines=lines,
        ledger=ledger_of((line.account for line in stated(lines).values()), command.currency),
        **source,
    )
    party = speaker(ctx, None)
    events: list[Event] = [drafted, *(attached(piece, party, ctx) for piece in command.evidence)]
    if not isinstance(command, c.OpenDispute):
        return tuple(events)
    state: Dispute | None = None
    for event in events:
        state = evolve(state, event)
    assert state is not None
    return (*events, *_raised(state, ctx, imported=bool(source)))


def submit(case: Dispute, _command: c.SubmitDispute, ctx: Context) -> Outcome:
    if case.status is Status.OPENED:
        return ()
    check_status(case, {Status.DRAFT}, "submitted")
    return tuple(_raised(case, ctx))


def _raised(case: Dispute, ctx: Context, *, imported: bool = False) -> Iterator[Event | On]:
    """What a source tells of the past is not asked for its evidence."""
    if not case.lines:
        raise NothingDisputed("A claim disputes at least one line; add it first.")
    if not imported:
        check_evidence(case, case.reason, ctx)
    rules, at = rules_of(ctx), moment(case, ctx)
    repeats: tuple[UUID, ...] = ()
    if case.side is Side.BUY:
        supplier: Supplier | None = ctx.fact(supplier_read(case.account))
        since = at - timedelta(days=rules.repeat_days)
        repeats = () if supplier is None else supplier.cases_since(case.reason, since, at)
    yield e.DisputeOpened(at=at, ledger=case.ledger, repeats=repeats, rules=rules.version)
    if repeats and not imported:
        yield demanded(case.corrective, at, rules, repeats, None)
    for line in case.lines.values():
        yield from lock(ctx, case.account, line.reference, ctx.own_id)
    if case.side is Side.BUY:
        yield counted(case.account, ctx.own_id, case.reason, at)


def new_lines(lines: Iterable[DisputedLine], currency: str, known: Iterable[tuple[str, ...]], ctx: Context) -> tuple[CaseLine, ...]:
    """Lines as they enter a case, each once and in the currency's minor unit. Raises LineTwice, TooPrecise, AmountTooLarge."""
    held, total, made = set(known), _NONE, list[CaseLine]()
    for line in lines:
        if line.reference.parts in held:
            raise LineTwice(f"Line {line.reference.line} of {line.reference.document} is named twice; name it once, with the whole amount.")
        held.add(line.reference.parts)
        check_amount(line.net, currency)
        check_amount(line.tax, currency)
        total = check_amount(total + line.gross, currency)
        made.append(
            CaseLine(id=ctx.new_id(), reference=line.reference, gross=line.gross, tax=line.tax, label=line.label, quantity=line.quantity)
        )
    return tuple(made)


def check_reason(reason: Reason, text: str | None) -> None:
    if reason is Reason.OTHER and text is None:
        raise ReasonTextNeeded('The reason "other" needs words; say what is wrong.')


def check_documents(documents: Iterable[DisputedDocument], currency: str) -> None:
    seen: set[tuple[str, str]] = set()
    for document in documents:
        if any(money is not None and money.currency != currency for money in (document.total, document.discount)):
            raise CurrencyMixed(f"The case is in {currency}; state its documents in it, or open another case.", currency=currency)
        key = (document.kind.value, document.number.casefold())
        if key in seen:
            raise LineTwice(f"{document.kind.capitalize()} {document.number} is stated twice; state it once.")
        seen.add(key)


def check_evidence(case: Dispute, reason: Reason, ctx: Context) -> None:
    """Refuse a reason whose evidence is not there. A contract that the case names is evidence of itself."""
    held = {piece.evidence.kind for piece in case.evidence.values()} | ({EvidenceKind.CONTRACT} if case.contract is not None else set())
    if missing := rules_of(ctx).missing(reason, frozenset(held)):
        asked = "; ".join(" or ".join(words.value.replace("_", " ") for words in choice) for choice in missing)
        raise EvidenceMissing(
            f"The reason {reason.value.replace('_', ' ')} needs evidence: {asked}. Attach it first.",
            reason=reason.value,
            missing=[[kind.value for kind in choice] for choice in missing],
        )


def attached(evidence: Evidence, party: Party, ctx: Context) -> e.DisputeEvidenceAttached:
    """A new piece of evidence. Raises ForOthers for something internal from outside."""
    if party is Party.THEM and evidence.visibility is Visibility.INTERNAL:
        raise ForOthers("What the other side says is never internal; leave the visibility away.")
    return e.DisputeEvidenceAttached(piece=CaseEvidence(id=ctx.new_id(), evidence=evidence, party=party), at=ctx.at)
