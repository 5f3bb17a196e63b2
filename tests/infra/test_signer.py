"""P13: a checkpoint, once published, is never contradicted; what is not so any more is found, and nothing more is signed."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from domain.kernel import SYSTEM, NotFound
from domain.proof_keys import PROOF_KEYS, AddProofKey, proof_keys
from infra.codec import Codec
from infra.embedded.process import LockHeld
from infra.event_store import Store
from infra.keys import Keys, KeysUnavailable
from infra.proofs import standing
from infra.proofs.checkpoints import Checkpoint, opened
from infra.proofs.follower import Pace, verifier_keys
from infra.proofs.leaves import leaf_of
from infra.proofs.merkle import over, root, verify_inclusion
from infra.proofs.notes import NoteRejected, SigningKey, VerifierKey
from infra.proofs.restarting import restart
from infra.proofs.signer import Contradicted
from infra.proofs.tiles import TilesDamaged
from infra.settings import Settings
from tests.infra.signing import Fork, SignedLog


@pytest.fixture
def keys(tmp_path):
    keys = Keys.open(tmp_path / "keys.db", tmp_path / "root.key")
    yield keys
    keys.close()


@pytest.fixture
def log(store, database, tenant, keys, database_url, tmp_path):
    return SignedLog(store, database, tenant, keys, Settings(home=tmp_path, proofs_origin="concord.example/proofs"), database_url)


async def known_of(log):
    return verifier_keys((await log.store.load(log.tenant, proof_keys, PROOF_KEYS)).state)


async def health_of(log):
    async with log.database.tenant(log.tenant, read_only=True) as cursor:
        return await standing.standing(cursor)


async def test_a_checkpoint_is_the_signed_root_of_the_log_at_its_end(log):
    await log.write(300)
    signed = await log.sign()
    rows = await log.store.rows(log.tenant, 0, 1000)
    leaves = [leaf_of(row) for row in rows]
    # the first key is itself an event of the log
    assert (signed.origin, signed.size) == ("concord.example/proofs/acme", 301)
    assert signed.root == root(301, over(leaves))
    assert opened(log.published.checkpoint(), await known_of(log)) == signed
    for index in (0, 255, 256, 300):
        assert verify_inclusion(index, 301, leaves[index], log.published.tree.inclusion(index, 301), signed.root)
    assert (await health_of(log)).signed == 301


async def test_nothing_new_is_not_signed_again(log):
    await log.write(3)
    assert await log.sign()
    before = log.published.checkpoint()
    assert await log.sign() is None
    assert log.published.checkpoint() == before


async def test_every_checkpoint_continues_every_one_before(log):
    witness = None
    for count in (1, 255, 3, 700, 1):
        await log.write(count)
        await log.sign()
        witness = witness or log.witness()
        witness.observe(log.published.checkpoint(), log.published.tree)
    assert log.published.sizes() == [checkpoint.size for checkpoint in witness.seen] == [2, 257, 260, 960, 961]
    for size, seen in zip(log.published.sizes(), witness.seen, strict=True):
        assert opened(log.published.checkpoint(size), witness.known) == seen
        later = log.witness()
        for old in witness.seen:
            if old.size <= size:
                later.last = old
                later.observe(log.published.checkpoint(size), log.published.tree)


TAMPERING = {
    "one byte of a state": ("UPDATE events SET state = set_byte(state, 0, 1) WHERE position = 120", 120),
    "a topic": ("UPDATE events SET topic = topic || 's' WHERE position = 120", 120),
    "who did it": ("UPDATE events SET meta = '\\x01' WHERE position = 120", 120),
    "when it was known": ("UPDATE events SET recorded_at = recorded_at - interval '1 microsecond' WHERE position = 120", 120),
    "a deleted event": ("DELETE FROM events WHERE position = 120", 120),
    "a cut tail": ("DELETE FROM events WHERE position > 120", 121),
}


@pytest.mark.parametrize("kind", TAMPERING)
async def test_a_log_that_was_altered_is_not_signed_any_more_and_the_place_is_named(log, kind):
    await log.write(200)
    signed = await log.sign()
    statement, position = TAMPERING[kind]
    log.alter(statement)
    if kind != "a cut tail":
        await log.write(20)
    with pytest.raises(Contradicted) as found:
        await log.sign()
    assert found.value.position == position
    assert opened(log.published.checkpoint(), await known_of(log)) == signed


async def test_an_old_event_that_was_altered_is_found_by_looking_again_and_by_comparing_all(log):
    await log.write(6000)
    await log.sign()
    log.alter("UPDATE events SET state = '{}' WHERE position = 3000")
    with pytest.raises(Contradicted) as found:
        await log.follower.signer(log.tenant).compare(await known_of(log))
    assert found.value.position == 3000

    async def look_thrice():
        for _ in range(3):  # by then the parts that are looked at again have gone round
            await log.sign()

    with pytest.raises(Contradicted):
        await look_thrice()


async def test_every_position_that_was_altered_or_removed_is_named_by_the_signer_and_by_comparing_all(log):
    await log.write(600)
    await log.sign()
    log.alter("UPDATE events SET state = '{}' WHERE position IN (3, 7, 8, 9, 590)")
    log.alter("DELETE FROM events WHERE position IN (20, 300, 301)")
    said = "the events at positions 3, 7-9 and 590 are not those that were signed; positions 20 and 300-301 are missing in the log"
    known = await known_of(log)
    for look in (log.sign, lambda: log.follower.signer(log.tenant).compare(known), lambda: log.follower.signer(log.tenant).rebuild(known)):
        with pytest.raises(Contradicted) as found:
            await look()
        assert str(found.value) == said
        assert found.value.position == 3
        assert (found.value.altered, found.value.missing) == ([(3, 3), (7, 9), (590, 590)], [(20, 20), (300, 301)])


async def test_a_tail_that_was_cut_off_does_not_hide_what_was_altered_before_it(log):
    await log.write(50)
    await log.sign()
    log.alter("UPDATE events SET state = '{}' WHERE position = 5")
    log.alter("DELETE FROM events WHERE position > 40")
    said = "the event at position 5 is not the one that was signed; positions 41-51 are missing in the log"
    with pytest.raises(Contradicted, match=said):
        await log.sign()


async def test_an_altered_key_is_named_too_where_people_look(log):
    await log.write(5)
    await log.sign()
    at = next(r[0] for r in await log.store.rows(log.tenant, 0, 100) if r[3].startswith("proof_key."))
    log.alter("UPDATE events SET state = '{}' WHERE position IN (2, %s)", at)
    # as a process that starts now
    store = Store(log.database, Codec())
    after = SignedLog(store, log.database, log.tenant, log.keys, log.settings, log.url)
    await after.follower._attempt(log.tenant, 6, Pace())
    found = await health_of(log)
    assert found.parked_at is not None
    assert (
        found.cause
        == f"the events at positions {', '.join(map(str, sorted((2, at)))).replace(', ', ' and ')} are not those that were signed"
    )
    await store.close()


async def test_a_log_that_was_cut_and_written_on_is_a_fork_that_nobody_signs(log):
    await log.write(50)
    await log.sign()
    log.alter("DELETE FROM events WHERE position > 40")
    await log.write(30)
    with pytest.raises(Contradicted):
        await log.sign()


async def test_a_signer_without_its_folder_still_knows_what_it_signed(log):
    await log.write(50)
    signed = await log.sign()
    shutil.rmtree(log.published.folder)
    log.alter("UPDATE events SET state = '{}' WHERE position = 7")
    with pytest.raises(Contradicted):
        await log.sign()
    assert log.published.checkpoint() is None
    assert signed.size == 51


async def test_a_witness_refuses_a_log_that_was_replaced_and_signed_anew_with_its_own_key(log, tmp_path):
    await log.write(50)
    await log.sign()
    witness = log.witness()
    witness.observe(log.published.checkpoint(), log.published.tree)
    # somebody with the database, the folder, the keys and the signer's memory
    log.alter("UPDATE events SET state = '{}' WHERE position = 7")
    await log.write(10)
    shutil.rmtree(log.published.folder)
    shutil.rmtree(tmp_path / "signed")
    assert await log.sign()
    with pytest.raises(Fork):
        witness.observe(log.published.checkpoint(), log.published.tree)


async def test_a_checkpoint_of_a_foreign_key_in_the_folder_is_refused(log):
    await log.write(5)
    signed = await log.sign()
    forged = Checkpoint(signed.origin, 6, bytes(32)).signed([SigningKey.generate(signed.origin)])
    (log.published.folder / "checkpoint").write_text(forged)
    await log.write(5)
    with pytest.raises(Contradicted, match="not one of this log's keys"):
        await log.sign()


async def test_tiles_that_are_lost_or_spoilt_are_made_anew_from_the_log(log):
    await log.write(600)
    signed = await log.sign()
    tiles = {path: path.read_bytes() for path in (log.published.folder / "tile").rglob("*") if path.is_file()}
    shutil.rmtree(log.published.folder / "tile")
    await log.write(1)
    assert (await log.sign()).size == 602
    assert {path: path.read_bytes() for path in tiles} == tiles
    spoilt = log.published.folder / "tile/0/000"
    spoilt.write_bytes(bytes(8192))
    with pytest.raises(TilesDamaged, match="tile/0/000"):
        await log.follower.signer(log.tenant).compare(await known_of(log))
    assert await log.follower.signer(log.tenant).rebuild(await known_of(log)) == 602
    assert await log.follower.signer(log.tenant).compare(await known_of(log)) == 602
    assert log.published.tree.root(signed.size) == signed.root


async def test_tiles_are_not_made_anew_from_a_log_that_was_altered(log):
    await log.write(600)
    await log.sign()
    before = (log.published.folder / "tile/0/000").read_bytes()
    log.alter("UPDATE events SET state = '{}' WHERE position = 100")
    with pytest.raises(Contradicted) as found:
        await log.follower.signer(log.tenant).rebuild(await known_of(log))
    assert found.value.position == 100
    assert (log.published.folder / "tile/0/000").read_bytes() == before


async def test_one_process_signs_at_a_time(log):
    await log.write(5)
    await log.sign()
    with log.published.writing(), pytest.raises(LockHeld):
        await log.sign()


async def test_rotated_keys_sign_together_and_old_checkpoints_stay_valid(log):
    await log.write(5)
    await log.sign()
    (old,) = await known_of(log)
    made = log.follower._private.make("acme", 2, old.name)
    await log.store.execute(log.tenant, proof_keys, PROOF_KEYS, AddProofKey(vkey=str(made.verifier)), by=SYSTEM)
    both = await log.sign()
    new = made.verifier
    assert opened(log.published.checkpoint(), [old]) == opened(log.published.checkpoint(), [new]) == both
    assert log.published.keys() == [old, new]
    assert opened(log.published.checkpoint(6), log.published.keys()).size == 6


async def test_a_key_that_has_retired_signs_nothing_new(log):
    await log.write(5)
    await log.sign()
    (old,) = await known_of(log)
    made = log.follower._private.make("acme", 2, old.name)
    await log.store.execute(log.tenant, proof_keys, PROOF_KEYS, AddProofKey(vkey=str(made.verifier), overlap_days=0), by=SYSTEM)
    signed = await log.sign()
    assert opened(log.published.checkpoint(), [made.verifier]) == signed
    assert str(old.id.hex()) not in log.published.checkpoint()
    assert log.published.checkpoint().count("\n— ") == 1


async def test_private_keys_live_in_files_where_the_settings_say_so(log, tmp_path):
    folder = tmp_path / "apart"
    apart = SignedLog(log.store, log.database, log.tenant, log.keys, replace(log.settings, proofs_keys=folder), log.url)
    await apart.write(5)
    await apart.sign()
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert apart.published.keys() == [SigningKey.parse(file.read_text().strip()).verifier]


async def test_without_its_private_key_nothing_is_signed_and_the_way_out_is_told(log):
    await log.write(5)
    await log.sign()
    (known,) = await known_of(log)
    other = SignedLog(
        log.store, log.database, log.tenant, log.keys, replace(log.settings, proofs_keys=log.settings.home / "empty"), log.url
    )
    await other.write(1)
    with pytest.raises(KeysUnavailable, match=f"private key of {known.name}.*concord proofs rotate"):
        await other.sign()
    assert VerifierKey.parse(str(known)) == known


async def test_a_log_that_was_restored_to_an_earlier_instant_begins_again_under_another_name(log):
    await log.write(50)
    await log.sign()
    witness = log.witness()
    witness.observe(log.published.checkpoint(), log.published.tree)
    log.alter("DELETE FROM events WHERE position > 40")
    await log.write(30)
    again = SignedLog(log.store, log.database, log.tenant, log.keys, log.settings, log.url)
    with pytest.raises(Contradicted):
        await again.sign()
    # as a process that starts after the restore
    store = Store(log.database, Codec())
    assert await restart(log.database, store, log.follower._private, log.settings, log.tenant) == "concord.example/proofs/acme/2"
    after = SignedLog(store, log.database, log.tenant, log.keys, log.settings, log.url)
    signed = await after.sign()
    assert (signed.origin, signed.size) == ("concord.example/proofs/acme/2", 73)
    with pytest.raises(NoteRejected):  # whoever trusts the old log is told by its name
        witness.observe(after.published.checkpoint(), after.published.tree)
    # under the old name nothing is signed any more, even by who has its key and an empty folder
    old = [log.follower._private.make("acme", 1, "concord.example/proofs/acme")]
    with pytest.raises(Contradicted):
        await after.follower.signer(log.tenant).step(old, [old[0].verifier])
    await store.close()


async def test_a_log_whose_last_event_a_restore_left_out_begins_again_under_a_name_that_never_signed(log, tmp_path):
    await log.write(5)
    await log.sign()
    await log.write(2)
    assert (await log.sign()).size == 8
    for name in ("concord.example/proofs/acme/2", "concord.example/proofs/acme/3"):
        log.alter("DELETE FROM events WHERE position > 7")
        # the restore puts aside what was published, and knows nothing of a name that was begun later
        log.published.folder.rename(tmp_path / f"aside-{name[-1]}")
        store = Store(log.database, Codec())
        after = SignedLog(store, log.database, log.tenant, log.keys, log.settings, log.url)
        with pytest.raises(Contradicted, match="the log ends at"):
            await after.sign()
        with pytest.raises(Contradicted, match="the log ends at"):
            await after.follower.signer(log.tenant).compare(await known_of(after))
        assert await restart(log.database, store, log.follower._private, log.settings, log.tenant) == name
        signed = await after.sign()
        assert signed.origin == name
        await store.close()


async def test_nothing_begins_again_before_it_began(log):
    with pytest.raises(NotFound):
        await restart(log.database, log.store, log.follower._private, log.settings, log.tenant)
