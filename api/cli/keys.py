"""`concord key create`: a person's own API key, made by signing in once, so that commands and programs act as that person."""

from __future__ import annotations

import json
import os
import sys
from typing import Annotated, Any

import typer

from api.cli.client import Client
from api.cli.options import Json
from api.cli.outcomes import Ended, Exit, out, say_json, told
from api.cli.tree import group
from api.credential import Credential, api_address
from infra.settings import Settings


class SignedIn(Client):
    """A session over the same connection; it ends with `sign_out`. Raises Problem where the name or the password is wrong."""

    def __init__(self, address: str, name: str, password: str) -> None:
        super().__init__(Credential(address, "", ""))
        # the cookie is used by no page of another site (S13): a browser says so by itself, every other client has to
        self._headers = {"Accept": "application/json", "Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
        try:
            found, self.session = self._sent("POST", "/v1/sessions", {"name": name, "password": password})
        except Ended:
            self.close()
            raise
        self._headers["Cookie"] = found.get("set-cookie", "").partition(";")[0]

    def _sent(self, method: str, path: str, body: Any) -> tuple[Any, Any]:
        status, found, content = self._exchange(method, path, json.dumps(body).encode(), {})
        return found, self._read(status, content)

    def pick(self, tenant: str | None) -> None:
        """Work in a tenant: the one named, else the only one there is. Raises Problem where it is not theirs, Ended."""
        tenant = tenant or self.session["tenant"]
        if tenant is None:
            raise Ended(
                f"You are in several tenants; choose with --tenant: {', '.join(self.session['tenants']) or 'none yet'}.", Exit.USAGE
            )
        if tenant != self.session["tenant"]:
            self.session = self._sent("PUT", "/v1/sessions/current", {"tenant": tenant})[1]

    def issue(self, **asked: Any) -> Any:
        """A new key, with the key itself."""
        return self._sent("POST", "/v1/keys", asked)[1]

    def sign_out(self) -> None:
        self._exchange("DELETE", "/v1/sessions/current", None, {})
        self.close()


@told
def create(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The mail address you sign in with.")],
    address: Annotated[
        str | None, typer.Option("--address", help="Where Concord is (default: CONCORD_ADDRESS, else this machine's).")
    ] = None,
    label: Annotated[str, typer.Option("--label", help="What the key is for.")] = "concord at a terminal",
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How long it lasts.")] = 90,
    read_only: Annotated[bool, typer.Option("--read-only", help="It may read only.")] = False,
    tenant: Annotated[str | None, typer.Option("--tenant", help="The tenant (default: CONCORD_TENANT, else your only one).")] = None,
    as_json: Json = False,
) -> None:
    """Sign in and make a key of your own, which is shown this once. The password is asked for, or read from standard input.

    Examples:
      concord key create ana@example.com
      concord key create ana@example.com --address http://127.0.0.1:8000 --read-only < password.txt
    """
    place = (address or os.environ.get("CONCORD_ADDRESS") or _here()).rstrip("/")
    password = typer.prompt("Password", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise Ended("Write the password: at the terminal, or as the first line of standard input.", Exit.USAGE)
    session = SignedIn(place, email, password)
    try:
        session.pick(tenant or os.environ.get("CONCORD_TENANT"))
        made, chosen = session.issue(label=label, days=days, read_only=read_only), session.session["tenant"]
    finally:
        session.sign_out()
    if as_json:
        say_json({"address": place, "tenant": chosen, **made})
        return
    out.print(
        f"This key acts as you in {chosen} until {made['expires_at'][:10]}. It is shown only now; in a shell, use it with:", markup=False
    )
    for line in (f"export CONCORD_ADDRESS={place}", f"export CONCORD_API_KEY={made['key']}"):
        out.print(f"  {line}", markup=False, soft_wrap=True)


def _here() -> str:
    from infra.embedded.process import ServerDown

    try:
        return api_address(Settings.from_environment())
    except ServerDown:
        raise Ended("Say where Concord is: --address http://127.0.0.1:8000, or CONCORD_ADDRESS.", Exit.USAGE) from None


def add_to(app: typer.Typer) -> None:
    group(app, "key", "API keys of your own, for commands and programs that act as you", ("create", create))
