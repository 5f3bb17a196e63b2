"""What every reading command is asked besides its own words: which moment, through whose eyes, how much, and for whom it prints."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from api.cli.client import Client, calling
from api.cli.moments import instant_asked, moment_params, moment_words
from api.cli.options import After, All, AsOf, AsSeenBy, Basis, Json, Limit, OfBasis, TenantName
from api.cli.outcomes import Ended, Exit, out, print_count, say_json, told
from api.cli.references import MEMBER, MOST_LISTED, Noun, the_id


@dataclass(frozen=True, slots=True)
class View:
    """The answers to that. A command without pages is asked neither `limit` nor `after`."""

    as_of: str | None
    basis: Basis
    tenant: str | None
    as_json: bool
    as_seen_by: str | None = None
    limit: int = 50
    everything: bool = False
    after: str | None = None

    def calling(self) -> AbstractContextManager[Client]:
        """A client for the tenant."""
        return calling(self.tenant)

    def params(self, client: Client) -> dict[str, str | None]:
        """The moment and the eyes, as the API takes them. Raises Ended, ValueError."""
        return {**moment_params(self.as_of, self.basis), "as_seen_by": the_id(client, MEMBER, self.as_seen_by)}

    def page(self, client: Client, path: str, asked: dict[str, Any]) -> dict[str, Any]:
        """As many rows as are wanted of a list, at the moment. Raises as `params`."""
        return client.page(path, {**self.params(client), **asked}, most=self.limit, after=self.after, everything=self.everything)

    def cut(self, items: Iterable[dict[str, Any]]) -> dict[str, Any]:
        """As many of all items, each with an `id`, where the API gives them all or in another order. Raises Ended."""
        rest = list(items)
        if self.after is not None:
            places = [place for place, one in enumerate(rest, 1) if one["id"] == self.after]
            if not places:
                raise Ended("--after: this cursor is not one that the list told; begin again without it.", Exit.USAGE)
            rest = rest[places[0] :]
        most = len(rest) if self.everything else self.limit
        return {"items": rest[:most], "next": rest[most - 1]["id"] if len(rest) > most else None}

    def named(self, client: Client, noun: Noun) -> tuple[dict[str, Any], dict[str, str]]:
        """A page of a noun's short list in order of names, and the names of all by id. Raises as `params` and `cut`."""
        found = client.page(noun.path, self.params(client), most=MOST_LISTED)["items"]
        names = {one["id"]: str(one["item"]["name"]) for one in found}
        return self.cut(sorted(found, key=lambda one: (names[one["id"]].casefold(), one["id"]))), names

    def until(self, client: Client) -> datetime | None:
        """The instant up to which ages are counted, if it is known."""
        return instant_asked(client, self.as_of)

    @property
    def words(self) -> str:
        """What a heading says of moment and eyes; empty for the caller's own now."""
        eyes = f"as {self.as_seen_by} could see it" if self.as_seen_by else ""
        return ", ".join(filter(None, (moment_words(self.as_of, self.basis), eyes)))

    def heading(self) -> None:
        """Say which moment is shown, where it is not now."""
        if self.words:
            from api.cli.formats import plain

            out.print(f"[yellow]{plain(self.words)}[/]")

    def print_list(self, found: dict[str, Any], noun: str, rows: Callable[[list[dict[str, Any]]], Any], *, empty: str) -> None:
        """A page: JSON for programs; for people the table that `rows` makes, with how many they are and how to see the rest."""
        if self.as_json:
            say_json(found)
            return
        self.heading()
        if not found["items"]:
            out.print(empty)
            return
        out.print(rows(found["items"]))
        print_count(len(found["items"]), noun, found["next"])


_MOMENT = {"as_of": (AsOf, None), "basis": (OfBasis, Basis.KNOWN)}
_EYES = {"as_seen_by": (AsSeenBy, None)}
_PAGES = {"limit": (Limit, 50), "everything": (All, False), "after": (After, None)}
_ALWAYS = {"tenant": (TenantName, None), "as_json": (Json, False)}


def reading(*, pages: bool = False, eyes: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a reading command: it gets a `View` before its own arguments, and the options of it behind them.

    `pages`: it goes through a list; `eyes`: the API narrows its answer to what a member could see.
    """
    shared: dict[str, tuple[Any, Any]] = {**(_PAGES if pages else {}), **_MOMENT, **(_EYES if eyes else {}), **_ALWAYS}

    def made(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def viewed(**given: Any) -> None:
            view = View(**{name: given.pop(name) for name in shared})
            command(view, **given)

        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
        options = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=d, annotation=a) for n, (a, d) in shared.items()]
        viewed.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]
        viewed.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *options)}
        return told(viewed)

    return made
