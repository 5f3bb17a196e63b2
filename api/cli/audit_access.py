"""`concord audit access-days | access-export | access-verify`: the sealed days of the access log, and copies that prove themselves."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from api.cli.client import Client, calling
from api.cli.formats import table
from api.cli.options import After, All, Json, Limit, TenantName
from api.cli.outcomes import Ended, Exit, out, print_count, say_json, told
from api.cli.written_values import a_day

_DAYS = "/v1/audit/access/days"
_IDS = {"principal", "member", "key", "correlation_id"}


@told
def days(
    limit: Limit = 50,
    everything: All = False,
    after: After = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """The sealed days of the access log, newest first: what each held, and which were removed when, under which retention.

    Examples:
      concord audit access-days
      concord audit access-days --all --json
    """
    with calling(tenant) as client:
        found = client.page(_DAYS, most=limit, after=after, everything=everything)
    if as_json:
        say_json(found)
        return
    if not found["items"]:
        out.print("No day of the access log is sealed yet: each is, some minutes after it is over (UTC).")
        return
    made = table("day", "rows", "sealed at", "root", "removed", right=("rows", "sealed at"), whole=("day", "removed"))
    for one in found["items"]:
        gone = one["removed"]
        removed = f"{gone['on']}, kept {gone['keep_days']} days, at {gone['position']:,}" if gone else ""
        made.add_row(one["day"], f"{one['rows']:,}", f"{one['position']:,}", one["root"][:16], removed)
    out.print(made)
    print_count(len(found["items"]), "day", found["next"])


@told
def export(
    day: Annotated[str, typer.Argument(metavar="DAY", help="A sealed day (UTC).")],
    to: Annotated[Path, typer.Option("--out", metavar="FILE", help="Write it into this file.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Take a day of the access log away, before it is removed; `access-verify` proves the copy against the sealed root, also later.

    Example:
      concord audit access-export 2026-03-31 --out access-2026-03-31.json
    """
    import json

    with calling(tenant) as client:
        found = client.get(f"{_DAYS}/{a_day(day, 'DAY')}")
    if gone := found["removed"]:
        raise Ended(
            f"The entries of {found['day']} were removed on {gone['on']} under the retention of {gone['keep_days']} days: nothing is left.",
            Exit.REFUSED,
        )
    if (root := _root(found["entries"])) != found["root"]:
        raise Ended(f"The rows of {found['day']} come to {root}, not to {found['root']} as they were sealed: somebody changed them.")
    to.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if as_json:
        say_json({name: found[name] for name in ("day", "rows", "root", "position")} | {"file": str(to)})
        return
    out.print(f"{found['rows']:,} rows of {found['day']} are in {to}, as they were sealed at position {found['position']:,}.")


@told
def verify(
    copy: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `access-export` made.")],
    root: Annotated[str | None, typer.Option("--root", help="The sealed root as you know it: then no server is asked.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Prove a copy of a day against the root that the log sealed it with, also where the day itself has been removed since.

    The sealing event is proven like any other: `concord proofs inclusion POSITION`, `concord audit bundle --positions POSITION`.

    Examples:
      concord audit access-verify access-2026-03-31.json
      concord audit access-verify access-2026-03-31.json --root ROOT
    """
    day, entries = _read(copy)
    found = _root(entries)
    sealed: dict[str, Any] | None = None
    if root is None:
        with calling(tenant) as client:
            sealed = _sealed(client, day)
        root = str(sealed["root"])
    if found != root.lower():
        raise Ended(f"The copy comes to {found}, not to {root}: it is not what was sealed of {day}.", Exit.REFUSED)
    if as_json:
        say_json({"day": day.isoformat(), "rows": len(entries), "root": found, "sealed": sealed})
        return
    where = f", at position {sealed['position']:,}" if sealed else ""
    out.print(f"The copy holds the {len(entries):,} rows of {day}, all of them, as they were sealed{where}.")
    if sealed and (gone := sealed["removed"]):
        out.print(f"Here they were removed on {gone['on']} under the retention of {gone['keep_days']} days.")


def _sealed(client: Client, day: date) -> dict[str, Any]:
    found = client.get(_DAYS, {"cursor": (day + timedelta(days=1)).isoformat(), "limit": 1})["items"]
    if not found or found[0]["day"] != day.isoformat():
        raise Ended(f"{day} is not sealed in this log; --tenant names another.", Exit.NOT_FOUND)
    one: dict[str, Any] = found[0]
    return one


def _read(copy: Path) -> tuple[date, list[dict[str, Any]]]:
    import json

    try:
        found = json.loads(copy.read_text(encoding="utf-8"))
        return date.fromisoformat(found["day"]), list(found["entries"])
    except OSError as error:
        raise Ended(f"{copy} cannot be read: {error.strerror}.", Exit.USAGE) from None
    except (ValueError, KeyError, TypeError):
        raise Ended(f"{copy} is no copy of a day; `concord audit access-export` makes one.", Exit.USAGE) from None


def _root(entries: list[dict[str, Any]]) -> str:
    from infra.access_copies import root_of
    from infra.access_days import COLUMNS

    try:
        return root_of([_value(name, entry[name]) for name in COLUMNS] for entry in entries)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise Ended("The copy has a row that none can be; it is not what was sealed.", Exit.REFUSED) from None


def _value(name: str, written: Any) -> Any:
    if written is None:
        return None
    if name == "at":
        return datetime.fromisoformat(written)
    return UUID(written) if name in _IDS else written
