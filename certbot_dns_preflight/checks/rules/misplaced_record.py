"""An expected value is served at another name; each kind is a row of `MISPLACEMENTS`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import evidence, phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


@dataclass(frozen=True, slots=True)
class Misplacement:
    """A usual wrong name: why the record is there, what to do, and what `explain` advises.

    In braces: `where` the record is, and the `right` name.
    """

    why: str
    remedy: str
    advice: str = ""


MISPLACEMENTS = {
    "doubled-zone": Misplacement(
        why="The zone was appended to a name that already had it",
        remedy='Enter the name relative to the zone, or "{right}" with its final dot.',
        advice="Enter the name relative to the zone (`_acme-challenge`), or with a final dot.",
    ),
    "missing-label": Misplacement(
        why="The record was made without the label _acme-challenge",
        remedy="Make it at {right} and remove it from {where}",
        advice="Put `_acme-challenge.` before the domain.",
    ),
    "parent-label": Misplacement(
        why="The record was made one level too high, for the parent domain",
        remedy="Make it at {right} and remove it from {where}",
        advice="Use the complete name: `_acme-challenge.` plus all of DOMAIN.",
    ),
    "beside-alias": Misplacement(
        why="The label _acme-challenge was put once more before the alias's target",
        remedy="Make it at {right} itself, where the alias leads; remove it from {where}",
        advice="Write the record at the alias's target, or remove the alias.",
    ),
}
_AT_ANOTHER_NAME = Misplacement(why="It was made at the wrong name", remedy="Make it at {right}")

RULE = Rule(
    code=Code.MISPLACED_RECORD,
    severity=Severity.ERROR,
    meaning="The expected value is served, but at another name; `kind` says which.",
    reference="RFC 8555 section 8.4",
    explanation=(
        "The owner name lacks the value, and a question at the usual wrong places found it. Kinds: "
        "doubled-zone (the panel appended the zone to a complete name), missing-label (without "
        "_acme-challenge), parent-label (one level too high), beside-alias (next to an alias and "
        "not at its target)."
    ),
    refusal="The CA asks for the owner name alone.",
    confirm=(
        "dig +norec @ADDRESS OWNER TXT",
        "dig +norec @ADDRESS OWNER.ZONE TXT",
        "dig +norec @ADDRESS DOMAIN TXT",
    ),
    remedies=tuple(Remedy(kind, misplaced.advice) for kind, misplaced in MISPLACEMENTS.items()),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Tell that an expected value is served at another name."""
    if not context.misplaced or context.holding or context.unsteady:
        return
    sightings = [s for s in survey.probes.sightings if s.value in context.misplaced]
    first = sightings[0]
    # A wildcard's alias is in the way only until the record is at the name itself.
    caught = survey.probes.wildcard_alias is not None
    target = survey.challenge.owner if caught else context.target
    where, right = phrases.owner(first.name), phrases.owner(target)
    kind = MISPLACEMENTS.get(first.kind, _AT_ANOTHER_NAME)
    yield RULE.finding(
        summary=f"the record is at {where} instead of {right}",
        cause=f"{kind.why}: {where} has the expected value, {right} has not.",
        remedy=kind.remedy.format(where=where, right=right),
        evidence={
            "kind": first.kind,
            "name": first.name.to_text(),
            "sightings": [
                {
                    "name": s.name.to_text(),
                    "kind": s.kind,
                    "value": evidence.values([s.value])[0],
                }
                for s in sightings
            ],
        },
    )
