"""Where in a request something is wrong, as whoever typed the command would say it: `--line 1's net`, not `body.lines.0.net`.

The API names the fields of its body and its parameters; people know options. This is the one place that knows both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from api.cli.formats import words

Options = Mapping[str, str]
"""What a command takes, option by option."""

_ALSO = {
    "opened_from": "since",
    "opened_before": "until",
    "closes_on": "close_date",
    "expires_on": "until",
    "first_day": "from",
    "last_day": "until",
    "requested_from": "since",
    "requested_before": "until",
    "signatories": "to",
    "subject": "about",
}
"""Fields whose option has another name."""
_SEVERAL = (("ies", "y"), ("sses", "ss"), ("s", ""))


def of_this_command() -> Options:
    """What the command that runs now takes; nothing outside of a command."""
    from typer.main import get_current_context  # type: ignore[attr-defined]

    context: Any = get_current_context(silent=True)
    return options_of(context.command.params) if context else {}


def options_of(parameters: Sequence[Any]) -> Options:
    """Each option as it is typed, by its name in the code and by each of its own spellings."""
    found: dict[str, str] = {}
    for one in parameters:
        if typed := max((word for word in one.opts if word.startswith("--")), key=len, default=None):
            found |= {one.name: typed, **{word.removeprefix("--").replace("-", "_"): word for word in one.opts if word.startswith("--")}}
    return found


def in_options(sentence: str, options: Options) -> str:
    """A refusal that names parameters of the API, in backticks or at its beginning, with the options that gave them."""

    def typed(found: re.Match[str]) -> str:
        name = found["name"]
        return next((options[one] for one in (name, _ALSO.get(name, "")) if one in options), found[0])

    quoted = re.sub(r"`(?P<name>[a-z_]+)`", typed, sentence)
    return re.sub(r"^(?P<name>[a-z_]+)(?=: | names a position)", typed, quoted)


def told(at: str, message: str, options: Options) -> str:
    """The place and what to write there, without a point."""
    # a command's words are texts anyway
    written = re.sub(r",? as a text: (.*)", lambda found: f", like {found[1].replace(chr(34), '')}", message)
    return f"{place(at, options)}: {written}"


def place(at: str, options: Options) -> str:
    """The option, the number of the one that is meant where it was given several times, and the part of it."""
    parts = [part for part, _ in groupby(re.sub(r"^(body|query|path)\.", "", at).split("."))]
    head, rest = parts[0], parts[1:]
    number = int(rest.pop(0)) + 1 if rest and rest[0].isdigit() else None
    option = next((options[name] for name in (head, _one_of(head), _ALSO.get(head, "")) if name in options), None)
    name = option or words(_one_of(head) if number is not None else head)
    if number is not None and (rest or option is None):
        name += f" {number}"
    # amount.amount: the thing and its own value; what is left are its parts
    inner = [part for part in rest if part not in {head, _one_of(head)}]
    return f"{name}'s {' '.join(words(p) if not p.isdigit() else str(int(p) + 1) for p in inner)}" if inner else name


def _one_of(several: str) -> str:
    for ending, single in _SEVERAL:
        if several.endswith(ending) and several != "status":
            return several.removesuffix(ending) + single
    return several
