"""P14: 50 people are erased; their planted words are in no live file any more, and all that is no person's stays and is still proven."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest

from api.cli.outcomes import Exit
from domain.contacts import AddContact, ChangeContact, contacts
from domain.interactions import InteractionKind, RecordInteraction, interactions
from domain.kernel import SYSTEM, Role
from domain.members import AddMember, members
from domain.notifications import Notify, notification_id, notifications
from infra.database import Tenant
from infra.embedded.postgres import EmbeddedPostgres
from infra.embedded.services import connected
from infra.identity import Identity
from infra.ids import uuid7
from infra.opening import Opened, opened
from infra.settings import Settings
from tests.cli.conftest import Concord
from tests.cli.markers import CHUNK, forms, found_in

WORD = "qzvxkwjyhb"
"""Begins the name of everybody who is erased; lower case, as names are searched."""
NAMED = "jwvqkzhxtb"
"""Names somebody in texts of other things; what is stored of these stays, and is read nowhere."""
CONTACTS, MEMBERS = 45, 5
SLUG = "forgetting"
WAL = ("pg_wal",)
"""The server's log of changes holds older pages until it has gone round; copies of it expire with the backups."""


def test_every_form_of_a_word_is_found_wherever_it_lies(tmp_path: Path):
    for number, (form, pattern) in enumerate(forms(WORD).items()):
        place = tmp_path / str(number)
        place.mkdir()
        (place / "file").write_bytes(b"x" * (CHUNK - 3) + pattern + b"y")
        assert form in found_in(place, WORD)
    assert found_in(tmp_path, "abcdefghij") == {}


@pytest.fixture(scope="module")
def operator(concord: Concord) -> dict[str, Any]:
    concord("tenant", "create", SLUG)
    return json.loads((concord.home / "operator.json").read_text())


async def _plant(concord: Concord, account: UUID) -> tuple[list[UUID], list[UUID], list[UUID]]:
    """(contacts, members, interactions), each named by the word in one of its forms."""
    settings = connected(Settings(home=concord.home))
    async with opened(settings) as process:
        tenant = Tenant(SLUG)
        people = await asyncio.gather(*(_contact(process, tenant, account, number) for number in range(CONTACTS)))
        staff = [await _member(process, tenant, number) for number in range(MEMBERS)]
        return [person for person, _ in people], staff, [talk for _, talk in people]


async def _contact(process: Opened, tenant: Tenant, account: UUID, number: int) -> tuple[UUID, UUID]:
    person, talk, do = uuid7(), uuid7(), process.store.execute
    spelt = [form.decode() for name, form in forms(WORD).items() if name != "utf-16"]
    added = AddContact(name=f"{WORD} {number}", email=f"{WORD}{number}@example.com", title=spelt[number % len(spelt)], account=account)
    await do(tenant, contacts, person, added, by=SYSTEM)
    await do(tenant, contacts, person, ChangeContact(name=f"{WORD}n {number}", phone=f"+49 30 {number}"), by=SYSTEM)
    said = RecordInteraction(
        kind=InteractionKind.CALL, happened_at=datetime(2026, 1, 5, 9, tzinfo=UTC), by=(await _operator(process, tenant)),
        accounts=(account,), contacts=(person,), subject_line=f"{WORD} called", text=" ".join(spelt),
    )  # fmt: skip
    await do(tenant, interactions, talk, said, by=SYSTEM)
    return person, talk


async def _member(process: Opened, tenant: Tenant, number: int) -> UUID:
    member, cause, identity = uuid7(), uuid7(), Identity(process.database)
    name = f"{WORD}.m{number}@example.com"
    await process.store.execute(tenant, members, member, AddMember(name=f"{WORD} m{number}", email=name, roles=(Role.FINANCE,)), by=SYSTEM)
    await identity.join(await identity.add_person(name, "correct horse battery"), tenant, member)
    told = Notify(member=member, kind="deal_stalled", noun="deal", about=uuid7(), cause=cause, title=f"{WORD}, act", body="Act.")
    await process.store.execute(tenant, notifications, notification_id(member, "deal_stalled", cause), told, by=SYSTEM)
    return member


async def _operator(process: Opened, tenant: Tenant) -> UUID:
    from api.operators import OPERATOR_MEMBER

    return OPERATOR_MEMBER


class Place:
    """What runs, its tenant's log, and its files."""

    def __init__(self, concord: Concord, operator: dict[str, Any]) -> None:
        self.home = concord.home
        server = EmbeddedPostgres(concord.home / "postgres").running()
        assert server is not None
        self._superuser, self.data = server.superuser_url("concord"), Path(server.cluster.data)
        headers = {"Authorization": f"Bearer {operator['keys'][SLUG]}"}
        self.client = httpx2.Client(base_url=operator["address"], headers=headers, timeout=60)

    def found(self) -> dict[str, set[Path]]:
        """Where the word lies, by form, in all that is below the home and in the database's files."""
        with psycopg.connect(self._superuser, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
        hits = found_in(self.home, WORD, without=WAL)
        if not self.data.is_relative_to(self.home):
            for form, files in found_in(self.data, WORD, without=WAL).items():
                hits.setdefault(form, set()).update(files)
        return hits

    def asked(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._superuser, autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def named(self, file: Path) -> str:
        """The table or index that a file of the database belongs to."""
        number = file.name.partition(".")[0].partition("_")[0]
        return str(self.asked(f"SELECT pg_filenode_relation(0, {number})::text")[0][0]) if number.isdigit() else str(file)

    def log(self, upto: int) -> Any:
        """The hash of all that is stored up to a position: what leaves of the proofs are made of."""
        state = f"SELECT encode(sha256(string_agg(position || meta || state, '' ORDER BY position)), 'hex') FROM t_{SLUG}.events"
        return self.asked(f"{state.replace('position || meta', 'int8send(position) || meta')} WHERE position <= {upto}")

    def get(self, path: str, **params: Any) -> Any:
        answer = self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        answer = self.client.post(path, json=body, headers={"Idempotency-Key": str(uuid7()), "If-Match": "*"})
        assert answer.status_code == status, answer.text
        return answer.json()


def _until(there: Any, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.3)


def test_50_people_are_erased_and_nothing_of_them_is_left_in_any_live_file(concord: Concord, operator: dict[str, Any]):
    at = ("--tenant", SLUG)
    account = concord("accounts", "open", "Acme Werkzeuge GmbH", "--role", "customer", "--json", *at).json["id"]
    people, staff, talks = asyncio.run(_plant(concord, UUID(account)))
    place = Place(concord, operator)
    # a letter to one of them, about a paper that is taken back
    concord("deals", "open", "Saws", "--account", account, "--amount", "10 EUR", "--close-date", "2031-03-31", *at)
    paper = concord("papers", "prepare", "Saws", "--template", "quote", "--json", *at).json["id"]
    concord("papers", "send", paper, "--to", f"{WORD}n 0 <{WORD}0@example.com> for Acme", *at)
    assert "sign" in concord("privacy", "erase", str(people[0]), "--case", "DSR-14", "--yes", *at, code=4).err
    _until(lambda: len(list((concord.home / "mail" / SLUG).glob("*.eml"))) == MEMBERS + 1)
    concord("papers", "void", paper, "--reason", "Another one follows", *at)
    # an upload, and every reader and cache that there is
    uploaded = place.client.post("/v1/imports", files={"files": ("people.csv", f"Name,Email\n{WORD} 1,{WORD}1@example.com\n".encode())})
    assert uploaded.status_code == 201, uploaded.text
    _until(lambda: place.get(f"/v1/imports/{uploaded.json()['id']}")["state"] != "working")
    head = place.get("/v1/events", limit=1)["head"]
    assert len(place.get("/v1/contacts", text=WORD, limit=200, at_least=head)["items"]) == CONTACTS
    for person, talk in zip(people, talks, strict=True):
        assert WORD in str(place.get(f"/v1/contacts/{person}")) + str(place.get(f"/v1/interactions/{talk}"))
    place.asked(f"ANALYZE t_{SLUG}.contacts, t_{SLUG}.members, identity.sign_in_names")

    hits = place.found()
    homes = {str(file.relative_to(concord.home)).partition("/")[0] for file in hits["utf-8"] if file.is_relative_to(concord.home)}
    assert {"mail", "imports"} <= homes
    assert {form.rstrip("+012").lower() for form in hits} >= {"utf-8", "base64", "hex", "percent", "escaped"}
    relations = {
        row[0]
        for row in place.asked("SELECT pg_relation_filepath(oid) FROM pg_class WHERE relname IN ('contacts', 'contacts_past', 'members')")
    }
    assert relations & {str(file.relative_to(place.data)) for file in hits["utf-8"] if file.is_relative_to(place.data)}
    before, members_before = place.log(head), len(place.get("/v1/members", limit=200)["items"])

    for person in (*people, *staff):
        place.post(f"/v1/privacy/{person}/erase", {"case": "DSR-14"})
    for person, talk in zip(people, talks, strict=True):
        assert WORD not in str(place.get(f"/v1/contacts/{person}")) + str(place.get(f"/v1/interactions/{talk}"))
    _until(lambda: len(place.asked(f"SELECT 1 FROM t_{SLUG}.events WHERE topic = 'privacy.erasure_carried_out'")) == len(people + staff))

    left = place.found()
    assert left == {}, {file.name: place.named(file) for files in left.values() for file in files}
    # what is no person's stays: the stored bytes, how many there are, what was said to whom and when
    assert place.log(head) == before
    assert len(place.get("/v1/members", limit=200)["items"]) == members_before
    assert place.get(f"/v1/contacts/{people[0]}", as_of=head)["item"]["name"] == "[erased]"
    assert place.get(f"/v1/interactions/{talks[0]}")["item"]["contacts"] == [str(people[0])]
    assert place.get("/v1/contacts", text=WORD)["items"] == []
    assert {record["what"] for record in place.get("/v1/privacy", limit=200)["items"]} == {"erased", "erasure_carried_out"}
    place.client.close()


def _kept_by(place: Place) -> set[str]:
    """The tenant's tables with a live row that holds the name; not in the log's, whose bytes are told in hex."""
    tables = [row[0] for row in place.asked(f"SELECT tablename FROM pg_tables WHERE schemaname = 't_{SLUG}'")]
    return {name for name in tables if place.asked(f"SELECT 1 FROM t_{SLUG}.{name} AS t WHERE t::text ILIKE '%{NAMED}%' LIMIT 1")}


def test_words_that_name_somebody_in_texts_of_other_things_are_read_nowhere_once_they_are_erased(
    concord: Concord, operator: dict[str, Any]
):
    at, name = ("--tenant", SLUG), f"Jo {NAMED.capitalize()}"
    account = concord("accounts", "open", "Kolbe KG", "--role", "customer", "--json", *at).json["id"]
    person = concord("contacts", "add", name, "--account", account, "--email", f"{NAMED}@kolbe.example", "--json", *at).json["id"]
    concord("contacts", "add", "Kim Lee", "--account", account, *at)
    concord("deals", "open", f"Drills for {name}", "--account", account, "--amount", "10 EUR", "--close-date", "2031-03-31", *at)
    deal = f"Drills for {name}"
    concord("deals", "advance", deal, "discover", "--evidence", f"need_stated={name.upper()} said so", *at, code=None)
    concord("interactions", "log", "call", f"They sent {NAMED}@KOLBE.example", "--contact", "Kim Lee", *at)
    place = Place(concord, operator)
    head = place.get("/v1/events", limit=1)["head"]
    place.get("/v1/deals", at_least=head)
    found = concord("privacy", "mentions", name, "--json", *at).json
    assert {one["noun"] for one in found["items"]} == {"deal", "interaction"}
    assert found["count"] >= 3
    assert "log_index" in _kept_by(place)
    before = place.log(head)
    # whoever does not say what becomes of these texts erases nobody
    refused = concord("privacy", "erase", name, "--case", "DSR-15", "--yes", *at, code=Exit.REFUSED).err
    assert f"{found['count']} times" in refused
    assert "--mentions keep or erase" in refused
    assert concord("privacy", "show", name, "--json", *at).json["erased"] is None
    said = concord("privacy", "erase", name, "--case", "DSR-15", *at, typed="perhaps\nerase\ny\n").out
    assert " ".join(said.split()).endswith(f"Forgotten, for the case DSR-15; {found['count']} mentions in texts of other things erased.")
    _until(lambda: place.get(f"/v1/privacy/{person}")["carried_out"])
    position, after = 0, place.get("/v1/events", limit=1)["head"]
    while position < after:
        page = place.get("/v1/events", after=position, limit=1000)
        assert NAMED not in str(page).lower()
        position = page["after"]
    assert [item["title"] for item in place.get("/v1/deals", text="drills", at_least=after)["items"]] == ["Drills for [erased]"]
    assert place.get("/v1/audit/events", text=NAMED, at_least=after)["items"] == []
    assert NAMED not in concord("replay", "Drills for", *at).out.lower()
    assert _kept_by(place) == set()
    # of no file but the database's: no letter, no workflow's history
    elsewhere = found_in(concord.home, NAMED, without=("postgres",))
    assert elsewhere == {}, elsewhere
    assert place.log(head) == before
    listed = concord("privacy", "list", *at).out
    assert f"{found['count']} times: erase" in " ".join(listed.split())
    place.client.close()
