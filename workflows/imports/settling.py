"""From what was found in the files to how every cell is read: one decision per column and per distinct value, or a question."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from domain.values import minor_digits
from workflows.imports.dates import LABELS, DateOrder
from workflows.imports.fields import Kind, Type, field_of, normalised
from workflows.imports.mapping import ENTERED
from workflows.imports.onto import read_onto
from workflows.imports.overrides import Overrides
from workflows.imports.profile import StageEvidence
from workflows.imports.questions import LEAVE, Questions, counted
from workflows.imports.references import Directory, settle_names
from workflows.imports.report import MatchReport
from workflows.imports.settled import FoundTable, Settled
from workflows.imports.stages import build_pipelines, fraction, listed_stage
from workflows.imports.values import Separator
from workflows.imports.vocabularies import AMBIGUOUS_COUNTRIES, country_names, country_words, industry_words

_STAGE_FIELDS = frozenset({"stage name", "stagename", "stage", "dealstage", "deal stage"})
_SAME_STEM = 5


def settle(tables: list[FoundTable], source: str, overrides: Overrides, directory: Directory, currency: str | None, zone: str) -> Settled:
    """Decide all that can be decided. What cannot is left in `questions`, and nothing may be converted before those are answered.

    `currency` and `zone` are the tenant's; what is said, and what the files say, goes before them.
    """
    chosen = overrides.zone or zone
    settled = Settled(source, ZoneInfo(chosen), overrides.currency, tables, Questions(overrides.answers), overrides)
    _leave_out_copies(settled)
    for table in tables:
        if table.kind is not Kind.IGNORED:
            _settle_columns(settled, table, currency)
    _settle_currency(settled, currency)
    _settle_references(settled, directory)
    _settle_amounts(settled)
    _settle_words(settled)
    _settle_history(settled)
    read_onto(settled, directory.pipelines, _settle_stages(settled))
    return settled


def _leave_out_copies(settled: Settled) -> None:
    """Two tables of deals with the same ids are one export twice: reading both would only say everything again."""
    tables = [t for t in settled.of(Kind.DEALS) if t.profile.ids]
    for table in tables:
        others = [o for o in tables if o is not table and not o.left_out and not table.left_out]
        for other in others:
            same = len(table.profile.ids & other.profile.ids)
            if same * 2 <= min(len(table.profile.ids), len(other.profile.ids)):
                continue
            key = f"same:{table.name}"
            text = f"{table.name} and {other.name} hold the same {counted(same, 'deal')}. Which one is meant?"
            options = [(table.name, f"{table.name} only"), (other.name, f"{other.name} only"), ("both", "both, one after the other")]
            answer = settled.questions.ask(key, text, options, table.name, same)
            if answer != "both":
                dropped, kept = (other, table) if answer == table.name else (table, other)
                dropped.left_out = f"it holds the same {counted(same, 'deal')} as {kept.name}"


def _settle_columns(settled: Settled, table: FoundTable, currency: str | None) -> None:
    said = settled.overrides.file(table.name)
    orders = {i: c.dates.order for i, c in table.profile.columns.items() if c.dates is not None}
    decided: set[DateOrder] = {o for o in orders.values() if o in (DateOrder.MDY, DateOrder.DMY)}
    for index, column in table.profile.columns.items():
        place = table.name, index
        if column.dates is not None:
            settled.dates[place] = orders[index] if said.dates is None else DateOrder(said.dates)
            if said.dates is None and orders[index] is DateOrder.AMBIGUOUS:
                settled.dates[place] = _ask_dates(settled, table, index, decided)
        if column.numbers is not None:
            settled.separators[place] = column.numbers.separator if said.decimals is None else Separator(said.decimals)
            if said.decimals is None and column.numbers.separator is Separator.AMBIGUOUS:
                settled.separators[place] = _ask_decimals(settled, table, index, currency)


def _ask_dates(settled: Settled, table: FoundTable, index: int, decided: set[DateOrder]) -> DateOrder:
    dates = table.profile.columns[index].dates
    assert dates is not None
    name = table.mapping.columns[index].column
    example = dates.evidence[DateOrder.AMBIGUOUS]
    text = f"In {table.name}, is {example} in column {name!r} month/day or day/month? No value in the column decides."
    default = None
    if len(decided) == 1:
        default = next(iter(decided))
        text += f" Other columns of the file are {LABELS[default]}."
    options = [(str(o), LABELS[o]) for o in (DateOrder.MDY, DateOrder.DMY)]
    answer = settled.questions.ask(f"dates:{table.name}:{name}", text, options, default and str(default), dates.undecided)
    return DateOrder(answer) if answer else DateOrder.AMBIGUOUS


def _ask_decimals(settled: Settled, table: FoundTable, index: int, currency: str | None) -> Separator:
    numbers = table.profile.columns[index].numbers
    assert numbers is not None
    name = table.mapping.columns[index].column
    example = next(iter(numbers.undecided.values()))
    text = f"In {table.name}, does {example} in column {name!r} group thousands, or has it decimals? No value in the column decides."
    options = [(str(Separator.POINT), "the point stands before decimals"), (str(Separator.COMMA), "the comma stands before decimals")]
    # three digits after the sign are thousands, unless a currency has thousandths
    place = table.mapping.column_of("currency")
    rows = set(table.profile.columns[place].values) if place is not None else set[str]()
    currencies = numbers.currencies | rows | {settled.currency or settled.questions.answers.get("currency") or currency or ""}
    default = None if any(minor_digits(c) > 2 for c in currencies) else str(numbers.likely)
    return Separator(settled.questions.ask(f"decimals:{table.name}:{name}", text, options, default) or Separator.AMBIGUOUS)


def _settle_currency(settled: Settled, tenant: str | None) -> None:
    stated, amounts, per_row = set[str](), False, True
    for table in settled.tables:
        if table.kind in (Kind.DEALS, Kind.PRODUCTS, Kind.LINES, Kind.DISPUTES):
            for index, column in table.profile.columns.items():
                known = field_of(table.kind, table.mapping.columns[index].target)
                if known and known.type is Type.MONEY and column.numbers is not None:
                    amounts = True
                    stated |= column.numbers.currencies
                    per_row = per_row and table.mapping.column_of("currency") is not None
    if settled.currency or not amounts:
        settled.currency = settled.currency or tenant
        return
    likely = next(iter(stated)) if len(stated) == 1 else tenant
    if per_row and likely:
        settled.currency = likely
        return
    options = [(c, c) for c in sorted({c for c in (likely, tenant, "EUR", "USD", "GBP", "CHF", "JPY") if c})]
    answered = settled.questions.answers.get("currency")
    if answered and answered not in {o for o, _ in options}:
        options.append((answered, answered))
    why = f"Others in the files are in {likely}." if stated and likely else "The files do not say."
    settled.currency = settled.questions.ask("currency", f"In which currency are amounts that name none? {why}", options, likely)


def _used(settled: Settled, *columns: tuple[Kind, str]) -> Counter[str]:
    """The distinct values of columns over all tables, with how many rows have each."""
    used: Counter[str] = Counter()
    for kind, key in columns:
        for table in settled.of(kind):
            index = table.mapping.column_of(key)
            if index is not None and index in table.profile.columns:
                used.update(table.profile.columns[index].values)
    return used


def _settle_references(settled: Settled, directory: Directory) -> None:
    settled.teams = dict(directory.teams)
    spaces: dict[str, tuple[Kind, tuple[tuple[str, str], ...], tuple[tuple[Kind, str], ...]]] = {
        "account": (
            Kind.ACCOUNTS,
            directory.accounts,
            (
                (Kind.DEALS, "account_name"),
                (Kind.ACCOUNTS, "parent_name"),
                (Kind.CONTACTS, "account_name"),
                (Kind.DISPUTES, "account_name"),
            ),
        ),
        "product": (Kind.PRODUCTS, directory.products, ((Kind.DEALS, "product"), (Kind.LINES, "product"))),
        "user": (
            Kind.USERS,
            directory.users,
            ((Kind.DEALS, "owner_name"), (Kind.ACCOUNTS, "owner_name"), (Kind.DISPUTES, "owner_name"), (Kind.USERS, "manager_name")),
        ),
    }
    for space, (kind, known, columns) in spaces.items():
        by_id = space == "product" and any(t.mapping.column_of("product_id") is not None for t in settled.of(Kind.LINES))
        named = columns[:1] if by_id else columns  # lines that name their product by id need no guess by name
        listed = [pair for table in settled.of(kind) for pair in table.profile.names]
        # managers who are no agents themselves are listed by being somebody's manager: no question is needed about them
        managers = _used(settled, (Kind.USERS, "manager_name")) if space == "user" else Counter[str]()
        listed_names = {name for name, _ in listed}
        said = settled.overrides.values.get(space, {})
        implied = [(name, name) for name in managers if name not in listed_names and name not in said]
        names = settle_names(
            space,
            [*listed, *implied],
            known,
            _used(settled, *named),
            said,
            settled.questions,
            lambda id_, space=space: settled.own(space, id_),  # type: ignore[misc]
        )
        names.mentioned.update({name: name for name, _ in implied if name not in names.same})
        settled.names[space] = names
        settled.matches.extend(names.matches)
        settled.ids[space] = {key for _, key in listed} | {key for _, key in known if not key.startswith("=")}
        settled.here[space] = {key for _, key in known if key.startswith("=")}


def _settle_amounts(settled: Settled) -> None:
    """Deals without an amount but with a product that has a list price: left empty unless someone says otherwise."""
    said = settled.overrides.amounts
    lacking = 0
    for table in settled.of(Kind.DEALS):
        amount, product = table.mapping.column_of("amount"), table.mapping.column_of("product")
        if product is not None:
            lacking += table.profile.columns[amount].blanks if amount is not None else table.profile.rows
    priced = any(t.mapping.column_of("price") is not None for t in settled.of(Kind.PRODUCTS))
    if said is None and lacking and priced:
        text = (
            f"{counted(lacking, 'deal', ('has', 'have'))} a product but no amount. Leave the amount empty, or use the product's list price?"
        )
        options = [("as-reported", "leave it empty, and look at them later"), ("list-price", "use the list price, for one piece")]
        said = "list-price" if settled.questions.ask("amounts", text, options, "as-reported", lacking) == "list-price" else None
    settled.use_list_prices = said == "list-price"


def _settle_words(settled: Settled) -> None:
    """Countries and branches, which are words of the world and not of the tenant."""
    said = settled.overrides.values
    for value, rows in _used(settled, (Kind.ACCOUNTS, "country")).items():
        match = country_words().match(said.get("country", {}).get(value, value))
        likely = AMBIGUOUS_COUNTRIES.get(value.casefold())
        if likely is None and (match.taken or value in said.get("country", {})):
            settled.countries[value] = match.to
            if match.confidence < 0.97:
                assert match.to is not None
                means = country_names()[match.to]
                settled.matches.append(
                    MatchReport(field="country", value=value, means=means, confidence=match.confidence, how=match.how, rows=rows)
                )
            continue
        near = likely or tuple(code for code in (match.to, *(c for c, s in match.others if s > 0.7)) if code)
        options = [(code, country_names()[code]) for code in dict.fromkeys(near)] + [(LEAVE, "no country; keep the text as an attribute")]
        text = f"Which country is {value!r} ({counted(rows, 'row')})?"
        answer = settled.questions.ask(f"country:{value}", text, options, likely[0] if likely else LEAVE, rows)
        settled.countries[value] = None if answer == LEAVE else answer
    for value, rows in _used(settled, (Kind.ACCOUNTS, "industry")).items():
        if value in said.get("industry", {}):
            settled.industries[value] = said["industry"][value]
            continue
        match = industry_words().match(value)
        settled.industries[value] = match.to if match.taken and match.to and match.confidence < 0.97 else value
        if settled.industries[value] != value:
            settled.matches.append(
                MatchReport(
                    field="industry", value=value, means=settled.industries[value], confidence=match.confidence, how=match.how, rows=rows
                )
            )


def _settle_history(settled: Settled) -> None:
    """Histories of many properties: which of them is the stage."""
    for table in settled.of(Kind.HISTORY):
        index = table.mapping.column_of("field")
        if index is None or table.mapping.column_of("stage") is not None:
            continue
        values = table.profile.columns[index].values
        stages = frozenset(v for v in values if normalised(v) in _STAGE_FIELDS)
        if not stages and values:
            options = [(v, f"{v} ({counted(n, 'row')})") for v, n in values.most_common(6)] + [
                (LEAVE, "none of them: leave the histories out")
            ]
            text = f"Which property in {table.name} is the stage of the deal? None of them is named so."
            answer = settled.questions.ask(f"history:{table.name}", text, options, LEAVE, table.profile.rows)
            stages = frozenset() if answer in (None, LEAVE) else frozenset({str(answer)})
        settled.history_fields[table.name] = stages


def _settle_stages(settled: Settled) -> set[str]:
    """The source's pipelines. Returns the stages that histories and columns name."""
    listed = []
    for table in settled.of(Kind.STAGES):
        rows = _rows_as_fields(table)
        rows = [r for r in rows if r.get("deleted", "").lower() not in ("true", "1")]
        for cells in rows:
            siblings = [r.get("probability", "") for r in rows if r.get("pipeline_id") == cells.get("pipeline_id")]
            known = [f for f in map(fraction, siblings) if f is not None]
            listed.append(listed_stage(cells, known))
    settled.stage_labels = {stage.value: stage.label for stage in listed}
    evidence: dict[tuple[str, str], StageEvidence] = {}
    for table in settled.of(Kind.DEALS):
        for key, seen in table.profile.stages.items():
            evidence[key] = evidence[key].plus(seen) if key in evidence else seen
    named = list(_used(settled, (Kind.HISTORY, "stage")))
    named += [c.target.removeprefix(ENTERED) for t in settled.of(Kind.DEALS) for c in t.mapping.columns if c.target.startswith(ENTERED)]
    settled.pipelines = build_pipelines(listed, evidence, named if evidence else (), settled.overrides.stages) if evidence else {}
    for table in settled.of(Kind.DEALS):
        index = table.mapping.column_of("opened_on")
        if index is not None:
            header = normalised(table.mapping.columns[index].column)
            stem = re.sub(r"[^a-z]", "", header.split(" ")[0])
            labels = [s.label for p in settled.pipelines.values() for s in p.stages]
            found = next((s for s in labels if len(stem) >= _SAME_STEM and s.lower().startswith(stem[:_SAME_STEM])), None)
            if found:
                settled.opened_stage[table.name] = found
                settled.notes.append(f"{table.mapping.columns[index].column!r} is when {found!r} was entered, by its name")
    return set(named)


def _rows_as_fields(table: FoundTable) -> list[dict[str, str]]:
    keys = [c.target for c in table.mapping.columns]
    return [dict(zip(keys, cells, strict=True)) for chunk in table.mapping.table.chunks() for cells in chunk.rows]


def named_by(folder: str) -> str:
    """The source that a folder's name stands for."""
    return re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")[:64] or "files"


def source_name(tables: Sequence[FoundTable], said: str | None, folder: str) -> tuple[str, str]:
    """(the name of the source, why). Ids here are derived from it, so it must be the same for the next export of the same system."""
    if said:
        return said, "said so"
    systems = {t.mapping.system for t in tables if t.mapping.system}
    if len(systems) == 1:
        system = next(iter(systems))
        return system, f"the files have the columns of {'HubSpot' if system == 'hubspot' else system.capitalize()}"
    return named_by(folder), "the folder's name; --source gives another: keep it the same for the next export"
