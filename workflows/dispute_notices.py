"""Who is told of what happens in a dispute, in which words.

The owner hears when the other side speaks, when a clock warns, when a date passes. Each level of escalation is told to the
holder of its post nearest above the owner; a vacant post passes up, never down. What was overdue before we learnt of the
case, as in an import, is recorded but told to no one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from domain.disputes import Dispute
from domain.disputes import clock_events as t
from domain.disputes import corrective_events as x
from domain.disputes import events as e
from domain.disputes.terms import ClockKind, Party, Side, Visibility
from domain.kernel import Event, Recorded, Role
from domain.notifications import Notify
from infra.access_members import Organisation
from infra.event_store.envelope import event_id
from workflows.approving import above
from workflows.titles import titled

"""Characters that a notification's title may have."""
POSTS = {
    Side.BUY: (Role.CATEGORY_LEAD, Role.PROCUREMENT_HEAD, Role.EXECUTIVE),
    Side.SELL: (Role.SALES_MANAGER, Role.SALES_DIRECTOR, Role.EXECUTIVE),
}
"""Who is told at level 1, 2, 3."""
_CLOCKS = {
    ClockKind.ACKNOWLEDGE: "acknowledging it",
    ClockKind.FIRST_ANSWER: "the first answer",
    ClockKind.REPLY: "the reply",
    ClockKind.RESOLVE: "resolving it",
}


def notices(case: Dispute, id: UUID, news: Sequence[Recorded], since: datetime, organisation: Organisation) -> Iterator[Notify]:
    """What follows from those of the events that were recorded after `since`; the same for the same events, so that asking
    again is quiet. `news` begins with the case's first event, by which we learnt of it.
    """
    learnt = news[0].recorded_at
    for recorded in news:
        if recorded.recorded_at <= since:
            continue
        cause = event_id(recorded.originator_id, recorded.originator_version)
        for member, kind, says, body in _told(case, recorded, learnt, organisation):
            yield Notify(member=member, kind=kind, noun="dispute", about=id, cause=cause, title=titled(case.title, says), body=body)


def _told(case: Dispute, recorded: Recorded, learnt: datetime, organisation: Organisation) -> Iterator[tuple[UUID, str, str, str]]:
    match recorded.event:
        case t.DisputeClockWarned(clock=clock, percent=percent, passed_at=at) if at > learnt:
            body = f"{percent} % of the time for {_CLOCKS[clock]} have passed. {_what_to_do(recorded.event.party)}"
            yield case.owner, "dispute_warned", f": {percent} % of the time for {_CLOCKS[clock]} are over", body
        case t.DisputeEscalated(passed_at=at) if at is None or at > learnt:
            yield from _escalated(case, recorded.event, organisation)
        case t.DisputeSettlementOverdue(due=day):
            body = f"What was agreed should have been settled by {day:%Y-%m-%d}, and a part is open. Ask the other side for its document."
            yield case.owner, "dispute_settlement_overdue", " is agreed but not settled", body
        case x.CorrectiveActionDemanded():
            body = "The same has happened before. Have the causes found and removed; each step has its date."
            yield case.owner, "corrective_action_demanded", " demands a corrective action", body
        case x.CorrectiveStepMissed(step=step, due=day):
            body = f"{step.upper()} was due on {day:%Y-%m-%d}. Ask who is to report on it."
            yield case.owner, "corrective_step_missed", f": {step.upper()} is late", body
        case event if _heard(event) and recorded.actor != case.owner:
            yield case.owner, "dispute_answered", ": the other side answered", "Look at what they say, and go on with the case."


def _heard(event: Event) -> bool:
    """Whether the other side said something that we should look at."""
    if isinstance(event, e.DisputeEvidenceAttached):
        return event.piece.party is Party.THEM
    if isinstance(event, e.DisputeCommented):
        return event.party is Party.THEM and event.visibility is Visibility.PUBLIC
    spoken = (e.DisputeProposed, e.DisputeCountered, e.DisputeAccepted, e.DisputeDocumentRecorded, e.DisputeWithdrawn)
    rejected = isinstance(event, e.DisputeInvestigationStarted) and event.offer is not None and event.party is Party.THEM
    return rejected or (isinstance(event, spoken) and event.party is Party.THEM)


def _what_to_do(party: Party) -> str:
    return "Settle the case, or escalate it." if party is Party.US else "Remind the other side."


def _escalated(case: Dispute, event: t.DisputeEscalated, organisation: Organisation) -> Iterator[tuple[UUID, str, str, str]]:
    says = f" is escalated to level {event.level}"
    why = f"The time for {_CLOCKS[event.clock]} is over." if event.clock is not None else "Somebody asked for it; the case says why."
    level_holder = holder(organisation, case.owner, POSTS[case.side][event.level - 1 :])
    if level_holder is not None:
        yield level_holder, "dispute_escalated", says, f"{why} Agree with the owner what happens next."
    if level_holder != case.owner:
        yield case.owner, "dispute_escalated_own", says, why
    legal = holder(organisation, case.owner, (Role.LEGAL,)) if event.contract_notice else None
    if legal is not None:
        yield legal, "dispute_contract_notice", says, f"{why} Prepare a notice under the contract."


def holder(organisation: Organisation, owner: UUID, posts: Sequence[Role]) -> UUID | None:
    """Who holds the first of the posts that is not vacant: nearest above the owner, else whoever comes first by name."""
    line = list(above(organisation, owner))
    everybody = sorted(organisation.members, key=lambda id: (organisation.members[id].name, id))
    for post in posts:
        for id in dict.fromkeys((*line, *everybody)):
            member = organisation.members.get(id)
            if member is not None and member.active and post in member.roles:
                return id
    return None
