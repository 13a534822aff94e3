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
        why="The zone name was appended to a name that already included it",
        remedy='Enter the name relative to the zone, or with a final dot: "{right}."',
        advice="Enter the name relative to the zone (`_acme-challenge`), or with a final dot.",
    ),
    "missing-label": Misplacement(
        why="The record was created without the _acme-challenge label",
        remedy="Create the record at {right}, and remove it from {where}",
        advice="Put `_acme-challenge.` before the domain.",
    ),
    "parent-label": Misplacement(
        why="The record was created one level too high, at the parent domain",
        remedy="Create the record at {right}, and remove it from {where}",
        advice="Use the complete name: `_acme-challenge.` plus all of DOMAIN.",
    ),
    "beside-alias": Misplacement(
        why="The label _acme-challenge was added in front of the alias's target",
        remedy="Create the record at {right} itself (the target of the alias), and remove it from "
        "{where}",
        advice="Write the record at the alias's target, or remove the alias.",
    ),
}
_AT_ANOTHER_NAME = Misplacement(
    why="The record was created at the wrong name", remedy="Create the record at {right}"
)

RULE = Rule(
    code=Code.MISPLACED_RECORD,
    severity=Severity.ERROR,
    meaning="The expected value is served, but at another name; `kind` says which.",
    reference="RFC 8555 section 8.4",
    explanation=(
        "The owner name does not have the value, but one of the usual wrong places does. Kinds: "
        "doubled-zone (the panel appended the zone to a complete name), missing-label (without "
        "_acme-challenge), parent-label (one level too high), beside-alias (next to an alias, "
        "not at its target)."
    ),
    refusal="The CA queries the owner name only.",
    confirm=(
        "dig +norec @ADDRESS OWNER TXT",
        "dig +norec @ADDRESS NAME TXT",
    ),
    remedies=tuple(Remedy(kind, misplaced.advice) for kind, misplaced in MISPLACEMENTS.items()),
)


def check(survey: Survey, context: Context) -> Iterator[Finding]:
    """Report an expected value that is served at another name."""
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
        cause=f"{kind.why}: {where} has the expected value, {right} does not.",
        remedy=kind.remedy.format(where=where, right=right),
        records=[phrases.txt_record(target, s.value) for s in sightings[:1]],
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
