"""What is decided about a person's data: legal holds, exports, erasure. One stream for each person, with case numbers and ids alone.

A person is a contact or a member. Erasing destroys the keys that it names: the person's own, those of the words of interactions in
which a contact took part, of the names on their papers, and of documents that belong to them alone. It cannot be undone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from domain.kernel import SYSTEM, Command, Context, Decider, Event, Forbidden, Invalid, NotFound, Read, Refused, Role, natural_id
from domain.messages import Message
from domain.papers.terms import OUT

CaseNumber = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,39}$"), Field(examples=["DSR-2027-14"])]
"""What a case is filed under, such as DSR-2027-14. Never a name: it stays in the log for ever."""


CUTS = 200
"""Events of which one event says what is cut out of them."""


class PersonKind(StrEnum):
    CONTACT = "contact"
    MEMBER = "member"


class Mentions(StrEnum):
    """What becomes of texts of other things that name the person."""

    KEEP = "keep"
    ERASE = "erase"


class Passage(Message):
    """Words in a text: its JSON pointer (RFC 6901) in the event, and the code points from `start` to before `end`."""

    field: str
    start: int
    end: int


class Cut(Message):
    """Words of one event that are shown to nobody any more. `digest`: SHA-256 of its stored bytes, in hex."""

    stream: UUID
    version: int
    digest: str
    words: tuple[Passage, ...]


class PersonHeld(Event, topic="privacy.held"):
    """Their data must be kept for a case; `until`: the last day of the hold, None: until it is released."""

    person: UUID
    case: str
    until: date | None


class PersonReleased(Event, topic="privacy.released"):
    """The case needs their data no longer."""

    person: UUID
    case: str


class PersonExported(Event, topic="privacy.exported"):
    """A copy of all that is kept under their key was handed out."""

    person: UUID
    case: str


class PersonErased(Event, topic="privacy.erased"):
    """Who they were is forgotten. `subjects`: whose keys are destroyed; `papers`: those on which they were named.

    `mentioned`: how often texts of other things named them; `mentions`: what was decided about these texts, None: nothing.
    """

    person: UUID
    kind: PersonKind
    case: str
    subjects: tuple[UUID, ...]
    papers: tuple[UUID, ...]
    mentions: Mentions | None = None
    mentioned: int = 0


class MentionsErased(Event, topic="privacy.mentions_erased"):
    """Words in texts of other things that named them are shown to nobody any more; up to `CUTS` of the events that hold these."""

    person: UUID
    case: str
    cuts: tuple[Cut, ...]


class ErasureCarriedOut(Event, topic="privacy.erasure_carried_out"):
    """Read models were rewritten, and letters, links and sign-ins removed; how many of each."""

    person: UUID
    rows: int
    files: int
    sign_ins: int


class HoldPerson(Command):
    """Keep a person's data for a case, whoever asks for erasure; `until` is the last day, null: until it is released."""

    person: UUID
    case: CaseNumber
    until: date | None = None


class ReleasePerson(Command):
    """End a hold."""

    person: UUID
    case: CaseNumber


class ExportPerson(Command):
    """Hand out a copy of all that is kept under a person's key."""

    person: UUID
    case: CaseNumber


class ErasePerson(Command):
    """Forget who a person was, for ever; `subjects`, `papers`, `mentioned` and `cuts` (of the mentions, where these are to be erased)
    are what a search found.
    """

    person: UUID
    kind: PersonKind
    case: CaseNumber
    subjects: tuple[UUID, ...]
    papers: tuple[UUID, ...] = ()
    mentions: Mentions | None = None
    mentioned: int = 0
    cuts: tuple[Cut, ...] = ()


class RecordErasure(Command):
    """Say that all that follows from an erasure is done."""

    person: UUID
    rows: int
    files: int
    sign_ins: int


class OnHold(Refused):
    """Their data must be kept: `holds` names the cases."""


class NotHeld(Refused):
    """There is no such hold."""


class PersonIsErased(Refused):
    """Who it was is forgotten; there is nothing left to keep or to hand out."""


class PapersUnderWay(Refused):
    """They are asked to sign papers; take those back first."""


class MentionsUndecided(Refused):
    """Texts of other things name them: `mentioned` says how often. Whoever erases decides what becomes of these texts."""


class OwnErasure(Forbidden):
    """Nobody erases themselves: another administrator has to."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """What stands about one person. `holds`: last day by case; `erased`: the case."""

    holds: Mapping[str, date | None] = field(default_factory=lambda: MappingProxyType({}))
    erased: str | None = None
    carried_out: bool = False

    def held(self, today: date) -> dict[str, date | None]:
        """The holds that bind today."""
        return {case: until for case, until in self.holds.items() if until is None or until >= today}

    def check_left(self) -> None:
        """Raises PersonIsErased."""
        if self.erased is not None:
            raise PersonIsErased(f"This person was erased for {self.erased}; nothing is left of who it was.", case=self.erased)


def privacy_id(person: UUID) -> UUID:
    """The stream of what is decided about a person's data."""
    return natural_id("privacy", str(person))


def reads(_state: Privacy | None, command: Any, _facts: Mapping[UUID, Any]) -> Iterator[Read]:
    if isinstance(command, ErasePerson):
        yield from (Read("paper", paper) for paper in command.papers)


def _check_free(privacy: Privacy, command: ErasePerson, ctx: Context) -> None:
    if command.person == ctx.actor.id:
        raise OwnErasure("You cannot erase yourself; ask another administrator.")
    if held := privacy.held(ctx.today):
        told = ", ".join(case + (f" until {until}" if until else "") for case, until in sorted(held.items()))
        raise OnHold(
            f"Their data must be kept for {told}; release the hold first.",
            holds=[{"case": case, "until": until and until.isoformat()} for case, until in sorted(held.items())],
        )
    out = [paper.number for id in command.papers if (paper := ctx.fact(Read("paper", id))) is not None and paper.status in OUT]
    if out:
        raise PapersUnderWay(f"They are asked to sign {', '.join(out)}; void these first, or wait until they are settled.", papers=out)
    if command.mentioned and command.mentions is None and ctx.actor.id != SYSTEM.id:
        raise MentionsUndecided(
            f"Texts of other things name them {command.mentioned} times; look at these, and decide what becomes of them with `mentions`.",
            mentioned=command.mentioned,
        )


def _cut(command: ErasePerson) -> Iterator[Event]:
    cuts = command.cuts if command.mentions is Mentions.ERASE else ()
    for first in range(0, len(cuts), CUTS):
        yield MentionsErased(person=command.person, case=command.case, cuts=cuts[first : first + CUTS])


def _check_role(ctx: Context, *roles: Role) -> None:
    if ctx.actor.id != SYSTEM.id and not ctx.actor.has(*roles):
        raise Forbidden(f"Only {' and '.join(roles)} may do this; ask one of them.", roles=list(roles))


def _held(privacy: Privacy, command: HoldPerson, ctx: Context) -> tuple[Event, ...]:
    if command.until is not None and command.until < ctx.today:
        raise Invalid("The last day of a hold lies ahead; leave it away for a hold that ends when it is released.")
    if command.case in privacy.holds and privacy.holds[command.case] == command.until:
        return ()
    return (PersonHeld(person=command.person, case=command.case, until=command.until),)


def decide(state: Privacy | None, command: Any, ctx: Context) -> tuple[Event, ...]:
    privacy = state or Privacy()
    match command:
        case RecordErasure(person=person, rows=rows, files=files, sign_ins=sign_ins):
            if privacy.erased is None:
                raise NotFound("Nothing was erased here.")
            done = ErasureCarriedOut(person=person, rows=rows, files=files, sign_ins=sign_ins)
            return () if privacy.carried_out else (done,)
        case ErasePerson():
            _check_role(ctx, Role.ADMIN)
            if privacy.erased is not None:
                return ()
            _check_free(privacy, command, ctx)
            return (PersonErased(**{name: getattr(command, name) for name in PersonErased.model_fields}), *_cut(command))
    _check_role(ctx, Role.ADMIN, Role.LEGAL)
    privacy.check_left()
    match command:
        case HoldPerson():
            return _held(privacy, command, ctx)
        case ReleasePerson(person=person, case=case):
            if case not in privacy.holds:
                known = ", ".join(sorted(privacy.holds)) or "none"
                raise NotHeld(f"There is no hold for {case}; there are: {known}.", holds=sorted(privacy.holds))
            return (PersonReleased(person=person, case=case),)
        case ExportPerson(person=person, case=case):
            return (PersonExported(person=person, case=case),)
        case _:
            raise TypeError(f"privacy knows no {type(command).__name__}")


def evolve(state: Privacy | None, event: Event) -> Privacy:
    privacy = state or Privacy()
    match event:
        case PersonHeld(case=case, until=until):
            return replace(privacy, holds={**privacy.holds, case: until})
        case PersonReleased(case=case):
            return replace(privacy, holds={held: until for held, until in privacy.holds.items() if held != case})
        case PersonErased(case=case):
            return replace(privacy, erased=case, holds={})
        case ErasureCarriedOut():
            return replace(privacy, carried_out=True)
        case _:
            return privacy


privacy: Decider[Privacy | None] = Decider("privacy", initial=None, decide=decide, evolve=evolve, reads=reads)
