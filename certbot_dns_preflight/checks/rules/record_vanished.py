"""An address had the record in an earlier round of this run and has lost it since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, observations, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.RECORD_VANISHED,
    severity=Severity.ERROR,
    meaning="An address had the record earlier in this run and has it no longer.",
    reference="RFC 8555 section 8.4",
    explanation="The values were there in an earlier round and are gone now.",
    refusal="By the time the CA looks, the record is gone.",
    confirm=("dig +norec @ADDRESS OWNER TXT", "dig +norec @ADDRESS ZONE SOA"),
    remedies=(
        Remedy(
            "a clean-up came too early",
            "The record must stay until the CA has validated. Find out what removes it (a "
            "background hook, a parallel run, an expiry at the provider).",
        ),
        Remedy(
            "the zone was regenerated",
            "Configuration management or a zone file export overwrote a dynamic update. Exempt "
            "`_acme-challenge`, or delegate it to a zone of its own.",
        ),
    ),
)


def check(_survey: Survey, context: Context) -> Iterator[Finding]:
    """Report an address that had the values in an earlier round and lacks them now."""
    at = tuple(o for o in context.unsteady if not observations.is_unstable(o, context.expected))
    if not at or not context.expected:
        return
    subjects = phrases.subjects(at, context.usable)
    names = len(subjects)
    yield RULE.finding(
        summary=f"{phrases.listed(subjects)} had the record earlier in this run, but no longer "
        f"{phrases.verb(names, 'returns', 'return')} it",
        cause=f"{phrases.verb(names, 'It now answers', 'They now answer')} "
        f"{phrases.distinct_answers(at)}. {_cause(context)}",
        remedy="Find out what removed it: a clean-up that ran too early, a second client, or "
        "configuration management that regenerates the zone.",
        about=at,
        evidence={"addresses": evidence.places(at)},
    )


def _cause(context: Context) -> str:
    if context.holding:
        others = phrases.subjects(context.holding, context.usable)
        return (
            f"{phrases.listed(others)} {phrases.verb(len(others), 'has', 'have')} it still: "
            "an older copy of the zone came back there, or the record "
            "was removed meanwhile and the others follow."
        )
    return "The record was removed, or the zone overwritten, while we were waiting."
