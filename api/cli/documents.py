"""`concord documents`: files that are kept with Concord, to be attached as evidence or to what settles a case."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from api.cli.client import Client, calling
from api.cli.formats import facts, plain, short, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.tree import group

Sha256 = Annotated[str, typer.Argument(metavar="SHA256", help="The document's SHA-256, as the upload told it.")]
_A_PLACE = re.compile(r"(~?/|[.]{1,2}[/\\]|[A-Za-z]:\\).*|(?!\w+://).*[/\\][^/\\]*[.][A-Za-z][A-Za-z0-9]{0,4}")
"""What names a place on this machine: it begins as one, or has a folder and ends as a file. `Letter 3/2026` and an address do not."""
_HASH = re.compile(r"[0-9a-f]{64}")


def uploaded(client: Client, file: Path) -> dict[str, Any]:
    """A file of this machine as it is kept: name, type, size and SHA-256. Raises Ended."""
    try:
        content = file.expanduser().read_bytes()
    except OSError as error:
        raise Ended(f"{file} cannot be read: {error.strerror}.", Exit.NOT_FOUND) from error
    headers = {"Content-Type": "application/octet-stream"}
    found: dict[str, Any] = client.send(f"/v1/documents?name={quote(file.name)}", content, headers).body
    return found


def referred(client: Client, written: str) -> dict[str, str]:
    """What is attached: a file here, which is uploaded; one that was, by its SHA-256; or a reference to what lies elsewhere.

    Raises Ended for a path at which there is no file: it would prove nothing.
    """
    path = Path(written).expanduser()
    if path.is_file():
        return {"document": path.name[:200], "sha256": uploaded(client, path)["sha256"]}
    if is_hash(written):
        known = client.get(f"/v1/documents/{written.lower()}/about")["document"]
        return {"document": known["name"][:200], "sha256": known["sha256"]}
    if _A_PLACE.fullmatch(written):
        raise Ended(
            f"There is no file {written} here. Name a file, or what lies elsewhere by its name alone, without folders, like {path.name}.",
            Exit.NOT_FOUND,
        )
    return {"document": written}


def is_hash(written: str) -> bool:
    """Whether it names a document by its SHA-256."""
    return _HASH.fullmatch(written.lower()) is not None


@told
def upload(
    files: Annotated[list[Path], typer.Argument(metavar="FILES...", help="Files on this machine.")],
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Keep files. Until one is attached to something, only you see it; the same file again is kept once.

    Examples:
      concord documents upload PO-4711.pdf LS-88.pdf
      concord disputes attach "Housings too dear" order=SHA256   # as the upload told it; a file's name does both at once
    """
    with calling(tenant) as client:
        found = [uploaded(client, file) for file in files]
    if as_json:
        say_json({"items": found})
        return
    for one in found:
        again = "" if one["position"] is not None else " [dim](was kept already)[/]"
        out.print(f"Kept {plain(one['name'])}, {one['size']:,} bytes{again}\n[dim]{one['sha256']}[/]", soft_wrap=True)


@told
def show(sha256: Sha256, tenant: TenantName = None, as_json: Json = False) -> None:
    """Name, type and size of a document, and what it is attached to.

    Example:
      concord documents show e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    """
    with calling(tenant) as client:
        found = client.get(f"/v1/documents/{_checked(sha256)}/about")
    if as_json:
        say_json(found)
        return
    kept, belongs = found["document"], [f"{words(one['noun'])} {short(one['id'])}" for one in found["attached_to"]]
    out.print(f"[bold]{plain(kept['name'])}[/]\n[dim]{kept['sha256']}[/]", soft_wrap=True)
    out.print(
        facts([("type", plain(kept["media_type"])), ("bytes", f"{kept['size']:,}"), ("attached to", ", ".join(belongs) or "nothing yet")])
    )


@told
def download(
    sha256: Sha256,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Where to write it (default: its name, here).")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Fetch a document's bytes into a file; one that is here already is not overwritten without --to.

    Example:
      concord documents download e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 --to PO-4711.pdf
    """
    with calling(tenant) as client:
        name = client.get(f"/v1/documents/{_checked(sha256)}/about")["document"]["name"]
        file = to or Path(Path(name).name)
        if to is None and file.exists():
            raise Ended(f"{file} is here already; say with --to where to write it.", Exit.REFUSED)
        content = client.raw(f"/v1/documents/{_checked(sha256)}")
    file.write_bytes(content)
    if as_json:
        say_json({"sha256": sha256.lower(), "file": str(file), "bytes": len(content)})
        return
    out.print(f"Wrote {plain(str(file))} ({len(content):,} bytes).")


def _checked(sha256: str) -> str:
    if not is_hash(sha256):
        raise Ended(f"{sha256!r} is no SHA-256: write its 64 digits, as `concord documents upload` told them.", Exit.USAGE)
    return sha256.lower()


def add_to(app: typer.Typer) -> None:
    commands = ("upload", upload), ("show", show), ("download", download)
    group(app, "documents", "Documents: files kept as evidence or as what settles a case", *commands)
