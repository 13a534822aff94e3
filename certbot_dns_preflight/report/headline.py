"""The first line: the whole answer, fit for a mail's subject. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.escaping import printable
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.outcome import Verdict
from certbot_dns_preflight.facts.survey import Status
from certbot_dns_preflight.report.alike import Alike
from certbot_dns_preflight.report.grouping import pictures
from certbot_dns_preflight.report.sentences import without_final_dot
from certbot_dns_preflight.report.vantage import not_asked
from certbot_dns_preflight.report.words import listing, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome
    from certbot_dns_preflight.facts.survey import Hop
    from certbot_dns_preflight.report.grouping import Picture

_LEAD = {Verdict.NOT_READY: "Not ready", Verdict.INCONCLUSIVE: "Cannot tell"}
_MOST_NAMES = 2
_MOST_CODES = 5
_ANSWERED = frozenset(
    {Status.MATCH, Status.PARTIAL, Status.MISMATCH, Status.ABSENT, Status.ALIAS}
)  # with authority; where no value is expected, all of them will do


def headline(outcome: Outcome, *, others: str = "are listed below") -> str:
    """Word the verdict: what is ready and where, or what stands in the way.

    `others` says where the further problems are to be found; empty where they are only counted.
    """
    if outcome.verdict is Verdict.READY:
        return f"Ready: {_ready(outcome)}."
    lead = _LEAD[outcome.verdict]
    failed = [c for c in outcome.challenges if c.verdict is not Verdict.READY]
    if len(failed) > 1:
        names = f"{len(failed)} of {phrases.count(len(outcome.challenges), 'name')}"
        return f"{lead}: {names}{_causes(pictures(outcome), others)}."
    finding = first_error(outcome)
    if finding:
        further = sum(f.severity is Severity.ERROR for f in failed[0].findings) - 1
        if further > 0:
            return f"{lead}: {_and_more(without_final_dot(finding.summary), further, others)}."
        return f"{lead}: {printable(finding.summary)}"
    if outcome.verdict is Verdict.INCONCLUSIVE:
        return "Cannot tell: this host could not query anything."
    return _without_finding(outcome)


def _causes(groups: Sequence[Picture], others: str) -> str:
    """Name the first cause of several names' failure, and count the others."""
    errors = [
        [f for f in group.challenges[0].findings if f.severity is Severity.ERROR]
        for group in groups
    ]
    if not errors[0]:
        return f"; {phrases.count(len(groups), 'cause')}"
    first = without_final_dot(Alike(groups[0]).of(errors[0][0].summary))
    reasons = sum(max(1, len(some)) for some in errors)
    if len(groups) > 1:
        return f", for {reasons} different reasons. The first: {first}"
    return f"; {_and_more(first, reasons - 1, others) if reasons > 1 else first}"


def _and_more(first: str, further: int, others: str) -> str:
    """Count the causes that are not named, and say where they are."""
    more = phrases.count(further, "other problem")
    if not others:
        return f"{first}; {more}"
    return f"{first}. {more} {others if further > 1 else others.replace('are', 'is', 1)}"


def _without_finding(outcome: Outcome) -> str:
    good, asked, servers = _counts(outcome)
    if outcome.vantage.asks_resolvers:
        return "Not ready: not every resolver asked returns the record."
    if asked and good == asked:
        every = "every name server has" if servers > 1 else "the only name server has"
        return f"Not ready: {every} the record, but there was no time left to confirm it."
    return "Not ready: not every name server has the record."


def is_unvalued(outcome: Outcome) -> bool:
    """Whether all is ready, as far as that goes without a value to compare."""
    return outcome.verdict is Verdict.READY and not any(
        challenge.survey.challenge.expected for challenge in outcome.challenges
    )


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


def first_warning(outcome: Outcome) -> Finding | None:
    """Find the first warning, for what is ready all the same."""
    findings = (f for challenge in outcome.challenges for f in challenge.findings)
    return next((f for f in findings if f.severity is Severity.WARNING), None)


def further_reading(first: Finding, outcome: Outcome) -> str:
    """Name what explains the first error or warning, and the codes of the others."""
    codes = (
        printable(finding.code)
        for challenge in outcome.challenges
        for finding in challenge.findings
        if finding.severity is first.severity and finding.code != first.code
    )
    others = tuple(dict.fromkeys(codes))
    also = f" (also {listing(others, most=_MOST_CODES)})" if others else ""
    return f"More: dns-preflight explain {printable(first.code)}{also}"


def _ready(outcome: Outcome) -> str:
    challenges = outcome.challenges
    valued = [challenge for challenge in challenges if challenge.survey.challenge.expected]
    subject = _subject(valued or challenges)
    times = [c.survey.ready_after for c in valued if c.survey.ready_after is not None]
    counted = "," if len(valued) > _MOST_NAMES else ""  # "1 more name, after 11 s"
    after = f"{counted} after {seconds(max(times))}" if times else ""
    rest = len(challenges) - len(valued)
    others = (
        f"; {phrases.count(rest, 'more name')} without a value to compare"
        if valued and rest
        else ""
    )
    return f"{subject}{after}{_where(outcome)}{others}"


def _subject(challenges: Sequence[ChallengeOutcome]) -> str:
    names = tuple(challenge.survey.challenge.domain for challenge in challenges)
    if len(names) <= _MOST_NAMES:
        return " and ".join(names)
    more = phrases.count(len(names) - _MOST_NAMES, "more name")
    return f"{', '.join(names[:_MOST_NAMES])} and {more}"


def _where(outcome: Outcome) -> str:
    good, asked, servers = _counts(outcome)
    if not asked:
        return ""
    skipped, answered = len(not_asked(outcome)), _answering(outcome)
    agreeing = f", {good} with the record" if good < answered else ""
    if outcome.vantage.asks_resolvers:
        noun = phrases.count(asked, "resolver")
        return f" ({f'{answered} of {noun} answered' if answered < asked else noun}{agreeing})"
    addresses = phrases.count(asked + skipped, "address")
    if answered < asked:
        addresses = f"{answered} of {addresses} answered"
        addresses += f", {skipped} not checked" if skipped else ""
    elif skipped:
        addresses = f"{asked} of {addresses} checked"
    return f" ({phrases.count(servers, 'name server')}, {addresses}{agreeing})"


def _wanted(hop: Hop) -> Status:
    return Status.ALIAS if hop.followed else Status.MATCH


def _answering(outcome: Outcome) -> int:
    """Count the addresses that answered each question asked of them, whatever they have."""
    answering: dict[object, bool] = {}
    valued = [each for each in outcome.challenges if each.survey.challenge.expected]
    for challenge in valued or outcome.challenges:
        for observation in challenge.survey.observations:
            if observation.status is not Status.NOT_ASKED:
                fine = observation.status in _ANSWERED
                known = answering.get(observation.endpoint, True)
                answering[observation.endpoint] = known and fine
    return sum(answering.values())


def _counts(outcome: Outcome) -> tuple[int, int, int]:
    """Count addresses that agree, addresses asked, and their name servers, each once.

    A challenge without a value has nothing to agree on, and counts only where all are so. Name
    servers that share all their addresses are one: two names of it are not two servers.
    """
    agreeing: dict[object, bool] = {}
    servers: dict[object, set[object]] = {}
    valued = [each for each in outcome.challenges if each.survey.challenge.expected]
    for challenge in valued or outcome.challenges:
        for hop in challenge.survey.hops:
            for observation in hop.observations:
                state = observation.status
                if state is Status.NOT_ASKED:
                    continue
                fine = state in (_ANSWERED if not valued else {_wanted(hop)})
                agreeing[observation.endpoint] = agreeing.get(observation.endpoint, True) and fine
                servers.setdefault(observation.nameserver, set()).add(observation.endpoint)
    return sum(agreeing.values()), len(agreeing), len(set(map(frozenset, servers.values())))
