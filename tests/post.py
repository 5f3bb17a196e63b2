"""A real SMTP server on this machine, which keeps what it is given."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSWORD = "right horse"


@dataclass
class Post:
    """What came, and the answers that the server gives instead of taking it."""

    port: int = 0
    letters: list[Envelope] = field(default_factory=list)
    to_recipient: str = "250 OK"
    to_data: str = "250 OK"
    to_quit: str = "221 Bye"

    async def handle_RCPT(self, _server, _session, envelope, address: str, options) -> str:  # noqa: N802  the library's name
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return self.to_recipient

    async def handle_DATA(self, _server, _session, envelope: Envelope) -> str:  # noqa: N802  the library's name
        if self.to_data.startswith("250"):
            self.letters.append(envelope)
        return self.to_data

    async def handle_QUIT(self, _server, _session, _envelope) -> str:  # noqa: N802  the library's name
        return self.to_quit


def _signs_in(_server, _session, _envelope, _mechanism, auth_data: Any) -> AuthResult:
    assert isinstance(auth_data, LoginPassword)
    return AuthResult(success=(auth_data.login, auth_data.password) == (b"concord", PASSWORD.encode()), handled=False)


def certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """(certificate, key) of a server called `name`, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    certificate_file.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return certificate_file, key_file


@asynccontextmanager
async def post(tls: tuple[Path, Path] | None = None) -> AsyncIterator[Post]:
    """The server at work. `tls`: its certificate and key; it then takes nothing without STARTTLS and signing in."""
    held = Post()
    context = None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
    secured = {"tls_context": context, "require_starttls": True, "authenticator": _signs_in, "auth_required": True} if context else {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(held, loop=loop, hostname="localhost", **secured), "127.0.0.1", 0)
    held.port = server.sockets[0].getsockname()[1]
    try:
        yield held
    finally:
        server.close()
        await server.wait_closed()
