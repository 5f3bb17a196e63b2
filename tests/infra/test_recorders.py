"""The eventsourcing library's own recorder test cases, run against ours; and its Application on top."""

from __future__ import annotations

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
    TrackingRecorderTestCase,
)

from infra.event_store.recorders import ConcordApplicationRecorder, ConcordSnapshotRecorder, ConcordTrackingRecorder


class _OverTheStore:
    @pytest.fixture(autouse=True)
    def _over(self, login_url, pool, tenant):
        self.made = []
        self.make = lambda: self.made.append(ConcordApplicationRecorder(login_url, pool, tenant)) or self.made[-1]
        self.pool, self.tenant = pool, tenant
        yield
        for recorder in self.made:
            recorder.close()


class TestApplicationRecorder(_OverTheStore, ApplicationRecorderTestCase):
    def create_recorder(self):
        return self.make()

    def test_insert_subscribe(self):
        self.optional_test_insert_subscribe()

    def test_performance(self):
        """Speed belongs in bench/."""


class TestNonInterleaving(_OverTheStore, NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self):
        return self.make()


class TestSnapshotRecorder(_OverTheStore, AggregateRecorderTestCase):
    def create_recorder(self):
        return ConcordSnapshotRecorder(self.pool, self.tenant)

    def test_performance(self):
        """Speed belongs in bench/."""


class TestTrackingRecorder(_OverTheStore, TrackingRecorderTestCase):
    def create_recorder(self):
        return ConcordTrackingRecorder(self.pool, self.tenant)


class Dog(Aggregate):
    @event("Registered")
    def __init__(self, name):
        self.name = name
        self.tricks = []

    @event("TrickAdded")
    def add_trick(self, trick):
        self.tricks.append(trick)


def test_the_librarys_application_mapper_repository_and_snapshots_work_on_it(login_url, tenant):
    app = Application(
        env={
            "PERSISTENCE_MODULE": "infra.event_store.library",
            "DATABASE_URL": login_url,
            "CONCORD_TENANT": tenant.slug,
            "IS_SNAPSHOTTING_ENABLED": "y",
        }
    )
    dog = Dog("Fido")
    app.save(dog)
    dog.add_trick("roll over")
    app.save(dog)
    app.take_snapshot(dog.id)
    dog.add_trick("play dead")
    app.save(dog)
    copy = app.repository.get(dog.id)
    assert copy.tricks == ["roll over", "play dead"]
    assert [n.id for n in app.notification_log.select(1, 10)] == [1, 2, 3]
    app.close()
