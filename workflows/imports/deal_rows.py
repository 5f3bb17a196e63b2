"""Rows of opportunities to deals, with what other tables say of them: lines, stages of the past, accounts, merges.

Nothing is made up. A deal that lacks its account, date or amount is imported without, and says that it needs attention.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from domain.stages import StageKind
from domain.values import minor_digits
from workflows.imports.beside import Beside
from workflows.imports.cells import RowValues, Share, instant_of, read_rows
from workflows.imports.conversion import LONGEST_NAME, Converted, Seen, Skipped, key_of, known_reference, left_out
from workflows.imports.faults import Fault
from workflows.imports.fields import Kind
from workflows.imports.mapping import ENTERED
from workflows.imports.records import DealRecord, LineRecord, StageAt, Values
from workflows.imports.settled import FoundTable, Settled
from workflows.imports.stages import FoundPipeline, FoundStage


class DealConversion:
    """Converts the rows of one table of deals, or of a share of it. `now` bounds what can be past."""

    def __init__(self, table: FoundTable, settled: Settled, beside: Beside, seen: Seen, now: datetime, share: Share | None = None) -> None:
        self._share = share
        self._table, self._settled, self._beside, self._seen, self._now = table, settled, beside, seen, now
        self._entered = [c.target for c in table.mapping.columns if c.target.startswith(ENTERED)]
        columns = (table.mapping.column_of("account_id"), table.mapping.column_of("account_name"))
        self._account_columns = [i for i in columns if i is not None]
        self._opened_stage = settled.opened_stage.get(table.name)
        self._kinds: dict[tuple[str, str], tuple[FoundPipeline, FoundStage | None]] = {}
        self._keys: dict[str, int] = {}
        self._labels: dict[str, dict[str, str]] = {"product": {}, "account": {}}

    def __iter__(self) -> Iterator[Converted]:
        beside = self._beside
        for read in read_rows(self._table, self._settled, self._share):
            converted = self._convert(read)
            if isinstance(converted, DealRecord):
                beside.rows.pop(converted.id, None)
            elif id_ := read.values.get("id"):
                reason = converted.reason if isinstance(converted, (Skipped, Fault)) else "deleted at the source"
                beside.left_out.setdefault(id_, reason)
            yield converted

    def _convert(self, read: RowValues) -> Converted:
        if read.faults:
            return read.faults[0]
        values, table = read.values, self._table
        id_ = values.get("id") or self._composed_id(read)
        if id_ is None:
            return Fault(table.name, read.number, None, "", "the row has neither an id nor a name, so it could not be found again")
        if rejection := left_out(table, read, self._settled, self._seen, id_):
            return rejection
        if into := self._beside.merged.get(id_):
            return Skipped(Kind.DEALS, id_, table.name, read.number, f"merged into {into} at the source")
        record = DealRecord(Kind.DEALS, id_, "", table.name, read.number, read.attributes)
        attention: list[str] = []
        self._refer(record, values, attention)
        self._value(record, values, attention)
        pipeline, stage = self._place(values)
        record.pipeline = pipeline.value
        self._stages(record, values, pipeline, stage, attention)
        record.name = str(values.get("name") or self._named(record, values))[:LONGEST_NAME].rstrip()
        record.next_step, record.lost_reason = values.get("next_step"), values.get("lost_reason")
        for key in ("lead_source", "category", "probability"):
            if key in values:
                record.attributes[key + ("_as_reported" if key != "lead_source" else "")] = str(values[key])
        record.attention = tuple(attention)
        return record

    def _composed_id(self, read: RowValues) -> str | None:
        """Without a column of ids: the name and the account as they are written, and which of several alike it is."""
        name = read.values.get("name")
        if not name:
            return None
        # as written, for what that refers to is known by another key once the account is here
        base = f"{name} / {next((read.cells[i] for i in self._account_columns if read.cells[i]), '')}"
        count = self._keys[base] = self._keys.get(base, 0) + 1
        return base if count == 1 else f"{base} / {count}"

    def _refer(self, record: DealRecord, values: Values, attention: list[str]) -> None:
        key = key_of(values, "account_id", "account_name") or self._beside.accounts.get(record.id)
        key = self._beside.merged.get(key, key) if key else None
        record.account = known_reference(self._settled, "account", key, record.attributes, "account_as_reported")
        if record.account is None:
            attention.append("account")
        owner = key_of(values, "owner_id", "owner_name")
        record.owner = known_reference(self._settled, "user", owner, record.attributes, "owner_as_reported")
        if record.owner is None:
            attention.append("owner")

    def _value(self, record: DealRecord, values: Values, attention: list[str]) -> None:
        """Amount and lines. Lines are kept only where they add up to the amount that the source states."""
        amount = values.get("amount")
        record.currency = values.get("currency") or (amount[1] if amount else None) or self._settled.currency
        if amount is not None:
            record.amount = amount[0]
            self._note_rounding(record, attention)
        lines = self._beside.lines.get(record.id)
        if lines:
            total = sum((line.quantity * line.unit_price for line in lines), Decimal(0))
            if record.amount is None or abs(total - record.amount) < Decimal("0.01"):
                record.lines, record.amount = tuple(lines), total
            else:
                attention.append("lines do not add up to the amount")
        elif (product := values.get("product")) and product[0] is not None:
            if record.amount is None:
                record.amount = self._list_price(product[0], record)
            if record.amount is not None and record.amount >= 0:
                record.lines = (LineRecord(product[0], self._product_label(product[0]), Decimal(1), record.amount),)
            else:
                record.attributes["product_as_reported"] = self._product_label(product[0])
        if record.amount is None:
            attention.append("amount")

    def _note_rounding(self, record: DealRecord, attention: list[str]) -> None:
        """An amount is kept in the smallest unit of its currency. What it loses by that is said, and stays as an attribute."""
        if record.amount is None or record.currency is None:
            return
        exponent = record.amount.as_tuple().exponent
        digits = minor_digits(record.currency)
        if isinstance(exponent, int) and -exponent > digits and record.amount != round(record.amount, digits):
            record.attributes["amount_as_reported"] = f"{record.amount:f}"
            has = f"{digits} decimals" if digits else "no decimals"
            attention.append(f"amount rounded: {record.currency} has {has}")

    def _product_label(self, key: str) -> str:
        return self._called("product", key)[:LONGEST_NAME]

    def _called(self, space: str, key: str) -> str:
        """What a thing is called: looked for once, for most rows name the same few."""
        labels = self._labels[space]
        found = labels.get(key)
        if found is None:
            found = labels[key] = self._settled.label(space, key)
        return found

    def _list_price(self, product: str, record: DealRecord) -> Decimal | None:
        if not self._settled.use_list_prices:
            return None
        listed = self._settled.list_prices.get(product)
        if listed is None:
            return None
        record.currency = listed[1] or record.currency
        return listed[0]

    def _place(self, values: Values) -> tuple[FoundPipeline, FoundStage | None]:
        key = values.get("pipeline", ""), values.get("stage", "")
        found = self._kinds.get(key)
        if found is None:
            found = self._kinds[key] = _find_stage(self._settled, *key)
        return found

    def _stages(self, record: DealRecord, values: Values, pipeline: FoundPipeline, stage: FoundStage | None, attention: list[str]) -> None:
        """The way it went: reported stages in order of time, then today's stage."""
        record.close_date = values.get("close_date")
        opened = instant_of(values.get("opened_on"), self._settled) or values.get("created_at")
        past = self._told(record, pipeline) if record.id in self._beside.stages else []
        if self._entered:
            entered = ((values[t], _label(pipeline, t.removeprefix(ENTERED))) for t in self._entered if t in values)
            past.extend((at, label) for at, label in entered if label)
        first_open = pipeline.first_open or "Open"
        now_in = stage.label if stage else first_open
        if stage is None:
            attention.append("stage")
        kind = stage.kind if stage else StageKind.OPEN
        if opened is not None and opened > self._now:
            attention.append("opened in the future")
            opened = None
        steps: list[StageAt] = []
        if past:
            past = sorted(p for p in past if p[0] <= self._now)
            steps = [StageAt(label, at) for i, (at, label) in enumerate(past) if i == 0 or past[i - 1][1] != label]
        if opened is not None and (not steps or steps[0].since is None or opened < steps[0].since):
            begins = self._opened_stage if kind is not StageKind.OPEN and self._opened_stage else first_open
            begins = now_in if kind is StageKind.OPEN and not steps else begins
            if not steps or steps[0].label != begins:
                steps.insert(0, StageAt(begins, opened))
            else:
                steps[0] = StageAt(begins, opened)
        if kind is StageKind.OPEN:
            if record.close_date is None:
                attention.append("close_date")
            if not steps or steps[-1].label != now_in:
                since = values.get("stage_since")
                steps.append(StageAt(now_in, since if since and since <= self._now and _after(since, steps) else None))
        else:
            self._close(record, values, now_in, kind, first_open, steps, attention)
        record.stages = steps

    def _told(self, record: DealRecord, pipeline: FoundPipeline) -> list[tuple[datetime, str]]:
        """The stages that histories tell. Rows that cannot be true are accounted for."""
        past: list[tuple[datetime, str]] = []
        for at, value, table, row in self._beside.stages.get(record.id, ()):
            label = _label(pipeline, value)
            if label is None:
                reason = f"the pipeline of its deal has no stage {value!r}"
                self._beside.faults.append(Fault(table, row, None, value, reason))
            elif at > self._now:
                reason = "it tells of a stage in the future"
                self._beside.faults.append(Fault(table, row, None, at.isoformat(), reason))
            else:
                past.append((at, label))
        return past

    def _close(
        self,
        record: DealRecord,
        values: Values,
        now_in: str,
        kind: StageKind | None,
        first_open: str,
        steps: list[StageAt],
        attention: list[str],
    ) -> None:
        record.won = kind is StageKind.WON
        reported = next((s.since for s in reversed(steps) if s.label == now_in), None)
        closed = reported or instant_of(record.close_date, self._settled) or values.get("stage_since")
        steps[:] = [s for s in steps if s.label != now_in]
        if closed is None:
            attention.append("close_date")
        elif closed > self._now:
            attention.append("closed in the future")
            closed = None
        if not steps:
            steps.append(StageAt(first_open, closed))
        last = steps[-1].since
        if closed is not None and last is not None and closed < last:
            if closed.date() != last.date():
                attention.append("closed before it was opened")
            closed = last
        record.closed_at = closed
        steps.append(StageAt(now_in, closed))

    def _named(self, record: DealRecord, values: Values) -> str:
        """Sources without names of deals: the product and the account say most."""
        product = values.get("product")
        parts = [
            self._called("product", product[0]) if product and product[0] else None,
            self._called("account", record.account) if record.account else None,
        ]
        return " for ".join(p for p in parts if p) or record.id


def _after(since: datetime, steps: list[StageAt]) -> bool:
    last = steps[-1].since if steps else None
    return last is None or since >= last


def _label(pipeline: FoundPipeline, value: str) -> str | None:
    return pipeline.names.get(value) or next((n for v, n in pipeline.names.items() if v.casefold() == value.casefold()), None)


def _find_stage(settled: Settled, pipeline: str, stage: str) -> tuple[FoundPipeline, FoundStage | None]:
    candidates = [settled.pipelines[pipeline]] if pipeline in settled.pipelines else []
    candidates += [p for p in settled.pipelines.values() if p not in candidates]
    for candidate in candidates:
        if stage and (label := candidate.names.get(stage)):
            return candidate, next(s for s in candidate.stages if s.label == label)
    return candidates[0] if candidates else FoundPipeline(""), None
