"""The sums behind a forecast, as one query: grouped by ids in the deals alone, names joined to the groups."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from projections.accounts import ACCOUNTS
from projections.as_of import AsOf
from projections.deals import DEALS, LINES
from projections.forecast_question import Question
from projections.forecast_rows import Dimension
from projections.members import MEMBERS, TEAMS
from projections.pipelines import PIPELINES, PRODUCTS


class Measure(StrEnum):
    """total: over the whole term. annual: the recurring value per twelve months."""

    TOTAL = "total"
    ANNUAL = "annual"


_NAMES = {
    Dimension.OWNER: (MEMBERS, "name"),
    Dimension.TEAM: (TEAMS, "name"),
    Dimension.PRODUCT: (PRODUCTS, "name"),
    Dimension.ACCOUNT: (ACCOUNTS, "legal_name"),
    Dimension.PIPELINE: (PIPELINES, "name"),
}
_COLUMNS = (
    "id owner team account pipeline stage kind category probability amount annual currency close_date books_on books_in source stalled lapsed "
    "pending_to needs_attention commit_lost words"
).split()


def sums(as_of: AsOf, question: Question, by: Sequence[Dimension], measure: Measure, *, todays_team: bool, days: bool = False) -> str:
    """A query whose rows `Gathering.add` takes. `days`: won deals are grouped by the day they booked on, too."""
    own = "amount" if measure is Measure.TOTAL else "annual"
    relation = f"(SELECT * FROM {as_of.of(DEALS, *_COLUMNS)} AS r WHERE {' AND '.join(question.counted)}) AS d"
    keys = {dimension: f"d.{dimension.value}" for dimension in Dimension} | {Dimension.PERIOD: "d.books_in"}
    value, deals = f"d.{own}", "count(*)"
    if todays_team and Dimension.TEAM in by:
        relation += f" LEFT JOIN {MEMBERS.name} AS today ON today.id = d.owner"
        keys[Dimension.TEAM] = "today.team"
    if Dimension.REGION in by:
        relation += f" LEFT JOIN {as_of.of(ACCOUNTS, 'id', 'country')} AS a ON a.id = d.account"
        keys[Dimension.REGION] = "a.country"
    if Dimension.PRODUCT in by:
        relation += f" LEFT JOIN {as_of.of(LINES, 'deal', 'product', 'total', 'annual', 'again')} AS l ON l.deal = d.id"
        keys[Dimension.PRODUCT] = "l.product"
        value, deals = f"CASE WHEN l.deal IS NULL THEN d.{own} ELSE l.{measure.value} END", "count(*) FILTER (WHERE l.again IS NOT TRUE)"
    selected = "".join(f", {keys[dimension]} AS k{number}" for number, dimension in enumerate(by))
    booked = "CASE WHEN d.kind = 'won' THEN d.books_on END" if days else "NULL::date"
    groups = ", ".join(str(number + 1) for number in range(len(by) + 4))
    grouped = (
        f"SELECT d.category, d.currency, {booked} AS booked{selected}, d.probability, {deals} AS deals, coalesce(sum({value}), 0) AS amount "
        f"FROM {relation} GROUP BY {groups}"
    )
    names, joins = "", ""
    for number, dimension in enumerate(by):
        if dimension in _NAMES:
            table, column = _NAMES[dimension]
            names += f", n{number}.{column}"
            joins += f" LEFT JOIN {as_of.of(table, 'id', column)} AS n{number} ON n{number}.id = s.k{number}"
        else:
            names += ", NULL"
    return f"SELECT s.*{names} FROM ({grouped}) AS s{joins}"
