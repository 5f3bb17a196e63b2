"""The outbox: every notification leaves Concord once, by mail or into the folder, and the log says that it did.

At least once, if the process dies between sending and recording it; the same Message-ID then makes the two one for the reader.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from domain.kernel import ERASED, SYSTEM, Recorded
from domain.members import Member, members
from domain.notifications import Delivery, MarkSendingFailed, MarkSent, Notification, NotificationRaised, notifications
from infra.database import Database, Tenant
from infra.event_store import Store
from infra.event_store.envelope import event_id
from infra.mail import Letter, Mail, MailRefused, MailUnavailable
from workflows.moves import step_id
from workflows.tails import Fact, NotNow, Tail

NAME = "outbox"
TRIES = 5
"""How often a letter is tried that the server turns down for the time being."""
PATIENCE = 60.0
"""Seconds between tries at most, while the mail server is away."""
_BATCH = 20

_log = logging.getLogger("concord.workflows")


class Outbox:
    """Sends what was raised, in order; while the mail server is away everything waits in the log."""

    def __init__(self, database: Database, store: Store, mail: Mail, *, patience: float = PATIENCE) -> None:
        self._store = store
        self._mail = mail
        self._turned_down: dict[UUID, int] = {}
        self.tail = Tail(
            NAME, (NotificationRaised.topic,), self._handle, database, store.wakes, batch=_BATCH, gap=0.25, longest_pause=patience
        )

    async def _handle(self, tenant: Tenant, facts: Sequence[Fact]) -> None:
        left = ""
        for raised in await self._store.at(tenant, [fact.position for fact in facts]):
            try:
                await self._settle(tenant, raised)
            except MailRefused as refusal:
                left = str(refusal)
            except MailUnavailable as error:
                raise NotNow(str(error)) from error
        if left:
            raise NotNow(f"the mail server turned a notification down for the time being: {left}")

    async def _settle(self, tenant: Tenant, raised: Recorded) -> None:
        """Send it, unless that was done. Raises MailUnavailable, and MailRefused where another try is worth it."""
        event, cause = raised.event, event_id(raised.originator_id, raised.originator_version)
        assert isinstance(event, NotificationRaised)
        state: Notification | None = (await self._store.load(tenant, notifications, raised.originator_id)).state
        if state is None or state.sent or state.failed:
            return
        member: Member | None = (await self._store.load(tenant, members, event.member)).state
        if member is None or not member.active or member.email in {None, "", ERASED}:
            await self._mark(tenant, raised, cause, MarkSent(delivery=Delivery.NONE))
            return
        letter = Letter(cause, tenant.slug, member.email or "", event.title, event.body, raised.recorded_at)
        try:
            reference = await asyncio.to_thread(self._mail.send, letter)
        except MailRefused as refusal:
            tries = self._turned_down[cause] = self._turned_down.get(cause, 0) + 1
            if not refusal.lasting and tries < TRIES:
                raise
            _log.warning("a notification of tenant %s could not be sent: %s", tenant.slug, refusal)
            await self._mark(tenant, raised, cause, MarkSendingFailed(reason=str(refusal)))
        else:
            await self._mark(tenant, raised, cause, MarkSent(delivery=Delivery(self._mail.kind), reference=reference))
        self._turned_down.pop(cause, None)

    async def _mark(self, tenant: Tenant, raised: Recorded, cause: UUID, command: MarkSent | MarkSendingFailed) -> None:
        await self._store.execute(
            tenant,
            notifications,
            raised.originator_id,
            command,
            by=SYSTEM,
            command_id=step_id(cause, "send"),
            correlation_id=raised.correlation_id,
            causation_id=cause,
        )
