"""S26: the access log's days are sealed by an event, once, and rows that were changed afterwards name their day."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.access_days import DayNotOver, over
from domain.kernel import natural_id
from infra.access_days import COLUMNS, check_days, seal_days, sealed_days
from infra.codec import Codec
from infra.database import Database, Tenant
from infra.doctor import _access_days
from infra.event_store import Store

NOW = datetime.now(UTC)
TODAY = NOW.date()
YESTERDAY, TWO_AGO, THREE_AGO = (TODAY - timedelta(days=n) for n in (1, 2, 3))
MEMBER, CORRELATION = natural_id("test", "member"), natural_id("test", "correlation")


@pytest.fixture
async def store(database: Database):
    """At noon, because just after midnight yesterday is not over yet."""
    store = Store(database, Codec(), clock=lambda: datetime.combine(TODAY, time(12), UTC))
    yield store
    await store.close()


def row(day, minute, target=None, times=1):
    at = datetime.combine(day, time(9, minute, 0, 123_456), UTC)
    return (at, "read", "read_deal", None, MEMBER, None, "10.0.0.1", target, 200, CORRELATION, times)


async def write(database: Database, tenant: Tenant, *rows) -> None:
    async with database.tenant(tenant) as cursor:
        for one in rows:
            await cursor.execute("SELECT access_log_month(%s)", (one[0],))
            await cursor.execute(f"INSERT INTO access_log ({', '.join(COLUMNS)}) VALUES ({', '.join(['%s'] * len(one))})", one)


async def seal(database, store, tenant) -> int:
    return await seal_days(database, store, tenant, datetime.combine(TODAY, time(12), UTC))


def verdicts(url: str, tenant: Tenant):
    with psycopg.connect(url, autocommit=True) as connection:
        return {check.sealed.day: check.verdict for check in check_days(connection, tenant)}


def tamper(database_url: str, statement: str, *values) -> None:
    """As somebody with the database's own keys would."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert connection.execute(statement, values).rowcount != 0


def by_hand(rows) -> str:
    """The root as infra/access_days.py describes it, in Python."""

    def sent(value):
        if value is None:
            return (-1).to_bytes(4, "big", signed=True)
        if isinstance(value, datetime):
            value = (value - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        raw = value.bytes if isinstance(value, UUID) else value.to_bytes(8, "big") if isinstance(value, int) else value.encode()
        return len(raw).to_bytes(4, "big") + raw

    leaves = sorted(b"".join(sent(value) for value in one) for one in rows)
    return hashlib.sha256(b"".join(hashlib.sha256(leaf).digest() for leaf in leaves)).hexdigest()


async def test_each_day_that_is_over_is_sealed_with_its_count_its_bounds_and_its_root(database, store, tenant, login_url):
    rows = [row(TWO_AGO, 2, "a"), row(TWO_AGO, 1, "ünïcode\nline", times=7), row(TWO_AGO, 1), row(YESTERDAY, 5)]
    await write(database, tenant, *rows, row(TODAY, 0))
    assert await seal(database, store, tenant) == 2
    first, second = await sealed_days(store, tenant)
    assert (first.day, first.rows, first.first, first.last) == (TWO_AGO, 3, rows[1][0], rows[0][0])
    assert (second.day, second.rows) == (YESTERDAY, 1)
    assert [first.root, second.root] == [by_hand(rows[:3]), by_hand(rows[3:])]
    assert verdicts(login_url, tenant) == {TWO_AGO: "holds", YESTERDAY: "holds"}


async def test_sealing_again_is_quiet_also_from_another_process(database, store, tenant):
    await write(database, tenant, row(YESTERDAY, 1))
    assert [await seal(database, store, tenant) for _ in range(2)] == [1, 0]
    other = Store(database, Codec(), clock=store._clock)
    assert await seal(database, other, tenant) == 0
    await other.close()
    assert len(await sealed_days(store, tenant)) == 1


async def test_nothing_is_sealed_before_the_first_row_and_quiet_days_follow_as_quiet_days(database, store, tenant, login_url):
    assert await seal(database, store, tenant) == 0
    await write(database, tenant, row(THREE_AGO, 1))
    assert await seal(database, store, tenant) == 3
    assert [(d.day, d.rows, d.first) for d in await sealed_days(store, tenant)][1:] == [(TWO_AGO, 0, None), (YESTERDAY, 0, None)]
    assert set(verdicts(login_url, tenant).values()) == {"holds"}


async def test_a_day_is_not_sealed_while_rows_may_still_come(database, store, tenant):
    await write(database, tenant, row(YESTERDAY, 1))
    assert await seal_days(database, store, tenant, over(YESTERDAY) - timedelta(seconds=1)) == 0
    early = Store(database, Codec(), clock=lambda: over(YESTERDAY) - timedelta(seconds=1))
    with pytest.raises(DayNotOver):
        await seal_days(database, early, tenant, over(YESTERDAY))
    await early.close()


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("UPDATE t_acme.access_log SET target = 'another' WHERE at = %s", (row(TWO_AGO, 1)[0],)),
        ("UPDATE t_acme.access_log SET times = 2 WHERE at = %s", (row(TWO_AGO, 1)[0],)),
        ("UPDATE t_acme.access_log SET at = at + interval '1 microsecond' WHERE at = %s", (row(TWO_AGO, 1)[0],)),
        ("DELETE FROM t_acme.access_log WHERE at = %s", (row(TWO_AGO, 1)[0],)),
        ("INSERT INTO t_acme.access_log SELECT * FROM t_acme.access_log WHERE at = %s", (row(TWO_AGO, 1)[0],)),
        # a text may not move into its neighbour: operation and source stay the same when read one after the other
        ("UPDATE t_acme.access_log SET kind = 'rea', operation = 'dread_deal' WHERE at = %s", (row(TWO_AGO, 1)[0],)),
    ],
)
async def test_rows_that_were_changed_name_their_day(database, store, tenant, login_url, database_url, statement, values):
    await write(database, tenant, row(TWO_AGO, 1, "x"), row(TWO_AGO, 2), row(YESTERDAY, 1))
    await seal(database, store, tenant)
    tamper(database_url, statement, *values)
    assert verdicts(login_url, tenant) == {TWO_AGO: "altered", YESTERDAY: "holds"}
    with psycopg.connect(login_url, autocommit=True) as connection:
        finding = _access_days(connection)
    assert finding.level == "failure"
    assert f"{TWO_AGO} of acme" in finding.found
    assert str(YESTERDAY) not in finding.found


async def test_a_row_slipped_into_a_quiet_day_is_found(database, store, tenant, login_url):
    await write(database, tenant, row(THREE_AGO, 1))
    await seal(database, store, tenant)
    await write(database, tenant, row(TWO_AGO, 1, str(uuid4())))
    assert verdicts(login_url, tenant)[TWO_AGO] == "altered"


async def test_a_month_that_was_dropped_behind_concord_is_found(database, store, tenant, login_url, database_url):
    await write(database, tenant, row(YESTERDAY, 1))
    await seal(database, store, tenant)
    tamper(database_url, f"DROP TABLE t_acme.access_log_{YESTERDAY:%Y_%m}")
    assert verdicts(login_url, tenant) == {YESTERDAY: "altered"}


async def test_the_doctor_is_content_with_untouched_days(database, store, tenant, login_url):
    await write(database, tenant, row(YESTERDAY, 1))
    await seal(database, store, tenant)
    with psycopg.connect(login_url, autocommit=True) as connection:
        finding = _access_days(connection)
    assert (finding.level, finding.found) == ("ok", "as sealed, 1 days of the last 31")
