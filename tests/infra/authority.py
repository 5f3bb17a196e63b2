"""A timestamp authority of our own (RFC 3161) on loopback: real requests, real replies, and every way to answer badly."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps import DummyTimeStamper

POLICY = "1.3.6.1.4.1.4146.2.2"
"""Of every reply."""


@cache
def key(_number: int) -> rsa.RSAPrivateKey:
    """Made once for all tests: it takes a while."""
    return rsa.generate_private_key(65537, 2048)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def certificate(
    name: str,
    own: rsa.RSAPrivateKey,
    issuer: str,
    by: rsa.RSAPrivateKey,
    *,
    ca: bool = False,
    purposes: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.TIME_STAMPING,),
    critical: bool = True,
    days: tuple[int, int] = (-30, 365),
    path_length: int | None = None,
) -> x509.Certificate:
    """`days`: from when to when it is valid, counted from now."""
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
    )
    if purposes and not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=critical)
    return builder.sign(by, hashes.SHA256())


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


class Stamper:
    """Signs what it is asked to, as of `at` (now if None), with a certificate that its root issued."""

    def __init__(self, at: datetime | None = None, **certified) -> None:
        self.root = certificate("Root", key(0), "Root", key(0), ca=True)
        self.certificate = certificate("Stamper", key(1), "Root", key(0), **certified)
        self.at = at
        self.answer: Callable[[bytes], tuple[int, bytes]] = lambda query: (200, self.reply(query))

    def reply(self, query: bytes) -> bytes:
        private = key(1).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        signer = DummyTimeStamper(
            asn1.Certificate.load(self.certificate.public_bytes(Encoding.DER)),
            keys.PrivateKeyInfo.load(private),
            fixed_dt=self.at or datetime.now(UTC).replace(microsecond=0),
        )
        return signer.request_tsa_response(tsp.TimeStampReq.load(query)).dump()


class Served:
    """A stamper behind HTTP on a free port. `asked`: how often."""

    def __init__(self, stamper: Stamper) -> None:
        self.stamper, self.asked = stamper, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked += 1
                query = self.rfile.read(int(self.headers["Content-Length"]))
                status, content = outer.stamper.answer(query)
                self.send_response(status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(content)))
                if status == 302:
                    self.send_header("Location", f"{outer.url}/elsewhere")
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
