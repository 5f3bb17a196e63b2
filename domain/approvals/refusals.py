"""The rules by which an approval says no."""

from domain.kernel import Forbidden, Refused


class OwnRequest(Forbidden):
    """Nobody decides about their own request: not in another role, not standing in for somebody, not with a key."""


class NotAsked(Forbidden):
    """The caller is not asked at this moment; `asked` names those who are."""


class ApprovalClosed(Refused):
    """There is no open request to decide about."""


class TermsChanged(Refused):
    """The terms are others than those that the caller looked at."""


class NobodyToAsk(Refused):
    """No active member holds the post, or one above it, who is not a party to the request."""


class NotYourRequest(Forbidden):
    """Only those whose request it is take it back."""
