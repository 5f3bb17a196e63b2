"""Notifications: what a member is told, once. The stream follows from what caused it, so asking again is quiet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.kernel import SYSTEM, AlreadyExists, Command, Context, Decider, Event, Forbidden, Invalid, NotFound, Personal, Read, natural_id
from domain.standing import member_read
from domain.values import Key, Name, Prose


class Delivery(StrEnum):
    """How it left Concord."""

    SMTP = "smtp"
    FOLDER = "folder"
    NONE = "none"


class NotificationRaised(Event, topic="notification.raised", subject="member"):
    """`member` is told of `about` (a `noun`), because of the event `cause`; the words are personal to the member."""

    member: UUID
    kind: str
    noun: str
    about: UUID
    cause: UUID
    title: Personal[str]
    body: Personal[str]


class NotificationSent(Event, topic="notification.sent"):
    """It left Concord; `reference` is what the mail server, or the folder, knows it by. With `none` there was no address."""

    delivery: Delivery
    reference: str | None = None


class NotificationSendingFailed(Event, topic="notification.sending_failed"):
    """It was given up, and still stands in Today."""

    reason: str


class NotificationRead(Event, topic="notification.read"):
    pass


class NotificationDismissed(Event, topic="notification.dismissed"):
    pass


class Notify(Command):
    """Tell a member of something, once per member, kind and cause; a member who left is told nothing."""

    member: UUID
    kind: Key
    noun: Key
    about: UUID
    cause: UUID
    title: Name
    body: Prose


class MarkSent(Command):
    delivery: Delivery
    reference: Name | None = None


class MarkSendingFailed(Command):
    reason: Name


class MarkRead(Command):
    pass


class Dismiss(Command):
    """Take it out of Today."""


@dataclass(frozen=True, slots=True)
class Notification:
    member: UUID
    kind: str
    cause: UUID
    sent: bool = False
    failed: bool = False
    read: bool = False
    dismissed: bool = False


def notification_id(member: UUID, kind: str, cause: UUID) -> UUID:
    """The stream of what `member` is told about the event `cause`."""
    return natural_id("notification", str(member), kind, str(cause))


def reads(notification: Notification | None, command: Any, _facts: Mapping[UUID, Any]) -> Iterator[Read]:
    if isinstance(command, Notify) and notification is None:
        yield member_read(command.member)


def _raised(notification: Notification | None, command: Notify, ctx: Context) -> tuple[Event, ...]:
    if ctx.stream is not None and ctx.stream != notification_id(command.member, command.kind, command.cause):
        raise Invalid("A notification's stream follows from its member, kind and cause.")
    if notification is not None:
        if (notification.member, notification.kind, notification.cause) != (command.member, command.kind, command.cause):
            raise AlreadyExists("Another notification has this id; take the one that follows from its cause.")
        return ()
    member = ctx.fact(member_read(command.member))
    if member is None:
        raise NotFound("There is no such member to tell.", member=str(command.member))
    return (NotificationRaised(**dict(command)),) if member.active else ()


def decide(notification: Notification | None, command: Any, ctx: Context) -> tuple[Event, ...]:
    if isinstance(command, Notify):
        return _raised(notification, command, ctx)
    if notification is None:
        raise NotFound("There is no such notification.")
    match command:
        case MarkSent(delivery=delivery, reference=reference):
            return () if notification.sent else (NotificationSent(delivery=delivery, reference=reference),)
        case MarkSendingFailed(reason=reason):
            return () if notification.sent or notification.failed else (NotificationSendingFailed(reason=reason),)
        case MarkRead() | Dismiss():
            if ctx.actor.id not in {SYSTEM.id, notification.member}:
                raise Forbidden("Only the member it is for may mark it.")
            if isinstance(command, Dismiss):
                return () if notification.dismissed else (NotificationDismissed(),)
            return () if notification.read else (NotificationRead(),)
        case _:
            raise TypeError(f"a notification knows no {type(command).__name__}")


def evolve(notification: Notification | None, event: Event) -> Notification | None:
    if isinstance(event, NotificationRaised):
        return Notification(event.member, event.kind, event.cause)
    if notification is None:
        return None
    match event:
        case NotificationSent():
            return replace(notification, sent=True)
        case NotificationSendingFailed():
            return replace(notification, failed=True)
        case NotificationRead():
            return replace(notification, read=True)
        case NotificationDismissed():
            return replace(notification, dismissed=True)
        case _:
            return notification


notifications = Decider("notification", initial=None, decide=decide, evolve=evolve, reads=reads)
