"""`concord demo` whole: the tenant, its people to sign in as, the operator's key."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from argon2 import PasswordHasher
from psycopg.conninfo import conninfo_to_dict
from rich.console import Console

from api.demo import SIGNING_IN, demonstrate
from api.operators import read_credential
from api.provisioning import make_tenant, migrate_all
from api.up_screen import TerminalScreen, sign_ins
from domain.kernel import Role
from domain.members import members
from infra import identity_passwords
from infra.database import Database
from infra.embedded.process import RunningProcess
from infra.embedded.run_state import RunState
from infra.identity import Identity
from infra.opening import opened
from infra.settings import Settings
from tests.workflows.demo_worlds import TINY
from workflows.demo import DemoDiffers, Plan


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)
    monkeypatch.setattr(identity_passwords, "interactive_hasher", lambda: cheap)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    parts = conninfo_to_dict(database_url)
    url = f"postgresql://concord_app:test@{parts['host']}:{parts['port']}/{parts['dbname']}"
    made = Settings(home=tmp_path, database_url=url, migrator_url=database_url)
    migrate_all(made)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE concord_app PASSWORD 'test'")
    return made


async def test_everybody_in_the_file_signs_in_as_a_member_with_that_role(settings: Settings):
    made = await demonstrate(settings, "demo", TINY)
    file = settings.home / "demo.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sign_ins(settings) == [(s.role, s.name, s.password) for s in made.sign_ins]
    assert [s.role for s in made.sign_ins] == list(SIGNING_IN.values())
    async with opened(settings) as process:
        identity = Identity(process.database)
        for role, entry in zip(SIGNING_IN, made.sign_ins, strict=True):
            _, credential = await identity.sign_in(entry.name, entry.password, "here")
            assert credential.tenant.slug == "demo"
            member = (await process.store.load(credential.tenant, members, credential.member)).state
            assert role in member.roles
            assert member.active
    credential = read_credential(settings, "demo")
    async with opened(settings) as process:
        key = await Identity(process.database).key(credential.api_key)
        operator = (await process.store.load(key.tenant, members, key.member)).state
        assert operator.roles == {Role.ADMIN}


async def test_again_changes_no_password_and_a_lost_file_is_made_anew(settings: Settings):
    first = await demonstrate(settings, "demo", TINY)
    again = await demonstrate(settings, "demo", TINY)
    assert (again.sign_ins, again.telling.fresh) == (first.sign_ins, 0)
    (settings.home / "demo.json").unlink()
    anew = await demonstrate(settings, "demo", TINY)
    assert [s.name for s in anew.sign_ins] == [s.name for s in first.sign_ins]
    assert {s.password for s in anew.sign_ins}.isdisjoint(s.password for s in first.sign_ins)
    database = await Database.open(settings.database_url or "")
    assert (await Identity(database).sign_in(anew.sign_ins[0].name, anew.sign_ins[0].password, "here"))[1].tenant
    await database.close()


async def test_a_second_demo_has_sign_ins_of_its_own(settings: Settings):
    first = await demonstrate(settings, "demo", TINY)
    second = await demonstrate(settings, "other", TINY)
    assert {s.name for s in first.sign_ins}.isdisjoint(s.name for s in second.sign_ins)
    written = json.loads((settings.home / "demo.json").read_text())["sign_ins"]
    assert {entry["tenant"] for entry in written} == {"demo", "other"}


async def test_a_tenant_at_work_does_not_become_a_demo(settings: Settings):
    make_tenant(settings, "acme")
    with pytest.raises(ValueError, match="not simulated"):
        await demonstrate(settings, "acme", TINY)
    await demonstrate(settings, "demo", TINY)
    with pytest.raises(DemoDiffers):
        await demonstrate(settings, "demo", Plan(99, TINY.end, TINY.days, TINY.size))


def test_the_screen_shows_the_sign_ins_as_soon_as_they_are_there(tmp_path: Path):
    told = io.StringIO()
    screen = TerminalScreen(Console(file=told, width=120))
    settings = Settings(home=tmp_path)
    screen.ready(settings, RunState(supervisor=RunningProcess.of(os.getpid()), address="http://127.0.0.1:8000"))
    screen.event("projector ended")
    assert "secret" not in told.getvalue()
    entry = {"role": "finance", "name": "f@demo.example", "password": "secret", "tenant": "demo"}
    (tmp_path / "demo.json").write_text(json.dumps({"sign_ins": [entry]}))
    screen.event("demo is done")
    screen.event("projector ended")
    assert told.getvalue().count("f@demo.example   secret") == 1


def test_the_command_tells_it_and_keeps_passwords_out_of_pipes(settings: Settings):
    environment = os.environ | settings.environment() | {"TEMPORAL_ADDRESS": "127.0.0.1:1"}
    command = [sys.executable, "-m", "api.cli", "demo", "--years", "0.5", "--size", "10", "--seed", "11"]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "has its history" in said.stdout
    assert not said.stderr
    again = json.loads(subprocess.run([*command, "--json"], env=environment, capture_output=True, text=True, check=True).stdout)
    assert (again["fresh"], again["seed"], again["tenant"]) == (0, 11, "demo")
    assert again["events"] > 500
    assert not any(password in said.stdout for _, _, password in sign_ins(settings))
    refused = subprocess.run([*command[:-1], "12"], env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode == 4
    assert "--tenant" in refused.stderr
    assert "Traceback" not in refused.stderr
