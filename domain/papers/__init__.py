"""Papers: quotes, proposals, contracts, amendments and letters, from the template to the last signature.

What stands on a paper is put together in `composing.py`, printed by `infra/papers/printing.py`, and kept as a document. Another
noun has papers prepared about it by adding how its state is told on paper: `@matter_of("dispute")` in `composing.py`'s way.
"""

from domain.papers.commands import (
    DeclinePaper,
    DraftPaper,
    ExpirePaper,
    IssueLink,
    PreparePaper,
    RecordLink,
    RequestReview,
    ReviewPaper,
    RevisePaper,
    SealPaper,
    SendPaper,
    SignPaper,
    ViewPaper,
    VoidPaper,
)
from domain.papers.decider import papers
from domain.papers.state import Paper, Signatory
from domain.papers.terms import CONSENT, Invited, PaperStatus, PaperSubject, SigningChannel

__all__ = [
    "CONSENT",
    "DeclinePaper",
    "DraftPaper",
    "ExpirePaper",
    "Invited",
    "IssueLink",
    "Paper",
    "PaperStatus",
    "PaperSubject",
    "PreparePaper",
    "RecordLink",
    "RequestReview",
    "ReviewPaper",
    "RevisePaper",
    "SealPaper",
    "SendPaper",
    "SignPaper",
    "Signatory",
    "SigningChannel",
    "ViewPaper",
    "VoidPaper",
    "papers",
]
