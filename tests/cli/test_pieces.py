"""The command line's own parts, without a server: how words are read, and what is loaded for them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cli import outcomes
from api.cli.client import Problem
from api.cli.formats import NONE, count, last_moment, minor_digits
from api.cli.import_mapping import toml_of
from api.cli.members import LimitKind
from api.cli.outcomes import Ended, Exit, Paper, print_count
from api.cli.unmet import how_to_provide
from api.cli.written_values import a_day, money, proof
from domain.authority import LimitKind as DomainLimitKind
from domain.kernel import Refused
from domain.values import CURRENCIES
from domain.values import minor_digits as domain_digits
from tests.cli.conftest import ROOT

HEAVY = ("psycopg", "temporalio", "fastapi", "httpx2", "domain.kernel", "eventsourcing")


@pytest.mark.parametrize(("words", "never"), [(["--help"], (*HEAVY, "pydantic", "rich")), (["deals", "board", "--help"], (*HEAVY, "rich"))])
def test_help_loads_nothing_heavy(words: list[str], never: tuple[str, ...]):
    script = f"""
import sys
from api.cli.app import app
try:
    app({words!r})
except SystemExit:
    pass
print(sorted(set({never!r}) & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr.strip() == "[]"


def test_a_command_of_users_loads_no_server_code(tmp_path):
    script = f"""
import os, sys
os.environ |= {{"CONCORD_API_KEY": "ck_x", "CONCORD_ADDRESS": "http://127.0.0.1:9", "CONCORD_HOME": {str(tmp_path)!r}}}
from api.cli.app import app
try:
    app(["deals", "board"])
except SystemExit as ended:
    print(ended.code, sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stdout)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip().endswith("5 []"), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("12500 EUR", ("12500", "EUR")),
        ("12,500.50EUR", ("12500.50", "EUR")),
        ("eur 1", ("1", "EUR")),
        ("1_000.5 USD", ("1000.5", "USD")),
        ("7", ("7", "JPY")),
        ("1 234 567 EUR", ("1234567", "EUR")),
        ("1'234'567.80 CHF", ("1234567.80", "CHF")),
        ("100.00 JPY", ("100.00", "JPY")),
        ("0.001 KWD", ("0.001", "KWD")),
        ("-5 EUR", ("-5", "EUR")),
    ],
)
def test_an_amount_is_read_as_people_write_it(written: str, read: tuple[str, str]):
    found = money(written, "JPY")
    assert (found["amount"], found["currency"]) == read


@pytest.mark.parametrize(
    "written",
    [
        "",
        "EUR",
        "12.500,00 EUR",
        "1 EURO",
        "EUR 1 EUR",
        "a lot",
        "1,5 EUR",
        "1,50 EUR",
        "12,34 EUR",
        "1234,567 EUR",
        "1,234'567 EUR",
        "1,,234 EUR",
        "1 2 EUR",
        ",5 EUR",
    ],
)
def test_what_is_no_amount_is_refused_with_an_example(written: str):
    with pytest.raises(Ended, match="12500 EUR"):
        money(written, "JPY")


@pytest.mark.parametrize(("written", "allowed"), [("0.001 EUR", "at most 2 decimals"), ("100.50 JPY", "no decimals")])
def test_an_amount_finer_than_its_currency_is_refused_but_not_the_price_of_a_unit(written: str, allowed: str):
    with pytest.raises(Ended, match=allowed) as ended:
        money(written)
    assert ended.value.code == Exit.USAGE
    assert money(written, price=True)["amount"] == written.split(maxsplit=1)[0]


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_the_command_line_knows_each_currencys_decimals_as_the_domain_does(currency: str):
    assert minor_digits(currency) == domain_digits(currency)


@given(st.decimals(min_value=0, max_value=10**12, places=2), st.sampled_from(["{:,} EUR", "{} EUR", "EUR {:,}", "{:,}EUR"]))
def test_an_amount_is_never_changed_by_reading_it(amount, form):
    assert money(form.format(amount))["amount"] == f"{amount:f}"


def test_a_fault_of_ours_names_the_instance_to_tell_and_a_refusal_does_not():
    body = {"detail": "Something went wrong here. Tell the operator the instance below.", "rule": "Fault", "instance": "urn:uuid:1"}
    assert Problem(500, body).lines == ("  instance: urn:uuid:1",)
    assert Problem(409, body).lines == ()


def test_what_is_no_day_is_refused_with_an_example():
    assert a_day("2027-03-31", "--on") == "2027-03-31"
    with pytest.raises(Ended, match="2027-03-31"):
        a_day("31.3.", "--on")


def test_a_document_is_a_file_here_or_a_name_with_its_digest(tmp_path):
    version = {"stages": [{"exit_criteria": [{"key": "offer", "evidence": "document"}]}]}
    file = tmp_path / "offer-17.pdf"
    file.write_bytes(b"an offer")
    digest = hashlib.sha256(b"an offer").hexdigest()
    expected = {"criterion": "offer", "document": "offer-17.pdf", "sha256": digest}
    for written in (str(file), f"@{file}", f"offer-17.pdf#{digest.upper()}"):
        assert proof(None, "offer", written, "document", version) == expected  # type: ignore[arg-type]
    assert how_to_provide({"criterion": "offer", "evidence": "document", "stage": "x"}).startswith("--evidence offer=FILE ")
    for written in ("offer-18.pdf", str(tmp_path), "offer-17.pdf#abc"):
        with pytest.raises(Ended, match="name the file, or write NAME#SHA256") as ended:
            proof(None, "offer", written, "document", version)  # type: ignore[arg-type]
        assert ended.value.code == Exit.USAGE


def test_every_missing_thing_says_how_it_is_provided():
    assert how_to_provide({"criterion": "budget_named", "evidence": "amount", "stage": "discover"}) == "--evidence budget_named=12500EUR"
    assert "--order-reference" in how_to_provide({"criterion": "signature_or_order", "evidence": "document", "stage": None})
    assert "decided elsewhere" in how_to_provide({"criterion": "discount", "evidence": None, "stage": None})


_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
_TABLES = st.recursive(
    st.dictionaries(_TEXTS, _TEXTS | st.integers(-(10**9), 10**9), max_size=4), lambda t: st.dictionaries(_TEXTS, t, max_size=3)
)


@given(_TABLES)
def test_a_mapping_is_read_back_as_it_was_written(content):
    def without_empty(table):
        found = {k: without_empty(v) if isinstance(v, dict) else v for k, v in table.items()}
        return {k: v for k, v in found.items() if v != {}}

    assert without_empty(tomllib.loads(toml_of(content))) == without_empty(content)


def test_a_refusal_of_the_layers_below_ends_in_its_sentence():
    from api.cli.outcomes import foreseen

    ended = foreseen(Refused("Do the other thing.", thing=1))
    assert ended is not None
    assert (ended.sentence, ended.code) == ("Do the other thing.", Exit.REFUSED)
    assert foreseen(RuntimeError("nobody thought of it")) is None


@pytest.mark.parametrize(
    ("instant", "zone", "said"),
    [
        (None, "UTC", NONE),
        ("2031-03-31T22:00:00+00:00", "Europe/Berlin", "2031-03-31, that day included (Europe/Berlin)"),
        ("2031-04-01T00:00:00+00:00", "UTC", "2031-03-31, that day included (UTC)"),
        ("2031-03-31T22:00:00+00:00", "UTC", "2031-03-31 22:00 (UTC)"),
    ],
)
def test_the_end_of_a_term_is_its_last_day_where_the_company_is(instant: str | None, zone: str, said: str):
    assert last_moment(instant, zone) == said


def test_the_kinds_of_limits_are_those_of_the_domain():
    assert [kind.value for kind in LimitKind] == [kind.value for kind in DomainLimitKind]


def test_a_cursor_that_nobody_copies_is_left_to_programs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(outcomes, "out", Paper())
    print_count(50, "deal", "x" * 150)
    said = capsys.readouterr().out
    assert "xxx" not in said
    assert "--all shows all" in said


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (3, "entry", "3 entries"),
        (1, "entry", "1 entry"),
        (0, "day", "0 days"),
        (2_000, "deal", "2,000 deals"),
        (2, "tenant key", "2 tenant keys"),
    ],
)
def test_things_are_counted_as_people_say_it(number: int, noun: str, said: str):
    assert count(number, noun) == said
