"""`concord tenant export` and `import`: one tenant whole, in files that can be read and proven anywhere."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from api.cli.formats import count
from api.cli.here import of_this_machine
from api.cli.options import Json
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.progress import bars
from api.cli.servers import reached
from infra.unpacking import unpack

PASSPHRASE = "CONCORD_PASSPHRASE"  # noqa: S105  the variable's name
SHORTEST = 12


@told
@of_this_machine
def export(
    tenant: Annotated[str, typer.Argument(metavar="TENANT", help="Which tenant.")],
    to: Annotated[Path, typer.Option("--out", metavar="DIR|FILE", help="A new folder, or a file that ends with .tar.")],
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Personal keys, too, under a passphrase (asked for, or CONCORD_PASSPHRASE).")
    ] = False,
    as_it_is: Annotated[
        bool, typer.Option("--as-it-is", help="Also a log that is not the one that was signed; the export says so.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a tenant whole: its events as CloudEvents JSON lines with their proofs, documents, and keys only if asked for.

    Every event is compared with what was signed; a log that was altered is refused, with the positions.

    Examples:
      concord tenant export acme --out acme-2026
      concord tenant export acme --out acme.tar --with-keys
    """
    from infra.migrations import list_tenants
    from infra.opening import open_keys
    from infra.transfer.exporting import export as write
    from infra.transfer.shapes import STATED

    settings = reached()
    known = {one.slug: one for one in list_tenants(settings.database_url or "")}
    if tenant not in known:
        raise LookupError(f"There is no tenant {tenant}; there are {', '.join(known) or 'none yet'}.")
    passphrase = _passphrase(confirmed=True) if with_keys else None
    with _folder_for(to) as folder, closing(open_keys(settings)) as keys, bars(transient=True) as bar:
        stated = write(settings, known[tenant], keys, folder, passphrase=passphrase, as_it_is=as_it_is, report=bar("events"))
    if as_json:
        say_json(stated.model_dump(mode="json"))
        return
    out.print(f"Tenant {tenant} is in {to}: {count(stated.head, 'event')}, Merkle root {stated.root}.", markup=False, soft_wrap=True)
    if stated.unmatched:
        out.print(f"It is not the log that was signed, and its {STATED} says so: {stated.unmatched.why}.", style="bold red", soft_wrap=True)
    if not with_keys:
        out.print("Its personal keys are not in it: where it is imported, personal data reads as erased.", style="dim")
    if stated.documents_in_bucket:
        out.print("Its documents lie in the bucket of DOCUMENTS_URL and are not in it.", style="dim")


@told
@of_this_machine
def import_(
    source: Annotated[Path, typer.Argument(metavar="DIR|FILE", help="What `concord tenant export` wrote.")],
    named: Annotated[str | None, typer.Option("--as", metavar="TENANT", help="Under this name instead of its own.")] = None,
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Open its personal keys with their passphrase (asked for, or CONCORD_PASSPHRASE).")
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring in a tenant, whole or not at all: the same positions, times and proofs; every line that does not hold is named.

    Examples:
      concord tenant import acme-2026
      concord tenant import acme.tar --as acme_copy --with-keys
    """
    from api.transferring import bring_in_whole

    settings = reached()
    passphrase = _passphrase() if with_keys else None
    with _unpacked(source) as folder, bars(transient=True) as bar:
        tenant, stated, signed_as = bring_in_whole(settings, folder, named=named, passphrase=passphrase, report=bar("events"))
    if as_json:
        say_json({**stated.model_dump(mode="json"), "tenant": tenant.slug, "signed_as": signed_as})
        return
    out.print(
        f"Tenant {tenant.slug} is here: {count(stated.head, 'event')}, Merkle root {stated.root} as exported. "
        "People sign in anew: passwords and keys of people did not come along. `concord workflows reconcile` starts its open work.",
        markup=False,
        soft_wrap=True,
    )
    if signed_as:
        out.print(
            f"The private key that signed its checkpoints did not come along: a new one signs as {signed_as} from now on, and the checkpoints "
            f"of before still verify by the keys that `concord proofs keys --tenant {tenant.slug}` lists.",
            markup=False,
            soft_wrap=True,
        )
    if not with_keys:
        out.print("No personal keys came along: personal data of before reads as erased.", style="dim")


def _passphrase(*, confirmed: bool = False) -> str:
    given = os.environ.get(PASSPHRASE)
    if given is None and sys.stdin.isatty():
        given = str(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirmed, err=True))
    if not given or (confirmed and len(given) < SHORTEST):
        raise Ended(f"Give a passphrase of at least {SHORTEST} characters, at the terminal or as {PASSPHRASE}.", Exit.USAGE)
    return given


@contextmanager
def _folder_for(to: Path) -> Iterator[Path]:
    """Where to write to; a .tar is made of it at the end, under its name only when it is whole."""
    if to.suffix != ".tar":
        yield to
        return
    if to.exists():
        raise Ended(f"{to} exists: name a new file.", Exit.USAGE)
    beside = Path(tempfile.mkdtemp(dir=to.absolute().parent, prefix=".export-"))
    try:
        yield beside / "export"
        draft = beside / "export.tar"
        with tarfile.open(draft, "w") as tar:
            for file in sorted((beside / "export").iterdir()):
                tar.add(file, file.name)
        draft.chmod(0o600)
        draft.replace(to)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def _unpacked(source: Path) -> Iterator[Path]:
    if not source.exists():
        raise LookupError(f"There is no {source}.")
    if source.is_dir():
        yield source
        return
    with tempfile.TemporaryDirectory(dir=source.absolute().parent, prefix=".import-") as folder:
        try:
            with tarfile.open(source, "r:") as tar:
                unpack(tar, Path(folder))
        except tarfile.TarError as error:
            raise ValueError(f"{source} is no export: {error}.") from error
        yield Path(folder)
