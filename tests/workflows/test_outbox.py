"""The outbox against a real mail server: what leaves, and what one address that cannot be reached does to the others."""

from __future__ import annotations

from domain.kernel import SYSTEM, natural_id
from domain.members import AddMember, members
from domain.notifications import NotificationSendingFailed, NotificationSent, Notify, notification_id, notifications
from infra.ids import uuid7
from infra.mail import MailServer
from infra.settings import Smtp
from tests.post import Post, post
from tests.workflows.office import ADMIN, ANNA, Office, at_work
from workflows.outbox import Outbox

JOERG = natural_id("test", "joerg")


async def _raise(desk: Office, member) -> None:
    cause = uuid7()
    notice = Notify(member=member, kind="deal_stalled", noun="deal", about=uuid7(), cause=cause, title="Saws stalled", body="Act.")
    await desk.do(notifications, notification_id(member, "deal_stalled", cause), notice, SYSTEM)


async def _settle(desk: Office, held: Post, count: int) -> None:
    async def settled() -> bool:
        return len(await desk.log(NotificationSent, NotificationSendingFailed)) == count

    mail = MailServer(Smtp("127.0.0.1", held.port, sender="concord@acme.example", starttls=False))
    async with at_work(Outbox(desk.database, desk.store, mail, patience=0.3).tail.run()):
        await desk.until(settled)


async def test_a_notification_leaves_once_by_mail_and_the_log_says_so(desk: Office):
    await _raise(desk, ANNA)
    async with post() as held:
        await _settle(desk, held, 1)
        await _settle(desk, held, 1)
    [sent], [letter] = await desk.log(NotificationSent), held.letters
    assert letter.rcpt_tos == ["anna@example.org"]
    assert isinstance(sent.event, NotificationSent)
    assert sent.event.delivery == "smtp"
    assert f"Message-ID: {sent.event.reference}".encode() in letter.content


async def test_an_address_that_the_server_turns_down_holds_up_nobody_else(desk: Office):
    await desk.do(members, JOERG, AddMember(name="Jörg", email="jörg@example.org"), ADMIN)
    await _raise(desk, JOERG)
    await _raise(desk, ANNA)
    async with post() as held:
        await _settle(desk, held, 2)
    assert [letter.rcpt_tos for letter in held.letters] == [["anna@example.org"]]
    [failed] = await desk.log(NotificationSendingFailed)
    assert isinstance(failed.event, NotificationSendingFailed)
    assert "ASCII" in failed.event.reason


async def test_while_the_mail_server_is_away_nothing_is_lost(desk: Office):
    async with post() as held:
        pass
    await _raise(desk, ANNA)
    mail = MailServer(Smtp("127.0.0.1", held.port, sender="concord@acme.example", starttls=False))
    outbox = Outbox(desk.database, desk.store, mail, patience=0.3)
    async with at_work(outbox.tail.run()):
        await desk.until(lambda: outbox.tail._away)
    assert await desk.log(NotificationSent, NotificationSendingFailed) == []
    async with post() as held:
        await _settle(desk, held, 1)
    assert len(held.letters) == 1
