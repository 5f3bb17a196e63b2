"""Break a guard of the append, and the test that it protects must go red; otherwise that test proves nothing."""

from __future__ import annotations

from importlib.resources import files

import psycopg
import pytest

from infra.codec import Codec
from infra.database import Database
from infra.event_store import Store
from tests.infra import test_group_commit as group
from tests.infra import test_store as commands

MUTATIONS = {
    "without the head row's lock": (
        [(" FOR NO KEY UPDATE;", ";")],
        lambda s: group.test_two_appenders_race_without_a_gap_and_a_tail_reader_misses_nothing(s.store, s.database, s.tenant, s.url),
    ),
    "with positions from a plain sequence": (
        [
            (" FOR NO KEY UPDATE;", ";"),
            ("    base := coalesce(base, 0);", "    base := nextval('public.plain');"),
            ("SELECT base + n,", "SELECT nextval('public.plain') + 0 * n,"),
        ],
        lambda s: group.test_two_appenders_race_without_a_gap_and_a_tail_reader_misses_nothing(s.store, s.database, s.tenant, s.url),
    ),
    "with one conflict failing its whole group": (
        [("ELSIF EXISTS (", "ELSIF true OR EXISTS (")],
        lambda s: group.test_a_conflict_fails_alone(s.store, s.tenant, s.url),
    ),
    "without guards": (
        [("e.version = g.version + 1", "e.version = g.version + 1 AND false")],
        lambda s: group.test_a_guard_that_moved_is_a_conflict_and_one_that_stands_is_not(s.store, s.tenant, s.url),
    ),
    "without the look at known command ids": (
        [("WHERE c.id = ANY (p_ids)", "WHERE false"), ("FROM {schema}.commands WHERE id = p_ids[i]", "FROM {schema}.commands WHERE false")],
        lambda s: group.test_one_id_sent_five_times_at_once_is_stored_once(s.store, s.tenant, s.url),
    ),
    "without telling fingerprints apart": (
        [("known.fingerprint IS DISTINCT FROM p_fingerprints[i]", "false")],
        lambda s: group.test_a_known_id_with_another_fingerprint_is_told_apart(s.store, s.tenant),
    ),
    "with recorded_at open to everybody": (
        [("ELSIF NOT tenant_simulated THEN", "ELSIF false THEN")],
        lambda s: commands.test_only_a_simulated_tenant_may_set_when_a_fact_was_recorded(s.store, s.tenant, s.url),
    ),
}


class Setting:
    def __init__(self, store, database, tenant, url):
        self.store, self.database, self.tenant, self.url = store, database, tenant, url


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", MUTATIONS)
async def test_a_broken_guard_turns_its_test_red(name, login_url, database_url, tenant):
    edits, check = MUTATIONS[name]
    script = (files("infra") / "sql" / "append.sql").read_text()
    for old, new in edits:
        assert old in script, f"the mutation does not apply any more: {old}"
        script = script.replace(old, new)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE SEQUENCE public.plain; GRANT ALL ON SEQUENCE public.plain TO PUBLIC")
        connection.execute(script.replace("{schema}", "t_acme"))
    database = await Database.open(login_url)
    store = Store(database, Codec())
    with pytest.raises((Exception, pytest.fail.Exception)):
        await check(Setting(store, database, tenant, database_url))
    await store.close()
    await database.close()
