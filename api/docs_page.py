"""The API's documentation as one plain page, made from the OpenAPI document: no script, nothing from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

_STYLE = """
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 18%,transparent);--soft:color-mix(in srgb,currentColor 65%,transparent)}
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:0 auto;padding:2rem 1rem 6rem}
h1{margin:0}h2{margin:2.5rem 0 .5rem;text-transform:capitalize;border-bottom:1px solid var(--line)}
nav a{margin-right:.9rem}code,pre{font:13px/1.45 ui-monospace,monospace}
pre{padding:.7rem;border:1px solid var(--line);border-radius:6px;overflow-x:auto}
details{border:1px solid var(--line);border-radius:6px;margin:.4rem 0;padding:.45rem .7rem}summary{cursor:pointer}
table{border-collapse:collapse;margin:.4rem 0;width:100%}td,th{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0;border-top:1px solid var(--line)}
.m{display:inline-block;min-width:3.6rem;font-weight:700}.soft{color:var(--soft)}
"""


def page(document: dict[str, Any]) -> str:
    """The page. Everything from the document is escaped."""
    tags: dict[str, list[str]] = {}
    for path, entry in document["paths"].items():
        for method, operation in entry.items():
            tag = (operation.get("tags") or ["other"])[0]
            tags.setdefault(tag, []).append("".join(_operation(path, method, operation, document)))
    head = (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><title>Concord API</title>"
        f"<style>{_STYLE}</style><h1>Concord API</h1><p class=soft>Version {escape(document['info']['version'])} · "
        f"<a href=/openapi.json>OpenAPI document</a></p>"
    )
    about = "".join(f"<p>{_inline(part)}</p>" for part in document["info"]["description"].strip().split("\n\n"))
    links = "<nav>" + "".join(f"<a href='#{escape(tag)}'>{escape(tag)}</a>" for tag in sorted(tags)) + "</nav>"
    body = "".join(f"<h2 id='{escape(tag)}'>{escape(tag)}</h2>{''.join(tags[tag])}" for tag in sorted(tags))
    return head + about + links + body


def _operation(path: str, method: str, operation: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    yield f"<details id='{escape(operation['operationId'])}'><summary><span class=m>{method.upper()}</span> <code>{escape(path)}</code> "
    yield f"<span class=soft>{escape(operation.get('summary', ''))}</span></summary>"
    if description := operation.get("description"):
        yield "".join(f"<p>{_inline(part)}</p>" for part in description.split("\n\n"))
    if roles := operation.get("x-concord-roles"):
        yield f"<p class=soft>For: {escape(', '.join(roles))}</p>"
    if parameters := operation.get("parameters"):
        yield "<table><tr><th>Parameter<th>In<th>"
        for parameter in parameters:
            needed = "" if parameter.get("required") else " <span class=soft>(optional)</span>"
            text = parameter.get("description") or parameter.get("schema", {}).get("description", "")
            yield f"<tr><td><code>{escape(parameter['name'])}</code>{needed}<td>{escape(parameter['in'])}<td>{_inline(text)}"
        yield "</table>"
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if example := content.get("example"):
            yield f"<p>Example body</p><pre>{escape(json.dumps(example, indent=2))}</pre>"
        yield _fields(content.get("schema", {}), document)
    yield "<table><tr><th>Answer<th>"
    for status, response in operation["responses"].items():
        yield f"<tr><td>{escape(status)}<td>{_inline(response.get('description', ''))}"
    yield "</table></details>"


def _fields(schema: dict[str, Any], document: dict[str, Any]) -> str:
    found = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    if not (properties := found.get("properties")):
        return ""
    required = set(found.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code>{'' if name in required else ' <span class=soft>(optional)</span>'}<td>{escape(_kind(field))}"
        f"<td>{_inline(field.get('description', ''))}"
        for name, field in properties.items()
    )
    return f"<table><tr><th>Field<th>Type<th>{rows}</table>"


def _kind(schema: dict[str, Any]) -> str:
    if ref := schema.get("$ref"):
        return str(ref).rpartition("/")[2]
    if choices := schema.get("anyOf"):
        return " or ".join(_kind(choice) for choice in choices)
    if values := schema.get("enum"):
        return " | ".join(str(value) for value in values)
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")


def _inline(text: str) -> str:
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
