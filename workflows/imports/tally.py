"""Counting what becomes of rows: every row of every table has exactly one outcome, so that none can vanish."""

from __future__ import annotations

from collections import defaultdict

from workflows.imports.conversion import Skipped
from workflows.imports.deciding import Work
from workflows.imports.faults import Fault
from workflows.imports.fields import Kind
from workflows.imports.records import PastRecord, Record
from workflows.imports.report import OUTCOMES, KindCount, ReasonCount, RowReport, Why
from workflows.imports.settled import Settled

MOST_ROWS = 2000
"""Rows that a report tells one by one; beyond, they are only counted."""
MOST_REASONS = 500
"""Different reasons that are counted one by one; beyond, the others of an outcome are counted together."""
MOST_MENTIONED = 10
"""Things that only other rows name, of each kind, that are told by name."""
_LACKING = frozenset({"account", "amount", "close_date", "owner", "stage"})
_BESIDE = (Kind.TEAMS, Kind.STAGES, Kind.LINES, Kind.HISTORY, Kind.DEAL_ACCOUNTS, Kind.MERGES)


class Tally:
    """Outcomes by kind, the rows worth telling, and the faults for the rejected rows file."""

    def __init__(self, settled: Settled, *, whole: bool = True) -> None:
        """`whole`: count the tables themselves as well, of which each has its rows, and lines that are no rows."""
        self._kinds = {t.name: t.kind for t in settled.tables}
        self._counts: dict[Kind, dict[str, int]] = defaultdict(_no_outcomes)
        self._mentioned: dict[Kind, list[str]] = {}
        self.faults: list[Fault] = []
        self.rows: list[RowReport] = []
        self.truncated = 0
        self._reasons: dict[tuple[Why, str], tuple[int, str, int]] = {}
        for table in settled.tables if whole else ():
            if table.kind is Kind.IGNORED:
                self._counts[Kind.IGNORED]["rows"] += table.profile.rows
                self._counts[Kind.IGNORED]["skipped"] += table.profile.rows
                why = table.left_out or table.mapping.reason
                if table.profile.rows:
                    report = RowReport(table=table.name, row=0, kind=Kind.IGNORED, source_id="", outcome="skipped", reason=why)
                    self._tell(report, table.profile.rows)
            else:
                self._counts[table.kind]["rows"] += table.profile.rows + len(table.profile.faults)
                for fault in table.profile.faults:
                    self.fault(fault)

    def add(self, other: Tally) -> None:
        """What another has counted of rows of the same tables."""
        for kind, counts in other._counts.items():
            for what, count in counts.items():
                self._counts[kind][what] += count
        for kind, names in other._mentioned.items():
            self._mentioned[kind] = [*self._mentioned.get(kind, ()), *names][:MOST_MENTIONED]
        self.truncated += other.truncated
        self.faults += other.faults
        self.rows += other.rows
        for (outcome, reason), (count, table, line) in other._reasons.items():
            self._because(outcome, reason, count, table, line)

    def arrange(self) -> None:
        """Into the order of the files, after others were added."""
        places = {name: number for number, name in enumerate(self._kinds)}
        self.faults.sort(key=lambda fault: (places.get(fault.table, -1), fault.row))
        self.rows.sort(key=lambda row: (places.get(row.table, -1), row.row))
        self.truncated += len(self.rows[MOST_ROWS:])
        del self.rows[MOST_ROWS:]

    def work(self, work: Work) -> None:
        """A record that was decided."""
        record, counts = work.record, self._counts[work.record.kind]
        if record.attention and work.outcome in ("created", "updated", "unchanged", "conflict"):
            counts["needs_attention"] += 1
        if record.row == 0:
            counts["mentioned"] += work.outcome == "created"
            if work.outcome == "created":
                self._mention(record)
            if work.outcome != "rejected":
                return
        else:
            counts[work.outcome] += 1
        if isinstance(record, PastRecord):
            counts[work.outcome] += len(record.rows) - 1
        if work.outcome == "rejected":
            places = [(table, row) for _, table, row in record.rows] if isinstance(record, PastRecord) else [(record.table, record.row)]
            self.faults.extend(Fault(table, row, None, record.id, work.reason) for table, row in places)
        attention = record.attention if work.outcome not in ("rejected", "skipped") else ()
        if work.outcome not in ("unchanged", "created") or attention:
            report = RowReport(
                table=record.table,
                row=record.row,
                kind=record.kind,
                source_id=record.id,
                outcome=work.outcome,
                reason=_reason(work),
                changes=work.changes,
                needs_attention=attention,
            )
            self._tell(report, len(record.rows) if isinstance(record, PastRecord) else 1)

    def _mention(self, record: Record) -> None:
        named = self._mentioned.setdefault(record.kind, [])
        if len(named) < MOST_MENTIONED:
            named.append(record.name or record.id)

    def mentioned(self) -> dict[Kind, tuple[str, ...]]:
        """The first things of each kind that only other rows name, by name."""
        return {kind: tuple(names) for kind, names in self._mentioned.items()}

    def fault(self, fault: Fault) -> None:
        """A row that could not be read."""
        kind = self._kinds[fault.table]
        self._counts[kind]["rejected"] += 1
        self.faults.append(fault)
        where = f"{fault.column}: " if fault.column else ""
        self._tell(RowReport(table=fault.table, row=fault.row, kind=kind, source_id="", outcome="rejected", reason=where + fault.reason))

    def skipped(self, skipped: Skipped) -> None:
        """A row that is left out on purpose."""
        counts = self._counts[skipped.kind]
        counts["skipped"] += 1
        counts["needs_attention"] += bool(skipped.attention)
        self._tell(
            RowReport(
                table=skipped.table,
                row=skipped.row,
                kind=skipped.kind,
                source_id=skipped.id,
                outcome="skipped",
                reason=skipped.reason,
                needs_attention=skipped.attention,
            )
        )

    def counts(self) -> dict[Kind, KindCount]:
        """The numbers so far; rows of tables that only say something of deals count as used, unless they were rejected or skipped."""
        result = {}
        for kind, numbers in self._counts.items():
            counted = dict(numbers)
            if kind in _BESIDE:
                counted["used"] = counted.get("rows", 0) - sum(counted.get(outcome, 0) for outcome in OUTCOMES)
            result[kind] = KindCount(**counted)
        return result

    def reasons(self) -> tuple[ReasonCount, ...]:
        """Why rows are not simply created or unchanged, commonest first."""
        told = sorted(self._reasons.items(), key=lambda item: -item[1][0])
        return tuple(
            ReasonCount(outcome=outcome, reason=reason, rows=rows, table=table, row=row) for (outcome, reason), (rows, table, row) in told
        )

    def _tell(self, report: RowReport, rows: int = 1) -> None:
        if report.outcome not in ("created", "unchanged"):
            self._because(report.outcome, report.reason, rows, report.table, report.row)
        for lacking in report.needs_attention:
            reason = f"no {lacking.replace('_', ' ')}" if lacking in _LACKING else lacking
            self._because("attention", reason, rows, report.table, report.row)
        self._keep(report)

    def _keep(self, report: RowReport) -> None:
        if len(self.rows) < MOST_ROWS:
            self.rows.append(report)
        else:
            self.truncated += 1

    def _because(self, outcome: Why, reason: str, rows: int, table: str, row: int) -> None:
        if len(self._reasons) >= MOST_REASONS and (outcome, reason) not in self._reasons:
            reason = "other reasons"
        key = outcome, reason
        so_far, first, at = self._reasons.get(key) or (0, table, row)
        self._reasons[key] = so_far + rows, first, row if row < at and first == table else at


def _reason(work: Work) -> str:
    """Why a row has its outcome; for one that says something new, what that is."""
    if work.outcome != "updated" or not work.changes:
        return work.reason
    new = sorted({name.split(".", 1)[0].removesuffix("s") if name.startswith("attributes.") else name for name in work.changes})
    return f"new at the source: {', '.join(name.replace('_', ' ') for name in new)}"


def _no_outcomes() -> dict[str, int]:
    return defaultdict(int)
