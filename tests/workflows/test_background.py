"""In the background: deals are taken up at a bounded rate that yields to users, and notifications leave once."""

from __future__ import annotations

import asyncio
import email
from datetime import UTC, datetime
from email.policy import default
from pathlib import Path
from uuid import UUID

import pytest

from domain.deals import CloseImported, ImportDeal, deals
from domain.imports import UndoImport
from domain.kernel import SYSTEM, natural_id
from domain.members import AddMember, DeactivateMember, members
from domain.notifications import NotificationSendingFailed, NotificationSent, Notify, notification_id, notifications
from infra.ids import uuid7
from infra.mail import Letter, Mail, MailFolder, MailRefused, MailUnavailable
from tests.workflows.office import ADMIN, ANNA, PIPELINE, Office, at_work
from workflows.outbox import Outbox
from workflows.pace import RATE, Pace
from workflows.status import status


async def test_opened_deals_are_taken_up_without_anyone_waiting(desk: Office):
    ids = await desk.open_deals(30)
    async with desk.worker(), desk.trigger(background=True):
        await desk.until(lambda: _running(desk, ids))
        # a workflow runs before its batch is written down as seen
        await desk.until(lambda: _taken_up(desk))
    found = await status(desk.database, desk.client, desk.tenant)
    assert found.unsettled == 0


async def _running(desk: Office, ids: list[UUID]) -> bool:
    return all([await desk.running(id) for id in ids])


async def test_imported_open_deals_are_taken_up_and_closed_ones_start_nothing(desk: Office):
    run, since = uuid7(), datetime(2025, 6, 1, tzinfo=UTC)
    ids = [uuid7() for _ in range(20)]
    for number, id in enumerate(ids):
        row = ImportDeal(run=run, source="old", source_id=str(number), title="Old", pipeline=PIPELINE, stage="first", owner=ANNA)
        await desk.store.execute(desk.tenant, deals, id, row, by=SYSTEM, effective_at=since)
        if number % 2:
            closed = CloseImported(run=run, stage="lost", since=since, reason="price")
            await desk.store.execute(desk.tenant, deals, id, closed, by=SYSTEM, effective_at=since)
    async with desk.worker(), desk.trigger(background=True):
        await desk.until(lambda: _running(desk, ids[::2]))
        await desk.until(lambda: _taken_up(desk))
    for id in ids[1::2]:
        with pytest.raises(Exception, match="not found"):
            await desk.handle(id).describe()


async def test_the_workflow_of_a_deal_ends_when_its_import_is_undone_or_its_source_closes_it(desk: Office):
    run, ids = uuid7(), [uuid7() for _ in range(3)]
    gone, closed, stays = ids
    for number, id in enumerate(ids):
        row = ImportDeal(run=run, source="old", source_id=str(number), title="Old", pipeline=PIPELINE, stage="first", owner=ANNA)
        await desk.do(deals, id, row, SYSTEM)
    async with desk.worker(), desk.trigger(background=True):
        await desk.until(lambda: _running(desk, ids))
        await desk.do(deals, gone, UndoImport(run=run), SYSTEM)
        await desk.do(deals, closed, CloseImported(run=uuid7(), stage="lost", reason="price"), SYSTEM)
        await desk.until(lambda: _over(desk, [gone, closed]))
        await desk.until(lambda: _taken_up(desk))
    assert await desk.running(stays)


async def _over(desk: Office, ids: list[UUID]) -> bool:
    return not any([await desk.running(id) for id in ids])


async def test_a_deal_undone_before_it_was_taken_up_starts_nothing(desk: Office):
    id, run = uuid7(), uuid7()
    row = ImportDeal(run=run, source="old", source_id="1", title="Old", pipeline=PIPELINE, stage="first", owner=ANNA)
    await desk.do(deals, id, row, SYSTEM)
    await desk.do(deals, id, UndoImport(run=run), SYSTEM)
    async with desk.trigger(background=True):
        await desk.until(lambda: _taken_up(desk))
    with pytest.raises(Exception, match="not found"):
        await desk.handle(id).describe()


async def _taken_up(desk: Office) -> bool:
    return (await status(desk.database, desk.client, desk.tenant)).take_up.waiting == 0


async def test_a_move_of_a_deal_that_waits_to_be_taken_up_is_carried_at_once(desk: Office):
    ids = await desk.open_deals(int(RATE * 10))
    async with desk.worker(), desk.trigger(background=True):
        await asyncio.sleep(0.5)
        for id in ids[-10:]:
            await desk.ask(id, "second")
            await desk.settled(id)
        left = (await status(desk.database, desk.client, desk.tenant)).take_up.waiting
    assert left > 0, "the background was not done yet"


def notice(member: UUID, cause: UUID) -> Notify:
    return Notify(
        member=member, kind="deal_stalled", noun="deal", about=uuid7(), cause=cause, title="Saws\u2026 stalled", body="Act.\nNow."
    )


async def raise_notices(desk: Office, count: int, member: UUID = ANNA) -> None:
    for _ in range(count):
        cause = uuid7()
        await desk.do(notifications, notification_id(member, "deal_stalled", cause), notice(member, cause), SYSTEM)


async def test_a_notification_becomes_one_mail_in_the_folder(desk: Office):
    await raise_notices(desk, 3)
    async with desk.trigger(mail=True):
        await desk.until(lambda: _sent(desk, 3))
    files = sorted((desk.keys_file.parent / "mail" / "acme").glob("*"))
    assert len(files) == 3
    message = email.message_from_bytes(files[0].read_bytes(), policy=default)
    assert (message["To"], message["Subject"]) == ("anna@example.org", "Saws… stalled")
    assert message.get_content().splitlines() == ["Act.", "Now."]
    assert message["Message-ID"] == f"<{files[0].stem}@acme.concord.invalid>"


async def _sent(desk: Office, count: int) -> bool:
    return len(await desk.log(NotificationSent, NotificationSendingFailed)) == count


async def test_a_member_without_an_address_or_who_has_left_is_sent_nothing(desk: Office):
    nameless, gone = natural_id("test", "no mail"), natural_id("test", "gone")
    await desk.do(members, nameless, AddMember(name="No Mail"), ADMIN)
    await desk.do(members, gone, AddMember(name="Gone", email="gone@example.org"), ADMIN)
    await raise_notices(desk, 1, nameless)
    await raise_notices(desk, 1, gone)
    await desk.do(members, gone, DeactivateMember(), ADMIN)
    async with desk.trigger(mail=True):
        await desk.until(lambda: _sent(desk, 2))
    assert {str(r.event.delivery) for r in await desk.log(NotificationSent) if isinstance(r.event, NotificationSent)} == {"none"}
    assert not (desk.keys_file.parent / "mail").exists()


class FailingMail:
    """A way out that fails as often as it is told to, then writes to a folder."""

    kind = "folder"

    def __init__(self, folder: Path, *failures: Exception) -> None:
        self.folder, self.failures, self.tried = MailFolder(folder), list(failures), list[str]()

    def send(self, letter: Letter) -> str:
        self.tried.append(letter.message_id)
        if self.failures:
            raise self.failures.pop(0)
        return self.folder.send(letter)


async def run_outbox(desk: Office, mail: Mail, settled: int) -> None:
    async with at_work(Outbox(desk.database, desk.store, mail, patience=0.3).tail.run()):
        await desk.until(lambda: _sent(desk, settled))


async def test_while_the_mail_server_is_away_notifications_wait_and_keep_their_message_id(desk: Office, tmp_path: Path):
    mail = FailingMail(tmp_path / "mail", MailUnavailable("away"), MailUnavailable("away"))
    await raise_notices(desk, 2)
    await run_outbox(desk, mail, 2)
    assert len(mail.tried) == 4
    assert mail.tried[0] == mail.tried[1] == mail.tried[2] != mail.tried[3]
    assert len(await desk.log(NotificationSent)) == 2


async def test_a_letter_that_is_turned_down_for_good_is_given_up_and_the_others_leave(desk: Office, tmp_path: Path):
    mail = FailingMail(tmp_path / "mail", MailRefused("550 no such user", lasting=True))
    await raise_notices(desk, 3)
    await run_outbox(desk, mail, 3)
    (failed,) = await desk.log(NotificationSendingFailed)
    assert failed.event == NotificationSendingFailed(reason="550 no such user")


async def test_a_letter_that_is_turned_down_for_now_is_tried_again_but_not_for_ever(desk: Office, tmp_path: Path):
    mail = FailingMail(tmp_path / "mail", *[MailRefused("451 later", lasting=False)] * 5)
    await raise_notices(desk, 1)
    await run_outbox(desk, mail, 1)
    assert len(mail.tried) == 5
    assert len(await desk.log(NotificationSendingFailed)) == 1


async def test_a_process_that_died_after_sending_does_not_send_what_is_recorded(desk: Office, tmp_path: Path):
    mail = FailingMail(tmp_path / "mail")
    await raise_notices(desk, 2)
    await run_outbox(desk, mail, 2)
    async with desk.database.tenant(desk.tenant) as cursor:
        await cursor.execute("UPDATE tracking SET position = 0 WHERE name = 'outbox'")
    async with at_work(Outbox(desk.database, desk.store, mail).tail.run()):
        await desk.until(lambda: _caught_up(desk))
    assert len(mail.tried) == 2


async def _caught_up(desk: Office) -> bool:
    return (await status(desk.database, desk.client, desk.tenant)).outbox.waiting == 0


def test_taking_up_slows_down_while_the_log_grows_fast_and_goes_on_as_before_when_it_rests():
    now, commits = 0.0, 0
    pace = Pace(lambda: 99.0, lambda: commits, lambda: now)
    assert not pace.beside_users
    now, commits = 1.0, 30
    assert pace.beside_users
    now, commits = 1.5, 30
    assert pace.beside_users  # not judged anew before a second has passed
    now, commits = 3.0, 35
    assert not pace.beside_users


def test_taking_up_slows_down_while_somebody_waits_for_a_move():
    assert Pace(lambda: 0.0, lambda: 0).beside_users
    assert not Pace(lambda: 2.0, lambda: 0).beside_users
