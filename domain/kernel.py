"""The vocabulary every aggregate shares: events, commands, refusals, deciders and their context.

An aggregate is a `Decider`: two pure functions over an immutable state.
`decide(state, command, ctx)` returns the events that follow, possibly none, or raises `Refused`.
`evolve(state, event)` is total: it never refuses, so that history always loads, whatever rule came later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from hashlib import sha1
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Generic, NamedTuple, TypeVar
from uuid import UUID, SafeUUID

from pydantic import AfterValidator, AwareDatetime

from domain.messages import Message

NAMESPACE = UUID("8f0c4b6e-6f0d-5d43-9b57-0c0d5f1d8a11")
"""Namespace of every derived (uuid5) stream id. Never change it: stored ids depend on it."""


_NAMESPACE = NAMESPACE.bytes
_FREE_BITS = ~(0xC000 << 48 | 0xF000 << 64)
_RFC_UUID5 = 0x8000 << 48 | 5 << 76
_set_int, _set_safe = vars(UUID)["int"].__set__, vars(UUID)["is_safe"].__set__


def natural_id(kind: str, *parts: str) -> UUID:
    """The stream id of a thing that its own name identifies, the same in every process and for ever."""
    digest = sha1(_NAMESPACE + "\x1f".join((kind, *parts)).encode(), usedforsecurity=False).digest()
    # uuid5 in a quarter of its time: every imported row has an id of this kind, and UUID() checks seven ways to be made
    made = object.__new__(UUID)
    _set_int(made, int.from_bytes(digest[:16], "big") & _FREE_BITS | _RFC_UUID5)
    _set_safe(made, SafeUUID.unknown)
    return made


class Role(StrEnum):
    """What a member may do; see `infra/access.py` for what each role reaches."""

    ACCOUNT_MANAGER = "account_manager"
    SALES_MANAGER = "sales_manager"
    SALES_DIRECTOR = "sales_director"
    SALES_CHIEF = "sales_chief"
    DEAL_DESK = "deal_desk"
    PROCUREMENT = "procurement"
    CATEGORY_LEAD = "category_lead"
    PROCUREMENT_HEAD = "procurement_head"
    AP_CLERK = "ap_clerk"
    FINANCE = "finance"
    FINANCE_CHIEF = "finance_chief"
    LEGAL = "legal"
    EXECUTIVE = "executive"
    AUDITOR = "auditor"
    PARTNER = "partner"
    SUPPLIER = "supplier"
    CUSTOMER = "customer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a member, or Concord itself (workflows, imports, the operator at the command line)."""

    id: UUID
    roles: frozenset[Role] = frozenset()
    on_behalf_of: UUID | None = None

    def has(self, *roles: Role) -> bool:
        """Whether the actor holds at least one of the roles."""
        return not self.roles.isdisjoint(roles)


SYSTEM = Actor(id=natural_id("actor", "system"))
"""Concord's own workflows and sweeps: bound by every rule of the domain, but by no role."""


@dataclass(frozen=True, slots=True)
class PersonalMark:
    """Marks an event field that holds personal data: stored encrypted, and forgotten when its key is."""


_T = TypeVar("_T")
Personal = Annotated[_T, PersonalMark()]
"""`Personal[str]`: encrypted at rest under the key of the event's subject (by default its stream)."""

ERASED = "[erased]"
"""What a personal text reads as once its key is gone."""


class Event(Message):
    """A fact, past tense, noun first. No ids, no versions, no clock: the envelope has those.

    `class DealStageEntered(Event, topic="deal.stage_entered")` registers the topic. A topic is stored for ever:
    never rename it. When the shape changes, raise `schema_version` and add an `upcaster`.
    `subject` names the field with the id of the person whom the `Personal` fields are about; None: the stream itself.
    """

    topic: ClassVar[str]
    schema_version: ClassVar[int] = 1
    subject: ClassVar[str | None] = None
    personal: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def __pydantic_init_subclass__(
        cls, *, topic: str | None = None, schema_version: int = 1, subject: str | None = None, **kwargs: Any
    ) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if topic is None:
            return
        if topic in TOPICS:
            raise TypeError(f"two events share the topic {topic!r}")
        cls.topic, cls.schema_version, cls.subject = topic, schema_version, subject
        TOPICS[topic] = cls

    @classmethod
    def __pydantic_on_complete__(cls) -> None:
        cls.personal = tuple(name for name, f in cls.model_fields.items() if any(isinstance(m, PersonalMark) for m in f.metadata))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # pydantic hands the class keywords to __pydantic_init_subclass__; object must not see them
        super().__init_subclass__()


TOPICS: dict[str, type[Event]] = {}
"""Every registered event class by topic."""

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
UPCASTERS: dict[tuple[str, int], Upcast] = {}
"""(topic, stored schema version) -> the function that lifts the raw dict by one version."""


def upcaster(topic: str, from_version: int) -> Callable[[Upcast], Upcast]:
    """Register how a stored event of `topic` at `from_version` becomes one of `from_version + 1`."""

    def register(function: Upcast) -> Upcast:
        UPCASTERS[topic, from_version] = function
        return function

    return register


class Command(Message):
    """A wish, imperative. `decide` turns it into events or refuses it."""


class Refused(Exception):  # noqa: N818  a refusal is an answer, not an error
    """A rule said no. The class names the rule; `data` carries what a person needs to act on it.

    `status` is the HTTP status of the answer (409: the state forbids it, 403: the role does,
    404: there is no such thing, 422: the command makes no sense). `detail` is one sentence that says what to do.
    """

    status: ClassVar[int] = 409

    def __init__(self, detail: str, **data: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.data = data

    @property
    def rule(self) -> str:
        """The rule's name, as problem details and the command line show it."""
        return type(self).__name__


class NotFound(Refused):
    """There is no such thing, or the caller may not know of it."""

    status = 404


class Forbidden(Refused):
    """The caller's role does not allow this."""

    status = 403


class Invalid(Refused):
    """The command makes no sense as it stands."""

    status = 422


class AlreadyExists(Refused):
    """The command would begin a stream that has begun already."""


@dataclass(frozen=True, slots=True)
class Read:
    """A stream that a decision reads: the name of its decider, and its id."""

    decider: str
    id: UUID


@dataclass(frozen=True, slots=True)
class On:
    """An event for another stream than the command's own; the decision must have read that stream."""

    target: Read
    event: Event


class Context(NamedTuple):
    """What comes to a decision from outside: time, identity, chance, and the states it declared to read."""

    now: datetime
    actor: Actor = SYSTEM
    facts: Mapping[UUID, Any] = MappingProxyType({})
    new_id: Callable[[], UUID] = lambda: natural_id("unset")
    effective_at: datetime | None = None
    stream: UUID | None = None
    """The stream the command is for; the store always says which."""

    @property
    def own_id(self) -> UUID:
        """The id of the aggregate that decides. Raises LookupError where the caller did not say which stream it is."""
        if self.stream is None:
            raise LookupError("this decision needs to know its own stream: pass Context(stream=...)")
        return self.stream

    @property
    def at(self) -> datetime:
        """When the fact was so: `effective_at` if it is back-dated, else now."""
        return self.effective_at or self.now

    @property
    def today(self) -> date:
        """The UTC date of `now`; a decision about an agreed date converts `now` to the agreed zone instead."""
        return self.now.astimezone(UTC).date()

    def fact(self, read: Read) -> Any:
        """The state of a stream that `reads` declared; None where it has no events."""
        return self.facts[read.id]


S = TypeVar("S")
Outcome = Sequence[Event | On]


def in_no_chain(_state: Any, _event: Event, _stream: UUID) -> None:
    """The `chain` of a decider whose events belong to nothing longer than the command that they follow from."""


def reads_nothing(_state: Any, _command: Any, _facts: Mapping[UUID, Any]) -> Iterable[Read]:
    """The `reads` of a decider that decides on its own state alone."""
    return ()


@dataclass(frozen=True, slots=True)
class Decider(Generic[S]):
    """An aggregate. `initial` is its state before any event (usually None).

    `reads(state, command, facts)` names the other streams the decision needs; it is asked again with what was loaded
    until it asks for nothing new, so that a chain (parent of parent) can be walked. What it read is guarded: the append
    holds only if those streams have not moved.
    """

    name: str
    initial: S
    decide: Callable[[S, Any, Context], Outcome]
    evolve: Callable[[S, Any], S]
    reads: Callable[[S, Any, Mapping[UUID, Any]], Iterable[Read]] = reads_nothing
    state_version: int = 1
    """Raise it when the shape of the state changes, so that snapshots of the old shape are ignored."""
    personal: bool = False
    """Its state holds personal text in the clear: it may be cached in memory, but never stored as a snapshot."""
    chain: Callable[[S, Any, UUID], UUID | None] = in_no_chain
    """`chain(state, event, stream)`: the correlation id of the causal chain that an event, `state` being after it, is a part of.

    It holds where whoever executes the command names no correlation id. What a decision writes to other streams goes along.
    """

    def __post_init__(self) -> None:
        if DECIDERS.setdefault(self.name, self) is not self:
            raise TypeError(f"two deciders are named {self.name!r}")

    def fold(self, events: Iterable[Event], state: S | None = None) -> S:
        """The state after `events`, from `state` or from the beginning."""
        current = self.initial if state is None else state
        for event in events:
            current = self.evolve(current, event)
        return current


DECIDERS: dict[str, Decider[Any]] = {}
"""Every decider by name, filled as the domain's modules are imported."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event in its envelope, as it stands in the log.

    position: gapless per tenant, from 1. recorded_at: when we learnt it, rises with position. effective_at: when it was so.
    """

    originator_id: UUID
    originator_version: int
    position: int
    event: Event
    recorded_at: datetime
    effective_at: datetime
    actor: UUID
    on_behalf_of: UUID | None
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant between the years 1 and 9999 is needed") from None


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""When something happened, as an absolute instant; naive datetimes are refused. It is told in UTC, in whatever zone it was given."""
