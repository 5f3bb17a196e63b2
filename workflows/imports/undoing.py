"""Taking an import back: compensating events for everything that the run brought or changed, except what people have worked on since."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from pydantic import BaseModel

from domain.accounts import ReopenAccount
from domain.deals.state import Deal
from domain.disputes.events import DisputeVoided
from domain.import_runs import ImportRun, ImportUndone, RecordImportUndone, import_runs
from domain.imports import UndoImport
from domain.kernel import DECIDERS, SYSTEM, Actor, Command, NotFound, Refused
from domain.members import ReactivateMember
from domain.pipelines import RetirePipeline
from domain.products import RestoreProduct
from infra.database import Tenant
from infra.event_store import Step, Store
from infra.event_store.envelope import Meta
from workflows.imports.fields import Kind
from workflows.imports.report import Outcome, RowReport, Undone

_KINDS = {
    "deal": Kind.DEALS,
    "dispute": Kind.DISPUTES,
    "account": Kind.ACCOUNTS,
    "contact": Kind.CONTACTS,
    "product": Kind.PRODUCTS,
    "member": Kind.USERS,
    "team": Kind.TEAMS,
    "pipeline": Kind.STAGES,
}
_ORDER = ("dispute", "deal", "contact", "account", "product", "member", "team", "pipeline")
"""What refers goes before what is referred to."""
_REOPENED: dict[str, Command] = {
    "product.retired": RestoreProduct(),
    "member.deactivated": ReactivateMember(),
    "account.closed": ReopenAccount(),
}
"""What brings back what a run put out of use, by the topic in which it did so."""
_PAGE = 2000
_CHUNK = 100


async def undo_run(
    store: Store, tenant: Tenant, run: UUID, by: Actor, told: Callable[[int, int], None] = lambda _done, _all: None
) -> Undone:
    """Take the run back. Taken back before, it says when (`already`), and only what was kept then is tried again.

    What people changed since, or what something newer refers to, stays and is listed in `kept`, with the reason.
    Raises NotFound when there is no such run.
    """
    history = await store.history(tenant, run)
    known: ImportRun | None = (await store.load(tenant, import_runs, run)).state
    if not history or known is None:
        raise NotFound("There is no such import; list the imports to find it.", run=str(run))
    before = next((r for r in history if isinstance(r.event, ImportUndone)), None)
    if before is not None and isinstance(before.event, ImportUndone) and not before.event.kept:
        return Undone(run=run, withdrawn=0, restored=0, untouched=0, already=before.recorded_at)
    touched, used, closed = await _scan(store, tenant, run, history[0].position)
    total = sum(len(streams) for streams in touched.values())
    result = _Result(run, total, told, closed, again=before is not None)
    for noun in _ORDER:
        since = touched.get(noun, {})
        streams = sorted(since)
        for start in range(0, len(streams), _CHUNK):
            part = streams[start : start + _CHUNK]
            await asyncio.gather(*(_undo(store, tenant, noun, stream, since[stream], by, used, result) for stream in part))
            result.tell(len(part))
    await store.execute(
        tenant,
        import_runs,
        run,
        RecordImportUndone(withdrawn=result.withdrawn, restored=result.restored, kept=len(result.kept)),
        by=by,
        correlation_id=run,
    )
    return Undone(
        run=run,
        withdrawn=result.withdrawn,
        restored=result.restored,
        untouched=result.untouched,
        kept=tuple(result.kept),
        already=before.recorded_at if before is not None else None,
    )


class _Result:
    """What was done so far. `again`: the run was taken back before, and what that did is not done now."""

    def __init__(self, run: UUID, total: int, told: Callable[[int, int], None], closed: dict[UUID, Command], *, again: bool) -> None:
        self.closed, self.again = closed, again
        self.run, self._total, self._told = run, total, told
        self.withdrawn = self.restored = self.untouched = self._done = 0
        self.kept: list[RowReport] = []

    def tell(self, done: int) -> None:
        self._done += done
        self._told(self._done, self._total)


async def _scan(
    store: Store, tenant: Tenant, run: UUID, start: int
) -> tuple[dict[str, dict[UUID, datetime]], set[UUID], dict[UUID, Command]]:
    """(streams that the run wrote, by noun, and since when what it told of them was so; ids that anything else has mentioned since it began; what to bring back into use)."""
    touched: dict[str, dict[UUID, datetime]] = {}
    used: set[UUID] = set()
    closed: dict[UUID, Command] = {}
    after = start - 1
    while page := await store.rows(tenant, after, _PAGE):
        for row in page:
            after, stream, version, topic, meta, state, _, effective_at = row
            if Meta.decode(meta).correlation_id == run:
                noun = topic.split(".", 1)[0]
                if noun in _KINDS:
                    since = touched.setdefault(noun, {})
                    since[stream] = min(effective_at, since.get(stream, effective_at))
                if topic in _REOPENED:
                    closed[stream] = _REOPENED[topic]
            else:
                # its own stream is the aggregate's business, which knows what was changed in it
                event = store.codec.decode(tenant.slug, stream, version, topic, state)
                used.update(found for found in _ids(dict(event)) if found != stream)
    return touched, used, closed


async def written_by(store: Store, tenant: Tenant, run: UUID) -> dict[UUID, Outcome]:
    """The streams that an unfinished run has written already, and whether it brought or changed them."""
    history = await store.history(tenant, run)
    if not history:
        return {}
    written: dict[UUID, Outcome] = {}
    after = history[0].position
    while page := await store.rows(tenant, after, _PAGE):
        for row in page:
            after, stream, _, topic, meta = row[:5]
            if topic.split(".", 1)[0] in _KINDS and Meta.decode(meta).correlation_id == run:
                written.setdefault(stream, "created" if topic.endswith(".imported") else "updated")
    return written


def _ids(value: Any) -> Iterable[UUID]:
    if isinstance(value, UUID):
        yield value
    elif isinstance(value, BaseModel):
        yield from _ids(dict(value))
    elif isinstance(value, dict):
        for part in value.values():
            yield from _ids(part)
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        for part in value:
            yield from _ids(part)


async def _undo(
    store: Store, tenant: Tenant, noun: str, stream: UUID, since: datetime, by: Actor, used: set[UUID], result: _Result
) -> None:
    decider = DECIDERS[noun]
    state = (await store.load(tenant, decider, stream)).state
    provenance = getattr(state, "provenance", None)
    goes = noun == "pipeline" or (provenance is not None and provenance.spoke(result.run) and not provenance.before(result.run))
    if goes and stream in used:
        _keep(result, noun, stream, state, "something newer refers to it; point that elsewhere first")
        return
    command = RetirePipeline(reason="the import that brought it was undone") if noun == "pipeline" else UndoImport(run=result.run)
    again = [] if goes or stream not in result.closed else [Step(decider, stream, result.closed[stream])]
    try:
        done = await store.execute_steps(
            tenant,
            # what is withdrawn was never so: the retraction holds since the first day that was told
            [Step(decider, stream, command, since if goes and noun != "pipeline" else None), *again],
            by=by if by.id == SYSTEM.id else Actor(SYSTEM.id, on_behalf_of=by.id),
            command_id=uuid5(result.run, f"undo\x1f{stream}"),
            correlation_id=result.run,
        )
    except Refused as refusal:
        _keep(result, noun, stream, state, refusal.detail)
        # what stays still needs what it refers to
        used.update(i for i in (getattr(state, n, None) for n in ("account", "owner", "team", "parent", "manager", "pipeline")) if i)
        used.update(line.product for line in _deal_lines(state) if line.product)
        return
    if not done.events or (done.repeated and result.again):
        result.untouched += 1
    elif noun == "pipeline" or isinstance(done.events[0], DisputeVoided) or getattr(done.events[0], "withdrawn", False):
        result.withdrawn += 1
    else:
        result.restored += 1


def _deal_lines(state: Any) -> Iterable[Any]:
    """Lines of products; those of a dispute name none."""
    return state.lines if isinstance(state, Deal) else ()


def _keep(result: _Result, noun: str, stream: UUID, state: Any, reason: str) -> None:
    provenance = getattr(state, "provenance", None)
    known = getattr(state, "source", None)  # a case keeps its system and its id there
    source_id = provenance.source_id if provenance is not None else known[1] if noun == "dispute" and known else str(stream)
    result.kept.append(RowReport(table="", row=0, kind=_KINDS[noun], source_id=source_id, outcome="skipped", reason=reason))
