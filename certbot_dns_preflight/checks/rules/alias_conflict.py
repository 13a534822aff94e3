"""A CNAME stands together with other data at the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Alias
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.ALIAS_CONFLICT,
    severity=Severity.ERROR,
    meaning="A CNAME stands together with other data at the same name.",
    reference="RFC 1034 section 3.6.2",
    explanation=("A name that has a CNAME must have no other data. This name server gives both."),
    refusal=(
        "Most resolvers follow the CNAME and never see the TXT record; which one they "
        "take is chance."
    ),
    confirm=(
        "dig +norec @ADDRESS OWNER CNAME",
        "dig +norec @ADDRESS OWNER TXT",
    ),
    remedies=(
        Remedy(
            "a TXT record was added beside a delegation by CNAME",
            "Remove the CNAME, or write the TXT record at its target.",
        ),
        Remedy(
            "the server does not check its zones",
            "Check them: `named-checkzone ZONE FILE`, `kzonecheck FILE`, "
            "`nsd-checkzone ZONE FILE`, `pdnsutil check-zone ZONE`.",
        ),
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell of a CNAME together with other data."""
    at = context.conflicts
    if not at:
        return
    beside = [text for o in at if isinstance(o.reading, Alias) for text in o.reading.texts]
    served = set(beside).intersection(survey.challenge.expected)
    yield RULE.finding(
        summary=f"{phrases.owner(survey.challenge.owner)} has {phrases.distinct_answers(at)} and a "
        "TXT record beside it",
        cause="A name that is an alias must hold nothing else: resolvers follow the CNAME and "
        "may never see the TXT" + (", though the expected value is there." if served else "."),
        remedy="Keep one of the two: the TXT record alone, if that is where records are made; or "
        "the CNAME, with the TXT record at its target.",
        about=at,
        evidence={
            "beside": evidence.values(dict.fromkeys(beside)),
            "addresses": evidence.places(at),
        },
    )
