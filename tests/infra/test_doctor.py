"""What the doctor finds, and what refuses to start: durability that was weakened, a server that is too far away."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from infra.backup.state import BackupState
from infra.database import Database
from infra.doctor import Finding, examine, reach_postgres, worst
from infra.embedded.postgres import EmbeddedPostgres
from infra.embedded.process import ServerDown
from infra.embedded.services import Services, connected
from infra.migrations import migrate
from infra.safety import UNSAFE_WHEN_OFF, UnsafeSettings, refuse_unsafe_settings
from infra.settings import Settings


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """A server of its own: these tests weaken it."""
    embedded = EmbeddedPostgres(tmp_path_factory.mktemp("weak") / "postgres")
    yield embedded.start()
    embedded.stop()


def loaded(url):
    """When the postmaster read its settings last."""
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT pg_conf_load_time()").fetchone()


@pytest.fixture
def weakened(postgres):
    """Turns settings off for the whole server, and on again."""

    def configure(*commands):
        with psycopg.connect(postgres.superuser_url(), autocommit=True) as connection:
            asked = connection.execute("SELECT clock_timestamp()").fetchone()
            for command in (*commands, "SELECT pg_reload_conf()"):
                connection.execute(command)
        # what connects from here on stands on what the postmaster has read
        deadline = time.monotonic() + 120
        while loaded(postgres.superuser_url()) < asked:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    yield lambda name: configure(f"ALTER SYSTEM SET {name} = off")
    configure("ALTER SYSTEM RESET ALL")


def by_check(findings):
    return {finding.check: finding for finding in findings}


@pytest.mark.parametrize("name", UNSAFE_WHEN_OFF)
async def test_a_server_that_may_lose_what_it_acknowledged_is_refused_by_the_settings_name(postgres, weakened, name):
    weakened(name)
    with psycopg.connect(postgres.application_url()) as connection, pytest.raises(UnsafeSettings, match=f"{name} = off") as refused:
        refuse_unsafe_settings(connection)
    assert refused.value.settings == (name,)
    with pytest.raises(UnsafeSettings, match=name):
        await Database.open(postgres.application_url())
    finding = by_check(examine(settings_of(postgres), patience=1))["durability"]
    assert finding.level == "failure"
    assert f"ALTER SYSTEM SET {name} = on" in finding.advice


def test_what_a_role_alone_has_weakened_is_refused_too(postgres):
    with psycopg.connect(postgres.superuser_url(), autocommit=True) as connection:
        connection.execute("ALTER ROLE concord_app SET synchronous_commit = off")
    try:
        with psycopg.connect(postgres.application_url()) as connection, pytest.raises(UnsafeSettings, match="synchronous_commit"):
            refuse_unsafe_settings(connection)
    finally:
        with psycopg.connect(postgres.superuser_url(), autocommit=True) as connection:
            connection.execute("ALTER ROLE concord_app RESET ALL")


@pytest.mark.parametrize("level", ["on", "local", "remote_write", "remote_apply"])
def test_every_way_of_waiting_for_the_local_disk_is_safe(postgres, level):
    with psycopg.connect(postgres.application_url(), options=f"-c synchronous_commit={level}") as connection:
        refuse_unsafe_settings(connection)


def settings_of(postgres, **more):
    return Settings(
        home=Path("/nonexistent/home"),
        database_url=postgres.application_url(),
        temporal_address="127.0.0.1:9",
        **more,
    )


def test_a_sound_server_passes_and_an_absent_temporal_is_told(postgres):
    migrate(postgres.migrator_url())
    findings = by_check(examine(settings_of(postgres), patience=0.3))
    wrong = {name for name, finding in findings.items() if finding.level == "failure"}
    assert wrong == {"Temporal"}
    assert "TEMPORAL_ADDRESS" in findings["Temporal"].advice
    assert findings["clocks"].level == "ok"
    assert findings["rights"].found == "signs in as concord_app"
    assert findings["PostgreSQL"].found.startswith("18.")


def test_a_superuser_at_work_is_worth_a_warning(postgres):
    settings = replace(settings_of(postgres), database_url=postgres.superuser_url("concord"))
    finding = by_check(examine(settings, patience=0.3))["rights"]
    assert finding.level == "warning"


def test_a_database_that_was_not_set_up_is_told(postgres):
    settings = replace(settings_of(postgres), database_url=postgres.superuser_url("template1"))
    assert "concord migrate" in by_check(examine(settings, patience=0.3))["database"].advice


def test_where_nothing_runs_the_doctor_says_how_to_start(tmp_path):
    finding = by_check(examine(Settings(home=tmp_path / "home")))["servers"]
    assert "concord up" in finding.advice


def test_files_that_others_may_read_are_told(tmp_path):
    settings = Settings(home=tmp_path)
    settings.operator_file.write_text("{}")
    settings.operator_file.chmod(0o644)
    finding = by_check(examine(settings))["home"]
    assert finding.level == "failure"
    assert f"chmod 600 {settings.operator_file}" in finding.advice
    settings.operator_file.chmod(0o600)
    assert by_check(examine(settings))["home"].level == "ok"


def test_the_worst_finding_decides():
    assert worst([Finding("a", "ok", ""), Finding("b", "warning", "")]) == "warning"
    assert worst([Finding("a", "failure", ""), Finding("b", "warning", "")]) == "failure"
    assert worst([]) == "ok"


def test_a_server_that_does_not_answer_is_told_after_the_patience_given():
    with pytest.raises(ServerDown, match="check DATABASE_URL"):
        reach_postgres("postgresql://app@127.0.0.1:9/concord", patience=0.5)


def test_a_refused_password_is_told_at_once_without_repeating_it(postgres):
    with pytest.raises(ServerDown, match="refuses the sign-in") as told:
        reach_postgres(postgres.application_url().replace(postgres.cluster.application_password, "wrong-guess"), patience=60)
    assert "wrong-guess" not in str(told.value)


def test_commands_beside_a_running_server_find_it(tmp_path):
    settings = Settings(home=tmp_path, temporal_address="127.0.0.1:9")
    with pytest.raises(ServerDown, match="concord up"):
        connected(settings)
    services = Services(settings)
    try:
        started = services.start()
        assert connected(settings) == started
        with psycopg.connect(started.database_url) as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("concord_app",)
        assert services.alive
    finally:
        assert services.stop() == ()
    assert [path.name for path in tmp_path.iterdir()] == ["postgres"], "a server that the settings name elsewhere is not ours to start"


def test_backups_that_stand_still_are_told_with_where_to_look(tmp_path):
    settings = Settings(home=tmp_path, backup_to=str(tmp_path / "shelf"))
    now = datetime.now(UTC)

    def found(state=None, **more):
        if state:
            state.write(tmp_path)
        finding = by_check(examine(replace(settings, **more)))["backups"]
        return finding.level, finding.found + finding.advice

    assert found(backup_to=None)[0] == "ok"
    assert found()[0] == "failure"
    assert found(BackupState("shelf", now, now))[0] == "ok"
    assert found(BackupState("shelf", now, now - timedelta(hours=1)))[0] == "warning"
    level, said = found(BackupState("shelf", now, now, "the bucket answered 403"))
    assert (level, said.endswith("the bucket answered 403")) == ("warning", True)
    assert found(BackupState("shelf", now - timedelta(days=3), now))[0] == "failure"
    assert found(backup_to=None)[0] == "warning"
    assert "backups" not in by_check(examine(replace(settings, database_url="postgresql://nobody@127.0.0.1:9/none"), patience=0.1))
