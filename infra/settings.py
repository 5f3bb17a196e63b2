"""What the environment decides: addresses, ports, the home directory. Read once, by each process's composition root.

Everything has a default that serves one machine: without `DATABASE_URL` and `TEMPORAL_ADDRESS` the servers
embedded below `CONCORD_HOME` are used.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import quote, urlsplit

LOG_LEVELS = ("debug", "info", "warning", "error")
USUAL_HTTP_PORT = 8000

_T = TypeVar("_T")
_SLUG = re.compile(r"[a-z][a-z0-9_]{0,39}")


class InvalidSettings(Exception):  # noqa: N818 - named for what was found, like every refusal here
    """One or more environment variables cannot be used; the message has one line for each, with what to do."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Smtp:
    """Where mail goes out. Without it (`Settings.smtp is None`) messages become .eml files in `Settings.mail_folder`."""

    host: str
    port: int = 587
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    sender: str = "concord@localhost"
    starttls: bool = True


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one process.

    `home` (CONCORD_HOME) defaults to `.concord` below the current directory, so that a checkout carries its own data
    and two checkouts never share any; set CONCORD_HOME to keep data elsewhere.
    `None` for `database_url`, `migrator_url` or `temporal_address` means: the server embedded below `home`; for `documents_url`
    (a bucket): documents lie in the tenants' own tables; for `backup_to` (a folder or a bucket): nothing is backed up by itself.
    """

    home: Path
    database_url: str | None = field(default=None, repr=False)
    migrator_url: str | None = field(default=None, repr=False)
    keys_url: str = field(default="", repr=False)
    documents_url: str | None = field(default=None, repr=False)
    temporal_address: str | None = None
    temporal_namespace: str = "concord"
    http_host: str = "127.0.0.1"
    http_port: int | None = None
    public_url: str | None = None
    tenant: str = "default"
    proofs_folder: Path = Path()
    proofs_origin: str = ""
    proofs_keys: Path | None = None
    proofs_public: bool = False
    proofs_every: int = 10
    timestamp_url: str | None = field(default=None, repr=False)
    timestamp_ca: Path | None = None
    timestamp_policy: str | None = None
    smtp: Smtp | None = None
    log_level: str = "info"
    backup_to: str | None = field(default=None, repr=False)
    backup_every: int = 24
    """Hours between base backups; the log between them is archived all the time."""
    backup_keep: int = 35
    """Days after which a backup is removed."""
    sign_ins_keep: int | None = None
    """Days for which sign-ins that belong to no tenant are kept; None: for ever."""

    def __post_init__(self) -> None:
        if not self.keys_url:
            object.__setattr__(self, "keys_url", "sqlite:///" + quote(str(self.home / "keys.db")))
        if self.proofs_folder == Path():
            object.__setattr__(self, "proofs_folder", self.home / "proofs")
        if not self.proofs_origin:
            object.__setattr__(self, "proofs_origin", (self.public_url or "http://concord.local").partition("://")[2] + "/proofs")

    @property
    def reached_at(self) -> str:
        """What addresses in letters to people outside begin with (CONCORD_PUBLIC_URL), without a slash at its end."""
        return self.public_url or f"http://{self.http_host}:{self.http_port or USUAL_HTTP_PORT}"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def mail_folder(self) -> Path:
        return self.home / "mail"

    @property
    def signing_folder(self) -> Path:
        """Where papers for a provider of electronic signatures go out (`outbox`) and its answers come in (`inbox`)."""
        return self.home / "signing"

    @property
    def operator_file(self) -> Path:
        """The local operator's credential (mode 0600), written by `concord up`."""
        return self.home / "operator.json"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None, *, cwd: Path | None = None) -> Self:
        """Read the settings from `environ` (default: the process's own).

        Raises InvalidSettings, which names every variable at fault, not only the first.
        """
        read = _Reader(os.environ if environ is None else environ)
        home = read.value("CONCORD_HOME", lambda text: Path(text).expanduser(), Path(".concord"))
        settings = cls(
            home=((cwd or Path.cwd()) / home).resolve(),
            database_url=read.value("DATABASE_URL", _postgres_url, None),
            migrator_url=read.value("MIGRATOR_URL", _postgres_url, None),
            keys_url=read.value("KEYS_URL", _any_url, ""),
            documents_url=read.value("DOCUMENTS_URL", _bucket_url, None),
            temporal_address=read.value("TEMPORAL_ADDRESS", _host_and_port, None),
            temporal_namespace=read.value("TEMPORAL_NAMESPACE", _word, "concord"),
            http_host=read.value("CONCORD_HTTP_HOST", _word, "127.0.0.1"),
            http_port=read.value("CONCORD_HTTP_PORT", _port, None),
            public_url=read.value("CONCORD_PUBLIC_URL", _web_url, None),
            tenant=read.value("CONCORD_TENANT", _slug, "default"),
            proofs_folder=read.value("CONCORD_PROOFS_FOLDER", lambda text: _folder(text, cwd or Path.cwd()), Path()),
            proofs_origin=read.value("CONCORD_PROOFS_ORIGIN", _origin, ""),
            proofs_keys=read.value("CONCORD_PROOFS_KEYS", lambda text: _folder(text, cwd or Path.cwd()), None),
            proofs_public=read.value("CONCORD_PROOFS_PUBLIC", _switch, False),
            proofs_every=read.value("CONCORD_PROOFS_EVERY", lambda text: _whole(text, "seconds", 3600), 10),
            timestamp_url=read.value("TIMESTAMP_URL", _authority_url, None),
            timestamp_ca=read.value("TIMESTAMP_CA", lambda text: _certificates(_folder(text, cwd or Path.cwd())), None),
            timestamp_policy=read.value("TIMESTAMP_POLICY", _oid, None),
            smtp=_smtp(read),
            log_level=read.value("CONCORD_LOG_LEVEL", _log_level, "info"),
            backup_to=read.value("CONCORD_BACKUP_TO", lambda text: _folder_or_bucket(text, cwd or Path.cwd()), None),
            backup_every=read.value("CONCORD_BACKUP_EVERY", lambda text: _whole(text, "hours", 24 * 31), 24),
            backup_keep=read.value("CONCORD_BACKUP_KEEP", lambda text: _whole(text, "days", 3660), 35),
            sign_ins_keep=read.value("CONCORD_SIGN_INS_KEEP", lambda text: _whole(text, "days", 36_600, 365), None),
        )
        if settings.migrator_url and not settings.database_url:
            read.problems.append("MIGRATOR_URL is set without DATABASE_URL: set both, or neither for the embedded server.")
        if read.problems:
            raise InvalidSettings(tuple(read.problems))
        return settings

    def environment(self) -> dict[str, str]:
        """The variables that give a child process these same settings."""
        values: dict[str, str | int | Path | None] = {
            "CONCORD_HOME": str(self.home),
            "DATABASE_URL": self.database_url,
            "MIGRATOR_URL": self.migrator_url,
            "KEYS_URL": self.keys_url,
            "DOCUMENTS_URL": self.documents_url,
            "TEMPORAL_ADDRESS": self.temporal_address,
            "TEMPORAL_NAMESPACE": self.temporal_namespace,
            "CONCORD_HTTP_HOST": self.http_host,
            "CONCORD_HTTP_PORT": self.http_port,
            "CONCORD_PUBLIC_URL": self.public_url,
            "CONCORD_TENANT": self.tenant,
            "CONCORD_PROOFS_FOLDER": self.proofs_folder,
            "CONCORD_PROOFS_ORIGIN": self.proofs_origin,
            "CONCORD_PROOFS_KEYS": self.proofs_keys,
            "CONCORD_PROOFS_PUBLIC": "on" if self.proofs_public else "off",
            "CONCORD_PROOFS_EVERY": self.proofs_every,
            "TIMESTAMP_URL": self.timestamp_url,
            "TIMESTAMP_CA": self.timestamp_ca,
            "TIMESTAMP_POLICY": self.timestamp_policy,
            "CONCORD_LOG_LEVEL": self.log_level,
            "CONCORD_BACKUP_TO": self.backup_to,
            "CONCORD_BACKUP_EVERY": self.backup_every,
            "CONCORD_BACKUP_KEEP": self.backup_keep,
            "CONCORD_SIGN_INS_KEEP": self.sign_ins_keep,
        }
        if self.smtp:
            values |= {
                "SMTP_HOST": self.smtp.host,
                "SMTP_PORT": self.smtp.port,
                "SMTP_USER": self.smtp.user,
                "SMTP_PASSWORD": self.smtp.password,
                "SMTP_FROM": self.smtp.sender,
                "SMTP_STARTTLS": "on" if self.smtp.starttls else "off",
            }
        return {name: str(value) for name, value in values.items() if value is not None}


class _Reader:
    """Reads variables and collects what is wrong with them, so that a person mends all in one go."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def value(self, name: str, parse: Callable[[str], _T], default: _T) -> _T:
        text = self.environ.get(name, "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.problems.append(f"{name} {error}")
            return default


def _smtp(read: _Reader) -> Smtp | None:
    host = read.value("SMTP_HOST", _word, "")
    smtp = Smtp(
        host=host,
        port=read.value("SMTP_PORT", _port, 587),
        user=read.value("SMTP_USER", str, None),
        password=read.value("SMTP_PASSWORD", str, None),
        sender=read.value("SMTP_FROM", _mail_address, "concord@localhost"),
        starttls=read.value("SMTP_STARTTLS", _switch, True),
    )
    if not host and any(read.environ.get(name) for name in ("SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD", "SMTP_FROM")):
        read.problems.append("SMTP_HOST is missing while other SMTP_ variables are set: set it, or unset them to write .eml files.")
    return smtp if host else None


def _postgres_url(text: str) -> str:
    # the value may hold a password, so that no message repeats it
    try:
        url = urlsplit(text)
        port_is_wrong = url.port == 0
    except ValueError:
        port_is_wrong, url = True, urlsplit("")
    if port_is_wrong or url.scheme not in {"postgresql", "postgres"} or len(url.path) < 2:
        raise ValueError("must look like postgresql://user:password@host:5432/database.")
    return text


def _any_url(text: str) -> str:
    if not urlsplit(text).scheme:
        raise ValueError("must be a URL, such as sqlite:////var/lib/concord/keys.db or postgresql://user:password@host/keys.")
    return text


def _web_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"must look like https://concord.example, not {text!r}.")
    return text.rstrip("/")


def _authority_url(text: str) -> str:
    # as with databases: there may be a password in it
    parts = urlsplit(text)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError("must look like https://timestamp.example/tsr.")
    return text


def _certificates(file: Path) -> Path:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError):
        raise ValueError(f"must be a file of certificates in PEM, which {file} is not.") from None
    return file


def _oid(text: str) -> str:
    if not re.fullmatch(r"[0-2](\.(0|[1-9][0-9]{0,18})){1,30}", text):
        raise ValueError(f"must be an object identifier like 1.3.6.1.4.1.4146.2.2, not {text!r}.")
    return text


def _bucket_url(text: str) -> str:
    # imported when asked: the bucket's module needs what needs these settings
    from infra.documents.bucket import Bucket

    Bucket.parse(text)
    return text


def _folder(text: str, cwd: Path) -> Path:
    return (cwd / Path(text).expanduser()).resolve()


def _folder_or_bucket(text: str, cwd: Path) -> str:
    return _bucket_url(text) if text.startswith("s3://") else str(_folder(text, cwd))


def _origin(text: str) -> str:
    if "://" in text or "+" in text or any(character.isspace() for character in text) or text.endswith("/"):
        raise ValueError(f"must look like concord.example/proofs, without https:// and without a slash at its end, not {text!r}.")
    return text


def _whole(text: str, unit: str, most: int, least: int = 1) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise ValueError(f"must be a number of {unit} from {least} to {most}, not {text!r}.")
    return int(text)


def _host_and_port(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or "/" in text:
        raise ValueError(f"must look like host:7233, not {text!r}.")
    _port(port)
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise ValueError(f"must be a port from 1 to 65535, not {text!r}.")
    return int(text)


def _word(text: str) -> str:
    if any(character.isspace() for character in text):
        raise ValueError(f"must not contain spaces, but is {text!r}.")
    return text


def _slug(text: str) -> str:
    if not _SLUG.fullmatch(text):
        raise ValueError(f"must be a tenant's short name (a to z, 0 to 9 and _, starting with a letter, at most 40), not {text!r}.")
    return text


def _mail_address(text: str) -> str:
    if "@" not in text or any(character in text for character in "\r\n"):
        raise ValueError(f"must be a mail address, not {text!r}.")
    return text


def _switch(text: str) -> bool:
    switches = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
    if text.lower() not in switches:
        raise ValueError(f"must be on or off, not {text!r}.")
    return switches[text.lower()]


def _log_level(text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}, not {text!r}.")
    return text.lower()
