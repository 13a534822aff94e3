"""Seen everywhere, but not for as many rounds in a row as are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certbot_dns_preflight.checks import phrases
from certbot_dns_preflight.checks.rule import Remedy, Rule, Subject
from certbot_dns_preflight.codes import Code
from certbot_dns_preflight.facts.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certbot_dns_preflight.checks.context import Context
    from certbot_dns_preflight.facts.finding import Finding
    from certbot_dns_preflight.facts.survey import Survey


RULE = Rule(
    code=Code.UNCONFIRMED,
    severity=Severity.ERROR,
    subject=Subject.RUN,
    meaning=(
        "The record is seen everywhere, but the confirming rounds did not fit into the timeout."
    ),
    reference="RFC 8555 section 8.4",
    explanation=(
        "Readiness takes several complete rounds in a row that agree (`confirmations`). The "
        "record came so late that there was no time left for them."
    ),
    refusal=(
        "It may well accept; a single look may have met the record by chance, or moments before it "
        "was replaced."
    ),
    confirm=("dig +norec @ADDRESS OWNER TXT",),
    remedies=(
        Remedy("the record took almost as long as the timeout", "Raise the timeout."),
        Remedy(
            "the name servers answer slowly",
            "Raise the timeout, or ask for fewer confirmations.",
        ),
    ),
)


def tell(survey: Survey, confirmations: int) -> Finding:
    """Tell that all looks well, but not for as many rounds in a row as are asked for."""
    what = "shows the record" if survey.challenge.expected else "answers as it must"
    rounds = f"{confirmations} complete {phrases.verb(confirmations, 'round', 'rounds')} in a row"
    return RULE.finding(
        summary=f"every name server {what}, but the time ran out before {rounds} had confirmed it",
        cause=f"{phrases.verb(survey.rounds, '1 round was', f'{survey.rounds} rounds were')} "
        "begun, and the latest answers came too late for more.",
        remedy="Look again; if it takes that long every time, raise the timeout.",
        evidence={"rounds": survey.rounds, "confirmations": confirmations},
    )


def check(_survey: Survey, _context: Context) -> Iterator[Finding]:
    """Find nothing: the answers do not show it, the run does."""
    return iter(())
