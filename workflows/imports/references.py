"""What names in the files refer to: accounts, products and users, by the tables that list them and by what the tenant has already.

Dirty names are read as known ones with a stated confidence; doubtful ones are asked about; unknown ones become new, which is
asked about once for all of a kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain.stages import Stage
from workflows.imports.faults import BadMapping
from workflows.imports.matching import ASK, Match, Vocabulary, squashed
from workflows.imports.questions import CREATE, LEAVE, Questions, counted
from workflows.imports.report import MatchReport

_MOST_ASKED = 50
"""Doubtful names of one kind that are asked about one by one; beyond, one question stands for the rest."""


@dataclass(frozen=True, slots=True)
class KnownPipeline:
    """A pipeline that the tenant has, with the stages of its latest version."""

    id: UUID
    name: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Directory:
    """What the tenant has: (name, key) of accounts, products, users. A key that starts with `=` is a stream id, else an id in the source.
    `teams`: (member, team). `imported`: (source, checksum) of the files of imports that stand.
    """

    accounts: tuple[tuple[str, str], ...] = ()
    products: tuple[tuple[str, str], ...] = ()
    users: tuple[tuple[str, str], ...] = ()
    pipelines: tuple[KnownPipeline, ...] = ()
    teams: tuple[tuple[UUID, UUID], ...] = ()
    imported: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Names:
    """How the names of one kind of thing are read: name -> key (None: left out), and the new ones that the files only mention."""

    kind: str
    keys: dict[str, str | None] = field(default_factory=dict)
    mentioned: dict[str, str] = field(default_factory=dict)
    matches: list[MatchReport] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    same: dict[str, str] = field(default_factory=dict)
    """Ids of the files whose thing the tenant has already, under another origin: id -> its key here."""


def settle_names(
    kind: str,
    listed: Sequence[tuple[str, str]],
    known: Iterable[tuple[str, str]],
    used: Counter[str],
    said: Mapping[str, str],
    questions: Questions,
    own: Callable[[str], str],
) -> Names:
    """Decide for each name in `used` (with how many rows use it) what it refers to.

    `own`: id in the source -> the key of what an import of this source makes of it.

    `listed`: (name, id) of the tables in these files; `known`: (name, key) of what the tenant has. `said`: name -> name, `+` or `-`.
    """
    names = Names(kind)
    words = Vocabulary()
    labels = names.labels
    in_files: set[str] = set()
    known = tuple(known)
    _settle_same(kind, listed, known, own, names, questions)
    listed = tuple((name, names.same.get(key, key)) for name, key in listed)
    for name, key in (*listed, *known):
        if key.startswith("=") and squashed(name) in in_files:
            continue  # the files' own table is nearer than what the tenant has under the same name
        words.add({name: key})
        labels.setdefault(key, name)
        in_files.add(squashed(name))
    unknown: list[tuple[str, int]] = []
    doubtful: list[tuple[Match, int]] = []
    for name, rows in used.most_common():
        if name in said:
            names.keys[name] = _as_said(kind, name, said[name], words, names)
            continue
        match = words.match(name)
        if match.taken:
            names.keys[name] = match.to
            if match.confidence < 1:
                names.matches.append(_reported(kind, match, labels, rows))
        elif match.to is not None or match.others:
            doubtful.append((match, rows))
        else:
            unknown.append((name, rows))
    _ask_about(kind, doubtful, labels, names, questions, unknown)
    _create(kind, unknown, names, questions, listed=bool(listed))
    return names


def _settle_same(
    kind: str,
    listed: Sequence[tuple[str, str]],
    known: Sequence[tuple[str, str]],
    own: Callable[[str], str],
    names: Names,
    questions: Questions,
) -> None:
    """Things of the files that the tenant has under the same name, but not from this source: the same thing, or another?"""
    here: dict[str, set[str]] = {}
    for name, key in known:
        if key.startswith("="):
            here.setdefault(squashed(name), set()).add(key)
    alike = [(name, id_, here[squashed(name)]) for name, id_ in listed if squashed(name) in here]
    alike = [(name, id_, keys) for name, id_, keys in alike if own(id_) not in keys and len(keys) == 1]
    if not alike:
        return
    shown = ", ".join(repr(name) for name, _, _ in alike[:3]) + (" ..." if len(alike) > 3 else "")
    text = f"{counted(len(alike), kind)} in the files {'has' if len(alike) == 1 else 'have'} the name of one that is here already, from elsewhere ({shown}). The same?"
    options = [("same", "the same: refer to those here, and leave them as they are"), (CREATE, "others: create them beside")]
    if questions.ask(f"{kind}:here", text, options, "same", len(alike)) == "same":
        names.same = {id_: next(iter(keys)) for _, id_, keys in alike}


def _as_said(kind: str, name: str, said: str, words: Vocabulary, names: Names) -> str | None:
    if said == LEAVE:
        return None
    if said == CREATE:
        names.mentioned[name] = name
        return name
    match = words.match(said)
    if match.to is None or match.confidence < 1:
        raise BadMapping(
            f"{name!r} is said to mean the {kind} {said!r}, and there is none of that name; name one there is, or + or -", value=name
        )
    return match.to


def _reported(kind: str, match: Match, labels: Mapping[str, str], rows: int) -> MatchReport:
    assert match.to is not None
    means = labels.get(match.to, match.to)
    return MatchReport(field=kind, value=match.value, means=means, confidence=match.confidence, how=match.how, rows=rows)


def _ask_about(
    kind: str,
    doubtful: list[tuple[Match, int]],
    labels: Mapping[str, str],
    names: Names,
    questions: Questions,
    unknown: list[tuple[str, int]],
) -> None:
    for match, rows in doubtful[:_MOST_ASKED]:
        near = [(match.to, match.confidence), *match.others] if match.to is not None else list(match.others)
        near = [(key, confidence) for key, confidence in near if confidence >= min(ASK, 0.5)]
        options = [(key, f"{labels.get(key, key)} ({confidence:.0%})") for key, confidence in near]
        options += [(CREATE, f"a new {kind} named {match.value}"), (LEAVE, f"no {kind}")]
        candidates = " or ".join(repr(labels.get(k, k)) for k, _ in near[:2])
        answer = questions.ask(
            f"{kind}:{match.value}",
            f"Is the {kind} {match.value!r} ({counted(rows, 'row')}) the known {candidates}?",
            options,
            CREATE,
            rows,
        )
        if answer == CREATE:
            names.mentioned[match.value] = match.value
            names.keys[match.value] = match.value
        else:
            names.keys[match.value] = None if answer == LEAVE else answer
    unknown.extend((match.value, rows) for match, rows in doubtful[_MOST_ASKED:])


def _create(kind: str, unknown: list[tuple[str, int]], names: Names, questions: Questions, *, listed: bool) -> None:
    """Names that nothing known is like. Spellings of one name (but for case, spaces and signs) are one thing, the commonest of them."""
    if not unknown:
        return
    rows = sum(count for _, count in unknown)
    shown = ", ".join(repr(n) for n, _ in unknown[:3]) + (" ..." if len(unknown) > 3 else "")
    answer: str | None = CREATE
    if listed:
        text = f"{counted(len(unknown), kind, ('is', 'are'))} named in {counted(rows, 'row')} but listed nowhere ({shown}). Create {'it' if len(unknown) == 1 else 'them'}?"
        answer = questions.ask(f"{kind}:*", text, [(CREATE, "create them"), (LEAVE, f"import those rows without {kind}")], CREATE, rows)
    spellings: dict[str, str] = {}
    for name, count in unknown:
        if answer == LEAVE:
            names.keys[name] = None
            continue
        first = spellings.setdefault(squashed(name) or name, name)
        names.keys[name] = first
        if first == name:
            names.mentioned[name] = name
        else:
            match = Match(name, first, 0.97, "but for spaces and signs")
            names.matches.append(_reported(kind, match, {}, count))
