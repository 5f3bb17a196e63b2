"""What a person says about an import, as the mapping file that `--map` reads and `--save-map` writes (TOML)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from api.cli.outcomes import Ended, Exit


def read_mapping(path: Path | None) -> dict[str, Any]:
    """The mapping file's content; empty without one. What it may say is checked where the import is done. Raises Ended."""
    if path is None:
        return {}
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise Ended(f"The mapping file {path} cannot be read; check the path.", Exit.NOT_FOUND) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Ended(f"The mapping file {path} is not TOML: {error}.", Exit.USAGE) from None


def toml_of(content: Mapping[str, Any]) -> str:
    """Nested tables of texts and numbers as TOML; JSON's texts are TOML's basic strings."""
    return "\n".join(_lines(content, ())).strip() + "\n"


def _lines(content: Mapping[str, Any], path: tuple[str, ...]) -> Iterable[str]:
    plain = {key: value for key, value in content.items() if not isinstance(value, Mapping) and value is not None}
    if path and plain:
        yield f"\n[{'.'.join(_key(part) for part in path)}]"
    for key, value in plain.items():
        yield f"{_key(key)} = {json.dumps(value, ensure_ascii=False)}"
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _lines(value, (*path, key))


def _key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").replace("-", "").isalnum() else json.dumps(key, ensure_ascii=False)


def to_fill_in(tables: Iterable[Mapping[str, Any]]) -> str:
    """A mapping file to fill in, for files of which nothing was known: the nearest kind of each, and where its columns may go."""
    tables = list(tables)
    kinds = ", ".join(tables[0]["kinds"]) if tables else ""
    notes = "".join(f"# {one['name']}, {one['kind']} have: {', '.join(one['fields'])}\n" for one in tables if one["fields"])
    files = {one["name"]: {"kind": one["kind"], "columns": one["columns"]} for one in tables}
    return (
        "# Say what each file is, and where its columns go; then: concord import FILES --map THIS\n"
        f"# kind: {kinds}\n"
        '# a column goes to a field, "attribute" keeps it as a field of its own (accounts, contacts, deals), "-" leaves it out\n'
        f"{notes}{toml_of({'files': files})}"
    )


def saved(overrides: Mapping[str, Any], inspection: Mapping[str, Any]) -> str:
    """A mapping file that reads the next export just as this one: what was said, what was guessed, what was answered."""
    files = {
        table["name"]: {
            "kind": table["kind"],
            **{k: v for k, v in overrides.get("files", {}).get(table["name"], {}).items() if k not in {"kind", "columns"}},
            "columns": {column["column"]: column["target"] for column in table["columns"]},
        }
        for table in inspection["tables"]
    }
    answers = {q["key"]: q["answer"] or q["default"] for q in inspection["questions"] if q["answer"] or q["default"]}
    known = {"source": inspection["source"], "currency": inspection["currency"], "zone": inspection["zone"]}
    whole = {**known, **overrides, "files": files, "answers": {**answers, **overrides.get("answers", {})}}
    return f"# How `concord import` reads these files. Change what is wrong; see concord import --help.\n{toml_of(whole)}"
