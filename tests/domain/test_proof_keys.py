from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.kernel import Actor, Forbidden, Role, natural_id
from domain.proof_keys import PROOF_KEYS, AddProofKey, OtherLog, ProofKey, ProofKeyAdded, ProofKeyRetired, proof_keys
from tests.spec import Spec

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEYS = [f"concord.example/proofs/acme+0000000{n}+" + "A" * 44 for n in range(3)]
first = ProofKeyAdded(number=1, vkey=KEYS[0])
log = Spec(proof_keys).on(PROOF_KEYS).at(NOW)


def test_the_first_key_begins_and_replaces_nobody():
    log.when(AddProofKey(vkey=KEYS[0])).then(first)


def test_a_new_key_signs_beside_the_one_before_until_that_retires():
    retired = ProofKeyRetired(vkey=KEYS[0], signs_until=NOW + timedelta(days=3))
    log.given(first).when(AddProofKey(vkey=KEYS[1], overlap_days=3)).then(ProofKeyAdded(number=2, vkey=KEYS[1]), retired)
    key = ProofKey(1, KEYS[0], retired.signs_until)
    assert key.signs(NOW + timedelta(days=2))
    assert not key.signs(NOW + timedelta(days=3))


def test_what_has_retired_keeps_the_day_it_was_given():
    retired = ProofKeyRetired(vkey=KEYS[0], signs_until=NOW + timedelta(days=3))
    added = ProofKeyAdded(number=2, vkey=KEYS[1])
    log.given(first, added, retired).when(AddProofKey(vkey=KEYS[2], overlap_days=0)).then(
        ProofKeyAdded(number=3, vkey=KEYS[2]), ProofKeyRetired(vkey=KEYS[1], signs_until=NOW)
    )


def test_a_key_that_is_there_is_not_added_again():
    log.given(first).when(AddProofKey(vkey=KEYS[0])).nothing()


def test_a_key_of_another_log_is_refused_by_the_name_of_this_one():
    log.given(first).when(AddProofKey(vkey=KEYS[1].replace("acme", "other"))).refused(OtherLog, name="concord.example/proofs/acme")


def test_only_administration_and_concord_itself_rotate_keys():
    auditor = Actor(natural_id("test", "auditor"), frozenset({Role.AUDITOR}))
    log.by(auditor).when(AddProofKey(vkey=KEYS[0])).refused(Forbidden)
    log.by(Actor(natural_id("test", "admin"), frozenset({Role.ADMIN}))).when(AddProofKey(vkey=KEYS[0])).then(first)


def test_a_log_that_begins_again_has_another_name_and_the_old_keys_retire():
    again = KEYS[1].replace("acme", "acme/2")
    log.given(first).when(AddProofKey(vkey=again, overlap_days=0, new_log=True)).then(
        ProofKeyAdded(number=2, vkey=again), ProofKeyRetired(vkey=KEYS[0], signs_until=NOW)
    )
    log.given(first).when(AddProofKey(vkey=KEYS[1], new_log=True)).refused(OtherLog)
