"""What the pages of proofs have in common: plain HTML for telephone, screen and paper, no script, nothing from elsewhere, all escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
_STYLE = """
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 16%,transparent);--soft:color-mix(in srgb,currentColor 68%,transparent);
--holds:light-dark(#2f6f3e,#86cf97);--fails:light-dark(#a3231f,#ff9d94)}
*{box-sizing:border-box}body{font:16px/1.55 system-ui,sans-serif;max-width:52rem;margin:0 auto;padding:2rem 1rem 4rem}
h1{font-size:1.6rem;line-height:1.25;margin:.1rem 0 .6rem}h2{font-size:1rem;margin:1.8rem 0 .3rem}p{margin:.3rem 0}
.soft{color:var(--soft);font-size:.9rem}a{color:inherit}nav{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem}
.says{border-left:4px solid var(--of);padding:.4rem .9rem;margin:1rem 0}.says strong{color:var(--of)}.holds{--of:var(--holds)}.fails{--of:var(--fails)}
dl{display:grid;grid-template-columns:10rem 1fr;gap:.35rem 1rem;margin:.4rem 0}dt{color:var(--soft)}dd{margin:0;min-width:0}
code,pre{font:.85rem/1.5 ui-monospace,monospace;overflow-wrap:anywhere}pre{white-space:pre-wrap;border:1px solid var(--line);border-radius:8px;
padding:.6rem .8rem;margin:.4rem 0}ol{padding-left:1.8rem;margin:.4rem 0}li{margin:.25rem 0}
form{display:flex;flex-wrap:wrap;gap:.6rem;align-items:end;margin:.5rem 0}label{display:grid;gap:.15rem;color:var(--soft);font-size:.9rem}
input,button{font:inherit;color:inherit;background:transparent;border:1px solid var(--soft);border-radius:6px;padding:.45rem .7rem;min-height:2.75rem}
input{width:11rem;max-width:100%}button{cursor:pointer}
@media(max-width:34rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}
@media print{:root{color-scheme:light}body{max-width:none;padding:0;font-size:10.5pt}form,nav,.asking{display:none}li,pre{break-inside:avoid}h2{break-after:avoid}}
"""


def frame(title: str, *parts: str) -> str:
    """The whole page around its parts, which are HTML already."""
    links = "<nav class=soft><span>Concord · proofs</span><a href='/v1/proofs/status'>The log's state</a></nav>"
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><meta name=robots content=noindex>"
        f"<title>{escape(title)}</title><style>{_STYLE}</style><main>{links}<h1>{escape(title)}</h1>{''.join(parts)}</main>"
    )


def says(holds: bool, verdict: str, *sentences: str) -> str:
    """The verdict, set off from what else there is to say."""
    more = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    return f"<div class='says {'holds' if holds else 'fails'}'><p><strong>{escape(verdict)}</strong></p>{more}</div>"


def section(title: str, *parts: str) -> str:
    """A heading and what is under it, which is HTML already."""
    return f"<h2>{escape(title)}</h2>{''.join(parts)}"


def words(sentence: str) -> str:
    """A paragraph."""
    return f"<p>{escape(sentence)}</p>"


def code(text: str) -> str:
    """Something to copy, within a line."""
    return f"<code>{escape(text)}</code>"


def block(text: str) -> str:
    """Lines to copy."""
    return f"<pre>{escape(text)}</pre>"


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Names, and what each is, which is HTML already."""
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in rows) + "</dl>"


def asking() -> str:
    """The forms for another position and another pair of sizes."""
    return (
        "<section class=asking><h2>Ask for another proof</h2>"
        f"<form action='/v1/proofs/inclusion'>{_number('position', 'Position of an event')}<button>Prove that it is in the log</button></form>"
        f"<form action='/v1/proofs/consistency'>{_number('from', 'From how many events')}{_number('to', 'To how many')}"
        "<button>Prove that nothing was altered between</button></form></section>"
    )


def _number(name: str, label: str) -> str:
    return f"<label>{label}<input name={name} inputmode=numeric pattern='[0-9]+' required autocomplete=off></label>"


def refusal_page(detail: str, rule: str, instance: str) -> str:
    """Why there is no proof to show, in words."""
    title = "This event was altered" if rule == "EventAltered" else "Nothing is shown here"
    return frame(
        title,
        says(False, detail, "So nothing is proven by this page."),
        asking(),
        f"<p class=soft>{escape(rule)} · {escape(instance)}</p>",
    )
