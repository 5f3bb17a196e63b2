"""The page on which somebody outside reads a paper and signs it: plain HTML, no script, nothing from elsewhere, all of it escaped."""

from __future__ import annotations

from datetime import datetime
from html import escape

from domain.papers import CONSENT, Paper, Signatory
from domain.papers.content import PaperContent
from domain.papers.terms import PaperStatus

CSP = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_STYLE = """
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 18%,transparent);--soft:color-mix(in srgb,currentColor 65%,transparent);--accent:#1f6f8b}
body{font:16px/1.55 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:2rem 1rem 5rem}
h1{font-size:1.5rem;line-height:1.25;margin:.2rem 0 .6rem}h2{font-size:1.05rem;margin:2rem 0 .4rem}
.soft{color:var(--soft)}.note{border-left:4px solid var(--accent);padding:.6rem 1rem;margin:1.2rem 0;background:color-mix(in srgb,var(--accent) 9%,transparent)}
table{border-collapse:collapse;width:100%;margin:.8rem 0}td,th{text-align:left;vertical-align:top;padding:.35rem .5rem;border-bottom:1px solid var(--line)}
.n{text-align:right;white-space:nowrap}dl{display:grid;grid-template-columns:auto 1fr;gap:.2rem 1.2rem}dt{color:var(--soft)}dd{margin:0}
form{border:1px solid var(--line);border-radius:8px;padding:1rem 1.2rem;margin:1rem 0}label{display:block;margin:.5rem 0}
input[type=text],textarea{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid var(--soft);border-radius:6px;background:Canvas;color:CanvasText}
button{font:inherit;font-weight:600;padding:.55rem 1.2rem;border:0;border-radius:6px;background:var(--accent);color:#fff;cursor:pointer}
button.plain{background:none;color:inherit;border:1px solid var(--soft)}a{color:var(--accent)}
"""
_OVER = {
    PaperStatus.COMPLETED: "Everybody has signed. You can download the signed paper below and keep it.",
    PaperStatus.DECLINED: "This paper was declined, so that nobody can sign it any more.",
    PaperStatus.VOIDED: "This paper was taken back by who sent it. Please ask them if you expected otherwise.",
    PaperStatus.EXPIRED: "The time for signing this paper is over. Please ask who sent it for a new one.",
}


def message(title: str, words: str) -> str:
    """A page that only says something."""
    return _page(title, f"<h1>{escape(title)}</h1><p>{escape(words)}</p>")


def signing_page(token: str, paper: Paper, content: PaperContent, who: Signatory, *, over: bool) -> str:
    """The paper with what its reader may do about it. `over`: the time for signing has passed."""
    base = f"/sign/{escape(token)}"
    parts = [
        f"<p class=soft>{escape(content.sender.name)} · {escape(content.kind.label)} {escape(content.number)}</p>",
        f"<h1>{escape(content.title)}</h1>",
        f"<p>For <strong>{escape(who.name)}</strong>, to sign for <strong>{escape(who.party)}</strong>.</p>",
        _standing(paper, who, over=over),
        f"<p><a href='{base}/paper.pdf'>{'Download the signed paper' if paper.sealed else 'Open the paper'} (PDF)</a></p>",
        *_told(content),
    ]
    if who.signed or over or paper.status in _OVER:
        return _page(content.title, "".join(parts))
    parts += [_sign_form(base, paper), _decline_form(base)]
    return _page(content.title, "".join(parts))


def _standing(paper: Paper, who: Signatory, *, over: bool) -> str:
    if paper.status in _OVER:
        words = _OVER[paper.status]
    elif who.signed:
        words = "You have signed. Once everybody has, the signed paper can be downloaded from this page."
    elif over:
        words = _OVER[PaperStatus.EXPIRED]
    else:
        assert paper.expires_at is not None, "what is out has an end"
        words = f"Please read the paper, then sign or decline it by {_last_day(paper.expires_at)}."
    return f"<p class=note>{escape(words)}</p>"


def _last_day(end: datetime) -> str:
    return f"{end:%Y-%m-%d %H:%M %Z}"


def _told(content: PaperContent) -> list[str]:
    parts = ["<dl>", *(f"<dt>{escape(f.label)}</dt><dd>{escape(f.value)}</dd>" for f in content.facts)]
    parts.append(f"<dt>To</dt><dd>{'<br>'.join(map(escape, (content.recipient.name, *content.recipient.lines)))}</dd></dl>")
    parts += [f"<p>{escape(words)}</p>" for words in content.intro]
    if content.items:
        head = "<tr><th>Item</th><th class=n>Quantity</th><th class=n>Unit price</th><th class=n>Discount</th><th class=n>Total</th></tr>"
        rows = [
            f"<tr><td>{escape(i.label)}<br><span class=soft>{escape(i.detail)}</span></td>"
            + "".join(f"<td class=n>{escape(cell)}</td>" for cell in (i.quantity, i.unit_price, i.discount, i.total))
            + "</tr>"
            for i in content.items
        ]
        parts += ["<table>", head, *rows, "</table>"]
    if content.sums:
        parts += [
            "<table>",
            *(f"<tr><td>{escape(s.label)}</td><td class=n><strong>{escape(s.amount)}</strong></td></tr>" for s in content.sums),
        ]
        parts.append("</table>")
    for number, clause in enumerate(content.clauses, 1):
        parts.append(f"<h2>{number}. {escape(clause.title)}</h2>")
        parts += [f"<p>{escape(words)}</p>" for words in clause.paragraphs]
    parts += [f"<p>{escape(words)}</p>" for words in content.closing]
    return parts


def _sign_form(base: str, paper: Paper) -> str:
    return (
        f"<h2>Sign</h2><form method=post action='{base}/sign'><input type=hidden name=document value='{escape(paper.document.sha256)}'>"
        "<label>Your name, as your signature<input type=text name=typed_name required maxlength=200 autocomplete=name></label>"
        f"<label><input type=checkbox name=consent value=yes required> {escape(CONSENT)}</label>"
        "<p class=soft>With your signature we keep your name, the time and your network address.</p>"
        "<button>Sign the paper</button></form>"
    )


def _decline_form(base: str) -> str:
    return (
        f"<h2>Or decline</h2><form method=post action='{base}/decline'>"
        "<label>Why you do not sign<textarea name=reason rows=3 required maxlength=2000></textarea></label>"
        "<button class=plain>Decline the paper</button></form>"
    )


def _page(title: str, body: str) -> str:
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<meta name=robots content=noindex><title>{escape(title)}</title><style>{_STYLE}</style><main>{body}</main>"
    )
