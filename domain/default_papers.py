"""The clauses and templates that every tenant starts with: a beginning to word anew, not legal advice."""

from __future__ import annotations

from domain.clauses import ClauseWording, DefineClause
from domain.papers.content import PaperKind
from domain.templates import DefineTemplate, TemplateText

_CLAUSES = {
    "scope": ClauseWording(
        title="What is agreed",
        text="{our_name} and {their_name} agree on the deliveries and services listed in this paper, under number {number}. "
        "What is not listed here is not part of it.",
    ),
    "scope_unlisted": ClauseWording(
        title="What is agreed",
        text="{our_name} and {their_name} agree, under number {number}, on what this paper is titled after and on the terms that it "
        "states. It lists no single deliveries or services.",
    ),
    "delivery": ClauseWording(
        title="Delivery",
        text="Goods are delivered by {seller_name} to {buyer_name}, at the address that the order names, carriage paid. Dates of "
        "delivery are binding where they are stated as such.\n\nPart deliveries are permitted where they do not burden the recipient.",
    ),
    "payment": ClauseWording(
        title="Payment",
        text="Invoices are due within 30 days of their date, without deduction, to the account named on the invoice.",
    ),
    "prices": ClauseWording(
        title="Prices",
        text="Prices are net, without value added tax, which is added at the rate in force on the day of the supply.",
    ),
    "warranty": ClauseWording(
        title="Warranty",
        text="Defects are reported in writing without delay once they are found. They are mended or replaced within a "
        "reasonable time; where that fails twice, the price is reduced or the part concerned is returned.\n\nClaims for "
        "defects expire 24 months after delivery.",
    ),
    "liability": ClauseWording(
        title="Liability",
        text="Either party is liable without limit for intent and gross negligence, and for injury to life, body and "
        "health. For slight negligence it is liable for the breach of essential duties only, up to the damage that was "
        "to be foreseen.",
    ),
    "confidentiality": ClauseWording(
        title="Confidentiality",
        text="Each party keeps confidential what it learns of the other in this business and is not public, and uses it for "
        "this business alone. This holds for five years after the end of the agreement.",
    ),
    "term": ClauseWording(
        title="Term and termination",
        text="The agreement begins on the day that is named above or, where none is named, when both parties have signed it. Either "
        "party may end it for good cause at any time, in writing.",
    ),
    "law": ClauseWording(
        title="Law and jurisdiction",
        text="The law of the seat of {our_name} applies, without the United Nations Convention on Contracts for the "
        "International Sale of Goods. The courts at that seat have jurisdiction.",
    ),
    "unchanged": ClauseWording(
        title="What stays",
        text="All other provisions of the agreement {reference} stay as they are.",
    ),
}

_TEMPLATES = {
    "quote": TemplateText(
        kind=PaperKind.QUOTE,
        name="Quote",
        intro="Thank you for your inquiry. We are pleased to offer you the following; the offer stands until {valid_until}.",
        closing="To order, sign below or send us your purchase order with our number {number}.",
        clauses=("prices", "delivery", "payment"),
        valid_days=30,
    ),
    "proposal": TemplateText(
        kind=PaperKind.PROPOSAL,
        name="Proposal",
        intro="This is what we propose to {their_name}, on the grounds of our talks. It stands until {valid_until}.",
        closing="We look forward to your answer. {contact} is glad to go through it with you.",
        clauses=("scope", "prices", "delivery", "warranty"),
        valid_days=45,
        signed=False,
    ),
    "contract": TemplateText(
        kind=PaperKind.CONTRACT,
        name="Contract",
        intro="Between {our_name} and {their_name}, the following is agreed.",
        clauses=("scope", "prices", "delivery", "payment", "warranty", "liability", "confidentiality", "term", "law"),
        review=True,
    ),
    "amendment": TemplateText(
        kind=PaperKind.AMENDMENT,
        name="Amendment",
        intro="{our_name} and {their_name} change their agreement {reference} as follows.",
        clauses=("unchanged", "law"),
        review=True,
    ),
    "dispute_letter": TemplateText(
        kind=PaperKind.DISPUTE_LETTER,
        name="Dispute letter",
        intro="With regard to {reference}, we dispute the items listed below and hold back their amount. What is not listed here is not disputed.",
        closing="Please answer in writing and send us what supports your view. {contact} is at your disposal.",
        signed=False,
    ),
}


def default_clauses() -> tuple[DefineClause, ...]:
    """The clauses of everyday business."""
    return tuple(DefineClause(key=key, wording=wording) for key, wording in _CLAUSES.items())


def default_templates() -> tuple[DefineTemplate, ...]:
    """One for each kind of paper."""
    return tuple(DefineTemplate(key=key, text=text) for key, text in _TEMPLATES.items())
