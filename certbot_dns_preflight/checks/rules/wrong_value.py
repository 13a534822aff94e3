"""TXT data is there, none of it expected and none a known mangling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases, value_words
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.WRONG_VALUE,
    severity=Severity.ERROR,
    meaning="TXT records are there, but none has the expected value.",
    reference="RFC 8555 section 8.4",
    explanation=(
        "The owner name has TXT data, and no known mangling turns the expected value into it. "
        "The report sets the nearest one beside the expected one and marks the first "
        "difference."
    ),
    refusal=(
        "The CA compares byte by byte with the value of this authorization; it reports an "
        "incorrect TXT record."
    ),
    confirm=("dig +norec +short @ADDRESS OWNER TXT",),
    remedies=(
        Remedy(
            "it is left over from an earlier attempt",
            "Every attempt has a new value. Remove the old record and write the new one.",
        ),
        Remedy(
            "the values of two names, or of two orders, were swapped",
            "Compare with the other names' expected values.",
        ),
        Remedy(
            "another client answers for the same name",
            "Find out what else requests certificates for this domain (a hosting panel, "
            "a CDN, a second server).",
        ),
    ),
)


def check(_survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell that TXT data is there, none of it expected and none a known mangling."""
    nearest = context.nearest
    if not context.nobody_has_all or context.misplaced or context.through_alias:
        return
    if nearest is None or nearest.kind is not None or context.partly_served:
        return
    wildcard = context.only_from_wildcard
    showing = tuple(o for o in context.lacking if observations.texts(o))
    servers = len(observations.nameservers(showing))
    yield RULE.finding(
        summary=f"{phrases.listed(phrases.subjects(showing, context.usable))} "
        f"{phrases.verb(servers, 'shows', 'show')} "
        f"{phrases.count(len(context.served), 'TXT value')} at {phrases.owner(context.target)}, "
        "but not the expected one",
        cause=value_words.wrong_because(nearest, context)
        + _and_silent(len(context.lacking) - len(showing)),
        remedy=_write_beside_wildcard(context.target)
        if wildcard
        else "Write the expected value of this attempt and remove the old one; see which "
        "program wrote it.",
        about=showing,
        evidence={
            "from_wildcard": wildcard,
            **evidence.comparison(nearest),
            **evidence.served(context),
        },
    )


def _write_beside_wildcard(target: dns.name.Name) -> str:
    return (
        f"See why the record at {phrases.owner(target)} was not written; the wildcard's may stay, "
        "the record itself takes the name out of it."
    )


def _and_silent(addresses: int) -> str:
    if not addresses:
        return ""
    has = phrases.verb(addresses, "has", "have")
    return f" {phrases.count(addresses, 'address')} {has} no TXT there at all."
