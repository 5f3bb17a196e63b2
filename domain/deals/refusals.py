"""The rules by which a deal says no."""

from domain.kernel import Forbidden, Invalid, Refused


class DealClosed(Refused):
    """The deal is won or lost; only open deals change."""


class GateNotMet(Refused):
    """Exit criteria of stages left, or fields that the gate asks for, are missing: `unmet` lists them."""


class MovePending(Refused):
    """Another move of the deal is under way; it settles or is withdrawn first."""


class TransitionNotAllowed(Refused):
    """The pipeline declares no way between these stages; `allowed` lists the ways there are."""


class StageUnknown(Invalid):
    """The deal's pipeline has no such stage; `stages` lists those it has."""


class CriterionUnknown(Invalid):
    """The deal's pipeline has no such exit criterion; `criteria` lists those it has."""


class EvidenceMismatch(Invalid):
    """The artefact is not of the kind that the criterion asks for."""


class ReasonNeeded(Invalid):
    """The move needs one of the reason codes in `reasons`."""


class NoteNeeded(Invalid):
    """The reason "other" needs a note."""


class WonInFuture(Invalid):
    """A signature or order cannot be dated after today."""


class DealNotWon(Refused):
    """There is no win to reverse."""


class WinNeedsReversal(Refused):
    """A won deal is not reopened; finance reverses the win."""


class ReversalNeedsFinance(Forbidden):
    """Only finance reverses a win."""


class AccountUnavailable(Refused):
    """The account does not exist, or was merged or closed."""


class ContactUnknown(Refused):
    """There is no such contact."""


class ProductUnknown(Refused):
    """There is no such product."""


class PipelineUnavailable(Refused):
    """The pipeline or its version does not exist, or takes no new deals."""


class AmountMissing(Invalid):
    """A deal has either lines or an amount."""


class AmountNegative(Invalid):
    """A deal is not worth less than nothing."""


class AmountTooLarge(Invalid):
    """The sum has more than 15 digits before the point."""


class AmountFromLines(Refused):
    """The deal's amount is the sum of its lines; change those."""


class CurrencyMixed(Invalid):
    """A deal has one currency."""


class CloseDateInPast(Invalid):
    """An open deal cannot be expected to close on a day that has passed."""


class CloseDateTooFar(Invalid):
    """Nobody expects a deal to close after the year 2199; such a day was mistyped, or stands for none."""


class CloseDateReasonNeeded(Invalid):
    """The close date moves by so much that a reason is needed."""


class CommitNotMet(Refused):
    """The deal lacks what commit asks for: `unmet` lists it."""


class ApprovalPending(Refused):
    """While an approval is open, what it approves stays as it is."""


class StageNotOpen(Invalid):
    """A deal is migrated into an open stage; it is won or lost by a move."""


class NotImported(Refused):
    """The deal came from no other system, so none can tell anything of it."""


class PaperNotSigned(Refused):
    """The paper named as the signature is not one about this deal that everybody has signed."""
