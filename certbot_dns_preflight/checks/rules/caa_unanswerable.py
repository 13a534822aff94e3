"""A CAA question fails at the name or an ancestor, at every server of a zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.caa.relevant_set import Unanswered, relevant
from certbot_dns_preflight.checks import evidence, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule, Subject
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.escaping import show_name
from certbot_dns_preflight.facts.caa import Failed
from certbot_dns_preflight.facts.finding import Severity
from certbot_dns_preflight.facts.obstacle import RegistryFails
from certbot_dns_preflight.facts.registry import is_top_level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.caa import CaaAnswer, Climb
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.CAA_UNANSWERABLE,
    severity=Severity.ERROR,
    meaning="A CAA query fails at the name or one of its ancestors.",
    reference="RFC 8659 section 3",
    explanation=(
        "Every name server must answer a CAA question, if only negatively. One gives SERVFAIL, no "
        "answer, or a broken one; or nothing came within 20 seconds."
    ),
    refusal="If the CA cannot read CAA, it must not issue.",
    confirm=(
        "dig +norec @ADDRESS DOMAIN CAA",
        "dig +trace DOMAIN CAA",
    ),
    remedies=(
        Remedy(
            "old server software answers unknown types with an error",
            "Update it, or move the zone.",
        ),
        Remedy(
            "a firewall drops unknown record types",
            "Let them pass.",
        ),
        Remedy(
            "DNSSEC denial for the type is broken",
            "Run `dns-preflight explain dnssec-bogus`.",
        ),
        Remedy(
            "a resolver that was asked fails (`--resolver`)",
            "Specify one that is recursive and answers this host.",
        ),
        Remedy(
            "the registry's servers fail (a top-level domain)",
            "Nothing to fix on your side; try again later.",
        ),
    ),
    subject=Subject.ENVIRONMENT,
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report a failure that hides closer sets, unless its servers' trouble is reported already."""
    climb = context.environment.climb
    if climb is None or context.request is None:
        return
    reported = [hop.zone.apex for hop in survey.hops] if context.survey_failed else []
    if isinstance(survey.obstacle, RegistryFails):
        reported.append(survey.obstacle.zone)
    for found in relevant(climb):
        if isinstance(found, Unanswered) and (
            _otherwise_fine(found) or not _is_reported(found.answers[0], reported)
        ):
            yield _finding(climb, found)


def _is_reported(answer: CaaAnswer, zones: Sequence[dns.name.Name]) -> bool:
    """Whether the zones in trouble are reported already; if nobody was asked, the name's own."""
    if answer.nameserver is not None:
        return answer.zone in zones
    return any(answer.owner.is_subdomain(zone) for zone in zones)


def _otherwise_fine(found: Unanswered) -> bool:
    return any(isinstance(a.content, Failed) and a.content.otherwise_fine for a in found.answers)


def _finding(climb: Climb, found: Unanswered) -> Finding:
    first = found.answers[0]
    failures = [a.content.detail for a in found.answers if isinstance(a.content, Failed)]
    servers = [a.nameserver for a in found.answers if a.nameserver is not None]
    fine = _otherwise_fine(found)
    where = phrases.owner(found.name)
    if first.owner != found.name:
        where += f" (an alias for {phrases.owner(first.owner)})"
    zone, number = phrases.owner(first.zone), len(set(servers))
    who = phrases.bounded(failures[0])
    if servers:
        fail = phrases.verb(number, "fails", "fail")
        others = any(isinstance(a.content, Failed) and a.content.others for a in found.answers)
        of = f"in the delegation of {zone}" if others else f"of {zone}"
        who = f"{phrases.everyone(number)} {of} {fail} to answer CAA queries"
    cause = details = phrases.listed(dict.fromkeys(map(phrases.bounded, failures)))
    if servers:
        cause += f" from {phrases.listed(phrases.host(name) for name in servers)}"
    endless = any(isinstance(a.content, Failed) and a.content.endless for a in found.answers)
    resolvers = [a.endpoint for a in found.answers if a.endpoint and a.nameserver is None]
    if resolvers:
        asked = phrases.listed(map(phrases.resolver, resolvers))
        number = len(resolvers)
        who = (
            f"the {phrases.verb(number, 'resolver', 'resolvers')} {asked} "
            f"{phrases.verb(number, 'gives', 'give')} no usable answer ({details})"
        )
        cause += f" from {asked}"
    registry = is_top_level(first.zone) and not resolvers
    if registry:
        who = f"the registry's servers for {zone} fail"
    if fine:
        cause += "; the same servers answer other queries"
    return RULE.finding(
        summary=f"CAA at {where} cannot be read: {who}",
        cause=f"{cause}. A CA that cannot read CAA must not issue.",
        remedy=f"Remove the CNAME at {phrases.owner(first.owner)}, or point it to a name that has "
        "none"
        if endless
        else phrases.REGISTRY_REMEDY
        if registry
        else f"Make sure that {asked} {phrases.verb(number, 'is', 'are')} recursive (not a name "
        f"server of some zones) and {phrases.verb(number, 'answers', 'answer')} CAA queries from "
        f"this host, or use {phrases.option('resolver')} to specify another resolver"
        if resolvers
        else "Make sure these servers answer CAA queries, with the records or with an empty "
        "answer. "
        "Usually, old software or a firewall does not know CAA."
        if fine
        else f"Check the log of the name servers of {zone}. They must answer CAA queries, with an "
        "empty answer where there is no record",
        nameserver=servers[0] if len(set(servers)) == 1 else None,
        evidence={
            "domain": show_name(climb.domain),
            "name": show_name(found.name),
            "owner": show_name(first.owner),
            "zone": show_name(first.zone),
            "answers_other_questions": fine,
            "answers": [
                {**evidence.caa_place(a), "failure": a.content.detail}
                for a in found.answers
                if isinstance(a.content, Failed)
            ],
        },
    )
