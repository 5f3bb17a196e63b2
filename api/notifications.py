"""Notifications: what Concord tells a member. Each sees their own only."""

from api.execution import Facts, Sight
from api.nouns import Noun
from domain.notifications import Dismiss, MarkRead, Notification, notifications
from infra.access import Action, Object


def _thing(notification: Notification, _facts: Facts) -> Object:
    return Object.of(notification.member)


noun = Noun("notification", "notifications", notifications, sight=Sight(_thing))
router = noun.router
for path, command, operation, summary in (
    ("/read", MarkRead, "mark_read", "Say that it was read"),
    ("/dismiss", Dismiss, "dismiss_notification", "Take it out of Today"),
):
    noun.changes(path, command, Action.NOTIFICATION_OWN, operation=operation, summary=summary, example={})
