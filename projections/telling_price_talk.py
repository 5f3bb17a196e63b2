"""How what is to be said in the talk about a renewal is told."""

from __future__ import annotations

from domain.price_talk import ContractPriceTalkPrepared, DealPriceTalkPrepared, PriceTalk, TermBreach
from projections.telling import Names, listed, plain, telling


def _breach(breach: TermBreach) -> str:
    claim = breach.claim
    if claim is None:
        return f"“{breach.title}”, due on {plain(breach.due_on)}, {'by us' if breach.ours else 'by them'}"
    parts = (
        (claim.credited, "credited"),
        (claim.paid, "paid after all"),
        (claim.written_off, "written off"),
        (claim.withdrawn, "withdrawn"),
        (claim.open, "open"),
    )
    became = listed([f"{money} {word}" for money, word in parts if money.amount], "nothing")
    return f"“{breach.title}”, due on {plain(breach.due_on)}, {'by us' if breach.ours else 'by them'} ({claim.claimed} claimed: {became})"


def score_told(talk: PriceTalk) -> str:
    """How the supplier's score moved, in words; empty where there is none."""
    if talk.score is None:
        return ""
    band = f", {talk.band}" if talk.band else ""
    if talk.score_before is None or talk.score_before == talk.score:
        return f"the score is {talk.score:f}{band}"
    return f"the score went from {talk.score_before:f} to {talk.score:f}{band}"


_LATEST = 3
"""So many breaches are told in full; a sentence that tells twenty tells nothing."""


def _talk(talk: PriceTalk) -> str:
    count = len(talk.breaches)
    latest = "" if count <= _LATEST else "the latest are "
    told = listed([_breach(b) for b in talk.breaches[-_LATEST:]])
    what = f"{count} thing{' was' if count == 1 else 's were'} not done in time: {latest}{told}"
    credited = f"; {listed([str(money) for money in talk.credited])} came back to us" if talk.credited else ""
    score = f"; {score_told(talk)}" if score_told(talk) else ""
    return (
        f"in the term from {plain(talk.term_start)} to {plain(talk.term_end)} {what if count else 'everything was done'}{credited}{score}."
    )


@telling(ContractPriceTalkPrepared)
def _(event: ContractPriceTalkPrepared, _: Names) -> str:
    return f"For the talk about the renewal: {_talk(event.talk)}"


@telling(DealPriceTalkPrepared)
def _(event: DealPriceTalkPrepared, names: Names) -> str:
    return f"For the talk about the price of {names.of(event.contract)}: {_talk(event.talk)}"
