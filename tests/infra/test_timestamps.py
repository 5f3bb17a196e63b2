"""Timestamps on checkpoints: asked for once a day, verified before they are kept, asked for again where there was none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from asn1crypto import tsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from infra.doctor import _timestamps
from infra.proofs.published import Published
from infra.proofs.timestamps import (
    ASK_AGAIN,
    Authority,
    Failure,
    NotStamped,
    Timestamps,
    ask,
    authority_of,
    keep_stamped,
    stamp_day,
    troubles,
)
from infra.proofs.verify_bundle import Asked, Vkey, Wrong, verify, verify_timestamp
from infra.settings import InvalidSettings, Settings
from tests.infra.authority import POLICY, Served, Stamper, certificate, key, pem
from tests.infra.evidence import Witnessed, witness

NOW = datetime.now(UTC)


@pytest.fixture
def served() -> Iterator[Served]:
    with Served(Stamper()) as served:
        yield served


def _authority(served: Served) -> Authority:
    return Authority(served.url, (served.stamper.root,), POLICY)


def _log(folder: Path, sizes: tuple[int, ...] = (3,)) -> tuple[Published, Witnessed, list]:
    rows = [(n + 1, uuid4(), 1, "counter.raised", b"", b"{}", *(2 * [NOW + timedelta(seconds=n)])) for n in range(5)]
    published = Published(folder)
    witnessed = witness(rows, folder, sizes)
    for size, note in witnessed.notes.items():
        published.publish(size, note.decode())
    return published, witnessed, rows


async def test_the_reply_is_verified_with_its_nonce_policy_and_certificate(served: Served):
    reply = await ask(_authority(served), b"a checkpoint")
    stamp = verify_timestamp(reply, b"a checkpoint", [served.stamper.root])
    assert (stamp.signer, stamp.policy, stamp.trusted) == ("CN=Stamper", POLICY, True)
    assert not verify_timestamp(reply, b"a checkpoint").trusted
    with pytest.raises(Wrong, match="other bytes"):
        verify_timestamp(reply, b"another checkpoint", [served.stamper.root])


def _forged(served: Served, **changed) -> None:
    """Have the authority answer another request than it was asked."""

    def answer(query: bytes) -> tuple[int, bytes]:
        request = tsp.TimeStampReq.load(query)
        for name, value in changed.items():
            request[name] = value
        return 200, served.stamper.reply(request.dump(force=True))

    served.stamper.answer = answer


async def test_an_answer_to_another_request_is_not_taken(served: Served):
    _forged(served, nonce=4711)
    with pytest.raises(NotStamped, match="another request"):
        await ask(_authority(served), b"a checkpoint")
    other = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": bytes(32)}
    _forged(served, message_imprint=other)
    with pytest.raises(NotStamped, match="over other bytes"):
        await ask(_authority(served), b"a checkpoint")


async def test_another_policy_than_the_one_asked_for_is_not_taken(served: Served):
    with pytest.raises(NotStamped, match=r"TIMESTAMP_POLICY asks for 1\.2\.3"):
        await ask(replace(_authority(served), policy="1.2.3"), b"a checkpoint")
    assert await ask(replace(_authority(served), policy=None), b"a checkpoint")


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (500, b"", "answered 500"),
        (302, b"", "answered 302"),
        (200, b"<html>", "not"),
        (200, b"\x30" * 70_000, "more than"),
        (200, bytes.fromhex("30053003020102"), "did not grant"),
    ],
    ids=["error", "redirect", "page", "flood", "refusal"],
)
async def test_what_is_no_timestamp_is_told_in_a_sentence_and_a_redirect_is_not_followed(served: Served, status, content, said):
    served.stamper.answer = lambda _: (status, content)
    with pytest.raises(NotStamped, match=said) as told:
        await ask(_authority(served), b"a checkpoint")
    assert served.asked == 1
    assert served.url not in str(told.value)


@pytest.mark.parametrize(
    ("certified", "said"),
    [
        ({"purposes": ()}, "not one for timestamps"),
        ({"critical": False}, "not one for timestamps"),
        ({"purposes": (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING)}, "not one for timestamps"),
        ({"days": (-30, -10)}, "not valid"),
        ({"days": (10, 30)}, "not valid"),
    ],
    ids=["no purpose", "not critical", "other purposes", "expired", "not yet valid"],
)
async def test_a_certificate_that_is_not_for_timestamps_of_that_day_is_not_taken(certified, said):
    with Served(Stamper(**certified)) as served, pytest.raises(NotStamped, match=said):
        await ask(_authority(served), b"a checkpoint")


async def test_a_certificate_that_expired_since_is_taken_for_the_time_when_it_was_valid():
    stamper = Stamper(at=(NOW - timedelta(days=20)).replace(microsecond=0), days=(-25, -15))
    with Served(stamper) as served:
        reply = await ask(_authority(served), b"a checkpoint")
    assert verify_timestamp(reply, b"a checkpoint", [stamper.root]).at == stamper.at


async def test_a_chain_is_followed_over_authorities_alone_and_no_longer_than_they_allow(served: Served):
    stamper = served.stamper
    middle = certificate("Middle", key(2), "Root", key(0), ca=True, path_length=0)
    stamper.certificate = certificate("Stamper", key(1), "Middle", key(2))
    reply = await ask(Authority(served.url), b"a checkpoint")
    assert verify_timestamp(reply, b"a checkpoint", [middle, stamper.root]).trusted
    for others in (
        [],
        [certificate("Middle", key(2), "Root", key(0))],  # no authority
        [certificate("Middle", key(1), "Root", key(0), ca=True)],  # another key
        [certificate("Middle", key(2), "Root", key(0), ca=True, days=(-30, -10))],
        [certificate("Middle", key(2), "Upper", key(1), ca=True), certificate("Upper", key(1), "Root", key(0), ca=True, path_length=0)],
    ):
        with pytest.raises(Wrong, match="does not lead"):
            verify_timestamp(reply, b"a checkpoint", [*others, stamper.root])


async def test_the_last_checkpoint_is_stamped_once_a_day_and_lies_beside_it(served: Served, tmp_path: Path):
    published, _, _ = _log(tmp_path)
    assert await stamp_day(published, _authority(served), NOW) == 5
    assert await stamp_day(published, _authority(served), NOW) is None
    assert served.asked == 1
    kept = Timestamps(tmp_path).stamped(5)
    assert kept.note.decode() == published.checkpoint()
    assert verify_timestamp(kept.reply, kept.note, [served.stamper.root]).trusted


async def test_a_log_that_did_not_grow_and_an_empty_one_are_not_stamped_again(served: Served, tmp_path: Path):
    published, _, _ = _log(tmp_path)
    served.stamper.at = (NOW - timedelta(days=2)).replace(microsecond=0)
    assert await stamp_day(published, _authority(served), NOW) == 5
    assert await stamp_day(published, _authority(served), NOW) is None
    assert await stamp_day(Published(tmp_path / "empty"), _authority(served), NOW) is None
    assert served.asked == 1


async def test_an_authority_that_fails_is_noted_left_alone_for_a_while_and_then_asked_again(served: Served, tmp_path: Path):
    published, _, _ = _log(tmp_path / "acme")
    stamps = Timestamps(tmp_path / "acme")
    served.stamper.answer = lambda _: (503, b"")
    with pytest.raises(NotStamped):
        await stamp_day(published, _authority(served), NOW)
    assert list(troubles(tmp_path, NOW)) == ["acme: 127.0.0.1 answered 503: check TIMESTAMP_URL."]
    assert stamps.failure is not None
    assert stamps.failure.why == "127.0.0.1 answered 503: check TIMESTAMP_URL."
    assert await stamp_day(published, _authority(served), NOW + ASK_AGAIN / 2) is None
    assert served.asked == 1
    served.stamper.answer = lambda query: (200, served.stamper.reply(query))
    assert await stamp_day(published, _authority(served), NOW + ASK_AGAIN) == 5
    assert stamps.failure is None
    assert list(troubles(tmp_path, NOW)) == []


async def test_a_log_that_grew_without_a_stamp_is_told(served: Served, tmp_path: Path):
    published, log, _ = _log(tmp_path / "acme")
    Timestamps(tmp_path / "acme").keep(log.stamped(3, await ask(_authority(served), log.notes[3])))
    assert list(troubles(tmp_path, NOW + timedelta(days=1))) == []
    assert list(troubles(tmp_path, NOW + timedelta(days=3))) == [f"acme: none since {NOW:%Y-%m-%d}, although the log grew"]
    Timestamps(tmp_path / "acme").keep(log.stamped(5, await ask(_authority(served), log.notes[5])))
    assert list(troubles(tmp_path, NOW + timedelta(days=3))) == []
    assert published.checkpoint() is not None


async def test_all_tenants_are_kept_stamped_and_one_that_fails_stops_no_other(served: Served, tmp_path: Path):
    for name in ("acme", "beta"):
        _log(tmp_path / name)
    answered = served.stamper.answer
    served.stamper.answer = lambda query: (503, b"") if served.asked == 1 else answered(query)
    task = asyncio.create_task(keep_stamped(tmp_path, _authority(served)))
    while not Timestamps(tmp_path / "beta").sizes():
        await asyncio.sleep(0.02)
    task.cancel()
    assert Timestamps(tmp_path / "acme").failure is not None


def test_the_doctor_tells_of_stamps_where_there_should_be_some(tmp_path: Path):
    settings = Settings.from_environment({"TIMESTAMP_URL": "https://user:hush@tsa.example/tsr"}, cwd=tmp_path)
    assert "hush" not in repr(settings)
    [found] = _timestamps(settings)
    assert (found.level, "TIMESTAMP_CA" in found.advice) == ("ok", True)
    Timestamps(settings.proofs_folder / "acme").fail(Failure(NOW, "tsa.example answered 503."))
    [found] = _timestamps(settings)
    assert (found.level, found.found) == ("warning", "acme: tsa.example answered 503.")
    assert list(_timestamps(Settings(home=tmp_path))) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("TIMESTAMP_URL", "tsa.example"), ("TIMESTAMP_CA", "nowhere.pem"), ("TIMESTAMP_POLICY", "best effort")],
)
def test_a_setting_of_the_authority_that_cannot_be_used_is_named(name: str, value: str):
    with pytest.raises(InvalidSettings, match=name):
        Settings.from_environment({name: value})


def test_the_authority_is_the_one_that_the_settings_name(tmp_path: Path):
    (tmp_path / "root.pem").write_bytes(pem(certificate("Root", key(0), "Root", key(0), ca=True)))
    given = {"TIMESTAMP_URL": "https://tsa.example/tsr", "TIMESTAMP_CA": "root.pem", "TIMESTAMP_POLICY": POLICY}
    settings = Settings.from_environment(given, cwd=tmp_path)
    assert Settings.from_environment(settings.environment()) == settings
    authority = authority_of(settings)
    assert authority is not None
    assert (authority.host, len(authority.roots), authority.policy) == ("tsa.example", 1, POLICY)
    assert authority_of(Settings(home=tmp_path)) is None


async def test_nobody_answering_is_told_without_the_address(tmp_path: Path):
    with Served(Stamper()) as gone:
        url = gone.url.replace("http://", "http://user:secret@")
    with pytest.raises(NotStamped, match=r"127\.0\.0\.1 does not answer") as told:
        await ask(Authority(url), b"a checkpoint")
    assert "secret" not in str(told.value) + repr(Authority(url))


async def test_a_bundle_with_a_timestamp_proves_since_when(served: Served, tmp_path: Path):
    published, log, rows = _log(tmp_path)
    await stamp_day(published, _authority(served), NOW)
    reply = await ask(_authority(served), log.notes[3])
    known = Asked([Vkey.parse(str(log.key.verifier))], [("kept", log.notes[5])], authorities=[served.stamper.root])
    verdict = verify(log.bundle(rows[3:4], stamped=log.stamped(3, reply)), known)
    assert verdict.code == 0, verdict
    assert any(told.startswith("The first 3 events were there at ") and "CN=Stamper" in told for told in verdict.proven)
    unknown = verify(log.bundle(rows, stamped=log.stamped(3, reply)), replace(known, authorities=[]))
    assert unknown.code == 0
    assert any(told.startswith("Who that timestamp authority is: give its root") for told in unknown.limits)
    other = Stamper()
    other.root = certificate("Root", key(2), "Root", key(2), ca=True)
    stranger = verify(log.bundle(rows, stamped=log.stamped(3, reply)), replace(known, authorities=[other.root]))
    assert stranger.code == 1
    moved = verify(log.bundle(rows, stamped=replace(log.stamped(3, reply), note=log.notes[5])), known)
    assert moved.wrong == ["The timestamp is over other bytes than these."]
