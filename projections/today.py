"""Today: what awaits a member. Follow-ups, notifications, deals that need a hand, days of contracts, as the log says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from domain import notifications as n
from domain.follow_ups import FollowUpAdded
from projections.approval_list import ApprovalCard, approval_list
from projections.batch import Entry
from projections.contract_calendar import ContractDay, near_days
from projections.deal_list import DealCard, deal_list
from projections.dispute_list import DisputeCard, dispute_list
from projections.interactions import FOLLOW_UPS, INTERACTIONS
from projections.projection import Projection
from projections.reading import Reading
from projections.rows import Rows
from projections.tables import Table

NOTIFICATIONS = Table(
    "notifications",
    ("id",),
    {
        "id": "uuid NOT NULL",
        "version": "int8 NOT NULL",
        "member": "uuid NOT NULL",
        "about": "uuid NOT NULL",
        "cause": "uuid NOT NULL",
        "raised_at": "timestamptz NOT NULL",
        "said_at": "int8 NOT NULL",  # position of the event with the words
        "kind": "text NOT NULL",
        "noun": "text NOT NULL",
        "delivery": "text",
        "failed": "bool NOT NULL",
        "read": "bool NOT NULL",
        "dismissed": "bool NOT NULL",
    },
    ("(member, said_at) WHERE NOT dismissed",),
)


class Notifications(Projection):
    """What members were told, and what became of it."""

    name = "notifications"
    tables = (NOTIFICATIONS,)
    events = (n.NotificationRaised, n.NotificationSent, n.NotificationSendingFailed, n.NotificationRead, n.NotificationDismissed)

    def handle(self, rows: Rows, entry: Entry) -> None:
        event = entry.event
        if isinstance(event, n.NotificationRaised):
            rows.put(
                NOTIFICATIONS,
                version=entry.version,
                member=event.member,
                about=event.about,
                cause=event.cause,
                raised_at=entry.recorded_at,
                said_at=entry.position,
                kind=event.kind,
                noun=event.noun,
                failed=False,
                read=False,
                dismissed=False,
            )
        elif (row := rows.get(NOTIFICATIONS)) is not None:
            version = max(entry.version, row["version"])
            match event:
                case n.NotificationSent(delivery=delivery):
                    rows.change(NOTIFICATIONS, delivery=delivery.value, failed=False, version=version)
                case n.NotificationSendingFailed():
                    rows.change(NOTIFICATIONS, failed=True, version=version)
                case n.NotificationRead():
                    rows.change(NOTIFICATIONS, read=True, version=version)
                case n.NotificationDismissed():
                    rows.change(NOTIFICATIONS, dismissed=True, version=version)


class Notice(BaseModel):
    """A notification. `version`: for If-Match when it is marked."""

    id: UUID
    version: int
    kind: str
    noun: str
    about: UUID
    cause: UUID
    raised_at: datetime
    title: str
    body: str
    read: bool
    delivery: str | None
    failed: bool


class Promise(BaseModel):
    """A follow-up to be done by the end of `due`, a day in `zone`."""

    interaction: UUID
    interaction_version: int
    follow_up: UUID
    text: str
    due: date
    zone: str
    deal: UUID | None
    accounts: list[UUID]


class Today(BaseModel):
    """What awaits a member: each list most pressing first. `attention`: stalled, lapsed, or no longer fit for commit.

    `contract_days`: deadlines of contracts whose end comes near, and what is due by contracts or was not done. `approvals`: those
    that ask the member, or somebody for whom the member stands in.
    """

    member: UUID
    follow_ups: list[Promise]
    notifications: list[Notice]
    attention: list[DealCard]
    pending: list[DealCard]
    disputes: list[DisputeCard]
    contract_days: list[ContractDay]
    approvals: list[ApprovalCard]
    position: int


async def today(reading: Reading, member: UUID, *, standing_in_for: Sequence[UUID] = (), limit: int = 100) -> Today:
    """What awaits `member`, at most `limit` of each kind; approvals also of those for whom the member stands in."""
    return Today(
        member=member,
        follow_ups=await follow_ups(reading, member, limit=limit),
        notifications=await notices(reading, member, limit=limit),
        attention=(await deal_list(reading, owner=member, kind="open", attention=True, limit=limit)).items,
        pending=(await deal_list(reading, owner=member, kind="open", pending=True, limit=limit)).items,
        disputes=(await dispute_list(reading, owner=member, live=True, limit=limit)).items,
        contract_days=await near_days(reading, member, limit=limit),
        approvals=(await approval_list(reading, mine=[member, *standing_in_for], me=[member], descending=False, limit=limit)).items,
        position=reading.position,
    )


async def follow_ups(reading: Reading, member: UUID, *, limit: int = 100) -> list[Promise]:
    """A member's open follow-ups, those due first on top."""
    of = reading.as_of.of
    found = await reading.rows(
        "SELECT f.interaction, i.version, f.follow_up, f.due, f.zone, i.deal, i.accounts, f.said_at "
        f"FROM {of(FOLLOW_UPS)} AS f JOIN {of(INTERACTIONS)} AS i ON i.id = f.interaction "
        "WHERE f.owner = %(member)s AND f.state = 'open' AND NOT f.retracted ORDER BY f.due, f.follow_up LIMIT %(limit)s",
        {"member": member, "limit": limit},
    )
    said = {r.position: r.event for r in await reading.events([row[-1] for row in found])}
    promises = []
    for interaction, version, id, due, zone, deal, accounts, at in found:
        event = said[at]
        assert isinstance(event, FollowUpAdded)
        promises.append(
            Promise(
                interaction=interaction,
                interaction_version=version,
                follow_up=id,
                text=event.text,
                due=due,
                zone=zone,
                deal=deal,
                accounts=accounts,
            )
        )
    return promises


async def notices(reading: Reading, member: UUID, *, limit: int = 100) -> list[Notice]:
    """What a member was told and has not dismissed, newest first."""
    columns = [name for name in Notice.model_fields if name not in {"title", "body"}]
    found = await reading.rows(
        f"SELECT {', '.join(columns)}, said_at FROM {reading.as_of.of(NOTIFICATIONS)} AS n "
        "WHERE member = %(member)s AND NOT dismissed ORDER BY said_at DESC LIMIT %(limit)s",
        {"member": member, "limit": limit},
    )
    said = {r.position: r.event for r in await reading.events([row[-1] for row in found])}
    shown = []
    for row in found:
        event = said[row[-1]]
        assert isinstance(event, n.NotificationRaised)
        shown.append(Notice(**dict(zip(columns, row, strict=False)), title=event.title, body=event.body))
    return shown
