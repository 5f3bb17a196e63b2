"""Rows that speak of things which are not among the rows to import: deleted at the source, or told of only by histories and lines.

What becomes of them depends on what an earlier import brought, so they are looked at after everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from domain.accounts import CloseAccount, accounts
from domain.contacts import contacts
from domain.deals import CloseImported, ImportStage, deals
from domain.kernel import Decider, Read
from domain.members import DeactivateMember, members
from domain.pipelines import Pipeline
from domain.products import RetireProduct, products
from domain.stages import PipelineVersion, StageKind
from infra.event_store import Step
from workflows.imports.commands import Commands
from workflows.imports.conversion import Skipped
from workflows.imports.deciding import Deciding, Work
from workflows.imports.faults import Fault
from workflows.imports.fields import Kind
from workflows.imports.matching import squashed
from workflows.imports.questions import counted
from workflows.imports.records import GoneRecord, PastRecord, Record
from workflows.imports.settled import Settled
from workflows.imports.values import parse_flag

LEAVE_THEM, CLOSE_THEM = "skip", "close"
_DELETED = "deleted at the source"
_NOUNS: dict[Kind, Decider[Any]] = {
    Kind.DEALS: deals,
    Kind.ACCOUNTS: accounts,
    Kind.CONTACTS: contacts,
    Kind.PRODUCTS: products,
    Kind.USERS: members,
}
Answer = Work | Skipped | Fault


def ask_about_deleted(settled: Settled) -> None:
    """A thing that was deleted at the source may be here since an earlier import: that is said, and only a person closes it."""
    marked = sum(_marked(settled, kind) for kind in _NOUNS)
    if settled.overrides.deleted == "import" or not marked:
        return
    text = f"{counted(marked, 'row', ('is', 'are'))} marked as deleted at the source. What of those that are here since an earlier import?"
    options = [
        (LEAVE_THEM, "leave them here; the report lists them"),
        (CLOSE_THEM, "close them: deals as lost, accounts closed, products retired, people deactivated"),
    ]
    settled.close_deleted = settled.questions.ask("deleted", text, options, settled.overrides.deleted, marked) == CLOSE_THEM


def _marked(settled: Settled, kind: Kind) -> int:
    found = 0
    for table in settled.of(kind):
        index = table.mapping.column_of("deleted")
        if index is not None:
            found += sum(rows for text, rows in table.profile.columns[index].values.items() if _is_yes(text))
    return found


def _is_yes(text: str) -> bool:
    try:
        return parse_flag(text)
    except ValueError:
        return False


class Absent:
    """Finds out what rows about absent things mean here."""

    def __init__(self, settled: Settled, commands: Commands, deciding: Deciding) -> None:
        self._settled, self._commands, self._deciding = settled, commands, deciding
        self._labels = {
            **settled.stage_labels,
            **{value: label for found in settled.pipelines.values() for value, label in found.names.items()},
        }

    async def answers(self, records: Sequence[Record]) -> list[Answer]:
        """What becomes of each: steps to decide, or why it is left out."""
        await self._deciding.look_up([Read(self._decider(r).name, self._stream(r)) for r in records])
        found: list[Answer] = []
        for record in records:
            state = await self._deciding.state(Read(self._decider(record).name, self._stream(record)))
            here = state if state is not None and not getattr(state, "withdrawn", False) else None
            if isinstance(record, PastRecord):
                found += await self._past(record, here)
            elif isinstance(record, GoneRecord):
                found.append(await self._gone(record, here))
        return found

    def _decider(self, record: Record) -> Decider[Any]:
        return deals if isinstance(record, PastRecord) else _NOUNS[record.kind]

    def _stream(self, record: Record) -> Any:
        return self._commands.id_of(self._decider(record).name, record.id)

    async def _gone(self, record: GoneRecord, state: Any) -> Answer:
        def left(reason: str, *, attention: bool = False) -> Skipped:
            return Skipped(record.kind, record.id, record.table, record.row, reason, (_DELETED,) if attention else ())

        if state is None or getattr(state, "erased", False):
            return left(_DELETED)
        if _closed(record.kind, state):
            return left(f"{_DELETED}, and closed here already")
        if not self._settled.close_deleted:
            return left(f"{_DELETED}, but here since an earlier import: close it here, or answer deleted=close", attention=True)
        if record.kind is Kind.CONTACTS:
            return left(f"{_DELETED}, but here since an earlier import: people are only erased by hand", attention=True)
        if record.kind is not Kind.DEALS:
            command = {Kind.ACCOUNTS: CloseAccount(reason=_DELETED), Kind.PRODUCTS: RetireProduct(), Kind.USERS: DeactivateMember()}
            return self._work(record, [Step(self._decider(record), self._stream(record), command[record.kind])])
        lost = next((s.key for s in (await self._version(state)).stages if s.kind is StageKind.LOST), None)
        if lost is None or not state.stage_reported:
            why = "its pipeline has no lost stage" if lost is None else "people have moved it since"
            return left(f"{_DELETED}, but {why}: close it here by hand", attention=True)
        return self._work(record, [self._commands.closing(self._stream(record), lost, _DELETED)])

    async def _past(self, record: PastRecord, state: Any) -> list[Answer]:
        """Stages are told to a deal that is here; lines and associations change it only together with its own row."""
        if state is None:
            reason = f"deal {record.id!r} is in none of the files and was never imported from here; add the file of deals"
            return [Fault(table, row, None, record.id, reason) for _, table, row in record.rows]
        reason = "its deal is here, but its own row is in none of the files, and this changes a deal only together with that"
        found: list[Answer] = [Fault(table, row, None, record.id, reason) for kind, table, row in record.rows if kind is not Kind.HISTORY]
        if not state.stage_reported:
            moved = "people have moved its deal here since; where that stands stays"
            return [*found, *(Skipped(Kind.HISTORY, record.id, table, row, moved) for _, _, table, row in record.stages)]
        version = await self._version(state)
        keys = {squashed(stage.name): stage.key for stage in version.stages}
        closed = {stage.key for stage in version.stages if stage.kind is not StageKind.OPEN}
        steps: list[Step] = []
        rows: list[tuple[Kind, str, int]] = []
        for at, value, table, row in sorted(record.stages):
            key = keys.get(squashed(self._labels.get(value, value)))
            if key is None:
                known = ", ".join(s.name for s in version.stages)
                found.append(Fault(table, row, None, value, f"the pipeline of its deal has no stage {value!r}; it has {known}"))
                continue
            told = CloseImported if key in closed else ImportStage
            steps.append(Step(deals, self._stream(record), told(run=self._commands.run, stage=key, since=at), at))
            rows.append((Kind.HISTORY, table, row))
        if steps:
            kept = PastRecord(Kind.HISTORY, record.id, record.name, rows[0][1], rows[0][2], rows=rows)
            found.append(self._work(kept, steps))
        return found

    async def _version(self, deal: Any) -> PipelineVersion:
        pipeline: Pipeline = await self._deciding.state(Read("pipeline", deal.pipeline))
        return pipeline.latest

    @staticmethod
    def _work(record: Record, steps: list[Step]) -> Work:
        return Work(record, steps)


def _closed(kind: Kind, state: Any) -> bool:
    match kind:
        case Kind.DEALS | Kind.ACCOUNTS:
            return not state.open
        case Kind.PRODUCTS | Kind.USERS:
            return not state.active
        case _:
            return False


def groups(records: Iterable[Record], size: int) -> Iterable[list[Record]]:
    """Records in lists of at most `size`."""
    waiting = list(records)
    return (waiting[i : i + size] for i in range(0, len(waiting), size))
