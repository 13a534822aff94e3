"""A name server answers without the AA flag: a resolver, or a referral."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.checks.trouble_words import EXCUSABLE, named
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import NotAuthoritative, Referral
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.checks.trouble import Trouble
    from certbot_dns_preflight.checks.trouble_words import Named
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Observation, Survey


RULE = Rule(
    code=Code.NOT_AUTHORITATIVE,
    severity=Severity.ERROR,
    meaning="A name server answers without the AA flag.",
    reference="RFC 1034 section 6.2.1",
    explanation=(
        "The server does not hold the zone: it is a recursive resolver, or it refers elsewhere."
    ),
    refusal=("Resolvers ignore such an answer. A forwarding cache may also return old data."),
    confirm=(
        "dig +norec @ADDRESS OWNER TXT",
        "dig +norec @ADDRESS ZONE SOA",
    ),
    remedies=(
        Remedy(
            "a resolver or forwarder is listed as a name server",
            "Replace it with an authoritative server.",
        ),
        Remedy(
            "the zone is missing there and the server refers to the root",
            "Configure the zone, or remove the server.",
        ),
        Remedy(
            "a forgotten delegation inside the zone",
            "If only some servers refer to a child zone, update their copies of the zone.",
        ),
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
        summary=f"{it.who} {it.does('does', 'do')} not answer authoritatively for {it.zone}"
        f"{_what_it_is(trouble.at)}",
        cause=_cause(trouble.at, it.addresses),
        remedy=phrases.REGISTRY_REMEDY if it.registry else _remedy(trouble.at, it),
        about=trouble.at,
        evidence={"addresses": evidence.places(trouble.at)},
    )


def _remedy(at: tuple[Observation, ...], it: Named) -> str:
    """Say what to change; where a resolver answers, check first whether it is that server."""
    change = f"onfigure the zone on {it.hosts} as primary or secondary, or {it.take_out}."
    if not _what_it_is(at):
        return f"C{change}"
    them = it.hosts if it.servers == 1 else "them"
    return (
        f"Query {them} from another network first. If the answer is authoritative there, find "
        "what intercepts DNS on this host's network. If the answer is the same there, "
        f"c{change}"
    )


def _what_it_is(at: tuple[Observation, ...]) -> str:
    readings = [observation.reading for observation in at]
    if all(isinstance(r, NotAuthoritative) and r.recursive for r in readings):
        if len({observation.nameserver for observation in at}) == 1:
            return " (it answers as a recursive resolver)"
        return " (they answer as recursive resolvers)"
    return ""


def _cause(at: tuple[Observation, ...], addresses: str) -> str:
    sends = phrases.verb(len(at), "sends", "send")
    for observation in at:
        match observation.reading:
            case Referral(cut=cut):
                return (
                    f"{addresses} {sends} a referral to {phrases.owner(cut)} instead of an answer."
                )
            case NotAuthoritative(recursive=True):
                return (
                    f"{addresses} {phrases.verb(len(at), 'answers', 'answer')} as a recursive "
                    "resolver does (AA=0, RA=1). Usually the server does not hold the zone, or "
                    "something between this host and the server answers in its place."
                )
            case NotAuthoritative(upward=name) if name is not None:
                return (
                    f"{addresses} {phrases.verb(len(at), 'refers', 'refer')} upwards to "
                    f"{phrases.owner(name)}; the zone is not configured there."
                )
    lacks = phrases.verb(len(at), "answer from {0} lacks", "answers from {0} lack")
    return f"The {lacks.format(addresses)} the AA flag; the server does not hold the zone."
