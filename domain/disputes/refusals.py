"""The rules by which a dispute says no."""

from domain.kernel import Forbidden, Invalid, Refused


class DisputeNotThere(Refused):
    """The case is in a state in which this cannot be done; `status` says which, `allowed` in which it could."""


class LineInOtherCase(Refused):
    """The line is disputed in another open case; `case` says which."""


class LineUnknown(Invalid):
    """The case has no such line; `lines` lists those it has."""


class LineTwice(Invalid):
    """A line is named twice."""


class AccountUnavailable(Refused):
    """The account does not exist, or was merged or closed."""


class EvidenceMissing(Refused):
    """The reason asks for evidence that is not there; `missing` lists it."""


class EvidenceNotNew(Refused):
    """A closed case is taken up on new evidence only; what was brought is in the case already."""


class ReasonTextNeeded(Invalid):
    """The reason "other" needs words."""


class NothingDisputed(Invalid):
    """A case disputes at least one line."""


class NothingOpen(Refused):
    """Nothing of the case is open."""


class MoreThanOpen(Refused):
    """More is to be settled than is open; `open` says how much is."""


class NotAgreed(Refused):
    """The agreement does not provide for so much of this kind; `left` says how much it does."""


class TooPrecise(Invalid):
    """The amount has more digits than the currency's minor unit."""


class AmountTooLarge(Invalid):
    """The sum has more than 15 digits before the point."""


class CurrencyMixed(Invalid):
    """A case has one currency, that of its documents."""


class OfferNotOpen(Refused):
    """There is no such offer on the table; `offer` names the one that is."""


class OwnOffer(Refused):
    """Nobody accepts, rejects or counters their own offer."""


class OfferUnbalanced(Invalid):
    """The parts of an offer add up to what is open; `open` says how much is."""


class SettleByPast(Invalid):
    """Nothing can be settled by a day that is over."""


class SettleByTooFar(Invalid):
    """Nobody settles a case after the year 2199; such a day was mistyped, or stands for none."""


class NumberNeeded(Invalid):
    """A credit note, debit memo or return credit has a number."""


class DocumentTwice(Refused):
    """A settling document of this number was recorded already."""


class DocumentUnknown(Invalid):
    """The case has no such settling document, or it was reversed."""


class CodeUnknown(Invalid):
    """The code is not in the tenant's list; `codes` lists those that are."""


class NoteNeeded(Invalid):
    """The code "other" needs a note."""


class AuthorityMissing(Forbidden):
    """The amount is above what the member may write off; `limit` says up to how much, `roles` who may."""


class RootCauseMissing(Refused):
    """A case is closed with its root cause."""


class ReopeningTooLate(Refused):
    """The days in which the case could be taken up again are over."""


class NothingToSplit(Refused):
    """A split leaves something in both cases."""


class ClaimantOnly(Forbidden):
    """Only the side that claims can do this."""


class RespondentOnly(Forbidden):
    """Only the side that has to answer can do this."""


class ForOthers(Forbidden):
    """Someone from outside speaks for their own side only, and says nothing internal."""


class FactOutOfOrder(Invalid):
    """A fact cannot have been before the claim was raised."""


class CaseIdTaken(Refused):
    """The id for the new case is another thing's."""


class CorrectiveActionNotOpen(Refused):
    """No corrective action is open in this case."""


class StepOutOfOrder(Refused):
    """A discipline comes after those before it; `missing` lists them."""


class OperatorErrorAlone(Invalid):
    """Operator error alone explains nothing: why could it happen, and why was it not found?"""


class LevelNotHigher(Refused):
    """The case is at this level of escalation or above already."""


class DatedAhead(Invalid):
    """A document cannot bear a day that has not come."""


class DatedBeforeClaim(Invalid):
    """What answers a claim cannot bear a day before it."""


class StillOpen(Refused):
    """Something is open that this would leave behind; settle it, or withdraw or void the case."""
