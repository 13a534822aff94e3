"""An outcome as a monitoring plugin's output (Nagios, Icinga, Checkmk and their kin). Pure.

Decides the state, the one line with performance data, and the long output below it, bounded to
what such systems keep. The state is also the plugin's exit status.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.report.confirm import commands
from certbot_dns_preflight.report.headline import headline
from certbot_dns_preflight.report.remedy import beside_records
from certbot_dns_preflight.report.sentences import label

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome
    from certbot_dns_preflight.renewals.lineages import Check, Renewal

SERVICE: Final = "DNS-PREFLIGHT"
_LONGEST_LINE = 400
_MOST_LINES = 60
_MOST_RECORDS = 4
_LEADS = ("dns-preflight: ", "Ready: ", "Not ready: ", "Cannot tell: ")


class State(enum.IntEnum):
    """The states, as exit statuses."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


def state(verdict: Verdict, findings: Iterable[Finding]) -> State:
    """Give the state: warnings count where everything is ready."""
    match verdict:
        case Verdict.NOT_READY:
            return State.CRITICAL
        case Verdict.INCONCLUSIVE:
            return State.UNKNOWN
        case Verdict.READY:
            warned = any(finding.severity is not Severity.INFO for finding in findings)
            return State.WARNING if warned else State.OK


def state_of(outcome: Outcome) -> State:
    """Give the state of a run."""
    return state(outcome.verdict, _all_findings(outcome.challenges))


def state_of_renewals(check: Check) -> State:
    """Give the state of a check of renewals."""
    return state(check.verdict, (f for renewal in check.renewals for f in renewal.findings))


def render(outcome: Outcome) -> str:
    """Write a run, without a final line end."""
    challenges = outcome.challenges
    figures: dict[str, str] = {
        "time": f"{outcome.elapsed:.3f}s;;;0",
        "names": f"{len(challenges)};;;0",
        **_verdict_counts(challenge.verdict for challenge in challenges),
        "warnings": f"{_warnings(_all_findings(challenges))};;;0",
    }
    ready_after = [c.survey.ready_after for c in challenges if c.survey.ready_after is not None]
    if ready_after:
        figures["ready_after"] = f"{max(ready_after):.3f}s;;;0"
    words = headline(outcome)
    current = state_of(outcome)
    if current is State.WARNING:
        words = f"{words} {_first_warning(_all_findings(challenges))}"
    details = [
        line
        for challenge in sorted(challenges, key=lambda c: c.verdict is Verdict.READY)
        for line in _challenge_lines(challenge)
    ]
    return _output(current, words, figures, details)


def render_renewals(check: Check, answer: str) -> str:
    """Write a check of renewals, without a final line end; `answer` is its first line in text."""
    days = [
        left
        for renewal in check.renewals
        if (left := renewal.lineage.days_left(check.started)) is not None
    ]
    figures: dict[str, str] = {
        "time": f"{check.elapsed:.3f}s;;;0",
        "lineages": f"{len(check.renewals)};;;0",
        **_verdict_counts(renewal.verdict for renewal in check.renewals),
        "warnings": f"{sum(_warnings(renewal.findings) for renewal in check.renewals)};;;0",
    }
    if days:
        figures["days_left"] = f"{min(days)}"
    details = [line for renewal in check.renewals for line in _renewal_lines(renewal)]
    return _output(state_of_renewals(check), answer, figures, details)


def _renewal_lines(renewal: Renewal) -> list[str]:
    name = printable(renewal.lineage.name)
    problem = renewal.lineage.problem
    if problem is not None:
        lines = [f"{name}: {printable(problem.reason)} ({problem.code})"]
        return lines + ([f"  fix: {printable(problem.fix)}"] if problem.fix else [])
    return _finding_lines(name, renewal.findings)


def _verdict_counts(verdicts: Iterable[Verdict]) -> dict[str, str]:
    every = list(verdicts)
    return {
        verdict.value.replace("-", "_"): f"{every.count(verdict)};;;0;{len(every)}"
        for verdict in Verdict
    }


def _all_findings(challenges: Sequence[ChallengeOutcome]) -> list[Finding]:
    return [finding for challenge in challenges for finding in challenge.findings]


def _warnings(findings: Iterable[Finding]) -> int:
    return sum(finding.severity is Severity.WARNING for finding in findings)


def _first_warning(findings: Iterable[Finding]) -> str:
    some = [finding for finding in findings if finding.severity is not Severity.INFO]
    warning = min(some, key=lambda finding: label(finding) == "note")
    return f"{label(warning).capitalize()}: {printable(warning.summary)}"


def _finding_lines(name: str, findings: Iterable[Finding]) -> list[str]:
    lines: list[str] = []
    for finding in findings:
        if finding.severity is Severity.INFO:
            continue
        words = printable(finding.summary).rstrip().removesuffix(".")
        lines.append(f"{name}: {words} ({finding.code})")
        if finding.remedy and finding.severity is Severity.ERROR:
            before, after = map(printable, beside_records(finding))
            lines.append(f"  fix: {before}")
            lines += [f"  {printable(record)}" for record in finding.records[:_MOST_RECORDS]]
            lines += [f"  {after}"] * bool(after)
    return lines


def _challenge_lines(challenge: ChallengeOutcome) -> list[str]:
    """Write what is wrong with one name, and what to type to confirm it."""
    lines = _finding_lines(challenge.survey.challenge.domain, challenge.findings)
    error = next((f for f in challenge.findings if f.severity is Severity.ERROR), None)
    confirming = commands(error, challenge.survey) if error else ()
    return lines + [f"  check: {printable(command)}" for command in confirming]


def _output(state: State, words: str, figures: dict[str, str], details: Sequence[str]) -> str:
    for lead in _LEADS:
        words = words.removeprefix(lead)
    performance = " ".join(f"{label}={value}" for label, value in figures.items())
    lines = [f"{SERVICE} {state.name}: {_harmless(words)} | {performance}"]
    lines += map(_harmless, details[:_MOST_LINES])
    if len(details) > _MOST_LINES:
        lines.append(f"and {phrases.count(len(details) - _MOST_LINES, 'more line')}")
    return "\n".join(lines)


def _harmless(line: str) -> str:
    """Keep a line short and ASCII, and free of the sign that begins performance data."""
    ascii_only = line.encode("ascii", "backslashreplace").decode("ascii").replace("|", "/")
    return ascii_only if len(ascii_only) <= _LONGEST_LINE else ascii_only[:_LONGEST_LINE] + "..."
