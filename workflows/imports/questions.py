"""Asking: each doubt becomes a question with a key, options and perhaps a default; answers come back by key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workflows.imports.faults import AnswersNeeded, BadMapping
from workflows.imports.report import Option, Question

CREATE, LEAVE = "+", "-"
"""Answers about a value that is not known: take it as a new one; leave it out."""


def counted(number: int, noun: str, verb: tuple[str, str] | None = None) -> str:
    """`1 row`, `2,000 rows`; with a verb, `1 row is`, `2,000 rows are`."""
    one = number == 1
    return f"{number:,} {noun}{'' if one else 's'}" + (f" {verb[0] if one else verb[1]}" if verb else "")


@dataclass(slots=True)
class Questions:
    """The questions of one import, with the answers given so far."""

    answers: Mapping[str, str]
    asked: dict[str, Question] = field(default_factory=dict)

    def ask(self, key: str, text: str, options: Sequence[tuple[str, str]], default: str | None = None, rows: int = 0) -> str | None:
        """The answer, else the default, else None. The question is remembered either way.

        Raises BadMapping when the answer given is none of the options.
        """
        answer = self.answers.get(key)
        allowed = {value for value, _ in options}
        if answer is not None and answer not in allowed:
            raise BadMapping(
                f"{answer!r} is no answer to {key!r}; answer one of {', '.join(sorted(allowed))}", question=key, options=sorted(allowed)
            )
        listed = tuple(Option(value=value, label=label) for value, label in options)
        self.asked[key] = Question(key=key, text=text, options=listed, default=default, rows=rows, answer=answer)
        return answer if answer is not None else default

    @property
    def all(self) -> tuple[Question, ...]:
        """Those that must be answered first."""
        return tuple(sorted(self.asked.values(), key=lambda q: (not q.open, -q.rows, q.key)))


def require_answers(questions: Sequence[Question]) -> None:
    """Raise AnswersNeeded when one has neither answer nor default: going on would be guessing."""
    missing = [q for q in questions if q.open]
    if missing:
        first = missing[0]
        choices = " or ".join(o.value for o in first.options)
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise AnswersNeeded(
            f"{first.text} Answer it with --answer '{first.key}={choices}'{more}.",
            questions=[q.model_dump(mode="json") for q in missing],
        )
