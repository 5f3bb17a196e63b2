"""Who is calling: passwords, sessions, keys, and what a stolen database gives away."""

import asyncio
import json
import subprocess
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from argon2 import PasswordHasher

from domain.kernel import NotFound
from infra.database import Database, Tenant
from infra.identity import Identity, NameTaken, NotSignedIn, SignInFailed
from infra.identity_cache import Fresh
from infra.identity_passwords import Passwords, PasswordUnfit, interactive_hasher
from infra.identity_throttle import BY_SOURCE, Bucket, Throttle, TooManyAttempts
from infra.migrations import create_tenant

PASSWORD = "correct horse battery"


def quick() -> Passwords:
    """argon2id too, with parameters that a test can afford."""
    return Passwords(hasher=PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))


@pytest.fixture
async def identity(database: Database) -> Identity:
    return Identity(database, passwords=quick())


async def test_the_interactive_parameters_are_argon2id_with_64_mib():
    encoded = await Passwords().hash(PASSWORD)
    assert encoded.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert not interactive_hasher().check_needs_rehash(encoded)


async def test_a_person_signs_in_with_name_and_password(identity: Identity, tenant: Tenant):
    principal = await identity.add_person("Ana@Example.com", PASSWORD)
    member = uuid4()
    await identity.join(principal, tenant, member)
    token, credential = await identity.sign_in("ana@example.COM ", PASSWORD, "10.0.0.1")
    assert (credential.principal, credential.tenant, credential.member) == (principal, tenant, member)
    assert await identity.session(token) == credential


async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(identity: Identity):
    await identity.add_person("ana", PASSWORD)
    answers = set()
    for name in ("ana", "nobody"):
        with pytest.raises(SignInFailed) as refused:
            await identity.sign_in(name, "not this one at all", "10.0.0.1")
        answers.add((refused.value.rule, refused.value.detail, json.dumps(refused.value.data)))
    assert len(answers) == 1
    assert identity.passwords.evaluated == 2, "an unknown name costs a hash as well"


async def test_a_name_is_taken_once_and_a_password_must_be_fit(identity: Identity):
    await identity.add_person("ana", PASSWORD)
    with pytest.raises(NameTaken):
        await identity.add_person("ANA", PASSWORD)
    for unfit in ("short", "x" * 201, "a-name-of-some-length"):
        with pytest.raises(PasswordUnfit):
            await identity.add_person("a-name-of-some-length", unfit)


async def test_of_a_thousand_guesses_at_one_name_twenty_at_most_are_evaluated(identity: Identity):
    await identity.add_person("ana", PASSWORD)
    refused = await asyncio.gather(
        *(identity.sign_in("ana", f"a guess, number {n}", f"10.0.{n % 250}.{n // 250}") for n in range(1000)), return_exceptions=True
    )
    assert identity.passwords.evaluated <= 20
    assert {type(r) for r in refused} == {SignInFailed, TooManyAttempts}


async def test_of_a_thousand_guesses_from_one_address_twenty_at_most_are_evaluated(identity: Identity):
    await identity.add_person("ana", PASSWORD)
    begin = time.monotonic()
    await asyncio.gather(*(identity.sign_in(f"name{n}", "a common password", "10.0.0.1") for n in range(1000)), return_exceptions=True)
    # and, where a thousand take long, those that the address earned meanwhile
    assert identity.passwords.evaluated <= 20 + (time.monotonic() - begin) / BY_SOURCE.seconds
    # and nobody else's name was locked by it
    await identity.sign_in("ana", PASSWORD, "10.9.9.9")


async def test_the_throttle_refills_and_says_when(database: Database):
    throttle = Throttle(database, Bucket("name", 2, 3600), BY_SOURCE)
    await throttle.admit("ana", "10.0.0.1")
    await throttle.admit("ana", "10.0.0.1")
    with pytest.raises(TooManyAttempts) as refused:
        await throttle.admit("ana", "10.0.0.1")
    assert refused.value.data["retry_after"] == 3600
    async with database.connection() as connection:  # as if an hour had passed
        await connection.execute("UPDATE identity.guesses SET at = at - interval '1 hour'")
    await throttle.admit("ana", "10.0.0.1")
    with pytest.raises(TooManyAttempts):
        await throttle.admit("ana", "10.0.0.1")


async def test_an_unknown_name_is_throttled_like_a_known_one(identity: Identity):
    await identity.add_person("ana", PASSWORD)
    kinds = []
    for name in ("ana", "nobody"):
        answers = [await _answer(identity, name, f"192.0.2.{n}") for n in range(15)]
        kinds.append(answers)
    assert kinds[0] == kinds[1]


async def _answer(identity: Identity, name: str, source: str) -> type[Exception]:
    try:
        await identity.sign_in(name, "not this one at all", source)
    except (SignInFailed, TooManyAttempts) as refused:
        return type(refused)
    raise AssertionError


async def test_one_of_several_tenants_is_picked_after_sign_in(identity: Identity, tenant: Tenant, database_url: str):
    other = create_tenant(database_url, "other")
    principal = await identity.add_person("ana", PASSWORD)
    await identity.join(principal, tenant, uuid4())
    await identity.join(principal, other, uuid4())
    token, credential = await identity.sign_in("ana", PASSWORD, "10.0.0.1")
    assert credential.tenant is None
    with pytest.raises(NotFound):
        await identity.choose_tenant(credential, "strangers")
    await identity.choose_tenant(credential, "other")
    assert (await identity.session(token)).tenant == other


async def test_a_session_ends_with_sign_out_with_a_new_password_and_with_the_principal(identity: Identity, tenant: Tenant):
    principal = await identity.add_person("ana", PASSWORD)
    await identity.join(principal, tenant, uuid4())
    first, credential = await identity.sign_in("ana", PASSWORD, "10.0.0.1")
    await identity.sign_out(credential)
    with pytest.raises(NotSignedIn):
        await identity.session(first)
    second, _ = await identity.sign_in("ana", PASSWORD, "10.0.0.1")
    await identity.set_password(principal, "ana", "another horse battery")
    with pytest.raises(NotSignedIn):
        await identity.session(second)
    third, _ = await identity.sign_in("ana", "another horse battery", "10.0.0.1")
    await identity.disable(principal)
    with pytest.raises(NotSignedIn):
        await identity.session(third)
    with pytest.raises(SignInFailed):
        await identity.sign_in("ana", "another horse battery", "10.0.0.1")


async def test_a_key_acts_for_its_principal_in_its_tenant_until_it_is_revoked(identity: Identity, tenant: Tenant):
    principal = await identity.add_machine()
    with pytest.raises(NotFound):
        await identity.issue_key(principal, tenant, "loader")
    member = uuid4()
    await identity.join(principal, tenant, member)
    token, key = await identity.issue_key(principal, tenant, "loader", read_only=True)
    credential = await identity.key(token)
    assert (credential.member, credential.key, credential.read_only) == (member, key.id, True)
    await identity.revoke_key(principal, key.id)
    with pytest.raises(NotSignedIn):
        await identity.key(token)
    with pytest.raises(NotFound):
        await identity.revoke_key(uuid4(), key.id)


async def test_a_key_revoked_in_another_process_stops_within_a_second(identity: Identity, database: Database, tenant: Tenant):
    elsewhere = Identity(database, passwords=quick())
    principal = await identity.add_machine()
    await identity.join(principal, tenant, uuid4())
    token, key = await identity.issue_key(principal, tenant, "loader")
    await identity.key(token)
    await elsewhere.revoke_key(principal, key.id)
    await asyncio.sleep(0.95)
    with pytest.raises(NotSignedIn):
        await identity.key(token)


async def test_an_expired_key_is_refused_even_while_it_is_remembered(identity: Identity, tenant: Tenant):
    principal = await identity.add_machine()
    await identity.join(principal, tenant, uuid4())
    for lasts in (0.3, 3, 30):  # the shortest that is long enough to be used once
        token, key = await identity.issue_key(principal, tenant, "loader", lasts=timedelta(seconds=lasts))
        try:
            await identity.key(token)
        except NotSignedIn:
            continue
        break
    assert key.expires_at is not None
    await asyncio.sleep((key.expires_at - datetime.now(UTC)).total_seconds() + 0.05)
    with pytest.raises(NotSignedIn):
        await identity.key(token)


async def test_a_dump_of_the_database_holds_no_usable_key_session_or_password(identity: Identity, tenant: Tenant, database_url: str):
    principal = await identity.add_person("ana", PASSWORD)
    await identity.join(principal, tenant, uuid4())
    key, _ = await identity.issue_key(principal, tenant, "loader")
    session, _ = await identity.sign_in("ana", PASSWORD, "10.0.0.1")
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
        ).fetchall()
        dump = ""
        for schema, table in tables:
            if schema not in {"pg_catalog", "information_schema"}:
                dump += str(connection.execute(f'SELECT array_agg(t::text) FROM "{schema}"."{table}" t').fetchone())  # type: ignore[arg-type]
    for secret in (key, session, PASSWORD, key[3:], session[3:]):
        assert secret not in dump
    for piece in dump.replace('"', " ").replace(",", " ").split():
        with pytest.raises(NotSignedIn):
            await identity.key(piece)
        with pytest.raises(NotSignedIn):
            await identity.session(piece)


async def test_concurrent_askers_share_one_look_up_and_a_failed_one_is_not_kept():
    asked = 0

    async def look_up(key: str) -> int:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.01)
        if asked == 1:
            raise LookupError(key)
        return asked

    fresh = Fresh(look_up)
    outcomes = await asyncio.gather(*(fresh.get("a") for _ in range(20)), return_exceptions=True)
    assert all(isinstance(o, LookupError) for o in outcomes)
    assert asked == 1
    assert await asyncio.gather(*(fresh.get("a") for _ in range(20))) == [2] * 20
    assert fresh.peek("a") == 2
    fresh.forget("a")
    assert await fresh.get("a") == 3


def test_no_credential_is_written_in_the_sources():
    found = subprocess.run(
        ["git", "grep", "-nE", r"(^|[^A-Za-z0-9_])c[ks]_[A-Za-z0-9_-]{40,}", "--", "."], capture_output=True, text=True, check=False
    )
    assert found.stdout == ""
