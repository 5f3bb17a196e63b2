"""What is wrong with a request's or a command's values, in words for whoever sent them: where, and how it should look.

The validator's own messages name regular expressions and types of ours; these say what to write instead, and never repeat the
value, which may be a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Place = dict[str, str]
"""`at`: where, as `body.email`; `message`: how it should look; `kind`: the validator's name for it, for programs."""

FORMS: dict[str, str] = {
    r"^[A-Z]{3}$": "write a currency's three letters, like EUR",
    r"^(reporting|[A-Z]{3})$": "write reporting, or a currency's three letters, like EUR",
    r"^[A-Z]{2}$": "write a country's two letters, like DE",
    r"^-?[0-9]{1,15}([.][0-9]{1,6})?$": 'write at most 15 digits, perhaps a point and at most 6 more, as a text: "1250.00"',
    r"^[^\x00]*[^\x00\s][^\x00]*$": "write some text",
    r"^[^\x00]*$": "write text without the character NUL",
    r"^[^\x00]+$": "write some text",
    r"^[a-z][a-z0-9_]{0,62}$": "write a key: lower-case letters, digits and _, beginning with a letter, like renewal_risk",
    r"^[a-z][a-z0-9_]{0,39}$": "write a tenant's short name: lower-case letters, digits and _, like acme",
    r"^[^\x00-\x20@<>,;]{1,64}@[^\x00-\x20@<>,;.]+(\.[^\x00-\x20@<>,;.]+)+$": "write a mail address, like ana@example.com",
    r"^[^\x00-\x20]+$": "write a mail address or the beginning of one",
    r"^[+(]?[0-9][0-9 ()./x-]{2,38}$": "write a telephone number, like +49 30 123456",
    r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$": "write a web domain, like acme.com",
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$": "write a calendar's key: letters, digits, _ and -, like DE-BE",
    r"^[0-9a-f]{64}$": "write a SHA-256 as 64 hexadecimal digits",
    r"^[A-Za-z0-9_-]+$": "use `next` of the page before as it stands",
    r"^[0-9a-f-]{4,36}$": "write 4 to 36 characters of an id, like 6e4c0012",
    r"^[a-z_]+(\.[a-z_]+)?$": "write a topic like deal.opened, or a noun like deal",
    r"^[0-9]{1,10}([.][0-9]{1,12})?$": 'write a rate as a text: "1.0843"',
    r"^[0-9]{1,3}([.][0-9]{1,4})?$": 'write percents as a text: "5" or "7.5"',
    r"^[a-z_]{1,60}$": "write a read model's name, like deals",
    r"^[0-9]{1,3}([.][0-9]{1,2})?$": 'write points from 0 to 100 as a text: "87.5"',
    r"^[0-9]{1,15}([.][0-9]{1,6})?$": 'write at most 15 digits, perhaps a point and at most 6 more, as a text: "500000.00"',
    r"^[0-9]{4}-(0[1-9]|1[0-2])$": "write a month, like 2026-03",
    r"^[a-z]+/[a-z0-9.+-]{1,100}$": "write a media type, like application/pdf",
    r"^#[0-9a-f]{6}$": "write a colour as # and six hexadecimal digits, like #1f4e5f",
    r"^[a-z_]{1,40}\.[a-z_]{1,60}$": "write an event's topic, like deal.opened",
    r"^[a-z_]{1,40}$": "write a noun, like deal",
    r"^[a-z_?*]{1,80}$": "write an operation's name, perhaps with * or ?, like list_*",
    r"^[!-~]{1,100}$": "write a text without spaces, like 2026-Q1",
    r"^[!-~]{1,200}$": "write an id or a text without spaces",
    r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,39}$": "write a case's number: letters, digits, . _ / and -, like DSR-2026/7",
    r"^[0-9]{1,9}$": "use `next` of the page before as it stands",
    r"^-?requested_at$": "use requested_at, or -requested_at for the latest first",
    r"^(FY)?[0-9]{4}-(Q[1-4]|0[1-9]|1[0-2])$": "write a period: 2026-Q3, FY2026-Q3 or 2026-07",
}
"""What each pattern of our models asks for; a test finds the patterns that are missing here."""

_NUMBERS = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
}
_SAID: dict[str, str | Callable[[Mapping[str, Any]], str]] = {
    "missing": "it is needed",
    "extra_forbidden": "there is no such field here",
    "json_invalid": "it is no JSON",
    "json_type": "it is no JSON",
    "string_type": "write a text",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_parsing_size": "write a smaller whole number",
    "int_from_float": "write a whole number",
    "float_type": "write a number",
    "float_parsing": "write a number",
    "list_type": "write a list",
    "tuple_type": "write a list",
    "set_type": "write a list",
    "dict_type": "write an object",
    "model_type": "write an object",
    "model_attributes_type": "write an object",
    "mapping_type": "write an object",
    "none_required": "leave it away or write null",
    "string_pattern_mismatch": lambda c: FORMS.get(str(c.get("pattern")), "it has not the documented form"),
    "string_too_short": lambda c: "write some text" if c.get("min_length") == 1 else f"write at least {c['min_length']} characters",
    "string_too_long": lambda c: f"write at most {c['max_length']:,} characters",
    "too_short": lambda c: f"name at least {c['min_length']}",
    "too_long": lambda c: f"name at most {c['max_length']:,}",
    "enum": lambda c: f"use one of {_either(c)}",
    "literal_error": lambda c: f"use one of {_either(c)}",
    "decimal_max_digits": "write at most 15 digits before the point and 6 after",
    "decimal_max_places": lambda c: f"write at most {c['decimal_places']} digits after the point",
    "decimal_whole_digits": lambda c: f"write at most {c['whole_digits']} digits before the point",
}
_FAMILIES = (
    ("uuid", "write an id, like 01936e4c-0000-7000-8000-000000000001"),
    ("timezone", "write an instant with its offset, like 2026-03-31T09:00:00Z"),
    ("datetime", "write an instant with its offset, like 2026-03-31T09:00:00Z"),
    ("date", "write a day, like 2026-03-31"),
    ("time", "write a time of day, like 09:00"),
    ("decimal", 'write at most 15 digits, perhaps a point and at most 6 more, as a text: "1250.00"'),
    ("union", "use one of the documented forms"),
)


def told_of(errors: Iterable[Any]) -> list[Place]:
    """A validation's errors, each with its place and what to write there."""
    found = list(errors)
    inner = {tuple(error["loc"][:n]) for error in found for n in range(len(error["loc"]))}
    # where what a list holds is wrong, the validator counts it as not there, too
    meant = [error for error in found if error["type"] != "too_short" or tuple(error["loc"]) not in inner]
    return [{"at": _place(error["loc"]), "message": _message(error), "kind": str(error["type"])} for error in meant]


def sentence(places: Sequence[Place]) -> str:
    """The first place and how many more there are."""
    if not places:
        return "The request is not understood."
    first = places[0]
    place = first["at"].removeprefix("body.").removeprefix("query.").removeprefix("path.")
    more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
    return f"{place}: {first['message']}{more}."


def _place(path: Sequence[Any]) -> str:
    # the members of a union stand in it as the validator calls them, like function-after[check(), str]
    return ".".join(str(part) for part in path if not (isinstance(part, str) and "[" in part)) or "body"


def _message(error: Mapping[str, Any]) -> str:
    kind, context = str(error["type"]), error.get("ctx") or {}
    if kind in {"value_error", "assertion_error"}:
        # our own validators speak in sentences
        ours = str(error["msg"]).partition(", ")[2].rstrip(".") or "it cannot be read"
        return ours.replace("'", "") if " is not one of '" in ours else ours
    if kind in _NUMBERS:
        return "write " + _NUMBERS[kind].format(**context)
    said = _SAID.get(kind) or next((form for family, form in _FAMILIES if kind.startswith(family)), None)
    if said is None:
        return "it has not the documented form"
    return said if isinstance(said, str) else said(context)


def _either(context: Mapping[str, Any]) -> str:
    return str(context.get("expected", "the documented values")).replace("'", "").replace(" or ", ", ")
