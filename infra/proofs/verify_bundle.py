"""Verifies a bundle of evidence from Concord offline: this one file, Python 3.9 or newer and the package `cryptography` (42 or newer).

It lies in every bundle as `verify.py` and has to work years later where Concord never was: that is why it is one long file that
imports nothing of Concord, uses no newer Python than it must, and says again what `infra/proofs/` says. The formats are in
`docs/proofs.md` and `docs/decisions/0013-*.md`; README.txt of the bundle tells how to use it.

Sources: RFC 9162 (tree and proofs), c2sp.org/signed-note and tlog-checkpoint, RFC 5652 (CMS), RFC 3161 and 5816 (timestamps), X.690 (DER).
Ends with 0: all that was asked is proven; 1: something is wrong; 2: it cannot be told, or was not understood.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import re
import struct
import sys
import uuid
import zipfile
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

FORMAT = "concord-bundle/1"


class Wrong(Exception):  # noqa: N818  names what was found
    """Something does not hold; the sentence says what."""


class Unreadable(Exception):  # noqa: N818  names what was found
    """It cannot be told, because something is missing or is not what it should be; the sentence says what."""


# -- the tree: RFC 9162, 2.1 ---------------------------------------------------------------------------------------------------------


def leaf_hash(envelope: bytes) -> bytes:
    return hashlib.sha256(b"\0" + envelope).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `leaf` is the leaf number `index` (from 0) of the tree of `size` leaves with this root. RFC 9162, 2.1.3.2."""
    if not 0 <= index < size or any(len(one) != 32 for one in (leaf, *proof)):
        return False
    fn, sn, found = index, size - 1, leaf
    for one in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            found = node_hash(one, found)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = node_hash(found, one)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and found == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `new` leaves begins with the tree of `old` leaves. RFC 9162, 2.1.4.2. An empty tree proves nothing."""
    if not 0 < old <= new or any(len(one) != 32 for one in proof):
        return False
    if old == new:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = path[0]
    for one in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            first, second = node_hash(one, first), node_hash(one, second)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node_hash(second, one)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and first == old_root and second == new_root


class Part:
    """A part of a tree: hashes of some leaves, and of just those nodes beside them that lead to the roots at some sizes.

    `given(level, index)`: a hash, or None. A node over a leaf of `leaves`, or over where one of `sizes` ends, is always computed and
    never taken, so that the root depends on every leaf, and on every part of the tree of each size.
    """

    def __init__(self, given: Callable[[int, int], bytes | None], leaves: Iterable[int], sizes: Iterable[int] = ()) -> None:
        self._given = given
        self._known: dict[tuple[int, int], bytes] = {}
        self._leaves, self._cuts = sorted(set(leaves)), sorted(set(sizes))

    def root(self, size: int) -> bytes:
        """The root of the first `size` leaves, at least one. Raises Unreadable where a hash for it is missing."""
        return self._over(0, size)

    def _over(self, start: int, end: int) -> bytes:
        width = end - start
        level = width.bit_length() - 1
        index, whole = start >> level, width == 1 << level and start % width == 0
        if whole and (level, index) in self._known:
            return self._known[level, index]
        found = self._given(level, index) if whole and (width == 1 or not self._looked_into(start, end)) else None
        if found is None and width == 1:
            raise Unreadable(f"The hash of the leaf {index} of the tree is missing, or of a node above it.")
        if found is None:
            middle = start + (1 << (width - 1).bit_length() - 1)
            found = node_hash(self._over(start, middle), self._over(middle, end))
        if whole:
            self._known[level, index] = found
        return found

    def _looked_into(self, start: int, end: int) -> bool:
        leaf, cut = bisect_left(self._leaves, start), bisect_left(self._cuts, start + 1)
        return (leaf < len(self._leaves) and self._leaves[leaf] < end) or (cut < len(self._cuts) and self._cuts[cut] < end)


# -- events, as they are stored and hashed -------------------------------------------------------------------------------------------

_FIXED = struct.Struct(">BQqq16sQ")
_FIELDS = {"position", "recorded_at", "effective_at", "stream", "version", "topic", "meta", "state"}


def envelope(event: dict[str, Any]) -> bytes:
    """The bytes of which the leaf is the hash; see `docs/proofs.md`. Raises Unreadable."""
    if not isinstance(event, dict) or set(event) != _FIELDS:
        raise Unreadable("This does not have the fields of an event.")
    try:
        stream = uuid.UUID(event["stream"])
        fixed = _FIXED.pack(1, event["position"], event["recorded_at"], event["effective_at"], stream.bytes, event["version"])
        parts = (event["topic"].encode(), _base64(event["meta"]), _base64(event["state"]))
        return fixed + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    except (ValueError, TypeError, AttributeError, struct.error):
        raise Unreadable("A field of the event is not what it should be.") from None


def _base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def instant(microseconds: int) -> str:
    return f"{datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=microseconds):%Y-%m-%d %H:%M:%S.%f} UTC"


# -- checkpoints: c2sp.org/signed-note, c2sp.org/tlog-checkpoint ---------------------------------------------------------------------


@dataclass(frozen=True)
class Vkey:
    """A verifier key: `name+hhhhhhhh+base64(0x01 ‖ public key)`."""

    name: str
    id: bytes
    public: bytes

    @classmethod
    def parse(cls, line: str) -> Vkey:
        """Raises Unreadable."""
        try:
            name, id, key = line.strip().split("+", 2)
            raw = _base64(key)
            made = cls(name, bytes.fromhex(id), raw[1:])
        except ValueError:
            raise Unreadable("A verifier key looks like name+hhhhhhhh+base64.") from None
        if raw[:1] != b"\1" or len(raw) != 33 or made.id != hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]:
            raise Unreadable(f"The verifier key of {name} is damaged, or of a kind that is not known here.")
        return made

    @property
    def line(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([1]) + self.public).decode()}"


@dataclass(frozen=True)
class Checkpoint:
    """What a log was like at a size, and which of the keys that were given, and are named like the log, have signed that."""

    origin: str
    size: int
    root: bytes
    signed: tuple[Vkey, ...]

    @classmethod
    def opened(cls, note: bytes, keys: Sequence[Vkey]) -> Checkpoint:
        """Raises Unreadable for what is no checkpoint, Wrong where a signature of a key that is known does not hold."""
        try:
            text, _, signatures = note.decode().rpartition("\n\n")
            text += "\n"
            origin, size, root = text.split("\n")[:3]
            if not signatures.endswith("\n") or not origin or not re.fullmatch("0|[1-9][0-9]{0,18}", size) or len(_base64(root)) != 32:
                raise ValueError
            signed = []
            for line in signatures[:-1].split("\n"):
                dash, name, value = line.split(" ")
                raw = _base64(value)
                if dash != "\u2014" or len(raw) < 5:
                    raise ValueError
                for key in keys:
                    if (key.name, key.id) == (name, raw[:4]) and name == origin:
                        try:
                            ed25519.Ed25519PublicKey.from_public_bytes(key.public).verify(raw[4:], text.encode())
                        except InvalidSignature:
                            raise Wrong(f"The signature of {name} under the checkpoint of size {size} does not hold.") from None
                        signed.append(key)
        except ValueError:
            raise Unreadable("This is not a signed checkpoint (c2sp.org/tlog-checkpoint).") from None
        return cls(origin, int(size), _base64(root), tuple(dict.fromkeys(signed)))


# -- DER, as strict as X.690 wants it, and no more of it than timestamps use ---------------------------------------------------------


@dataclass(frozen=True)
class Der:
    """One value. `body`: its content; `raw`: with tag and length."""

    tag: int
    body: bytes
    raw: bytes

    @classmethod
    def of(cls, data: bytes) -> Der:
        """The one value that `data` is. Raises Unreadable."""
        found = cls._all(data)
        if len(found) != 1:
            raise Unreadable("This is not one value in DER.")
        return found[0]

    @classmethod
    def _all(cls, data: bytes) -> list[Der]:
        found, at = [], 0
        while at < len(data):
            begin, head = at, data[at : at + 2]
            if len(head) < 2 or head[0] & 0x1F == 0x1F:
                raise Unreadable("This is not DER.")
            at, length = at + 2, head[1]
            if length & 0x80:
                digits = data[at : at + (length & 0x7F)]
                at, length = at + len(digits), int.from_bytes(digits, "big")
                if not 1 <= len(digits) <= 4 or digits[0] == 0 or length < 0x80:
                    raise Unreadable("This is not DER: a length is not written in the shortest way.")
            if at + length > len(data):
                raise Unreadable("This is not DER: it was cut short.")
            found.append(cls(head[0], data[at : at + length], data[begin : at + length]))
            at += length
        return found

    def parts(self, tag: int = 0x30) -> list[Der]:
        """What it is made of; it has to have this tag (SEQUENCE)."""
        return self._all(self.expect(tag).body)

    def expect(self, tag: int) -> Der:
        if self.tag != tag:
            raise Unreadable(f"This is not the DER of a timestamp: a {self.tag:#04x} stands where {tag:#04x} belongs.")
        return self

    @property
    def oid(self) -> str:
        """An OBJECT IDENTIFIER in dotted form."""
        body, numbers = self.expect(6).body, [0]
        if not body or body[-1] & 0x80:
            raise Unreadable("This is not DER: an object identifier is cut short.")
        for byte in body:
            numbers[-1] = numbers[-1] << 7 | byte & 0x7F
            if not byte & 0x80:
                numbers.append(0)
        first = min(numbers[0] // 40, 2)
        return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:-1])))

    @property
    def number(self) -> int:
        """An INTEGER."""
        return int.from_bytes(self.expect(2).body, "big", signed=True)


# -- timestamps: RFC 3161 in CMS (RFC 5652) ------------------------------------------------------------------------------------------

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
_RSA = {"1.2.840.113549.1.1.1": None, **{f"1.2.840.113549.1.1.{n}": h for n, h in zip((11, 12, 13), _HASHES.values())}}
_ECDSA = {f"1.2.840.10045.4.3.{n}": h for n, h in zip((2, 3, 4), _HASHES.values())}
_PSS, _ED25519 = "1.2.840.113549.1.1.10", "1.3.101.112"
_SIGNED_DATA, _TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_CERTIFICATE_V1, _CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
_NOT_TIMESTAMP = "The reply of the timestamp authority is not one that RFC 3161 describes."
_UNDERSTOOD = {"2.5.29.14", "2.5.29.15", "2.5.29.19", "2.5.29.32", "2.5.29.35", "2.5.29.37"}
_LONGEST_CHAIN = 6


@dataclass(frozen=True)
class Stamp:
    """What an authority confirms: that it saw the message at `at`. `trusted`: its certificate leads to one that was given."""

    at: datetime
    signer: str
    policy: str
    nonce: int | None
    certificate: x509.Certificate
    trusted: bool


def verify_timestamp(reply: bytes, message: bytes, given: Sequence[x509.Certificate] = ()) -> Stamp:
    """Judge a TimeStampResp (or its token alone) over `message`.

    `given`: certificates that are trusted if they issued themselves, or all of them if none did; the others help to reach those. Without
    any, whose certificate it is stays open. Raises Wrong for what does not hold, Unreadable for what is no timestamp.
    """
    try:
        return _judged(reply, message, given)
    except (IndexError, ValueError, OverflowError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion) as error:
        raise Unreadable(_NOT_TIMESTAMP) from error


def _judged(reply: bytes, message: bytes, given: Sequence[x509.Certificate]) -> Stamp:
    outer = Der.of(reply).parts()
    if outer[0].tag == 0x30:
        status = outer[0].parts()[0].number
        if status != 0 or len(outer) != 2:
            raise Wrong(f"The timestamp authority did not grant a timestamp (status {status}).")
        outer = outer[1].parts()
    if outer[0].oid != _SIGNED_DATA:
        raise Unreadable(_NOT_TIMESTAMP)
    _, _, content, *rest = Der.of(outer[1].expect(0xA0).body).parts()
    kind, wrapped = content.parts()
    if kind.oid != _TST_INFO:
        raise Unreadable(_NOT_TIMESTAMP)
    info = Der.of(wrapped.expect(0xA0).body).expect(4).body
    embedded = [c for bag in rest if bag.tag == 0xA0 for c in map(_certificate, bag.parts(0xA0)) if c is not None]
    signers = rest[-1].parts(0x31)
    if len(signers) != 1:
        raise Wrong("The timestamp has to have one signature, and has another number of them.")
    signer = _signer(signers[0], info, [*embedded, *given])

    _, policy, imprint, _, generated, *more = Der.of(info).parts()
    algorithm, seen = imprint.parts()
    if (hashed := _HASHES.get(algorithm.parts()[0].oid)) is None:
        raise Wrong("The timestamp is over a hash that is not trusted here (SHA-256, SHA-384 and SHA-512 are).")
    if seen.expect(4).body != _digest(hashed, message):
        raise Wrong("The timestamp is over other bytes than these.")
    at = _time(generated.expect(0x18).body.decode("ascii"))
    _check_purpose(signer, at)
    anchors = [c for c in given if c.subject == c.issuer] or list(given)
    if anchors and not _leads(signer, [*given, *embedded], anchors, at, _LONGEST_CHAIN):
        raise Wrong(f"The certificate of {_name(signer)} does not lead to one that was given and was valid when it signed ({at:%Y-%m-%d}).")
    nonce = next((one.number for one in more if one.tag == 2), None)
    return Stamp(at, _name(signer), policy.oid, nonce, signer, bool(anchors))


def _signer(info: Der, content: bytes, pool: Sequence[x509.Certificate]) -> x509.Certificate:
    """Who signed: named by the attributes that the signature covers, never by the place in the list. Raises Wrong."""
    parts = info.parts()
    sid, hashed, attributes, algorithm, signature = parts[1], _HASHES.get(parts[2].parts()[0].oid), parts[3], parts[4], parts[5]
    if hashed is None:
        raise Wrong("The timestamp is signed over a hash that is not trusted here (SHA-256, SHA-384 and SHA-512 are).")
    named: dict[str, Der] = {}
    for attribute in attributes.parts(0xA0):
        kind, values = attribute.parts()
        value = values.parts(0x31)
        if kind.oid in named or len(value) != 1:
            raise Wrong("The timestamp says something twice in what it signs.")
        named[kind.oid] = value[0]
    if _CONTENT_TYPE not in named or named[_CONTENT_TYPE].oid != _TST_INFO:
        raise Wrong("What the timestamp signs is not a timestamp.")
    if _MESSAGE_DIGEST not in named or named[_MESSAGE_DIGEST].expect(4).body != _digest(hashed, content):
        raise Wrong("The timestamp's content is not what was signed: it was altered.")
    certificate = next((c for c in pool if _is_named(c, named)), None)
    if certificate is None:
        raise Wrong("The certificate that signed the timestamp is neither in it nor given: give the authority's certificates.")
    if sid.tag == 0x30:
        issuer, serial = sid.parts()
        if (issuer.raw, serial.number) != (certificate.issuer.public_bytes(), certificate.serial_number):
            raise Wrong("The timestamp names two different certificates as the one that signed it.")
    try:
        # what is signed are the attributes as a SET, whatever tag they bear where they stand (RFC 5652, 5.4)
        _check(certificate, algorithm.parts()[0].oid, hashed, signature.expect(4).body, b"\x31" + attributes.raw[1:])
    except InvalidSignature:
        raise Wrong(f"The signature of {_name(certificate)} under the timestamp does not hold.") from None
    return certificate


def _is_named(certificate: x509.Certificate, named: dict[str, Der]) -> bool:
    """Whether this is the certificate of ESSCertIDv2 (RFC 5816) or ESSCertID (RFC 2634, by SHA-1)."""
    if _CERTIFICATE_V2 in named:
        first = named[_CERTIFICATE_V2].parts()[0].parts()[0].parts()
        hashed = _HASHES.get(first[0].parts()[0].oid) if first[0].tag == 0x30 else hashes.SHA256()
        wanted = first[1] if first[0].tag == 0x30 else first[0]
        return hashed is not None and certificate.fingerprint(hashed) == wanted.expect(4).body
    if _CERTIFICATE_V1 in named:
        wanted = named[_CERTIFICATE_V1].parts()[0].parts()[0].parts()[0]
        return certificate.fingerprint(hashes.SHA1()) == wanted.expect(4).body  # noqa: S303  names a certificate, signs nothing
    return False


def _check(by: x509.Certificate, algorithm: str, hashed: hashes.HashAlgorithm, signature: bytes, signed: bytes) -> None:
    """Raises InvalidSignature, Wrong."""
    key = by.public_key()
    if isinstance(key, rsa.RSAPublicKey) and algorithm in _RSA:
        key.verify(signature, signed, padding.PKCS1v15(), _RSA[algorithm] or hashed)
    elif isinstance(key, rsa.RSAPublicKey) and algorithm == _PSS:
        key.verify(signature, signed, padding.PSS(padding.MGF1(hashed), padding.PSS.AUTO), hashed)
    elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm in _ECDSA:
        key.verify(signature, signed, ec.ECDSA(_ECDSA[algorithm]))
    elif isinstance(key, ed25519.Ed25519PublicKey) and algorithm == _ED25519:
        key.verify(signature, signed)
    else:
        raise Wrong("The timestamp is signed in a way that is not known here.")


def _check_purpose(signer: x509.Certificate, at: datetime) -> None:
    """Raises Wrong unless the certificate is one for timestamps alone (RFC 3161, 2.3) and was valid at that moment."""
    try:
        use = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        use = None
    if use is None or not use.critical or list(use.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise Wrong(f"The certificate of {_name(signer)} is not one for timestamps.")
    if not _valid(signer, at):
        raise Wrong(f"The certificate of {_name(signer)} was not valid on {at:%Y-%m-%d}, when it signed.")


def _leads(
    certificate: x509.Certificate, pool: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], at: datetime, left: int
) -> bool:
    """Whether a chain leads from the certificate to an anchor, every link valid at that moment (RFC 5280, 6.1, without revocation)."""
    if not _valid(certificate, at) or any(e.critical and e.oid.dotted_string not in _UNDERSTOOD for e in certificate.extensions):
        return False
    if certificate in anchors:
        return True
    below = _LONGEST_CHAIN - left  # certificates of authorities between the issuer and the signer
    issuers = (c for c in dict.fromkeys([*anchors, *pool]) if c != certificate and c.subject == certificate.issuer)
    return left > 0 and any(
        _may_issue(issuer, below) and _issued(certificate, issuer) and _leads(issuer, pool, anchors, at, left - 1) for issuer in issuers
    )


def _may_issue(issuer: x509.Certificate, below: int) -> bool:
    found = {type(extension.value): extension.value for extension in issuer.extensions}
    basic, usage, purposes = (found.get(kind) for kind in (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage))
    any_purpose = {ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    return (
        isinstance(basic, x509.BasicConstraints)
        and basic.ca
        and (basic.path_length is None or below <= basic.path_length)
        and (not isinstance(usage, x509.KeyUsage) or usage.key_cert_sign)
        and (not isinstance(purposes, x509.ExtendedKeyUsage) or not any_purpose.isdisjoint(purposes))
    )


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _certificate(value: Der) -> x509.Certificate | None:
    try:
        return x509.load_der_x509_certificate(value.raw)
    except ValueError:
        return None  # beside the one that signed anything may lie there


def _digest(hashed: hashes.HashAlgorithm, content: bytes) -> bytes:
    return hashlib.new(hashed.name, content).digest()


def _time(text: str) -> datetime:
    found = re.fullmatch(r"(\d{14})(?:\.(\d*[1-9]))?Z", text)
    if found is None:
        raise Unreadable(_NOT_TIMESTAMP)
    whole = datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)
    return whole + timedelta(microseconds=int((found[2] or "0")[:6].ljust(6, "0")))


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()


# -- the bundle ----------------------------------------------------------------------------------------------------------------------

_NAMES = ("bundle.json", "events.jsonl", "tree.jsonl", "checkpoint", "keys")
_STAMPED, _REPLY = "timestamp/checkpoint", "timestamp/reply.tsr"
_TOLD = ("README.txt", "report.pdf", "told.jsonl", "verify.py")
"""What the tree does not cover: bundle.json has the SHA-256 of each, so that damage shows."""
_ALWAYS = (
    "What told.jsonl and report.pdf say: they are for reading. Proven are the bytes in events.jsonl, in which personal fields are sealed.",
    "That what was recorded is true: proven is that it was recorded so and is unaltered.",
)


@dataclass
class Verdict:
    """What was found, in sentences. `positions`: (first, last) of the log, between which each thing that is wrong lies."""

    proven: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    positions: list[tuple[int, int]] = field(default_factory=list)

    @property
    def code(self) -> int:
        """0: all that was asked is proven; 1: something is wrong; 2: something could not be told."""
        return 1 if self.wrong else 2 if self.undecided else 0

    def amiss(self, sentence: str, first: int, last: int | None = None) -> None:
        """Note what is wrong, and where."""
        self.wrong.append(f"{_at(first, last or first)}: {sentence}")
        self.positions.append((first, last or first))


@dataclass(frozen=True)
class Asked:
    """What whoever verifies has from elsewhere than the bundle: the more, the more is proven.

    `checkpoints`: kept ones, each with a name for it; `consistency`: answers of /v1/proofs/consistency; `authorities`: certificates.
    """

    keys: Sequence[Vkey] = ()
    checkpoints: Sequence[tuple[str, bytes]] = ()
    consistency: Sequence[bytes] = ()
    authorities: Sequence[x509.Certificate] = ()


def verify(bundle: Path | bytes, asked: Asked) -> Verdict:
    """Judge a bundle (a folder, a zip file, or the bytes of one) or a proof of inclusion in JSON as the API gives it.

    Never raises for what it finds.
    """
    verdict = Verdict()
    try:
        content = bundle.read_bytes() if isinstance(bundle, Path) and not bundle.is_dir() else bundle
        if isinstance(content, bytes) and content.lstrip()[:1] == b"{":
            _judge_proof(verdict, _json(content), asked)
        else:
            _Judging(verdict, _files(content), asked).judge()
    except Wrong as error:
        verdict.wrong.append(str(error))
    except Unreadable as error:
        verdict.undecided.append(str(error))
    except FileNotFoundError:
        verdict.undecided.append(f"There is no file {bundle!s}.")
    except OSError as error:
        verdict.undecided.append(f"{error.filename or 'It'} cannot be read: {error.strerror}.")
    return verdict


def _files(bundle: Path | bytes) -> Callable[[str], bytes | None]:
    if isinstance(bundle, Path):
        folder = bundle
        return lambda name: (folder / name).read_bytes() if (folder / name).is_file() else None
    try:
        archive = zipfile.ZipFile(io.BytesIO(bundle))
    except (zipfile.BadZipFile, ValueError):
        raise Unreadable("This is neither a bundle's folder, nor its zip file, nor a proof.") from None
    names = archive.namelist()
    if len(names) != len(set(names)):
        raise Wrong("The zip file holds two files of one name.")

    def read(name: str) -> bytes | None:
        try:
            return archive.read(name) if name in names else None
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
            raise Unreadable(f"{name} in the zip file is damaged.") from None

    return read


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise Unreadable("A file is damaged: what should be JSON is not.") from None


def _at(first: int, last: int) -> str:
    return f"Position {first:,}" if first == last else f"Positions {first:,} to {last:,}"


class _Judging:
    """One bundle, step by step."""

    def __init__(self, verdict: Verdict, read: Callable[[str], bytes | None], asked: Asked) -> None:
        files = {name: read(name) for name in (*_NAMES, _STAMPED, _REPLY)}
        if missing := [name for name in _NAMES if files[name] is None]:
            raise Unreadable(f"This is no whole bundle of Concord: {', '.join(missing)} is missing.")
        self.files = {name: content or b"" for name, content in files.items()}
        self.verdict, self.asked = verdict, asked
        try:
            about = _json(self.files["bundle.json"])
            if about["format"] != FORMAT:
                raise Unreadable(f"This bundle is not of the format {FORMAT}: use the verify.py that lies in it.")
            self.first, self.last = map(int, about["positions"] or (0, 0))
            self.streams = set(map(str, about["streams"] or ()))
            packed = {name: str(about["files"][name]) for name in _TOLD}
            lines = [json.loads(line) for line in self.files["tree.jsonl"].splitlines()]
            self.tree = {(line["level"], line["index"]): _base64(line["hash"]) for line in lines}
            self.own = [Vkey.parse(line) for line in self.files["keys"].decode().splitlines()]
        except (ValueError, TypeError, LookupError):
            raise Unreadable("The bundle is damaged: bundle.json, tree.jsonl or keys cannot be read.") from None
        if any(len(one) != 32 for one in self.tree.values()):
            raise Unreadable("The bundle is damaged: a hash in tree.jsonl does not have 32 bytes.")
        for name, digest in packed.items():
            content = read(name)
            if content is None or hashlib.sha256(content).hexdigest() != digest:
                verdict.wrong.append(f"{name} is not the file that was packed: do not read it.")
        self.leaves: list[int] = []

    def judge(self) -> None:
        verdict = self.verdict
        self.checkpoint = self._signed(self.files["checkpoint"], "The checkpoint")
        events = self._judge_events()
        if fits := self._judge_root():
            self._tell(events)
        kept = [(self._opened(note), name) for name, note in self.asked.checkpoints]
        good = 0
        for one, name in sorted(kept, key=lambda found: found[0].size):
            good = self._judge_kept(one, name, good)
        if self.files[_REPLY]:
            self._judge_timestamp(fits)
        else:
            verdict.limits.append("Since when it has been so: there is no timestamp in the bundle.")
        if not self.asked.keys:
            verdict.limits.append("Whose key signed: the keys lie in the bundle itself. Give the one that you know to --key.")
        if not kept:
            verdict.limits.append(
                "That the whole log was not replaced before that was signed: give a checkpoint that you kept to --checkpoint."
            )
        verdict.limits += _ALWAYS

    def _opened(self, note: bytes) -> Checkpoint:
        return Checkpoint.opened(note, self.asked.keys or self.own)

    def _signed(self, note: bytes, which: str) -> Checkpoint:
        found = self._opened(note)
        if not found.signed:
            raise Wrong(f"{which} is not signed by a key {'that you gave' if self.asked.keys else 'of the bundle'}.")
        names = " and ".join(f"{key.name}+{key.id.hex()}" for key in found.signed)
        self.verdict.proven.append(
            f"{which}, over {found.size:,} events, is signed by {names}{', which you gave' * bool(self.asked.keys)}."
        )
        return found

    def _judge_events(self) -> list[dict[str, Any]]:
        """Compare each event with its leaf, and look for those that are missing."""
        amiss, size = self.verdict.amiss, self.checkpoint.size
        events: list[dict[str, Any]] = []
        versions: dict[str, tuple[int, int]] = {}
        before, expected, time = 0, self.first or 1, -(1 << 63)
        for line in self.files["events.jsonl"].splitlines():
            try:
                event = json.loads(line)
                leaf = leaf_hash(envelope(event))
            except (ValueError, Unreadable, RecursionError):
                amiss("what stands there is no event.", before + 1)
                continue
            position, stream = event["position"], event["stream"]
            if self.last and expected < position <= self.last + 1:
                amiss("missing: removed, or left out of the bundle.", expected, position - 1)
            known = self.tree.get((0, position - 1))
            if position <= before:
                amiss(f"it stands after position {before:,}: it was put in, or moved.", position)
            elif position > size or known is None:
                amiss("the checkpoint does not cover it: it was put in.", position)
            elif leaf != known:
                amiss("not what was recorded there: it was altered, moved or put in.", position)
            elif event["recorded_at"] < time:
                amiss("recorded earlier than what stands before it.", position)
            else:
                events.append(event)
            if known is not None:
                self.leaves.append(position - 1)
            version, at = versions.get(stream, (0, 0))
            if stream in self.streams and event["version"] != version + 1:
                amiss(
                    f"version {event['version']} of stream {stream} follows on version {version}: what was between is missing.",
                    at + 1,
                    position,
                )
            versions[stream] = (event["version"], position)
            before, expected, time = max(before, position), max(expected, position + 1), event["recorded_at"]
        if self.last and expected <= self.last:
            amiss("missing: removed, or left out of the bundle.", expected, self.last)
        return events

    def _judge_root(self) -> bool:
        """Whether the hashes in the bundle, those of its events among them, lead to the root that was signed."""
        size, root = self.checkpoint.size, self.checkpoint.root
        if self._part().root(size) == root:
            return True
        self.verdict.amiss("the hashes of the tree do not lead to the root that was signed: some of them were replaced.", 1, size)
        return False

    def _part(self, *sizes: int) -> Part:
        return Part(lambda level, index: self.tree.get((level, index)), self.leaves, sizes)

    def _tell(self, events: Sequence[dict[str, Any]]) -> None:
        tell, count, size = self.verdict.proven.append, len(events), self.checkpoint.size
        if not count:
            self.verdict.undecided.append("There is no unaltered event in the bundle.")
            return
        first, last = events[0], events[-1]
        held = f"{count:,} events are" if count > 1 else "The event is"
        tell(
            f"{held} byte for byte what {self.checkpoint.origin} recorded there: {_at(first['position'], last['position']).lower()}, "
            f"{instant(first['recorded_at'])} to {instant(last['recorded_at'])}{', without what is wrong' * bool(self.verdict.wrong)}."
        )
        if self.verdict.wrong:
            return
        if self.last:
            tell(f"Nothing is missing of {_at(self.first, self.last).lower()}.")
        if self.streams:
            tell(f"Nothing is missing of {len(self.streams):,} streams, from their first to their last event in the bundle.")
            self.verdict.limits.append(
                f"That the streams have no later events up to position {size:,}: only a bundle of the whole log shows that."
            )
        elif (self.first, self.last) != (1, size):
            self.verdict.limits.append(f"What else the log holds: the bundle has {count:,} of {size:,} events.")

    def _judge_kept(self, kept: Checkpoint, name: str, good: int) -> int:
        """Compare with a checkpoint kept elsewhere. `good`: the largest size up to which all is well; returns the new one."""
        verdict, now = self.verdict, self.checkpoint
        if kept.origin != now.origin:
            raise Wrong(f"{name} is of another log ({kept.origin}) than the bundle ({now.origin}).")
        if not kept.signed:
            verdict.limits.append(f"Who signed {name}: by none of the known keys.")
        try:
            if kept.size == 0 or self._consists(kept):
                # of the tree alone: whether the events in the bundle are those of its leaves is told apart
                verdict.proven.append(
                    f"The tree of {min(kept.size, now.size):,} events is the one of {name}: what was signed then still holds."
                )
                return max(good, min(kept.size, now.size))
        except Unreadable:
            verdict.undecided.append(
                f"Whether this is the log of {name}: export the bundle again with --checkpoint {name}, or give --consistency."
            )
            return good
        if kept.size > now.size:
            verdict.amiss(
                f"in the log of {name}, and not in this one: its end was cut off. If it is only that the bundle is older, give the proof from "
                f"/v1/proofs/consistency?from={now.size}&to={kept.size} to --consistency.",
                now.size + 1,
                kept.size,
            )
        else:
            verdict.amiss(
                f"this is not the log of {name}: something there was altered, removed or put in, and the log signed anew.",
                good + 1,
                kept.size,
            )
        return good

    def _consists(self, kept: Checkpoint) -> bool:
        """Whether one of the two begins with the other. Raises Unreadable where the bundle cannot tell."""
        now = self.checkpoint
        old, new = sorted((kept, now), key=lambda one: one.size)
        for proof in map(_json, self.asked.consistency):
            if (_number(proof, "from"), _number(proof, "to")) == (old.size, new.size):
                return verify_consistency(old.size, new.size, old.root, new.root, _hashes(proof))
        if kept.size > now.size:
            return False
        part = self._part(kept.size)
        return part.root(now.size) == now.root and part.root(kept.size) == kept.root

    def _judge_timestamp(self, fits: bool) -> None:
        verdict, note = self.verdict, self.files[_STAMPED]
        stamped = self._signed(note, "The checkpoint that bears the timestamp")
        stamp = verify_timestamp(self.files[_REPLY], note, self.asked.authorities)
        if stamped.origin != self.checkpoint.origin:
            raise Wrong("The timestamp is of another log.")
        if not fits or not self._consists(stamped):
            verdict.amiss("the timestamp is of another past of this log.", 1, stamped.size)
            return
        verdict.proven.append(
            f"The first {stamped.size:,} events were there at {stamp.at:%Y-%m-%d %H:%M:%S} UTC: so says the timestamp of {stamp.signer}."
        )
        if not stamp.trusted:
            verdict.limits.append(
                f"Who that timestamp authority is: give its root certificate to --authority (it signed as {stamp.signer})."
            )
        verdict.limits.append("Whether the authority's certificate had been revoked when it signed: only its own lists tell.")


def _judge_proof(verdict: Verdict, proof: Any, asked: Asked) -> None:
    """An answer of /v1/proofs/inclusion."""
    if not asked.keys:
        raise Unreadable("A proof without a bundle brings no keys: give the one that you know to --key.")
    try:
        event, index = _base64(proof["envelope"]), _number(proof, "leaf_index")
        found = Checkpoint.opened(proof["checkpoint"].encode(), asked.keys)
    except (ValueError, TypeError, LookupError, AttributeError):
        raise Unreadable("This is not a proof of inclusion as /v1/proofs/inclusion gives it.") from None
    if not found.signed:
        raise Wrong("The checkpoint of the proof is not signed by a key that you gave.")
    if not verify_inclusion(index, found.size, leaf_hash(event), _hashes(proof), found.root):
        verdict.amiss("the proof does not lead from the event to the root that was signed.", index + 1)
    elif event[:9] != bytes([1]) + (index + 1).to_bytes(8, "big"):
        verdict.amiss("the event says that it stands at another position.", index + 1)
    else:
        verdict.proven.append(
            f"The event is byte for byte what {found.origin} recorded at position {index + 1:,}, of {found.size:,} events."
        )
    verdict.limits.append(_ALWAYS[1])


def _number(proof: Any, name: str) -> int:
    value = proof.get(name) if isinstance(proof, dict) else None
    if not isinstance(value, int):
        raise Unreadable("This is not a proof as the API gives it.")
    return value


def _hashes(proof: Any) -> list[bytes]:
    try:
        return [_base64(one) for one in proof["proof"]]
    except (ValueError, TypeError, LookupError):
        raise Unreadable("This is not a proof as the API gives it.") from None


# -- the command ---------------------------------------------------------------------------------------------------------------------


def _keys_in(file: str) -> list[str]:
    """The verifier keys among the words of a file. Raises Unreadable where there is none: nothing would be asked of the signature."""
    found = [word for word in Path(file).read_text("utf-8").split() if word.count("+") >= 2]
    if not found:
        raise Unreadable(f"{file} holds no verifier key (name+hhhhhhhh+base64).")
    return found


def read_asked(keys: Iterable[str], checkpoints: Iterable[str], consistency: Iterable[str], authorities: Iterable[str]) -> Asked:
    """What the options name: `keys` are verifier keys or files of them, the others files. Raises Unreadable."""
    name = ""
    try:
        lines = []
        for name in keys:
            lines += [name] if "+" in name and not Path(name).is_file() else _keys_in(name)
        found = []
        for name in authorities:
            found += x509.load_pem_x509_certificates(Path(name).read_bytes())
        noted = [(name, Path(name).read_bytes()) for name in checkpoints]
        proofs = [Path(name).read_bytes() for name in consistency]
    except (OSError, ValueError):
        raise Unreadable(f"{name} cannot be read as what its option is for.") from None
    return Asked([Vkey.parse(line) for line in lines], noted, proofs, found)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        description="Verify a bundle of evidence, offline.", epilog="Ends with 0: proven, 1: something is wrong, 2: cannot be told."
    )
    parser.add_argument(
        "bundle",
        nargs="?",
        type=Path,
        default=Path(__file__).resolve().parent,
        help="its folder or zip file, or a proof in JSON (default: where this file lies)",
    )
    parser.add_argument("--key", action="append", default=[], metavar="KEY", help="a verifier key that you know, or a file of them")
    parser.add_argument("--checkpoint", action="append", default=[], metavar="FILE", help="a checkpoint that you kept")
    parser.add_argument("--consistency", action="append", default=[], metavar="FILE", help="a proof of consistency from the API, in JSON")
    parser.add_argument(
        "--authority",
        action="append",
        default=[],
        metavar="PEM",
        help="root certificate of the timestamp authority, with others on the way to it",
    )
    given = parser.parse_args(arguments)
    try:
        asked = read_asked(given.key, given.checkpoint, given.consistency, given.authority)
    except Unreadable as error:
        parser.exit(2, f"{error}\n")
    verdict = verify(given.bundle, asked)
    for title, sentences in (
        ("Proven", verdict.proven),
        ("Not proven", verdict.limits),
        ("Could not be told", verdict.undecided),
        ("WRONG", verdict.wrong),
    ):
        if sentences:
            print(f"{title}:", *sentences, sep="\n  - ")
    print(("Verified.", "NOT verified: something is wrong.", "Not verified: something could not be told.")[verdict.code])
    return verdict.code


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    sys.exit(main())
