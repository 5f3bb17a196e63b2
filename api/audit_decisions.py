"""Decisions replayed: the command, the state before, the rules and the outcome; and what would have come of it by other rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from psycopg import sql
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.audit_things import DECIDED_BY
from api.callers import Caller, LogReader
from api.conventions import reply
from api.moments import AheadOfLog
from api.problems import documented
from api.registers import Entry, entry
from domain.approval_policies import UNDEFINED, ApprovalPolicy, approval_policies
from domain.approvals import ApprovalRequested
from domain.approvals import differences as asked_of_others
from domain.kernel import DECIDERS, SYSTEM, Actor, Command, Context, Decider, NotFound, Read, Recorded
from domain.redeciding import Outcome, decide_again, differences, told_back
from domain.settings import SETTINGS_ID
from projections.stream_states import values

router = APIRouter(prefix="/v1/audit", tags=["audit"])


class ReplayAsked(BaseModel):
    """Other rules to decide by; without any, those of the time."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    pipeline_version: Annotated[int | None, Field(ge=1, le=10**6, description="Gates and stages of this version of the pipeline.")] = None
    policy_version: Annotated[int | None, Field(ge=0, le=10**6, description="Approvals by this version of the policy.")] = None
    rules_at: Annotated[
        int | None,
        Field(ge=0, le=10**18, description="Rules for deals, contracts and disputes, and calendars, as they stood at this log position."),
    ] = None


class Fact(BaseModel):
    """Another stream that the decision read, at the version it had then."""

    noun: str
    id: UUID
    version: int


class Replayed(BaseModel):
    """A decision, told back from the log.

    `determined`: the recorded events tell which command it was, and deciding it again gives exactly them; else `undetermined` says why,
    and there is no command. `differs` and `why`: whether, and how, the outcome by the rules that were asked for is another one; null where
    the command is not known, but of a request for approval `differs` still tells whether the policy would have asked others.
    """

    position: int
    noun: str
    id: UUID
    actor: UUID
    roles: list[str]
    on_behalf_of: UUID | None
    command_id: UUID
    determined: bool
    undetermined: str | None
    command: str | None
    fields: dict[str, Any] | None
    version_before: int
    state_before: dict[str, Any] | None
    facts: list[Fact]
    rules: dict[str, int]
    events: list[Entry]
    by: dict[str, int]
    outcome: list[dict[str, Any]]
    refused: str | None
    differs: bool | None
    why: list[str]


@dataclass(frozen=True, slots=True)
class _Decision:
    """What a decision saw: its own stream and state, and until where others are read."""

    decider: Decider[Any]
    stream: UUID
    state: Any
    version: int
    first: int
    recorded: tuple[Recorded, ...]
    actor: Actor


@router.get("/decisions/{position}", response_model=Replayed, operation_id="replay_decision", responses=documented(NotFound, AheadOfLog))
async def replay_decision(
    position: Annotated[int, Path(ge=1, le=10**18, examples=[1], description="Of any event that followed from it.")],
    caller: LogReader,
    asked: Annotated[ReplayAsked, Query()],
) -> Response:
    """Decide again what led to an event: on the state, facts, roles and time it was decided on, by its rules or by others."""
    store, tenant = caller.doors.store, caller.tenant
    head = await store.head(tenant)
    if asked.rules_at is not None and asked.rules_at > head:
        raise AheadOfLog(
            "rules_at names a position that the log has not reached; use an earlier one.", rules_at=asked.rules_at, position=head
        )
    found = await store.at(tenant, [position])
    if not found:
        raise NotFound("The log has not reached that position; choose an earlier one.")
    recorded = await _together(caller, found[0])
    decisions = [await _seen_by(caller, recorded, stream) for stream in dict.fromkeys(r.originator_id for r in recorded)]
    by = {name: value for name, value in asked.model_dump().items() if value is not None}
    for decision in decisions:
        events = [r.event for r in recorded]
        for command in told_back(decision.decider, decision.state, events):
            outcome, why, facts = await _decided(caller, decision, command, ReplayAsked())
            if not why:
                again = (outcome, why, facts) if not by else await _decided(caller, decision, command, asked)
                return reply(_told(position, decision, command, facts, by, *again[:2]))
    return reply(await _undetermined(caller, position, decisions[0], by, asked))


async def _together(caller: Caller, one: Recorded) -> tuple[Recorded, ...]:
    """All events of the command that one of them came of."""
    query = sql.SQL("SELECT first, last FROM {}.commands WHERE id = %s").format(sql.Identifier(caller.tenant.schema))
    async with caller.doors.database.connection() as connection:
        row = await (await connection.execute(query, (one.command_id,))).fetchone()
    if row is None or row[0] is None:
        return (one,)
    store = caller.doors.store
    return tuple(store.decode(caller.tenant, stored) for stored in await store.between(caller.tenant, row[0], row[1]))


async def _seen_by(caller: Caller, recorded: Sequence[Recorded], stream: UUID) -> _Decision:
    store, tenant, one = caller.doors.store, caller.tenant, recorded[0]
    history = await store.history(tenant, stream)
    decider = DECIDERS[DECIDED_BY.get((noun := history[0].event.topic.partition(".")[0]), noun)]
    before = [r for r in history if r.position < one.position]
    member = await _stood(caller, DECIDERS["member"], one.actor, one.position - 1)
    roles = frozenset(member[0].roles) if member[0] is not None else SYSTEM.roles
    actor = SYSTEM if one.actor == SYSTEM.id else Actor(one.actor, roles, one.on_behalf_of)
    return _Decision(decider, stream, decider.fold(r.event for r in before), len(before), one.position, tuple(recorded), actor)


async def _stood(caller: Caller, decider: Decider[Any], stream: UUID, position: int | None) -> tuple[Any, int]:
    history = await caller.doors.store.history(caller.tenant, stream, upto=position)
    return decider.fold(r.event for r in history), len(history)


async def _decided(
    caller: Caller, decision: _Decision, command: Command, rules: ReplayAsked
) -> tuple[Outcome, list[str], dict[Read, tuple[Any, int]]]:
    one = decision.recorded[0]
    state = _under(decision.state, rules)
    read: dict[Read, tuple[Any, int]] = {}
    facts: dict[UUID, Any] = {}
    try:
        while wanted := [r for r in decision.decider.reads(state, command, facts) if r not in read]:
            for one_read in wanted:
                read[one_read] = await _stood(caller, DECIDERS[one_read.decider], one_read.id, _until(one_read, decision, rules))
                facts[one_read.id] = _limited(read[one_read][0], one_read, rules)
    except (TypeError, LookupError, AttributeError):
        # a guess at the command that the decider does not know
        return Outcome(), ["This command makes no sense here."], read
    effective = one.effective_at if one.effective_at != one.recorded_at else None
    ctx = Context(one.recorded_at, decision.actor, facts, effective_at=effective, stream=decision.stream)
    outcome, same = decide_again(decision.decider, state, command, ctx)
    return outcome, differences(outcome, [(r.originator_id, r.event) for r in decision.recorded], same), read


def _until(read: Read, decision: _Decision, rules: ReplayAsked) -> int | None:
    """Up to where a fact is read: until the decision, but rules of another version as late as they were laid down."""
    if read.id == SETTINGS_ID and rules.rules_at is not None:
        return rules.rules_at
    if (read.decider == "pipeline" and rules.pipeline_version is not None) or (
        read.decider == approval_policies.name and rules.policy_version is not None
    ):
        return None
    return decision.first - 1


def _under(state: Any, rules: ReplayAsked) -> Any:
    """The state, standing under another version of the rules that it names."""
    for name in ("pipeline_version", "policy_version"):
        if state is not None and (wanted := getattr(rules, name)) is not None and hasattr(state, name):
            state = replace(state, **{name: wanted})
    return state


def _limited(state: Any, read: Read, rules: ReplayAsked) -> Any:
    """A fact whose latest version is the one that is asked for."""
    wanted = {"pipeline": rules.pipeline_version, approval_policies.name: rules.policy_version}.get(read.decider)
    if wanted is None:
        return state
    known = UNDEFINED if state is None and read.decider == approval_policies.name else state
    versions = tuple(v for v in known.versions if v.number <= wanted) if known is not None else ()
    if not versions or versions[-1].number != wanted:
        raise NotFound("There is no such version of these rules; list them to find one.", version=wanted)
    return replace(known, versions=versions)


def _told(
    position: int,
    decision: _Decision,
    command: Command | None,
    facts: dict[Read, tuple[Any, int]],
    by: dict[str, int],
    outcome: Outcome,
    why: list[str] | None,
    undetermined: str | None = None,
) -> Replayed:
    one = decision.recorded[0]
    named = {name: getattr(source, name) for source in (decision.state, one.event) for name in _VERSIONS if hasattr(source, name)}
    return Replayed(
        position=position,
        noun=decision.decider.name,
        id=decision.stream,
        actor=one.actor,
        roles=sorted(decision.actor.roles),
        on_behalf_of=one.on_behalf_of,
        command_id=one.command_id,
        determined=command is not None,
        undetermined=undetermined,
        command=type(command).__name__ if command is not None else None,
        fields=command.model_dump(mode="json") if command is not None else None,
        version_before=decision.version,
        state_before=values(decision.state),
        facts=[Fact(noun=read.decider, id=read.id, version=version) for read, (_, version) in facts.items()],
        rules={name: version for name, version in named.items() if isinstance(version, int)},
        events=[Entry.model_construct(**entry(r)) for r in decision.recorded],
        by=by,
        outcome=[{"topic": event.topic, "stream": str(stream), "data": values(event)} for stream, event in outcome.events],
        refused=outcome.refusal.rule if outcome.refusal is not None else None,
        differs=None if why is None else bool(why),
        why=why or [],
    )


_VERSIONS = ("pipeline_version", "policy_version", "rules")
"""Where states and events name the versions of the rules that they were decided by."""


async def _undetermined(caller: Caller, position: int, decision: _Decision, by: dict[str, int], asked: ReplayAsked) -> Replayed:
    """What can be said where the events do not tell the command; rounds of approvals keep all values that the policy tests."""
    reason = (
        "The log keeps what followed from a command, not its words; those of this one cannot be told back from its events, because it "
        "came with others in one piece, or said something that no event repeats. State, facts and events are shown as they were."
    )
    request = next((r.event for r in decision.recorded if isinstance(r.event, ApprovalRequested)), None)
    # gates and other rules cannot be put to a command that is not known: nothing is said of them, neither same nor otherwise
    if request is None or by.keys() - {"policy_version"}:
        return _told(position, decision, None, {}, by, Outcome(), None, reason)
    number = request.policy_version if asked.policy_version is None else asked.policy_version
    why = await _by_policy(caller, request, number)
    reason += " A request for approval keeps all that the policy tests: that can be asked again whom it would have asked."
    return _told(position, decision, None, {}, by, Outcome(), why, reason)


async def _by_policy(caller: Caller, request: ApprovalRequested, number: int) -> list[str]:
    policy: ApprovalPolicy = (await _stood(caller, approval_policies, request.policy, None))[0] or UNDEFINED
    version = policy.version(number)
    if version is None:
        raise NotFound("There is no such version of these rules; list them to find one.", version=number)
    return [
        f"The {one.chain} chain would ask {_posts(one.would)} instead of {_posts(one.posts)}."
        for one in asked_of_others(request, version.rules)
    ]


def _posts(posts: Sequence[str]) -> str:
    return ", ".join(post.replace("_", " ") for post in posts) or "nobody"
