"""The domain itself has neither A nor AAAA records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks.rule import Remedy, Rule, Subject
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import NoSuchDomain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.DOMAIN_WITHOUT_ADDRESS,
    severity=Severity.INFO,
    meaning="The domain itself has no A or AAAA record.",
    reference="RFC 1034 section 3.6",
    explanation="The CA can issue the certificate, but no client can connect to the name.",
    refusal="It does not: DNS-01 does not need an address.",
    confirm=(
        "dig DOMAIN A",
        "dig DOMAIN AAAA",
    ),
    remedies=(
        Remedy(
            "the name is misspelt, or not in use yet",
            "Make sure that this is the name you want in the certificate.",
        ),
    ),
    subject=Subject.ENVIRONMENT,
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report that nobody can connect to the domain that the certificate is for."""
    challenge = survey.challenge
    if isinstance(survey.obstacle, NoSuchDomain) or not context.environment.addressless:
        return
    # A wildcard alone is not a name that anybody connects to.
    if challenge.domain in challenge.names:
        yield RULE.finding(
            summary=f"{challenge.domain} has no A or AAAA record. DNS-01 does not need one, but "
            "check that the name is spelled correctly",
            cause="The certificate can be issued, but no client can connect to this name",
            remedy="Nothing to do for the certificate. Add an address record before you use the "
            "name",
            evidence={"domain": challenge.domain},
        )
