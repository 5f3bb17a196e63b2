"""A quote at the command line: prepared, sent, signed by two people over their links, sealed, checked offline."""

from __future__ import annotations

import re
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from tests.cli.conftest import Concord


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_args, **_more):
        return None


def visit(url: str, form: dict[str, str] | None = None) -> tuple[int, str]:
    """What a browser without scripts gets."""
    asked = Request(url, data=urlencode(form).encode() if form else None)
    try:
        with build_opener(_Stay).open(asked, timeout=60) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except HTTPError as error:
        with error:
            return error.code, error.read().decode("utf-8", "replace")


def test_a_quote_goes_from_a_deal_to_a_sealed_file(concord: Concord, acme: str, tmp_path: Path):
    concord("deals", "open", "Paper trail", "--account", acme, "--amount", "1234.5 EUR", "--close-date", "2031-03-31")
    prepared = concord("papers", "prepare", "Paper trail", "--template", "quote", "--attention", "Jo Weber", "--json").json
    number = concord("papers", "show", prepared["id"], "--json").json["item"]["number"]
    assert number in concord("papers", "list", "--about", "Paper trail").out
    people = ("Jo Weber <jo@acme.example> for Acme", "Mira Berg <mira@us.example> for Us")
    assert "not understood" in concord("papers", "send", number, "--to", "Jo Weber", code=2).err
    concord("papers", "send", number, *(word for person in people for word in ("--to", person)), "--until", "2031-03-31")
    assert "2031-03-31, that day included (" in concord("papers", "show", number).out
    unsigned = tmp_path / "unsigned.pdf"
    concord("papers", "download", number, "--to", str(unsigned))
    assert "no signature" in concord("papers", "verify", str(unsigned), code=4).err
    assert "Jo Weber" in concord("papers", "link", number, "--for", "nobody", code=3).err
    for who in ("jo@acme.example", "Mira Berg"):
        url = concord("papers", "link", number, "--for", who).out.strip()
        status, page = visit(url)
        assert (status, "1,234.50 EUR" in page) == (200, True)
        document = re.search(r"name=document value='([0-9a-f]{64})'", page)
        assert document is not None
        assert visit(f"{url}/sign", {"document": document[1], "typed_name": who, "consent": "yes"})[0] == 303
    deadline = time.monotonic() + 120
    while concord("papers", "show", number, "--json").json["item"]["status"] != "completed":
        assert time.monotonic() < deadline, "the worker seals what all have signed"
        time.sleep(0.5)
    signed, pem = tmp_path / "signed.pdf", tmp_path / "authority.pem"
    concord("papers", "download", number, "--to", str(signed))
    concord("papers", "authority", "--to", str(pem))
    assert "by its own word" in concord("papers", "verify", str(signed)).out
    verdict = concord("papers", "verify", str(signed), "--trust", str(pem), "--json").json
    assert (verdict["unaltered"], verdict["trusted"]) == (True, True)
    altered = bytearray(signed.read_bytes())
    altered[len(altered) // 3] ^= 1
    signed.write_bytes(bytes(altered))
    assert "altered" in concord("papers", "verify", str(signed), "--trust", str(pem), code=4).err
    assert "completed" in concord("papers", "void", number, "--reason", "x", code=4).err


def test_wording_is_listed_and_laid_down(concord: Concord, tmp_path: Path):
    assert "payment" in concord("clauses", "list").out
    assert "Version 1 holds" in concord("clauses", "define", "returns", "--title", "Returns", "--text", "Within 14 days, {their_name}.").out
    assert "Nothing changed" in concord("clauses", "define", "returns", "--title", "Returns", "--text", "Within 14 days, {their_name}.").out
    file = tmp_path / "quote.json"
    file.write_text(concord("templates", "show", "quote").out.replace('"prices"', '"returns"'))
    assert "Version 2 holds" in concord("templates", "define", "quote", "--file", str(file)).out
    assert "returns" in concord("templates", "list").out
    assert "no template" in concord("templates", "show", "ode", code=3).err
    concord("clauses", "retire", "returns")
