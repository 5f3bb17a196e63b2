"""Runs inside the peers' environment: append to UmaDB, one event at a time, each to a new stream that must not exist.

Usage: umadb_appends.py URL WRITERS SECONDS BYTES   Prints one line of JSON: each append's duration and the time of all.
"""

import json
import sys
import threading
import time
import uuid

from umadb import AppendCondition, Client, Event, Query, QueryItem  # type: ignore[import-not-found]  # it lives in the peers' environment

url, writers, seconds, payload = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), b"x" * int(sys.argv[4])
durations: list[list[float]] = [[] for _ in range(writers)]
barrier = threading.Barrier(writers + 1)


def write(mine: list[float]) -> None:
    client = Client(url)

    def append() -> None:
        stream = "deal:" + uuid.uuid4().hex
        absent = AppendCondition(fail_if_events_match=Query(items=[QueryItem(tags=[stream])]), after=0)
        client.append([Event(event_type="DealOpened", tags=[stream], data=payload, uuid=uuid.uuid4())], condition=absent)

    append()  # the connection is not what is measured
    barrier.wait()
    stop = time.perf_counter() + seconds
    while (start := time.perf_counter()) < stop:
        append()
        mine.append(time.perf_counter() - start)


threads = [threading.Thread(target=write, args=(mine,)) for mine in durations]
for thread in threads:
    thread.start()
barrier.wait()
begun = time.perf_counter()
for thread in threads:
    thread.join()
json.dump({"durations": [d for mine in durations for d in mine], "elapsed": time.perf_counter() - begun}, sys.stdout)
