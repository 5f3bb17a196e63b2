"""Signed notes and checkpoints: as the specifications' examples have them, and refused in every other form."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.proofs.checkpoints import Checkpoint, opened
from infra.proofs.notes import NoteRejected, SigningKey, VerifierKey, sign, verified

# the example of golang.org/x/mod/sumdb/note, which c2sp.org/signed-note describes
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
NOTE = f"{TEXT}\n{LINE}\n"
ORIGIN = "concord.example/proofs/acme"
KEY, OTHER = SigningKey(ORIGIN, bytes(range(32))), SigningKey(ORIGIN, bytes(32))
CHECKPOINT = Checkpoint(ORIGIN, 1234, bytes(range(32)))


def test_the_published_example_is_signed_and_verified_byte_for_byte():
    key = VerifierKey.parse(VKEY)
    assert str(key) == VKEY
    assert key.id.hex() == "c74f20a3"
    assert SigningKey.parse(SKEY).secret == SKEY
    assert SigningKey.parse(SKEY).verifier == key
    assert sign(TEXT, [SigningKey.parse(SKEY)]) == NOTE
    assert verified(NOTE, [key]) == (TEXT, [key])


def test_a_key_of_the_go_checksum_database_is_read():
    assert VerifierKey.parse("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8").name == "sum.golang.org"


@pytest.mark.parametrize(
    "vkey",
    [
        VKEY.replace("c74f20a3", "c74f20a4"),
        VKEY.replace("PeterNeumann", "Peter"),
        VKEY.replace("PeterNeumann", ""),
        VKEY.replace("+AR", "+BR"),
        VKEY[:-4],
        VKEY + "=",
        "PeterNeumann",
        SKEY,
    ],
)
def test_what_is_no_key_is_refused(vkey):
    with pytest.raises(ValueError):
        VerifierKey.parse(vkey)


def test_a_refused_private_key_is_not_repeated():
    with pytest.raises(ValueError) as refused:
        SigningKey.parse(SKEY.replace("c74f20a3", "c74f20a4"))
    assert SKEY[-20:] not in str(refused.value)
    assert repr(SigningKey.parse(SKEY)) == "SigningKey(name='PeterNeumann')"


def test_signatures_of_others_are_passed_over_but_a_wrong_one_of_a_known_key_rejects_the_note():
    both = sign(TEXT, [SigningKey.parse(SKEY), KEY])
    assert verified(both, [KEY.verifier]) == (TEXT, [KEY.verifier])
    assert verified(both, [VerifierKey.parse(VKEY), KEY.verifier])[1] == [VerifierKey.parse(VKEY), KEY.verifier]
    with pytest.raises(NoteRejected, match="none of the known keys"):
        verified(both, [OTHER.verifier])
    forged = both.replace("don't know", "know well")
    with pytest.raises(NoteRejected, match="does not hold"):
        verified(forged, [KEY.verifier])


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        f"{TEXT}\n",
        NOTE[:-1],
        NOTE.replace("— ", "- "),
        NOTE.replace("— PeterNeumann ", "— PeterNeumann"),
        NOTE.replace("JnAM=", "JnAM"),
        NOTE.replace("\n\n", "\n"),
        NOTE + "\n",
        NOTE.replace("problem,", "problem,\t"),
        f"{TEXT}\n" + f"{LINE}\n" * 101,
    ],
)
def test_what_is_no_note_is_rejected(note):
    with pytest.raises(NoteRejected):
        verified(note, [VerifierKey.parse(VKEY)])


@given(st.integers(0, len(NOTE.encode()) * 8 - 1))
def test_no_note_with_a_flipped_bit_is_accepted(bit):
    changed = bytearray(NOTE.encode())
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises((NoteRejected, UnicodeDecodeError)):
        verified(changed.decode(), [VerifierKey.parse(VKEY)])


def test_a_text_that_no_note_may_have_is_not_signed():
    for text in ("no newline", "a\ttab\n"):
        with pytest.raises(ValueError):
            sign(text, [KEY])
    with pytest.raises(ValueError):
        sign(TEXT, [])


def test_the_text_of_a_checkpoint_is_the_three_lines_of_the_specification():
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    found = Checkpoint.parse(text)
    assert (found.origin, found.size, found.text) == ("example.com/behind-the-sofa", 20852163, text)
    assert Checkpoint.parse(f"{text}an extension line\n") == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        CHECKPOINT.text[:-1],
        CHECKPOINT.text.replace("1234", "01234"),
        CHECKPOINT.text.replace("1234", "-1"),
        CHECKPOINT.text.replace("1234", "\u0661\u0662"),
        CHECKPOINT.text.replace(ORIGIN, ""),
        CHECKPOINT.text.replace("AAEC", "AAE"),
        CHECKPOINT.text + "\n",
        f"{ORIGIN}\n1234\n{b64encode(bytes(31)).decode()}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(ValueError):
        Checkpoint.parse(text)


def test_a_checkpoint_is_opened_with_a_key_of_its_own_log_only():
    note = CHECKPOINT.signed([OTHER, KEY])
    assert opened(note, [KEY.verifier]) == opened(note, [OTHER.verifier]) == CHECKPOINT
    foreign = SigningKey("concord.example/proofs/other", bytes(range(32)))
    with pytest.raises(NoteRejected, match="is about concord"):
        opened(CHECKPOINT.signed([foreign]), [foreign.verifier])
    with pytest.raises(NoteRejected, match="a checkpoint is the lines"):
        opened(sign(TEXT, [KEY]), [KEY.verifier])
