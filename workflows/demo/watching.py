"""What Concord itself does in the demo's past: each deal's clocks, and who is told when one runs out.

The same instants, commands, notifications and command ids as of `workflows/deals.py` and `workflows/activities.py`, so that
the workflows that take up the open deals afterwards find everything done already.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from domain.deals import DealCloseDateLapsed, DealStalled, RecordCommitLost, commit_unmet, deals
from domain.deals.forecasting import local_date
from domain.deals.state import Deal
from domain.notifications import Delivery, Dismiss, MarkRead, MarkSent, Notify, notification_id, notifications
from domain.stages import Category
from workflows.clocks import due, next_due
from workflows.concerns import LAPSED, STALLED, Concern, escalation, reminder
from workflows.demo.recording import Told
from workflows.demo.simulation import Story, Wait
from workflows.demo.world import MAIL, Person, World
from workflows.messages import ESCALATE_AFTER
from workflows.moves import step_id

_SWEEP = time(0, 10)
"""UTC; `workflows/sweep.py` asks then about every committed deal."""
_KINDS = {DealStalled: STALLED, DealCloseDateLapsed: LAPSED}


class Watch:
    """Looks at each deal when one of its clocks runs out."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._planned: dict[UUID, datetime] = {}
        world.changed = self._look

    def _look(self, id: UUID, deal: Deal) -> None:
        """Plan the next look at a deal that changed, unless an earlier one is planned."""
        now = self._world.now
        wanted = [at for at in (next_due(deal, now), self._sweep(deal, now)) if at is not None]
        if wanted and min(wanted) < self._planned.get(id, datetime.max.replace(tzinfo=UTC)):
            self._planned[id] = min(wanted)
            self._world.begin(self._visit(id, min(wanted)), min(wanted))

    @staticmethod
    def _sweep(deal: Deal, now: datetime) -> datetime | None:
        if not deal.open or deal.category is not Category.COMMIT:
            return None
        at = datetime.combine(now.date(), _SWEEP, UTC)
        return at if at > now else at + timedelta(days=1)

    def _visit(self, id: UUID, at: datetime) -> Story:
        world = self._world
        if self._planned.get(id) != at:
            return
        del self._planned[id]
        for command in due(world.deals[id], world.now):
            if isinstance(command, RecordCommitLost) and not commit_unmet(world.deals[id], local_date(world.now, world.deals[id].zone)):
                continue  # it would be quiet
            told: Told = yield world.do(deals, id, command)
            for index, event in enumerate(told.events):
                if type(event) in _KINDS:
                    world.begin(self._concerned(id, Concern(told.id_of(index), _KINDS[type(event)]), at + ESCALATE_AFTER))
        self._look(id, world.deals[id])

    # --- concerns -----------------------------------------------------------------------------------------------------

    def _concerned(self, id: UUID, concern: Concern, escalates: datetime) -> Story:
        """The owner is told; if nothing has changed some days later, the manager is."""
        world, deal = self._world, self._world.deals[id]
        assert deal.owner is not None
        owner = world.person(deal.owner)
        yield from self.tell(owner, reminder(concern, deal, id, owner.id))
        since, date = deal.since, deal.close_date
        yield Wait(escalates)
        deal = world.deals[id]
        holds = deal.stalled and deal.since == since if concern.kind == STALLED else deal.close_date == date
        if deal.open and holds and deal.owner is not None:
            manager = self._manager(world.person(deal.owner))
            if manager is not None:
                yield from self.tell(manager, escalation(concern, deal, id, manager.id))

    def _manager(self, person: Person) -> Person | None:
        return None if person.manager is None else self._world.person(person.manager)

    def tell(self, to: Person, notice: Notify) -> Story:
        """Raise a notification, and have it sent; most are read, and put away later."""
        world = self._world
        stream = notification_id(notice.member, notice.kind, notice.cause)
        raised: Told = yield world.do(
            notifications, stream, notice, new=True, id=step_id(notice.cause, notice.kind, str(notice.member)), causation=notice.cause
        )
        if not raised.events:
            return
        cause = raised.id_of(-1)
        sent = MarkSent(delivery=Delivery.SMTP, reference=f"<{cause}@{MAIL}>")
        yield world.do(notifications, stream, sent, id=step_id(cause, "send"), correlation=raised.command, causation=cause)
        world.begin(self._read(to, stream))

    def _read(self, by: Person, stream: UUID) -> Story:
        """Most are read within a day or two, and put away some time after that."""
        world = self._world
        random = world.chance("read", stream)
        if random.random() > by.habits.care:
            return
        yield world.after(by, random.uniform(0.1, 2))
        if not by.active:
            return
        yield world.do(notifications, stream, MarkRead(), by)
        if random.random() < 0.7:
            yield world.after(by, random.uniform(0.5, 6))
            if by.active:
                yield world.do(notifications, stream, Dismiss(), by)
