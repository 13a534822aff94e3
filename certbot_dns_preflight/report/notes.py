"""Warnings and information below the failures, in sentences, alike ones once. Pure.

Decides which sentences there are and what one says for several names. `text` decides how many are
shown, and lays them out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.report.sentences import (
    capitalised,
    label,
    with_code,
    without_final_dot,
)
from certbot_dns_preflight.report.surface import as_typed
from certbot_dns_preflight.report.words import listing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome
    from certbot_dns_preflight.report.surface import Surface

MOST_NOTES = 8
_MOST_ALIKE = 2
_MOST_NAMES = 4
_LABELS = ("error", "warning", "note")


def note_lines(outcome: Outcome, surface: Surface, *, detailed: bool) -> list[tuple[str, str]]:
    """Give each note with its label; `detailed` has one for every name."""
    groups: dict[tuple[str, str], dict[str, list[str]]] = {}
    for wanted in _LABELS:
        for challenge in outcome.challenges:
            for finding in challenge.findings:
                if label(finding) != wanted or (
                    # Errors of what is not ready were shown above.
                    finding.severity is Severity.ERROR and challenge.verdict is not Verdict.READY
                ):
                    continue
                summaries = groups.setdefault((wanted, finding.code), {})
                names = summaries.setdefault(without_final_dot(finding.summary), [])
                names.append(challenge.survey.challenge.domain)
    return [
        (shown, f"{with_code(capitalised(as_typed(printable(words), surface)), printable(code))}.")
        for (shown, code), summaries in groups.items()
        for words in _alike(summaries, detailed=detailed)
    ]


def names_by_code(challenges: Iterable[ChallengeOutcome]) -> str:
    """List names that failed by the code that explains each."""
    names: dict[str, list[str]] = {}
    for judged in challenges:
        first = next((f.code for f in judged.findings if f.severity is Severity.ERROR), "none")
        names.setdefault(first, []).append(judged.survey.challenge.domain)
    return ", ".join(
        f"{listing((*some,), most=_MOST_NAMES)} ({printable(code)})" for code, some in names.items()
    )


def _alike(summaries: dict[str, list[str]], *, detailed: bool) -> list[str]:
    """Word what one code says: each sentence, or one for all its names."""
    if len(summaries) <= _MOST_ALIKE or detailed:
        return list(summaries)
    first, *rest = summaries
    domain = summaries[first][0]
    others = tuple(name for words in rest for name in summaries[words])
    if first.startswith(f"{domain} has "):
        subject = listing((domain, *others), most=_MOST_NAMES)
        have = first.removeprefix(f"{domain} has ").replace("the name is ", "the names are ")
        return [f"{subject} have {have}"]
    names = listing(tuple(dict.fromkeys(others)), most=_MOST_NAMES)
    return [f"{first}; the same for {names}"]
