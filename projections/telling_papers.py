"""How what happens to papers, documents, templates and clauses is told."""

from __future__ import annotations

from domain.clauses import ClauseRetired, ClauseVersionDefined
from domain.documents import DocumentAttached, DocumentStored
from domain.papers import events as e
from domain.templates import TemplateRetired, TemplateVersionDefined
from projections.telling import Names, listed, plain, telling


@telling(DocumentStored)
def _(event: DocumentStored, _names: Names) -> str:
    return f"The document {event.document.name} was kept ({event.document.size:,} bytes)."


@telling(DocumentAttached)
def _(event: DocumentAttached, names: Names) -> str:
    return f"It was attached to the {event.noun.replace('_', ' ')} {names.of(event.id)}."


@telling(e.PaperDrafted)
def _(event: e.PaperDrafted, _names: Names) -> str:
    again = f" anew, as revision {event.revision}" if event.revision > 1 else ""
    worth = f", over {event.total}" if event.total else ""
    return f"The {event.kind.label.lower()} {event.number}, {event.title}{worth}, was prepared{again}."


@telling(e.PaperReviewRequested)
def _(_event: e.PaperReviewRequested, _names: Names) -> str:
    return "Somebody else was asked to look at the paper before it is sent."


@telling(e.PaperReviewed)
def _(event: e.PaperReviewed, _names: Names) -> str:
    words = "It was reviewed and may be sent" if event.allowed else "It was reviewed and sent back to be changed"
    return f"{words}: {event.note}" if event.note else f"{words}."


@telling(e.PaperSignatoryNamed)
def _(event: e.PaperSignatoryNamed, _names: Names) -> str:
    return f"{event.name} was asked to sign for {event.party}."


@telling(e.PaperSent)
def _(event: e.PaperSent, names: Names) -> str:
    return f"The paper was sent to {names.all(event.signatories)}, who have until {plain(event.expires_at)} to sign."


@telling(e.PaperLinkIssued)
def _(event: e.PaperLinkIssued, names: Names) -> str:
    return f"{names.of(event.signatory)} was given a link to the paper{', by mail' if event.mailed else ''}."


@telling(e.PaperViewed)
def _(event: e.PaperViewed, names: Names) -> str:
    return f"{names.of(event.signatory)} opened the paper."


@telling(e.PaperSigned)
def _(event: e.PaperSigned, names: Names) -> str:
    return f"{names.of(event.signatory)} signed the paper as {event.typed_name}."


@telling(e.PaperDeclined)
def _(event: e.PaperDeclined, names: Names) -> str:
    return f"{names.of(event.signatory)} declined to sign: {event.reason}"


@telling(e.PaperCompleted)
def _(event: e.PaperCompleted, _names: Names) -> str:
    return f"Everybody has signed; the paper was sealed by {event.holder}."


@telling(e.PaperVoided)
def _(event: e.PaperVoided, _names: Names) -> str:
    return f"The paper was taken back ({event.reason})."


@telling(e.PaperExpired)
def _(_event: e.PaperExpired, _names: Names) -> str:
    return "The time for signing was over before everybody had signed."


@telling(ClauseVersionDefined)
def _(event: ClauseVersionDefined, _names: Names) -> str:
    return f"Version {event.number} of the clause {event.key}, {event.wording.title}, was worded."


@telling(ClauseRetired)
def _(_event: ClauseRetired, _names: Names) -> str:
    return "The clause was kept from new papers."


@telling(TemplateVersionDefined)
def _(event: TemplateVersionDefined, _names: Names) -> str:
    return f"Version {event.number} of the template {event.text.name} was laid down, with the clauses {listed(list(event.text.clauses), 'none')}."


@telling(TemplateRetired)
def _(_event: TemplateRetired, _names: Names) -> str:
    return "The template was kept from new papers."
