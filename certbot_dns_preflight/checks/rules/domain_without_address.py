"""The domain itself has neither A nor AAAA records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks.rule import Remedy, Rule, Subject
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.survey import NoSuchDomain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.DOMAIN_WITHOUT_ADDRESS,
    severity=Severity.INFO,
    meaning="The domain itself has no address.",
    reference="RFC 1034 section 3.6",
    explanation=("The certificate would issue, but no client could connect to the name as it is."),
    refusal="It does not: DNS-01 needs no address.",
    confirm=(
        "dig DOMAIN A",
        "dig DOMAIN AAAA",
    ),
    remedies=(
        Remedy(
            "a misspelt or not yet used name",
            "See that the certificate is for the name that is meant.",
        ),
    ),
    subject=Subject.ENVIRONMENT,
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell that nobody could connect to the domain that the certificate is for."""
    challenge = survey.challenge
    if isinstance(survey.obstacle, NoSuchDomain) or not context.environment.addressless:
        return
    # A wildcard alone is not a name that anybody connects to.
    if challenge.domain in challenge.names:
        yield RULE.finding(
            summary=f"{challenge.domain} itself has no address",
            cause=f"Its name servers have neither A nor AAAA records for {challenge.domain}",
            remedy="Nothing for the certificate; for its use, give the name an address",
            evidence={"domain": challenge.domain},
        )
