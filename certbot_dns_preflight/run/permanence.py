"""Find errors that waiting cannot fix, whether the record appears or a server recovers.

For these, the precheck stops an order before a record is made, and a wait ends early. Judges
findings and sends no queries. Excludes what the maker of the records may fix in the process: a
target that its zone does not have yet, or a separate zone that nobody serves so far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Alias
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import AliasToRoot, NoSuchDomain
from certbot_dns_preflight.facts.survey import is_lame

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome
    from certbot_dns_preflight.facts.survey import Survey

# A server that is down may recover during the wait; these errors stay. And where nothing can be
# queried, the wait could see nothing either.
_BEYOND_WAITING = frozenset(
    {
        Code.CAA_FORBIDS,
        Code.DNSSEC_BOGUS,
        Code.NO_SUCH_DOMAIN,
        Code.NAMESERVER_WITHOUT_ADDRESS,
        Code.NO_DNS_EGRESS,
        Code.DNS_INTERCEPTED,
        Code.ALIAS_LOOP,
        Code.LIMIT_REACHED,
    }
)
_LAME = frozenset({Code.NAMESERVER_REFUSES, Code.NOT_AUTHORITATIVE})


def has_permanent_errors(outcome: Outcome, *, skip: frozenset[str]) -> tuple[ChallengeOutcome, ...]:
    """Return the challenges with an error that waiting cannot fix."""
    return tuple(judged for judged in outcome.challenges if permanent_errors(judged, skip=skip))


def permanent_errors(judged: ChallengeOutcome, *, skip: frozenset[str]) -> tuple[Finding, ...]:
    """Return the errors of a challenge that waiting cannot fix."""
    return tuple(
        finding
        for finding in judged.findings
        if finding.severity is Severity.ERROR
        and finding.code not in skip
        and _stays(finding, judged.survey)
    )


def _stays(finding: Finding, survey: Survey) -> bool:
    """Return whether it will persist once the record exists; missing answers may still come.

    A limit that one zone reached is due to that zone; the run's own limits start anew in the wait.
    """
    if finding.evidence.get("unanswered") is True or finding.evidence.get("scope") == "run":
        return False
    if finding.code in _LAME:
        return any(is_lame(hop) and not hop.recursive for hop in survey.hops)
    if finding.code is Code.ALIAS_DANGLING:
        return _is_nobodys(survey)
    if finding.code is Code.ALIAS_CONFLICT:
        return _are_two_aliases(survey)
    return finding.code in _BEYOND_WAITING


def _is_nobodys(survey: Survey) -> bool:
    """Return whether an alias leads where nothing can be written: an unregistered domain, the root.

    If names on the way lie in the very zone that denies it, whoever writes there may write the
    target as well.
    """
    if isinstance(survey.obstacle, AliasToRoot):
        return True
    return isinstance(survey.obstacle, NoSuchDomain) and all(
        hop.zone.apex != survey.obstacle.zone for hop in survey.hops
    )


def _are_two_aliases(survey: Survey) -> bool:
    """Return whether a name is an alias of several. Other data beside an alias may be removed."""
    return any(isinstance(o.reading, Alias) and o.reading.others for o in survey.observations)
