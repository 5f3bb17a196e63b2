"""Why a paper is not what somebody wants it to be."""

from __future__ import annotations

from domain.kernel import Forbidden, Invalid, NotFound, Refused


class PaperNotInState(Refused):
    """The paper is not where this can be done; `status` says where it is, `needed` where it would have to be."""


class PaperIsOut(Refused):
    """Those who sign have the paper already; void it, then prepare another."""


class PaperNotReviewed(Refused):
    """The template asks for a review by somebody else before the paper is sent."""


class NotAgreedYet(Refused):
    """What the paper is to be signed as has not been approved, or is no longer what the paper shows; `status` says how it stands."""


class PartUnknown(NotFound):
    """There is no such amendment that waits, or the template needs to know which one; `amendments` lists those there are."""


class OwnPaper(Forbidden):
    """Nobody reviews the paper that they prepared."""


class PaperChanged(Refused):
    """The paper is not the one that was read; read it again. `document` is the SHA-256 of the present one."""


class LinkOfOthers(Forbidden):
    """Whoever has a link can sign with it: only who prepared or sent the paper, or an administrator, hands one over. `who` names them."""


class SignatoryUnknown(NotFound):
    """Nobody of this id is asked to sign the paper."""


class SignatoryTwice(Invalid):
    """One address is named twice among those who sign for the same party."""


class SigningDayPast(Invalid):
    """The last day for signing has to come yet."""


class SigningDayTooFar(Invalid):
    """Nobody waits for a signature until after the year 2199; such a day was mistyped, or stands for none."""


class SigningOver(Refused):
    """The time for signing is over."""


class SignaturesMissing(Refused):
    """Not everybody has signed; `missing` names the parties."""


class TemplateUnknown(NotFound):
    """There is no such template in use."""


class NoPaperFor(Invalid):
    """Papers cannot be prepared about things of this kind, or not from this template; `kinds` names the papers that can."""


class NotPrintable(Invalid):
    """The fonts that papers are printed with lack characters of what would stand on it; `missing` names them by place."""


class NothingDisputed(Refused):
    """The case is settled or over, so that a letter about it would dispute what nobody disputes; `status` says where it is."""
