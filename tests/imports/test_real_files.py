"""The real files, where they are present beside the repository. Says which ran; nothing of them is copied."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.deals import deals
from domain.imports import imported_id
from workflows.imports import Overrides, inspect, plan, run
from workflows.imports.fields import Kind

DATA = Path(__file__).parents[3] / "shared" / "data"
MAVEN = DATA / "maven-crm-sales"
SALESFORCE = DATA / "crm-export-shapes" / "salesforce"
HUBSPOT = DATA / "crm-export-shapes" / "hubspot"


def present(folder: Path) -> Path:
    if not folder.is_dir():
        pytest.skip(f"{folder.name} is not here; the generated look-alikes stand in for it")
    print(f"ran on the real {folder.name}")  # noqa: T201  which ran has to be seen
    return folder


@pytest.mark.parametrize("variant", ["sales_pipeline.csv", "sales_pipeline_MDY_variant.csv"])
async def test_the_vendors_sample_comes_in_whole_in_both_variants(store, tenant, variant):
    folder = present(MAVEN)
    said = Overrides(currency="USD", source="maven", answers={"same:sales_pipeline.csv": variant})
    done = await run(store, tenant, [folder], said)
    counts = done.counts
    assert (counts[Kind.DEALS].rows, counts[Kind.DEALS].created, counts[Kind.DEALS].rejected) == (8800, 8800, 0)
    assert counts[Kind.DEALS].needs_attention == 2089
    assert (counts[Kind.ACCOUNTS].created, counts[Kind.PRODUCTS].created, counts[Kind.USERS].created) == (85, 7, 35)
    won = (await store.load(tenant, deals, imported_id("deal", "maven", "1C1I7A6R"))).state
    assert (str(won.won_on), won.amount.amount, won.stage_name) == ("2017-03-01", 1054, "Won")
    other = next(v for v in ("sales_pipeline.csv", "sales_pipeline_MDY_variant.csv") if v != variant)
    same = await plan(store, tenant, [folder], said.answering({"same:sales_pipeline.csv": other}))
    assert same.counts[Kind.DEALS].unchanged == 8800, "both variants say the same"


def test_the_vendors_faults_are_found():
    found = inspect([present(MAVEN)], currency="USD")
    assert {(m.value, m.means) for m in found.matches} == {
        ("GTXPro", "GTX Pro"),
        ("technolgy", "technology"),
        ("Philipines", "Philippines"),
    }
    assert {q.key for q in found.questions} == {"same:sales_pipeline.csv", "amounts", "country:Korea", "currency"}
    assert not found.unanswered


async def test_salesforces_shape_with_everything_deleted_at_the_source(store, tenant):
    done = await run(store, tenant, [present(SALESFORCE)], Overrides(currency="USD"))
    assert done.source == "salesforce"
    assert done.counts[Kind.DEALS].skipped == 10
    taken = await run(store, tenant, [SALESFORCE], Overrides(currency="USD", deleted="import"))
    assert taken.counts[Kind.DEALS].created == 10
    assert taken.counts[Kind.DEALS].rejected == 0
    assert taken.counts[Kind.ACCOUNTS].skipped == 1, "merged records stay out"


async def test_hubspots_shape_without_a_stage_on_any_deal(store, tenant):
    done = await run(store, tenant, [present(HUBSPOT)], Overrides(currency="USD"))
    assert done.source == "hubspot"
    assert done.counts[Kind.DEALS].created == done.counts[Kind.DEALS].needs_attention == 44
    assert done.counts[Kind.ACCOUNTS].created == 24
