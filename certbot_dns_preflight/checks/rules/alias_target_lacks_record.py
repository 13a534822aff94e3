"""The alias leads to a name that lacks the value, on all servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, phrases, value_words
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
    code=Code.ALIAS_TARGET_LACKS_RECORD,
    severity=Severity.ERROR,
    meaning="The owner name is an alias, and the name that it leads to lacks the value.",
    reference="RFC 1034 section 3.6.2",
    explanation=(
        "A CNAME or DNAME sends the question on to another name. All name servers of "
        "that name's zone answered, and none has the expected value there."
    ),
    refusal="The CA follows the alias and finds no TXT record, or only others, at its end.",
    confirm=(
        "dig +norec @ADDRESS OWNER CNAME",
        "dig +norec @ADDRESS TARGET TXT",
    ),
    remedies=(
        Remedy(
            "the record was written at the owner name, not at the target",
            "certbot's plugin follows aliases (--dns-preflight-alias follow); a hook finds the "
            "place in DNS_PREFLIGHT_RECORD.",
        ),
        Remedy(
            "the credentials do not cover the target's zone",
            "Give the authenticator access to the zone of the target.",
        ),
        Remedy(
            "the alias is left over from another service",
            "Remove the CNAME and write the TXT record at the owner name itself.",
        ),
    ),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell that the alias's target lacks the value, or could not be asked for it."""
    if context.final is None:
        return
    if _is_unfollowed(context):
        yield RULE.finding(
            summary=f"{phrases.owner(context.target)} is "
            f"{phrases.distinct_answers(context.usable)}, and what is there was not seen",
            cause="The run ended before the alias's target could be asked for.",
            remedy="Look again, with a longer timeout.",
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
    if nearest:
        lacks = "has other TXT values only"
        why = value_words.wrong_because(nearest, context)
    else:
        lacks = "has no TXT record"
        why = f"All its name servers answer {phrases.distinct_answers(context.lacking)}."
    yield RULE.finding(
        summary=f"{owner} is an alias of {target}, and that {lacks}",
        cause=f"The CA follows the alias, so {target} must have the record. {why}"
        + (
            f" Not even {phrases.owner(above)} exists: if it is a domain that is registered no "
            "more, whoever registers it could get certificates for this one."
            if above
            else ""
        ),
        remedy=f"Make the record at {target}, in the zone {phrases.owner(context.final.zone.apex)} "
        f"(see that the plugin may write there); or make it at {owner}, in place of the CNAME",
        about=context.lacking,
        evidence={
            "target": context.target.to_text(),
            "alias_chain": [name.to_text() for name in survey.alias_chain],
            "expected": evidence.values(survey.challenge.expected),
            "missing_above": above.to_text() if above else None,
            "addresses": evidence.places(context.lacking, expected=context.expected),
        },
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
