from __future__ import annotations

from domain.encryption_keys import ENCRYPTION_KEYS, EncryptionKeyRotated, KeyKind, RecordKeyRotation, encryption_keys
from domain.kernel import Actor, Forbidden, Role, natural_id
from tests.spec import Spec

log = Spec(encryption_keys).on(ENCRYPTION_KEYS)
second = {"kind": KeyKind.TENANT, "key": "2"}
root = {"kind": KeyKind.ROOT, "key": "00ff00ff00ff00ff"}


def test_a_rotation_is_recorded_with_the_kind_and_the_name_of_the_new_key():
    log.when(RecordKeyRotation(**second)).then(EncryptionKeyRotated(**second))
    log.given(EncryptionKeyRotated(**second)).when(RecordKeyRotation(**root)).then(EncryptionKeyRotated(**root))


def test_what_was_recorded_is_not_recorded_again():
    log.given(EncryptionKeyRotated(**second)).when(RecordKeyRotation(**second)).nothing()


def test_only_administration_and_concord_itself_record_rotations():
    auditor = Actor(natural_id("test", "auditor"), frozenset({Role.AUDITOR}))
    log.by(auditor).when(RecordKeyRotation(**second)).refused(Forbidden)
    log.by(Actor(natural_id("test", "admin"), frozenset({Role.ADMIN}))).when(RecordKeyRotation(**second)).then(
        EncryptionKeyRotated(**second)
    )
