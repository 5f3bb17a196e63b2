"""`concord today`: what awaits the caller."""

from __future__ import annotations

from datetime import date

import typer

from api.cli.approvals import approvals_table
from api.cli.contract_tables import days_table
from api.cli.deal_tables import print_deals
from api.cli.dispute_tables import disputes_table
from api.cli.formats import plain, table, when
from api.cli.outcomes import out, say_json
from api.cli.tree import add
from api.cli.views import View, reading
from api.cli.zones import clock


@reading(eyes=True)
def today(view: View) -> None:
    """What awaits you: approvals, follow-ups, notifications, days of contracts, deals that need attention, moves under way.

    Example:
      CONCORD_API_KEY=ck_... CONCORD_ADDRESS=http://127.0.0.1:8000 concord today
    """
    with view.calling() as client:
        found = client.get("/v1/today", view.params(client))
        until = view.until(client)
    if view.as_json:
        say_json(found)
        return
    view.heading()
    if not any(found[part] for part in ("approvals", "follow_ups", "notifications", "contract_days", "attention", "pending", "disputes")):
        out.print("Nothing awaits you. `concord deals board` shows the open deals.")
        return
    if found["approvals"]:
        out.print("[bold]approvals that ask you[/]")
        out.print(approvals_table(found["approvals"]))
        out.print("[dim]concord approvals show NAME, then approve or reject[/]\n")
    if found["follow_ups"]:
        out.print("[bold]follow-ups[/]")
        made = table("due", "what", whole=("due",))
        for promise in found["follow_ups"]:
            due = promise["due"]
            made.add_row(f"[red]{due}[/]" if date.fromisoformat(due) < clock.today else due, plain(promise["text"]))
        out.print(made)
    if found["notifications"]:
        out.print("\n[bold]notifications[/]")
        made = table("when", "what", whole=("when",))
        for notice in found["notifications"]:
            style = "[dim]" if notice["read"] else ""
            made.add_row(when(notice["raised_at"]), f"{style}{plain(notice['title'])}\n[dim]{plain(notice['body'])}[/]")
        out.print(made)
    if found["contract_days"]:
        out.print("\n[bold]contracts: deadlines near, and what is due[/]")
        out.print(days_table(found["contract_days"], until))
    for part, heading in (("attention", "deals that need attention"), ("pending", "moves under way")):
        if found[part]:
            out.print(f"\n[bold]{heading}[/]")
            print_deals(found[part], "", until)
    if found["disputes"]:
        out.print("\n[bold]disputes[/]")
        out.print(disputes_table(found["disputes"]))


def add_to(app: typer.Typer) -> None:
    add(app, today)
