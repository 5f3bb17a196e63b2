"""Imports on the real store: planned, done, repeated, told anew, in conflict, undone."""

from __future__ import annotations

import csv
from datetime import UTC, datetime

import pytest

from domain.accounts import ChangeAccount, OpenAccount, accounts
from domain.deals import ChangeAmount, deals
from domain.import_runs import import_runs
from domain.imports import imported_id
from domain.kernel import Actor, Role, natural_id
from domain.members import members
from domain.values import Money
from tests.imports.lookalikes import company, hubspot, salesforce, write
from workflows.imports import AnswersNeeded, Directory, Overrides, plan, run, undo
from workflows.imports.fields import Kind

ANNA = Actor(natural_id("anna"), frozenset({Role.ADMIN}))
EUR = Overrides(currency="EUR", source="vendor")


def cells_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def numbers(report, kind):
    return report.counts[kind].model_dump(exclude_defaults=True)


async def deal(store, tenant, key, source="vendor"):
    return (await store.load(tenant, deals, imported_id("deal", source, key))).state


async def test_the_plan_says_what_the_run_does_and_stores_nothing(store, tenant, tmp_path):
    made = company(tmp_path)
    planned = await plan(store, tenant, [tmp_path], EUR)
    assert await store.head(tenant) == 0
    done = await run(store, tenant, [tmp_path], EUR)
    assert done.counts == planned.counts
    assert numbers(done, Kind.DEALS)["created"] == len(made.deals)
    assert numbers(done, Kind.USERS) == {"rows": 8, "created": 8, "mentioned": 2}
    assert done.events == done.last_position - done.first_position + 1


async def test_nothing_vanishes_and_nothing_is_made_up(store, tenant, tmp_path):
    made = company(tmp_path)
    done = await run(store, tenant, [tmp_path], EUR)
    counts = done.counts[Kind.DEALS]
    assert counts.rows == counts.created == len(made.deals)
    lost = next(d for d in made.deals if d["deal_stage"] == "Lost")
    state = await deal(store, tenant, lost["opportunity_id"])
    assert (state.kind, state.amount) == ("lost", Money(amount=0, currency="EUR"))
    lone = next(d for d in made.deals if d["deal_stage"] == "Engaging" and not d["account"])
    state = await deal(store, tenant, lone["opportunity_id"])
    assert (state.account, state.amount, state.close_date) == (None, None, None)
    assert set(state.needs_attention) == {"account", "amount", "close_date"}
    assert state.attributes["product_as_reported"]
    attention = next(r for r in done.rows if r.source_id == lone["opportunity_id"])
    assert attention.needs_attention == ("account", "amount", "close_date")


@pytest.mark.parametrize("dates", ["iso", "mdy", "dmy"])
async def test_the_past_keeps_its_business_time(store, tenant, tmp_path, dates):
    made = company(tmp_path, dates=dates, deals=60)
    await run(store, tenant, [tmp_path], EUR)
    iso = company(tmp_path / "iso", deals=60).deals
    for written, plain in zip(made.deals, iso, strict=True):
        history = await store.history(tenant, imported_id("deal", "vendor", written["opportunity_id"]))
        told = [plain[k] for k in ("engage_date", "close_date") if plain[k]]
        if told:
            assert [r.effective_at for r in history] == [datetime.fromisoformat(d).replace(tzinfo=UTC) for d in told]
        else:
            assert history[0].effective_at == history[0].recorded_at


async def test_a_deal_goes_to_its_owners_team_and_stays_there_when_the_owner_leaves_it(store, tenant, tmp_path):
    made = company(tmp_path, deals=60)
    await run(store, tenant, [tmp_path], EUR)
    sold = next(d for d in made.deals if d["sales_agent"] == "Ada Moss")
    before = await deal(store, tenant, sold["opportunity_id"])
    assert before.team == imported_id("team", "vendor", "East")
    sales_teams = tmp_path / "sales_teams.csv"
    sales_teams.write_text(sales_teams.read_text().replace("Ada Moss,Max Boss,East", "Ada Moss,Max Boss,West"))
    done = await run(store, tenant, [tmp_path], EUR)
    assert numbers(done, Kind.USERS)["updated"] == 1
    assert done.counts[Kind.DEALS].unchanged == 60
    assert (await deal(store, tenant, sold["opportunity_id"])).team == before.team


async def test_a_deal_of_a_member_who_is_here_already_goes_to_that_members_team(store, tenant, tmp_path):
    ada, north, lone = natural_id("ada"), natural_id("north"), natural_id("bo")
    write(
        tmp_path / "deals.csv",
        ("Opportunity ID", "Name", "Stage", "Owner", "Close Date", "Amount"),
        [(f"A{i}", "Saws", "Won", name, "2025-03-01", "10") for i, name in enumerate(("Ada Moss", "Bo Lind"))],
    )
    known = Directory(users=(("Ada Moss", f"={ada}"), ("Bo Lind", f"={lone}")), teams=((ada, north),))
    await run(store, tenant, [tmp_path], EUR, directory=known)
    first, second = [await deal(store, tenant, key) for key in ("A0", "A1")]
    assert (first.owner, first.team) == (ada, north)
    assert (second.owner, second.team) == (lone, None)


async def test_a_second_run_changes_nothing(store, tenant, tmp_path):
    company(tmp_path)
    await run(store, tenant, [tmp_path], EUR)
    head = await store.head(tenant)
    again = await run(store, tenant, [tmp_path], EUR)
    assert again.events == 0
    assert {k: c.unchanged for k, c in again.counts.items() if c.rows} == {k: c.rows for k, c in again.counts.items() if c.rows}
    assert await store.head(tenant) == head + 2  # the run's own beginning and end


async def test_what_the_source_says_anew_is_an_update_and_only_that(store, tenant, tmp_path):
    made = company(tmp_path)
    await run(store, tenant, [tmp_path], EUR)
    won = next(d for d in made.deals if d["deal_stage"] == "Won")
    opened = next(d for d in made.deals if d["deal_stage"] == "Engaging")
    won["close_value"] = "77"
    opened |= {"deal_stage": "Won", "close_date": "2018-01-05", "close_value": "500"}
    write(tmp_path / "sales_pipeline.csv", list(won), [list(d.values()) for d in made.deals])
    planned = await plan(store, tenant, [tmp_path], EUR)
    assert numbers(planned, Kind.DEALS)["updated"] == 2
    changed = {r.source_id: r.changes for r in planned.rows if r.outcome == "updated"}
    assert changed[won["opportunity_id"]]["amount"][1].startswith("77")
    await run(store, tenant, [tmp_path], EUR)
    assert (await deal(store, tenant, won["opportunity_id"])).amount.amount == 77
    assert (await deal(store, tenant, opened["opportunity_id"])).kind == "won"


async def test_a_field_changed_on_both_sides_is_a_conflict_and_stays_unless_said_otherwise(store, tenant, tmp_path):
    made = company(tmp_path)
    await run(store, tenant, [tmp_path], EUR)
    opened = next(d for d in made.deals if d["deal_stage"] == "Engaging")
    id_ = imported_id("deal", "vendor", opened["opportunity_id"])
    await store.execute(tenant, deals, id_, ChangeAmount(amount=Money(amount=11, currency="EUR")), by=ANNA)
    account = imported_id("account", "vendor", made.accounts[1])
    await store.execute(tenant, accounts, account, ChangeAccount(industry="mining"), by=ANNA)
    opened["close_value"] = "22"
    write(tmp_path / "sales_pipeline.csv", list(opened), [list(d.values()) for d in made.deals])
    rows = cells_of(tmp_path / "accounts.csv")
    rows[2][1] = "banking"
    write(tmp_path / "accounts.csv", rows[0], rows[1:])
    planned = await plan(store, tenant, [tmp_path], EUR)
    assert (planned.counts[Kind.DEALS].conflict, planned.counts[Kind.ACCOUNTS].conflict) == (1, 1)
    assert {r.reason for r in planned.rows if r.outcome == "conflict" and r.kind is Kind.ACCOUNTS} == {
        "changed here and at the source: industry; what is here stays"
    }
    await run(store, tenant, [tmp_path], EUR)
    assert (await store.load(tenant, deals, id_)).state.amount.amount == 11
    assert (await store.load(tenant, accounts, account)).state.industry == "mining"
    await run(store, tenant, [tmp_path], EUR.model_copy(update={"conflicts": "source"}))
    assert (await store.load(tenant, accounts, account)).state.industry == "banking"


async def test_rejected_rows_go_to_a_file_with_row_column_and_reason(store, tenant, tmp_path):
    made = company(tmp_path / "in")
    bad = [list(d.values()) for d in made.deals]
    bad[3][6] = "31/31/2017"
    bad[4][7] = "=1+1"
    bad[5][0] = bad[0][0]
    write(tmp_path / "in" / "sales_pipeline.csv", list(made.deals[0]), bad)
    with (tmp_path / "in" / "sales_pipeline.csv").open("a") as file:
        file.write("one,cell,too,many,here,now,and,then,some\n")
    done = await run(store, tenant, [tmp_path / "in"], EUR, rejected_to=tmp_path / "rejected.csv")
    header, *cells = cells_of(tmp_path / "rejected.csv")
    rows = [dict(zip(header, r, strict=True)) for r in cells]
    assert [(r["row"], r["column"]) for r in rows] == [("5", "close_date"), ("6", "close_value"), ("7", "opportunity_id"), ("202", "")]
    assert rows[1]["value"] == "'=1+1"
    assert "row 2 already" in rows[2]["reason"]
    counts = done.counts[Kind.DEALS]
    assert (counts.rows, counts.rejected, counts.created) == (201, 4, 197)


async def test_ambiguous_dates_stop_the_import_until_they_are_answered(store, tenant, tmp_path):
    company(tmp_path, dates="dmy", unambiguous=False)
    with pytest.raises(AnswersNeeded) as refused:
        await run(store, tenant, [tmp_path], EUR)
    assert await store.head(tenant) == 0
    keys = [q["key"] for q in refused.value.data["questions"]]
    done = await run(store, tenant, [tmp_path], EUR.answering(dict.fromkeys(keys, "dmy")))
    assert done.counts[Kind.DEALS].rejected == 0


async def test_an_import_is_undone_and_comes_in_again(store, tenant, tmp_path):
    made = company(tmp_path)
    done = await run(store, tenant, [tmp_path], EUR)
    taken_back = await undo(store, tenant, done.run)
    assert not taken_back.kept
    assert taken_back.withdrawn == len(made.deals) + len(made.accounts) + 5 + 10 + 2 + 1
    assert (await deal(store, tenant, made.deals[0]["opportunity_id"])).withdrawn
    assert (await store.load(tenant, import_runs, done.run)).state.undone
    again = await run(store, tenant, [tmp_path], EUR)
    assert again.run != done.run
    assert again.counts[Kind.DEALS].created == len(made.deals)


async def test_undoing_an_update_returns_to_what_the_source_said_before(store, tenant, tmp_path):
    made = company(tmp_path)
    await run(store, tenant, [tmp_path], EUR)
    won = next(d for d in made.deals if d["deal_stage"] == "Won")
    before = won["close_value"]
    won["close_value"] = "77"
    write(tmp_path / "sales_pipeline.csv", list(won), [list(d.values()) for d in made.deals])
    second = await run(store, tenant, [tmp_path], EUR)
    taken_back = await undo(store, tenant, second.run)
    assert (taken_back.withdrawn, taken_back.restored) == (0, 1)
    assert (await deal(store, tenant, won["opportunity_id"])).amount.amount == int(before)


async def test_what_people_worked_on_stays_with_all_it_refers_to_and_is_listed(store, tenant, tmp_path):
    made = company(tmp_path)
    done = await run(store, tenant, [tmp_path], EUR)
    opened = next(d for d in made.deals if d["deal_stage"] == "Engaging" and d["account"])
    id_ = imported_id("deal", "vendor", opened["opportunity_id"])
    await store.execute(tenant, deals, id_, ChangeAmount(amount=Money(amount=11, currency="EUR")), by=ANNA)
    taken_back = await undo(store, tenant, done.run)
    kept = {(str(r.kind), r.source_id) for r in taken_back.kept}
    assert ("deals", opened["opportunity_id"]) in kept
    assert ("accounts", opened["account"]) in kept
    assert ("users", opened["sales_agent"]) in kept
    assert all(r.reason for r in taken_back.kept)
    assert not (await store.load(tenant, deals, id_)).state.withdrawn


async def test_a_run_that_was_taken_back_says_so_and_tries_again_only_what_was_kept(store, tenant, tmp_path):
    made = company(tmp_path)
    done = await run(store, tenant, [tmp_path], EUR)
    elsewhere = natural_id("opened by hand")
    account = imported_id("account", "vendor", made.accounts[0])
    await store.execute(tenant, accounts, elsewhere, OpenAccount(legal_name="Child", roles=("customer",), parent=account), by=ANNA)
    first = await undo(store, tenant, done.run)
    assert (first.already, [r.source_id for r in first.kept]) == (None, [made.accounts[0]])
    second = await undo(store, tenant, done.run)
    assert (second.withdrawn, second.restored, len(second.kept)) == (0, 0, 1)
    (told,) = [r.recorded_at for r in await store.history(tenant, done.run) if r.event.topic == "import.undone"]
    assert second.already == told


async def test_history_tells_who_imported_what(store, tenant, tmp_path):
    made = company(tmp_path)
    done = await run(store, tenant, [tmp_path], EUR, by=ANNA)
    began, finished = await store.history(tenant, done.run)
    assert began.on_behalf_of == ANNA.id
    assert {f.name: f.rows for f in began.event.files}["sales_pipeline.csv"] == len(made.deals)
    assert all(len(f.sha256) == 64 for f in began.event.files)
    assert finished.event.counts["deals"]["created"] == len(made.deals)
    (first, *_) = await store.history(tenant, imported_id("deal", "vendor", made.deals[0]["opportunity_id"]))
    assert first.correlation_id == done.run


@pytest.mark.parametrize("snake", [False, True])
async def test_salesforce_with_soft_deletes_merges_and_stage_histories(store, tenant, tmp_path, snake):
    made = salesforce(tmp_path, snake=snake)
    done = await run(store, tenant, [tmp_path], Overrides(currency="EUR"))
    assert done.counts[Kind.DEALS].skipped == sum(d["IsDeleted"] == "true" for d in made)
    assert done.counts[Kind.DEALS].created == sum(d["IsDeleted"] == "false" for d in made)
    assert done.counts[Kind.ACCOUNTS].skipped == 2
    assert {r.reason for r in done.rows if r.kind is Kind.ACCOUNTS and r.outcome == "skipped"} == {
        "deleted at the source", "merged into 001000000000000AAA at the source",
    }  # fmt: skip
    won = next(d for d in made if d["IsWon"] == "true" and d["IsDeleted"] == "false")
    history = await store.history(tenant, imported_id("deal", "salesforce", won["Id"]))
    assert [getattr(r.event, "stage_name", None) for r in history] == ["Prospecting", "Needs Analysis", "Negotiation/Review", "Closed Won"]
    assert [r.effective_at for r in history] == sorted(r.effective_at for r in history)
    state = await deal(store, tenant, won["Id"], "salesforce")
    assert state.won_on.isoformat() == won["CloseDate"]
    assert state.attributes["custom_c"] == "kept"
    assert state.owner is not None
    ada = await store.load(tenant, members, imported_id("member", "salesforce", "005000000000001AAA"))
    assert (ada.state.name, ada.state.manager) == ("Ada Moss", imported_id("member", "salesforce", "005000000000002AAA"))
    assert (await run(store, tenant, [tmp_path], Overrides(currency="EUR"))).events == 0


async def test_hubspot_with_stage_labels_associations_merges_and_histories(store, tenant, tmp_path):
    made = hubspot(tmp_path)
    done = await run(store, tenant, [tmp_path], Overrides(currency="EUR"))
    counts = done.counts[Kind.DEALS]
    assert (counts.rows, counts.skipped, counts.created) == (40, 3, 37)
    won = next(d for d in made if d["deal_pipeline_stage_id"] == "s-won==" and d["deal_id"] not in ("7001", "7002"))
    state = await deal(store, tenant, won["deal_id"], "hubspot")
    assert (state.kind, state.stage_name) == ("won", "Signed Up")
    assert state.account is not None
    history = await store.history(tenant, imported_id("deal", "hubspot", won["deal_id"]))
    assert [r.event.stage_name for r in history] == ["New Lead", "Demo", "Signed Up"]
    stageless = await deal(store, tenant, "7006", "hubspot")
    assert (stageless.stage_name, stageless.kind) == ("New Lead", "open")
    assert (await run(store, tenant, [tmp_path], Overrides(currency="EUR"))).events == 0


async def test_one_row_that_a_rule_refuses_is_rejected_and_the_others_go_on(store, tenant, tmp_path):
    rows = [
        ("1", "One", "Won", "5", "2020-01-02", "Acme"),
        ("2", "Two", "Won", "-5", "2020-01-02", "Acme"),
        ("3", "Three", "Won", "7", "2020-01-02", "Acme"),
    ]
    write(tmp_path / "deals.csv", ("deal id", "deal name", "stage", "amount", "close date", "account"), rows)
    done = await run(store, tenant, [tmp_path], EUR)
    counts = done.counts[Kind.DEALS]
    assert (counts.created, counts.rejected) == (2, 1)
    assert "Amount" in next(r.reason for r in done.rows if r.outcome == "rejected")


async def test_what_the_tenant_has_already_is_asked_about_and_referred_to(store, tenant, tmp_path):
    made = company(tmp_path)
    there = next(d["account"] for d in made.deals if d["deal_stage"] == "Won")
    id_ = natural_id("opened by hand")
    await store.execute(tenant, accounts, id_, OpenAccount(legal_name=there, roles=("customer",)), by=ANNA)
    directory = Directory(accounts=((there, f"={id_}"),))
    planned = await plan(store, tenant, [tmp_path], EUR, directory=directory)
    assert [q.default for q in planned.inspection.questions if q.key == "account:here"] == ["same"]
    assert planned.counts[Kind.ACCOUNTS].skipped == 1
    done = await run(store, tenant, [tmp_path], EUR, directory=directory)
    assert done.counts[Kind.ACCOUNTS].created == len(made.accounts) - 1
    won = next(d for d in made.deals if d["account"] == there)
    assert (await deal(store, tenant, won["opportunity_id"])).account == id_
    assert (await store.load(tenant, accounts, imported_id("account", "vendor", there))).version == 0


async def test_a_second_run_that_knows_what_the_first_brought_asks_nothing_about_it(store, tenant, tmp_path):
    made = company(tmp_path)
    await run(store, tenant, [tmp_path], EUR)
    directory = Directory(accounts=tuple((n, f"={imported_id('account', 'vendor', n)}") for n in made.accounts))
    again = await plan(store, tenant, [tmp_path], EUR, directory=directory)
    assert "account:here" not in {q.key for q in again.inspection.questions}
    assert again.counts[Kind.ACCOUNTS].unchanged == len(made.accounts)
    assert again.counts[Kind.DEALS].unchanged == len(made.deals)
