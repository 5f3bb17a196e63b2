"""`concord settings show | set | deal-rules | contract-rules | dispute-rules | access-log`: what holds in a tenant, and the rules that it chooses."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli.client import calling
from api.cli.deals_move import matching
from api.cli.formats import NONE, plain, table, words
from api.cli.options import Json, TenantName
from api.cli.outcomes import Ended, Exit, out, say_change, say_json, told
from api.cli.settings_disputes import dispute_rules
from api.cli.tree import group
from api.cli.views import View, reading
from api.cli.written_values import a_day


@reading()
def show(view: View) -> None:
    """The settings and the rules, now or as they were.

    Example:
      concord settings show --as-of 2026-03-31
    """
    with view.calling() as client:
        answer = client.get("/v1/settings", view.params(client))
    if view.as_json:
        say_json(answer)
        return
    view.heading()
    item, rules = answer["item"], answer["item"]["deal_rules"]
    _print(
        "settings",
        {name: item[name] for name in ("currency", "zone", "fiscal_year_start", "country", "calendar")}
        | {"calendars": ", ".join(sorted(item["calendars"])), "access log kept for": _kept_for(item["access_keep_days"])},
    )
    _print("rules for deals", {name: ", ".join(map(words, value)) if isinstance(value, list) else value for name, value in rules.items()})
    rules = dict(item["contract_rules"])
    bands = [f"from {band['above']}: {', '.join(map(str, band['days']))} days" for band in rules.pop("alerts")]
    _print("rules for contracts", {"alerts": "; ".join(bands), **rules})


def _kept_for(days: int | None) -> str:
    return "ever" if days is None else f"{days:,} days"


def _print(title: str, facts: dict[str, Any]) -> None:
    out.print(f"[bold]{title}[/]")
    made = table("", "", show_header=False)
    for name, value in facts.items():
        made.add_row(f"[dim]{words(name)}[/]", plain(value) if value not in (None, "") else NONE)
    out.print(made)


@told
def set_(
    currency: Annotated[str | None, typer.Option("--currency", help="The reporting currency, like EUR.")] = None,
    zone: Annotated[str | None, typer.Option("--zone", help="Like Europe/Berlin.")] = None,
    fiscal_year_start: Annotated[int | None, typer.Option("--fiscal-year-start", help="The month it begins in, 1 to 12.")] = None,
    country: Annotated[str | None, typer.Option("--country", help="Two letters, like DE.")] = None,
    calendar: Annotated[str | None, typer.Option("--calendar", help="Our own working calendar, by its key.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Change settings; those left away stay.

    Example:
      concord settings set --currency EUR --zone Europe/Berlin --fiscal-year-start 4
    """
    given = {
        "currency": currency.upper() if currency else None,
        "zone": zone,
        "fiscal_year_start": fiscal_year_start,
        "country": country.upper() if country else None,
        "calendar": calendar,
    }
    _change("/v1/settings", given, tenant, as_json=as_json)


@told
def deal_rules(
    commit_needs: Annotated[
        list[str] | None,
        typer.Option("--commit-needs", help="What commit asks for: amount, close_date, next_step, economic_buyer, approvals; repeat."),
    ] = None,
    next_step_within: Annotated[int | None, typer.Option("--next-step-within", help="Days in which commit needs a next step.")] = None,
    reason_over: Annotated[
        int | None, typer.Option("--close-date-reason-over", help="Days by which a close date moves without a reason.")
    ] = None,
    push_cap: Annotated[int | None, typer.Option("--push-cap-from", help="Pushes from which on a deal is best case at most.")] = None,
    back_reason: Annotated[list[str] | None, typer.Option("--back-reason", help="All reasons for going back; repeat.")] = None,
    lost_reason: Annotated[list[str] | None, typer.Option("--lost-reason", help="All reasons for losing; repeat.")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Change the rules for deals; those left away stay, and what was decided before stays as it was.

    Examples:
      concord settings deal-rules --push-cap-from 4 --close-date-reason-over 30
      concord settings deal-rules --lost-reason price --lost-reason competitor --lost-reason other
    """
    given = {
        "commit_needs": commit_needs,
        "commit_next_step_within": next_step_within,
        "close_date_reason_over": reason_over,
        "push_cap_from": push_cap,
        "back_reasons": back_reason,
        "lost_reasons": lost_reason,
    }
    _change("/v1/settings/deal-rules", given, tenant, as_json=as_json)


@told
def contract_rules(
    renewal_lead_days: Annotated[
        int | None,
        typer.Option("--renewal-lead-days", help="Days before the last day for notice at which a renewal begins to be prepared."),
    ] = None,
    manager_from: Annotated[
        int | None, typer.Option("--manager-from", help="From so few days left on, the owner's manager is told too.")
    ] = None,
    alerts: Annotated[
        list[str] | None,
        typer.Option(
            "--alerts", metavar="WORTH:DAYS", help="Days left at which the owner is told, for contracts worth so much a year; repeat."
        ),
    ] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Change the rules for contracts; those left away stay, and what was decided before stays as it was.

    Examples:
      concord settings contract-rules --renewal-lead-days 120
      concord settings contract-rules --alerts 0:60,30,14,7 --alerts 50000:120,90,60,30,14,7
    """
    given = {"renewal_lead_days": renewal_lead_days, "manager_from": manager_from, "alerts": [_band(one) for one in alerts or ()]}
    _change("/v1/settings/contract-rules", given, tenant, as_json=as_json)


@told
def access_log(
    keep_days: Annotated[int | None, typer.Option("--keep-days", help="Each day of it is kept for so many days, 365 or more.")] = None,
    for_ever: Annotated[bool, typer.Option("--for-ever", help="All of it is kept.")] = False,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """Say how long the access log is kept: for ever, until you say otherwise. For administrators; without options, it tells what holds.

    Once a day whole days that are older are removed, and each removal is told in the log with the day's count and root. Entries of
    a person on hold (`concord privacy hold`) keep their day. What was removed does not come back.

    Examples:
      concord settings access-log
      concord settings access-log --keep-days 1095
      concord settings access-log --for-ever
    """
    if keep_days is not None and for_ever:
        raise Ended("Say --keep-days DAYS or --for-ever, not both.", Exit.USAGE)
    with calling(tenant) as client:
        if keep_days is None and not for_ever:
            held = client.get("/v1/settings")["item"]["access_keep_days"]
            if as_json:
                say_json({"access_keep_days": held})
            else:
                out.print(f"The access log is kept for {_kept_for(held)}; --keep-days DAYS or --for-ever changes that.")
            return
        answer = client.post("/v1/settings/access-log", {"keep_days": keep_days}, if_match=matching(None))
    say_change(answer, f"The access log is kept for {_kept_for(keep_days)}", as_json=as_json)


def _band(written: str) -> dict[str, Any]:
    above, colon, days = written.partition(":")
    if not colon or not all(day.strip().isdigit() for day in days.split(",")):
        raise Ended(f"--alerts {written!r}: write WORTH:DAYS, like 50000:120,90,60,30,14,7.", Exit.USAGE)
    return {"above": above.strip(), "days": [int(day) for day in days.split(",")]}


@reading()
def calendars(view: View) -> None:
    """The working calendars: whose days, which hours, how many holidays.

    Example:
      concord settings calendars
    """
    with view.calling() as client:
        found = client.get("/v1/settings", view.params(client))["item"]["calendars"]
    items = [{"key": key, **calendar} for key, calendar in sorted(found.items())]

    def rows(shown: list[dict[str, Any]]) -> Any:
        made = table("calendar", "zone", "weekend", "hours", "holidays", right=("holidays",), whole=("hours",))
        for one in shown:
            hours = f"{one['opens'][:5]}-{one['closes'][:5]}"
            made.add_row(plain(one["key"]), plain(one["zone"]), ", ".join(map(str, one["weekend"])), hours, str(len(one["holidays"])))
        return made

    empty = "No calendars yet. State one with `concord settings calendar KEY --zone ZONE`."
    view.print_list({"items": items, "next": None}, "calendar", rows, empty=empty)


@told
def calendar_(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Letters, digits, _ and -, like DE-BE.")],
    zone: Annotated[str, typer.Option("--zone", help="Like Europe/Berlin.")],
    weekend: Annotated[
        list[int] | None, typer.Option("--weekend", min=1, max=7, help="1 Monday to 7 Sunday; repeat (default: 6 and 7).")
    ] = None,
    holiday: Annotated[list[str] | None, typer.Option("--holiday", help="'DAY, NAME', like '2027-01-01, New Year'; repeat.")] = None,
    opens: Annotated[str | None, typer.Option("--opens", metavar="TIME", help="Like 08:30 (default: 09:00).")] = None,
    closes: Annotated[str | None, typer.Option("--closes", metavar="TIME", help="Like 18:00 (default: 17:00).")] = None,
    tenant: TenantName = None,
    as_json: Json = False,
) -> None:
    """State on which days and hours a party works, as a whole: what is left away is no holiday any more.

    Example:
      concord settings calendar DE-BE --zone Europe/Berlin --holiday "2027-01-01, New Year"
    """
    days = []
    for written in holiday or ():
        day, comma, name = (part.strip() for part in written.partition(","))
        if not comma or not name:
            raise Ended(f"--holiday {written!r}: write 'DAY, NAME', like '2027-01-01, New Year'.", Exit.USAGE)
        days.append({"day": a_day(day, "--holiday"), "name": name})
    given = {"key": key, "zone": zone, "weekend": weekend, "holidays": days, "opens": opens, "closes": closes}
    _change("/v1/settings/calendars", given, tenant, as_json=as_json)


def _change(path: str, given: dict[str, Any], tenant: str | None, *, as_json: bool) -> None:
    body = {name: value for name, value in given.items() if value not in (None, [])}
    if not body:
        raise Ended("Say what is to change; --help lists what there is.", Exit.USAGE)
    with calling(tenant) as client:
        answer = client.post(path, body, if_match=matching(None))
    say_change(answer, "Changed", as_json=as_json)


def add_to(app: typer.Typer) -> None:
    more = (
        ("contract-rules", contract_rules),
        ("dispute-rules", dispute_rules),
        ("calendars", calendars),
        ("calendar", calendar_),
        ("access-log", access_log),
    )
    words_ = "Settings: currency, zone, fiscal year, and the rules that you choose"
    group(app, "settings", words_, ("show", show), ("deal-rules", deal_rules), ("set", set_), *more)
