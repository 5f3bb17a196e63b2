"""Templates and clauses: what papers say, in versions."""

from __future__ import annotations

from pydantic import BaseModel

from api.nouns import Noun
from api.registers import add_reads
from domain.clauses import Clause, ClauseWording, DefineClause, RetireClause, clause_id, clauses
from domain.papers.wording import BlankUnknown
from domain.templates import ClauseUnknown, DefineTemplate, RetireTemplate, Template, TemplateText, template_id, templates
from infra.access import Action


class ClauseView(BaseModel):
    """A clause with all its versions, oldest first."""

    key: str
    retired: bool
    versions: list[ClauseWording]


class TemplateView(BaseModel):
    """A template with all its versions, oldest first."""

    key: str
    retired: bool
    versions: list[TemplateText]


def _clause_shown(clause: Clause) -> ClauseView:
    return ClauseView(key=clause.key, retired=clause.retired, versions=list(clause.versions))


def _template_shown(template: Template) -> TemplateView:
    return TemplateView(key=template.key, retired=template.retired, versions=list(template.versions))


clause_noun = Noun("clause", "clauses", clauses, tag="papers")
add_reads(clause_noun, ClauseView, Action.CATALOGUE_READ, topics="clause.", show=_clause_shown)
clause_noun.opens(
    DefineClause,
    Action.WORDING_CHANGE,
    operation="define_clause",
    summary="Word a clause, anew or for the first time",
    example={"key": "payment", "wording": {"title": "Payment", "text": "{their_name} pays within 14 days of the invoice's date."}},
    stream=lambda command: clause_id(command.key),
    raises=(BlankUnknown,),
)
clause_noun.changes(
    "/retire", RetireClause, Action.WORDING_CHANGE, operation="retire_clause", summary="Keep a clause from new papers", example={}
)
template_noun = Noun("template", "templates", templates, tag="papers")
add_reads(template_noun, TemplateView, Action.CATALOGUE_READ, topics="template.", show=_template_shown)
template_noun.opens(
    DefineTemplate,
    Action.WORDING_CHANGE,
    operation="define_template",
    summary="State a template, anew or for the first time",
    example={
        "key": "quote",
        "text": {
            "kind": "quote",
            "name": "Quote",
            "intro": "We offer {their_name} the following.",
            "clauses": ["payment"],
            "valid_days": 30,
        },
    },
    stream=lambda command: template_id(command.key),
    raises=(BlankUnknown, ClauseUnknown),
)
template_noun.changes(
    "/retire", RetireTemplate, Action.WORDING_CHANGE, operation="retire_template", summary="Keep a template from new papers", example={}
)
routers = (clause_noun.router, template_noun.router)
