"""Approvals as inboxes and lists see them: how each stands, who is asked since when, and every round that was."""

from __future__ import annotations

from uuid import UUID

from domain.approvals import events as e
from domain.approvals.state import Status, StepState
from domain.kernel import Event
from projections.batch import Entry
from projections.projection import Projection
from projections.rows import Row, Rows
from projections.tables import Table, searchable

APPROVALS = Table(
    "approvals",
    ("id",),
    {
        "id": "uuid NOT NULL",
        "version": "int8 NOT NULL",  # of its stream, for If-Match
        "about": "uuid NOT NULL",
        "requested_by": "uuid NOT NULL",
        "owner": "uuid",
        "team": "uuid",
        "policy": "uuid NOT NULL",
        "policy_version": "int8 NOT NULL",
        "requested_at": "timestamptz NOT NULL",
        "settled_at": "timestamptz",
        "round": "int4 NOT NULL",
        "payment_days": "int4 NOT NULL",
        "asks": "bool NOT NULL",  # somebody had to be asked
        "amount": "numeric",
        "currency": "text",
        "agreed_amount": "numeric",  # as the terms have it, before it is converted
        "agreed_currency": "text",
        "blended": "numeric NOT NULL",
        "worst_line": "numeric NOT NULL",
        "noun": "text NOT NULL",
        "status": "text NOT NULL",
        "title": "text NOT NULL",
        "words": 'text COLLATE "C" NOT NULL',
        "content_hash": "text NOT NULL",
        "comment": "text",
        "involved": "uuid[] NOT NULL",
    },
    ("(about)", "(requested_at, id)", "(requested_at, id) WHERE status = 'open'", "USING gin (involved)"),
)
STEPS = Table(
    "approval_steps",
    ("approval", "chain", "number"),
    {
        "approval": "uuid NOT NULL",
        "number": "int4 NOT NULL",
        "round": "int4 NOT NULL",
        "approver": "uuid NOT NULL",
        "by": "uuid",
        "asked_at": "timestamptz",
        "due_at": "timestamptz",
        "decided_at": "timestamptz",
        "chain": "text NOT NULL",
        "state": "text NOT NULL",
        "comment": "text",
        "posts": "text[] NOT NULL",
        "asked": "uuid[] NOT NULL",
    },
    ("USING gin (asked) WHERE state = 'asked'",),
)
ROUNDS = Table(
    "approval_rounds",
    ("approval", "round"),
    {
        "approval": "uuid NOT NULL",
        "round": "int4 NOT NULL",
        "said_at": "int8 NOT NULL",  # position of the event that holds the values that were tested
        "requested_at": "timestamptz NOT NULL",
        "settled_at": "timestamptz",
        "status": "text NOT NULL",
    },
    ("(requested_at)",),
)


class Approvals(Projection):
    """Approvals, the steps of their present round, and their rounds, as they stood at any time."""

    name = "approvals"
    tables = (APPROVALS, STEPS, ROUNDS)
    events = (
        e.ApprovalRequested,
        e.ApprovalStepAsked,
        e.ApprovalEscalated,
        e.ApprovalStepApproved,
        e.ApprovalStepRejected,
        e.ApprovalGranted,
        e.ApprovalWithdrawn,
    )

    def handle(self, rows: Rows, entry: Entry) -> None:
        event = entry.event
        if isinstance(event, e.ApprovalRequested):
            _begin(rows, entry, event)
            return
        row = rows.get(APPROVALS)
        if row is None:
            return
        changes: Row = {"version": max(entry.version, row["version"])}
        if getattr(event, "round", None) == row["round"]:
            changes |= _changed(rows, entry, event, row)
        rows.update(APPROVALS, changes)


def _begin(rows: Rows, entry: Entry, event: e.ApprovalRequested) -> None:
    steps = [(plan, number, step) for plan in event.chains for number, step in enumerate(plan.steps)]
    involved = dict.fromkeys((event.requested_by, *event.parties, *(step.approver for *_, step in steps)))
    rows.put(
        APPROVALS,
        version=entry.version,
        noun=event.noun,
        about=event.about,
        title=event.title,
        words=searchable(event.title),
        round=event.round,
        status=Status.OPEN.value,
        requested_by=event.requested_by,
        owner=event.owner,
        team=event.team,
        requested_at=event.requested_at,
        asks=bool(steps),
        amount=event.measures.amount.amount if event.measures.amount else None,
        currency=event.measures.amount.currency if event.measures.amount else None,
        agreed_amount=event.terms.amount.amount if event.terms.amount else None,
        agreed_currency=event.terms.amount.currency if event.terms.amount else None,
        blended=event.measures.blended,
        worst_line=event.measures.worst_line,
        payment_days=event.measures.payment_days,
        content_hash=event.content_hash,
        policy=event.policy,
        policy_version=event.policy_version,
        involved=list(involved),
    )
    rows.put(ROUNDS, round=event.round, said_at=entry.position, requested_at=event.requested_at, status=Status.OPEN.value)
    for held in list(rows.all(STEPS)):
        rows.close(STEPS, held["chain"], held["number"])
    for plan, number, step in steps:
        rows.put(
            STEPS,
            chain=plan.chain.value,
            number=number,
            round=event.round,
            posts=[post.value for post in step.posts],
            approver=step.approver,
            asked=[],
            state=StepState.WAITING.value,
        )


def _changed(rows: Rows, entry: Entry, event: Event, row: Row) -> Row:
    """What an event of the present round changes of the approval itself; its steps are changed here."""
    match event:
        case e.ApprovalStepAsked(chain=chain, step=n, approver=approver, asked_at=at, due_at=due):
            rows.change(STEPS, chain.value, n, state=StepState.ASKED.value, asked=[approver], asked_at=at, due_at=due)
        case e.ApprovalEscalated(chain=chain, step=n, to=to, due_at=due):
            step = rows.get(STEPS, chain.value, n)
            if step is not None:
                asked = step["asked"] if to is None else [*step["asked"], to]
                rows.change(STEPS, chain.value, n, asked=asked, due_at=due)
            return {} if to is None else {"involved": _with(row["involved"], to)}
        case e.ApprovalStepApproved(chain=chain, step=n, by=by, comment=comment):
            rows.change(STEPS, chain.value, n, state=StepState.APPROVED.value, by=by, comment=comment, decided_at=entry.effective_at)
            return {"involved": _with(row["involved"], by)}
        case e.ApprovalStepRejected(chain=chain, step=n, by=by, comment=comment):
            rows.change(STEPS, chain.value, n, state=StepState.REJECTED.value, by=by, comment=comment, decided_at=entry.effective_at)
            return {**_settled(rows, entry, row, Status.REJECTED, comment), "involved": _with(row["involved"], by)}
        case e.ApprovalGranted():
            return _settled(rows, entry, row, Status.APPROVED, None)
        case e.ApprovalWithdrawn(comment=comment):
            return _settled(rows, entry, row, Status.WITHDRAWN, comment)
    return {}


def _with(ids: list[UUID], id: UUID) -> list[UUID]:
    return list(dict.fromkeys((*ids, id)))


def _settled(rows: Rows, entry: Entry, row: Row, status: Status, comment: str | None) -> Row:
    # who has not been asked yet is asked no more
    for step in list(rows.all(STEPS)):
        if step["state"] == StepState.ASKED.value:
            rows.change(STEPS, step["chain"], step["number"], state=StepState.WAITING.value)
    rows.change(ROUNDS, row["round"], status=status.value, settled_at=entry.effective_at)
    return {"status": status.value, "settled_at": entry.effective_at, "comment": comment}
