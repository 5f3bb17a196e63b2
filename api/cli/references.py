"""What people call things: an id, the beginning or end of one, a name or a part of it, becomes the one thing that is meant.

Never guessed: where several things answer to a name they are listed, where none does the nearest are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.cli.client import LARGEST_PAGE, Client, Problem
from api.cli.formats import short
from api.cli.outcomes import Ended, Exit
from api.inert import one_line

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PART_OF_ID = re.compile(r"[0-9a-f-]{4,36}")
MOST_LISTED = 5_000
"""Members, teams and the like that are looked through: lists without a search are short."""
MOST_COMPARED = 1_000
"""Things whose names are compared for what is near, most recent first."""
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Noun:
    """How one kind of thing is listed. `searched`: the list takes `text`. `names`: what a thing answers to, its own name first."""

    word: str
    path: str
    names: Callable[[dict[str, Any]], tuple[str | None, ...]]
    searched: bool = False
    recent: str | None = None


def _named(thing: dict[str, Any]) -> tuple[str | None, ...]:
    item = thing.get("item", thing)
    return (item.get("name"), item.get("email"), item.get("code"))


DEAL = Noun("deal", "/v1/deals", lambda d: (d["title"], d["account_name"]), searched=True, recent="-since")
ACCOUNT = Noun("account", "/v1/accounts", lambda a: (a["legal_name"], a["domain"]), searched=True, recent="-opened_at")
DISPUTE = Noun("dispute", "/v1/disputes", lambda d: (d["title"], d["account_name"]), searched=True, recent="-since")
SUPPLIER = Noun("supplier", "/v1/suppliers", lambda s: (s["name"],), searched=True, recent="name")
MEMBER = Noun("member", "/v1/members", _named)
TEAM = Noun("team", "/v1/teams", _named)
PIPELINE = Noun("pipeline", "/v1/pipelines", _named)
PRODUCT = Noun("product", "/v1/products", _named)
CONTRACT = Noun("contract", "/v1/contracts", lambda c: (c["title"], c["number"], c["party_name"]), searched=True, recent="-since")
PAPER = Noun("paper", "/v1/papers", lambda p: (p["number"], p["title"]), searched=True)
CONTACT = Noun("contact", "/v1/contacts", lambda c: (c["name"], c["email"]), searched=True, recent="-opened_at")


def the_id(client: Client, noun: Noun, written: str | None) -> str | None:
    """The id of the one thing that is meant; None for None. Raises Ended: there is none, or several."""
    return None if written is None else find(client, noun, written)["id"]


def find(client: Client, noun: Noun, written: str, *, first: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The one thing that is meant, at least with its `id`. Raises Ended: there is none, or several.

    `first`: narrower lists, by their parameters; of several that answer those are meant that stand in the first one to have any.
    """
    text = " ".join(written.split())
    if _UUID.fullmatch(text.lower()):
        return {"id": text.lower()}
    if not text:
        raise _unnamed(noun.word)
    found = _candidates(client, noun, text)
    for asked in first if len(found) > 1 else ():
        listed = {thing["id"] for thing in client.page(noun.path, {"text": text[:200], **asked}, most=LARGEST_PAGE)["items"]}
        if narrowed := [thing for thing in found if thing["id"] in listed]:
            found = narrowed
            break
    if len(found) == 1:
        return found[0]
    if found:
        raise _several(noun, text, found)
    raise _none(client, noun, text)


def find_among(client: Client, nouns: Sequence[Noun], written: str, *, also: str = "", rather: Noun | None = None) -> tuple[Noun, str]:
    """The one thing that is meant among things of several kinds: its kind and its id. Raises Ended: there is none, or several.

    Kinds that the caller may not read at all are left out. `deal:NAME` is meant of deals alone. `also`: what could be named instead.
    `rather`: of several that answer, those of this kind are meant.
    """
    kind, _, rest = written.partition(":")
    if said := [noun for noun in nouns if noun.word == kind.strip().casefold()]:
        nouns, written = said, rest
    text, words = " ".join(written.split()), _either([noun.word for noun in nouns])
    if not text:
        raise _unnamed(words)
    found: list[tuple[Noun, dict[str, Any]]] = []
    readable = []
    for noun in nouns:
        try:
            found += [(noun, thing) for thing in _candidates(client, noun, text)]
            readable.append(noun)
        except Problem as problem:
            if problem.code not in {Exit.NOT_FOUND, Exit.REFUSED}:
                raise
    found = [(noun, thing) for noun, thing in found if noun.names(thing)[0] == text] or found
    if len(found) > 1 and rather is not None:
        found = [(noun, thing) for noun, thing in found if noun is rather] or found
    if len(found) == 1:
        return found[0][0], found[0][1]["id"]
    near = found or [(noun, thing) for noun in readable for thing in _near(noun, text, _everything(client, noun))]
    lines = tuple(f"  {noun.word:<8}{_line(noun, thing)}" for noun, thing in near[:_SHOWN])
    data = [{"noun": noun.word, "id": thing["id"], "name": noun.names(thing)[0]} for noun, thing in near]
    if found:
        kinds = {noun.word: None for noun, _ in found}
        by_kind = f", or by its kind, like '{next(iter(kinds))}:{text}'" if len(kinds) > 1 else ""
        sentence = f"Several things answer to {text!r}; name one of them by the end of its id{by_kind}:"
        raise Ended(sentence, Exit.NOT_FOUND, lines=lines, data=data)
    meant = "; did you mean:" if near else "." if also else ", or you may not know of it."
    missing = f"Nothing that you may know of is called {text!r}: name a {words}, {also}" if also else f"There is no {words} {text!r}"
    raise Ended(f"{missing}{meant}", Exit.NOT_FOUND, lines=lines, data=data)


def _either(kinds: Sequence[str]) -> str:
    *most, last = kinds
    return f"{', '.join(most)} or {last}" if most else last


def _candidates(client: Client, noun: Noun, text: str) -> list[dict[str, Any]]:
    """Whatever answers to a name, else to a part of an id."""
    found = [] if _UUID.fullmatch(text.lower()) else _by_name(client, noun, text)
    return found or (_by_id(client, noun, text.lower()) if _PART_OF_ID.fullmatch(text.lower()) else [])


def _everything(client: Client, noun: Noun) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.page(noun.path, {"sort": noun.recent}, most=MOST_COMPARED if noun.searched else MOST_LISTED)[
        "items"
    ]
    return found


def _by_name(client: Client, noun: Noun, text: str) -> list[dict[str, Any]]:
    """Those of exactly that name, else of that name but for case, else those with the text in one of their names."""
    candidates = client.page(noun.path, {"text": text[:200]}, most=LARGEST_PAGE)["items"] if noun.searched else _everything(client, noun)
    folded = text.casefold()
    own = [c for c in candidates if noun.names(c)[0] == text]
    like = [c for c in candidates if (noun.names(c)[0] or "").casefold() == folded]
    within = [c for c in candidates if any(folded in (name or "").casefold() for name in noun.names(c))]
    return own or like or within


def _by_id(client: Client, noun: Noun, part: str) -> list[dict[str, Any]]:
    if noun.searched:
        found: list[dict[str, Any]] = client.page(noun.path, {"id_part": part}, most=LARGEST_PAGE)["items"]
        return found
    return [c for c in _everything(client, noun) if c["id"].startswith(part) or c["id"].endswith(part)]


def _line(noun: Noun, thing: dict[str, Any]) -> str:
    own, *others = noun.names(thing)
    more = ", ".join(str(name) for name in others if name)
    return one_line(f"  {short(thing['id'])}  {own}" + (f" ({more})" if more else ""))


def _unnamed(words: str) -> Ended:
    return Ended(f"Name the {words}: by its name, or by an id or the beginning or end of one.", Exit.USAGE)


def _several(noun: Noun, text: str, found: list[dict[str, Any]]) -> Ended:
    lines = tuple(_line(noun, thing) for thing in found[:_SHOWN])
    if len(found) > _SHOWN:
        lines = (*lines, f"  and {len(found) - _SHOWN} more")
    sentence = f"Several {noun.word}s answer to {text!r}; name one of them by the end of its id:"
    return Ended(sentence, Exit.NOT_FOUND, lines=lines, data=[{"id": thing["id"], "name": noun.names(thing)[0]} for thing in found])


def _none(client: Client, noun: Noun, text: str) -> Ended:
    near = _near(noun, text, _everything(client, noun))
    sentence = f"There is no {noun.word} {text!r}" + ("; did you mean:" if near else ", or you may not know of it.")
    return Ended(
        sentence,
        Exit.NOT_FOUND,
        lines=tuple(_line(noun, thing) for thing in near),
        data=[{"id": thing["id"], "name": noun.names(thing)[0]} for thing in near],
    )


def _near(noun: Noun, text: str, things: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    from difflib import get_close_matches

    by_name: dict[str, list[dict[str, Any]]] = {}
    for thing in things:
        for name in noun.names(thing):
            for part in {name or "", *(name or "").split()}:
                by_name.setdefault(part.casefold(), []).append(thing)
    found = [thing for name in get_close_matches(text.casefold(), by_name, n=_SHOWN, cutoff=0.6) for thing in by_name[name]]
    return list({thing["id"]: thing for thing in found}.values())[:5]


def names_of(client: Client, noun: Noun, ids: Iterable[str]) -> dict[str, str]:
    """Names by id, of those that can be read."""
    found: dict[str, str] = {}
    for id in dict.fromkeys(ids):
        try:
            item = client.get(f"{noun.path}/{id}")["item"]
        except Problem:
            continue
        name = item.get("name") or item.get("legal_name") or item.get("title")
        if name:
            found[id] = name
    return found
