"""The rules by which a contract says no."""

from domain.kernel import Forbidden, Invalid, Refused


class TermsUnsound(Invalid):
    """The terms contradict themselves: no contract could be kept by them."""


class ContractSigned(Refused):
    """What was signed stays as it is; change it by an amendment."""


class ContractNotInForce(Refused):
    """Only a contract in force allows this; `status` says what it is."""


class WrongState(Refused):
    """The contract is in another state than this asks for: `status`, and `needed`."""


class ContentChanged(Refused):
    """The content is not the one that was reviewed: `content` is its hash now."""


class OwnReview(Forbidden):
    """Four eyes: nobody allows what they have submitted, proposed, or own."""


class ReviewNeedsLegal(Forbidden):
    """Only legal, the finance chief and executives allow a contract or an amendment to be signed."""


class ConsentMissing(Refused):
    """By the policy others have to agree too before it may be signed: `chains`, and who is `asked`."""


class PaperStillOut(Refused):
    """Those who sign have the paper of the contract: void it first, by its `reference`."""


class PaperNotSealed(Refused):
    """Only a paper of ours about this very thing, signed by everybody as it stands, says that it is signed."""


class DayInFuture(Invalid):
    """What has happened cannot have happened after today."""


class DealHasContract(Refused):
    """The deal has its contract already: `contract`."""


class DealNotWonYet(Refused):
    """The contract of a deal is opened in one step when the deal is won; until then it is drafted."""


class DealElsewhere(Refused):
    """The deal is lost, or is with another account than the contract."""


class RenewsAnother(Refused):
    """A contract follows one of the same party and side that is in force."""


class CalendarUnknown(Refused):
    """There is no such working calendar; `calendars` lists those there are."""


class NoticeStands(Refused):
    """A notice, or a termination, holds: withdraw it first."""


class NoNotice(Refused):
    """There is no notice of ours to confirm."""


class EndTooEarly(Invalid):
    """The day lies before the one that it has to follow: `after`."""


class EndTooLate(Invalid):
    """The contract ends earlier than that: `ends_on`."""


class NotRenewable(Refused):
    """A contract without a term has no further one."""


class AmendmentUnknown(Refused):
    """There is no such amendment that waits."""


class AmendmentNotApproved(Refused):
    """The amendment has to be approved before it is signed."""


class ObligationUnknown(Refused):
    """The contract has no such obligation, or no such occurrence of it."""


class NeverDue(Invalid):
    """All days on which it would be due lie before `since`, from when it is followed."""


class PenaltyElsewhere(Invalid):
    """A penalty is in the currency of the contract: `currency`."""


class PenaltyNotPositive(Invalid):
    """A penalty is more than nothing; a breach that costs nothing has none."""


class NothingClaimed(Invalid):
    """A claim asks for an amount above zero: the penalty of the contract, or the one that is given."""


class ProofUsed(Refused):
    """The same proof was given for another time, `occurrence`, already; whoever means a further one names it."""


class WhichTime(Refused):
    """The latest time, `occurrence`, was breached and the next is not due yet: which one is meant has to be said."""


class ProofMissing(Invalid):
    """The obligation asks for another kind of proof: `proof`."""


class NotBreached(Refused):
    """Only a breach can be claimed."""


class BreachDisputed(Refused):
    """The breach is claimed in a dispute, which settles it."""
