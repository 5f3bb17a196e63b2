"""Mail on its way out: over SMTP when the settings name a server, else as .eml files in a folder, one per message.

A message that is sent again has the same Message-ID, so that a mail server or reader that saw it before can tell.
"""

from __future__ import annotations

import os
import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from infra.settings import Settings, Smtp

_TIMEOUT = 20.0
"""Seconds that a mail server may take for each answer."""
_FOLDER_SENDER = "concord@localhost"


class MailUnavailable(Exception):  # noqa: N818  names the state and the way out
    """Nothing can be sent at present: the server or the folder cannot be reached. Try the same message again later."""


class MailRefused(Exception):  # noqa: N818  a finding about this one message
    """The letter was turned down. `lasting`: trying again is of no use."""

    def __init__(self, reason: str, *, lasting: bool) -> None:
        super().__init__(reason)
        self.lasting = lasting


@dataclass(frozen=True, slots=True)
class Letter:
    """What one person is told. `id` identifies it for ever; `to` is a mail address."""

    id: UUID
    tenant: str
    to: str
    title: str
    body: str
    at: datetime

    @property
    def message_id(self) -> str:
        return f"<{self.id}@{self.tenant}.concord.invalid>"

    def message(self, sender: str) -> EmailMessage:
        """As RFC 5322 has it. Line breaks in the title become spaces. Raises MailRefused for an address with any."""
        message = EmailMessage(policy=POLICY)
        message["From"] = sender
        try:
            message["To"] = self.to
        except ValueError as error:
            raise MailRefused("the address cannot be written in a letter; correct it", lasting=True) from error
        message["Subject"] = " ".join(self.title.split())
        message["Date"] = format_datetime(self.at)
        message["Message-ID"] = self.message_id
        # RFC 3834: keeps holiday replies away
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self.body)
        return message


class Mail(Protocol):
    """A way out. `send` blocks, so call it from a thread; it returns what the letter is known by there.

    Raises MailUnavailable, MailRefused.
    """

    kind: str

    def send(self, letter: Letter) -> str: ...


class MailFolder:
    """Writes each letter to `<folder>/<tenant>/<id>.eml`; a letter that is sent again replaces its own file."""

    kind = "folder"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, letter: Letter) -> str:
        file = self._folder / letter.tenant / f"{letter.id}.eml"
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            staged = file.with_suffix(".part")
            with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                out.write(letter.message(_FOLDER_SENDER).as_bytes())
            staged.replace(file)
        except OSError as error:
            raise MailUnavailable(f"{file.parent} cannot be written: {error.strerror}; free it, or set SMTP_HOST") from error
        return file.name


class MailServer:
    """Hands letters to an SMTP server, one connection each: notifications are few, and a kept connection goes stale."""

    kind = "smtp"

    def __init__(self, smtp: Smtp) -> None:
        self._smtp = smtp

    def send(self, letter: Letter) -> str:
        handed_over = False
        try:
            with smtplib.SMTP(self._smtp.host, self._smtp.port, timeout=_TIMEOUT) as server:
                self._sign_in(server)
                self._hand_over(server, letter)
                handed_over = True
        except (smtplib.SMTPException, OSError) as error:
            # a server that took the letter and then fails to say goodbye has it all the same
            if not handed_over:
                where = f"{self._smtp.host}:{self._smtp.port}"
                raise MailUnavailable(f"the mail server {where} takes no mail: {_why(error)}; check the SMTP_ variables") from error
        return letter.message_id

    def _sign_in(self, server: smtplib.SMTP) -> None:
        if self._smtp.starttls:
            # the default context checks the server's certificate and name; smtplib's own would check nothing
            server.starttls(context=ssl.create_default_context())
        if self._smtp.user:
            server.login(self._smtp.user, self._smtp.password or "")

    def _hand_over(self, server: smtplib.SMTP, letter: Letter) -> None:
        try:
            server.send_message(letter.message(self._smtp.sender))
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise MailRefused(_said(code, text), lasting=code >= 500) from error
        except smtplib.SMTPDataError as error:
            raise MailRefused(_said(error.smtp_code, error.smtp_error), lasting=error.smtp_code >= 500) from error
        except smtplib.SMTPNotSupportedError as error:
            raise MailRefused("the mail server takes no addresses with letters beyond ASCII", lasting=True) from error


def mail_of(settings: Settings) -> Mail:
    """The way out that the settings ask for."""
    return MailServer(settings.smtp) if settings.smtp else MailFolder(settings.mail_folder)


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"it refused user name and password ({_said(error.smtp_code, error.smtp_error)})"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}); SSL_CERT_FILE names a file of those that are"
    if isinstance(error, smtplib.SMTPResponseException):
        return _said(error.smtp_code, error.smtp_error)
    return str(error).strip() or type(error).__name__


def _said(code: int, text: bytes | str) -> str:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}"[:200]
