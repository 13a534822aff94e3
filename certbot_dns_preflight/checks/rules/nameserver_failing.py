"""A name server answers SERVFAIL, FORMERR, NOTIMP or the like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, incomplete, phrases
from certbot_dns_preflight.checks.resolver_answers import ANOTHER_RESOLVER
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.checks.trouble_words import EXCUSABLE, named
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Failing
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.trouble import Trouble
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Observation, Survey


_NOT_UNDERSTOOD = frozenset({"FORMERR", "NOTIMP"})

RULE = Rule(
    code=Code.NAMESERVER_FAILING,
    severity=Severity.ERROR,
    meaning="A name server answers SERVFAIL, FORMERR, NOTIMP or the like.",
    reference="RFC 1035 section 4.1.1",
    explanation=(
        "The server is configured for the zone but cannot answer for it. With `--ask resolvers`: a "
        "resolver named fails. What it says of the reason (an extended DNS error, RFC 8914) is "
        "quoted; such a host cannot tell which name server is at fault."
    ),
    refusal="Resolvers try the other name servers. If none answers, the CA gets SERVFAIL.",
    confirm=(
        "dig +norec @ADDRESS ZONE SOA",
        "dig +norec +noedns @ADDRESS ZONE SOA",
    ),
    remedies=(
        Remedy(
            "a zone file error",
            "Check and reload: `named-checkzone ZONE FILE`, `nsd-checkzone ZONE FILE`, `kzonecheck "
            "FILE`.",
        ),
        Remedy(
            "the secondary's copy has expired",
            "Fix the transfer from the primary, and check its log.",
        ),
        Remedy(
            "the database behind it is down (PowerDNS)",
            "Check its log and the backend.",
        ),
        ANOTHER_RESOLVER,
    ),
    note=EXCUSABLE,
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report it once for all addresses that do it, at each severity."""
    for trouble in context.troubles_with(RULE.code):
        yield _finding(trouble, survey)
    yield from incomplete.registry_fails(survey, RULE, heard=True)
    yield from incomplete.parent_fails(survey, RULE, context.troubles, heard=True)


def _finding(trouble: Trouble, survey: Survey) -> Finding:
    it = named(trouble.at, survey)
    return RULE.finding(
        severity=trouble.severity,
        summary=f"{it.who} {it.does('answers', 'answer')} "
        f"{phrases.distinct_answers(trouble.at)} for {it.zone}",
        cause=f"{it.addresses} {phrases.verb(len(trouble.at), 'answers', 'answer')} "
        f"{phrases.distinct_answers(trouble.at)}{_why(trouble.at)}.",
        remedy=phrases.REGISTRY_REMEDY if it.registry else _remedy(trouble.at, it.hosts),
        about=trouble.at,
        evidence={"addresses": evidence.places(trouble.at)},
    )


def _rcodes(at: tuple[Observation, ...]) -> set[str]:
    return {o.reading.rcode for o in at if isinstance(o.reading, Failing)}


def _remedy(at: tuple[Observation, ...], hosts: str) -> str:
    if _rcodes(at) <= _NOT_UNDERSTOOD:
        return (
            f"Update the DNS software on {hosts}, or whatever stands in front of it (such as a "
            "load balancer or firewall): it rejects an ordinary query."
        )
    return f"Check the log on {hosts}. Reload the zone, or fix the transfer from the primary."


def _why(at: tuple[Observation, ...]) -> str:
    codes = _rcodes(at)
    if codes == {"YXDOMAIN"}:
        return ": a DNAME above the name maps it to a name that is too long (RFC 6672)"
    if codes <= _NOT_UNDERSTOOD:
        return ": the server did not understand the query"
    return ". Usually the zone is not loaded there or has expired, or the server's backend is down"
