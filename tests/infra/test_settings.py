"""Settings: defaults that serve one machine, and errors that name every variable at fault."""

from pathlib import Path

import pytest

from infra.settings import InvalidSettings, Settings


def test_without_variables_everything_is_below_the_current_directory(tmp_path):
    settings = Settings.from_environment({}, cwd=tmp_path)
    assert settings.home == tmp_path / ".concord"
    assert settings.database_url is None
    assert settings.temporal_address is None
    assert settings.keys_url == f"sqlite:///{tmp_path}/.concord/keys.db"
    assert settings.smtp is None
    assert settings.tenant == "default"


def test_a_home_with_a_space_keeps_its_keys_url_a_url():
    assert Settings(home=Path("/srv/our data")).keys_url == "sqlite:////srv/our%20data/keys.db"


def test_a_child_given_the_environment_has_the_same_settings(tmp_path):
    given = {
        "CONCORD_HOME": str(tmp_path / "a home"),
        "DATABASE_URL": "postgresql://app:secret@db.example:5432/concord",
        "MIGRATOR_URL": "postgresql://owner:secret@db.example:5432/concord",
        "TEMPORAL_ADDRESS": "temporal.example:7233",
        "CONCORD_HTTP_PORT": "8080",
        "CONCORD_TENANT": "acme",
        "CONCORD_LOG_LEVEL": "DEBUG",
        "CONCORD_PROOFS_FOLDER": "/srv/www/proofs",
        "CONCORD_PROOFS_ORIGIN": "concord.example/logs",
        "CONCORD_PROOFS_KEYS": "/mnt/stick",
        "CONCORD_PROOFS_PUBLIC": "on",
        "CONCORD_PROOFS_EVERY": "30",
        "SMTP_HOST": "mail.example",
        "SMTP_USER": "concord",
        "SMTP_PASSWORD": "secret",
        "SMTP_FROM": "crm@example.com",
        "SMTP_STARTTLS": "off",
    }
    settings = Settings.from_environment(given)
    assert Settings.from_environment(settings.environment()) == settings
    assert settings.http_port == 8080
    assert settings.smtp is not None
    assert not settings.smtp.starttls


def test_a_log_is_named_after_where_it_is_reached():
    assert Settings(home=Path("/srv")).proofs_origin == "concord.local/proofs"
    assert Settings(home=Path("/srv"), public_url="https://concord.example/crm").proofs_origin == "concord.example/crm/proofs"
    assert Settings(home=Path("/srv"), proofs_origin="log.example").proofs_origin == "log.example"
    assert Settings(home=Path("/srv")).proofs_folder == Path("/srv/proofs")


def test_passwords_are_not_shown():
    settings = Settings.from_environment(
        {"DATABASE_URL": "postgresql://app:hush@h:5432/d", "SMTP_HOST": "m", "SMTP_PASSWORD": "hush", "SMTP_USER": "u"}
    )
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://x/y"),
        ("DATABASE_URL", "postgresql://host:99999/concord"),
        ("DATABASE_URL", "postgresql://host:5432"),
        ("KEYS_URL", "keys.db"),
        ("TEMPORAL_ADDRESS", "temporal"),
        ("TEMPORAL_ADDRESS", "temporal:"),
        ("TEMPORAL_ADDRESS", "http://temporal:7233"),
        ("TEMPORAL_NAMESPACE", "two words"),
        ("CONCORD_HTTP_PORT", "0"),
        ("CONCORD_HTTP_PORT", "eighty"),
        ("CONCORD_TENANT", "No Tenant"),
        ("CONCORD_LOG_LEVEL", "chatty"),
        ("CONCORD_PROOFS_ORIGIN", "https://concord.example"),
        ("CONCORD_PROOFS_EVERY", "0"),
        ("CONCORD_PROOFS_PUBLIC", "perhaps"),
        ("SMTP_PORT", "70000"),
        ("SMTP_STARTTLS", "maybe"),
        ("SMTP_FROM", "nobody"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(name, value):
    with pytest.raises(InvalidSettings) as refused:
        Settings.from_environment({"SMTP_HOST": "mail.example", name: value})
    assert [problem.split()[0] for problem in refused.value.problems] == [name]


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(InvalidSettings) as refused:
        Settings.from_environment({"CONCORD_HTTP_PORT": "x", "CONCORD_TENANT": "-", "MIGRATOR_URL": "postgresql://h/d", "SMTP_USER": "u"})
    assert [problem.split()[0] for problem in refused.value.problems] == [
        "CONCORD_HTTP_PORT",
        "CONCORD_TENANT",
        "SMTP_HOST",
        "MIGRATOR_URL",
    ]


def test_a_bad_url_is_refused_without_repeating_its_password():
    with pytest.raises(InvalidSettings) as refused:
        Settings.from_environment({"DATABASE_URL": "postgres//app:hush@h/d"})
    assert "hush" not in str(refused.value)


def test_where_documents_lie_and_where_links_lead_are_read_checked_and_handed_on(tmp_path: Path):
    given = {"DOCUMENTS_URL": "s3://KEY:hunter2@s3.example/papers?region=eu-central-1", "CONCORD_PUBLIC_URL": "https://concord.example/"}
    settings = Settings.from_environment(given, cwd=tmp_path)
    assert settings.reached_at == "https://concord.example"
    assert settings.environment()["DOCUMENTS_URL"] == given["DOCUMENTS_URL"]
    assert "hunter2" not in repr(settings)
    with pytest.raises(InvalidSettings) as refused:
        Settings.from_environment({"DOCUMENTS_URL": "http://u:hunter2@x", "CONCORD_PUBLIC_URL": "concord.example"}, cwd=tmp_path)
    assert len(refused.value.problems) == 2
    assert "hunter2" not in str(refused.value)
