"""What an import found, asks, would do and did, at a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.cli.formats import count, plain, table, words
from api.cli.outcomes import err, out

ATTRIBUTE, LEFT_OUT = "attribute", "-"
OUTCOMES = ("created", "updated", "unchanged", "conflict", "rejected", "skipped", "used")
_STYLES = {"created": "green", "updated": "cyan", "conflict": "yellow", "rejected": "red"}
_REASONS = 12
_ASIDE = 12
_STAGES = 20
_ORDER = ("rejected", "conflict", "updated", "attention", "skipped")


def print_inspection(inspection: Mapping[str, Any], *, columns: bool) -> None:
    """What the files are; with `columns`, where each column goes and how it is read."""
    currency = f"Amounts that name no currency are in {inspection['currency']}, days" if inspection["currency"] else "Days"
    out.print(f"[bold]From {plain(inspection['source'])}[/] [dim]({plain(inspection['source_reason'])})[/]")
    out.print(f"[dim]{currency} are of {plain(inspection['zone'])}.[/]")
    made = table("file", "holds", "rows", "why", right=("rows",), whole=("holds",))
    for one in inspection["tables"]:
        ignored = one["kind"] == "ignored"
        holds = "[dim]left out[/]" if ignored else f"[bold]{words(one['kind'])}[/]"
        made.add_row(plain(one["name"]), holds, "" if ignored else f"{one['rows']:,}", f"[dim]{plain(one['reason'])}[/]")
    out.print(made)
    if columns:
        for one in inspection["tables"]:
            if one["kind"] != "ignored":
                _print_columns(one)
        _print_stages(inspection["stages"])
    _print_matches(inspection["matches"])
    for note in inspection["notes"]:
        out.print(f"[yellow]note[/] {plain(note)}")


def _print_columns(one: Mapping[str, Any]) -> None:
    out.print(f"\n[bold]{plain(one['name'])}[/]")
    made = table("column", "goes to", "read as", "blank", "because", right=("blank",), spare=("because", "read as", "blank"))
    aside: dict[str, list[str]] = {ATTRIBUTE: [], LEFT_OUT: []}
    for column in one["columns"]:
        if column["target"] in aside:
            aside[column["target"]].append(column["column"])
            continue
        blanks = f"{column['blanks']:,}" if column["blanks"] else ""
        read_as = plain(column["read_as"]) if column["read_as"] else ""
        # a column that is named like its field needs no reason
        nearly = f"nearly so named, {column['alike']:.0%} alike" if column["alike"] is not None else ""
        because = "said so" if column["reason"] == "said so" else nearly
        made.add_row(plain(column["column"]), words(column["target"]), read_as, blanks, f"[dim]{because}[/]" if because else "")
    out.print(made)
    for target, said in ((ATTRIBUTE, "kept as fields of its own"), (LEFT_OUT, "left out")):
        if aside[target]:
            more = f" and {len(aside[target]) - _ASIDE:,} more" if len(aside[target]) > _ASIDE else ""
            out.print(f"[dim]{said}: {plain(', '.join(aside[target][:_ASIDE]))}{more}[/]")


def _print_stages(stages: Iterable[Mapping[str, Any]]) -> None:
    stages = list(stages)
    if not stages:
        return
    out.print("\n[bold]stages[/]")
    made = table("stage", "is", "prob.", "rows", "why", right=("prob.", "rows"))
    shown = stages if len(stages) <= _STAGES else [stage for stage in stages if stage["rows"]]
    for stage in shown:
        name = f"{stage['pipeline']}: {stage['stage']}" if stage["pipeline"] else stage["stage"]
        probability = f"{stage['probability']} %" if stage["probability"] is not None else ""
        made.add_row(plain(name), stage["kind"], probability, f"{stage['rows']:,}", f"[dim]{plain(stage['reason'])}[/]")
    if shown:
        out.print(made)
    if len(shown) < len(stages):
        out.print(f"[dim]{count(len(stages) - len(shown), 'stage')} that no deal is in[/]")


def _print_matches(matches: Iterable[Mapping[str, Any]]) -> None:
    matches = list(matches)
    if not matches:
        return
    out.print("\n[bold]read as what is known[/]")
    made = table("", "written", "means", "sure", "rows", "because", right=("sure", "rows"))
    for match in matches[:20]:
        row = (match["field"], plain(match["value"]), plain(match["means"]), f"{match['confidence']:.0%}", f"{match['rows']:,}")
        made.add_row(*row, f"[dim]{plain(match['how'])}[/]")
    out.print(made)
    if len(matches) > 20:
        out.print(f"[dim]... and {len(matches) - 20:,} more[/]")


def print_question(question: Mapping[str, Any]) -> None:
    """A question with its options, on the error stream, for it may be that only the answer is wanted elsewhere."""
    told = "rows" in question["text"] or not question["rows"]
    rows = "" if told else f" [dim]({count(question['rows'], 'row')})[/]"
    err.print(f"\n[bold]{plain(question['text'])}[/]{rows}")
    for number, option in enumerate(question["options"], 1):
        usual = " [dim](default)[/]" if option["value"] == question["default"] else ""
        err.print(f"  {number}. {plain(option['label'])}{usual}")


def print_defaults(questions: Iterable[Mapping[str, Any]]) -> None:
    """What was not asked, and is read by its default."""
    for question in questions:
        if question["answer"] is None and question["default"] is not None:
            label = next((o["label"] for o in question["options"] if o["value"] == question["default"]), question["default"])
            out.print(f"[dim]assumed[/] {plain(question['text'])} [bold]{plain(label)}[/] [dim]--answer '{plain(question['key'])}=...'[/]")


def print_outcome(answer: Mapping[str, Any], *, dry: bool) -> None:
    """Counts by kind and outcome, the reasons, and where the rejected rows went."""
    counted = {kind: counts for kind, counts in answer["counts"].items() if counts["rows"] or counts["mentioned"]}
    out.print(f"\n[bold]{'This would happen' if dry else 'This happened'}[/]")
    used = [o for o in OUTCOMES if any(c[o] for c in counted.values())] or ["unchanged"]
    attention = any(c["needs_attention"] for c in counted.values())
    made = table("", "rows", *used, *(["need a look"] if attention else []), right=("rows", *used, "need a look"))
    for kind, counts in counted.items():
        cells = (f"[{_STYLES.get(o, 'default')}]{counts[o]:,}[/]" if counts[o] else "" for o in used)
        name = "left out" if kind == "ignored" else words(kind)
        made.add_row(
            name + (f" [dim]+ {counts['mentioned']:,} that other rows name[/]" if counts["mentioned"] else ""),
            f"{counts['rows']:,}" if counts["rows"] else "",
            *cells,
            *([f"{counts['needs_attention']:,}" if counts["needs_attention"] else ""] if attention else []),
        )
    out.print(made)
    _print_mentioned(counted, answer.get("mentioned") or {})
    _print_reasons(answer["reasons"])
    if answer["rejected_file"]:
        out.print(f"The rejected rows are in [bold]{plain(answer['rejected_file'])}[/], each with its reason.")
    elif any(counts["rejected"] for counts in counted.values()):
        out.print("[dim]--rejected FILE.csv writes the rejected rows to a file, each with its reason.[/]")


def _print_mentioned(counted: Mapping[str, Mapping[str, int]], mentioned: Mapping[str, Sequence[str]]) -> None:
    """The names of what only other rows name: a supplier that is written otherwise would become a second one."""
    for kind, names in mentioned.items():
        more = counted[kind]["mentioned"] - len(names) if kind in counted else 0
        rest = f" and {more:,} more" if more > 0 else ""
        out.print(f"[yellow]new[/] {words(kind)} that other rows name: [bold]{plain(', '.join(names))}[/]{rest}")


def _print_reasons(reasons: Sequence[Mapping[str, Any]]) -> None:
    """Why rows are not simply created or unchanged: alike ones together, with where the first of them stands."""
    if not reasons:
        return
    made = table("outcome", "rows", "why", "the first", right=("rows",), whole=("outcome",))
    reasons = sorted(reasons, key=lambda reason: (_ORDER.index(reason["outcome"]), -reason["rows"]))
    for reason in reasons[:_REASONS]:
        outcome = "need a look" if reason["outcome"] == "attention" else reason["outcome"]
        first = f"{reason['table']} row {reason['row']}" if reason["row"] else reason["table"]
        style = _STYLES.get(outcome, "default")
        made.add_row(f"[{style}]{outcome}[/]", f"{reason['rows']:,}", plain(reason["reason"]), f"[dim]{plain(first)}[/]")
    out.print()
    out.print(made)
    if len(reasons) > _REASONS:
        rows = sum(reason["rows"] for reason in reasons[_REASONS:])
        out.print(f"[dim]... and {count(len(reasons) - _REASONS, 'reason')} more, of {count(rows, 'row')}; --json tells all[/]")
