"""Who is told what about a contract. An event is told only while it still concerns somebody, and never if it had come before we knew
of the contract: taking over thousands of them sends no one thousands of messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from domain.contract_dates import RenewalKind, local_day
from domain.contract_rules import ContractRules
from domain.contracts import events as e
from domain.contracts import obligation_events as o
from domain.contracts.in_force import terms_on
from domain.contracts.state import Contract
from domain.contracts.terms import OccurrenceStatus, Party, RenewalWay, RenewedBy
from domain.kernel import Event, Recorded
from domain.notifications import Notify
from infra.event_store.envelope import event_id
from workflows.titles import titled

"""Characters that a notification's title may have."""
ALERT, MISSED, RENEWED, EXPIRED, RENEWAL, DUE, BREACHED = (
    "contract_alert",
    "notice_window_missed",
    "contract_renewed",
    "contract_expired",
    "contract_renewal",
    "obligation_due",
    "obligation_breached",
)
TO_MANAGER = "_manager"
"""Appended to the kind of what the manager is told."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the one responsible is told; `to_manager`: what their manager is told too, addressed to nobody yet."""

    to_owner: Notify
    to_manager: Notify | None = None


@dataclass(frozen=True, slots=True)
class _Words:
    kind: str
    owner: UUID
    says: str
    body: str
    since: date
    """The day on which it came about."""
    manager: bool = False


def notices(contract: Contract, id: UUID, history: Sequence[Recorded], told: int, rules: ContractRules) -> Iterator[Told]:
    """What is to be told of the events after version `told`."""
    if not history:
        return
    known = local_day(history[0].recorded_at, contract.zone)
    for recorded in history:
        words = _words(contract, recorded.event, rules) if recorded.originator_version > told else None
        if words is None or words.since < known:
            continue
        cause = event_id(recorded.originator_id, recorded.originator_version)
        notice = Notify(
            member=words.owner,
            kind=words.kind,
            noun="contract",
            about=id,
            cause=cause,
            title=titled(contract.title, words.says),
            body=words.body,
        )
        yield Told(notice, notice.model_copy(update={"kind": words.kind + TO_MANAGER}) if words.manager else None)


def _words(contract: Contract, event: Event, rules: ContractRules) -> _Words | None:
    match event:
        case e.ContractAlertRaised() if contract.dates is not None and contract.dates.send_by == event.send_by and contract.in_force:
            return _alert(contract, event, rules)
        case e.NoticeWindowMissed() if contract.in_force and event.term_end == _running(contract):
            body = f"Nobody gave notice by {event.deadline}, so it runs to {event.term_end} as agreed."
            if event.renews_until:
                body += (
                    f" Then it is renewed until {event.renews_until}; if you want something else, agree on it with the other party before."
                )
            return _Words(MISSED, event.owner or contract.owner, " can no longer be ended by notice", body, event.deadline, manager=True)
        case e.ContractRenewed(by=RenewedBy.SILENCE) if contract.in_force and event.term_end == _running(contract):
            body = f"Nobody gave notice, so a further term runs from {event.term_start} to {event.term_end}. The next alerts come in time."
            return _Words(
                RENEWED, event.owner or contract.owner, f" was renewed until {event.term_end}", body, event.previous_end, manager=True
            )
        case e.ContractExpired():
            body = "Its term is over. Make a new contract if the business goes on, and see that nothing is delivered or paid without one."
            return _Words(EXPIRED, contract.owner, f" expired on {event.on}", body, event.on)
        case e.ContractRenewalStarted() if contract.in_force and event.term_end == _running(contract):
            return _renewal(contract, event)
        case o.ObligationFellDue() if _status(contract, event) is OccurrenceStatus.DUE:
            body = f"It is due on {event.due_on}. {_owed(event.by)}, and record the proof."
            return _Words(DUE, event.owner, f": {event.title} is due on {event.due_on}", body, event.due_on)
        case o.ObligationBreached() if _status(contract, event) is OccurrenceStatus.BREACHED:
            body = f"It was due on {event.due_on}, and no proof was recorded by {event.breached_after}. {_claim(event)}"
            return _Words(BREACHED, event.owner, f": {event.title} was not done", body, event.breached_after, manager=True)
    return None


def _alert(contract: Contract, event: e.ContractAlertRaised, rules: ContractRules) -> _Words:
    renews = event.term_end is not None and terms_on(contract, event.term_end).renewal.kind is RenewalKind.AUTO_RENEW
    follows = f"it is renewed after {event.term_end}" if renews else f"it ends on {event.term_end}"
    if event.deadline is None:
        says, body = (
            f" ends on {event.term_end}",
            "Nothing follows by itself: renew it, make a new contract, or see that the business ends with it.",
        )
    else:
        says = f": notice has to be sent by {event.send_by}"
        body = f"{event.left} days are left. To count by {event.deadline}, notice is sent on {event.send_by} at the latest. Without notice {follows}."
    since = event.send_by - timedelta(days=event.days)
    return _Words(ALERT, event.owner or contract.owner, says, body, since, manager=event.days <= rules.manager_from)


def _renewal(contract: Contract, event: e.ContractRenewalStarted) -> _Words:
    by = event.deadline or event.term_end
    if event.way is RenewalWay.DEAL:
        says, body = ": its renewal is a deal now", f"A deal for what follows {event.term_end} was opened for you. Win it by {by}."
    else:
        why = f" No deal could be opened: {event.note}" if event.note else ""
        says, body = ": decide on its renewal", f"Renew, renegotiate or end it: say which by {by}.{why}"
    return _Words(RENEWAL, event.owner or contract.owner, says, body, by)


def _running(contract: Contract) -> date | None:
    return contract.dates.term_end if contract.dates is not None else None


def _status(contract: Contract, event: o.OccurrenceFacts) -> OccurrenceStatus | None:
    held = contract.occurrences.get((event.obligation, event.occurrence))
    return held.status if held is not None and held.dispute is None else None


def _owed(by: Party) -> str:
    return "We owe it: have it done" if by is Party.US else "The other party owes it: ask for it"


def _claim(event: o.ObligationBreached) -> str:
    if event.by is Party.US:
        return "Make it good, and tell the other party when."
    return "Ask for it, waive it, or claim it in a dispute" + (f" with its penalty of {event.penalty}." if event.penalty else ".")
