"""Mail over SMTP, against a real server: what arrives, what is turned down, and what waits."""

from __future__ import annotations

import asyncio
import email
import socket
from datetime import UTC, datetime
from email.policy import default
from pathlib import Path

import pytest

from infra.ids import uuid7
from infra.mail import Letter, MailRefused, MailServer, MailUnavailable
from infra.settings import Smtp
from tests.post import PASSWORD, certificate, post

LETTER = Letter(uuid7(), "acme", "anna@example.org", "Saws… stalled", "Act.\nNow.", datetime(2026, 3, 2, 9, 30, tzinfo=UTC))


def server(port: int, *, tls: bool = False, user: str | None = None, password: str | None = None, host: str = "127.0.0.1") -> MailServer:
    return MailServer(Smtp(host, port, user, password, "concord@acme.example", starttls=tls))


async def send(mail: MailServer, letter: Letter = LETTER) -> str:
    return await asyncio.to_thread(mail.send, letter)


async def test_a_letter_arrives_whole():
    async with post() as held:
        reference = await send(server(held.port))
    [envelope] = held.letters
    message = email.message_from_bytes(envelope.content, policy=default)
    assert (envelope.mail_from, envelope.rcpt_tos) == ("concord@acme.example", ["anna@example.org"])
    assert (message["From"], message["To"], message["Subject"]) == ("concord@acme.example", "anna@example.org", "Saws… stalled")
    assert (message["Message-ID"], message["Date"]) == (reference, "Mon, 02 Mar 2026 09:30:00 +0000")
    assert message.get_content().splitlines() == ["Act.", "Now."]


async def test_a_letter_sent_again_keeps_its_message_id():
    async with post() as held:
        assert await send(server(held.port)) == await send(server(held.port))
    assert len(held.letters) == 2


async def test_mail_travels_encrypted_to_a_server_that_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tls = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[0]))
    async with post(tls) as held:
        await send(server(held.port, tls=True, user="concord", password=PASSWORD))
    assert len(held.letters) == 1


async def test_a_server_that_cannot_prove_who_it_is_gets_neither_password_nor_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    other, own = certificate(tmp_path, "other.example"), certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(other[0]))
    async with post(own) as held:
        with pytest.raises(MailUnavailable, match=r"certificate is not trusted .* SSL_CERT_FILE"):
            await send(server(held.port, tls=True, user="concord", password=PASSWORD))
    assert held.letters == []


async def test_a_certificate_of_another_name_is_not_trusted_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tls = certificate(tmp_path, "other.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[0]))
    async with post(tls) as held:
        with pytest.raises(MailUnavailable, match="Hostname mismatch"):
            await send(server(held.port, tls=True, user="concord", password=PASSWORD, host="localhost"))
    assert held.letters == []


async def test_mail_that_should_be_encrypted_is_never_sent_in_the_clear():
    async with post() as held:
        with pytest.raises(MailUnavailable, match="STARTTLS"):
            await send(server(held.port, tls=True))
    assert held.letters == []


async def test_a_server_that_wants_encryption_says_so(tmp_path: Path):
    async with post(certificate(tmp_path)) as held:
        with pytest.raises(MailUnavailable, match="STARTTLS"):
            await send(server(held.port))
    assert held.letters == []


async def test_a_wrong_password_is_told_and_nothing_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tls = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[0]))
    async with post(tls) as held:
        with pytest.raises(MailUnavailable, match="refused user name and password") as told:
            await send(server(held.port, tls=True, user="concord", password="wrong horse"))
    assert held.letters == []
    assert "horse" not in str(told.value)


async def test_a_server_that_is_not_there_is_told_with_its_address():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(MailUnavailable, match=rf"127\.0\.0\.1:{port} takes no mail: .*refused"):
            await send(server(port))


async def test_a_recipient_who_is_turned_down_for_good_is_not_tried_again():
    async with post() as held:
        held.to_recipient = "550 5.1.1 no such user"
        with pytest.raises(MailRefused, match=r"550 5\.1\.1 no such user") as told:
            await send(server(held.port))
        assert told.value.lasting
        held.to_recipient = "450 4.2.1 greylisted"
        with pytest.raises(MailRefused, match="450") as told:
            await send(server(held.port))
        assert not told.value.lasting
    assert held.letters == []


async def test_a_letter_that_is_turned_down_after_it_was_read_is_told():
    async with post() as held:
        held.to_data = "554 5.7.1 looks like spam"
        with pytest.raises(MailRefused, match=r"554 5\.7\.1 looks like spam") as told:
            await send(server(held.port))
        assert told.value.lasting


async def test_a_server_that_took_the_letter_and_then_stumbles_has_it():
    async with post() as held:
        held.to_quit = "421 closing in a hurry"
        assert await send(server(held.port)) == LETTER.message_id
    assert len(held.letters) == 1


async def test_line_breaks_in_a_title_add_no_header_and_no_recipient():
    letter = Letter(uuid7(), "acme", "anna@example.org", "Hi\r\nBcc: eve@example.org\r\n\r\nPay me", "Text", LETTER.at)
    async with post() as held:
        await send(server(held.port), letter)
    [envelope] = held.letters
    message = email.message_from_bytes(envelope.content, policy=default)
    assert envelope.rcpt_tos == ["anna@example.org"]
    assert message["Bcc"] is None
    assert message["Subject"] == "Hi Bcc: eve@example.org Pay me"
    assert message.get_content().strip() == "Text"


async def test_a_text_cannot_end_the_letter_and_go_on_as_commands():
    text = "First\r\n.\r\nMAIL FROM:<eve@example.org>\r\nRCPT TO:<bob@example.org>\r\n"
    letter = Letter(uuid7(), "acme", "anna@example.org", "Hi", text, LETTER.at)
    async with post() as held:
        await send(server(held.port), letter)
    [envelope] = held.letters
    message = email.message_from_bytes(envelope.content, policy=default)
    assert message.get_content().splitlines() == text.splitlines()


async def test_an_address_with_a_line_break_is_turned_down_for_good():
    letter = Letter(uuid7(), "acme", "anna@example.org\r\nBcc: eve@example.org", "Hi", "Text", LETTER.at)
    async with post() as held:
        with pytest.raises(MailRefused, match="correct it") as told:
            await send(server(held.port), letter)
        assert told.value.lasting
    assert held.letters == []


async def test_an_address_that_the_server_cannot_write_is_turned_down_for_good():
    letter = Letter(uuid7(), "acme", "jörg@example.org", "Hi", "Text", LETTER.at)
    async with post() as held:
        with pytest.raises(MailRefused, match="beyond ASCII") as told:
            await send(server(held.port), letter)
        assert told.value.lasting
        await send(server(held.port))
    assert [e.rcpt_tos for e in held.letters] == [["anna@example.org"]]
