"""TXT data is there, none of it expected and none a known mangling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases, value_words
from certbot_dns_preflight.checks.resolver_answers import KEPT_MISS
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


_MOST_NAMED = 2  # name servers: of more than that, all of them are counted

RULE = Rule(
    code=Code.WRONG_VALUE,
    severity=Severity.ERROR,
    meaning="There are TXT records, but none has the expected value.",
    reference="RFC 8555 section 8.4",
    explanation=(
        "The owner name has TXT data that is not the expected value, and no common mistake "
        "explains the difference. Where the closest value resembles the expected one, the report "
        "marks the first difference. With `--ask resolvers` it may be an earlier value out of the "
        "resolver's cache (evidence: `kept_seconds`)."
    ),
    refusal=("The CA compares the value byte by byte and reports an incorrect TXT record."),
    confirm=("dig +norec +short @ADDRESS OWNER TXT",),
    remedies=(
        Remedy(
            "it is left over from an earlier attempt",
            "Every attempt has a new value. Remove the old record and create the new one.",
        ),
        Remedy(
            "the values of two names, or of two orders, were swapped",
            "Compare with the other names' expected values.",
        ),
        Remedy(
            "another client uses the same name",
            "Find out what else requests certificates for this domain (for example, a hosting "
            "panel, a CDN, or a second server).",
        ),
        KEPT_MISS,
    ),
)


def check(_survey: Survey, context: Context) -> Iterator[Finding]:
    """Report TXT data, none of it expected and none a known mangling."""
    nearest = context.nearest
    if not context.nobody_has_all or context.misplaced or context.through_alias:
        return
    if nearest is None or nearest.kind is not None or context.partly_served:
        return
    wildcard = context.only_from_wildcard
    showing = tuple(o for o in context.lacking if observations.texts(o))
    servers = len(observations.nameservers(showing))
    one = len(context.served) == 1
    if servers > _MOST_NAMED and len(showing) == len(context.usable):
        who = value_words.everyone(context, servers)
    else:
        who = phrases.listed(phrases.subjects(showing, context.usable))
    yield RULE.finding(
        summary=f"{who} {phrases.verb(servers, 'serves', 'serve')} "
        + (
            f"the expected value with {value_words.around(nearest)}"
            if one and nearest.contains and not wildcard
            else f"{'a TXT value' if one else f'{len(context.served)} TXT values'} at "
            f"{phrases.owner(context.target)}, but not the expected one"
        ),
        cause=value_words.wrong_because(nearest, context)
        + _and_silent(len(context.lacking) - len(showing)),
        remedy=_write_beside_wildcard(context.target)
        if wildcard
        else "Replace the wrong value with the expected one; leave other values alone. Then "
        "correct whatever wrote it, or it will happen again."
        if nearest.contains
        else "Check the log of whatever should have created the record (certbot DNS plugin or hook "
        "script). Add the expected value. Remove only values that you know are stale: others may "
        "still be in use.",
        records=[
            phrases.txt_record(context.target, value)
            for value in context.expected
            if value not in context.served
        ],
        about=showing,
        evidence={
            "from_wildcard": wildcard,
            "not_compared": context.not_compared,
            **evidence.comparison(nearest),
            **evidence.served(context),
        },
    )


def _write_beside_wildcard(target: dns.name.Name) -> str:
    return (
        f"Check why the record at {phrases.owner(target)} was not created. The wildcard may stay "
        "(an exact name overrides the wildcard)."
    )


def _and_silent(addresses: int) -> str:
    if not addresses:
        return ""
    has = phrases.verb(addresses, "has", "have")
    return f" {phrases.count(addresses, 'address')} {has} no TXT record there."
