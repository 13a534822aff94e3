"""The first line: the whole answer, fit for a mail's subject. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report.words import plural, seconds

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.outcome import Outcome

_LEAD = {Verdict.NOT_READY: "Not ready", Verdict.INCONCLUSIVE: "Inconclusive"}


def headline(outcome: Outcome) -> str:
    """Word the answer: what is ready and where, or what stands in the way."""
    if outcome.verdict is Verdict.READY:
        return f"dns-preflight: {_ready(outcome)}"
    finding = first_error(outcome)
    if finding:
        return f"{_LEAD[outcome.verdict]}: {printable(finding.summary)}"
    if outcome.verdict is Verdict.INCONCLUSIVE:
        return "Inconclusive: nothing could be asked from here."
    good, asked, servers = _counts(outcome)
    if asked and good == asked:
        return (
            f"Not ready: {plural(servers, 'name server')} {'show' if servers > 1 else 'shows'} the "
            "record, but too late to look again and confirm it."
        )
    return "Not ready: not every name server shows the record."


def first_error(outcome: Outcome) -> Finding | None:
    """Find the error that explains the verdict: the first of the first challenge with it."""
    found = (
        finding
        for challenge in outcome.challenges
        if challenge.verdict is outcome.verdict
        for finding in challenge.findings
        if finding.severity is Severity.ERROR
    )
    return next(found, None)


def _ready(outcome: Outcome) -> str:
    challenges = outcome.challenges
    valued = [challenge for challenge in challenges if challenge.survey.challenge.expected]
    name = challenges[0].survey.challenge.domain if len(challenges) == 1 else ""
    subject = name or plural(len(valued or challenges), "name")
    if not valued:
        return f"{subject} in order; no value was asked for{_answering(outcome)}"
    times = [c.survey.ready_after for c in valued if c.survey.ready_after is not None]
    after = f" after {seconds(max(times))}" if times else ""
    rest = len(challenges) - len(valued)
    others = f"; {rest} in order, no value was asked for" if rest else ""
    return f"{subject} ready{after}{_everywhere(outcome)}{others}"


def _everywhere(outcome: Outcome) -> str:
    good, asked, servers = _counts(outcome)
    if not asked:
        return ""
    which = f"{good} of {plural(asked, 'address')}" if good < asked else _all(asked)
    return f", on {which} of {plural(servers, 'name server')}"


def _answering(outcome: Outcome) -> str:
    _, asked, servers = _counts(outcome)
    if not asked:
        return ""
    return f" ({plural(asked, 'address')} of {plural(servers, 'name server')} asked)"


def _all(count: int) -> str:
    return "its 1 address" if count == 1 else f"all {count} addresses"


def _counts(outcome: Outcome) -> tuple[int, int, int]:
    """Count addresses that agree, addresses asked, and their name servers, each once.

    A challenge without a value has nothing to agree on, and counts only where all are so.
    """
    agreeing: dict[object, bool] = {}
    servers = set()
    valued = [each for each in outcome.challenges if each.survey.challenge.expected]
    for challenge in valued or outcome.challenges:
        for hop in challenge.survey.hops:
            for observation in hop.observations:
                state = observation.status
                if state is Status.NOT_ASKED:
                    continue
                fine = state is (Status.ALIAS if hop.followed else Status.MATCH)
                agreeing[observation.endpoint] = agreeing.get(observation.endpoint, True) and fine
                servers.add(observation.nameserver)
    return sum(agreeing.values()), len(agreeing), len(servers)
