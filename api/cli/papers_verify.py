"""`concord papers verify | authority`: checking a signed file, with nothing but the file and a certificate."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.client import calling
from api.cli.formats import plain
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_json, told


@told
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A signed PDF, from Concord or from elsewhere.")],
    trust: Annotated[
        list[Path] | None, typer.Option("--trust", metavar="PEM", help="Certificate of an authority that you trust; repeat.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a signed PDF: is every byte as it was sealed, and by whom. Asks no server.

    Example:
      concord papers verify Q-2026-7F3KQ2.pdf --trust authority.pem
    """
    from dataclasses import asdict

    from infra.papers.verifying import verified

    try:
        verdict = verified(_read(file), [_read(pem) for pem in trust or ()])
    except ValueError as error:
        raise Ended("A file given to --trust holds no certificate in PEM.", Exit.USAGE) from error
    data = {**asdict(verdict), "unaltered": verdict.unaltered, "trusted": verdict.trusted}
    if not verdict.unaltered:
        raise Ended(verdict.problems[0] if verdict.problems else "The file was altered.", Exit.REFUSED, data=data)
    if as_json:
        say_json(data)
        return
    out.print("[bold]Unaltered[/] since it was sealed.")
    for signature in verdict.signatures:
        sure = "whose authority you trust" if signature.trusted else "by its own word; give its authority's certificate to --trust"
        at = f" on {signature.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if signature.at else ""
        out.print(f"Sealed by {plain(signature.holder)}{at}, {sure}.")
        out.print(f"[dim]certificate {signature.fingerprint}[/]", soft_wrap=True)
    out.print(f"[dim]the paper that people signed {verdict.first_revision}[/]", soft_wrap=True)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Ended(f"{file} cannot be read: {error.strerror}.", Exit.NOT_FOUND) from error


def _take_over(file: Path, named: str | None) -> None:
    """Keep the key and certificate of a PKCS#12 file in this machine's key store. Raises Ended."""
    import os
    from getpass import getpass

    from api.cli.here import refuse_others
    from api.cli.servers import reached
    from infra.migrations import list_tenants
    from infra.opening import open_keys
    from infra.papers.certificates import keep_seal
    from infra.papers.importing import CertificateUnusable, imported

    refuse_others()
    settings, content = reached(), _read(file)
    assert settings.database_url is not None
    tenant = named or settings.tenant
    if tenant not in {one.slug for one in list_tenants(settings.database_url)}:
        raise Ended(f"There is no tenant {tenant!r} here; say which with --tenant.", Exit.NOT_FOUND)
    password = os.environ.get("CONCORD_P12_PASSWORD")
    if password is None:
        password = getpass(f"Password of {file.name}: ")
    try:
        kept = imported(content, password, datetime.now(UTC))
    except CertificateUnusable as error:
        raise Ended(str(error), Exit.REFUSED) from error
    keys = open_keys(settings)
    try:
        keep_seal(keys, tenant, kept)
    finally:
        keys.close()


@told
def authority(
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Write it into this file.")] = None,
    import_: Annotated[
        Path | None,
        typer.Option("--import", metavar="FILE", help="Seal with this certificate of yours from now on: PKCS#12, .p12 or .pfx."),
    ] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """The certificate of the authority behind our seal, for those who are to check our papers. It is no secret.

    With --import, on the machine that runs Concord and as its operator (not with CONCORD_API_KEY), your own takes the place of the one that Concord has made. The file's password is
    asked for, or taken from CONCORD_P12_PASSWORD. Papers that were sealed before keep their seal.

    Examples:
      concord papers authority --to authority.pem
      concord papers authority --import seal.p12
    """
    if import_ is not None:
        _take_over(import_, tenant)
    with calling(tenant) as client:
        found = client.get("/v1/papers/authority/certificate")
    if to is not None:
        try:
            to.write_text(found["certificate"], encoding="ascii")
        except OSError as error:
            raise Ended(f"{to} cannot be written: {error.strerror}.", Exit.FAILED) from error
    if as_json:
        say_json(found)
    elif to is not None:
        out.print(f"Wrote {plain(str(to))}.")
    else:
        print(found["certificate"], end="")
