"""An auditor who trusts nobody: what was known then, by which rules it was decided, who changed what and why; and proof that holds
without Concord, against a database administrator, and after a person was erased.
"""

from __future__ import annotations

import json
import subprocess
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.cli.outcomes import Exit
from infra.embedded.postgres import EmbeddedPostgres
from tests.cli.conftest import Concord, Ended
from tests.infra.alone import link_cryptography
from tests.journeys.people import Operator, Person, hired, until

SLUG = "witnessed"
DEAL, BUYER, ERASED = "Turbines for weir 4", "Wehrkraft AG", "Ida Quellmann"
SOON, LATER = ((datetime.now(UTC).date() + timedelta(days=days)).isoformat() for days in (40, 55))
SAID = ("need_stated=Weir 4 stands still", f"economic_buyer_met={ERASED}", "budget_named=90000 EUR")
OFFER = f"offer.pdf#{'0' * 64}"
AGREED = (f"proposal_received={OFFER}", f"decision_date_named={SOON}", f"terms_agreed={OFFER}")


@dataclass(frozen=True)
class Past:
    """What was recorded while it was the present. `opened`, `asked`: positions; `then`: the answers given at `opened`."""

    opened: int
    asked: int
    agreed: int
    person: int
    then: dict[str, Any]


@pytest.fixture(scope="module")
def operator(concord: Concord) -> Operator:
    concord("tenant", "create", SLUG)
    return Operator(concord.home, SLUG)


@pytest.fixture(scope="module")
def nora(operator: Operator) -> Person:
    return hired(operator, "Nora Feld", "account_manager")


@pytest.fixture(scope="module")
def theo(operator: Operator) -> Person:
    return hired(operator, "Theo Wahr", "auditor")


def last(person: Concord, topic: str) -> int:
    """The position of the last event of this kind."""
    [found] = person("audit", "search", "--event", topic, "--limit", "1", "--json").json["items"]
    return int(found["position"])


def numbers(person: Concord, *when: str) -> dict[str, Any]:
    """The deal's and the forecast's, now or as of a moment."""
    deal = person("deals", "show", DEAL, *when, "--json").json["item"]
    return {
        "deal": {field: deal[field] for field in ("amount", "stage", "close_date", "lines")},
        "forecast": person("forecast", *when, "--json").json["rows"],
    }


@pytest.fixture(scope="module")
def past(operator: Operator, nora: Person, theo: Person, tmp_path_factory: pytest.TempPathFactory) -> Past:
    """A deal with a discount that was agreed to, under rules that were then laid down anew; and a probability fixed by hand."""
    mona = hired(operator, "Mona Witt", "sales_manager")
    operator("teams", "form", "Rivers", "--manager", "Mona Witt")
    operator("user", "team", "Nora Feld", "Rivers")
    operator("user", "manager", "Nora Feld", "Mona Witt")
    operator("products", "add", "Turbine 40", "--price", "50000 EUR")
    nora("accounts", "open", BUYER, "--role", "customer", "--country", "de")
    nora("contacts", "add", ERASED, "--account", BUYER, "--email", "ida@wehrkraft.example")
    nora("deals", "open", DEAL, "--account", BUYER, "--line", "Turbine 40, 2, 50000 EUR, 15%", "--close-date", SOON)
    opened, then = last(theo, "deal.opened"), numbers(nora)

    evidence = tuple(word for one in (*SAID, *AGREED) for word in ("--evidence", one))
    nora("deals", "advance", DEAL, "paper", *evidence, "--wait", "30", code=Exit.PENDING)
    until(lambda: DEAL in mona("approvals", "list", "--mine").out)
    mona("approvals", "approve", DEAL, "--note", "Fine for two")
    until(lambda: nora("deals", "show", DEAL, "--json").json["item"]["stage"] == "paper")
    nora("deals", "close-date", DEAL, LATER, "--reason", "Their board meets later")
    nora("deals", "probability", DEAL, "95")

    rules = operator("approvals", "policy", "--json").json
    file = tmp_path_factory.mktemp("rules") / "lax.json"
    file.write_text(json.dumps({**rules, "discount": [{"up_to": "20", "post": None}, {"up_to": None, "post": "finance_chief"}]}))
    operator("approvals", "policy", "--define", str(file))
    asked, agreed = last(theo, "approval.requested"), last(theo, "approval.step_approved")
    return Past(opened, asked, agreed, last(theo, "contact.added"), then)


def test_what_happened_is_found_by_who_when_what_and_words_but_not_by_a_persons_name(theo: Person, past: Past):
    def found(*words: str) -> list[int]:
        return [hit["position"] for hit in theo("audit", "search", *words, "--json").json["items"]]

    for words in (
        ("--actor", "Nora Feld", "--event", "deal.opened"),
        ("--noun", "deal", "--since", str(past.opened), "--until", str(past.opened)),
        ("turbines weir", "--noun", "deal", "--event", "deal.opened", "--since", "today"),
    ):
        assert found(*words) == [past.opened], words
    assert past.agreed in found("--actor", "Mona Witt", "--noun", "approval")
    assert found(ERASED) == [], "what is personal is in no index"


def test_numbers_of_a_past_instant_are_those_that_were_given_then(theo: Person, past: Past):
    now = numbers(theo)
    assert numbers(theo, "--as-of", str(past.opened)) == past.then
    assert now["deal"] != past.then["deal"]
    assert now["forecast"] != past.then["forecast"]
    assert (past.then["deal"]["amount"]["amount"], past.then["deal"]["stage"]) == ("85000.00", "qualify")


def test_a_discount_is_decided_again_by_that_days_rules_and_by_others(theo: Person, past: Past):
    asked = theo("audit", "decision", str(past.asked), "--json").json
    assert (asked["rules"]["policy_version"], asked["differs"]) == (0, False)
    other = theo("audit", "decision", str(past.asked), "--policy-version", "1", "--json").json
    assert other["differs"]
    assert "would ask nobody instead of sales manager" in other["why"][0]
    given = theo("audit", "decision", str(past.agreed)).out
    assert "Approve" in given
    assert "Fine for two" in given
    assert "By the rules of the time it would have been the same." in given


def test_two_instants_are_compared_with_who_changed_what_and_why(theo: Person, past: Past):
    since = ("--since", str(past.opened))
    of_deal = " ".join(theo("audit", "diff", DEAL, *since).out.split())
    for words in (SOON, LATER, "Nora Feld", "Their board meets later"):
        assert words in of_deal, (words, of_deal)
    of_list = theo("audit", "diff", "deals", *since, "--json").json
    assert (of_list["counts"]["changed"], of_list["items"][0]["name"]) == (1, DEAL)
    of_forecast = theo("audit", "diff", "forecast", *since).out
    assert "It balances" in of_forecast
    assert "Nora Feld" in of_forecast
    nothing = theo("audit", "diff", DEAL, "--since", str(past.opened), "--as-of", str(past.opened)).out
    assert "No field has another value." in nothing


def test_duties_that_were_not_kept_apart_are_found_and_a_sample_is_drawn_again(theo: Person, past: Past):
    [finding] = theo("audit", "findings", "--json").json["items"]
    assert finding["duty"] == "override"
    assert "Nora Feld" in finding["sentence"]

    def drawn(seed: str) -> list[int]:
        sample = ("--size", "5", "--at", str(past.agreed))
        return [hit["position"] for hit in theo("audit", "sample", "--seed", seed, *sample, "--json").json["items"]]

    assert len(drawn("7")) == 5
    assert drawn("7") == drawn("7") != drawn("8")


def test_reads_and_refusals_of_an_account_manager_are_in_the_access_log(nora: Person, theo: Person, past: Past):
    nora("deals", "show", DEAL)
    assert "auditor" in nora("audit", "search", "turbines", code=Exit.REFUSED).err

    def seen(*which: str) -> set[tuple[str, str]]:
        items = theo("audit", "access", "--who", "Nora Feld", *which, "--json").json["items"]
        return {(entry["kind"], entry["operation"]) for entry in items}

    until(lambda: ("read", "read_deal") in seen("--what", "read_deal"))
    until(lambda: ("denied", "search_log") in seen("--denied"))
    assert not any(kind == "read" for kind, _ in seen("--denied"))


class Safe:
    """The auditor's own place: a checkpoint, the keys and a bundle of the whole log, and a Python with nothing but `cryptography`."""

    def __init__(self, folder: Path, theo: Person) -> None:
        self.folder, self._theo = folder, theo
        self.keys, self.checkpoint, self.log = (folder / name for name in ("keys.txt", "checkpoint.txt", "log.zip"))
        venv.create(folder / "alone", with_pip=False)
        self._python = folder / "alone" / "bin" / "python"
        link_cryptography(next((folder / "alone" / "lib").glob("python*/site-packages")))

    def keep(self, upto: int) -> None:
        """Wait until so much is signed, and take it away."""
        until(lambda: self._theo("proofs", "checkpoint", "--json").json["size"] >= upto)
        self.keys.write_text("\n".join(key["vkey"] for key in self._theo("proofs", "keys", "--json").json["items"]))
        self.checkpoint.write_text(self._theo("proofs", "checkpoint").out)
        self._theo("audit", "bundle", "--checkpoint", str(self.checkpoint), "--out", str(self.log))
        with zipfile.ZipFile(self.log) as bundle:
            bundle.extract("verify.py", self.folder)

    def verified(self, bundle: Path, *more: str) -> Ended:
        """What the verifier says, run in a folder where there is no Concord."""
        known = ("--key", str(self.keys), "--checkpoint", str(self.checkpoint))
        done = self._run(str(self.folder / "verify.py"), str(bundle), *known, *more)
        return Ended(done.returncode, done.stdout, done.stderr)

    def has(self, module: str) -> bool:
        return self._run("-c", f"import {module}").returncode == 0

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(self._python), "-I", *arguments]
        return subprocess.run(command, cwd=self.folder / "alone", env={}, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def safe(theo: Person, past: Past, tmp_path_factory: pytest.TempPathFactory) -> Safe:
    made = Safe(tmp_path_factory.mktemp("safe"), theo)
    made.keep(past.agreed)
    return made


def test_a_bundle_proves_itself_where_there_is_no_concord(theo: Person, safe: Safe, past: Past):
    assert safe.has("cryptography")
    assert not safe.has("infra")
    proven = safe.verified(safe.log)
    assert (proven.code, proven.err) == (0, ""), proven
    for words in ("which you gave", "byte for byte", "Nothing is missing of positions 1 to", "is the one of", "Verified."):
        assert words in proven.out, (words, proven.out)
    forged = safe.folder / "forged.zip"
    with zipfile.ZipFile(safe.log) as true, zipfile.ZipFile(forged, "w") as false:
        for name in true.namelist():
            content = true.read(name)
            false.writestr(name, content.replace(b'"version":1', b'"version":2', 1) if name == "events.jsonl" else content)
    assert "position 1: not what was recorded there" in (found := safe.verified(forged)).out.lower()
    assert found.code == 1
    assert f"Position {past.agreed} is one of the" in theo("proofs", "inclusion", str(past.agreed)).out


@contextmanager
def altered(operator: Operator, position: int) -> Iterator[None]:
    """A database administrator makes an event say something else, past every rule; afterwards it is as it was."""
    server = EmbeddedPostgres(operator.home / "postgres").running()
    assert server is not None
    event = f"UPDATE t_{SLUG}.events SET state = convert_to(replace(convert_from(state, 'UTF8'), %s, %s), 'UTF8') WHERE position = %s"
    with psycopg.connect(server.superuser_url("concord"), autocommit=True) as administrator:
        administrator.execute("SET session_replication_role = replica")
        assert administrator.execute(event, ("50000", "40000", position)).rowcount == 1
        try:
            yield
        finally:
            administrator.execute(event, ("40000", "50000", position))
            # what the signer had found meanwhile it lets go of once somebody has looked
            operator("proofs", "check")


def test_a_row_that_a_database_administrator_alters_is_found_at_its_position(operator: Operator, theo: Person, safe: Safe, past: Past):
    whole = safe.folder / "now.zip"
    with altered(operator, past.opened):
        theo("audit", "bundle", "--checkpoint", str(safe.checkpoint), "--out", str(whole))
        found = safe.verified(whole)
        assert found.code == 1
        wrong = found.out.partition("WRONG:")[2].strip().splitlines()
        assert [line.partition(":")[0] for line in wrong[:-1]] == [f"- Position {past.opened}"], found.out
        live = operator("audit", "verify-log", "--key", str(safe.keys), "--json", code=Exit.REFUSED)
        assert [(one["first"], one["last"]) for one in live.json["data"]["differences"]] == [(past.opened, past.opened)]
        assert f"{past.opened}" in operator("proofs", "check", code=Exit.REFUSED).err
        assert safe.verified(safe.log).code == 0, "what was taken away before needs no database"
    assert "as they were published" in operator("audit", "verify-log").out


def test_a_person_is_erased_and_every_proof_of_before_still_holds(operator: Operator, theo: Person, safe: Safe, past: Past):
    operator("privacy", "hold", ERASED, "--case", "LIT-2027-3", "--until", LATER)
    assert "LIT-2027-3" in operator("privacy", "erase", ERASED, "--case", "DSR-2027-14", "--yes", code=Exit.REFUSED).err
    assert ERASED in theo("contacts", "list").out
    operator("privacy", "release", ERASED, "--case", "LIT-2027-3")
    operator("privacy", "erase", ERASED, "--case", "DSR-2027-14", "--yes")
    until(lambda: ERASED not in theo("contacts", "list").out)
    assert ERASED not in theo("contacts", "list", "--as-of", str(past.agreed)).out
    listed = theo("privacy", "list").out
    assert "DSR-2027-14" in listed
    assert ERASED not in listed

    assert safe.verified(safe.log).code == 0
    assert f"Position {past.person} is one of the" in theo("proofs", "inclusion", str(past.person)).out
    assert "unaltered" in theo("proofs", "consistency", str(safe.checkpoint)).out
    until(lambda: theo("proofs", "checkpoint", "--json").json["size"] >= last(theo, "privacy.erased"))
    after = safe.folder / "after.zip"
    theo("audit", "bundle", "--checkpoint", str(safe.checkpoint), "--out", str(after))
    assert (proven := safe.verified(after)).code == 0, proven
    assert numbers(theo, "--as-of", str(past.opened)) == past.then, "amounts and histories stay"
