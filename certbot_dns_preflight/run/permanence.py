"""Which errors no waiting mends: neither the record's coming nor a server that comes back.

The look beforehand stops an order for them before a record is made, and the wait ends early. Judges
what was found, and asks nobody. What whoever makes the records may mend by that is not among them:
a target that its zone does not have yet, or a zone of its own that nobody serves so far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Alias
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import NoSuchDomain
from certbot_dns_preflight.facts.survey import is_lame

if TYPE_CHECKING:
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.outcome import ChallengeOutcome, Outcome
    from certbot_dns_preflight.facts.survey import Survey

# A server that is down may come back while the record is waited for; these stay as they are. And
# where nothing can be asked, the wait could see nothing either.
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
    """Give the challenges with an error that waiting cannot mend."""
    return tuple(judged for judged in outcome.challenges if permanent_errors(judged, skip=skip))


def permanent_errors(judged: ChallengeOutcome, *, skip: frozenset[str]) -> tuple[Finding, ...]:
    """Give the errors of a challenge that waiting cannot mend."""
    return tuple(
        finding
        for finding in judged.findings
        if finding.severity is Severity.ERROR
        and finding.code not in skip
        and _stays(finding, judged.survey)
    )


def _stays(finding: Finding, survey: Survey) -> bool:
    """Whether it will be so still when the record is there; what was not answered may be soon.

    A limit that a zone of its own met is that zone's making; the wait has the run's own ones anew.
    """
    if finding.evidence.get("unanswered") is True or finding.evidence.get("scope") == "run":
        return False
    if finding.code in _LAME:
        return any(is_lame(hop) for hop in survey.hops)
    if finding.code is Code.ALIAS_DANGLING:
        return _is_nobodys(survey)
    if finding.code is Code.ALIAS_CONFLICT:
        return _are_two_aliases(survey)
    return finding.code in _BEYOND_WAITING


def _is_nobodys(survey: Survey) -> bool:
    """Whether an alias leads where nothing can be written: into a domain that is not registered.

    Where the zone that denies it is one that the names on the way lie in themselves, whoever writes
    there may write the target as well.
    """
    return isinstance(survey.obstacle, NoSuchDomain) and all(
        hop.zone.apex != survey.obstacle.zone for hop in survey.hops
    )


def _are_two_aliases(survey: Survey) -> bool:
    """Whether one name is an alias of several. Other data beside an alias may be taken away."""
    return any(isinstance(o.reading, Alias) and o.reading.others for o in survey.observations)
