"""A CNAME stands together with other data at the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Alias
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Observation, Survey


RULE = Rule(
    code=Code.ALIAS_CONFLICT,
    severity=Severity.ERROR,
    meaning="A CNAME and other records exist at the same name.",
    reference="RFC 1034 section 3.6.2",
    explanation=(
        "A name with a CNAME must not have other records, nor a second CNAME. This name server "
        "returns both."
    ),
    refusal=(
        "Most resolvers follow the CNAME and never see the TXT record. Which of the two a "
        "resolver uses is a matter of luck."
    ),
    confirm=(
        "dig +norec @ADDRESS OWNER CNAME",
        "dig +norec @ADDRESS OWNER TXT",
    ),
    remedies=(
        Remedy(
            "a TXT record was added where a CNAME already existed",
            "Remove the CNAME, or write the TXT record at its target.",
        ),
        Remedy(
            "the server does not check its zones",
            "Check them: `named-checkzone ZONE FILE`, `kzonecheck FILE`, `nsd-checkzone ZONE "
            "FILE`, `pdnsutil check-zone ZONE`.",
        ),
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report a CNAME together with other data."""
    at = context.conflicts
    if not at:
        return
    beside = [text for o in at if isinstance(o.reading, Alias) for text in o.reading.texts]
    served = set(beside).intersection(survey.challenge.expected)
    others = list(
        dict.fromkeys(name for o in at if isinstance(o.reading, Alias) for name in o.reading.others)
    )
    if others and not beside:
        yield _several(survey, at, others)
        return
    yield RULE.finding(
        summary=f"{phrases.owner(survey.challenge.owner)} has both {_aliases(at)} and a TXT record",
        cause="A name with a CNAME must not have other records. Resolvers follow the CNAME and may "
        "never see the TXT record" + (", although it has the expected value." if served else "."),
        remedy="Keep only one: either the TXT record, or the CNAME with the TXT record at its "
        "target.",
        about=at,
        evidence={
            "beside": evidence.values(dict.fromkeys(beside)),
            "other_targets": [name.to_text() for name in others],
            "addresses": evidence.places(at),
        },
    )


def _several(
    survey: Survey, at: tuple[Observation, ...], others: Sequence[dns.name.Name]
) -> Finding:
    count = len(others)
    dname = any(isinstance(o.reading, Alias) and o.reading.dname is not None for o in at)
    return RULE.finding(
        summary=f"{phrases.owner(survey.challenge.owner)} has {_aliases(at)} and "
        f"{phrases.verb(count, 'another one', f'{count} more')} to "
        f"{phrases.listed(map(phrases.owner, others))}",
        cause="A name can be an alias of one name only: resolvers follow whichever they read "
        "first, or fail.",
        remedy=f"Keep one of the {'DNAMEs' if dname else 'CNAMEs'}: the one whose target gets the "
        "TXT record.",
        about=at,
        evidence={
            "beside": [],
            "other_targets": [name.to_text() for name in others],
            "addresses": evidence.places(at),
        },
    )


def _aliases(at: tuple[Observation, ...]) -> str:
    return phrases.listed(phrases.alias(o.reading) for o in at if isinstance(o.reading, Alias))
