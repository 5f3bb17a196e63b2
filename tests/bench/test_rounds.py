"""Rounds are fair: arms in turn, every operation counted, failures never taken for speed."""

import asyncio
import time

import pytest

from bench.rounds import Rate, abba, by_tasks, by_threads, interleaved, median_rate, quantile, uncertainty


def test_arms_take_turns_and_each_round_begins_with_another():
    order = []
    found = interleaved({name: lambda name=name: order.append(name) or len(order) for name in "abc"}, rounds=3)
    assert "".join(order) == "abcbcacab"
    assert {name: len(values) for name, values in found.items()} == {"a": 3, "b": 3, "c": 3}


def test_a_drift_of_the_machine_does_not_make_one_of_two_look_faster():
    rounds = iter(range(100, 88, -1))
    assert abba(lambda: 2.0 * next(rounds), lambda: 1.0 * next(rounds), least=3, most=9, within=0.05) == [2, 2, 2]


def test_blocks_go_on_until_the_median_is_sure_or_there_are_enough():
    noisy = [float(n % 7 + 1) for n in range(400)]
    enough = abba(iter(noisy).__next__, lambda: 1.0, least=3, most=50, within=1.0)
    assert 3 < len(enough) < 50
    assert uncertainty(enough) <= 1.0 < uncertainty(enough[:-1])
    assert len(abba(iter(noisy).__next__, lambda: 1.0, least=3, most=50, within=0.0)) == 50


def test_the_more_rounds_agree_the_less_uncertain_is_their_median():
    assert uncertainty([1.0] * 8) == 0
    assert uncertainty([1.0, 1.1] * 40) < uncertainty([1.0, 1.1] * 4) < uncertainty([1.0, 1.4] * 4)


def test_the_median_of_rounds_ignores_one_bad_round():
    assert median_rate([Rate(rate, 0, 0, 0) for rate in (100, 3, 102, 99, 101)]) == 100


@pytest.mark.parametrize(("q", "expected"), [(0.0, 1), (0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100)])
def test_quantiles_are_nearest_ranks(q, expected):
    assert quantile([float(n) for n in range(100, 0, -1)], q) == expected


def test_threads_count_what_finished_beside_the_first_call_of_each():
    calls = []
    rate = by_threads(lambda: calls.append(time.sleep(0.01)), writers=3, seconds=0.3)
    assert len(calls) > 3
    assert rate.p50 >= 0.01


def test_a_failure_in_a_thread_is_raised_and_gives_no_rate():
    def fail():
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        by_threads(fail, writers=2, seconds=0.05)


async def test_tasks_count_what_finished():
    rate = await by_tasks(lambda: asyncio.sleep(0.01), writers=4, seconds=0.3)
    assert rate.p50 >= 0.01
    assert rate.per_second > 0


async def test_a_failure_in_a_task_is_raised():
    async def fail():
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        await by_tasks(fail, writers=2, seconds=0.05)


def test_a_round_in_which_nothing_finished_has_no_rate():
    with pytest.raises(ValueError, match="nothing finished"):
        Rate.of([], 1.0)
