"""Decisions replayed from the log, by their own rules and by others."""

from domain.deals import AdvanceDeal, OpenDeal, RenameDeal, deals
from domain.default_pipeline import default_pipeline
from domain.kernel import SYSTEM, Actor, Role
from domain.pipelines import DEFAULT_PIPELINE, DefinePipeline, pipelines
from domain.values import Money
from infra.ids import uuid7
from tests.api.conftest import NEXT_YEAR, World, ok, refused


async def test_a_decision_is_replayed_with_its_command_state_facts_and_outcome(world: World):
    acme, store = world.acme, world.doors.store
    seller = Actor(acme.members[Role.ACCOUNT_MANAGER], frozenset({Role.ACCOUNT_MANAGER}))
    done = await store.execute(acme.tenant, deals, acme.deal, RenameDeal(title="Valves"), by=seller)
    async with world.client(Role.AUDITOR) as client:
        found = ok(await client.get(f"/v1/audit/decisions/{done.last}"))
        assert (found["determined"], found["command"], found["fields"]) == (True, "RenameDeal", {"title": "Valves"})
        assert (found["roles"], found["version_before"], found["state_before"]["title"]) == (["account_manager"], 1, "First")
        assert (found["differs"], found["outcome"][0]["topic"]) == (False, "deal.renamed")
        refused(await client.get(f"/v1/audit/decisions/{done.last + 10_000}"), "NotFound", 404)


async def test_another_version_of_the_gates_says_whether_and_why_it_would_have_been_otherwise(world: World):
    acme, store = world.acme, world.doors.store
    seller = Actor(acme.members[Role.ACCOUNT_MANAGER], frozenset({Role.ACCOUNT_MANAGER}))
    given = default_pipeline()
    free = DefinePipeline(name=given.name, stages=tuple(s.model_copy(update={"exit_criteria": ()}) for s in given.stages))
    await store.execute(acme.tenant, pipelines, DEFAULT_PIPELINE, free, by=SYSTEM)
    deal = uuid7()
    opened = OpenDeal(title="Free", account=acme.account, owner=seller.id, close_date=NEXT_YEAR, amount=Money(amount=5, currency="EUR"))
    await store.execute(acme.tenant, deals, deal, opened, by=seller)
    done = await store.execute(acme.tenant, deals, deal, AdvanceDeal(to="propose"), by=seller)
    async with world.client(Role.AUDITOR) as client:
        own = ok(await client.get(f"/v1/audit/decisions/{done.last}"))
        assert (own["command"], own["differs"], own["rules"]["pipeline_version"]) == ("AdvanceDeal", False, 2)
        strict = ok(await client.get(f"/v1/audit/decisions/{done.last}", params={"pipeline_version": 1}))
        assert (strict["refused"], strict["differs"]) == ("GateNotMet", True)
        assert "would have been refused" in strict["why"][0]
        refused(await client.get(f"/v1/audit/decisions/{done.last}", params={"pipeline_version": 9}), "NotFound", 404)


async def test_what_the_events_do_not_tell_is_said_to_be_undetermined(world: World):
    async with world.client(Role.AUDITOR) as client:
        # the tenant's beginning lays down several things in one piece
        found = [ok(await client.get(f"/v1/audit/decisions/{position}")) for position in (1, 2, 3)]
        for one in found:
            assert one["determined"] or "cannot be told back" in one["undetermined"]
            assert one["events"]
            assert one["differs"] is (False if one["determined"] else None), "of what is not known nothing is said to be the same"
