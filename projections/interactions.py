"""Interactions and what was promised in them. The words stay in the log alone, under their own key, and are read from there."""

from __future__ import annotations

from domain import follow_ups as f
from domain import interactions as i
from projections.batch import Entry
from projections.projection import Projection
from projections.rows import Rows
from projections.tables import Table

INTERACTIONS = Table(
    "interactions",
    ("id",),
    {
        "id": "uuid NOT NULL",
        "version": "int8 NOT NULL",
        "deal": "uuid",
        "held_by": "uuid NOT NULL",
        "happened_at": "timestamptz NOT NULL",
        "said_at": "int8 NOT NULL",  # position of the event with the words that hold
        "minutes": "int4",
        "kind": "text NOT NULL",
        "direction": "text",
        "accounts": "uuid[] NOT NULL",
        "contacts": "uuid[] NOT NULL",
        "members": "uuid[] NOT NULL",
        "retracted": "bool NOT NULL",
    },
    ("USING gin (accounts)", "(deal)", "(happened_at, id)"),
    ("USING gin (accounts)", "(deal)"),
)
FOLLOW_UPS = Table(
    "follow_ups",
    ("interaction", "follow_up"),
    {
        "interaction": "uuid NOT NULL",
        "follow_up": "uuid NOT NULL",
        "owner": "uuid NOT NULL",
        "due": "date NOT NULL",
        "zone": "text NOT NULL",
        "said_at": "int8 NOT NULL",  # position of the event with the words
        "state": "text NOT NULL",
        "retracted": "bool NOT NULL",
    },
    ("(owner, due) WHERE state = 'open'",),
)


class Interactions(Projection):
    """Interactions and follow-ups as they stood at any time."""

    name = "interactions"
    tables = (INTERACTIONS, FOLLOW_UPS)
    events = (
        i.InteractionRecorded,
        i.InteractionCorrected,
        i.InteractionRetracted,
        f.FollowUpAdded,
        f.FollowUpCompleted,
        f.FollowUpReopened,
        f.FollowUpCancelled,
        f.FollowUpRescheduled,
        f.FollowUpReassigned,
    )

    def handle(self, rows: Rows, entry: Entry) -> None:
        match entry.event:
            case i.InteractionRecorded() | i.InteractionCorrected() as event:
                rows.put(
                    INTERACTIONS,
                    version=entry.version,
                    deal=event.deal,
                    held_by=event.by,
                    happened_at=event.happened_at,
                    said_at=entry.position,
                    minutes=event.minutes,
                    kind=event.kind.value,
                    direction=event.direction.value if event.direction else None,
                    accounts=list(event.accounts),
                    contacts=list(event.contacts),
                    members=list(event.members),
                    retracted=False,
                )
                return
            case i.InteractionRetracted():
                rows.change(INTERACTIONS, retracted=True)
                for held in rows.all(FOLLOW_UPS):
                    rows.change(FOLLOW_UPS, held["follow_up"], retracted=True)
            case f.FollowUpAdded(follow_up=id, owner=owner, due=due, zone=zone):
                rows.put(FOLLOW_UPS, follow_up=id, owner=owner, due=due, zone=zone, said_at=entry.position, state="open", retracted=False)
            case f.FollowUpCompleted(follow_up=id):
                rows.change(FOLLOW_UPS, id, state="done")
            case f.FollowUpReopened(follow_up=id):
                rows.change(FOLLOW_UPS, id, state="open")
            case f.FollowUpCancelled(follow_up=id):
                rows.change(FOLLOW_UPS, id, state="cancelled")
            case f.FollowUpRescheduled(follow_up=id, due=due, zone=zone):
                rows.change(FOLLOW_UPS, id, due=due, zone=zone)
            case f.FollowUpReassigned(follow_up=id, owner=owner):
                rows.change(FOLLOW_UPS, id, owner=owner)
        if (row := rows.get(INTERACTIONS)) is not None:
            rows.change(INTERACTIONS, version=max(entry.version, row["version"]))
