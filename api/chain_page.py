"""A causal chain as one page that can be read on a telephone and printed: plain HTML, no script, nothing from elsewhere, all escaped."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.causal_chains import CausalChain, ChainFigures, ChainStep

CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 16%,transparent);--soft:color-mix(in srgb,currentColor 68%,transparent);
--contract:light-dark(#1f6f8b,#6cc3e0);--dispute:light-dark(#a3401f,#f0a184);--supplier:light-dark(#6b4fa0,#bda3f2);--deal:light-dark(#2f6f3e,#86cf97)}
body{font:16px/1.55 system-ui,sans-serif;max-width:52rem;margin:0 auto;padding:2rem 1rem 4rem}
h1{font-size:1.6rem;line-height:1.25;margin:.1rem 0 .3rem}h2{font-size:1rem;margin:1.6rem 0 .2rem}
.soft{color:var(--soft);font-size:.9rem}.soft p{margin:.2rem 0}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.6rem;margin:1.2rem 0;padding:0}
.figures div{border:1px solid var(--line);border-radius:8px;padding:.5rem .8rem}
.figures dt{color:var(--soft);font-size:.85rem}.figures dd{margin:0;font-weight:600;font-variant-numeric:tabular-nums}
ul.things{list-style:none;padding:0;margin:.6rem 0;display:flex;flex-wrap:wrap;gap:.3rem 1.2rem}
ol{list-style:none;margin:0;padding:0}li.step{border-left:3px solid var(--of,var(--line));padding:.15rem 0 .55rem .9rem;overflow-wrap:anywhere}
.contract{--of:var(--contract)}.dispute{--of:var(--dispute)}.supplier{--of:var(--supplier)}.deal{--of:var(--deal)}
.noun{color:var(--of);font-weight:600}.step p{margin:0}a{color:inherit}:target{background:color-mix(in srgb,var(--of) 16%,transparent)}
@media print{:root{color-scheme:light}body{max-width:none;padding:0;font-size:10.5pt}li.step,.figures div{break-inside:avoid}h2{break-after:avoid}}
"""
_FIGURES = (
    ("claimed", "Claimed"),
    ("credited", "Credited"),
    ("paid", "Paid after all"),
    ("written_off", "Written off"),
    ("withdrawn", "Withdrawn"),
    ("open", "Open"),
)
_ALWAYS = {"claimed", "credited", "open"}


def chain_page(chain: CausalChain) -> str:
    """The whole page."""
    days = groupby(chain.steps, key=lambda step: step.effective_at.date())
    body = "".join(
        (
            "<p class=soft>Concord · one causal chain</p>",
            f"<h1>{escape(chain.title)}</h1>",
            f"<div class=soft><p>{_span(chain)}</p></div>",
            f"<ul class=things>{''.join(_thing(one.noun, one.name) for one in chain.things)}</ul>",
            _figures(chain.figures),
            _moves(chain.figures),
            *(f"<h2>{day:%A, %-d %B %Y}</h2><ol>{''.join(map(_step, steps))}</ol>" for day, steps in days),
            _hidden(chain.hidden),
            f"<div class=soft><p>Correlation id {chain.correlation_id} · read at position {chain.position}</p></div>",
        )
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<meta name=robots content=noindex><title>{escape(chain.title)}</title><style>{_STYLE}</style><main>{body}</main>"
    )


def _span(chain: CausalChain) -> str:
    first, last = chain.steps[0].effective_at, chain.steps[-1].effective_at
    count = len(chain.steps)
    when = "" if chain.as_of is None else f" As it stood at position {chain.as_of}."
    return f"{count} step{'' if count == 1 else 's'} from {first:%-d %B %Y} to {last:%-d %B %Y}, times in UTC.{when}"


def _thing(noun: str, name: str | None) -> str:
    return f"<li class={escape(noun)}><span class=noun>{escape(noun.capitalize())}</span> {escape(name or '')}</li>"


def _figures(figures: ChainFigures) -> str:
    cells = "".join(f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" for label, value in _cells(figures))
    return f"<dl class=figures>{cells}</dl>" if cells else ""


def _moves(figures: ChainFigures) -> str:
    """By what the score moved: the number alone reads as the breach's own effect."""
    return "" if figures.score_moves is None else f"<p class=soft>What moved the score: {escape(figures.score_moves.told)}</p>"


def _cells(figures: ChainFigures) -> Iterator[tuple[str, str]]:
    for name, label in _FIGURES:
        money = getattr(figures, name)
        if money is not None and (money.amount or name in _ALWAYS):
            yield label, str(money)
    if figures.score_after is not None:
        before = "" if figures.score_before is None else f"{figures.score_before:f} → "
        yield "Supplier's score", f"{before}{figures.score_after:f}"


def _step(step: ChainStep) -> str:
    late = f" · recorded {step.recorded_at:%Y-%m-%d %H:%M} UTC" if step.late else ""
    because = "" if step.because_of is None else f" · because of <a href='#p{step.because_of}'>{step.because_of}</a>"
    return (
        f"<li class='step {escape(step.noun)}' id=p{step.position}><p>{escape(step.sentence)}</p>"
        f"<p class=soft><span class=noun>{escape(step.noun.capitalize())}</span> · {step.effective_at:%H:%M} UTC · {escape(step.actor_name)}"
        f" · position {step.position}{because}{late}</p></li>"
    )


def _hidden(count: int) -> str:
    if not count:
        return ""
    words = "1 further step is about something" if count == 1 else f"{count} further steps are about things"
    return f"<div class=soft><p>{words} that you may not see.</p></div>"
