"""Templates: what a kind of paper says and asks for, in versions. A paper keeps the version that it was prepared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.clauses import Clause, clause_read
from domain.kernel import AlreadyExists, Command, Context, Decider, Event, NotFound, Read, natural_id
from domain.papers.content import Colour, PaperKind, Word
from domain.papers.wording import check_wording
from domain.values import Key, Name, Prose, Text


class TemplateText(Text):
    """What a template says. `letterhead` and `footer`: lines below our name and at the foot of the first page.

    `title`, `intro` and `closing` may have blanks such as `{their_name}`. `valid_days`: how long the offer stands.
    `review`: whether somebody else has to look at the paper before it may be sent. `signed`: whether it has places to sign.
    """

    kind: PaperKind
    name: Name
    title: Name = "{title}"
    letterhead: Annotated[tuple[Word, ...], Field(max_length=6)] = ()
    intro: Prose | None = None
    closing: Prose | None = None
    clauses: Annotated[tuple[Key, ...], Field(max_length=100)] = ()
    footer: Annotated[tuple[Word, ...], Field(max_length=4)] = ()
    accent: Colour = "#1f4e5f"
    valid_days: Annotated[int, Field(ge=1, le=730)] | None = None
    review: bool = False
    signed: bool = True


class TemplateVersionDefined(Event, topic="template.version_defined"):
    """From now on new papers of this template are so."""

    key: str
    number: int
    text: TemplateText


class TemplateRetired(Event, topic="template.retired"):
    """Not for new papers any more."""


class DefineTemplate(Command):
    """State a template as a whole, anew or for the first time. Quiet if it is so already."""

    key: Key
    text: TemplateText


class RetireTemplate(Command):
    """Keep a template from new papers."""


class ClauseUnknown(NotFound):
    """There is no such clause in use; define it first."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template: `versions` in order, the first one being number 1."""

    key: str
    versions: tuple[TemplateText, ...]
    retired: bool = False

    @property
    def number(self) -> int:
        """The latest version's number."""
        return len(self.versions)

    @property
    def text(self) -> TemplateText:
        """As it is now."""
        return self.versions[-1]


def template_id(key: str) -> UUID:
    return natural_id("template", key)


def template_read(key: str) -> Read:
    return Read("template", template_id(key))


def reads(_template: Template | None, command: Any, _facts: Mapping[UUID, Any]) -> Iterator[Read]:
    """The clauses that it names."""
    if isinstance(command, DefineTemplate):
        yield from (clause_read(key) for key in command.text.clauses)


def decide(template: Template | None, command: Any, ctx: Context) -> tuple[Event, ...]:
    match command:
        case DefineTemplate(key=key, text=text):
            if ctx.stream is not None and ctx.stream != template_id(key):
                raise AlreadyExists("A template keeps its key; define another one instead.", key=key)
            check_wording(text.title, text.intro or "", text.closing or "")
            for name in text.clauses:
                clause: Clause | None = ctx.fact(clause_read(name))
                if clause is None or clause.retired:
                    raise ClauseUnknown(f"There is no clause {name!r} in use; define it first, or leave it out.", clause=name)
            if template is not None and not template.retired and template.text == text:
                return ()
            return (TemplateVersionDefined(key=key, number=template.number + 1 if template else 1, text=text),)
    if template is None:
        raise NotFound("There is no such template; define it first.")
    match command:
        case RetireTemplate():
            return () if template.retired else (TemplateRetired(),)
        case _:
            raise TypeError(f"a template knows no {type(command).__name__}")


def evolve(template: Template | None, event: Event) -> Template | None:
    match event:
        case TemplateVersionDefined(key=key, text=text):
            return Template(key, (*(template.versions if template else ()), text))
        case TemplateRetired() if template is not None:
            return replace(template, retired=True)
        case _:
            return template


templates: Decider[Template | None] = Decider("template", initial=None, decide=decide, evolve=evolve, reads=reads)
