"""A name server answers REFUSED: it is not configured for the zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, phrases
from certbot_dns_preflight.checks.resolver_answers import ANOTHER_RESOLVER
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.checks.trouble_words import EXCUSABLE, named
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.trouble import Trouble
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.NAMESERVER_REFUSES,
    severity=Severity.ERROR,
    meaning="A name server answers REFUSED: it is not configured for the zone (lame).",
    reference="RFC 9499 section 7",
    explanation=(
        "The server is listed for the zone but does not serve it, or does not serve it to this "
        "host. With `--ask resolvers`: a resolver named refuses to answer this host."
    ),
    refusal="Resolvers try the other name servers. If none answers, the CA gets SERVFAIL.",
    confirm=(
        "dig +norec @ADDRESS ZONE SOA",
        "dig +norec @ADDRESS OWNER TXT",
    ),
    remedies=(
        Remedy(
            "the zone was never set up there, or was removed",
            "Add the zone, or remove the server from the NS records.",
        ),
        Remedy(
            "an access list or view blocks this host",
            "Allow queries from everywhere (`allow-query { any; };`).",
        ),
        Remedy(
            "the provider suspended the account",
            "Ask the provider.",
        ),
        ANOTHER_RESOLVER,
    ),
    note=EXCUSABLE,
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report it once for all addresses that do it, at each severity."""
    for trouble in context.troubles_with(RULE.code):
        yield _finding(trouble, survey)


def _finding(trouble: Trouble, survey: Survey) -> Finding:
    it = named(trouble.at, survey)
    return RULE.finding(
        severity=trouble.severity,
        summary=f"{it.who} {it.does('refuses', 'refuse')} queries for {it.zone} (REFUSED)",
        cause=f"{it.addresses} {'answers' if len(trouble.at) == 1 else 'answer'} REFUSED. "
        "Usually the zone is not configured there (lame delegation), or an access list blocks this "
        "host.",
        remedy="The registry's servers refuse; nothing to fix on your side. Try again later."
        if it.registry
        else f"Query {it.hosts if it.servers == 1 else 'them'} from another network first: an "
        "access list may be blocking only this host. If "
        f"{phrases.verb(it.servers, 'it answers', 'they answer')} there, allow this host's address "
        f"in {phrases.verb(it.servers, 'its access list', 'their access lists')}. If "
        f"{phrases.verb(it.servers, 'it refuses', 'they refuse')} there too, configure the zone "
        f"on {it.hosts}, or {it.take_out}.",
        about=trouble.at,
        evidence={"addresses": evidence.places(trouble.at)},
    )
