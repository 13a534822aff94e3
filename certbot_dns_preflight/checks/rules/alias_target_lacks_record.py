"""The alias leads to a name that lacks the value, on all servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import (
    evidence,
    missing_dots,
    observations,
    phrases,
    value_words,
)
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.answers import Alias
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.ALIAS_TARGET_LACKS_RECORD,
    severity=Severity.ERROR,
    meaning="The owner name is an alias, and its target does not have the value.",
    reference="RFC 1034 section 3.6.2",
    explanation=(
        "A CNAME or DNAME redirects the query to another name. All name servers of that name's "
        "zone answered, and none has the expected value there."
    ),
    refusal="The CA follows the alias and finds no TXT record at its target, or only other values.",
    confirm=(
        "dig +norec @ADDRESS OWNER CNAME",
        "dig +norec @ADDRESS TARGET TXT",
    ),
    remedies=(
        Remedy(
            "the record was created at the owner name, not at the target",
            "Make the plugin follow the alias (certbot: `--dns-preflight-alias follow`). A hook "
            "gets the target in DNS_PREFLIGHT_RECORD.",
        ),
        Remedy(
            "the credentials do not cover the target's zone",
            "Give the authenticator access to the zone of the target.",
        ),
        Remedy(
            "the alias is left over from another service",
            "If nothing else relies on the CNAME, remove it and create the TXT record at the owner "
            "name itself.",
        ),
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report that the alias's target lacks the value, or could not be asked for it."""
    if context.final is None:
        return
    if _is_unfollowed(context):
        yield RULE.finding(
            summary=f"{phrases.owner(context.target)} is "
            f"{phrases.distinct_answers(context.usable)}, and its target was not checked",
            cause="The run ended before the target could be queried.",
            remedy=f"Try again with a longer {phrases.option('timeout')}.",
            about=context.usable,
            evidence={"addresses": evidence.places(context.usable)},
        )
        return
    if not context.through_alias or not context.nobody_has_all or context.misplaced:
        return
    nearest = context.nearest
    if context.partly_served or (nearest and nearest.kind):
        return
    target, owner = phrases.owner(context.target), phrases.owner(survey.challenge.owner)
    above = survey.probes.missing_above
    dot = missing_dots.at(survey, context.target, "CNAME")
    if nearest:
        lacks = "only has other TXT values"
        why = value_words.wrong_because(nearest, context)
    else:
        lacks = "has no TXT record"
        why = f"{_each_answer(context)}."
    if dot:
        why = f"{why} {missing_dots.cause(dot)}."
    yield RULE.finding(
        summary=f"{owner} is an alias of {target}, which {lacks}",
        cause=f"The CA follows the alias, so {target} must have the record. {why}"
        + (
            f" {phrases.owner(above)} does not exist either.{_who_registers(above, context)}"
            if above and not dot
            else ""
        ),
        remedy=missing_dots.remedy(dot)
        if dot
        else f"Create the record at {target} in the zone "
        f"{phrases.owner(context.final.zone.apex)}, and make sure that the plugin or hook is "
        "allowed to write there, and that it writes there rather than at the alias"
        # Under a DNAME no other record can exist: only the target can hold it.
        + (
            ""
            if _by_dname(context)
            else f". Alternatively, if nothing else relies on that alias, replace the CNAME at "
            f"{owner} with a TXT record that has the expected value"
        ),
        records=[
            phrases.txt_record(context.target, value) for value in context.expected if not dot
        ],
        about=context.lacking,
        evidence={
            "target": context.target.to_text(),
            "alias_chain": [name.to_text() for name in survey.alias_chain],
            "expected": evidence.values(survey.challenge.expected),
            "missing_above": above.to_text() if above else None,
            **missing_dots.facts(dot),
            "addresses": evidence.places(
                context.lacking, expected=context.expected, comparer=context.comparer
            ),
            **evidence.compared(context.comparisons),
        },
    )


def _each_answer(context: Context) -> str:
    """Say what the target's name servers answer; which address says what, where they differ."""
    answers: dict[str, list[str]] = {}
    for o in context.lacking:
        answers.setdefault(phrases.answer(o.reading), []).append(o.endpoint.address)
    if len(answers) == 1:
        servers = len(observations.nameservers(context.lacking))
        who = f"Its name {phrases.verb(servers, 'server answers', 'servers answer')}"
        return f"{who} {next(iter(answers))}"
    each = [
        f"{phrases.listed(where)} {phrases.verb(len(where), 'answers', 'answer')} {what}"
        for what, where in answers.items()
    ]
    return f"Its servers do not agree: {phrases.listed(each)}"


def _who_registers(above: dns.name.Name, context: Context) -> str:
    """Warn of a name that others may register, unless it is in the domain's own zone."""
    zone = context.final.zone.apex if context.final else None
    if zone is None or zone == context.followed[0].zone.apex:
        return ""
    return (
        f" If {phrases.owner(zone)} is a registry, whoever registers {phrases.owner(above)} can "
        "get certificates for this domain."
    )


def _by_dname(context: Context) -> bool:
    return any(
        isinstance(o.reading, Alias) and o.reading.dname is not None
        for hop in context.followed[:1]
        for o in hop.observations
    )


def _is_unfollowed(context: Context) -> bool:
    """Whether all show one alias, and the walk ended before it could be followed."""
    targets = {o.reading.target for o in context.usable if isinstance(o.reading, Alias)}
    return (
        bool(context.lacking)
        and all(isinstance(observation.reading, Alias) for observation in context.usable)
        and len(targets) == 1
        and not context.conflicts
        and not context.caught_by_wildcard
    )
